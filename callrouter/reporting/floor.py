"""The live floor as people look at it: queues, agents, calls, made from the floor's things and the time.

Rule: nothing is decided and nothing is remembered; the same things at the same moment give the same view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callrouter.reporting.record import CallRecord

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QueueView:
    id: str
    name: str
    waiting: int
    longest_wait_ms: int
    agents: Mapping[str, int]
    """How many of its agents are in each of CONDITIONS."""


@dataclass(frozen=True, slots=True)
class AgentView:
    id: str
    name: str
    queues: tuple[str, ...]
    condition: str
    """free · ringing · talking · wrap-up · resting · not ready · unreachable · out"""
    reason: str
    """Of not ready, and of resting."""
    for_ms: int
    left_ms: int
    """Until a wrap-up or a rest ends by itself; 0 where nothing does."""
    call: str
    calls: int
    """Since the log-in."""
    missed: int


@dataclass(frozen=True, slots=True)
class CallView:
    call: str
    caller: str
    queue: str
    state: str
    """in tree · waiting · ringing · talking · leaving"""
    agent: str
    for_ms: int
    """In this state so far; waiting is counted from the first queue."""


@dataclass(frozen=True, slots=True)
class Served:
    """How a queue's callers have fared: those who came into it since `since_ms`."""

    queue: str
    span: str
    """30 min · today"""
    since_ms: int
    offered: int
    answered: int
    abandoned: int
    service_level: float | None
    promised_percent: float | None
    kept: bool | None
    """Whether the queue's promise was; None without one, or where there was nothing to keep."""
    asa_s: float | None
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class FloorView:
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]
    calls: tuple[CallView, ...]
    now_ms: int
    notes: tuple[str, ...] = ()
    """Alarms to be shown with the floor."""
    served: tuple[Served, ...] = ()
    service_level: str = ""
    """Which one it is, in words."""


CONDITIONS = ("free", "ringing", "talking", "wrap-up", "resting", "not ready", "unreachable", "out")

ENDS_ITSELF = frozenset({"wrap-up", "resting"})


def view(
    things: Mapping[str, Fields], now_ms: int, living: Iterable[CallRecord] = (), notes: Sequence[str] = ()
) -> FloorView:
    """`living` are the records of calls that have not ended; without them calls in the tree cannot be shown."""
    agents = tuple(sorted((_agent(name, fields, now_ms) for name, fields in _of(things, "agent")), key=_by_name))
    waiting = [(call, fields) for call, fields in _of(things, "waiting")]
    queues = tuple(_queue(name, fields, waiting, agents, now_ms) for name, fields in sorted(_of(things, "queue")))
    calls = {call.call: call for call in (_recorded_call(record, now_ms) for record in living if not record.how)}
    calls |= {call.call: call for call in _talking_calls(things, agents) if call.call not in calls}
    calls |= {call.call: call for call in _waiting_calls(waiting, now_ms)}
    longest_first = sorted(calls.values(), key=lambda call: (-call.for_ms, call.call))
    return FloorView(queues, agents, tuple(longest_first), now_ms, tuple(notes))


def _recorded_call(record: CallRecord, now_ms: int) -> CallView:
    queue = record.queues[-1] if record.visits else ""
    began = record.talks[-1].at_ms if record.talks else record.visits[0].at_ms if record.visits else record.arrived_ms
    return CallView(record.call, record.caller, queue, record.state, record.agent, max(0, now_ms - began))


def condition(fields: Fields) -> str:
    """One word for where an agent stands: work with a call goes before what the agent says, and that before a rest."""
    activity = fields.get("activity", "IDLE")
    if activity not in ("IDLE", "RESTING"):
        return {"TALKING": "talking", "WRAP_UP": "wrap-up"}.get(activity, "ringing")
    presence = fields.get("presence", "LOGGED_OUT")
    if presence != "READY":
        return "not ready" if presence == "NOT_READY" else "out"
    if fields.get("reachable") != "1":
        return "unreachable"
    return "resting" if activity == "RESTING" or fields.get("barred") else "free"


def _reason(where: str, fields: Fields) -> str:
    if where == "resting":
        return fields.get("rest", "") if fields.get("activity") == "RESTING" else fields.get("barred", "")
    return fields.get("reason", "") if where == "not ready" else ""


def _agent(name: str, fields: Fields, now_ms: int) -> AgentView:
    where = condition(fields)
    since = {"free": "idle_since", "not ready": "presence_since", "out": "presence_since"}.get(where, "since")
    return AgentView(
        id=name,
        name=fields.get("name", name),
        queues=tuple(filter(None, fields.get("queues", "").split(","))),
        condition=where,
        reason=_reason(where, fields),
        for_ms=_age(fields.get(since) or fields.get("since"), now_ms),
        left_ms=max(0, int(fields.get("wrap_until") or 0) - now_ms) if where in ENDS_ITSELF else 0,
        call=fields.get("call", ""),
        calls=int(fields.get("calls") or 0),
        missed=int(fields.get("missed") or 0),
    )


def _queue(
    name: str, fields: Fields, waiting: Sequence[tuple[str, Fields]], agents: Sequence[AgentView], now_ms: int
) -> QueueView:
    waits = [_age(call.get("since"), now_ms) for _, call in waiting if call.get("queue") == name]
    conditions = Counter(agent.condition for agent in agents if name in agent.queues)
    return QueueView(name, fields.get("name", name), len(waits), max(waits, default=0), dict(conditions))


def _waiting_calls(waiting: Sequence[tuple[str, Fields]], now_ms: int) -> list[CallView]:
    return [
        CallView(
            call,
            fields.get("caller", ""),
            fields.get("queue", ""),
            "ringing" if fields.get("offer") else "waiting",
            ", ".join(fields.get("offer", "").split(",")),
            _age(fields.get("since"), now_ms),
        )
        for call, fields in waiting
    ]


def _talking_calls(things: Mapping[str, Fields], agents: Sequence[AgentView]) -> list[CallView]:
    """Conversations whose record is not at hand: the floor knows only who talks, and for how long."""
    return [
        CallView(agent.call, "", "", "talking", agent.id, agent.for_ms)
        for agent in agents
        if agent.condition == "talking" and f"waiting:{agent.call}" not in things
    ]


def _of(things: Mapping[str, Fields], kind: str) -> list[tuple[str, Fields]]:
    return [(thing.partition(":")[2], fields) for thing, fields in things.items() if thing.startswith(f"{kind}:")]


def _by_name(agent: AgentView) -> tuple[int, str]:
    return (CONDITIONS.index(agent.condition), agent.id)


def _age(since: str | None, now_ms: int) -> int:
    return max(0, now_ms - int(since)) if since else 0
