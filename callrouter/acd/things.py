"""The things on the floor as values, read from their fields. Missing fields have the values of a newcomer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from callrouter.acd.skills import Fall, Levels, read_falls, read_levels
from callrouter.acd.strategy import Strategy
from callrouter.acd.turn import TARGET_MS

Fields = Mapping[str, str]


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
    BRIEFING = "BRIEFING"
    """The phone was picked up; the agent is told who is coming, and has not taken the call yet."""
    TALKING = "TALKING"
    WRAP_UP = "WRAP_UP"
    RESTING = "RESTING"


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
    """When the wrap-up or the rest ends."""
    wrap_mode: str
    """How the wrap-up under way may be ended (config.WrapUp)."""
    wrap_most: int
    """When the wrap-up under way ends at the latest, whatever the agent asks for."""
    wrap_asked: bool
    """The agent has asked, while talking, for a wrap-up."""
    rest: str
    """Why this agent rests: missed · declined · busy · unreachable · limit · phone."""
    rest_until: int
    """The hour has had its calls: no offer before this moment."""
    recent: str
    """When the newest calls were answered, as many as count for the hour."""
    barred: str
    """Why this agent is offered no calls though READY: mentor. Empty for nearly everybody."""
    mentors: tuple[str, ...]
    reachable: bool
    call: str
    leg: str
    missed: int
    """Offers in vain one after another, all for the same reason: `missed_why`."""
    missed_why: str
    skills: Mapping[str, int]
    order: int
    """Place in the configuration."""
    calls: int
    """Conversations since the log-in."""
    talk_ms: int
    """Time talked since the log-in."""
    offered: int
    """When last offered a call."""
    last_call: str
    last_queue: str
    """The newest conversation, and from which queue."""

    @property
    def is_free(self) -> bool:
        ready = self.presence is Presence.READY and self.reachable and not self.barred
        return ready and self.activity is Activity.IDLE

    @property
    def is_at_work(self) -> bool:
        """READY, or busy with a call before a break: there for a trainee."""
        return self.presence is Presence.READY or (
            self.presence is Presence.NOT_READY and self.activity not in (Activity.IDLE, Activity.RESTING)
        )


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What the choice needs to know of a queue."""

    id: str
    name: str
    priority: int
    strategy: Strategy
    best_level: bool
    """Those who are best at what the caller needs go first, and the strategy decides among equals."""
    target_ms: int
    """What the service level promises."""
    require: Levels
    """Skills that every caller here needs."""
    relax: tuple[Fall, ...]
    sticky_ms: int
    """How long a caller waits for the agent who helped last."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call standing in a queue."""

    call: str
    queue: str
    priority: int
    since: int
    offers: tuple[str, ...]
    """The agents whose phones ring for it."""
    is_open: bool
    """No phone rings for it, or more may join those that ring."""
    owner: str
    caller: str
    require: Levels
    prefer: Levels
    sticky: str
    """The agent who is asked before all others, or empty."""


class Pairing(NamedTuple):
    """This agent should be offered this call. A tuple, because hundreds of thousands are made in a second."""

    call: str
    agent: str


def _number(text: str | None) -> int:
    return int(text) if text else 0


def read_agent(name: str, fields: Fields) -> Agent:
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
        wrap_mode=fields.get("wrap_mode", ""),
        wrap_most=_number(fields.get("wrap_most")),
        wrap_asked=fields.get("wrap_asked", "") == "1",
        rest=fields.get("rest", ""),
        rest_until=_number(fields.get("rest_until")),
        recent=fields.get("recent", ""),
        barred=fields.get("barred", ""),
        mentors=tuple(mentor for mentor in fields.get("mentors", "").split(",") if mentor),
        reachable=fields.get("reachable", "") == "1",
        call=fields.get("call", ""),
        leg=fields.get("leg", ""),
        missed=_number(fields.get("missed")),
        missed_why=fields.get("missed_why", ""),
        skills=dict(read_levels(fields.get("skills", ""))),
        order=_number(fields.get("order")),
        calls=_number(fields.get("calls")),
        talk_ms=_number(fields.get("talk_ms")),
        offered=_number(fields.get("offered")),
        last_call=fields.get("last_call", ""),
        last_queue=fields.get("last_queue", ""),
    )


def read_queue(name: str, fields: Fields) -> QueueRules:
    return QueueRules(
        id=name,
        name=fields.get("name", name),
        priority=_number(fields.get("priority")),
        strategy=Strategy(fields.get("strategy", Strategy.LONGEST_IDLE)),
        best_level=fields.get("best_level", "") == "1",
        target_ms=_number(fields.get("target_ms")) or TARGET_MS,
        require=read_levels(fields.get("require", "")),
        relax=read_falls(fields.get("relax", "")),
        sticky_ms=_number(fields.get("sticky_ms")),
    )


def takes_offers(fields: Fields) -> bool:
    """No phone rings for this call, or more may join those that ring."""
    return not fields.get("offer") or fields.get("open") == "1"


def read_waiting(call: str, fields: Fields) -> Waiting:
    return Waiting(
        call=call,
        queue=fields.get("queue", ""),
        priority=_number(fields.get("priority")),
        since=_number(fields.get("since")),
        offers=tuple(filter(None, fields.get("offer", "").split(","))),
        is_open=takes_offers(fields),
        owner=fields.get("owner", ""),
        caller=fields.get("caller", ""),
        require=read_levels(fields.get("require", "")),
        prefer=read_levels(fields.get("prefer", "")),
        sticky=fields.get("sticky", ""),
    )
