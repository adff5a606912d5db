"""Keeps trainees from calls while none of their mentors is at work. Every worker looks; the store lets the first do it.

    a mentor comes or goes ──▶ each of their trainees: barred or not any more, if the mentors are still as seen

Rule: `barred` is a field of the trainee that reservation checks, so the choice costs nothing for anybody else.
"""

from __future__ import annotations

import asyncio

from callrouter.acd.floor import Agent, Floor
from callrouter.acd.mentors import barred, barred_entry, mentors_of
from callrouter.engine.ports import Check, Commit, Line
from callrouter.errors import StoreDown
from callrouter.journal import FloorChange

RETRY_S = 0.5


class Mentors:
    def __init__(self, line: Line, floor: Floor) -> None:
        self._line = line
        self._floor = floor
        self._trainees: set[str] = set()
        """Agents who have mentors, or had them."""
        self._due = False
        self._tasks: set[asyncio.Task[None]] = set()

    def on_change(self, change: FloorChange) -> None:
        """Agents named in a floor change may be trainees or mentors."""
        for thing, fields in change.items():
            kind, _, name = thing.partition(":")
            if kind == "agent" and fields is not None and (fields.get("mentors") or fields.get("barred")):
                self._trainees.add(name)
        if self._trainees and any(thing.startswith("agent:") for thing in change):
            self._due = True
            if not self._tasks:
                task = asyncio.create_task(self._put_right(), name="mentors")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _put_right(self) -> None:
        while self._due:
            self._due = False
            for name in sorted(self._trainees):
                commit = self._wanted(name)
                try:
                    if commit is not None:
                        await self._line.commit(commit)
                except StoreDown:
                    self._due = True
                    await asyncio.sleep(RETRY_S)

    def _wanted(self, name: str) -> Commit | None:
        """What has to be written; a refusal means that the news is on its way to us, and brings the next look."""
        trainee = self._floor.agents.get(name)
        if trainee is None:
            return None
        mentors = mentors_of(trainee, self._floor.agents)
        why = barred(trainee, mentors)
        return None if why == trainee.barred else _bar(trainee, why, mentors)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _bar(trainee: Agent, why: str, mentors: list[Agent]) -> Commit:
    thing = f"agent:{trainee.id}"
    seen = [(f"agent:{each.id}", field, value) for each in mentors for field, value in _standing(each)]
    return Commit(
        (barred_entry(trainee.id, why),),
        {thing: {"barred": why}},
        (Check(thing, "barred", trainee.barred), *(Check(*each) for each in seen)),
    )


def _standing(mentor: Agent) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("presence", mentor.presence), ("activity", mentor.activity)
