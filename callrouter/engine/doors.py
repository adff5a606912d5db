"""Tells those in line whom a rule of their queue sends away (acd/doorkeeper.py), and joining callers who takes them.

Everyone looks, the owner acts: each worker tells its own calls, a few at a time, so that a line of hundreds that is
sent away keeps nobody else waiting. Time alone changes something at full minutes (hours) and when a grace is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import tzinfo

from callrouter.acd.doorkeeper import Doorkeeper, Holidays
from callrouter.acd.doors import Why
from callrouter.acd.floor import Floor
from callrouter.calls.events import LineClosed
from callrouter.config import Queue
from callrouter.engine.ports import Clock
from callrouter.journal import FloorChange
from callrouter.telephony import CallId

AT_ONCE = 20
NEXT_S = 0.05
"""So many calls are told, then the others in the house have so long for theirs."""
AGAIN_MS = 3_000
"""A call that still stands there was being adopted, or its word was lost: it is told again."""


class Doors:
    """`tell(call, event)` says False for a call that is not ours; `is_current`: the replica of the floor is. After a
    start of this worker a grace begins anew."""

    def __init__(
        self,
        floor: Floor,
        clock: Clock,
        queues: Mapping[str, Queue],
        tell: Callable[[CallId, LineClosed], bool],
        *,
        zone: tzinfo,
        holidays: Callable[[int], Holidays],
        is_current: Callable[[], bool],
    ) -> None:
        self._clock, self._tell, self._is_current = clock, tell, is_current
        self._keeper = Doorkeeper(floor, queues, zone, holidays)
        self._told: dict[str, int] = {}
        self._look_due = False
        self._alarm: asyncio.TimerHandle | None = None

    def refusing(self) -> Mapping[str, str]:
        """Queues whose line nobody may join now, and why."""
        return self._keeper.refusing(self._clock.now_ms())

    def on_change(self, change: FloorChange) -> None:
        if not self._keeper.has_rules:
            return
        for thing, fields in change.items():
            if self._told and (fields is None or "offer" in fields):
                self._told.pop(thing.removeprefix("waiting:"), None)
        self._keeper.look(self._clock.now_ms())
        self._look_soon()

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    def _look_soon(self) -> None:
        if not self._look_due:
            self._look_due = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._look_due = False
        if not self._is_current():
            return
        now_ms, room = self._clock.now_ms(), AT_ONCE
        due: list[int] = []
        for queue, why in self._keeper.must_go(now_ms):
            room -= self._tell_line(queue, why, now_ms, room)
            due.append(now_ms + (AGAIN_MS if room else int(NEXT_S * 1000)))
        later = self._keeper.next_moment(now_ms)
        self._look_again_at(min([*due, *(() if later is None else (later,))], default=0), now_ms)

    def _tell_line(self, queue: str, why: Why, now_ms: int, room: int) -> int:
        """How many were told."""
        told = 0
        for position, call in self._keeper.leaving(queue):
            if told >= room:
                break
            if now_ms - self._told.get(call, 0) < AGAIN_MS:
                continue
            if self._tell(CallId(call), LineClosed(queue, why.value, position)):
                self._told[call] = now_ms
                told += 1
        return told

    def _look_again_at(self, moment_ms: int, now_ms: int) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if moment_ms:
            wait_s = max(0.001, (moment_ms - now_ms) / 1000)
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self._look_soon)
