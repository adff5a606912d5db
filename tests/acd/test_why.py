"""Why not this agent: the same choice, told in words."""

from __future__ import annotations

from callrouter.acd.floor import Floor
from callrouter.acd.why import reasons, why_not
from tests.acd.floors import agent, floor_of, queue, waiting


def told(floor: Floor, name: str, call: str = "c1", now_ms: int = 10_000) -> str:
    (reason,) = why_not(floor, name, call, now_ms)
    assert reason in reasons(floor, call, now_ms)
    return reason.text


def test_a_skill_that_is_missing_is_named_with_both_levels() -> None:
    floor = floor_of(
        queue("payers", relax="30000:refund"),
        agent("anna", skills="refund:1"),
        agent("boris", skills="refund:5"),
        waiting("c1", require="refund:2,english:1"),
    )
    assert told(floor, "anna") == "lacks english 1 (has 0), refund 2 (has 1)"
    assert told(floor, "boris") == "lacks english 1 (has 0)"
    assert told(floor, "anna", now_ms=30_000) == "lacks english 1 (has 0)"


def test_who_was_second_learns_by_what() -> None:
    team = [
        agent("anna", skills="refund:3,english:1", calls="2", idle_since="9000"),
        agent("boris", skills="refund:3", calls="1"),
        agent("clara", skills="refund:3,english:1", calls="4"),
        agent("dora", skills="refund:2,english:1", calls="2"),
    ]
    floor = floor_of(
        queue("payers", strategy="fewest_calls", best_level="1"),
        *team,
        waiting("c1", require="refund:2", prefer="english:1"),
    )
    assert told(floor, "anna") == "chosen: fewest calls among the able (2)"
    assert told(floor, "boris") == "has less of what is preferred (english 1) than anna"
    assert told(floor, "clara") == "has had more calls (4 against 2)"
    assert told(floor, "dora") == "has lower levels than anna (3, 4)"


def test_every_strategy_has_its_sentences() -> None:
    sentences = {}
    for strategy in ("longest_idle", "fewest_calls", "least_talk_time", "round_robin", "top_down"):
        second = {"idle_since": "4000", "calls": "3", "talk_ms": "5000", "offered": "6000", "order": "2"}
        floor = floor_of(queue("payers", strategy=strategy), agent("anna"), agent("boris", **second), waiting("c1"))
        sentences[strategy] = (told(floor, "anna"), told(floor, "boris"))
    assert sentences == {
        "longest_idle": ("chosen: idle longest among the able (10.0 s)", "idle for less time (6.0 s against 10.0 s)"),
        "fewest_calls": ("chosen: fewest calls among the able (0)", "has had more calls (3 against 0)"),
        "least_talk_time": (
            "chosen: least talk time among the able (0.0 s)",
            "has talked longer (5.0 s against 0.0 s)",
        ),
        "round_robin": (
            "chosen: offered a call longest ago among the able (never)",
            "was offered a call more recently (4.0 s against never)",
        ),
        "top_down": ("chosen: first among the able (0)", "comes later in the order (2 against 0)"),
    }


def test_a_draw_names_who_was_drawn() -> None:
    floor = floor_of(queue("payers", strategy="random"), agent("anna"), agent("boris"), waiting("c1"))
    assert sorted(reason.text.split(" ", 1)[1] for reason in reasons(floor, "c1", 0)) == [
        "drawn among the able",
        "was drawn",
    ]


def test_a_caller_who_waits_for_somebody_says_for_whom_and_how_long_still() -> None:
    floor = floor_of(
        queue("payers", sticky_ms="20000"),
        agent("anna", activity="TALKING", since="9000"),
        agent("boris"),
        waiting("c1", sticky="anna"),
    )
    assert told(floor, "boris") == "the caller waits for anna, who helped last, for 10.0 s more"
    assert told(floor, "anna") == "talking for 1.0 s"
    floor.apply({"agent:anna": {"activity": "IDLE"}}, "2-0")
    assert told(floor, "anna") == "chosen: helped this caller last"


def test_another_call_that_was_ahead_says_why_if_it_waited_less() -> None:
    floor = floor_of(
        queue("payers"),
        queue("merchants", priority="1", target_ms="5000"),
        agent("anna", "payers", "merchants"),
        waiting("c1", since=0),
        waiting("c2", "merchants", since=1000),
    )
    assert told(floor, "anna") == (
        "taken by c2, which was ahead (its priority is 1 higher: worth 60 s of waiting; its service level promises 5 s)"
    )


def test_without_a_call_an_agent_learns_about_each_that_waits_or_what_is_wrong_with_them() -> None:
    floor = floor_of(
        agent("anna", skills="english:1"),
        agent("boris", presence="NOT_READY", reason="lunch", presence_since="4000"),
        waiting("c2", since=20, require="refund:1"),
        waiting("c1", since=10),
    )
    assert [(one.call, one.chosen, one.text) for one in why_not(floor, "anna", None, 10_000)] == [
        ("c1", True, "chosen: idle longest among the able (10.0 s)"),
        ("c2", False, "lacks refund 1 (has 0)"),
    ]
    assert [one.text for one in why_not(floor, "boris", None, 10_000)] == ["not ready (lunch) for 6.0 s"]
    assert [one.text for one in why_not(floor, "nobody", None, 10_000)] == ["is not on the floor"]
    assert [one.text for one in why_not(floor, "anna", "c9", 10_000)] == ["the call does not wait"]
    floor.apply({"waiting:c1": None, "waiting:c2": None}, "2-0")
    assert [one.text for one in why_not(floor, "anna", None, 10_000)] == ["nobody waits"]


def test_who_rests_or_may_not_is_told_why_and_for_how_long() -> None:
    resting = {"activity": "RESTING", "wrap_until": "14000"}
    floor = floor_of(
        agent("anna", **resting, rest="declined"),
        agent("boris", **{**resting, "wrap_until": "3357800"}, rest="limit"),
        agent("tina", barred="mentor", mentors="anna,boris"),
        waiting("c1"),
    )
    assert told(floor, "anna") == "resting (declined) for 4.0 s more"
    assert told(floor, "boris") == "resting (the hour has had its calls) for 56 min more"
    assert told(floor, "tina") == "trainee, and none of the mentors is at work (anna, boris)"


def test_in_a_queue_that_rings_all_everybody_able_is_chosen_and_who_rings_already_is_named() -> None:
    floor = floor_of(
        queue("payers", strategy="ring_all"),
        agent("anna"),
        agent("boris"),
        agent("clara", activity="RINGING", call="c1", since="1000"),
        agent("dora", presence="LOGGED_OUT"),
        waiting("c1", offer="clara", open="1"),
        waiting("c2", since=20),
    )
    assert [(reason.agent, reason.chosen, reason.text) for reason in reasons(floor, "c1", 5_000)] == [
        ("anna", True, "chosen: rings with all the able"),
        ("boris", True, "chosen: rings with all the able"),
        ("clara", False, "ringing with c1 for 4.0 s"),
        ("dora", False, "logged out"),
    ]
    assert [reason.text for reason in reasons(floor, "c2", 5_000)][:2] == ["taken by c1, which was ahead"] * 2
    taken = [reason.text for reason in reasons(floor, "c1", 5_000, taken=("anna",), given=("c1",))]
    assert taken == ["chosen: rings with all the able", "was being reserved in that moment", *taken[2:]]
