"""Watches the doors of all lines on the floor: whom each takes now, who must go, and when time alone changes that.

    a queue is left alone ──▶ since when is remembered ──grace over──▶ its line must go

Rule: the moment is passed in, so that a worker and a played day (simulation/) ask the very same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, tzinfo

from callrouter.acd.doors import Times, Why, has_rules, is_left_alone, refuses, sends_away, times
from callrouter.acd.floor import Floor
from callrouter.config import Queue

Holidays = Mapping[str, Collection[date]]
MINUTE_MS = 60_000


class Doorkeeper:
    """`holidays` gives the public holidays around a year."""

    def __init__(
        self, floor: Floor, queues: Mapping[str, Queue], zone: tzinfo, holidays: Callable[[int], Holidays]
    ) -> None:
        self._floor, self._zone, self._holidays = floor, zone, holidays
        self._ruled = {name: rules for name, rules in queues.items() if has_rules(rules)}
        self._switches = sorted({rules.switch for rules in queues.values() if rules.switch})
        self._alone: dict[str, int] = {}
        """Queue → since when it has been left alone."""
        self._minute = -1
        self._times: dict[str, Times] = {}

    @property
    def has_rules(self) -> bool:
        """Whether any door is ever shut."""
        return bool(self._ruled)

    def look(self, now_ms: int) -> None:
        """After every change of the floor: which queues are left alone from now on, or not any more."""
        for queue, rules in self._ruled.items():
            if not is_left_alone(self._floor.attendance.staff(queue), rules.empty.leave_when):
                self._alone.pop(queue, None)
            elif queue not in self._alone:
                self._alone[queue] = now_ms

    def refusing(self, now_ms: int) -> Mapping[str, str]:
        """Queues whose line nobody may join now, and why."""
        if not self._ruled:
            return {}
        on, found = self._on(), {}
        for queue, rules in self._ruled.items():
            at, attendance = self._at(queue, now_ms), self._floor.attendance
            why = refuses(rules, attendance.staff(queue), len(attendance.line(queue)), on, at)
            why = why or self._sends_away(queue, rules, on, now_ms)
            if why is not None:
                found[queue] = why.value
        return found

    def must_go(self, now_ms: int) -> Iterator[tuple[str, Why]]:
        """Queues with somebody in their lines who must leave them, and why."""
        on = self._on()
        for queue, rules in self._ruled.items():
            if self._floor.attendance.line(queue) and (why := self._sends_away(queue, rules, on, now_ms)) is not None:
                yield queue, why

    def leaving(self, queue: str) -> Iterator[tuple[int, str]]:
        """Position and call of those who go, who came first goes first; a phone that rings for somebody may end its
        ring."""
        waiting = self._floor.waiting.raw
        line = sorted(self._floor.attendance.line(queue), key=lambda call: (int(waiting[call].get("since") or 0), call))
        for position, call in enumerate(line, 1):
            if not waiting[call].get("offer"):
                yield position, call

    def next_moment(self, now_ms: int) -> int | None:
        """When time alone may send a line away that now may stay: hours change at full minutes, a grace ends."""
        lines = self._floor.attendance.line
        going = {queue for queue, _ in self.must_go(now_ms)}
        moments = [
            moment
            for queue, rules in self._ruled.items()
            if lines(queue) and queue not in going
            for moment in self._moments(queue, rules, now_ms)
        ]
        return min(moments, default=None)

    def _moments(self, queue: str, rules: Queue, now_ms: int) -> Iterator[int]:
        if queue in self._alone:
            yield self._grace_over_ms(queue, rules)
        if rules.hours is not None and rules.hours.at_closing == "leave":
            yield (now_ms // MINUTE_MS + 1) * MINUTE_MS

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
