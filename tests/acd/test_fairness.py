"""Nobody starves: whatever comes after them, every caller whom somebody can serve is offered in the end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.acd.choose import next_change_ms, pairings, turn_order
from callrouter.acd.floor import Floor
from callrouter.acd.turn import GAP_MS, PRIORITY_MS
from tests.acd.floors import agent, floor_of, queue, waiting

HIGHEST = 2
"""Points of priority that the callers who come later have, at most."""
STEP_MS = 5_000

priorities = st.integers(-HIGHEST, HIGHEST).map(str)
rivals = st.lists(
    st.tuples(priorities, st.sampled_from(["payers", "merchants"]), st.sampled_from(["", "english:2", "english:5"])),
    min_size=1,
    max_size=4,
)


def promised(victims_priority: int, target_ms: int) -> int:
    """After so long a wait no newcomer can be ahead: two queues' and calls' priorities, the targets, the gap."""
    points = HIGHEST - victims_priority + 2 * HIGHEST
    return PRIORITY_MS * points + target_ms + GAP_MS * 10


@settings(deadline=None, max_examples=25)
@given(priorities, rivals, st.sampled_from(["", "english:3"]), st.sampled_from(["1000", "60000"]))
def test_a_caller_of_low_priority_is_offered_though_better_ones_never_stop_coming(
    priority: str, newcomers: list[tuple[str, str, str]], prefer: str, target_ms: str
) -> None:
    floor = floor_of(
        queue("payers", priority=str(-HIGHEST), target_ms=target_ms),
        queue("merchants", priority=str(HIGHEST), target_ms="1000"),
        agent("anna", "payers", "merchants", skills="english:4", activity="TALKING"),
        waiting("victim", since=0, priority=priority, prefer=prefer),
    )
    now_ms, served, came = 0, "", 0
    overtaken_until_ms = promised(int(priority), int(target_ms))
    ahead_at_most = len(newcomers) * (overtaken_until_ms // STEP_MS + 1)
    while served != "victim":
        now_ms += STEP_MS
        assert now_ms <= (ahead_at_most + 2) * STEP_MS, "those who could come ahead were all served before"
        for rival_priority, name, likes in newcomers:
            came += 1
            floor.apply(waiting(f"n{came}", name, now_ms, priority=rival_priority, prefer=likes), "2-0")
        served = offer_next(floor, now_ms)


def offer_next(floor: Floor, now_ms: int) -> str:
    """Anna is free for a moment: who gets her?"""
    floor.apply({"agent:anna": {"activity": "IDLE"}}, "2-0")
    (pair,) = pairings(floor, now_ms=now_ms)
    floor.apply({"agent:anna": {"activity": "TALKING"}, f"waiting:{pair.call}": None}, "2-0")
    return pair.call


def test_a_caller_whom_nobody_can_serve_at_first_is_served_when_the_needs_have_fallen() -> None:
    floor = floor_of(
        queue("payers", relax="10000:-1,20000:-1,30000:*"),
        agent("anna"),
        waiting("c1", require="latin:9,refund:4"),
        waiting("c2", since=40_000, require="latin:9"),
    )
    moments = []
    while (due_ms := next_change_ms(floor)) is not None and not pairings(floor, now_ms=due_ms):
        moments.append(due_ms)
    assert moments == [10_000, 20_000]
    assert pairings(floor, now_ms=30_000)[0].call == "c1"


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-5, 5)), max_size=12), st.integers(0, 10**9))
def test_time_alone_changes_no_order(calls: list[tuple[int, int]], later_ms: int) -> None:
    things = [waiting(f"c{n}", since=since, priority=str(points)) for n, (since, points) in enumerate(calls)]
    floor = floor_of(queue("payers"), agent("anna"), *things)
    assert pairings(floor, now_ms=0) == pairings(floor, now_ms=later_ms)
    if calls:
        assert pairings(floor, now_ms=later_ms)[0].call == turn_order(floor)[0].call


def test_a_queue_that_promises_less_time_goes_earlier_by_just_that_much() -> None:
    rules = [queue("payers", target_ms="30000"), queue("merchants", target_ms="10000")]
    earlier = waiting("c1", "payers", since=0)
    for since, first in ((19_999, "c2"), (20_001, "c1")):
        floor = floor_of(*rules, agent("anna", "payers", "merchants"), earlier, waiting("c2", "merchants", since))
        assert pairings(floor)[0].call == first
