"""Erlang's formulas against published figures, and against each other where one becomes the other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import expm

from callrouter.simulation.erlang import (
    agents_for_blocking,
    erlang_a,
    erlang_b,
    erlang_c,
    load_for_blocking,
    served_within_a,
    wait_over_a,
    wait_over_c,
    wait_quantile_a,
)

BUSY = (50, 48 / 60, 60.0)
"""50 agents, 48 calls a minute of one minute: the comparison table of Mandelbaum and Zeltyn, "The Palm/Erlang-A Queue,
with Applications to Call Centers" (2005)."""
HALF_HOUR = (100 / 1800, 180.0)
"""100 calls in half an hour, of three minutes: the worked example in the documentation of the package pyworkforce."""


def test_erlang_c_gives_the_published_centre_of_fifty_agents() -> None:
    line = erlang_c(*BUSY)
    assert line.mean_wait_s == pytest.approx(20.834, abs=0.001)
    assert line.mean_queue == pytest.approx(16.667, abs=0.001)
    assert line.occupancy == pytest.approx(0.96)
    assert line.waits == pytest.approx(0.6945, abs=0.00005)
    assert wait_over_c(*BUSY, 58.139) == pytest.approx(0.1, abs=0.00002)


def test_erlang_a_gives_the_published_centre_of_fifty_agents() -> None:
    line = erlang_a(*BUSY, patience_s=120)
    assert line.abandons == pytest.approx(0.03091, abs=0.000005)
    assert line.mean_wait_s == pytest.approx(3.709, abs=0.0005)
    assert line.mean_queue == pytest.approx(2.968, abs=0.0005)
    assert line.occupancy == pytest.approx(0.9303, abs=0.00005)
    assert line.waits == pytest.approx(0.46777, abs=0.000005)
    assert wait_quantile_a(*BUSY, 120, 0.9) == pytest.approx(12.445, abs=0.0005)


def test_erlang_c_gives_the_published_half_hour() -> None:
    line = erlang_c(14, *HALF_HOUR)
    assert 1 - wait_over_c(14, *HALF_HOUR, 20) == pytest.approx(0.8883500191794669, rel=1e-14)
    assert line.occupancy == pytest.approx(0.7142857142857143, rel=1e-14)
    assert line.waits == pytest.approx(0.1741319335950498, rel=1e-14)


def test_erlang_a_gives_the_published_half_hour() -> None:
    line = erlang_a(13, *HALF_HOUR, patience_s=300)
    assert line.waits == pytest.approx(0.2258, abs=0.00005)
    assert line.abandons == pytest.approx(0.02496, abs=0.000005)
    assert line.occupancy == pytest.approx(0.75003, abs=0.000005)
    assert line.mean_wait_s / 60 == pytest.approx(0.12482, abs=0.000005)
    assert served_within_a(13, *HALF_HOUR, 300, 20) == pytest.approx(0.858, abs=0.0005)


def test_the_law_of_the_wait_is_that_of_a_caller_who_moves_up_in_the_line() -> None:
    """The same by another way: with j ahead the next step comes at rate agents/talk + j/patience, or patience ends."""
    (agents, arrivals, talk_s), patience_s, seconds, places = (13, *HALF_HOUR), 300.0, 20.0, 120
    ahead = np.arange(places)
    steps = np.zeros((places + 2, places + 2))
    steps[ahead, np.where(ahead, ahead - 1, places)] = agents / talk_s + ahead / patience_s
    steps[ahead, places + 1] = 1 / patience_s
    np.fill_diagonal(steps, -steps.sum(axis=1))
    found = np.array([_chance_of_finding(agents + j, agents, arrivals, talk_s, patience_s) for j in range(places)])
    after = np.concatenate([found, [0, 0]]) @ expm(steps * seconds)
    waits = erlang_a(13, *HALF_HOUR, patience_s=300).waits
    assert found.sum() == pytest.approx(waits, rel=1e-12)
    assert wait_over_a(13, *HALF_HOUR, 300, 20) == pytest.approx(after[:places].sum(), rel=1e-9)
    assert served_within_a(13, *HALF_HOUR, 300, 20) == pytest.approx(1 - waits + after[places], rel=1e-9)


