"""Watches canaries: the journal is folded as it grows, and one that does worse than its bound is rolled back, once."""

from __future__ import annotations

import structlog

from callrouter.engine.ports import Check, Commit, Line, Refused
from callrouter.engine.trees import KIND, Trees
from callrouter.journal import Entry, FloorChange, Word
from callrouter.publishing.canary import Tallies, verdict
from callrouter.publishing.lineup import Lineup, to_fields

log = structlog.get_logger()

BY = "callrouter"


def publication(tree: str, lineup: Lineup, what: str, by: str, why: str = "") -> tuple[Entry, FloorChange]:
    """The journal's word about a change of a line-up, and what it changes on the floor."""
    data = {"tree": tree, "what": what, "live": lineup.live, "canary": lineup.canary, "by": by}
    data |= {"share": f"{lineup.share:g}"} if lineup.canary else {}
    data |= {"why": why} if why else {}
    return Entry(Word.PUBLISHED, data=data), {KIND + tree: to_fields(lineup, by)}


class Canaries:
    """Every worker folds what it hears anyway; the store lets the first of them roll back."""

    def __init__(self, line: Line, trees: Trees) -> None:
        self._line = line
        self._trees = trees
        self._tallies = Tallies()

    def hear(self, entry: Entry) -> None:
        self._tallies.add((entry,))

    async def judge(self) -> None:
        """A chore of the monitor."""
        for name, lineup in self._trees.lineups().items():
            why = verdict(self._tallies, name, lineup)
            if why:
                await self._roll_back(name, lineup, why)

    async def _roll_back(self, name: str, lineup: Lineup, why: str) -> None:
        entry, floor = publication(name, lineup.rolled_back(), "rolled back", BY, why)
        checks = (Check(KIND + name, "canary", lineup.canary),)
        if not isinstance(await self._line.commit(Commit((entry,), floor, checks)), Refused):
            log.error("canary_rolled_back", tree=name, version=lineup.canary, why=why)
