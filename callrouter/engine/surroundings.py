"""What a step in the tree may know of the world, gathered from memory at the moment of the step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, tzinfo

from callrouter.acd.floor import Floor
from callrouter.engine.callers import Callers
from callrouter.engine.ports import Clock
from callrouter.tree.facts import Facts

Holidays = Mapping[str, frozenset[date]]


class Surroundings:
    """`lists` says in which lists a number is; `holidays` gives the public holidays around a year."""

    def __init__(
        self,
        clock: Clock,
        floor: Floor,
        *,
        zone: tzinfo,
        switches: Collection[str] = (),
        lists: Callable[[str], frozenset[str]] = lambda _: frozenset(),
        holidays: Callable[[int], Holidays] = lambda _: {},
    ) -> None:
        self.callers = Callers()
        self._clock, self._floor, self._zone = clock, floor, zone
        self._switches, self._lists, self._holidays = tuple(switches), lists, holidays

    def facts(self, call: str, caller: str, called: str, secrets: Mapping[str, str]) -> Facts:
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).astimezone(self._zone)
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
            secrets=secrets,
        )
