"""Does a canary do worse than the live version? Three rates per version, folded from the journal.

    invalid      of the calls, in how many a wrong key was pressed
    left         of the calls, in how many the caller hung up in the tree
    fallback     of the calls, how many ended in the fallback or crashed

A rate of the canary that is more than the bound (percentage points) above that of the live version, with at least
ENOUGH calls of both that have ended, rolls it back. With so few calls a difference of 10 points can be chance; the
caller who is spared a bad tree is worth more than the canary that has to try again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from callrouter.journal import Entry, Word
from callrouter.publishing.lineup import Lineup

ENOUGH = 20


@dataclass
class Tally:
    """What has become of the calls of one version."""

    ended: int = 0
    invalid: int = 0
    left: int = 0
    fallback: int = 0

    def rates(self) -> Mapping[str, float]:
        """Percent of the ended calls."""
        counts = {"invalid": self.invalid, "left": self.left, "fallback": self.fallback}
        return {name: 100 * count / max(self.ended, 1) for name, count in counts.items()}


@dataclass
class Tallies:
    """Folded entry by entry; a call counts when it has ended, under the version it began on."""

    of: dict[tuple[str, str], Tally] = field(default_factory=dict)
    """(tree, version) → its tally"""
    _calls: dict[str, tuple[str, str]] = field(default_factory=dict)
    _wrong: set[str] = field(default_factory=set)

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            match entry.word:
                case Word.ARRIVED:
                    self._calls[entry.call] = (entry.data.get("tree", ""), entry.data.get("version", ""))
                case Word.NODE if entry.data.get("by") == "invalid":
                    self._wrong.add(entry.call)
                case Word.ENDED if entry.call in self._calls:
                    self._count(entry)

    def _count(self, entry: Entry) -> None:
        tally = self.of.setdefault(self._calls.pop(entry.call), Tally())
        how = entry.data.get("how", "")
        tally.ended += 1
        tally.invalid += entry.call in self._wrong
        tally.left += how == "left_tree"
        tally.fallback += how in ("fallback", "crashed")
        self._wrong.discard(entry.call)


def verdict(tallies: Tallies, tree: str, lineup: Lineup) -> str:
    """Why the canary of this tree must go; empty if it may stay."""
    before, now = tallies.of.get((tree, lineup.live), Tally()), tallies.of.get((tree, lineup.canary), Tally())
    if not lineup.canary or min(before.ended, now.ended) < ENOUGH:
        return ""
    old, new = before.rates(), now.rates()
    for name in old:
        if new[name] > old[name] + lineup.bound:
            return (
                f"{name}: {new[name]:.0f} % of {now.ended} calls against {old[name]:.0f} % of {before.ended}, "
                f"and {lineup.bound:g} points are allowed"
            )
    return ""
