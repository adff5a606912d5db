"""Exactly how often which agent takes which callers, when the longest waiting meets the longest idle.

First come first served, assign to the longest idle server (FCFS-ALIS) has a stationary law in product form:
I. Adan and G. Weiss (2014), "A skill based parallel service system under FCFS-ALIS - steady state, overloads, and
abandonments", Stochastic Systems 4. A state lists the busy agents by the age of their calls, with the callers who
were passed over between them, then the idle agents, the longest idle last. Callers of a gap are those that only the
agents before it serve. Small systems only: every order of the agents is a state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod

Rates = dict[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Floor:
    """Callers of each kind and how fast they come; agents, how fast they are done, and whom they serve."""

    arrivals: Mapping[str, float]
    agents: Mapping[str, float]
    serves: Mapping[str, Collection[str]]

    def only_by(self, agents: Iterable[str]) -> frozenset[str]:
        """The callers that nobody else serves."""
        others = self.agents.keys() - set(agents)
        return frozenset(kind for kind in self.arrivals if not any(kind in self.serves[agent] for agent in others))

    def by(self, agents: Iterable[str]) -> frozenset[str]:
        """The callers that any of these serves."""
        return frozenset(kind for agent in agents for kind in self.serves[agent])

    def rate(self, kinds: Iterable[str]) -> float:
        return sum(self.arrivals[kind] for kind in kinds)


def matching_rates(floor: Floor) -> Rates:
    """(kind of caller, agent) → how many such talks begin in a unit of time, in the long run."""
    found = dict.fromkeys(((kind, agent) for agent in floor.agents for kind in floor.serves[agent]), 0.0)
    total = 0.0
    for busy, idle in _states(floor):
        loads = [_load(floor, busy[: n + 1]) for n in range(len(busy))]
        if any(load >= 1 for load in loads):
            raise ValueError("these agents cannot serve these callers: the line grows without end")
        weight = _weight(floor, busy, idle)
        total += weight * prod(1 / (1 - load) for load in loads)
        for match, rate in _matches(floor, busy, idle, loads):
            found[match] += weight * rate
    return {match: rate / total for match, rate in found.items()}


def _states(floor: Floor) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Busy agents, the one with the oldest call first, and idle ones, the longest idle last."""
    for order in permutations(floor.agents):
        for busy in range(len(order) + 1):
            yield order[:busy], order[busy:]


def _speed(floor: Floor, agents: Iterable[str]) -> float:
    return sum(floor.agents[agent] for agent in agents)


def _load(floor: Floor, busy: Sequence[str]) -> float:
    """By how much one more caller in the gap after these agents makes a state rarer."""
    return floor.rate(floor.only_by(busy)) / _speed(floor, busy)


def _weight(floor: Floor, busy: Sequence[str], idle: Sequence[str]) -> float:
    """Of the state in which all gaps are empty."""
    working = prod(_speed(floor, busy[: n + 1]) for n in range(len(busy)))
    resting = prod(floor.rate(floor.by(idle[n:])) for n in range(len(idle)))
    return 1 / (working * resting)


def _matches(
    floor: Floor, busy: Sequence[str], idle: Sequence[str], loads: Sequence[float]
) -> Iterator[tuple[tuple[str, str], float]]:
    """Talks that begin in states with these agents busy and idle, summed over all that may stand in the gaps."""
    all_gaps = prod(1 / (1 - load) for load in loads)
    for kind, arrivals in floor.arrivals.items():
        taker = next((agent for agent in reversed(idle) if kind in floor.serves[agent]), None)
        if taker is not None:
            yield (kind, taker), arrivals * all_gaps
    for n, agent in enumerate(busy):
        yield from _taken_from_gaps(floor, busy, n, agent, loads)


def _taken_from_gaps(
    floor: Floor, busy: Sequence[str], n: int, agent: str, loads: Sequence[float]
) -> Iterator[tuple[tuple[str, str], float]]:
    """An agent who is done takes the oldest caller they serve; in the gaps before their own place stands none."""
    nobody_yet = prod(1 / (1 - load) for load in loads[:n])
    for gap in range(n, len(busy)):
        kinds = floor.only_by(busy[: gap + 1])
        able = [kind for kind in kinds if kind in floor.serves[agent]]
        without = loads[gap] * (1 - floor.rate(able) / floor.rate(kinds)) if kinds else 0.0
        somebody = 1 / (1 - loads[gap]) - 1 / (1 - without)
        behind = prod(1 / (1 - load) for load in loads[gap + 1 :])
        for kind in able:
            share = floor.arrivals[kind] / floor.rate(able)
            yield (kind, agent), floor.agents[agent] * nobody_yet * somebody * behind * share
        nobody_yet /= 1 - without
