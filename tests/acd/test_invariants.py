"""What must be so on the floor: each breach is named when it begins, and what is in order never is."""

from __future__ import annotations

import pytest

from callrouter.acd.choose import pairings
from callrouter.acd.floor import Floor
from callrouter.acd.invariants import COEXIST_S, LATE_MS, Beside, Breach, Invariant, Offers
from callrouter.acd.things import Pairing
from callrouter.journal import FloorChange
from tests.acd.floors import agent, floor_of, queue, waiting

RING_S = {"payers": 10}


class Scene:
    """A floor that changes, and what the changes broke."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.offers = Offers(floor, RING_S)
        assert self.change(floor.things()) == []

    def change(self, change: FloorChange) -> list[Breach]:
        self.floor.apply(change, "")
        return self.offers.changed(change)

    def offer(self, call: str, name: str, **held: str) -> list[Breach]:
        return self.change(offer(call, name, **held))


def offer(call: str, name: str, **held: str) -> dict[str, dict[str, str]]:
    fields = {"activity": "RESERVED", "call": call, "leg": f"{call}-{name}", "offered": "1000", **held}
    return {f"agent:{name}": fields, f"waiting:{call}": {"offer": name}}


@pytest.fixture
def scene() -> Scene:
    return Scene(floor_of(queue("payers"), *(agent(name) for name in ("anna", "boris")), waiting("c1"), waiting("c2")))


def told(breaches: list[Breach]) -> list[tuple[str, str, str]]:
    return [(breach.invariant, breach.call, breach.agent) for breach in breaches]


def test_offers_that_come_and_go_break_nothing(scene: Scene) -> None:
    for _ in range(3):
        assert scene.offer("c1", "anna") == []
        assert scene.offer("c2", "boris", activity="RINGING") == []
        idle = {"activity": "IDLE", "call": "", "leg": ""}
        assert scene.change({"agent:anna": idle, "agent:boris": idle, "waiting:c1": {"offer": ""}}) == []
        assert scene.change({"waiting:c2": {"offer": ""}}) == []
    assert scene.offers.next_due_ms() is None


def test_an_offer_taken_back_and_made_again_with_the_same_leg_has_its_own_time(scene: Scene) -> None:
    """One whose writing was lost and undone: the call has then not used its id."""
    scene.offer("c1", "anna")
    scene.change({"agent:anna": {"activity": "IDLE", "call": "", "leg": ""}, "waiting:c1": {"offer": ""}})
    scene.offer("c1", "anna", offered="2500")
    assert scene.offers.overdue(1_000 + 10_000 + LATE_MS) == []
    assert len(scene.offers.overdue(2_500 + 10_000 + LATE_MS)) == 1


def test_an_agent_in_the_offers_of_two_calls_is_told_with_the_one_that_does_not_hold(scene: Scene) -> None:
    scene.offer("c1", "anna")
    assert told(scene.change({"waiting:c2": {"offer": "anna"}})) == [(Invariant.ONE_OFFER_PER_AGENT, "c2", "anna")]


def test_an_agent_who_talks_is_not_offered_another_call(scene: Scene) -> None:
    scene.change({"agent:anna": {"activity": "TALKING", "call": "c9"}})
    assert told(scene.change({"waiting:c2": {"offer": "anna"}})) == [(Invariant.ONE_OFFER_PER_AGENT, "c2", "anna")]


def test_two_agents_held_by_a_call_are_told_without_the_one_in_its_offer(scene: Scene) -> None:
    scene.offer("c1", "boris")
    held = {"agent:anna": {"activity": "RINGING", "call": "c1", "leg": "x"}}
    assert told(scene.change(held)) == [(Invariant.ONE_OFFER_PER_CALL, "c1", "anna")]


def test_a_ring_all_queue_rings_all_whom_its_offer_names_and_nobody_else() -> None:
    people = [agent(name) for name in ("anna", "boris", "clara")]
    scene = Scene(floor_of(queue("payers", strategy="ring_all"), *people, waiting("c1")))
    both = {**offer("c1", "anna"), **offer("c1", "boris"), "waiting:c1": {"offer": "anna,boris"}}
    assert scene.change(both) == []
    one_left = {"agent:anna": {"activity": "IDLE", "call": "", "leg": ""}, "waiting:c1": {"offer": "boris"}}
    assert scene.change(one_left) == []
    held = {"agent:clara": {"activity": "RINGING", "call": "c1", "leg": "x"}}
    assert told(scene.change(held)) == [(Invariant.ONE_OFFER_PER_CALL, "c1", "clara")]


def test_an_offer_is_overdue_two_seconds_after_its_ring_and_told_again_while_it_holds(scene: Scene) -> None:
    scene.offer("c1", "anna")
    due_ms = 1_000 + 10_000 + LATE_MS
    assert scene.offers.next_due_ms() == due_ms
    assert scene.offers.overdue(due_ms - 1) == []
    assert told(scene.offers.overdue(due_ms)) == [(Invariant.OFFER_ENDS, "c1", "anna")]
    assert scene.offers.overdue(due_ms + 1) == []
    assert len(scene.offers.overdue(due_ms + LATE_MS)) == 1
    scene.change({"agent:anna": {"activity": "TALKING"}})
    assert scene.offers.overdue(due_ms + 9 * LATE_MS) == []


def test_after_a_floor_that_came_whole_nothing_of_before_is_believed(scene: Scene) -> None:
    scene.offer("c1", "anna")
    scene.offers.begin_anew()
    assert scene.offers.next_due_ms() is None
    assert scene.change({"waiting:c2": {"offer": "boris"}}) == []


def test_a_call_that_the_choice_has_somebody_for_is_told_after_a_tenth_of_a_second(scene: Scene) -> None:
    beside = Beside()
    assert [beside.look(pairings(scene.floor, now_ms=0), at_s) for at_s in (7.0, 7.05)] == [[], []]
    told_now = beside.look(pairings(scene.floor, now_ms=0), 7.0 + COEXIST_S + 0.001)
    assert [(breach.call, breach.agent, since) for breach, since in told_now] == [
        ("c1", "anna", 7.0),
        ("c2", "boris", 7.0),
    ]


def test_what_happens_to_a_call_begins_its_time_anew() -> None:
    beside = Beside()
    beside.look([Pairing("c1", "anna")], 1.0)
    beside.changed({"agent:anna": {}, "waiting:c1": {"offer": ""}})
    assert not beside.stands("c1")
    assert beside.look([Pairing("c1", "boris")], 1.5) == []
    assert len(beside.look([Pairing("c1", "boris")], 1.6)) == 1


def test_a_call_for_which_there_was_nobody_at_one_look_is_not_told() -> None:
    beside = Beside()
    for at_s, pairs in ((1.0, [Pairing("c1", "anna")]), (1.05, []), (1.2, [Pairing("c1", "anna")])):
        assert beside.look(pairs, at_s) == []


def test_nobody_is_told_whom_the_callers_needs_keep_apart() -> None:
    floor = floor_of(queue("payers"), agent("anna"), waiting("c1", require="german:1"))
    assert Beside().look(pairings(floor, now_ms=0), 0.0) == []
