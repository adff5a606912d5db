"""A caller who asked to be called back keeps the place, is rung at the right time, and never twice at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.calls import events as e
from callrouter.calls.call import Phase
from callrouter.calls.life import CALLED_BACK
from callrouter.journal import Word
from callrouter.telephony import (
    Adopt,
    HangUp,
    Join,
    LegId,
    MakeBridge,
    Play,
    Ring,
    RingOutside,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlayback,
)
from tests.calls.scenes import (
    FACTS,
    PHONE,
    QUEUES,
    RUNG,
    Scene,
    a_callback,
    a_caller,
    a_waiting_caller,
    in_phase,
    proposed,
)

THING = "callback:payers/79161112233"
RETRY_MS = 900_000


def outcomes(scene: Scene) -> list[str]:
    return [entry.data["outcome"] for entry in scene.entries if entry.word is Word.CALLBACKTRY]


def waiting(scene: Scene) -> dict[str, str] | None:
    """What this step says of the call's place in the line."""
    assert scene.last is not None
    found = scene.last.floor.get("waiting:c0")
    return dict(found) if found is not None else None


def dialled(scene: Scene) -> Scene:
    """The agent has answered, and the phone outside rings."""
    return scene.then(proposed(), e.OfferRinging(PHONE), e.OfferAnswered(PHONE))


def of(scene: Scene, kind: type[object]) -> list[object]:
    return [command for command in scene.done if isinstance(command, kind)]


def test_whoever_asks_and_hangs_up_has_not_ended_but_stands_in_the_line() -> None:
    scene = a_callback()
    assert scene.call.phase is Phase.CALLBACK
    assert Word.ENDED not in scene.words
    assert scene.call.legs == ()
    place = waiting(scene)
    assert place is not None
    assert (place["queue"], place["since"], place["offer"]) == ("payers", "1000000", "")


def test_it_is_known_to_all_from_the_moment_it_is_asked_for() -> None:
    scene = a_caller().then(e.CallerPressed("*"), e.CallerPressed("1"))
    assert scene.last is not None
    assert scene.last.floor[THING] == {
        "call": "c0",
        "queue": "payers",
        "number": "79161112233",
        "asked": "1000000",
        "attempts": "0",
        "state": "asked",
        "wish": "",
        "by": "",
    }
    assert scene.call.phase is Phase.IN_TREE


def test_who_asks_from_the_line_keeps_the_time_waited_there_and_the_priority() -> None:
    scene = a_caller().then(e.CallerPressed("5"), e.OfferEnded(PHONE, 17))  # nobody at accounting: patient, priority 2
    scene.then(e.CallerPressed("*"), after_ms=40_000)
    scene.then(e.CallerPressed("*"), e.CallerPressed("1"), e.CallerHungUp(), after_ms=1_000)
    place = waiting(scene)
    assert place is not None
    assert (place["since"], place["priority"]) == ("1000000", "2")


def test_what_the_tree_wished_for_is_kept_with_the_place() -> None:
    scene = a_caller().then(e.CallerPressed("0"))
    place = scene.call.place
    assert place is not None
    assert (place.require, place.prefer) == ("women:3,ru:1", "cards:5")


def test_a_number_that_we_may_not_dial_is_left_to_people() -> None:
    scene = a_caller("+33123456789")
    scene.facts = replace(FACTS, caller="+33123456789")
    scene.call = replace(scene.call, caller="+33123456789")
    scene.then(e.CallerPressed("*"), e.CallerPressed("1"), e.CallerHungUp())
    assert scene.call.phase is Phase.ENDED
    asked = next(entry for entry in scene.entries if entry.word is Word.CALLBACK)
    assert asked.data == {"number": "+33123456789", "by_hand": "forbidden"}


def test_agent_first_the_agent_answers_and_then_the_phone_outside_rings() -> None:
    scene = a_callback().then(proposed())
    assert of(scene, Ring)
    scene.then(e.OfferRinging(PHONE), e.OfferAnswered(PHONE), after_ms=1_000)
    rung = scene.done[0]
    assert isinstance(rung, RingOutside)
    assert (rung.number, rung.trunk, rung.caller_number) == ("+79161112233", "carrier", "+74951234567")
    played = scene.done[1]
    assert isinstance(played, Play)
    assert played.files == ("/ru/system.ringing",)
    scene.then(e.PromptEnded())
    assert isinstance(scene.done[0], StartMusic)
    assert outcomes(scene) == ["open", "dialled"]


