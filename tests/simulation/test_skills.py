"""Agents who serve some callers only: exact matching rates, and how few skills are nearly as good as all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from callrouter.simulation.arrivals import Rate, Stream, callers
from callrouter.simulation.day import Day, Played, Result
from callrouter.simulation.durations import Exponential
from callrouter.simulation.erlang import erlang_a, erlang_c
from callrouter.simulation.habits import Habits
from callrouter.simulation.intervals import Estimate, estimate
from callrouter.simulation.matching import Floor, matching_rates
from callrouter.simulation.play import play
from tests.simulation.centres import ENDLESS, HOUR_MS, queues, ready

N_FLOOR = Floor({"red": 0.8, "blue": 0.6}, {"anna": 1.0, "boris": 0.7}, {"anna": ("red", "blue"), "boris": ("blue",)})
RING_FLOOR = Floor(
    {"red": 0.5, "blue": 0.7, "green": 0.4},
    {"anna": 1.0, "boris": 0.7, "vera": 0.6},
    {"anna": ("red", "blue"), "boris": ("blue", "green"), "vera": ("green", "red")},
)
"""Rates a minute. The second is a ring: each kind of caller is served by two of three unlike agents."""


@pytest.mark.parametrize("floor", [N_FLOOR, RING_FLOOR], ids=["N", "ring"])
def test_every_caller_is_matched_with_somebody(floor: Floor) -> None:
    rates = matching_rates(floor)
    for kind, arrivals in floor.arrivals.items():
        assert sum(rate for (one, _), rate in rates.items() if one == kind) == pytest.approx(arrivals, rel=1e-12)


def test_alike_agents_for_everybody_share_the_callers_evenly() -> None:
    rates = matching_rates(Floor({"red": 1.5}, {"anna": 1.0, "boris": 1.0}, {"anna": ("red",), "boris": ("red",)}))
    assert rates == pytest.approx({("red", "anna"): 0.75, ("red", "boris"): 0.75})


def test_a_line_that_grows_without_end_has_no_matching_rates() -> None:
    with pytest.raises(ValueError, match="cannot serve"):
        matching_rates(Floor({"red": 2.0}, {"anna": 1.0}, {"anna": ("red",)}))


@pytest.mark.parametrize("floor", [N_FLOOR, RING_FLOOR], ids=["N", "ring"])
def test_who_takes_whom_is_first_come_first_served_by_the_longest_idle(floor: Floor) -> None:
    assert wrong_rates(floor, 20, 10 * HOUR_MS, seed=1) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("floor", [N_FLOOR, RING_FLOOR], ids=["N", "ring"])
def test_who_takes_whom_over_long_days(floor: Floor) -> None:
    """Of so many intervals of 95 % some miss the truth by bad luck, but not again with other luck."""
    if wrong_rates(floor, 40, 400 * HOUR_MS, seed=1):
        assert wrong_rates(floor, 40, 400 * HOUR_MS, seed=1001) == []


def wrong_rates(floor: Floor, count: int, length_ms: int, seed: int) -> list[str]:
    days = [play(matching_day(floor, chance, length_ms)) for chance in np.random.default_rng(seed).spawn(count)]
    found = [Counter((done.caller.queue, done.agent) for done in day.done) for day in days]
    wrong = []
    for match, rate in matching_rates(floor).items():
        seen = estimate([one[match] / (day.counted_ms / 60_000) for one, day in zip(found, days, strict=True)])
        if seen is None or not seen.covers(rate):
            wrong.append(f"{match}: {rate} is not in {seen}")
    return wrong


def matching_day(floor: Floor, chance: np.random.Generator, length_ms: int) -> Day:
    warm = length_ms // 10
    streams = [Stream(kind, [Rate(0, warm + length_ms, rate / 60)]) for kind, rate in floor.arrivals.items()]
    talk = {(kind, agent): Exponential(60 / rate) for agent, rate in floor.agents.items() for kind in floor.arrivals}
    people = {f"agent:{agent}": ready(",".join(floor.serves[agent])) for agent in floor.agents}
    return Day(
        {**queues(*floor.arrivals), **people},
        dict.fromkeys(floor.arrivals, ENDLESS),
        callers(streams, chance),
        Habits(talk),
        from_ms=warm,
        to_ms=warm + length_ms,
    )


KINDS = tuple(f"kind{number}" for number in range(6))
"""R. Wallace and W. Whitt (2005), "A staffing algorithm for call centers with skill-based routing": six kinds of
callers, 90 agents, 30 places to wait, 84 erlangs. Their finding: two skills an agent are nearly as good as all six."""


def six_kinds(skills: int, chance: np.random.Generator, hours: int, lines: int | None) -> Played:
    """Each agent has `skills` kinds one after another, beginning with their own; talks of ten minutes."""
    people = {f"agent:a{n:02}": ready(",".join(KINDS[(n + k) % 6] for k in range(skills))) for n in range(90)}
    warm, end = 4 * HOUR_MS, (4 + hours) * HOUR_MS
    return play(
        Day(
            {**queues(*KINDS), **people},
            dict.fromkeys(KINDS, ENDLESS),
            callers([Stream(kind, [Rate(0, end, 0.14 / 6)], talk=Exponential(600)) for kind in KINDS], chance),
            Habits(),
            from_ms=warm,
            to_ms=end,
            lines=lines,
        )
    )


def wait_figures(days: Sequence[Played]) -> Mapping[str, Estimate]:
    """The share that waits, mean wait in seconds, and the share turned away; per kind its mean wait."""
    by_day = [_waits(day) for day in days]
    found = {name: estimate([one[name] for one in by_day]) for name in by_day[0]}
    return {name: one for name, one in found.items() if one is not None}


def _waits(day: Played) -> dict[str, float]:
    let_in = [done for done in day.done if done.result is not Result.TURNED_AWAY]
    waits = np.array([done.waited_ms for done in let_in]) / 1000
    kinds = np.array([done.caller.queue for done in let_in])
    blocked = 1 - len(let_in) / len(day.done)
    overall = {"waits": float(np.mean(waits > 0)), "mean": float(np.mean(waits)), "blocked": blocked}
    return overall | {kind: float(np.mean(waits[kinds == kind])) for kind in KINDS}


def skilled_days(skills: int, count: int, hours: int, seed: int, lines: int | None = 120) -> Mapping[str, Estimate]:
    own = np.random.default_rng(seed).spawn(count)
    return wait_figures([six_kinds(skills, chance, hours, lines) for chance in own])


def test_agents_with_all_six_skills_are_one_line() -> None:
    judge_full_flexibility(skilled_days(6, 20, 2, seed=1))


def test_two_skills_are_nearly_as_good_as_six_and_one_is_far_from_it() -> None:
    six, two, one = (skilled_days(skills, 6, 4, seed=3) for skills in (6, 2, 1))
    assert two["mean"].mean < 2 * six["mean"].mean
    assert one["mean"].low > 2 * two["mean"].high


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_six_skills_and_one_skill_over_long_days() -> None:
    """With one skill and places for everybody there are six separate lines of 15 agents and 14 erlangs each."""
    judge_full_flexibility(skilled_days(6, 40, 60, seed=1))
    separate = skilled_days(1, 40, 120, seed=1, lines=None)
    line = erlang_c(15, 0.14 / 6, 600)
    assert separate["waits"].covers(line.waits)
    for kind in KINDS:
        assert separate[kind].covers(line.mean_wait_s), kind
    two = skilled_days(2, 40, 60, seed=1)
    assert two["mean"].high < 1.5 * erlang_a(90, 0.14, 600, places=30).mean_wait_s


def judge_full_flexibility(six: Mapping[str, Estimate]) -> None:
    line = erlang_a(90, 0.14, 600, places=30)
    assert six["waits"].covers(line.waits)
    assert six["blocked"].covers(line.blocked)
    for name in ("mean", *KINDS):
        assert six[name].covers(line.mean_wait_s), name
