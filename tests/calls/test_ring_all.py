"""Several phones ring for one caller: the first answer wins, the others stop; one who declines stops nobody."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from callrouter.calls import events as e
from callrouter.calls.call import Phase, decode, encode
from callrouter.journal import Word
from callrouter.telephony import HangUp, LegId, Ring
from tests.calls.scenes import QUEUES, Scene, a_callback, a_waiting_caller, an_offered_caller, proposed


def a_caller_for_everybody() -> Scene:
    scene = a_waiting_caller()
    assert scene.call.place is not None
    scene.call = replace(scene.call, place=replace(scene.call.place, queue="everybody"))
    return scene


def three_ring() -> Scene:
    return a_caller_for_everybody().then(proposed("anna"), proposed("boris"), proposed("clara"))


def leg_of(scene: Scene, agent: str) -> LegId:
    return next(offer.leg for offer in scene.call.offers if offer.agent == agent)


def waiting(scene: Scene) -> dict[str, str]:
    assert scene.last is not None
    return dict(scene.last.floor["waiting:c0"] or {})


def activity(scene: Scene, agent: str) -> str:
    assert scene.last is not None
    return (scene.last.floor[f"agent:{agent}"] or {})["activity"]


def test_each_proposal_rings_one_phone_more_and_is_checked_against_those_that_ring() -> None:
    scene = three_ring()
    assert scene.last is not None
    assert ("waiting:c0", "offer", "anna,boris") in {(need.thing, need.field, need.value) for need in scene.last.needs}
    assert waiting(scene) == {"offer": "anna,boris,clara", "open": "1"}
    assert len({command.leg for command in scene.commands if isinstance(command, Ring)}) == 3


def test_the_first_answer_wins_and_the_other_phones_stop_without_a_missed_call() -> None:
    scene = three_ring()
    legs = {agent: leg_of(scene, agent) for agent in ("anna", "boris", "clara")}
    scene.then(e.OfferAnswered(legs["boris"]))
    assert scene.call.talk is not None
    assert (scene.call.talk.agent, scene.call.offers) == ("boris", ())
    let_go = [command for command in scene.done if isinstance(command, HangUp)]
    assert let_go == [HangUp(legs[agent], "answered_elsewhere") for agent in ("anna", "clara")]
    assert [activity(scene, agent) for agent in ("anna", "boris", "clara")] == ["IDLE", "TALKING", "IDLE"]
    assert scene.last is not None
    assert "idle_since" not in (scene.last.floor["agent:anna"] or {})
    assert scene.words[-3:] == [Word.RINGCANCELED, Word.RINGCANCELED, Word.CONNECT]
    assert {entry.data.get("answered_by") for entry in scene.entries[-3:-1]} == {"boris"}


def test_of_two_who_answer_in_the_same_instant_one_is_connected_and_the_other_let_go() -> None:
    scene = three_ring()
    anna, boris = leg_of(scene, "anna"), leg_of(scene, "boris")
    scene.then(e.OfferAnswered(anna), e.StrayAnswered(boris))
    assert scene.call.phase is Phase.TALKING
    assert scene.done == (HangUp(boris, "answered_elsewhere"),)


def test_one_who_declines_costs_only_that_agent_and_the_others_ring_on() -> None:
    scene = three_ring()
    scene.then(e.OfferEnded(leg_of(scene, "boris"), 21))
    assert scene.done == ()
    assert scene.call.phase is Phase.OFFERING
    assert waiting(scene) == {"offer": "anna,clara", "open": "1"}
    assert activity(scene, "boris") == "RESTING"
    assert scene.entries[-1].data["why"] == "declined"


def test_when_the_last_phone_is_gone_the_caller_waits_again_with_the_place_kept() -> None:
    scene = three_ring()
    place = scene.call.place
    for agent in ("boris", "anna", "clara"):
        scene.then(e.OfferEnded(leg_of(scene, agent), 19))
    assert (scene.call.phase, scene.call.offers, scene.call.place) == (Phase.WAITING, (), place)
    assert waiting(scene) == {"offer": "", "open": ""}
    assert "ring" not in scene.call.timers


def test_a_ring_that_never_ends_is_ended_and_those_that_began_later_go_on() -> None:
    scene = a_caller_for_everybody().then(proposed("anna"), proposed("boris")).then(proposed("clara"), after_ms=4_000)
    anna, boris = leg_of(scene, "anna"), leg_of(scene, "boris")
    later = scene.now_ms + 11_000
    scene.then(*(e.OfferRinging(offer.leg) for offer in scene.call.offers))
    scene.then(e.RingTimeUp(), after_ms=8_000)
    assert scene.done == (HangUp(anna, "no_answer"), HangUp(boris, "no_answer"))
    assert [offer.agent for offer in scene.call.offers] == ["clara"]
    assert scene.call.timers["ring"] == later
    scene.then(e.RingTimeUp(), after_ms=4_000)
    assert scene.call.phase is Phase.WAITING


def test_when_the_caller_hangs_up_every_phone_stops() -> None:
    scene = three_ring()
    legs = scene.call.legs[1:]
    scene.then(e.CallerHungUp())
    assert scene.done == tuple(HangUp(leg) for leg in legs)
    assert [activity(scene, agent) for agent in ("anna", "boris", "clara")] == ["IDLE"] * 3
    assert scene.words.count(Word.RINGCANCELED) == 3


def test_the_exit_key_stops_every_phone_and_leads_back_to_the_tree() -> None:
    scene = three_ring()
    place = scene.call.place
    assert place is not None
    scene.call = replace(scene.call, place=replace(place, exit_key="*"))
    legs = scene.call.legs[1:]
    scene.then(e.CallerPressed("*"))
    assert scene.done[:3] == tuple(HangUp(leg) for leg in legs)
    assert scene.call.phase is Phase.IN_TREE
    assert [activity(scene, agent) for agent in ("anna", "boris", "clara")] == ["IDLE"] * 3
    assert scene.words.count(Word.RINGCANCELED) == 3


def test_a_call_adopted_while_phones_ring_stops_them_all() -> None:
    scene = three_ring()
    legs = scene.call.legs[1:]
    scene.then(e.Adopted())
    assert scene.done == tuple(HangUp(leg) for leg in legs)
    assert scene.call.phase is Phase.WAITING
    assert waiting(scene) == {"offer": "", "open": ""}


def test_a_phone_that_was_never_told_to_ring_is_withdrawn_alone() -> None:
    scene = three_ring()
    boris = leg_of(scene, "boris")
    scene.then(e.OfferWithdrawn(boris))
    assert scene.done == (HangUp(boris),)
    assert activity(scene, "boris") == "IDLE"
    assert waiting(scene) == {"offer": "anna,clara", "open": "1"}


def test_once_the_longest_wait_is_over_no_phone_joins_those_that_ring() -> None:
    scene = three_ring().then(e.WaitTimeUp(), after_ms=60_000)
    assert scene.words[-1] is Word.LASTRING
    assert waiting(scene) == {"open": ""}
    scene.then(proposed("dora"))
    assert scene.done == ()
    assert len(scene.call.offers) == 3
    for agent in ("anna", "boris", "clara"):
        scene.then(e.OfferEnded(leg_of(scene, agent), 19))
    assert scene.call.timers["wait"] == scene.now_ms
    scene.then(proposed("dora"))
    assert scene.call.phase is Phase.WAITING


def test_in_a_queue_of_another_strategy_a_second_proposal_rings_nothing() -> None:
    scene = an_offered_caller().then(proposed("boris"))
    assert scene.done == ()
    assert [offer.agent for offer in scene.call.offers] == ["anna"]


def test_a_ringing_call_stored_when_calls_had_one_offer_is_read() -> None:
    call = an_offered_caller().call
    old = msgspec.json.decode(encode(call))
    old["offer"] = old.pop("offers")[0]
    assert decode(msgspec.json.encode(old)) == call


def test_a_callback_rings_every_agent_too_and_the_first_to_answer_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(QUEUES, "payers", QUEUES["payers"].model_copy(update={"strategy": "ring_all"}))
    scene = a_callback()
    scene.now_ms += 3_600_000
    scene.then(proposed("anna"), proposed("boris"))
    assert waiting(scene) == {"offer": "anna,boris", "open": "1"}
    anna, boris = leg_of(scene, "anna"), leg_of(scene, "boris")
    scene.then(e.OfferAnswered(boris))
    assert [command for command in scene.done if isinstance(command, HangUp)] == [HangUp(anna, "answered_elsewhere")]
    assert scene.call.phase is Phase.CALLING_BACK
    assert activity(scene, "anna") == "IDLE"
