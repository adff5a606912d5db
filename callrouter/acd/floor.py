"""The live floor as a value: agents, queues and waiting calls, folded from the journal's floor changes.

Rule: nothing is decided here. The same changes in the same order give the same floor in every worker.

    agent:<id>      name, phone, queues, presence, reason, presence_since, activity, since, idle_since, wrap_until,
                    reachable, call, leg, missed
    queue:<id>      name, strategy, priority
    waiting:<call>  queue, priority, since, offer, owner, caller
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from callrouter.journal import FloorChange

T = TypeVar("T")


class Presence(StrEnum):
    """What the agent says."""

    LOGGED_OUT = "LOGGED_OUT"
    READY = "READY"
    NOT_READY = "NOT_READY"


class Activity(StrEnum):
    """What the system sees."""

    IDLE = "IDLE"
    RESERVED = "RESERVED"
    RINGING = "RINGING"
    TALKING = "TALKING"
    WRAP_UP = "WRAP_UP"


@dataclass(frozen=True, slots=True)
class Agent:
    """One person who takes calls. Times are milliseconds since 1970 on the store's clock, 0 if never."""

    id: str
    name: str
    phone: str
    queues: tuple[str, ...]
    presence: Presence
    reason: str
    presence_since: int
    activity: Activity
    since: int
    idle_since: int
    """Since when this agent stands in the line of the idle; a ring that the caller cut short keeps the place."""
    wrap_until: int
    reachable: bool
    call: str
    leg: str
    missed: int
    """Offers missed one after another."""

    @property
    def is_free(self) -> bool:
        return self.presence is Presence.READY and self.activity is Activity.IDLE and self.reachable


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What the choice needs to know of a queue."""

    id: str
    name: str
    priority: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call standing in a queue. `offer` is the agent whose phone rings for it, or empty."""

    call: str
    queue: str
    priority: int
    since: int
    offer: str
    owner: str
    caller: str


class Floor:
    """The floor at one version; `apply` moves it on."""

    def __init__(self, things: Mapping[str, Mapping[str, str]] | None = None, version: str = "") -> None:
        self.version = version
        self.agents: dict[str, Agent] = {}
        self.queues: dict[str, QueueRules] = {}
        self.waiting: dict[str, Waiting] = {}
        self._fields: dict[str, dict[str, str]] = {}
        self.apply(things or {}, version)

    def apply(self, change: FloorChange, version: str) -> None:
        """Take over what an entry changed. Unknown kinds of things are kept and otherwise ignored."""
        for thing, fields in change.items():
            if fields is None:
                self._fields.pop(thing, None)
            else:
                self._fields.setdefault(thing, {}).update(fields)
            self._read(thing)
        self.version = version or self.version

    def replace(self, things: Mapping[str, Mapping[str, str]], version: str) -> None:
        """Begin anew from a snapshot."""
        self._fields.clear()
        self.agents.clear()
        self.queues.clear()
        self.waiting.clear()
        self.apply(things, version)

    def things(self) -> dict[str, dict[str, str]]:
        """Every thing with its fields, as the store holds them."""
        return {thing: dict(fields) for thing, fields in self._fields.items()}

    def fields(self, thing: str) -> Mapping[str, str]:
        """The fields of one thing; empty if there is no such thing."""
        return self._fields.get(thing, {})

    def _read(self, thing: str) -> None:
        kind, _, name = thing.partition(":")
        fields = self._fields.get(thing)
        match kind:
            case "agent":
                _put(self.agents, name, _agent(name, fields) if fields else None)
            case "queue":
                _put(self.queues, name, _queue(name, fields) if fields else None)
            case "waiting":
                _put(self.waiting, name, _waiting(name, fields) if fields else None)


def _put(table: dict[str, T], name: str, value: T | None) -> None:
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value


def _number(text: str | None) -> int:
    return int(text) if text else 0


def _agent(name: str, fields: Mapping[str, str]) -> Agent:
    return Agent(
        id=name,
        name=fields.get("name", name),
        phone=fields.get("phone", ""),
        queues=tuple(queue for queue in fields.get("queues", "").split(",") if queue),
        presence=Presence(fields.get("presence", Presence.LOGGED_OUT)),
        reason=fields.get("reason", ""),
        presence_since=_number(fields.get("presence_since")),
        activity=Activity(fields.get("activity", Activity.IDLE)),
        since=_number(fields.get("since")),
        idle_since=_number(fields.get("idle_since")),
        wrap_until=_number(fields.get("wrap_until")),
        reachable=fields.get("reachable", "") == "1",
        call=fields.get("call", ""),
        leg=fields.get("leg", ""),
        missed=_number(fields.get("missed")),
    )


def _queue(name: str, fields: Mapping[str, str]) -> QueueRules:
    return QueueRules(id=name, name=fields.get("name", name), priority=_number(fields.get("priority")))


def _waiting(call: str, fields: Mapping[str, str]) -> Waiting:
    return Waiting(
        call=call,
        queue=fields.get("queue", ""),
        priority=_number(fields.get("priority")),
        since=_number(fields.get("since")),
        offer=fields.get("offer", ""),
        owner=fields.get("owner", ""),
        caller=fields.get("caller", ""),
    )
