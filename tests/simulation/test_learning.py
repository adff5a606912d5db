"""Laws of durations, and what can be learned of them from days on which most callers were answered."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.simulation.durations import NEVER, Duration, Exponential, Fixed, LogNormal, measured
from callrouter.simulation.intervals import estimate
from callrouter.simulation.patience import Waits, kaplan_meier
from callrouter.simulation.words import clock_ms, duration, per_second, shift_ms

EVENLY = [(n + 0.5) / 100_000 for n in range(100_000)]


@pytest.mark.parametrize(("law", "mean", "deviation"), [(Exponential(180), 180, 180), (LogNormal(240, 1.2), 240, 288)])
def test_laws_have_their_mean_and_deviation(law: Duration, mean: float, deviation: float) -> None:
    values = np.array([law.at(share) for share in EVENLY])
    assert values.mean() == pytest.approx(mean, rel=0.002)
    assert values.std() == pytest.approx(deviation, rel=0.05)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60))
def test_a_measured_value_comes_back_by_its_share(values: list[int]) -> None:
    table = measured(values)
    assert [table.at(table.share_of(value)) for value in values] == values


def test_kaplan_and_meier_by_hand() -> None:
    """Five callers: gave up after 10 and 30 s, answered after 20, 20 and 40 s. S(10) = 4/5, S(30) = 4/5 * 1/2."""
    curve = kaplan_meier(Waits([10, 30], [20, 20, 40]))
    assert list(curve.seconds) == [0, 10, 30]
    assert curve.lost == pytest.approx((0, 0.2, 0.6))
    assert curve.at(0.4) == pytest.approx(20)
    assert curve.share_of(5) == pytest.approx(0.1)
    assert curve.at(0.84) == pytest.approx(60), "beyond the last one, the exponential curve through it: 0.4 squared"
    assert curve.share_of(60) == pytest.approx(0.84)
    assert curve.beyond(30, 0.6) == pytest.approx(60)


def test_patience_is_learned_although_most_were_answered_before_they_lost_it() -> None:
    chance = np.random.default_rng(3)
    patience, offered = chance.exponential(120, 20_000), chance.exponential(30, 20_000)
    curve = kaplan_meier(Waits(patience[patience < offered].tolist(), offered[patience >= offered].tolist()))
    for second in (10, 30, 60, 120):
        assert curve.share_of(second) == pytest.approx(1 - math.exp(-second / 120), abs=0.02)
    assert curve.at(0.95) == pytest.approx(Exponential(120).at(0.95), rel=0.1), "beyond what anybody waited"


def test_who_never_gave_up_taught_nothing() -> None:
    with pytest.raises(ValueError, match="nobody gave up"):
        kaplan_meier(Waits([], [1.0, 2.0]))


@given(
    st.lists(st.integers(0, 600), min_size=1, max_size=40),
    st.lists(st.integers(0, 600), max_size=40),
    st.floats(0, 700),
    st.floats(0, 0.999),
)
def test_a_patience_curve_never_turns_back(
    gave_up: list[int], otherwise: list[int], waited: float, share: float
) -> None:
    curve = kaplan_meier(Waits(gave_up, otherwise))
    values = [curve.at(step / 50) for step in range(50)]
    assert values == sorted(values)
    assert curve.beyond(waited, share) >= waited


def test_an_interval_is_students_and_holds_what_never_varied() -> None:
    found = estimate([1.0, 2.0, 3.0, None])
    assert found is not None
    assert (found.mean, found.days) == (2.0, 3)
    assert found.high - found.mean == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    still = estimate([0.9333333333333333] * 5)
    assert still is not None
    assert still.covers(0.9333333333333334)
    assert not still.covers(0.9334)
    assert estimate([None]) is None
    assert found.covers_day(6.9)
    assert not found.covers_day(7.0)


def test_durations_and_rates_are_written_in_words() -> None:
    assert duration("exponential 180") == duration("exponential:180") == Exponential(180)
    assert duration("lognormal 240 1.2") == LogNormal(240, 1.2)
    assert (duration("fixed 3"), duration("never")) == (Fixed(3), NEVER)
    assert per_second("480/h") == pytest.approx(480 / 3600)
    assert per_second("100/30min") == pytest.approx(100 / 1800)
    assert (clock_ms("08:30"), clock_ms("24:00")) == (30_600_000, 86_400_000)
    assert shift_ms("08:00-16:30") == (28_800_000, 59_400_000)


@pytest.mark.parametrize("text", ["exponential", "exponential -3", "exponential nan", "exponential inf", "lognormal 3",
                                  "soon", "", "never 3"])  # fmt: skip
def test_other_words_for_a_duration_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        duration(text)


@pytest.mark.parametrize("text", ["480", "480/0h", "many/h", "-3/h", "480/week", ""])
def test_other_words_for_a_rate_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        per_second(text)


@pytest.mark.parametrize("text", ["8:00", "25:00", "24:30", "noon", "16:30-08:00", "08:00"])
def test_other_words_for_a_shift_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        shift_ms(text)
