"""Which of the able agents, queue by queue; and calls that wait for one agent alone."""

from __future__ import annotations

from collections import Counter

import pytest

from callrouter.acd.choose import Pairing, next_change_ms, pairings
from callrouter.acd.floor import Floor
from tests.acd.floors import agent, floor_of, queue, waiting


def chosen(floor: Floor, now_ms: int = 0) -> str:
    return pairings(floor, now_ms=now_ms)[0].agent


@pytest.mark.parametrize(
    ("strategy", "field"),
    [
        ("longest_idle", "idle_since"),
        ("fewest_calls", "calls"),
        ("least_talk_time", "talk_ms"),
        ("round_robin", "offered"),
        ("top_down", "order"),
    ],
)
def test_each_strategy_takes_the_lowest_of_its_number(strategy: str, field: str) -> None:
    others = {name: "5" for name in ("idle_since", "calls", "talk_ms", "offered", "order")}
    floor = floor_of(
        queue("payers", strategy=strategy),
        agent("anna", **others),
        agent("boris", **{**others, field: "4"}),
        agent("clara", **{**others, field: "6"}),
        waiting("c1"),
    )
    assert chosen(floor) == "boris"


def test_round_robin_goes_round() -> None:
    floor = floor_of(queue("payers", strategy="round_robin"), *(agent(name) for name in ("anna", "boris", "clara")))
    rung = []
    for number in range(6):
        floor.apply(waiting(f"c{number}"), "2-0")
        rung.append(chosen(floor))
        floor.apply({f"agent:{rung[-1]}": {"offered": str(number + 1)}, f"waiting:c{number}": None}, "3-0")
    assert rung == ["anna", "boris", "clara"] * 2


def test_random_draws_every_agent_alike_and_each_call_always_the_same() -> None:
    team = [f"a{number:02}" for number in range(10)]
    people = [agent(name, skills="en:1" if name < "a05" else "ru:2") for name in team]
    floor = floor_of(queue("payers", strategy="random"), *people)
    drawn = []
    for number in range(2000):
        floor.apply(waiting(f"call-{number}"), "2-0")
        drawn.append(chosen(floor))
        floor.apply({f"waiting:call-{number}": None}, "3-0")
    counts = Counter(drawn)
    assert set(counts) == set(team)
    chi_square = sum((count - 200) ** 2 / 200 for count in counts.values())
    assert chi_square < 27.88, counts  # 9 degrees of freedom, one in a thousand
    again = floor_of(queue("payers", strategy="random"), *people, waiting("call-7"))
    assert chosen(again) == drawn[7]


def test_an_agent_who_comes_back_with_an_older_place_among_the_idle_goes_before_all() -> None:
    floor = floor_of(
        agent("anna", skills="en:1", idle_since="50"), agent("boris", skills="ru:1", idle_since="30"), waiting("c0")
    )
    floor.apply({"waiting:c0": None}, "2-0")
    pairings(floor)
    floor.apply(agent("clara", skills="en:1", idle_since="10"), "3-0")
    assert pairings(floor) == []
    floor.apply(waiting("c1"), "4-0")
    assert pairings(floor) == [Pairing("c1", "clara")]


def test_needed_skills_keep_the_others_away_until_they_fall() -> None:
    floor = floor_of(
        queue("payers", relax="30000:english"),
        agent("anna"),
        agent("boris", skills="english:1"),
        waiting("c1", since=1000, require="english:2"),
    )
    assert pairings(floor, now_ms=30_999) == []
    assert next_change_ms(floor) == 31_000
    assert pairings(floor, now_ms=31_000) == [Pairing("c1", "boris")], "who is nearer to what was needed"
    assert next_change_ms(floor) is None
    assert pairings(floor, now_ms=30_999) == [], "a clock that was set back"


def test_a_queue_may_need_skills_of_its_own_beside_what_the_tree_asks() -> None:
    floor = floor_of(
        queue("payers", require="refund:2"),
        agent("anna", skills="english:5"),
        agent("boris", skills="english:5,refund:2"),
        waiting("c1", require="english:1"),
    )
    assert chosen(floor) == "boris"


def test_what_is_preferred_decides_before_the_strategy_and_levels_where_the_queue_says_so() -> None:
    team = [
        agent("anna", skills="refund:3", idle_since="1"),
        agent("boris", skills="refund:5", idle_since="2"),
        agent("clara", skills="refund:3,english:1", idle_since="3"),
    ]
    able = floor_of(queue("payers"), *team, waiting("c1", require="refund:2"))
    best = floor_of(queue("payers", best_level="1"), *team, waiting("c1", require="refund:2"))
    english = floor_of(queue("payers"), *team, waiting("c1", require="refund:2", prefer="english:1"))
    assert [chosen(floor) for floor in (able, best, english)] == ["anna", "boris", "clara"]


def test_an_agent_takes_the_caller_they_are_best_for_unless_another_waited_much_longer() -> None:
    french = waiting("c1", since=0, prefer="french:1")
    plain = waiting("c2", since=29_000)
    assert pairings(floor_of(agent("anna"), french, plain))[0].call == "c2"
    assert pairings(floor_of(agent("anna", skills="french:1"), french, plain))[0].call == "c1"
    plain = waiting("c2", since=31_000)
    assert pairings(floor_of(agent("anna"), french, plain))[0].call == "c1"


def test_a_caller_waits_for_the_agent_who_helped_last_but_not_for_ever() -> None:
    floor = floor_of(
        queue("payers", sticky_ms="20000"),
        agent("anna", activity="TALKING"),
        agent("boris"),
        waiting("c1", since=1000, sticky="anna"),
    )
    assert pairings(floor, now_ms=20_999) == []
    assert next_change_ms(floor) == 21_000
    floor.apply({"agent:anna": {"activity": "IDLE", "idle_since": "9000"}}, "2-0")
    assert pairings(floor, now_ms=20_999) == [Pairing("c1", "anna")]
    floor.apply({"agent:anna": {"activity": "TALKING"}}, "3-0")
    assert pairings(floor, now_ms=21_000) == [Pairing("c1", "boris")]


@pytest.mark.parametrize("change", [{"presence": "NOT_READY"}, {"reachable": ""}, {"queues": "merchants"}])
def test_nobody_waits_for_an_agent_who_is_not_at_work_there(change: dict[str, str]) -> None:
    floor = floor_of(
        queue("payers", sticky_ms="20000"),
        agent("anna", activity="TALKING"),
        agent("boris"),
        waiting("c1", sticky="anna"),
    )
    assert pairings(floor) == []
    floor.apply({"agent:anna": change}, "2-0")
    assert pairings(floor) == [Pairing("c1", "boris")]
