"""How people talk and answer, by queue and agent: the luck a caller has, turned into times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from callrouter.simulation.day import Caller, Ring
from callrouter.simulation.durations import Duration, Fixed

AT_ONCE = Fixed(0.0)
GOLDEN = 0.6180339887498949
"""Steps of the golden section spread a caller's further offers evenly over all luck there is."""
UNANSWERED_MS = 24 * 3_600_000
"""Longer than any phone is let ring."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Talk times by (queue, agent), else the caller's own; how long phones ring, the share of offers nobody answers."""

    talk_with: Mapping[tuple[str, str], Duration] = field(default_factory=dict)
    answers: Duration = AT_ONCE
    missed: float = 0.0
    away_s: float = 60.0

    def talk_ms(self, caller: Caller, queue: str, agent: str) -> int:
        talk = self.talk_with.get((queue, agent))
        return max(1, round(talk.at(caller.talk) * 1000) if talk else caller.talk_ms)

    def ring(self, caller: Caller, _queue: str, _agent: str, time: int) -> Ring:
        luck = (caller.ring + time * GOLDEN) % 1
        if luck < self.missed:
            return Ring(UNANSWERED_MS, answered=False, away_ms=round(self.away_s * 1000))
        return Ring(round(self.answers.at((luck - self.missed) / (1 - self.missed)) * 1000))
