"""What played days say of a centre: each figure's mean with its interval, and the range of single days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from callrouter.reporting.counts import Bounds, Counts
from callrouter.reporting.figures import Variant, abandonment, asa_s, occupancy, service_level
from callrouter.simulation.counted import counted, never_let_in
from callrouter.simulation.day import Played
from callrouter.simulation.intervals import Estimate, estimate

SERVICE_LEVEL, ASA, ABANDONMENT, OCCUPANCY = "service_level", "asa_s", "abandonment", "occupancy"
MEASURES = (SERVICE_LEVEL, ASA, ABANDONMENT, OCCUPANCY)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures are wanted."""

    bounds: Bounds = field(default_factory=Bounds)
    variant: Variant = Variant.OFFERED


Figures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class DayTold:
    """One day in numbers: the figures of the whole and of each queue, and how many called."""

    whole: Figures
    queues: Mapping[str, Figures]
    callers: int
    turned_away: int
    """Whom no queue took, or a rule sent away with nowhere else to go."""


Ranges = Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Outlook:
    days: int
    callers: float
    """A day, on average."""
    turned_away: float
    whole: Ranges
    queues: Mapping[str, Ranges]


def told(played: Played, asked: Asked) -> DayTold:
    queues = {queue: counted(played, asked.bounds, queue) for queue in played.day.rules}
    never, whole = never_let_in(played), counted(played, asked.bounds)
    return DayTold(
        whole=measures(whole, asked.variant),
        queues={queue: measures(counts, asked.variant) for queue, counts in queues.items()},
        callers=sum(counts.entered - counts.moved_on for counts in queues.values()) + never,
        turned_away=never + whole.sent_away,
    )


def measures(counts: Counts, variant: Variant) -> Figures:
    asked: dict[str, Callable[[Counts], float | None]] = {
        SERVICE_LEVEL: lambda counts: service_level(counts, variant),
        ASA: asa_s,
        ABANDONMENT: abandonment,
        OCCUPANCY: occupancy,
    }
    return {name: formula(counts) for name, formula in asked.items()}


def outlook(days: Sequence[DayTold]) -> Outlook:
    return Outlook(
        days=len(days),
        callers=sum(day.callers for day in days) / len(days),
        turned_away=sum(day.turned_away for day in days) / len(days),
        whole=ranges([day.whole for day in days]),
        queues={queue: ranges([day.queues[queue] for day in days]) for queue in days[0].queues},
    )


def ranges(days: Sequence[Figures]) -> Ranges:
    """Figures that some day had."""
    found = {name: estimate([day.get(name) for day in days]) for name in MEASURES}
    return {name: one for name, one in found.items() if one is not None}


def changes(before: Sequence[DayTold], after: Sequence[DayTold]) -> Ranges:
    """Day by day, since both had the same luck: what is left is the difference that the change makes."""
    pairs = [(one.whole, other.whole) for one, other in zip(before, after, strict=True)]
    return ranges([{name: _difference(one.get(name), other.get(name)) for name in MEASURES} for one, other in pairs])


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
