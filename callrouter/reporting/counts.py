"""What is counted, before anything is divided: sums that add up over queues, agents and intervals to the whole.

Rule: a fact is counted once, where it began; time is cut at the edges of intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from operator import add, attrgetter

from callrouter.reporting.facts import AskedBack, Offered, Outcome, Stay, Stepped, Talked


@dataclass(frozen=True, slots=True)
class Promise:
    """A queue's service level as it is promised: `80 % in 20 s`."""

    percent: float
    within_ms: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits that people set; they are named with every figure that they shape."""

    within_ms: int = 20_000
    """An answer within so long is in time, in a queue that promises nothing else."""
    short_ms: int = 5_000
    """Who hangs up sooner has not waited: neither abandoned nor offered."""
    promises: Mapping[str, Promise] = field(default_factory=dict)
    """Queue → what it is judged by; empty where all are judged alike."""

    def limit_ms(self, queue: str) -> int:
        promise = self.promises.get(queue)
        return promise.within_ms if promise else self.within_ms


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums. `+` adds them; of the longest waits it keeps the longer."""

    entered: int = 0
    waiting: int = 0
    moved_on: int = 0
    answered: int = 0
    answered_within: int = 0
    abandoned: int = 0
    """Short ones too."""
    abandoned_within: int = 0
    abandoned_short: int = 0
    timed_out: int = 0
    went_back: int = 0
    sent_away: int = 0
    refused: int = 0
    """They never stood in the line, and so have not entered."""
    lost: int = 0
    rang_back: int = 0
    """Of those who entered: their line had dropped, and they have their place back."""
    answered_wait_ms: int = 0
    longest_wait_ms: int = 0
    foretold: int = 0
    """Waits that were expected and came, or proved longer than was expected of nine in ten."""
    foretold_within_p50: int = 0
    foretold_within_p90: int = 0
    foretold_ms: int = 0
    """The sum of their p50."""
    foretold_wrong_ms: int = 0
    """The sum of the differences between that and what came."""
    offers: int = 0
    accepted: int = 0
    missed: int = 0
    declined: int = 0
    busy: int = 0
    unreachable: int = 0
    taken_back: int = 0
    missed_ring_ms: int = 0
    handled: int = 0
    """Conversations with an agent that are over."""
    transferred: int = 0
    handled_talk_ms: int = 0
    handled_wrap_ms: int = 0
    callbacks: int = 0
    """Wishes to be called back."""
    callbacks_dialled: int = 0
    """Those of them that were tried at all."""
    callback_rings: int = 0
    """How often phones outside were rung for them."""
    callbacks_reached: int = 0
    callbacks_first: int = 0
    """Reached with the first ring."""
    callback_wait_ms: int = 0
    """From the wish to the talk, of those reached."""
    talking_ms: int = 0
    ringing_ms: int = 0
    wrapping_ms: int = 0
    free_ms: int = 0
    resting_ms: int = 0
    not_ready_ms: int = 0
    no_phone_ms: int = 0
    visits: int = 0
    """Of nodes of the tree, as is what follows."""
    silences: int = 0
    wrong_keys: int = 0
    hung_up: int = 0
    node_ms: int = 0

    def __add__(self, other: Counts) -> Counts:
        total = Sum()
        total.add(self)
        total.add(other)
        return total.counts()


_ADDED = tuple(field.name for field in fields(Counts) if field.name != "longest_wait_ms")
_added = attrgetter(*_ADDED)


class Sum:
    """Adds up many counts without making new ones on the way."""

    def __init__(self) -> None:
        self._values: list[int] = [0] * len(_ADDED)
        self._longest_ms = 0

    def add(self, counts: Counts) -> None:
        self._values = list(map(add, self._values, _added(counts)))
        self._longest_ms = max(self._longest_ms, counts.longest_wait_ms)

    def counts(self) -> Counts:
        return Counts(**dict(zip(_ADDED, self._values, strict=True)), longest_wait_ms=self._longest_ms)