def test_when_it_is_answered_both_talk_recorded_and_it_is_settled() -> None:
    scene = dialled(a_callback()).then(e.PromptEnded(), e.CustomerAnswered(), after_ms=1_000)
    assert scene.call.phase is Phase.TALKING
    assert [type(command) for command in scene.done][:2] == [StopMusic, MakeBridge]
    assert of(scene, StartRecording)
    assert of(scene, Join)
    assert scene.call.callback is None
    assert scene.last is not None
    assert scene.last.floor[THING] is None
    connect = next(entry for entry in scene.entries if entry.word is Word.CONNECT)
    assert (connect.agent, connect.data["waited_ms"]) == ("anna", "2000")
    scene.then(e.CallerHungUp())
    assert (scene.call.phase, scene.words.count(Word.ENDED)) == (Phase.ENDED, 1)


@pytest.mark.parametrize(("cause", "outcome"), [(17, "busy"), (19, "no_answer"), (21, "rejected")])
def test_not_reached_the_agent_is_told_and_free_at_once_and_the_place_kept(cause: int, outcome: str) -> None:
    scene = dialled(a_callback()).then(e.CustomerNotReached(cause))
    assert [type(command) for command in scene.done] == [StopPlayback, Play]
    scene.then(e.PromptEnded())
    assert scene.last is not None
    assert scene.last.floor["agent:anna"] == {"activity": "IDLE", "since": "$now", "call": "", "leg": ""}
    assert of(scene, HangUp)
    assert waiting(scene) is None
    assert scene.call.timers["callback"] == scene.now_ms + RETRY_MS
    scene.then(e.CallbackTimeUp(), after_ms=RETRY_MS)
    place = waiting(scene)
    assert place is not None
    assert place["since"] == "1000000"
    assert outcomes(scene) == ["open", "dialled", outcome, "open"]
    assert scene.call.callback is not None
    assert scene.call.callback.attempts == 1


def test_after_the_last_attempt_it_ends_once_and_says_so() -> None:
    scene = a_callback()
    for _ in range(3):
        dialled(scene).then(e.CustomerNotReached(17), e.PromptEnded())
        if scene.call.phase is Phase.CALLBACK:
            scene.then(e.CallbackTimeUp(), after_ms=RETRY_MS)
    assert scene.call.phase is Phase.ENDED
    assert scene.entries[-1].data["how"] == "callback_failed"
    assert scene.words.count(Word.ENDED) == 1
    assert scene.last is not None
    assert scene.last.floor[THING] is None


def test_trouble_of_the_network_costs_no_attempt() -> None:
    scene = dialled(a_callback()).then(e.CustomerNotReached(38), e.PromptEnded())
    assert scene.call.callback is not None
    assert (scene.call.callback.attempts, outcomes(scene)[-1]) == (0, "unreachable")


def test_an_agent_who_does_not_wait_stops_the_ring_and_the_place_is_kept() -> None:
    scene = dialled(a_callback()).then(e.AgentHungUp())
    assert {command.leg for command in of(scene, HangUp)} == {LegId("c0-k5"), LegId("c0-a4")}  # type: ignore[attr-defined]
    assert scene.call.phase is Phase.CALLBACK
    assert outcomes(scene)[-1] == "agent_left"


def test_a_worker_that_dies_while_it_rings_leaves_no_second_ring() -> None:
    scene = dialled(a_callback()).then(e.Adopted())
    assert len(of(scene, HangUp)) == 2
    assert not of(scene, RingOutside)
    assert not of(scene, Adopt)
    assert scene.call.phase is Phase.CALLBACK
    assert "callback" in scene.call.timers


def test_the_ring_of_one_whose_place_another_call_has_is_refused_by_the_store() -> None:
    for key, name in (("*", "payers"), ("#", "merchants")):
        scene = a_callback(key).then(proposed())
        assert scene.last is not None
        assert any((need.thing, need.value) == (f"callback:{name}/79161112233", "c0") for need in scene.last.needs)


def test_customer_first_they_press_a_key_and_are_next_in_the_line() -> None:
    scene = a_callback("#").then(proposed(), after_ms=5_000)
    assert isinstance(scene.done[0], RingOutside)
    assert scene.last is not None
    assert "agent:anna" not in scene.last.floor
    assert waiting(scene) is None
    scene.then(e.CustomerAnswered(), e.PromptEnded(), e.CallerPressed("7"))
    assert scene.call.phase is Phase.CONFIRMING
    scene.then(e.CallerPressed("1"))
    place = waiting(scene)
    assert (scene.call.phase, place and place["since"]) == (Phase.WAITING, "1000000")
    assert Word.ENTERQUEUE not in scene.words
    assert scene.then(proposed("boris"), e.OfferAnswered(PHONE)).words[-2:] == [Word.CONNECT, Word.CALLBACKTRY]


