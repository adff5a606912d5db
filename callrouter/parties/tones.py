"""Every party has a tone of its own, by which it is recognised. Pure.

No two are near one another, none is a harmonic of another: all lie within one octave, 1710 to 3390 Hz, 20 Hz apart.
Multiples of 10 Hz do not disturb one another in the 100 ms windows we measure in.
"""

from __future__ import annotations

LOWEST, SPACING, COUNT = 1710, 20, 85
_STRIDE = 37
"""Neighbours in the order of arrival get tones far apart; 37 and 85 have no common factor, so all are used."""


class Tones:
    """Lends tones out and takes them back."""

    def __init__(self) -> None:
        self._free = [LOWEST + SPACING * (number * _STRIDE % COUNT) for number in range(COUNT)]
        self._lent: set[int] = set()

    def lend(self) -> int:
        if not self._free:
            raise RuntimeError(f"all {COUNT} tones are in use; let some parties leave first")
        hz = self._free.pop(0)
        self._lent.add(hz)
        return hz

    def give_back(self, hz: int) -> None:
        self._lent.remove(hz)
        self._free.append(hz)

    @property
    def lent(self) -> tuple[int, ...]:
        """The tones that are in use now: whoever is not meant to be heard is among them."""
        return tuple(sorted(self._lent))
