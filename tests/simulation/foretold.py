"""Expected waits told while a day is played, and what came: ours, and beside it what app_queue would have told.

Every tenth caller has all the patience of the world, and only these are counted: of those who give up nobody knows how
long they would have waited, and leaving them out would flatter every method.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from callrouter.acd.expected import expected, scene
from callrouter.acd.experience import Experience
from callrouter.acd.floor import Floor
from callrouter.acd.foresight import Outcome
from callrouter.journal import Entry, Word
from callrouter.simulation.day import Caller, Day
from callrouter.simulation.play import play

TESTED = "79990000000"


@dataclass
class Foretold:
    ours: list[Outcome] = field(default_factory=list)
    theirs: list[Outcome] = field(default_factory=list)
    """By app_queue's average of the past; it tells no p90, so that stands for the same."""
    milliseconds: list[float] = field(default_factory=list)
    """CPU time of each."""
    longest_line: int = 0


def foretold(day: Day, chance: np.random.Generator) -> Foretold:
    """Of callers who find nobody free, once enough is known."""
    watch = _Watch(day.from_ms, chance)
    play(replace(day, callers=_some_stay(day.callers)), watch)
    return watch.found


def _some_stay(callers: object) -> Iterator[Caller]:
    assert isinstance(callers, Iterator)
    for number, caller in enumerate(callers):
        yield replace(caller, patience_ms=None, number=TESTED) if number % 10 == 0 else caller


class _Watch:
    """Reads the journal of the day as it is written."""

    def __init__(self, from_ms: int, chance: np.random.Generator) -> None:
        self.found = Foretold()
        self._from_ms, self._chance = from_ms, chance
        self._floor, self._experience = Floor(), Experience()
        self._told: dict[str, tuple[int, int, int, int]] = {}
        self._average_ms: dict[str, float] = {}

    def __call__(self, entry: Entry) -> None:
        self._floor.apply(entry.floor, entry.id)
        self._experience.hear(entry)
        if entry.word is Word.ENTERQUEUE and entry.at_ms >= self._from_ms and entry.data["caller"] == TESTED:
            self._tell(entry)
        elif entry.word is Word.CONNECT:
            self._connected(entry)

    def _tell(self, entry: Entry) -> None:
        if any(agent.is_free for agent in self._floor.agents.values()):
            return
        began = time.process_time()
        found = expected(scene(self._floor, entry.at_ms, self._experience.of), self._chance)[entry.call]
        self.found.milliseconds.append((time.process_time() - began) * 1000)
        self.found.longest_line = max(self.found.longest_line, len(self._floor.waiting))
        if found.p50_ms is not None and found.p90_ms is not None:
            average = round(self._average_ms.get(entry.queue, 0))
            self._told[entry.call] = (entry.at_ms, found.p50_ms, found.p90_ms, average)

    def _connected(self, entry: Entry) -> None:
        waited = int(entry.data["waited_ms"])
        before = self._average_ms.get(entry.queue, 0)
        self._average_ms[entry.queue] = (3 * before + waited) / 4  # app_queue.c, recalc_holdtime()
        if told := self._told.pop(entry.call, None):
            at_ms, p50, p90, average = told
            self.found.ours.append(Outcome(p50, p90, entry.at_ms - at_ms))
            self.found.theirs.append(Outcome(average, average, entry.at_ms - at_ms))
