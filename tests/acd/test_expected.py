"""How long each waiting caller will still wait, from who is at work and who stands before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from callrouter.acd.expected import Expected, expected, scene
from callrouter.acd.experience import Handling
from callrouter.acd.floor import Floor
from tests.acd.floors import agent, floor_of, queue, waiting

NOW = 1_000_000


def handling(
    talk_ms: float = 100_000, ring_ms: float = 5_000, wrap_ms: float = 10_000, gives_up: float = 0
) -> Handling:
    """Every conversation alike."""
    return Handling(np.full(40, ring_ms), np.full(40, talk_ms), np.full(40, wrap_ms), gives_up)


def spread(mean_ms: float, gives_up: float = 0) -> Handling:
    talk = np.random.default_rng(3).exponential(mean_ms, 400)
    return Handling(np.zeros(400), talk, np.zeros(400), gives_up)


def outlook(floor: Floor, known: Handling | None = None) -> dict[str, Expected]:
    def of(_: Iterable[str]) -> Handling | None:
        return known

    return expected(scene(floor, NOW, of), np.random.default_rng(1))


def busy(name: str, *queues: str, for_ms: int = 0, **fields: str) -> dict[str, dict[str, str]]:
    return agent(name, *queues, activity="TALKING", since=str(NOW - for_ms), **fields)


def test_the_next_caller_waits_for_the_rest_of_the_talk_the_wrap_up_and_the_ringing() -> None:
    floor = floor_of(busy("anna", for_ms=30_000), waiting("c1"), waiting("c2", since=1))
    found = outlook(floor, handling())
    # of talks that all last 100 s none is known to last longer than 30 s but by those 100 s themselves
    assert found["c1"] == Expected(1, 70_000 + 10_000 + 5_000, 85_000)
    assert found["c2"] == Expected(2, 85_000 + 100_000 + 10_000 + 5_000, 200_000)


def test_two_agents_halve_the_wait() -> None:
    line = [waiting(f"c{n}", since=n) for n in range(1, 9)]
    one = outlook(floor_of(busy("anna"), *line), handling())["c8"].p50_ms
    two = outlook(floor_of(busy("anna"), busy("boris"), *line), handling())["c8"].p50_ms
    assert one
    assert two
    assert two == pytest.approx(one / 2, rel=0.1)


def test_who_is_away_or_logged_out_or_without_a_phone_helps_nobody() -> None:
    here = outlook(floor_of(busy("anna"), waiting("c1")), handling())
    away = [
        busy("boris", presence="NOT_READY"),
        busy("vera", presence="LOGGED_OUT"),
        busy("gleb", reachable=""),
    ]
    assert outlook(floor_of(busy("anna"), *away, waiting("c1")), handling()) == here


def test_only_those_count_who_are_able() -> None:
    floor = floor_of(
        queue("payers"),
        busy("anna", for_ms=95_000, skills="english:1"),
        busy("boris", for_ms=10_000, skills="refund:2"),
        waiting("c1", require="refund:2"),
    )
    assert outlook(floor, handling())["c1"].p50_ms == 90_000 + 10_000 + 5_000


def test_needs_that_fall_let_others_help_from_then_on() -> None:
    floor = floor_of(
        queue("payers", relax="20000:refund"),
        busy("anna", for_ms=99_000),
        busy("boris", for_ms=0, skills="refund:2"),
        waiting("c1", since=NOW - 5_000, require="refund:2"),
    )
    assert outlook(floor, handling(wrap_ms=0))["c1"].p50_ms == 15_000 + 5_000


def test_callers_who_give_up_shorten_the_line() -> None:
    line = [waiting(f"c{n}", since=n) for n in range(1, 12)]
    floor = floor_of(busy("anna"), busy("boris"), *line)
    patient, impatient = outlook(floor, spread(60_000)), outlook(floor, spread(60_000, gives_up=1 / 60_000))
    assert impatient["c11"].p50_ms is not None
    assert patient["c11"].p50_ms is not None
    assert impatient["c11"].p50_ms < 0.7 * patient["c11"].p50_ms


def test_nobody_able_at_work_or_nothing_known_of_talks_leaves_the_time_open() -> None:
    assert outlook(floor_of(waiting("c1")), handling())["c1"] == Expected(1)
    assert outlook(floor_of(busy("anna"), waiting("c1")), None)["c1"] == Expected(1)


def test_the_position_counts_only_those_who_need_the_same_agents() -> None:
    floor = floor_of(
        queue("payers"),
        busy("anna", skills="refund:1"),
        busy("boris", skills="english:1"),
        waiting("c1", since=1, require="english:1"),
        waiting("c2", since=2, require="refund:1"),
        waiting("c3", since=3, require="refund:1"),
        waiting("c4", since=4),
    )
    assert {call: one.position for call, one in outlook(floor).items()} == {"c1": 1, "c2": 1, "c3": 2, "c4": 4}


def test_the_position_follows_the_turn_and_not_the_arrival() -> None:
    floor = floor_of(busy("anna"), waiting("c1", since=1_000), waiting("c2", since=2_000, priority="1"))
    assert {call: one.position for call, one in outlook(floor).items()} == {"c1": 2, "c2": 1}


def test_a_caller_whose_agents_phone_rings_is_served_already() -> None:
    floor = floor_of(
        agent("anna", activity="RINGING", since=str(NOW), call="c1"),
        waiting("c1", offer="anna"),
        waiting("c2", since=2),
    )
    found = outlook(floor, handling())
    assert "c1" not in found
    assert found["c2"] == Expected(1, 5_000 + 100_000 + 10_000 + 5_000, 120_000)


def test_a_very_long_line_is_told_places_and_the_front_of_it_times() -> None:
    agents = [busy(f"a{n:04}") for n in range(2_000)]
    found = outlook(floor_of(*agents, *(waiting(f"c{n:04}", since=n + 1) for n in range(400))), spread(60_000))
    assert found["c0000"].p50_ms is not None
    assert found["c0399"].p50_ms is None
    assert found["c0399"].position == 400


def test_a_newcomer_is_thought_of_behind_everybody_and_keeps_nobody_waiting() -> None:
    floor = floor_of(queue("payers"), queue("merchants"), busy("anna", "payers", "merchants"), waiting("c1"))

    def of(_: Iterable[str]) -> Handling:
        return handling()

    found = expected(scene(floor, NOW, of, ["payers", "merchants"]), np.random.default_rng(1))
    assert found["?payers"] == found["?merchants"]
    assert found["?payers"].position == 2
    assert found["?payers"].p50_ms == 100_000 + 10_000 + 5_000 + 100_000 + 10_000 + 5_000


def test_the_same_chance_gives_the_same_answer() -> None:
    floor = floor_of(busy("anna"), busy("boris"), waiting("c1"), waiting("c2", since=2))
    assert outlook(floor, spread(60_000)) == outlook(floor, spread(60_000))


def test_of_several_phones_that_ring_for_one_caller_one_agent_will_talk() -> None:
    rung = {name: agent(name, activity="RINGING", since=str(NOW)) for name in ("anna", "boris")}
    first = waiting("c1", offer="anna,boris")
    assert outlook(floor_of(*rung.values(), first, waiting("c2", since=1)), handling())["c2"].p50_ms == 5_000
