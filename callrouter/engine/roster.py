"""Brings the configured agents and queues, and which phones answer, onto the floor.

Presence and activity of an agent who was there before are kept: a restart logs nobody out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from callrouter.acd.activity import idle
from callrouter.acd.floor import Activity, Agent, Floor, Presence
from callrouter.acd.presence import Wish, presence_change, wish_entry
from callrouter.acd.skills import EVERY, Fall, falls_text, levels_text
from callrouter.config import AgentPart, Queue, Relax
from callrouter.engine.ports import Check, Commit, Line, Written
from callrouter.errors import StoreDown
from callrouter.journal import NOW, Entry, FloorChange, Word
from callrouter.telephony import PhoneId, PhoneReachable

log = structlog.get_logger()

RETRY_S = 0.5


def configured(
    agents: Mapping[str, AgentPart], queues: Mapping[str, Queue], phones: Mapping[str, PhoneId]
) -> dict[str, dict[str, str]]:
    """The floor's things as the configuration wants them."""
    things = {f"queue:{name}": _queue(queue) for name, queue in queues.items()}
    for order, (name, agent) in enumerate(agents.items()):
        things[f"agent:{name}"] = {
            "name": agent.name,
            "phone": phones[name],
            "queues": ",".join(agent.queues),
            "skills": levels_text(agent.skills),
            "order": str(order),
            "mentors": ",".join(agent.mentors),
        }
    return things


def _queue(queue: Queue) -> dict[str, str]:
    return {
        "name": queue.name,
        "strategy": queue.strategy,
        "best_level": "1" if queue.best_level_first else "",
        "priority": str(queue.priority),
        "target_ms": str(round(queue.service_level.within_s * 1000)),
        "require": levels_text(queue.skills),
        "relax": falls_text(_fall(step) for step in queue.relax),
        "sticky_ms": str(round(queue.sticky_s * 1000)),
    }


def _fall(step: Relax) -> Fall:
    skills = frozenset({EVERY}) if step.drop == "all" else frozenset(step.drop)
    return Fall(round(step.after_s * 1000), skills, step.lower)


def difference(floor: Floor, wanted: Mapping[str, Mapping[str, str]]) -> FloorChange:
    """What has to change on the floor; an agent in a call is taken off only when the call is over."""
    change: dict[str, Mapping[str, str] | None] = {}
    there = floor.things()
    for thing, fields in wanted.items():
        if thing not in there:
            change[thing] = {**_newcomer(thing), **fields}
        elif changed := {name: value for name, value in fields.items() if there[thing].get(name) != value}:
            change[thing] = changed
    for thing in there.keys() - wanted.keys():
        kind, _, name = thing.partition(":")
        if kind == "queue" or (kind == "agent" and not floor.agents[name].call):
            change[thing] = None
    return change


def _newcomer(thing: str) -> dict[str, str]:
    if not thing.startswith("agent:"):
        return {}
    return {
        "presence": Presence.LOGGED_OUT,
        "presence_since": NOW,
        "activity": Activity.IDLE,
        "since": NOW,
        "idle_since": NOW,
        "reachable": "",
        "missed": "0",
        "calls": "0",
        "talk_ms": "0",
        "offered": "0",
        "call": "",
        "leg": "",
    }


async def bring_up_to_date(line: Line, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Journal the configuration if it differs from what the floor holds."""
    snapshot = await line.snapshot()
    change = difference(Floor(snapshot.things, snapshot.version), wanted)
    if change:
        await line.commit(Commit(entries=(Entry(Word.CONFIG),), floor=change))


class Phones:
    """Which phones answer: what the switch says, put onto the floor once, whoever of the workers is first.

    Every word of the switch is taken to the store, which knows whether it is news; our replica may lag behind what we
    wrote a moment ago. One task writes, so the last word wins.
    """

    def __init__(self, line: Line, floor: Floor) -> None:
        self._line = line
        self._floor = floor
        self._known: dict[PhoneId, bool] = {}
        self._due: dict[PhoneId, None] = {}
        """Phones whose state has to be written, in order."""
        self._tasks: set[asyncio.Task[None]] = set()

    def on_phone(self, event: PhoneReachable) -> None:
        self._known[event.phone] = event.reachable
        self._write_soon([event.phone])

    def set_all(self, reachable: Iterable[PhoneId]) -> None:
        """The whole truth after a (re)connection."""
        answering = set(reachable)
        self._known = {PhoneId(agent.phone): False for agent in self._floor.agents.values()}
        self._known |= dict.fromkeys(answering, True)
        self._write_soon(self._known)

    def on_change(self, change: FloorChange) -> None:
        """Agents are new on the floor, or have other phones."""
        phones = [PhoneId(fields["phone"]) for fields in change.values() if fields and "phone" in fields]
        self._write_soon(phones)

    def _write_soon(self, phones: Iterable[PhoneId]) -> None:
        self._due |= dict.fromkeys(phone for phone in phones if phone in self._known)
        if self._due and not self._tasks:
            task = asyncio.create_task(self._write(), name="phones")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _write(self) -> None:
        while self._due:
            phone = next(iter(self._due))
            del self._due[phone]
            try:
                await self._write_one(phone)
            except StoreDown:
                self._due.setdefault(phone)
                await asyncio.sleep(RETRY_S)

    async def _write_one(self, phone: PhoneId) -> None:
        for agent in list(self._floor.agents.values()):
            if agent.phone == phone:
                await self._tell(agent, self._known[phone])

    async def _tell(self, agent: Agent, reachable: bool) -> None:
        """Who was kept from calls only because the phone could not be rung is back with the phone."""
        told, back = _reach(agent.id, reachable), _back(agent)
        if reachable and back is not None:
            both = Commit(
                (*told.entries, *back.entries),
                {thing: {**(told.floor[thing] or {}), **(fields or {})} for thing, fields in back.floor.items()},
                (*told.checks, *back.checks),
            )
            if isinstance(await self._line.commit(both), Written):
                return
        await self._line.commit(told)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


UNREACHABLE = "unreachable"


def _back(agent: Agent) -> Commit | None:
    """The end of what callrouter made of this agent because the phone could not be rung."""
    thing = f"agent:{agent.id}"
    if agent.presence is Presence.NOT_READY and agent.reason == UNREACHABLE:
        seen = (Check(thing, "presence", agent.presence), Check(thing, "reason", agent.reason))
        wish = Wish(Presence.READY)
        return Commit((wish_entry(agent.id, wish, by="callrouter"),), presence_change(agent.id, wish), seen)
    if agent.activity is Activity.RESTING and agent.rest == UNREACHABLE:
        seen = (Check(thing, "activity", agent.activity), Check(thing, "rest", agent.rest))
        rested = Entry(Word.RESTEND, agent=agent.id, data={"why": UNREACHABLE})
        return Commit((rested,), {thing: idle()}, seen)
    return None


def _reach(agent: str, reachable: bool) -> Commit:
    thing = f"agent:{agent}"
    return Commit(
        entries=(Entry(Word.REACHABLE if reachable else Word.UNREACHABLE, agent=agent),),
        floor={thing: {"reachable": "1" if reachable else ""}},
        checks=(Check(thing, "reachable", "" if reachable else "1"),),
    )
