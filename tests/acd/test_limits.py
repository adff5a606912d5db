"""How many calls are enough: in a shift, and in any sixty minutes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callrouter.acd import activity
from callrouter.acd.limits import HOUR_MS, answered, has_enough, is_last
from callrouter.config import MaxCalls
from tests.acd.floors import agent, floor_of

MINUTE_MS = 60_000


def test_without_limits_a_call_is_only_counted() -> None:
    assert answered(4, "", MaxCalls(), 1_000) == {"calls": "5"}


def test_the_last_call_of_the_shift_says_so_when_it_is_answered() -> None:
    assert "presence" not in answered(1, "", MaxCalls(shift=3), 0)
    assert answered(2, "", MaxCalls(shift=3), 0) | {"presence_since": ""} == {
        "calls": "3",
        "presence": "NOT_READY",
        "reason": "limit",
        "presence_since": "",
    }
    assert is_last(2, MaxCalls(shift=3))


def test_the_hour_is_full_until_its_first_call_is_an_hour_old() -> None:
    limits = MaxCalls(hour=2)
    first = answered(0, "", limits, 10 * MINUTE_MS)
    assert (first["recent"], first["rest_until"]) == ("600000", "0")
    second = answered(1, first["recent"], limits, 30 * MINUTE_MS)
    assert second["rest_until"] == str(10 * MINUTE_MS + HOUR_MS)
    third = answered(2, second["recent"], limits, 70 * MINUTE_MS)
    assert (third["recent"], third["rest_until"]) == ("1800000,4200000", str(30 * MINUTE_MS + HOUR_MS))


def test_a_limit_taken_out_of_the_configuration_rests_nobody_any_more() -> None:
    assert answered(3, "1,2", MaxCalls(), 5)["rest_until"] == "0"


@given(st.integers(1, 5), st.lists(st.integers(0, HOUR_MS), min_size=1, max_size=30))
def test_whoever_waits_out_the_rest_never_has_more_than_the_limit_in_any_hour(hour: int, gaps: list[int]) -> None:
    now, recent, calls, begun = 0, "", 0, list[int]()
    for gap in gaps:
        now += gap
        fields = answered(calls, recent, MaxCalls(hour=hour), now)
        begun.append(now)
        recent, calls = fields["recent"], int(fields["calls"])
        now = max(now, int(fields["rest_until"]))
    for at in begun:
        assert sum(at <= other < at + HOUR_MS for other in begun) <= hour


def test_the_work_after_a_call_ends_in_a_rest_while_the_hour_is_full() -> None:
    assert activity.freed(5_000, 4_999) == activity.resting(5_000, "limit")
    assert activity.freed(5_000, 5_000) == activity.idle()


def test_who_has_enough_for_the_shift_has_it_until_the_log_out() -> None:
    anna = floor_of(agent("anna", calls="3")).agents["anna"]
    assert has_enough(anna, MaxCalls(shift=3))
    assert not has_enough(anna, MaxCalls(shift=4))
    assert not has_enough(anna, MaxCalls())
