"""A recorded day in the centre as it is and in a changed one: before, after, and whether that may be believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from callrouter.simulation.again import Setup, Who, again, as_recorded
from callrouter.simulation.learned import Learned
from callrouter.simulation.outlook import (
    ABANDONMENT,
    ASA,
    MEASURES,
    OCCUPANCY,
    SERVICE_LEVEL,
    Asked,
    DayTold,
    Outlook,
    Ranges,
    changes,
    outlook,
    told,
)
from callrouter.simulation.play import play
from callrouter.simulation.recorded import Recorded

NEAR = 0.01
"""Played unchanged, the same callers must give the day's service level within one point."""
IS_BETTER: Mapping[str, Callable[[float, float], bool]] = {
    SERVICE_LEVEL: float.__ge__,
    ASA: float.__le__,
    ABANDONMENT: float.__le__,
    OCCUPANCY: float.__le__,
}


@dataclass(frozen=True, slots=True)
class Compared:
    day: DayTold
    """As it was."""
    before: Outlook
    """Played unchanged."""
    after: Outlook
    change: Ranges
    doubt: str
    """Why this is not to be judged by; empty if it is."""


def compare(
    day: Recorded, found: Learned, before: Setup, after: Setup, who: Who, count: int, seed: int, asked: Asked
) -> Compared:
    """The day `count` times in each centre, each time with the same luck in both. Ask `too_little` first."""
    was = as_recorded(day, asked)
    luck = np.random.SeedSequence(seed).spawn(count)
    first, second = (
        [told(play(again(day, found, centre, who, np.random.default_rng(one))), asked) for one in luck]
        for centre in (before, after)
    )
    unchanged = outlook(first)
    doubt = _far_off(was, unchanged, who)
    return Compared(was, unchanged, outlook(second), changes(first, second), doubt)


def _far_off(was: DayTold, unchanged: Outlook, who: Who) -> str:
    """Something ruled that day that is not in the model: other rules, a broken line, other people."""
    level, played = was.whole[SERVICE_LEVEL], unchanged.whole.get(SERVICE_LEVEL)
    if level is None or played is None:
        return "nobody was answered and nobody gave up: there is no service level"
    mean = played.mean
    if abs(level - mean) <= NEAR or (who is Who.ALIKE and played.covers_day(level)):
        return ""
    return (
        f"played unchanged, the day has a service level of {mean:.1%}, but it was {level:.1%}: were queues and agents "
        "configured then as they are now, and did everything work?"
    )


def worse_than(after: Outlook, bounds: Mapping[str, float]) -> list[str]:
    """The measures whose mean after the change is worse than its bound."""
    assert set(bounds) <= set(MEASURES)
    return [
        name
        for name, bound in bounds.items()
        if name not in after.whole or not IS_BETTER[name](after.whole[name].mean, bound)
    ]
