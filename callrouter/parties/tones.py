"""Every party has a tone of its own, by which it is recognised. Pure.

No two are near one another, none meets a harmonic of another: 85 lie within one octave, 1710 to 3390 Hz, 20 Hz apart;
42 more, for a crowd, are lower multiples of 20 Hz, whose harmonics fall between those 85. Multiples of 10 Hz do not
disturb one another in the 100 ms windows we measure in.
"""

from __future__ import annotations

_STRIDE = 37
"""Neighbours in the order of arrival get tones far apart; it has no factor in common with 85 or 42, so all are used."""


def _spread(tones: range) -> list[int]:
    return [tones[number * _STRIDE % len(tones)] for number in range(len(tones))]


ALL = (*_spread(range(1710, 3400, 20)), *_spread(range(860, 1700, 20)))
COUNT = len(ALL)


class Tones:
    """Lends tones out and takes them back."""

    def __init__(self) -> None:
        self._free = list(ALL)
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
