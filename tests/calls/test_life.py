"""What happens to a call and to the people in it, event by event."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.calls import events as e
from callrouter.calls.call import Phase, held_by
from callrouter.calls.in_line import joined
from callrouter.calls.life import CALLED_BACK, IGNORED, TRANSITIONS
from callrouter.calls.step import Moment, Step
from callrouter.journal import Word
from callrouter.telephony import (
    Answer,
    HangUp,
    InterceptHold,
    Join,
    LegHungUp,
    LegId,
    MakeBridge,
    Play,
    PlaybackEnded,
    Ring,
    RingOutside,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlayback,
    StopRecording,
    Unbridge,
)
from callrouter.tree.walk import LookedUp
from tests.calls.scenes import (
    CALLER,
    FACTS,
    PHONE,
    SETTING,
    Scene,
    a_caller,
    a_talking_caller,
    a_waiting_caller,
    an_offered_caller,
    in_phase,
    proposed,
)

EVENTS = get_args(e.CallEvent)
LIVE = [phase for phase in Phase if phase is not Phase.ENDED]
SAMPLES: dict[type[e.CallEvent], e.CallEvent] = {
    e.CallerPressed: e.CallerPressed("1"),
    e.AgentProposed: proposed(),
    e.OfferRinging: e.OfferRinging(PHONE),
    e.OfferAnswered: e.OfferAnswered(PHONE),
    e.AgentPressed: e.AgentPressed("1"),
    e.OfferEnded: e.OfferEnded(PHONE, 19),
    e.OfferWithdrawn: e.OfferWithdrawn(PHONE),
    e.LookupAnswered: e.LookupAnswered("c0-l1", LookedUp({"amount": 5})),
    e.MessageEnded: e.MessageEnded(2.5),
    e.LineClosed: e.LineClosed("payers", "closed", 1),
    e.StrayAnswered: e.StrayAnswered(LegId("c0-a9")),
    e.CustomerNotReached: e.CustomerNotReached(17),
    e.CallbackWished: e.CallbackWished("cancel", "mia"),
    e.RecordingLost: e.RecordingLost("disk full"),
}


def sample(kind: type[e.CallEvent]) -> e.CallEvent:
    return SAMPLES.get(kind) or kind()  # type: ignore[call-arg]


def kinds(scene: Scene) -> list[type[object]]:
    return [type(command) for command in scene.done]


def floor_of(scene: Scene) -> dict[str, object]:
    assert scene.last is not None
    return dict(scene.last.floor)


@pytest.mark.parametrize("phase", LIVE)
@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_is_either_handled_or_ignored_in_every_phase(phase: Phase, kind: type[e.CallEvent]) -> None:
    pair = (phase, kind)
    assert (pair in TRANSITIONS) is not (pair in IGNORED)


@pytest.mark.parametrize("pair", sorted(IGNORED, key=str))
def test_what_is_ignored_does_nothing(pair: tuple[Phase, type[e.CallEvent]]) -> None:
    scene = in_phase(pair[0])
    before = scene.call
    scene.then(sample(pair[1]))
    assert scene.last == Step(before)


@pytest.mark.parametrize("pair", sorted(TRANSITIONS, key=str))
def test_an_agent_is_changed_only_when_reserved_or_while_the_floor_says_that_the_call_holds_them(
    pair: tuple[Phase, type[e.CallEvent]],
) -> None:
    scene = in_phase(pair[0])
    held = {f"agent:{agent}": leg for agent, leg in held_by(scene.call)}
    scene.then(sample(pair[1]))
    assert scene.last is not None
    changed = {thing for thing in floor_of(scene) if thing.startswith("agent:")}
    reserved = {need.thing for need in scene.last.needs if need.thing.startswith("agent:")}
    assert {(need.thing, need.field, need.value) for need in scene.last.only_if} == {
        (thing, "leg", held[thing]) for thing in changed - reserved
    }


@pytest.mark.parametrize("phase", [phase for phase in LIVE if phase not in CALLED_BACK])
def test_a_caller_who_hangs_up_anywhere_ends_the_call_once_and_leaves_nothing_behind(phase: Phase) -> None:
    scene = in_phase(phase).then(e.CallerHungUp())
    assert scene.call.phase is Phase.ENDED
    assert scene.words.count(Word.ENDED) == 1
    assert not scene.call.timers


def test_an_arriving_caller_hears_the_first_menu() -> None:
    scene = a_caller()
    assert [entry.word for entry in scene.entries] == [Word.ARRIVED, Word.NODE]
    assert isinstance(scene.done[0], Play)
    assert scene.done[0].files == ("/ru/test.who",)


def test_a_key_during_the_prompt_stops_it_before_anything_else() -> None:
    scene = a_waiting_caller()
    assert kinds(scene) == [StopPlayback]
    assert scene.call.phase is Phase.WAITING
    assert scene.words[-1] is Word.ENTERQUEUE


def test_the_language_chosen_in_the_tree_is_spoken_from_then_on() -> None:
    scene = a_caller().then(e.CallerPressed("9"))
    play = scene.done[-1]
    assert isinstance(play, Play)
    assert play.files == ("/en/test.who",)
    assert scene.call.language == "en"


def test_music_starts_only_if_nobody_has_answered_soon() -> None:
    scene = a_waiting_caller()
    assert scene.call.timers["music"] == scene.now_ms + 250
    scene.then(e.MusicDue())
    assert scene.done == (StartMusic(CALLER, "default"),)


def test_a_word_on_joining_the_line_is_said_at_once_and_music_follows_it() -> None:
    scene = a_caller().then(e.CallerPressed("4"))
    assert kinds(scene) == [StopPlayback, Play]
    assert scene.call.phase is Phase.WAITING
    assert "music" not in scene.call.timers
    scene.then(e.PromptEnded())
    assert scene.done == (StartMusic(CALLER, "default"),)


def test_an_agent_who_answers_cuts_the_word_on_joining_the_line() -> None:
    scene = a_caller().then(e.CallerPressed("4"), proposed(), e.OfferRinging(PHONE), e.OfferAnswered(PHONE))
    assert kinds(scene)[0] is StopPlayback
    assert StopMusic not in kinds(scene)


def test_an_offer_reserves_the_agent_before_the_phone_rings() -> None:
    scene = an_offered_caller()
    assert scene.last is not None
    needs = {(need.thing, need.field, need.value) for need in scene.last.needs}
    assert ("agent:anna", "activity", "IDLE") in needs
    assert ("agent:anna", "presence", "READY") in needs
    assert ("agent:anna", "reachable", "1") in needs
    assert ("waiting:c0", "offer", "") in needs
    assert isinstance(scene.done[0], Ring)
    assert scene.done[0].leg.startswith("c0-a")


def test_caller_and_agent_are_joined_recorded_and_journalled() -> None:
    scene = a_waiting_caller().then(e.MusicDue(), proposed())
    scene.then(e.OfferRinging(PHONE), e.OfferAnswered(PHONE), after_ms=1_000)
    assert kinds(scene) == [StopMusic, MakeBridge, InterceptHold, StartRecording, Join]
    connect = scene.entries[-1]
    assert (connect.word, connect.agent, connect.queue) == (Word.CONNECT, "anna", "payers")
    assert connect.data["waited_ms"] == "2000"
    assert floor_of(scene)["waiting:c0"] is None


def test_when_the_caller_hangs_up_the_agent_is_let_go_and_wraps_up() -> None:
    scene = a_talking_caller().then(e.CallerHungUp(), after_ms=3_000)
    assert kinds(scene) == [HangUp, StopRecording, Unbridge]
    assert [entry.word for entry in scene.entries[-2:]] == [Word.COMPLETECALLER, Word.ENDED]
    assert scene.entries[-1].data["talked_ms"] == "3000"
    agent = floor_of(scene)["agent:anna"]
    assert isinstance(agent, dict)
    assert (agent["activity"], agent["wrap_until"]) == ("WRAP_UP", str(scene.now_ms + 5_000))


def test_when_the_agent_hangs_up_the_caller_is_let_go() -> None:
    scene = a_talking_caller().then(e.AgentHungUp())
    assert scene.done[0] == HangUp(CALLER)
    assert scene.words[-2:] == [Word.COMPLETEAGENT, Word.ENDED]


def test_an_unanswered_ring_brings_the_caller_back_to_the_line_with_the_place_kept() -> None:
    scene = a_waiting_caller()
    place = scene.call.place
    scene.then(proposed(), e.OfferRinging(PHONE), e.OfferEnded(PHONE, 19), after_ms=10_000)
    assert (scene.call.phase, scene.call.place, scene.call.offers) == (Phase.WAITING, place, ())
    assert scene.words[-1] is Word.RINGNOANSWER
    agent = floor_of(scene)["agent:anna"]
    assert isinstance(agent, dict)
    assert (agent["activity"], agent["missed"]) == ("RESTING", "1")


def test_an_agent_who_misses_too_often_is_set_not_ready() -> None:
    scene = an_offered_caller(missed=1).then(e.OfferRinging(PHONE), e.OfferEnded(PHONE, 19))
    assert scene.words[-2:] == [Word.RINGNOANSWER, Word.PAUSE]
    agent = floor_of(scene)["agent:anna"]
    assert isinstance(agent, dict)
    assert (agent["presence"], agent["reason"]) == ("NOT_READY", "missed")


@pytest.mark.parametrize(("cause", "why"), [(19, "missed"), (21, "declined"), (17, "busy"), (20, "unreachable")])
def test_the_journal_says_why_the_agent_did_not_take_the_call(cause: int, why: str) -> None:
    scene = an_offered_caller().then(e.OfferRinging(PHONE), e.OfferEnded(PHONE, cause))
    assert scene.entries[-1].data["why"] == why


def test_a_phone_that_does_not_even_begin_to_ring_holds_nobody_up() -> None:
    scene = an_offered_caller()
    assert scene.call.timers["ring"] == scene.now_ms + 5_000
    scene.then(e.RingTimeUp(), after_ms=5_000)
    assert scene.entries[-1].data["why"] == "unreachable"
    assert scene.call.phase is Phase.WAITING


def test_a_ring_that_never_ends_is_ended() -> None:
    scene = an_offered_caller().then(e.OfferRinging(PHONE))
    assert scene.call.timers["ring"] == scene.now_ms + 11_000
    leg = scene.call.legs[1]
    scene.then(e.RingTimeUp())
    assert scene.done == (HangUp(leg, "no_answer"),)
    assert scene.call.phase is Phase.WAITING


def test_a_caller_who_leaves_while_a_phone_rings_stops_it_and_costs_the_agent_nothing() -> None:
    scene = an_offered_caller()
    leg = scene.call.legs[1]
    scene.then(e.CallerHungUp())
    assert scene.done == (HangUp(leg),)
    assert scene.words[-3:] == [Word.RINGCANCELED, Word.ABANDON, Word.ENDED]
    agent = floor_of(scene)["agent:anna"]
    assert isinstance(agent, dict)
    assert agent["activity"] == "IDLE"
    assert "idle_since" not in agent
    assert "missed" not in agent


def test_a_phone_answered_too_late_is_let_go() -> None:
    scene = an_offered_caller()
    leg = scene.call.legs[1]
    scene.then(e.RingTimeUp(), e.StrayAnswered(leg))
    assert scene.done == (HangUp(leg, "answered_elsewhere"),)


def test_after_the_longest_wait_the_caller_hears_a_polite_word_and_is_let_go() -> None:
    scene = a_waiting_caller().then(e.MusicDue()).then(e.WaitTimeUp(), after_ms=60_000)
    assert kinds(scene) == [StopMusic, Play]
    assert scene.call.phase is Phase.LEAVING
    assert floor_of(scene)["waiting:c0"] is None
    scene.then(e.PromptEnded())
    assert scene.done == (HangUp(CALLER),)
    assert scene.entries[-1].data == {"how": "timed_out", "in_tree_ms": "0", "waited_ms": "60000", "talked_ms": "0"}


def test_the_wait_that_ran_out_during_a_ring_is_noticed_when_the_ring_ends() -> None:
    scene = an_offered_caller().then(e.WaitTimeUp(), e.OfferEnded(PHONE, 19), after_ms=60_000)
    assert scene.call.timers["wait"] == scene.now_ms


def test_overflow_to_another_queue_keeps_the_time_waited() -> None:
    scene = a_waiting_caller()
    assert scene.call.place is not None
    scene.call = replace(scene.call, place=replace(scene.call.place, queue="merchants"))
    scene.then(e.WaitTimeUp(), after_ms=30_000)
    assert scene.call.place is not None
    assert (scene.call.place.queue, scene.call.place.since_ms) == ("payers", 1_000_000)
    assert scene.words[-2:] == [Word.EXITWITHTIMEOUT, Word.ENTERQUEUE]
    waiting = floor_of(scene)["waiting:c0"]
    assert isinstance(waiting, dict)
    assert waiting["since"] == "1000000"


def test_hold_gives_the_caller_music_and_takes_it_away() -> None:
    scene = a_talking_caller().then(e.AgentHeld())
    held = scene.done
    scene.then(e.AgentUnheld())
    assert (held, scene.done) == ((StartMusic(CALLER, "default"),), (StopMusic(CALLER),))


def test_a_lost_recording_is_journalled_and_the_talk_goes_on() -> None:
    scene = a_talking_caller().then(e.RecordingLost("disk full"))
    assert scene.call.phase is Phase.TALKING
    assert scene.entries[-1].data == {"problem": "disk full"}
    scene.then(e.CallerHungUp())
    assert StopRecording not in kinds(scene)


def test_an_adopted_caller_in_the_tree_is_asked_again() -> None:
    scene = a_caller().then(e.Adopted())
    assert kinds(scene) == [Answer, Play]
    assert scene.call.walk is not None
    assert scene.call.walk.asked == {"who": 1}


def test_an_adopted_ringing_call_goes_back_to_the_line_and_the_phone_stops() -> None:
    scene = an_offered_caller()
    leg = scene.call.legs[1]
    scene.then(e.Adopted())
    assert scene.done == (HangUp(leg),)
    assert scene.call.phase is Phase.WAITING


def test_a_queue_that_is_not_configured_sends_the_caller_to_the_fallback() -> None:
    step = joined(Step(a_caller().call), "nowhere", 0, Moment(1, SETTING, FACTS))
    assert step.call.phase is Phase.ENDED
    assert [entry.word for entry in step.entries] == [Word.FALLBACK, Word.ENDED]


def test_the_end_of_a_prompt_that_was_cut_means_nothing() -> None:
    scene = a_caller()
    first = scene.call.playback
    assert first is not None
    scene.then(e.CallerPressed("9"))
    assert e.named(scene.call, PlaybackEnded(CALLER, first)) is None
    assert e.named(scene.call, LegHungUp(CALLER, 16)) == e.CallerHungUp()


def test_a_hostile_caller_is_only_data() -> None:
    call = a_caller(number="+7916<sip:x>\r\nInvite", name="Ann\r\nX: y\x00" * 20).call
    assert call.caller == "+7916"
    assert "\r" not in call.caller_name
    assert len(call.caller_name) <= 64


class Legs:
    """Which legs are alive, as the commands of a call would have it."""

    def __init__(self) -> None:
        self.rung: set[str] = set()
        self.let_go: set[str] = set()

    def follow(self, scene: Scene) -> None:
        for command in scene.commands:
            if isinstance(command, Ring | RingOutside):
                self.rung.add(command.leg)
            elif isinstance(command, HangUp):
                self.let_go.add(command.leg)


@given(st.lists(st.sampled_from(sorted(EVENTS, key=str)), max_size=40))
def test_in_any_order_of_events_no_leg_is_stranded_and_every_call_ends_once(order: list[type[e.CallEvent]]) -> None:
    scene = a_caller()
    refused: set[str] = set()
    for kind in order:
        if scene.call.phase is Phase.ENDED:
            break
        ringing, talk = (*scene.call.offers, scene.call.target), scene.call.talk
        phones = [part for part in ringing if part is not None]
        if kind in (e.OfferRinging, e.OfferAnswered, e.OfferEnded, e.OfferWithdrawn) and not phones:
            continue
        if kind in (e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost) and talk is None:
            continue
        if kind is e.OfferEnded:
            refused.add(phones[0].leg)
        if kind is e.AgentHungUp and talk is not None:
            refused.add(talk.leg)
        scene.then(sample(kind), after_ms=100)
    if scene.call.phase is not Phase.ENDED:
        scene.then(e.CallerHungUp())
    if scene.call.phase is Phase.ENDED:
        legs = Legs()
        legs.follow(scene)
        assert legs.rung <= legs.let_go | refused
        assert scene.words.count(Word.ENDED) == 1
        assert scene.words[-1] is Word.ENDED
