"""Exact answers for the simplest centres, against which the simulator is measured: Erlang B, C and A.

One line, alike agents, Poisson arrivals, exponential talk and patience. Sources: A. K. Erlang (1917) for B and C;
C. Palm (1957), "Research on telephone traffic carried by full availability groups", for A; the law of the wait with
impatient callers: F. Baccelli and G. Hebuterne (1981), "On queues with impatient customers", section 4.
Rates are per second, times in seconds, load is in erlangs (arrivals times talk time).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaln

_NOTHING = 1e-17
"""A state this much rarer than the most frequent one, and the rarer ones after it, change no digit of a double."""


@dataclass(frozen=True, slots=True)
class LongRun:
    """What a centre settles to. Shares are of the callers who were let in, `blocked` of all."""

    waits: float
    """P(wait > 0)."""
    abandons: float
    mean_wait_s: float
    """Of all callers who were let in, those who gave up too."""
    mean_queue: float
    occupancy: float
    blocked: float = 0.0


def erlang_b(agents: int, load: float) -> float:
    """The share of callers who find all agents busy, where nobody can wait."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def agents_for_blocking(load: float, bound: float) -> int:
    """The fewest agents with which no more than this share is blocked."""
    agents = 0
    while erlang_b(agents, load) > bound:
        agents += 1
    return agents


def load_for_blocking(agents: int, bound: float) -> float:
    """The greatest load of which no more than this share is blocked."""
    low, high = 0.0, agents / (1 - bound) + 1
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if erlang_b(agents, middle) <= bound else (low, middle)
    return low


def erlang_c(agents: int, arrivals: float, talk_s: float) -> LongRun:
    """Nobody gives up. Callers who wait: b / (1 - rho (1 - b)), with Erlang B's b."""
    load = arrivals * talk_s
    if load >= agents:
        raise ValueError(f"{agents} agents cannot carry {load:.2f} erlangs: the line grows without end")
    busy = load / agents
    blocked = erlang_b(agents, load)
    waits = blocked / (1 - busy * (1 - blocked))
    wait_s = waits * talk_s / (agents - load)
    return LongRun(waits, 0.0, wait_s, wait_s * arrivals, busy)


def wait_over_c(agents: int, arrivals: float, talk_s: float, seconds: float) -> float:
    """P(wait > t) in Erlang C."""
    line = erlang_c(agents, arrivals, talk_s)
    return line.waits * math.exp(-(agents - arrivals * talk_s) * seconds / talk_s)


def erlang_a(
    agents: int, arrivals: float, talk_s: float, patience_s: float = math.inf, places: int | None = None
) -> LongRun:
    """Callers give up; with `places` only so many may wait, and further ones are blocked."""
    leaving = 1 / patience_s if math.isfinite(patience_s) else 0.0
    if not leaving and places is None:
        return erlang_c(agents, arrivals, talk_s)
    chances = _chances(agents, arrivals, lambda n: min(n, agents) / talk_s + max(0, n - agents) * leaving, places)
    present = np.arange(len(chances))
    blocked = float(chances[-1]) if places is not None else 0.0
    let_in = arrivals * (1 - blocked)
    queue = float(np.sum(chances * np.maximum(0, present - agents)))
    waits = float(np.sum(chances[agents:])) - blocked
    return LongRun(
        waits=waits / (1 - blocked),
        abandons=queue * leaving / let_in,
        mean_wait_s=queue / let_in,
        mean_queue=queue,
        occupancy=float(np.sum(chances * np.minimum(present, agents))) / agents,
        blocked=blocked,
    )


def _chances(
    agents: int, arrivals: float, departures: Callable[[int], float], places: int | None
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How often each number of callers is present: in balance, as many steps lead up as down."""
    down = [1.0]
    for n in range(agents, 0, -1):
        down.append(down[-1] * departures(n) / arrivals)
    up: list[float] = []
    last, highest = 1.0, max(down)
    while len(up) < places if places is not None else last > _NOTHING * highest:
        last *= arrivals / departures(agents + len(up) + 1)
        highest = max(highest, last)
        up.append(last)
    weights = np.array([*reversed(down), *up])
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def wait_over_a(agents: int, arrivals: float, talk_s: float, patience_s: float, seconds: float) -> float:
    """P(time in the line > t), whether it ends with an agent or by giving up."""
    offered = _offered_over(agents, arrivals, talk_s, patience_s, seconds, 0.0)
    return offered * math.exp(-seconds / patience_s)


def served_within_a(agents: int, arrivals: float, talk_s: float, patience_s: float, seconds: float) -> float:
    """The service level over all arrivals: P(an agent within t)."""
    at_once = 1 - erlang_a(agents, arrivals, talk_s, patience_s).waits
    later = _offered_over(agents, arrivals, talk_s, patience_s, 0.0, 1 / patience_s) - _offered_over(
        agents, arrivals, talk_s, patience_s, seconds, 1 / patience_s
    )
    return at_once + later


def _offered_over(
    agents: int, arrivals: float, talk_s: float, patience_s: float, seconds: float, patient: float
) -> float:
    """The integral from t of the density of the wait that a caller of endless patience would have, times
    exp(-patient x), which weighs it with a patience that lasts so long.

    That density is arrivals P(all agents but one busy) exp(arrivals integral of P(patience > u) du - agents x / talk);
    with y = arrivals patience exp(-x / patience) its integral is an incomplete gamma function.
    """
    power = patience_s * (agents / talk_s + patient)
    scale = arrivals * patience_s
    one_free = _one_agent_free(agents, arrivals, talk_s, patience_s)
    share = gammainc(power, scale * math.exp(-seconds / patience_s))
    grown = math.exp(scale + gammaln(power) - power * math.log(scale))
    return float(arrivals * one_free * patience_s * grown * share)


def _one_agent_free(agents: int, arrivals: float, talk_s: float, patience_s: float) -> float:
    chances = _chances(
        agents, arrivals, lambda n: min(n, agents) / talk_s + max(0, n - agents) / patience_s, places=None
    )
    return float(chances[agents - 1])


def wait_quantile_a(agents: int, arrivals: float, talk_s: float, patience_s: float, share: float) -> float:
    """The time within which this share of callers has left the line."""
    low, high = 0.0, patience_s
    while wait_over_a(agents, arrivals, talk_s, patience_s, high) > 1 - share:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        over = wait_over_a(agents, arrivals, talk_s, patience_s, middle) > 1 - share
        low, high = (middle, high) if over else (low, middle)
    return high
