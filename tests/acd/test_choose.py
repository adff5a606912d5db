"""Whose turn it is, who takes the call, and why not somebody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callrouter.acd.choose import Pairing, pairings, turn_order
from callrouter.acd.floor import Floor
from callrouter.acd.why import reasons
from tests.acd.floors import agent, floor_of, queue, waiting


def why_not(floor: Floor, call: str, name: str) -> str:
    return next(reason.text for reason in reasons(floor, call, now_ms=10_000) if reason.agent == name)


def test_the_agent_idle_longest_takes_the_call_that_waited_longest() -> None:
    floor = floor_of(
        agent("anna", idle_since="5000"),
        agent("boris", idle_since="1000"),
        waiting("c2", since=20),
        waiting("c1", since=10),
    )
    assert pairings(floor) == [Pairing("c1", "boris"), Pairing("c2", "anna")]


def test_a_queue_of_higher_priority_goes_first_though_it_waited_less() -> None:
    floor = floor_of(
        queue("payers"),
        queue("merchants", priority="5"),
        agent("anna", "payers", "merchants"),
        waiting("c1", "payers", since=10),
        waiting("c2", "merchants", since=20),
    )
    assert pairings(floor) == [Pairing("c2", "anna")]


def test_a_call_of_higher_priority_goes_first_within_its_queue() -> None:
    floor = floor_of(queue("payers"), waiting("c1", since=10), waiting("c2", since=20, priority="1"))
    assert [call.call for call in turn_order(floor)] == ["c2", "c1"]


def test_a_call_that_nobody_free_can_serve_does_not_hold_up_the_next() -> None:
    floor = floor_of(agent("vera", "merchants"), waiting("c1", "payers", 10), waiting("c2", "merchants", 20))
    assert pairings(floor) == [Pairing("c2", "vera")]


def test_a_call_whose_offer_rings_is_not_offered_twice_but_keeps_its_turn() -> None:
    floor = floor_of(agent("anna"), waiting("c1", since=10, offer="boris"), waiting("c2", since=20))
    assert [call.call for call in turn_order(floor)] == ["c1", "c2"]
    assert pairings(floor) == [Pairing("c2", "anna")]


def test_an_agent_being_reserved_this_moment_is_not_proposed_again() -> None:
    floor = floor_of(agent("anna"), agent("boris", idle_since="7"), waiting("c1"))
    assert pairings(floor, taken={"anna"}) == [Pairing("c1", "boris")]


def test_every_obstacle_is_told_in_words() -> None:
    floor = floor_of(
        agent("chosen", idle_since="1000"),
        agent("later", idle_since="9000"),
        agent("elsewhere", "merchants"),
        agent("out", presence="LOGGED_OUT"),
        agent("lunching", presence="NOT_READY", reason="lunch", presence_since="4000"),
        agent("unplugged", reachable=""),
        agent("talker", activity="TALKING", call="c9", since="8000"),
        agent("scribe", activity="WRAP_UP", since="9500"),
        waiting("c1"),
    )
    assert why_not(floor, "c1", "chosen") == "chosen: idle longest among the able (9.0 s)"
    assert why_not(floor, "c1", "later") == "idle for less time (1.0 s against 9.0 s)"
    assert why_not(floor, "c1", "elsewhere") == "does not serve the queue payers"
    assert why_not(floor, "c1", "out") == "logged out"
    assert why_not(floor, "c1", "lunching") == "not ready (lunch) for 6.0 s"
    assert why_not(floor, "c1", "unplugged") == "phone not reachable"
    assert why_not(floor, "c1", "talker") == "talking with c9 for 2.0 s"
    assert why_not(floor, "c1", "scribe") == "wrap-up for 0.5 s"


def test_an_agent_given_to_a_call_ahead_is_told_so() -> None:
    floor = floor_of(agent("anna"), waiting("c1", since=1), waiting("c2", since=2))
    assert why_not(floor, "c2", "anna") == "taken by c1, which was ahead"


def test_a_call_that_is_not_waiting_has_no_reasons() -> None:
    assert reasons(floor_of(agent("anna")), "c1", 0) == ()


names = st.sampled_from("abcdefgh")
agents = st.builds(
    lambda name, queues, presence, activity, reachable, idle: agent(
        name, *sorted(queues), presence=presence, activity=activity, reachable=reachable, idle_since=str(idle)
    ),
    names,
    st.sets(st.sampled_from(["payers", "merchants"]), min_size=1),
    st.sampled_from(["READY", "NOT_READY", "LOGGED_OUT"]),
    st.sampled_from(["IDLE", "RESERVED", "RINGING", "TALKING", "WRAP_UP"]),
    st.sampled_from(["1", ""]),
    st.integers(0, 5),
)
calls = st.builds(
    lambda name, queue_name, since, offer: waiting(f"c{name}", queue_name, since, offer=offer),
    names,
    st.sampled_from(["payers", "merchants"]),
    st.integers(0, 5),
    st.sampled_from(["", "", "z"]),
)


@given(st.lists(agents, max_size=8), st.lists(calls, max_size=8))
def test_nobody_able_and_free_is_left_idle_while_a_call_they_serve_waits(
    some_agents: list[dict[str, dict[str, str]]], some_calls: list[dict[str, dict[str, str]]]
) -> None:
    floor = floor_of(*some_agents, *some_calls)
    pairs = pairings(floor)
    served = {pair.call for pair in pairs}
    busy = {pair.agent for pair in pairs}
    assert len(busy) == len(pairs) == len(served)
    for pair in pairs:
        assert floor.agents[pair.agent].is_free
        assert floor.waiting[pair.call].queue in floor.agents[pair.agent].queues
    left_calls = [call for call in floor.waiting.values() if call.is_open and call.call not in served]
    left_agents = [one for one in floor.agents.values() if one.is_free and one.id not in busy]
    assert not any(call.queue in one.queues for call in left_calls for one in left_agents)


@given(st.lists(agents, max_size=8), st.lists(calls, max_size=8))
def test_the_reasons_name_the_same_agent_as_the_choice(
    some_agents: list[dict[str, dict[str, str]]], some_calls: list[dict[str, dict[str, str]]]
) -> None:
    floor = floor_of(*some_agents, *some_calls)
    for pair in pairings(floor):
        told = [reason.agent for reason in reasons(floor, pair.call, 100) if reason.chosen]
        assert told == [pair.agent]
