"""A small day counted by hand, and every figure of it worked out on paper."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.reporting import figures as f
from callrouter.reporting.counts import Bounds, Counts, of_offer, of_stay, of_step, of_talk, of_time
from callrouter.reporting.facts import Offered, Outcome, Stay, Stepped, Talked
from callrouter.reporting.figures import Variant, service_level

BOUNDS = Bounds(within_ms=20_000, short_ms=5_000)

# (how it ended, seconds waited): four answered, three of them in time (exactly 20 s still is); four gave up, one of
# them short (4.999 s; exactly 5 s is not), three within 20 s
DAY = (
    (Outcome.ANSWERED, 0.0),
    (Outcome.ANSWERED, 12.0),
    (Outcome.ANSWERED, 20.0),
    (Outcome.ANSWERED, 20.001),
    (Outcome.ABANDONED, 4.999),
    (Outcome.ABANDONED, 5.0),
    (Outcome.ABANDONED, 20.0),
    (Outcome.ABANDONED, 95.0),
    (Outcome.TIMED_OUT, 600.0),
    (Outcome.MOVED_ON, 60.0),
    (Outcome.WENT_BACK, 30.0),
    (Outcome.LOST, 2.0),
    (Outcome.WAITING, 0.0),
)


def a_stay(outcome: Outcome, waited_s: float, n: int = 0) -> Stay:
    return Stay("c1", n, "payers", 0, outcome=outcome, waited_ms=round(waited_s * 1000), left_ms=1)


def the_day() -> Counts:
    total = Counts()
    for outcome, waited in DAY:
        total += of_stay(a_stay(outcome, waited), BOUNDS)
    return total


def test_the_day_is_counted_as_by_hand() -> None:
    assert the_day() == Counts(
        entered=13,
        waiting=1,
        moved_on=1,
        answered=4,
        answered_within=3,
        abandoned=4,
        abandoned_within=3,
        abandoned_short=1,
        timed_out=1,
        went_back=1,
        lost=1,
        answered_wait_ms=52_001,
        longest_wait_ms=600_000,
    )


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (Variant.OFFERED, 3 / (4 + 4 - 1)),
        (Variant.ALL_ARRIVALS, 3 / 11),  # thirteen, but for who moved on and who waits still
        (Variant.FLOW_OUTS, 3 / (7 + 3)),
        (Variant.ANSWERED, 3 / 4),
        (Variant.ASTERISK_SL2, (3 + 3) / (4 + 4)),
    ],
)
def test_the_service_level_of_the_day_by_each_formula(variant: Variant, expected: float) -> None:
    assert service_level(the_day(), variant) == pytest.approx(expected)
    assert f.FORMULAS[variant] in f.words(variant, BOUNDS)
    assert "20 s" in f.words(variant, BOUNDS)


def test_waits_and_abandonment_of_the_day() -> None:
    day = the_day()
    assert f.asa_s(day) == pytest.approx(52.001 / 4)
    assert f.abandonment(day) == pytest.approx(3 / 7)
    assert f.longest_wait_s(day) == 600


def test_handle_times_count_conversations_that_are_over_with_agents_only() -> None:
    talks = [
        Talked("c1", 0, "anna", "payers", 1_000, ended_ms=61_000, wrap_ms=10_000),
        Talked("c2", 0, "anna", "payers", 1_000, ended_ms=121_000, wrap_ms=20_000),
        Talked("c3", 0, "anna", "payers", 1_000),  # still talking
        Talked("c4", 0, "bank", "", 1_000, ended_ms=900_000),  # somebody of the directory
    ]
    counts = Counts()
    for talk in talks:
        counts += of_talk(talk)
    assert (counts.handled, f.talk_s(counts), f.acw_s(counts), f.aht_s(counts)) == (2, 90.0, 15.0, 105.0)
    assert f.transfer_rate(counts) == 0


def test_ring_no_answer_leaves_out_what_is_not_the_agents_fault() -> None:
    results = ["accepted"] * 5 + ["missed", "missed", "declined", "taken back", "taken back", "unreachable"]
    counts = Counts()
    for n, result in enumerate(results):
        counts += of_offer(Offered("c", n, "anna", "payers", 1_000, rang_ms=1_200, ended_ms=16_200, result=result))
    assert f.rna(counts) == pytest.approx(3 / 8)
    assert counts.missed_ring_ms == 30_000


def test_occupancy_is_what_was_used_of_the_time_for_callers() -> None:
    counts = Counts()
    hour = {"talking": 20, "ringing": 4, "wrap-up": 6, "free": 10, "resting": 3, "not ready": 12, "unreachable": 5}
    for kind, minutes in {**hour, "out": 100}.items():
        counts += of_time(kind, minutes * 60_000)
    assert f.occupancy(counts) == pytest.approx(30 / 40)


def test_a_node_tells_how_callers_left_it() -> None:
    counts = Counts()
    for n, left_by in enumerate(["1", "silence", "invalid", "hung up", "", "queue"]):
        counts += of_step(Stepped("c", n, "payments", "who", 1_000, "", 3_000, left_by))
    assert (f.hang_up_rate(counts), f.trouble_rate(counts), f.node_s(counts)) == (1 / 6, 2 / 6, 2.0)


def test_nothing_divided_by_nothing_is_nothing() -> None:
    for variant in Variant:
        figures = f.figures(Counts(), variant)
        empty = {field.name: getattr(figures, field.name) for field in fields(figures)}
        assert empty.pop("longest_wait_s") == 0
        assert set(empty.values()) == {None}


STAYS = st.lists(
    st.builds(a_stay, st.sampled_from(list(Outcome)), st.integers(0, 120_000).map(lambda ms: ms / 1000)), max_size=40
)


@given(STAYS, st.integers(0, 60_000), st.integers(0, 60_000))
def test_every_share_is_one_and_every_stay_is_in_one_pile(stays: list[Stay], within: int, short: int) -> None:
    counts = Counts()
    for stay in stays:
        counts += of_stay(stay, Bounds(within, short))
    left = (counts.timed_out, counts.moved_on, counts.sent_away, counts.went_back)
    assert sum(left) == f.flow_outs(counts)
    assert counts.answered + counts.abandoned + sum(left) + counts.lost + counts.waiting == counts.entered
    assert counts.entered + counts.refused == len(stays)
    for variant in Variant:
        share = service_level(counts, variant)
        assert share is None or 0 <= share <= 1, variant
    gave_up = f.abandonment(counts)
    assert gave_up is None or 0 <= gave_up <= 1


@given(st.lists(st.builds(Counts, *(st.integers(0, 9) for _ in fields(Counts))), max_size=6))
def test_counts_add_up_in_any_order(some: list[Counts]) -> None:
    forwards, backwards = Counts(), Counts()
    for counts in some:
        forwards += counts
    for counts in reversed(some):
        backwards = counts + backwards
    assert forwards == backwards
    assert forwards.entered == sum(counts.entered for counts in some)
    assert forwards.longest_wait_ms == max((counts.longest_wait_ms for counts in some), default=0)
    assert forwards + Counts() == replace(forwards)


def foretold(outcome: Outcome, came_ms: int, p50_ms: int = 60_000, p90_ms: int = 120_000) -> Counts:
    stay = Stay("c1", 0, "payers", 0, outcome=outcome, left_ms=1_000 + came_ms, expected_at_ms=1_000)
    return of_stay(replace(stay, p50_ms=p50_ms, p90_ms=p90_ms), BOUNDS)


def test_expected_waits_are_held_against_what_came() -> None:
    total = Counts()
    for came in (30_000, 60_000, 100_000, 150_000):
        total += foretold(Outcome.ANSWERED, came)
    assert f.expected_error(total) == pytest.approx((30 + 0 + 40 + 90) / (4 * 60))
    assert f.expected_within_p90(total) == 3 / 4
    assert (total.foretold, total.foretold_within_p50) == (4, 2)


def test_who_gave_up_before_the_promise_was_broken_proves_nothing() -> None:
    assert foretold(Outcome.ABANDONED, 119_000).foretold == 0
    assert foretold(Outcome.ABANDONED, 121_000).foretold == 1
    assert foretold(Outcome.WENT_BACK, 121_000).foretold == 0
    assert f.expected_error(Counts()) is None
