"""Before the bridge: the agent hears who is coming and takes the call or does not; the caller waits on with music."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.acd.floor import Activity
from callrouter.calls import events as e
from callrouter.calls import told
from callrouter.calls.call import Phase
from callrouter.calls.events import named
from callrouter.config import Config
from callrouter.journal import Word
from callrouter.prompts.briefing import briefings
from callrouter.telephony import (
    Adopt,
    DigitPressed,
    HangUp,
    InterceptHold,
    Join,
    LegAdopted,
    LegHungUp,
    LegId,
    MakeBridge,
    Play,
    PlaybackEnded,
    PlaybackId,
    Ring,
    RingOutside,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlayback,
)
from tests.calls.scenes import (
    BRIEFING,
    CALLER,
    PHONE,
    QUEUES,
    SETTING,
    Scene,
    a_briefed_agent,
    a_callback,
    a_caller,
    a_waiting_caller,
    an_offered_caller,
    proposed,
)

AGENT = LegId("c0-a2")
WORDS = PlaybackId("c0-p3")


def floor_of(scene: Scene, thing: str) -> dict[str, str]:
    assert scene.last is not None
    return dict(scene.last.floor[thing] or {})


def kinds(scene: Scene) -> list[type[object]]:
    return [type(command) for command in scene.done]


def data_of(scene: Scene, word: Word) -> dict[str, str]:
    return dict(next(entry.data for entry in reversed(scene.entries) if entry.word is word))


def without_key() -> Scene:
    """An agent of a queue where whoever hears the words has taken the call."""
    setting = replace(SETTING, queues={**QUEUES, "briefed": QUEUES["briefed"].model_copy(update={"briefing": ANSWER})})
    return replace(a_briefed_agent(), setting=setting)


ANSWER = BRIEFING.model_copy(update={"accept": "answer"})


def test_who_picks_up_hears_the_words_alone_and_the_caller_waits_on() -> None:
    scene = a_briefed_agent()
    assert scene.call.phase is Phase.BRIEFING
    assert scene.done == (Play(AGENT, WORDS, ("/ru/system.briefing.briefed",), 1.0),)
    assert floor_of(scene, "agent:anna")["activity"] == Activity.BRIEFING
    assert floor_of(scene, "waiting:c0") == {"offer": "anna", "open": ""}
    assert scene.words[-1] is Word.BRIEFED
    scene = scene.then(e.MusicDue())
    assert scene.done == (StartMusic(CALLER, "default"),)


def test_a_queue_without_a_briefing_joins_them_at_once() -> None:
    scene = an_offered_caller().then(e.OfferAnswered(PHONE))
    assert scene.call.phase is Phase.TALKING
    assert Word.BRIEFED not in scene.words
    assert "briefed_ms" not in data_of(scene, Word.CONNECT)


@pytest.mark.parametrize("heard", [(), (e.WordsEnded(),)])
def test_the_key_joins_them_also_during_the_words_and_only_then_it_is_recorded(heard: tuple[e.CallEvent, ...]) -> None:
    scene = a_briefed_agent().then(*heard, after_ms=2_000)
    assert not [command for command in scene.commands if isinstance(command, StartRecording)]
    scene = scene.then(e.AgentPressed("1"), after_ms=1_000)
    stop = [] if heard else [StopPlayback]
    assert kinds(scene) == [*stop, MakeBridge, InterceptHold, StartRecording, Join]
    assert scene.call.phase is Phase.TALKING
    assert scene.call.offers == ()
    assert floor_of(scene, "agent:anna")["activity"] == Activity.TALKING


def test_ringing_ends_with_the_answer_and_the_wait_with_the_bridge() -> None:
    scene = a_caller().then(e.CallerPressed("2"), proposed())
    scene = scene.then(e.OfferAnswered(PHONE), after_ms=3_000).then(e.WordsEnded(), e.AgentPressed("1"), after_ms=2_000)
    connect = data_of(scene, Word.CONNECT)
    assert (connect["ring_ms"], connect["briefed_ms"], connect["waited_ms"]) == ("3000", "4000", "7000")
    assert data_of(scene, Word.BRIEFED) == {"ring_ms": "3000", "accept": "key"}


def test_another_key_declines_and_the_next_agent_gets_the_caller() -> None:
    scene = a_briefed_agent().then(e.AgentPressed("2"))
    assert kinds(scene) == [StopPlayback, HangUp]
    assert scene.call.phase is Phase.WAITING
    assert data_of(scene, Word.RINGNOANSWER)["why"] == "declined"
    assert floor_of(scene, "waiting:c0")["offer"] == ""
    assert scene.call.place is not None
    scene = scene.then(proposed("boris"))
    assert scene.call.phase is Phase.OFFERING


def test_no_key_after_the_words_means_nobody_is_there() -> None:
    scene = a_briefed_agent().then(e.WordsEnded())
    assert scene.call.timers["accept"] == scene.now_ms + 8_000
    scene = scene.then(e.AcceptTimeUp(), after_ms=8_000)
    assert scene.done == (HangUp(AGENT),)
    assert data_of(scene, Word.RINGNOANSWER)["why"] == "missed"
    assert "accept" not in scene.call.timers


def test_an_agent_who_hangs_up_has_declined() -> None:
    scene = a_briefed_agent().then(e.OfferEnded(PHONE, 16))
    assert data_of(scene, Word.RINGNOANSWER)["why"] == "declined"
    assert scene.call.phase is Phase.WAITING
    assert scene.done == ()


def test_without_a_key_the_end_of_the_words_joins_them_and_keys_mean_nothing() -> None:
    scene = without_key().then(e.AgentPressed("7"))
    assert scene.call.phase is Phase.BRIEFING
    scene = scene.then(e.WordsEnded())
    assert scene.call.phase is Phase.TALKING


def test_words_whose_end_is_never_told_do_not_keep_them_apart_for_ever() -> None:
    scene = without_key().then(e.AcceptTimeUp(), after_ms=60_000)
    assert scene.call.phase is Phase.TALKING
    assert kinds(scene)[0] is StopPlayback


def test_words_that_cannot_be_said_do_not_keep_them_apart() -> None:
    scene = a_caller().then(e.CallerPressed("2"), proposed())
    queues = {**QUEUES, "briefed": QUEUES["briefed"].model_copy(update={"briefing": ANSWER})}
    scene.setting = replace(SETTING, queues=queues, files=lambda _prompt, _language: ())
    scene = scene.then(e.OfferAnswered(PHONE))
    assert scene.call.phase is Phase.TALKING
    assert Play not in kinds(scene)


def test_a_caller_who_leaves_during_the_words_has_given_up_and_the_agent_keeps_the_place() -> None:
    scene = a_briefed_agent().then(e.CallerHungUp())
    assert scene.done == (HangUp(AGENT, "normal"),)
    assert scene.words[-3:] == [Word.RINGCANCELED, Word.ABANDON, Word.ENDED]
    assert "idle_since" not in floor_of(scene, "agent:anna")


def test_a_wait_that_ends_during_the_words_is_over_when_the_agent_declines() -> None:
    scene = a_briefed_agent().then(e.WaitTimeUp(), after_ms=60_000)
    assert scene.call.phase is Phase.BRIEFING
    scene = scene.then(e.AgentPressed("2"))
    assert scene.call.timers["wait"] == scene.now_ms


def test_the_next_worker_adopts_both_legs_and_says_the_words_again() -> None:
    scene = a_briefed_agent().then(e.MusicDue(), e.Adopted())
    assert scene.done == (StopPlayback(AGENT, WORDS), Adopt(AGENT))
    assert named(scene.call, PlaybackEnded(AGENT, WORDS)) is None
    assert scene.call.timers["music"] == scene.now_ms
    scene = scene.then(e.AgentAdopted())
    (play,) = scene.done
    assert isinstance(play, Play)
    assert (play.leg, play.playback != WORDS) == (AGENT, True)
    scene = scene.then(e.AgentPressed("1"))
    assert scene.call.phase is Phase.TALKING


def test_the_words_that_the_agent_answered_to_stop_when_the_caller_talks() -> None:
    scene = a_briefed_agent().then(e.MusicDue(), e.AgentPressed("1"))
    assert StopMusic in kinds(scene)


def test_events_of_the_agents_leg_are_known_by_it() -> None:
    call = a_briefed_agent().call
    assert named(call, DigitPressed(AGENT, "1")) == e.AgentPressed("1")
    assert named(call, DigitPressed(CALLER, "1")) == e.CallerPressed("1")
    assert named(call, PlaybackEnded(AGENT, WORDS)) == e.WordsEnded()
    assert named(call, LegAdopted(AGENT)) == e.AgentAdopted()
    assert named(call, LegHungUp(AGENT, 16)) == e.OfferEnded(AGENT, 16)


# --- beside callbacks and ring_all -----------------------------------------------------------------------------------


def with_briefing(scene: Scene, queue: str) -> Scene:
    queues = {**QUEUES, queue: QUEUES[queue].model_copy(update={"briefing": BRIEFING})}
    return replace(scene, setting=replace(SETTING, queues=queues, briefings=briefings(Config(queues=queues))))


def test_who_is_to_be_called_back_is_rung_only_after_the_agent_has_taken_the_call() -> None:
    scene = with_briefing(a_callback(), "payers").then(proposed(), e.OfferRinging(PHONE), e.OfferAnswered(PHONE))
    assert scene.call.phase is Phase.BRIEFING
    prompt, _ = told.words(scene.call, "anna", scene.setting, scene.now_ms) or (None, "")
    assert prompt is not None
    assert str(prompt.values["path"]).startswith("обратный звонок")
    assert not [command for command in scene.commands if isinstance(command, RingOutside)]
    scene = scene.then(e.AgentPressed("1"))
    assert scene.call.phase is Phase.CALLING_BACK
    assert RingOutside in kinds(scene)


def test_a_callback_that_the_agent_does_not_want_stands_in_the_line_again() -> None:
    scene = with_briefing(a_callback(), "payers").then(proposed(), e.OfferAnswered(PHONE), e.AgentPressed("3"))
    assert scene.call.phase is Phase.CALLBACK
    assert floor_of(scene, "waiting:c0")["offer"] == ""


def test_a_callback_whose_worker_dies_during_the_words_waits_for_the_adopted_agent() -> None:
    scene = with_briefing(a_callback(), "payers").then(proposed(), e.OfferAnswered(PHONE), e.Adopted())
    assert kinds(scene) == [StopPlayback, Adopt]
    assert "music" not in scene.call.timers
    scene = scene.then(e.AgentAdopted(), e.AgentPressed("1"))
    assert scene.call.phase is Phase.CALLING_BACK


def test_of_many_phones_the_first_that_is_picked_up_is_told_and_the_others_stop() -> None:
    scene = with_briefing(a_waiting_caller(), "everybody")
    assert scene.call.place is not None
    scene.call = replace(scene.call, place=replace(scene.call.place, queue="everybody"))
    scene = scene.then(proposed("anna"), proposed("boris"))
    second = scene.call.offers[1].leg
    scene = scene.then(e.OfferAnswered(second))
    assert [offer.agent for offer in scene.call.offers] == ["boris"]
    assert kinds(scene) == [HangUp, Play]
    assert floor_of(scene, "waiting:c0") == {"offer": "boris", "open": ""}
    scene = scene.then(proposed("clara"))
    assert scene.done == ()
    scene = scene.then(e.AgentPressed("2"))
    assert scene.call.phase is Phase.WAITING
    assert floor_of(scene, "waiting:c0") == {"offer": "", "open": ""}


# --- what is told ----------------------------------------------------------------------------------------------------


def test_the_words_hold_what_the_caller_wants_how_long_they_waited_and_the_key() -> None:
    call = a_briefed_agent().call
    prompt, language = told.words(call, "anna", SETTING, 1_000_000 + 42_000) or (None, "")
    assert prompt is not None
    assert language == "ru"
    assert dict(prompt.values) == {"path": "возврат", "waited": 40, "caller": "+79161112233", "key": "1"}


def test_each_agent_is_told_in_their_own_language_and_of_a_label_in_what_there_is() -> None:
    call = a_briefed_agent().call
    prompt, language = told.words(call, "vera", SETTING, 1_000_000) or (None, "")
    assert (language, prompt and prompt.values["path"]) == ("en", "возврат")


def test_where_nothing_has_a_label_the_tags_are_told() -> None:
    call = replace(a_briefed_agent().call, path=("who",), tags=("vip", "card"))
    prompt, _ = told.words(call, "anna", SETTING, 1_000_000) or (None, "")
    assert prompt is not None
    assert prompt.values["path"] == "vip, card"


@pytest.mark.parametrize(
    ("waited_s", "told_s"), [(0, 5), (3, 5), (12, 10), (29, 30), (44, 40), (118, 120), (125, 120), (200, 180)]
)
def test_time_is_told_as_people_do(waited_s: float, told_s: int) -> None:
    assert told.rounded_s(int(waited_s * 1000)) == told_s


@pytest.mark.parametrize(
    ("path", "way"),
    [("a b c", "a b c"), ("a b a c", "a c"), ("a b c b d", "a b d"), ("a a", "a"), ("a b c d a", "a")],
)
def test_who_goes_back_takes_back(path: str, way: str) -> None:
    assert " ".join(told.straight(tuple(path.split()))) == way


@pytest.mark.parametrize(
    ("display", "name", "shown"),
    [
        ("{queue}: {name}", "Ivan", "Payers: Ivan"),
        ("{queue}: {name}", "", "Payers"),
        ("{name}", "{queue}", "{queue}"),
        ("{number} / {queue}", "Ivan", "+79161112233 / Payers"),
        ("help", "Ivan", "help"),
    ],
)
def test_the_phone_shows_the_queue_and_the_caller(display: str, name: str, shown: str) -> None:
    call = a_caller(name=name).call
    rules = QUEUES["payers"].model_copy(update={"briefing": BRIEFING.model_copy(update={"display": display})})
    assert told.shown(call, rules) == shown


@pytest.mark.parametrize(
    ("queue", "own", "asked"), [(True, None, True), (True, False, False), (False, True, True), (False, None, False)]
)
def test_an_agents_own_wish_about_picking_up_wins_over_the_queues(queue: bool, own: bool | None, asked: bool) -> None:
    agents = {"anna": SETTING.agents["anna"].model_copy(update={"auto_answer": own})}
    rules = QUEUES["payers"].model_copy(update={"briefing": BRIEFING.model_copy(update={"auto_answer": queue})})
    scene = a_caller().then(e.CallerPressed("1"))
    scene.setting = replace(SETTING, agents=agents, queues={**QUEUES, "payers": rules})
    scene = scene.then(proposed())
    (ring,) = scene.done
    assert isinstance(ring, Ring)
    assert ring.auto_answer is asked


def test_an_offer_taken_back_during_the_briefing_ends_it_at_once_and_the_agent_is_free() -> None:
    scene = a_briefed_agent().then(e.OfferWithdrawn(AGENT))
    assert scene.done == (StopPlayback(AGENT, WORDS), HangUp(AGENT, "normal"))
    assert (scene.call.phase, scene.call.offers, "accept" in scene.call.timers) == (Phase.WAITING, (), False)
    assert floor_of(scene, "agent:anna")["activity"] == Activity.IDLE
    assert floor_of(scene, "waiting:c0") == {"offer": "", "open": ""}
    assert scene.words[-1] is Word.RINGCANCELED
