"""A call taken apart into facts that can be counted: stays in queues, offers, talks, steps through the tree.

Rule: each fact happened at one moment (when it began), in one queue, for one problem, so that it is counted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from callrouter.reporting.record import CallRecord, Step, Visit


class Outcome(StrEnum):
    """How a stay in a queue ended."""

    WAITING = "waiting"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed out"
    """The longest wait was over; the caller was let go with an apology."""
    MOVED_ON = "moved on"
    """To another queue, with the time waited kept: the wait is judged there, once."""
    WENT_BACK = "went back"
    """Into the tree again, by a key or after the longest wait."""
    SENT_AWAY = "sent away"
    """By a rule of the queue (nobody there, closed, an emergency), with an apology."""
    REFUSED = "refused"
    """By such a rule, or because the line was full: the caller never stood in it, and is not among its callers."""
    LOST = "lost"
    """We could not carry on: the fallback has the caller, or nobody."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay in one queue."""

    call: str
    n: int
    queue: str
    joined_ms: int
    tree: str = ""
    problem: str = ""
    """The node of the tree that put the caller into the queue: what the call is about."""
    left_ms: int = 0
    """0 while waiting."""
    outcome: Outcome = Outcome.WAITING
    moved_to: str = ""
    agent: str = ""
    """Who answered."""
    waited_ms: int = 0
    """By the caller's one clock: from the first queue on, over every overflow."""
    expected_at_ms: int = 0
    """When the expected wait was first looked at; 0: never, or nobody knew."""
    p50_ms: int = 0
    p90_ms: int = 0
    rang_back: bool = False
    """The place was kept from a call whose line had dropped."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One agent's phone for one call."""

    call: str
    n: int
    agent: str
    queue: str
    at_ms: int
    tree: str = ""
    problem: str = ""
    rang_ms: int = 0
    ended_ms: int = 0
    result: str = "ringing"
    """A Result of record.py."""


