"""Keeps every waiting call's expected wait at hand, and in the journal the first of each of our own calls.

Rule: looking costs at most a fiftieth of the time, however long the line; between two looks the last one holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import numpy as np
import structlog

from callrouter.acd.expected import Expected, Scene, expected, scene, work
from callrouter.acd.experience import Experience
from callrouter.acd.floor import Floor
from callrouter.acd.foresight import Foresight
from callrouter.config import Queue
from callrouter.engine.ports import Check, Clock, Commit, Line, Owner
from callrouter.errors import StoreDown
from callrouter.journal import Entry, Word
from callrouter.telephony import CallId

log = structlog.get_logger()

EVERY_S = 1.0
SHARE = 50
"""After a look that took a second nobody looks for this many."""
ASIDE = 100_000
"""More work than this is done in another thread: a caller's next prompt must not wait for it."""
SEED = 1
"""The same line has the same outlook in every worker."""
LEAVES_LINE = frozenset(
    {Word.CONNECT, Word.ABANDON, Word.ENDED, Word.EXITWITHTIMEOUT, Word.EXITWITHKEY, Word.EXITEMPTY}
)


class Expectations:
    """Hears every entry of the journal, in order."""

    def __init__(self, line: Line, owner: Owner, floor: Floor, clock: Clock, queues: Mapping[str, Queue]) -> None:
        self.foresight = Foresight()
        self._line, self._owner, self._floor, self._clock, self._queues = line, owner, floor, clock, queues
        self._experience = Experience()
        self._now: Mapping[str, Expected] = {}
        self._limits = {name: rules.long_wait_s * 1000 for name, rules in queues.items() if rules.long_wait_s}
        self._noted: set[str] = set()
        """Calls whose first outlook is in the journal."""

    def hear(self, entry: Entry) -> None:
        self._experience.hear(entry)
        self.foresight.hear(entry)
        if entry.word is Word.EXPECTED:
            self._noted.add(entry.call)
        elif entry.word in LEAVES_LINE:
            self._noted.discard(entry.call)

    def of(self, call: CallId) -> Expected | None:
        """What this call may be told: its place, and the time unless that has proved wrong in its queue."""
        found, waiting = self._now.get(call), self._floor.waiting.get(call)
        if found is None or waiting is None:
            return None
        rules = self._queues.get(waiting.queue)
        if rules is None or not self.foresight.is_right(waiting.queue, rules.announce.most_error):
            return Expected(found.position)
        return found

    def long_waits(self) -> frozenset[str]:
        """Queues in which somebody who came now would probably wait longer than a tree may want for them."""
        return frozenset(queue for queue, most_ms in self._limits.items() if self._would_wait(queue) > most_ms)

    def _would_wait(self, queue: str) -> int:
        found = self._now.get(f"?{queue}")
        right = self.foresight.is_right(queue, self._queues[queue].announce.most_error)
        return found.p50_ms if found is not None and found.p50_ms is not None and right else 0

    async def run(self) -> None:
        """For as long as the worker lives."""
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self.look()
            except StoreDown as down:
                log.warning("expected_wait_not_noted", why=str(down))
            except Exception:
                log.exception("expected_wait_crashed")
            await asyncio.sleep(max(EVERY_S, SHARE * (clock() - began)))

    async def look(self) -> None:
        """The whole line once."""
        if not self._floor.waiting:
            self._now = {}
            return
        seen = scene(self._floor, self._clock.now_ms(), self._experience.of, self._limits)
        self._now = await asyncio.to_thread(_expected, seen) if work(seen) > ASIDE else _expected(seen)
        await self._note(self._now.items())

    async def _note(self, found: Iterable[tuple[str, Expected]]) -> None:
        """Each by itself, checked: whoever has left the line meanwhile must not come back onto the floor."""
        for call, one in list(found):
            waiting = self._floor.waiting.get(call)
            if waiting is None or waiting.owner != self._owner or call in self._noted:
                continue
            if one.p50_ms is None or one.p90_ms is None:
                continue
            self._noted.add(call)
            now_ms, thing = self._clock.now_ms(), f"waiting:{call}"
            data = {"position": str(one.position), "p50_ms": str(one.p50_ms), "p90_ms": str(one.p90_ms)}
            await self._line.commit(
                Commit(
                    (Entry(Word.EXPECTED, call=call, queue=waiting.queue, data=data),),
                    {thing: {"expected": str(now_ms + one.p50_ms), "at_latest": str(now_ms + one.p90_ms)}},
                    (Check(thing, "owner", waiting.owner), Check(thing, "queue", waiting.queue)),
                )
            )


def _expected(seen: Scene) -> Mapping[str, Expected]:
    return expected(seen, np.random.default_rng(SEED))
