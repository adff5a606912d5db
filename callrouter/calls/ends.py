"""Every call that came ends, and once: folded from the journal as it is written.

Rule: only what was followed without a gap can be told; after a gap it begins anew.
"""

from __future__ import annotations

from collections.abc import Collection

from callrouter.acd.invariants import Breach, Invariant
from callrouter.journal import Entry, Word

REMEMBERED = 10_000
"""So many ended calls are known, should one end again."""


class Ends:
    def __init__(self) -> None:
        self._open: dict[str, None] = {}
        self._over: dict[str, None] = {}

    def begin_anew(self) -> None:
        """Entries were missed: who has come or ended meanwhile is not known."""
        self._open.clear()

    def hear(self, entry: Entry) -> Breach | None:
        if entry.word is Word.ARRIVED:
            self._open[entry.call] = None
        elif entry.word is Word.ENDED:
            self._open.pop(entry.call, None)
            if entry.call in self._over:
                return Breach(Invariant.ENDS_ONCE, entry.call, "", "has ended before")
            self._over[entry.call] = None
            if len(self._over) > REMEMBERED:
                del self._over[next(iter(self._over))]
        return None

    @property
    def open(self) -> frozenset[str]:
        """The calls that have come and not ended."""
        return frozenset(self._open)

    def lost(self, before: Collection[str], alive: Collection[str]) -> list[Breach]:
        """Of the calls open `before` the store was asked who is `alive`, those that are not, and have not ended though
        everything written until then has been heard."""
        gone = [call for call in before if call in self._open and call not in alive]
        return [Breach(Invariant.ENDS_ONCE, call, "", "is gone without an end") for call in sorted(gone)]
