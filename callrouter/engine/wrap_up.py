"""Ends every agent's wrap-up on time. Each worker knows each deadline; the store lets the first of them do it."""

from __future__ import annotations

import asyncio

import structlog

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Agent, Floor
from callrouter.engine.ports import Check, Clock, Commit, Line
from callrouter.errors import StoreDown
from callrouter.journal import Entry, FloorChange, Word

log = structlog.get_logger()

RETRY_S = 1.0


class WrapUps:
    def __init__(self, line: Line, floor: Floor, clock: Clock) -> None:
        self._line = line
        self._floor = floor
        self._clock = clock
        self._timers: dict[str, tuple[int, asyncio.TimerHandle]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def on_change(self, change: FloorChange) -> None:
        """Agents named in a floor change may have begun or ended a wrap-up."""
        for thing in change:
            kind, _, name = thing.partition(":")
            if kind == "agent":
                self._set(name, self._floor.agents.get(name))

    def _set(self, name: str, agent: Agent | None) -> None:
        until = agent.wrap_until if agent is not None and agent.activity is Activity.WRAP_UP else 0
        known = self._timers.get(name)
        if known is not None and known[0] != until:
            known[1].cancel()
            del self._timers[name]
        if until and name not in self._timers:
            self._start(name, until, max(0, until - self._clock.now_ms()) / 1000)

    def _start(self, name: str, until: int, delay_s: float) -> None:
        handle = asyncio.get_running_loop().call_later(delay_s, self._fire, name, until)
        self._timers[name] = (until, handle)

    def _fire(self, name: str, until: int) -> None:
        self._timers.pop(name, None)
        task = asyncio.create_task(self._end(name, until), name=f"wrap-up {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, name: str, until: int) -> None:
        thing = f"agent:{name}"
        commit = Commit(
            entries=(Entry(Word.WRAPUPEND, agent=name),),
            floor={thing: activity.idle()},
            checks=(Check(thing, "activity", Activity.WRAP_UP), Check(thing, "wrap_until", str(until))),
        )
        try:
            await self._line.commit(commit)
        except StoreDown:
            self._start(name, until, RETRY_S)

    async def close(self) -> None:
        for _, handle in self._timers.values():
            handle.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