def test_an_answering_machine_holds_no_agent() -> None:
    scene = a_callback("#").then(proposed(), e.CustomerAnswered(), e.CallbackTimeUp())
    assert of(scene, HangUp)
    assert outcomes(scene)[-1] == "not_confirmed"
    assert scene.call.phase is Phase.CALLBACK


def test_who_hangs_up_after_we_have_called_is_no_abandon_but_an_attempt() -> None:
    scene = a_callback("#").then(proposed(), e.CustomerAnswered(), e.CallerPressed("1"), e.CallerHungUp())
    assert Word.ABANDON not in scene.words
    assert outcomes(scene)[-1] == "hung_up"
    assert scene.call.callback is not None
    assert scene.call.callback.attempts == 1


@pytest.mark.parametrize("keys", ["", "1"])
def test_who_is_cut_off_by_an_accident_of_ours_has_used_no_attempt(keys: str) -> None:
    scene = a_callback("#").then(proposed(), e.CustomerAnswered(), *map(e.CallerPressed, keys))
    scene.then(e.CallerHungUp(lost=True))
    assert outcomes(scene)[-1] == "lost"
    assert scene.call.callback is not None
    assert scene.call.callback.attempts == 0


def test_at_night_nobody_is_rung_and_the_place_waits_for_the_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = QUEUES["payers"].callback
    assert rules is not None
    by_day = rules.model_copy(update={"windows": {"mon-sun": "09:00-21:00"}})
    monkeypatch.setitem(QUEUES, "payers", QUEUES["payers"].model_copy(update={"callback": by_day}))
    scene = a_callback()  # at 00:16
    assert waiting(scene) is None
    assert scene.call.timers["callback"] == 9 * 3_600_000
    scene.now_ms = 9 * 3_600_000
    assert waiting(scene.then(e.CallbackTimeUp())) is not None
    scene.now_ms = 21 * 3_600_000 + 1
    scene.then(proposed())
    assert not of(scene, Ring)
    assert scene.call.timers["callback"] == 33 * 3_600_000


def test_a_number_is_rung_so_often_in_a_day_and_not_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNG, "79161112233", 5)
    scene = a_callback().then(proposed())
    assert not of(scene, Ring)
    assert outcomes(scene)[-1] == "rung_enough_today"


def test_it_expires_with_its_place() -> None:
    scene = a_callback()
    assert scene.call.timers["expire"] == 1_000_000 + 24 * 3_600_000
    scene.then(e.CallbackExpired())
    assert scene.entries[-1].data["how"] == "callback_expired"


@pytest.mark.parametrize(("wish", "how"), [("cancel", "cancelled"), ("served", "served"), ("again", "asked_again")])
def test_it_can_be_cancelled_or_become_void(wish: str, how: str) -> None:
    scene = a_callback().then(e.CallbackWished(wish, "mia"))
    assert scene.entries[-1].data["how"] == f"callback_{how}"
    assert scene.entries[-2].data["by"] == "mia"
    assert scene.last is not None
    assert (THING in scene.last.floor) is (wish != "again")  # there stands the other call


def test_cancelled_while_it_rings_the_phone_outside_stops_and_the_agent_is_free() -> None:
    scene = dialled(a_callback()).then(e.CallbackWished("now"), e.CallbackWished("served", "c9"))
    assert len(of(scene, HangUp)) == 2
    assert scene.last is not None
    assert scene.last.floor["agent:anna"] == {"activity": "IDLE", "since": "$now", "call": "", "leg": ""}
    assert (scene.call.phase, scene.words.count(Word.ENDED)) == (Phase.ENDED, 1)


def test_it_can_be_made_without_a_pause() -> None:
    scene = dialled(a_callback()).then(e.CustomerNotReached(17), e.PromptEnded(), e.CallbackWished("now", "mia"))
    assert waiting(scene) is not None


def test_a_talk_in_the_same_call_settles_it() -> None:
    scene = a_caller().then(e.CallerPressed("*"), e.CallerPressed("2"))
    assert scene.call.callback is None
    scene = a_waiting_caller()
    wanted = a_callback().call.callback
    scene.call = replace(scene.call, callback=wanted)
    scene.then(proposed(), e.OfferAnswered(PHONE), e.CallerHungUp())
    assert scene.call.phase is Phase.ENDED
    assert outcomes(scene) == ["connected"]


@pytest.mark.parametrize("phase", CALLED_BACK)
def test_a_worker_that_dies_at_any_point_leaves_it_able_to_go_on(phase: Phase) -> None:
    scene = in_phase(phase).then(e.Adopted())
    assert scene.call.phase in (Phase.CALLBACK, Phase.CONFIRMING)
    assert scene.call.timers
