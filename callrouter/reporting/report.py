"""A report: facts of a period, counted by queue, agent, problem, node or interval, and the figures of each row.

Rule: the last row is the whole, and the others add up to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from callrouter.reporting.counts import (
    Bounds,
    Counts,
    Promise,
    Sum,
    of_callback,
    of_offer,
    of_stay,
    of_step,
    of_talk,
    of_time,
)
from callrouter.reporting.facts import AskedBack, Offered, Stay, Stepped, Talked
from callrouter.reporting.figures import Figures, Variant, figures
from callrouter.reporting.intervals import interval_of, intervals, pieces
from callrouter.reporting.stretches import Stretch


class By(StrEnum):
    QUEUE = "queue"
    AGENT = "agent"
    PROBLEM = "problem"
    NODE = "node"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment to another (not included), in the centre's zone. `now_ms` ends what still lasts."""

    begins_ms: int
    ends_ms: int
    zone: ZoneInfo
    now_ms: int


@dataclass(frozen=True, slots=True)
class Material:
    """The facts that began within a period, and the stretches that touch it."""

    stays: Iterable[Stay] = ()
    offers: Iterable[Offered] = ()
    talks: Iterable[Talked] = ()
    steps: Iterable[Stepped] = ()
    stretches: Iterable[Stretch] = ()
    callbacks: Iterable[AskedBack] = ()


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    """A queue, an agent, `tree/node`, the beginning of an interval in UTC milliseconds; empty for the whole."""
    counts: Counts
    figures: Figures
    promise: Promise | None = None
    """Of a queue that is judged by its own."""

    @property
    def kept(self) -> bool | None:
        """Whether the promise was; None without one, or where there was nothing to keep."""
        level = self.figures.service_level
        return None if self.promise is None or level is None else level * 100 >= self.promise.percent


@dataclass(frozen=True, slots=True)
class Report:
    by: By
    period: Period
    variant: Variant
    bounds: Bounds
    rows: tuple[Row, ...]
    whole: Row


Counted = tuple[str, Counts]


def report(by: By, period: Period, material: Material, variant: Variant, bounds: Bounds) -> Report:
    """Everything counted. Intervals in which nothing happened are rows too."""
    sums: dict[str, Sum] = defaultdict(Sum)
    whole = Sum()
    if by is By.INTERVAL:
        sums |= {str(at): Sum() for at in intervals(period.begins_ms, period.ends_ms, period.zone)}
    for key, counts in _COUNTING[by](period, material, bounds):
        sums[key].add(counts)
    for one in sums.values():
        whole.add(one.counts())
    promises = bounds.promises if by is By.QUEUE else {}
    rows = tuple(_row(key, sums[key], variant, promises.get(key)) for key in sorted(sums))
    return Report(by, period, variant, bounds, rows, _row("", whole, variant))


def _row(key: str, total: Sum, variant: Variant, promise: Promise | None = None) -> Row:
    counts = total.counts()
    return Row(key, counts, figures(counts, variant), promise)


def _by_queue(_period: Period, material: Material, bounds: Bounds) -> Iterator[Counted]:
    """Agents' time belongs to all their queues together, so there is no occupancy of a queue."""
    yield from ((stay.queue, of_stay(stay, bounds)) for stay in material.stays)
    yield from ((offer.queue, of_offer(offer)) for offer in material.offers)
    yield from ((talk.queue, of_talk(talk)) for talk in material.talks if talk.queue)
    yield from ((asked.queue, of_callback(asked)) for asked in material.callbacks)


def _by_agent(period: Period, material: Material, _bounds: Bounds) -> Iterator[Counted]:
    """Waiting is no agent's doing: there is no service level of an agent."""
    yield from ((offer.agent, of_offer(offer)) for offer in material.offers)
    yield from ((talk.agent, of_talk(talk)) for talk in material.talks if talk.queue)
    for stretch in material.stretches:
        begins, ends = _clipped(stretch, period)
        yield stretch.agent, of_time(stretch.kind, max(0, ends - begins))


def _by_problem(_period: Period, material: Material, bounds: Bounds) -> Iterator[Counted]:
    yield from ((_node(stay.tree, stay.problem), of_stay(stay, bounds)) for stay in material.stays)
    yield from ((_node(offer.tree, offer.problem), of_offer(offer)) for offer in material.offers)
    yield from ((_node(talk.tree, talk.problem), of_talk(talk)) for talk in material.talks if talk.queue)
    yield from ((_node(asked.tree, asked.problem), of_callback(asked)) for asked in material.callbacks)


def _by_node(_period: Period, material: Material, _bounds: Bounds) -> Iterator[Counted]:
    yield from ((_node(step.tree, step.node), of_step(step)) for step in material.steps)
    yield from ((_node(asked.tree, asked.problem), of_callback(asked)) for asked in material.callbacks)


def _by_interval(period: Period, material: Material, bounds: Bounds) -> Iterator[Counted]:
    """Facts in the interval in which they began; time in those in which it passed."""

    def at(ms: int) -> str:
        return str(interval_of(ms, period.zone))

    yield from ((at(stay.joined_ms), of_stay(stay, bounds)) for stay in material.stays)
    yield from ((at(offer.at_ms), of_offer(offer)) for offer in material.offers)
    yield from ((at(talk.at_ms), of_talk(talk)) for talk in material.talks if talk.queue)
    yield from ((at(step.at_ms), of_step(step)) for step in material.steps)
    yield from ((at(asked.at_ms), of_callback(asked)) for asked in material.callbacks)
    for stretch in material.stretches:
        for interval, ms in pieces(*_clipped(stretch, period), period.zone):
            yield at(interval), of_time(stretch.kind, ms)


def _clipped(stretch: Stretch, period: Period) -> tuple[int, int]:
    """The part of a stretch that lies in the period; one that lasts goes on until now."""
    ends = stretch.ends_ms or period.now_ms
    return max(stretch.begins_ms, period.begins_ms), min(ends, period.ends_ms)


def _node(tree: str, node: str) -> str:
    return f"{tree}/{node}" if node else tree


_COUNTING: dict[By, Callable[[Period, Material, Bounds], Iterator[Counted]]] = {
    By.QUEUE: _by_queue,
    By.AGENT: _by_agent,
    By.PROBLEM: _by_problem,
    By.NODE: _by_node,
    By.INTERVAL: _by_interval,
}
