"""Watches the doors of the queues: what a joining caller is told, and who of those in line must go.

Everyone looks, the owner acts: each worker tells its own calls, a few at a time, so that a line of hundreds that is
sent away keeps nobody else waiting. Time alone changes something at full minutes (hours) and when a grace is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, tzinfo

from callrouter.acd.doors import Times, Why, has_rules, is_left_alone, refuses, sends_away, times
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
MINUTE_MS = 60_000


class Doors:
    """`tell(call, event)` says False for a call that is not ours; `is_current`: the replica of the floor is."""

    def __init__(
        self,
        floor: Floor,
        clock: Clock,
        queues: Mapping[str, Queue],
        tell: Callable[[CallId, LineClosed], bool],
        *,
        zone: tzinfo,
        holidays: Callable[[int], Mapping[str, Collection[date]]],
        is_current: Callable[[], bool],
    ) -> None:
        self._floor, self._clock, self._tell = floor, clock, tell
        self._zone, self._holidays, self._is_current = zone, holidays, is_current
        self._ruled = {name: rules for name, rules in queues.items() if has_rules(rules)}
        self._switches = sorted({rules.switch for rules in queues.values() if rules.switch})
        self._alone: dict[str, int] = {}
        """Queue → since when it has been left alone. After a start of this worker a grace begins anew."""
        self._told: dict[str, int] = {}
        self._minute = -1
        self._times: dict[str, Times] = {}
        self._look_due = False
        self._alarm: asyncio.TimerHandle | None = None

    def refusing(self) -> Mapping[str, str]:
        """Queues whose line nobody may join now, and why."""
        if not self._ruled:
            return {}
        now_ms, on = self._clock.now_ms(), self._on()
        found: dict[str, str] = {}
        for queue, rules in self._ruled.items():
            at, attendance = self._at(queue, now_ms), self._floor.attendance
            why = refuses(rules, attendance.staff(queue), len(attendance.line(queue)), on, at)
            why = why or self._sends_away(queue, rules, on, now_ms)
            if why is not None:
                found[queue] = why.value
        return found

    def on_change(self, change: FloorChange) -> None:
        if not self._ruled:
            return
        for thing, fields in change.items():
            if self._told and (fields is None or "offer" in fields):
                self._told.pop(thing.removeprefix("waiting:"), None)
        self._note_left_alone()
        self._look_soon()

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    def _note_left_alone(self) -> None:
        for queue, rules in self._ruled.items():
            if not is_left_alone(self._floor.attendance.staff(queue), rules.empty.leave_when):
                self._alone.pop(queue, None)
            elif queue not in self._alone:
                self._alone[queue] = self._clock.now_ms()

    def _sends_away(self, queue: str, rules: Queue, on: Collection[str], now_ms: int) -> Why | None:
        why = sends_away(rules, on, self._at(queue, now_ms))
        if why is None and queue in self._alone and now_ms >= self._grace_over_ms(queue, rules):
            return Why.NOBODY
        return why

    def _grace_over_ms(self, queue: str, rules: Queue) -> int:
        return self._alone[queue] + int(rules.empty.grace_s * 1000)

    def _on(self) -> frozenset[str]:
        return frozenset(name for name in self._switches if self._floor.fields(f"switch:{name}").get("on") == "1")

    def _at(self, queue: str, now_ms: int) -> Times:
        """Hours are in minutes, so within one nothing changes."""
        if now_ms // MINUTE_MS != self._minute:
            self._minute, self._times = now_ms // MINUTE_MS, {}
        found = self._times.get(queue)
        if found is None:
            now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self._zone)
            found = self._times[queue] = times(self._ruled[queue].hours, now, self._holidays(now.year))
        return found

    # --- who must go --------------------------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        if not self._look_due:
            self._look_due = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._look_due = False
        if not self._is_current():
            return
        now_ms, on, room = self._clock.now_ms(), self._on(), AT_ONCE
        due: list[int] = []
        for queue, rules in self._ruled.items():
            if not self._floor.attendance.line(queue):
                continue
            why = self._sends_away(queue, rules, on, now_ms)
            if why is None:
                due += self._next_moments(queue, rules, now_ms)
                continue
            room -= self._tell_line(queue, why, now_ms, room)
            due.append(now_ms + (AGAIN_MS if room else int(NEXT_S * 1000)))
        self._look_again_at(min(due, default=0), now_ms)

    def _tell_line(self, queue: str, why: Why, now_ms: int, room: int) -> int:
        """Those who came first go first; a phone that rings for somebody may end its ring. How many were told."""
        waiting, told = self._floor.waiting.raw, 0
        line = sorted(self._floor.attendance.line(queue), key=lambda call: (int(waiting[call].get("since") or 0), call))
        for position, call in enumerate(line, 1):
            if told >= room:
                break
            if waiting[call].get("offer") or now_ms - self._told.get(call, 0) < AGAIN_MS:
                continue
            if self._tell(CallId(call), LineClosed(queue, why.value, position)):
                self._told[call] = now_ms
                told += 1
        return told

    def _next_moments(self, queue: str, rules: Queue, now_ms: int) -> list[int]:
        """When time alone may send this line away."""
        grace = [self._grace_over_ms(queue, rules)] if queue in self._alone else []
        closes = rules.hours is not None and rules.hours.at_closing == "leave"
        return [*grace, (now_ms // MINUTE_MS + 1) * MINUTE_MS] if closes else grace

    def _look_again_at(self, moment_ms: int, now_ms: int) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if moment_ms:
            wait_s = max(0.001, (moment_ms - now_ms) / 1000)
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self._look_soon)