@dataclass(frozen=True, slots=True)
class Talked:
    """One conversation. Without a queue it was with somebody of the directory, who is no agent."""

    call: str
    n: int
    agent: str
    queue: str
    at_ms: int
    tree: str = ""
    problem: str = ""
    ended_ms: int = 0
    ended_by: str = ""
    waited_ms: int = 0
    recording: str = ""
    wrap_ms: int = 0
    """The agent's work afterwards; known from the agent's stretches, not from the call."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """The caller at one node of the tree."""

    call: str
    n: int
    tree: str
    node: str
    at_ms: int
    came_by: str
    """What brought the caller there: a key, `silence`, `invalid`, or nothing."""
    until_ms: int = 0
    left_by: str = ""
    """What ended it: a key, `silence`, `invalid`, `queue`, `hung up`, or nothing."""


@dataclass(frozen=True, slots=True)
class AskedBack:
    """A caller wants to be called back, and what became of it."""

    call: str
    n: int
    queue: str
    at_ms: int
    tree: str = ""
    problem: str = ""
    dialled: int = 0
    """How often the phone outside was rung."""
    reached_ms: int = 0
    """When they talked with an agent, having been called; 0 if they have not."""
    outcome: str = ""
    """The journal's last word of it: open, connected, failed, expired, cancelled, served …; empty: left to people."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of one call's."""

    stays: tuple[Stay, ...]
    offers: tuple[Offered, ...]
    talks: tuple[Talked, ...]
    steps: tuple[Stepped, ...]
    callbacks: tuple[AskedBack, ...]


def facts(record: CallRecord) -> Facts:
    """The call taken apart."""
    return Facts(
        tuple(_stays(record)),
        tuple(_offers(record)),
        tuple(_talks(record)),
        tuple(_steps(record)),
        tuple(_callbacks(record)),
    )


def _stays(record: CallRecord) -> Iterator[Stay]:
    """Refusals too, numbered after the stays and told before them: the last one told is where the caller stood last."""
    for n, refusal in enumerate(record.refusals, len(record.visits)):
        at_ms, problem = refusal.at_ms, _problem(record, refusal.at_ms)
        about = (record.call, n, refusal.queue, at_ms, record.tree, problem)
        yield Stay(*about, left_ms=at_ms, outcome=Outcome.REFUSED)
    for n, visit in enumerate(record.visits):
        outcome = _outcome(record, n, visit)
        answered = outcome is Outcome.ANSWERED
        agent = next((talk.agent for talk in record.talks if talk.at_ms == visit.left_ms), "") if answered else ""
        yield Stay(
            record.call,
            n,
            visit.queue,
            visit.at_ms,
            record.tree,
            _problem(record, visit.at_ms),
            visit.left_ms,
            outcome,
            visit.to if outcome is Outcome.MOVED_ON else "",
            agent,
            visit.waited_ms,
            visit.expected_at_ms,
            visit.p50_ms,
            visit.p90_ms,
            bool(visit.back),
        )


def _outcome(record: CallRecord, n: int, visit: Visit) -> Outcome:
    """Moved on is only who has arrived: an overflow into a queue that is gone ends in the fallback."""
    if visit.how in ("timed out", "sent away"):
        if n + 1 < len(record.visits) and record.visits[n + 1].queue == visit.to:
            return Outcome.MOVED_ON
        let_go = Outcome.TIMED_OUT if visit.how == "timed out" else Outcome.SENT_AWAY
        return {"hangup": let_go, "tree": Outcome.WENT_BACK}.get(visit.to, Outcome.LOST)
    return {
        "": Outcome.WAITING,
        "connected": Outcome.ANSWERED,
        "abandoned": Outcome.ABANDONED,
        "left by key": Outcome.WENT_BACK,
    }.get(visit.how, Outcome.LOST)


def _offers(record: CallRecord) -> Iterator[Offered]:
    for n, offer in enumerate(record.offers):
        problem = _problem(record, offer.at_ms)
        about = (record.call, n, offer.agent, offer.queue, offer.at_ms, record.tree, problem)
        yield Offered(*about, offer.rang_ms, offer.ended_ms, offer.result.value)


def _talks(record: CallRecord) -> Iterator[Talked]:
    for n, talk in enumerate(record.talks):
        problem = _problem(record, talk.at_ms)
        about = (record.call, n, talk.agent, talk.queue, talk.at_ms, record.tree, problem)
        yield Talked(*about, talk.ended_ms, talk.ended_by, talk.waited_ms, talk.recording)


def _callbacks(record: CallRecord) -> Iterator[AskedBack]:
    for n, asked in enumerate(record.asked_back):
        about = (record.call, n, asked.queue, asked.at_ms, record.tree, _problem(record, asked.at_ms))
        outcome = asked.tries[-1].outcome if asked.tries else ""
        yield AskedBack(*about, len(asked.dialled), asked.reached_ms, outcome)


def _problem(record: CallRecord, at_ms: int) -> str:
    """The last node the caller had come to by then."""
    return next((step.node for step in reversed(record.path) if step.at_ms <= at_ms), "")


def _steps(record: CallRecord) -> Iterator[Stepped]:
    for n, step in enumerate(record.path):
        following = record.path[n + 1] if n + 1 < len(record.path) else None
        until, left_by = _left(record, step, following)
        yield Stepped(record.call, n, record.tree, step.node, step.at_ms, step.by, until, left_by)


def _left(record: CallRecord, step: Step, following: Step | None) -> tuple[int, str]:
    """Until when the caller was at a node, and what ended it."""
    end = following.at_ms if following else float("inf")
    visit = next((visit for visit in record.visits if step.at_ms <= visit.at_ms < end), None)
    if visit is not None:
        return visit.at_ms, "queue"
    if following is not None:
        return following.at_ms, following.by
    return record.ended_ms, "hung up" if record.how == "left_tree" else ""