_OF_OUTCOME = {
    Outcome.WAITING: Counts(entered=1, waiting=1),
    Outcome.MOVED_ON: Counts(entered=1, moved_on=1),
    Outcome.ANSWERED: Counts(entered=1, answered=1),
    Outcome.ABANDONED: Counts(entered=1, abandoned=1),
    Outcome.TIMED_OUT: Counts(entered=1, timed_out=1),
    Outcome.WENT_BACK: Counts(entered=1, went_back=1),
    Outcome.SENT_AWAY: Counts(entered=1, sent_away=1),
    Outcome.REFUSED: Counts(refused=1),
    Outcome.LOST: Counts(entered=1, lost=1),
}
_OF_RESULT = {
    "accepted": Counts(offers=1, accepted=1),
    "missed": Counts(offers=1, missed=1),
    "declined": Counts(offers=1, declined=1),
    "busy": Counts(offers=1, busy=1),
    "unreachable": Counts(offers=1, unreachable=1),
    "taken back": Counts(offers=1, taken_back=1),
    "ringing": Counts(offers=1),
}
_TIME_OF_KIND = {
    "talking": "talking_ms",
    "ringing": "ringing_ms",
    "wrap-up": "wrapping_ms",
    "free": "free_ms",
    "resting": "resting_ms",
    "not ready": "not_ready_ms",
    "unreachable": "no_phone_ms",
}


def of_stay(stay: Stay, bounds: Bounds) -> Counts:
    """In time is at most the queue's limit, short less than `short_ms`. Only who was answered or gave up has a wait."""
    one = replace(_with_expected(_OF_OUTCOME[stay.outcome], stay), rang_back=int(stay.rang_back))
    within = int(stay.waited_ms <= bounds.limit_ms(stay.queue))
    if stay.outcome is Outcome.ANSWERED:
        waited = stay.waited_ms
        return replace(one, answered_within=within, answered_wait_ms=waited, longest_wait_ms=waited)
    if stay.outcome is Outcome.ABANDONED:
        short = int(stay.waited_ms < bounds.short_ms)
        return replace(one, abandoned_within=within, abandoned_short=short, longest_wait_ms=stay.waited_ms)
    return replace(one, longest_wait_ms=stay.waited_ms)


def _with_expected(one: Counts, stay: Stay) -> Counts:
    """Who left earlier than their p90 would have waited nobody knows how long."""
    came = stay.left_ms - stay.expected_at_ms
    outlasted = stay.outcome is Outcome.ABANDONED and came > stay.p90_ms
    if not stay.expected_at_ms or not (stay.outcome is Outcome.ANSWERED or outlasted):
        return one
    return replace(
        one,
        foretold=1,
        foretold_within_p50=int(came <= stay.p50_ms),
        foretold_within_p90=int(came <= stay.p90_ms),
        foretold_ms=stay.p50_ms,
        foretold_wrong_ms=abs(came - stay.p50_ms),
    )


def of_offer(offer: Offered) -> Counts:
    one = _OF_RESULT[offer.result]
    if offer.result != "missed":
        return one
    return replace(one, missed_ring_ms=max(0, offer.ended_ms - (offer.rang_ms or offer.at_ms)))


def of_talk(talk: Talked) -> Counts:
    """A conversation under way is not handled yet, and one with somebody of the directory is no agent's."""
    if not talk.ended_ms or not talk.queue:
        return Counts()
    return Counts(handled=1, handled_talk_ms=talk.ended_ms - talk.at_ms, handled_wrap_ms=talk.wrap_ms)


def of_callback(asked: AskedBack) -> Counts:
    """Counted where it was asked for, whenever it came about."""
    reached = int(asked.reached_ms > 0)
    return Counts(
        callbacks=1,
        callbacks_dialled=int(asked.dialled > 0),
        callback_rings=asked.dialled,
        callbacks_reached=reached,
        callbacks_first=int(asked.dialled == 1) * reached,
        callback_wait_ms=max(0, asked.reached_ms - asked.at_ms) * reached,
    )


def of_step(step: Stepped) -> Counts:
    spent = max(0, step.until_ms - step.at_ms) if step.until_ms else 0
    return Counts(
        visits=1,
        silences=int(step.left_by == "silence"),
        wrong_keys=int(step.left_by == "invalid"),
        hung_up=int(step.left_by == "hung up"),
        node_ms=spent,
    )


def of_time(kind: str, ms: int) -> Counts:
    """An agent's time of one kind (Stretch.kind); being out is nobody's working time."""
    name = _TIME_OF_KIND.get(kind)
    return Counts(**{name: ms}) if name else Counts()
