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
    """Talk times by (queue, agent), else the caller's own; how long phones ring and agents are told who is coming; the
    shares of offers that nobody answers, of phones that do not ring, and of offers that are declined."""

    talk_with: Mapping[tuple[str, str], Duration] = field(default_factory=dict)
    answers: Duration = AT_ONCE
    missed: float = 0.0
    away_s: float = 60.0
    unreachable: float = 0.0
    declined: float = 0.0
    briefing: Duration = AT_ONCE

    def talk_ms(self, caller: Caller, queue: str, agent: str) -> int:
        talk = self.talk_with.get((queue, agent))
        return max(1, round(talk.at(caller.talk) * 1000) if talk else caller.talk_ms)

    def ring(self, caller: Caller, _queue: str, _agent: str, time: int) -> Ring:
        luck = (caller.ring + time * GOLDEN) % 1
        if luck < self.missed + self.unreachable:
            return self._in_vain("missed" if luck < self.missed else "unreachable", UNANSWERED_MS)
        silent = self.missed + self.unreachable
        after_ms = round(self.answers.at((luck - silent) / (1 - silent)) * 1000)
        if luck >= 1 - self.declined:
            return self._in_vain("declined", after_ms)
        return Ring(after_ms, briefed_ms=round(self.briefing.at(caller.talk) * 1000))

    def _in_vain(self, why: str, after_ms: int) -> Ring:
        return Ring(after_ms, answered=False, away_ms=round(self.away_s * 1000), why=why)
