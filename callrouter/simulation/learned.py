"""What a recorded day teaches: patience by queue, talk times by queue and agent, how each agent's phone is answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from callrouter.reporting.facts import Outcome
from callrouter.reporting.record import Result
from callrouter.simulation.day import Ring
from callrouter.simulation.durations import Duration, Measured, measured
from callrouter.simulation.habits import GOLDEN, UNANSWERED_MS
from callrouter.simulation.patience import Curve, Waits, kaplan_meier
from callrouter.simulation.recorded import Rang, Recorded, Seen

ENOUGH_CALLERS = 100
ENOUGH_TALKS = 30
"""Of a queue; fewer talks of one agent there than ENOUGH_OF_AN_AGENT are taken from everybody's."""
ENOUGH_OF_AN_AGENT = 20
ENOUGH_GAVE_UP = 20
"""Of a queue, or else of all queues together: fewer leave the curve's end to chance."""
UNSEEN_AWAY_MS = 60_000
"""Taken where nobody was ever set NOT_READY for not answering and came back."""
UNSEEN_BRIEFED_MS = 4_000
"""Taken where nobody was ever briefed: about what the shipped words take."""


@dataclass(frozen=True, slots=True)
class Learned:
    patience: Mapping[str, Curve | Duration]
    talk: Mapping[str, Measured]
    """By queue."""
    talk_with: Mapping[tuple[str, str], Measured]
    """By queue and agent, of those who talked often enough."""
    away_ms: int
    """How long somebody is usually away who was set NOT_READY for not answering."""
    rings: Mapping[str, Sequence[Ring]]
    """By agent, in the order of luck: unanswered offers first, then the quick answers. "" is everybody."""
    briefed_ms: int = UNSEEN_BRIEFED_MS
    """How long it usually takes to be told who is coming."""
    wrap_up_asked: float = 0.0
    """The share of talks after which the agent asked for a wrap-up."""

    def talks(self, queue: str, agent: str) -> Measured | None:
        return self.talk_with.get((queue, agent)) or self.talk.get(queue)


def learned(day: Recorded, patience: Duration | None = None) -> Learned:
    """From everybody of the day and the hour before; with a `patience` of its own, that is not asked of the day."""
    talked = [one for one in day.callers if one.talked_ms and one.agent]
    by_queue, with_agent = defaultdict(list), defaultdict(list)
    for one in talked:
        by_queue[one.last_queue].append(one.talked_ms / 1000)
        with_agent[one.last_queue, one.agent].append(one.talked_ms / 1000)
    queues = {one.queue for one in day.callers}
    offers = [offer for one in day.callers for offer in one.offers]
    away_ms = _usually([offer.away_ms for offer in offers if offer.away_ms is not None], UNSEEN_AWAY_MS)
    briefed_ms = _usually([offer.briefed_ms for offer in offers if offer.briefed_ms], UNSEEN_BRIEFED_MS)
    found = Learned(
        patience=dict.fromkeys(queues, patience) if patience is not None else _patience(day.callers, queues),
        talk={queue: measured(values) for queue, values in by_queue.items()},
        talk_with={who: measured(values) for who, values in with_agent.items() if len(values) >= ENOUGH_OF_AN_AGENT},
        away_ms=away_ms,
        rings={},
        briefed_ms=briefed_ms,
        wrap_up_asked=sum(one.wrap_up_asked for one in talked) / max(1, len(talked)),
    )
    return replace(found, rings=_rings(offers, found))


def _usually(seen: Sequence[int], unseen: int) -> int:
    return round(median(seen or [unseen]))


def too_little(day: Recorded, found: Learned) -> list[str]:
    """Why this day cannot be judged by; nothing if it can."""
    callers = sum(day.from_ms <= one.at_ms for one in day.callers)
    if callers < ENOUGH_CALLERS:
        return [f"only {callers} callers joined a queue that day; {ENOUGH_CALLERS} are needed"]
    wrong = []
    for queue in sorted({one.queue for one in day.callers}):
        talks = len(found.talk[queue].values) if queue in found.talk else 0
        if talks < ENOUGH_TALKS:
            wrong.append(f"only {talks} talks in the queue {queue} are known; {ENOUGH_TALKS} are needed")
        if queue not in found.patience:
            gave_up = sum(one.outcome is Outcome.ABANDONED for one in day.callers)
            wrong.append(
                f"only {gave_up} callers gave up that day, {ENOUGH_GAVE_UP} are needed to know the patience in the "
                f"queue {queue}: give it with --patience, like exponential:120"
            )
    return wrong


def _patience(callers: Sequence[Seen], queues: set[str]) -> dict[str, Curve | Duration]:
    """Of each queue, or where few gave up there, of all together."""
    everybody = _waits(callers)
    found: dict[str, Curve | Duration] = {}
    for queue in queues:
        waits = _waits([one for one in callers if one.queue == queue])
        if len(waits.gave_up) < ENOUGH_GAVE_UP:
            waits = everybody
        if len(waits.gave_up) >= ENOUGH_GAVE_UP:
            found[queue] = kaplan_meier(waits)
    return found


def _waits(callers: Sequence[Seen]) -> Waits:
    gave_up = [one.waited_ms / 1000 for one in callers if one.outcome is Outcome.ABANDONED]
    return Waits(gave_up, [one.waited_ms / 1000 for one in callers if one.outcome is not Outcome.ABANDONED])


def _rings(offers: Sequence[Rang], usual: Learned) -> dict[str, Sequence[Ring]]:
    """An offer that was taken back has only told that the phone rang for so long: it is given the end of one that rang
    longer, each of those in turn, or phones that nobody answers would seem rarer than they are (Efron, 1967: what is
    censored is redistributed to the right)."""
    found: dict[str, Sequence[Ring]] = {}
    for who in {"", *(offer.agent for offer in offers)}:
        own = [offer for offer in offers if who in ("", offer.agent)]
        ended = [offer for offer in own if offer.result not in (Result.TAKEN_BACK, Result.OPEN)]
        cut = [offer for offer in own if offer.result is Result.TAKEN_BACK]
        rings = [*ended, *_ends_of(cut, ended)]
        found[who] = sorted((ring_of(ring, usual) for ring in rings), key=lambda ring: (ring.answered, ring.after_ms))
    return found


def _ends_of(cut: Sequence[Rang], ended: Sequence[Rang]) -> Iterator[Rang]:
    for n, offer in enumerate(cut):
        longer = sorted((one for one in ended if one.after_ms > offer.after_ms), key=lambda one: one.after_ms)
        if longer:
            yield longer[int(n * GOLDEN % 1 * len(longer))]


def ring_of(offer: Rang, usual: Learned) -> Ring:
    """A phone that was not answered rings as long as it is let; one that refused ends when it did. Whoever was not set
    NOT_READY for it may be, when more of them come together, and is then away as long as usual."""
    if offer.result is Result.ACCEPTED:
        return Ring(offer.after_ms, briefed_ms=offer.briefed_ms or usual.briefed_ms)
    rings_on = offer.result is Result.MISSED and not offer.briefed_ms
    after, away_ms = UNANSWERED_MS if rings_on else offer.after_ms, offer.away_ms if offer.paused else usual.away_ms
    return Ring(after, answered=False, away_ms=away_ms, why=offer.result.value, briefed_ms=offer.briefed_ms)