def _chance_of_finding(present: int, agents: int, arrivals: float, talk_s: float, patience_s: float) -> float:
    """Up to 400 callers, the product of the steps' rates written down plainly."""
    rates = [arrivals / (min(n, agents) / talk_s + max(0, n - agents) / patience_s) for n in range(1, 400)]
    weights = np.cumprod([1.0, *rates])
    return float(weights[present] / weights.sum())


@pytest.mark.parametrize(("lines", "load"), [(10, 4.4612), (15, 8.1080), (20, 12.0306), (50, 37.9014), (100, 84.0642)])
def test_erlang_b_gives_the_standard_table_of_one_percent(lines: int, load: float) -> None:
    assert load_for_blocking(lines, 0.01) == pytest.approx(load, abs=0.00005)


def test_erlang_b_gives_the_lines_that_are_needed() -> None:
    assert agents_for_blocking(1200 / 3600 * 100, 0.01) == 45
    assert erlang_b(45, 1200 / 3600 * 100) == pytest.approx(0.009654, abs=0.0000005)
    assert erlang_b(17, 10) == pytest.approx(0.01295, abs=0.000005)
    assert agents_for_blocking(8, 0.01) == 15
    assert erlang_b(14, 8) == pytest.approx(0.0172, abs=0.00005)


@pytest.mark.parametrize(
    ("arrivals", "waits", "abandons", "queue", "occupancy"),
    [
        (90, 0.15822, 0.00833, 0.74987, 0.89250),
        (100, 0.51330, 0.03986, 3.98610, 0.96014),
        (102, 0.59172, 0.04992, 5.09163, 0.96908),
        (110, 0.84172, 0.09919, 10.91107, 0.99089),
        (120, 0.97214, 0.16769, 20.12315, 0.99877),
    ],
)
def test_erlang_a_of_a_hundred_agents_from_calm_to_overload(
    arrivals: float, waits: float, abandons: float, queue: float, occupancy: float
) -> None:
    line = erlang_a(100, arrivals, 1, 1)
    found = (line.waits, line.abandons, line.mean_queue, line.occupancy)
    assert found == pytest.approx((waits, abandons, queue, occupancy), abs=0.000005)


def test_a_line_with_thirty_places_blocks_who_finds_them_taken() -> None:
    line = erlang_a(90, 8.4, 10, places=30)
    assert line.blocked == pytest.approx(0.0036431, abs=0.00000005)
    assert line.waits == pytest.approx(0.37971, abs=0.000005)
    assert line.mean_wait_s == pytest.approx(0.45002, abs=0.000005)
    assert line.mean_queue == pytest.approx(3.76642, abs=0.000005)


def test_without_places_to_wait_erlang_a_is_erlang_b() -> None:
    assert erlang_a(15, 8, 1, places=0).blocked == pytest.approx(erlang_b(15, 8), rel=1e-12)


def test_endless_patience_makes_erlang_a_erlang_c() -> None:
    patient, endless = erlang_a(*BUSY, patience_s=1e9), erlang_a(*BUSY, patience_s=math.inf)
    assert patient.mean_wait_s == pytest.approx(endless.mean_wait_s, rel=1e-5)


def test_the_law_of_the_wait_agrees_with_its_mean_and_begins_at_those_who_wait() -> None:
    line = erlang_a(*BUSY, patience_s=120)
    steps = [wait_over_a(*BUSY, 120, t / 10) for t in range(6_000)]
    assert steps[0] == pytest.approx(line.waits, rel=1e-9)
    assert sum(steps) / 10 - steps[0] / 20 == pytest.approx(line.mean_wait_s, rel=1e-5)
    assert served_within_a(*BUSY, 120, 1e5) == pytest.approx(1 - line.abandons, rel=1e-9)


def test_too_few_agents_without_abandonment_are_refused() -> None:
    with pytest.raises(ValueError, match="grows without end"):
        erlang_c(48, 48 / 60, 60)
