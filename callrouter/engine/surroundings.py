"""What a step in the tree may know of the world, gathered from memory at the moment of the step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, tzinfo

import msgspec
import structlog

from callrouter.acd.floor import Floor
from callrouter.acd.kept import Kept
from callrouter.config import Queue
from callrouter.engine.callers import Callers
from callrouter.engine.ports import Clock
from callrouter.journal import FloorChange
from callrouter.tree.facts import Facts, KeptPlace
from callrouter.tree.walk import Walk

log = structlog.get_logger()

Holidays = Mapping[str, frozenset[date]]


class Surroundings:
    """`lists` says in which lists a number is; `holidays` gives the public holidays around a year."""

    def __init__(
        self,
        clock: Clock,
        floor: Floor,
        refusing: Callable[[], Mapping[str, str]] = dict,
        long_waits: Callable[[], frozenset[str]] = frozenset,
        *,
        zone: tzinfo,
        switches: Collection[str] = (),
        lists: Callable[[str], frozenset[str]] = lambda _: frozenset(),
        holidays: Callable[[int], Holidays] = lambda _: {},
        queues: Mapping[str, Queue] | None = None,
    ) -> None:
        self.callers = Callers()
        self._callbacks: frozenset[tuple[str, str]] | None = None
        self._queues = queues or {}
        self._unstaffed: frozenset[str] | None = None
        self._clock, self._floor, self._zone, self._refusing = clock, floor, zone, refusing
        self._long_waits = long_waits
        self._switches, self._lists, self._holidays = tuple(switches), lists, holidays

    def on_change(self, change: FloorChange) -> None:
        """Who is logged in, and for which queues, is looked at anew when that has changed."""
        for thing, fields in change.items():
            kind = thing.partition(":")[0]
            if kind == "queue" or (kind == "agent" and (fields is None or {"presence", "queues"} & fields.keys())):
                self._unstaffed = None
            if kind == "callback":
                self._callbacks = None

    @property
    def callbacks(self) -> frozenset[tuple[str, str]]:
        """Queue and number of every open callback."""
        if self._callbacks is None:
            there = self._floor.others("callback").values()
            self._callbacks = frozenset((fields.get("queue", ""), fields.get("number", "")) for fields in there)
        return self._callbacks

    def _full(self) -> frozenset[str]:
        """Queues that have promised as many callbacks as they may."""
        count = Counter(queue for queue, _ in self.callbacks)
        rules = {name: queue.callback for name, queue in self._queues.items() if name in count}
        return frozenset(name for name, one in rules.items() if one is not None and count[name] >= one.max_open)

    @property
    def unstaffed(self) -> frozenset[str]:
        """Queues in which nobody is logged in."""
        if self._unstaffed is None:
            staff = self._floor.attendance.staff
            self._unstaffed = frozenset(queue for queue in self._floor.queues if not staff(queue).logged_in)
        return self._unstaffed

    def facts(self, call: str, caller: str, called: str, secrets: Mapping[str, str]) -> Facts:
        now_ms = self._clock.now_ms()
        now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self._zone)
        last = self.callers.last_call(caller)
        return Facts(
            now=now,
            caller=caller,
            called=called,
            call=call,
            lists=self._lists(caller) if caller else frozenset(),
            last_call=datetime.fromtimestamp(last.at_ms / 1000, UTC) if last else None,
            unfinished=last is not None and last.unfinished,
            last_agent=self.callers.last_agent(caller),
            holidays=self._holidays(now.year),
            switches=frozenset(
                name for name in self._switches if self._floor.fields(f"switch:{name}").get("on") == "1"
            ),
            unstaffed=self.unstaffed,
            long_waits=self._long_waits(),
            callbacks=self.callbacks,
            callbacks_full=self._full(),
            refusing=self._refusing(),
            kept=tuple(_told(kept) for kept in self._floor.kept.of(caller, now_ms)),
            secrets=secrets,
        )


def _told(kept: Kept) -> KeptPlace:
    """A walk that this version cannot read is as none: the caller is asked again, and keeps the place."""
    try:
        walk = msgspec.json.decode(kept.walk, type=Walk) if kept.walk else None
    except msgspec.MsgspecError as error:
        log.warning("walk_unreadable", call=kept.call, why=str(error))
        walk = None
    return KeptPlace(kept.call, kept.queues, kept.since, kept.tree, kept.language, walk)
