"""Ends every agent's wrap-up and rest on time. Each worker knows each deadline; the store lets the first of them do it.

Who wraps up while the hour has had its calls goes on to a rest (acd/limits.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Agent, Floor
from callrouter.acd.wrap_up import Asked
from callrouter.engine.ports import Check, Clock, Commit, Line
from callrouter.errors import StoreDown
from callrouter.journal import Entry, FloorChange, Word

log = structlog.get_logger()

RETRY_S = 1.0
PAUSES = (Activity.WRAP_UP, Activity.RESTING)


class WrapUps:
    def __init__(self, line: Line, floor: Floor, clock: Clock) -> None:
        self._line = line
        self._floor = floor
        self._clock = clock
        self._timers: dict[str, tuple[int, asyncio.TimerHandle]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def on_change(self, change: FloorChange) -> None:
        """Agents named in a floor change may have begun or ended a wrap-up or a rest."""
        for thing in change:
            kind, _, name = thing.partition(":")
            if kind == "agent":
                self._set(name, self._floor.agents.get(name))

    def _set(self, name: str, agent: Agent | None) -> None:
        until = agent.wrap_until if agent is not None and agent.activity in PAUSES else 0
        known = self._timers.get(name)
        if known is not None and known[0] != until:
            known[1].cancel()
            del self._timers[name]
        if until and name not in self._timers:
            self._start(name, until, max(0, until - self._clock.now_ms()) / 1000)
        if agent is not None and agent.activity is Activity.IDLE and agent.rest_until > self._clock.now_ms():
            self._do(self._rest(agent), f"rest {name}")

    def _start(self, name: str, until: int, delay_s: float) -> None:
        handle = asyncio.get_running_loop().call_later(delay_s, self._fire, name, until)
        self._timers[name] = (until, handle)

    def _fire(self, name: str, until: int) -> None:
        self._timers.pop(name, None)
        self._do(self._end(name, until), f"wrap-up {name}")

    def _do(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, name: str, until: int) -> None:
        agent = self._floor.agents.get(name)
        if agent is None or agent.activity not in PAUSES or agent.wrap_until != until:
            return
        try:
            await self._line.commit(pause_over(agent, self._clock.now_ms()))
        except StoreDown:
            self._start(name, until, RETRY_S)

    async def _rest(self, agent: Agent) -> None:
        """A call that was repaired or crashed has set free somebody whose hour is full."""
        thing = f"agent:{agent.id}"
        commit = Commit(
            (Entry(Word.REPAIRED, agent=agent.id, data={"what": "free though the hour has had its calls"}),),
            {thing: activity.freed(agent.rest_until, self._clock.now_ms())},
            (Check(thing, "activity", Activity.IDLE), Check(thing, "rest_until", str(agent.rest_until))),
        )
        try:
            await self._line.commit(commit)
        except StoreDown as down:
            log.warning("rest_not_begun", agent=agent.id, why=str(down))

    async def close(self) -> None:
        for _, handle in self._timers.values():
            handle.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def as_commit(asked: Asked) -> Commit:
    """An agent's wish for a wrap-up, if the agent is still as seen."""
    thing = next(iter(asked.floor))
    return Commit(
        (asked.entry,), asked.floor, tuple(Check(thing, name, value) for name, value in asked.as_seen.items())
    )


def pause_over(agent: Agent, now_ms: int) -> Commit:
    """The wrap-up or rest under way is over, if it is still the one that was seen."""
    thing = f"agent:{agent.id}"
    rested = agent.activity is Activity.RESTING
    over, data = (Word.RESTEND, {"why": agent.rest}) if rested else (Word.WRAPUPEND, {})
    return Commit(
        (Entry(over, agent=agent.id, data=data),),
        {thing: activity.freed(agent.rest_until, now_ms)},
        (Check(thing, "activity", agent.activity), Check(thing, "wrap_until", str(agent.wrap_until))),
    )
