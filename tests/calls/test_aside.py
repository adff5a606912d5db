"""What happens to a caller in the tree beside menus: others are asked, rung, told; nothing secret gets out."""

from __future__ import annotations

from dataclasses import replace

from callrouter.calls import events as e
from callrouter.calls.call import Phase, encode
from callrouter.calls.step import Ask, FileMessage
from callrouter.journal import Word
from callrouter.telephony import (
    Answer,
    HangUp,
    InterceptHold,
    Join,
    MakeBridge,
    Play,
    RingOutside,
    StartMusic,
    StartRecording,
    StopMessage,
    StopMusic,
    StopPlayback,
    TakeMessage,
)
from callrouter.tree.walk import LookedUp
from tests.calls.scenes import PHONE, Scene, a_caller, in_phase, proposed


def keys(text: str) -> list[e.CallEvent]:
    return [e.CallerPressed(key) for key in text]


def kinds(scene: Scene) -> list[type[object]]:
    return [type(command) for command in scene.done]


def waiting_fields(scene: Scene) -> dict[str, str]:
    assert scene.last is not None
    fields = scene.last.floor["waiting:c0"]
    assert fields is not None
    return dict(fields)


def a_question() -> Scene:
    """The CRM is being asked about order 123."""
    return a_caller().then(*keys("6123"))


def question(scene: Scene) -> Ask:
    return next(errand for errand in reversed(scene.errands) if isinstance(errand, Ask))


def test_a_lookup_asks_with_what_the_caller_said_and_goes_on_with_the_answer() -> None:
    scene = a_question()
    asked = question(scene)
    assert asked.what.values == {"order": "123"}
    scene.then(e.LookupAnswered(asked.id, LookedUp({"amount": 49.5})), after_ms=300)
    assert scene.call.phase is Phase.WAITING
    assert scene.call.answers == {"order": "123", "amount": "49.5"}
    lookup = next(entry for entry in scene.entries if entry.word is Word.LOOKUP)
    assert lookup.data == {"node": "crm", "outcome": "answered", "took_ms": "300"}
    assert Word.ANSWER in scene.words


def test_path_answers_and_needs_stand_beside_the_waiting_call() -> None:
    scene = a_question()
    scene.then(e.LookupAnswered(question(scene).id, LookedUp({"amount": 5})))
    fields = waiting_fields(scene)
    assert fields["path"] == "who order crm patient"
    assert fields["answers"] == '{"order": "123", "amount": "5"}'


def test_who_waits_for_an_answer_hears_the_filler_and_then_music() -> None:
    scene = a_question().then(e.FillerDue(), after_ms=700)
    assert kinds(scene) == [Play]
    scene.then(e.PromptEnded())
    assert kinds(scene) == [StartMusic]
    scene.then(e.LookupAnswered(question(scene).id, LookedUp(failure="500")))
    assert kinds(scene) == [StopMusic, Play]


def test_an_answer_in_the_middle_of_the_filler_cuts_it() -> None:
    scene = a_question().then(e.FillerDue())
    scene.then(e.LookupAnswered(question(scene).id, LookedUp(failure="500")))
    assert kinds(scene) == [StopPlayback, Play]


def test_an_answer_that_does_not_come_is_a_failure() -> None:
    scene = a_question().then(e.LookupTimeUp(), after_ms=3_000)
    assert [entry.data.get("node") for entry in scene.entries if entry.word is Word.NODE][-1] == "bye"


def test_an_answer_to_an_older_question_means_nothing() -> None:
    scene = a_question()
    before = scene.call
    scene.then(e.LookupAnswered("c0-l99", LookedUp({"amount": 1})))
    assert scene.call == before


def test_a_call_carried_over_while_it_waits_for_an_answer_asks_anew() -> None:
    scene = a_question()
    first = question(scene)
    scene.then(e.Adopted())
    assert kinds(scene) == [Answer]
    assert question(scene).id != first.id
    assert question(scene).what.values == {"order": "123"}


def test_a_secret_is_nowhere_but_in_memory() -> None:
    scene = a_caller().then(*keys("87319"))
    assert scene.facts.secrets == {"pin": "7319"}
    asked = question(scene)
    assert (asked.what.values, asked.what.secrets) == ({}, ("pin",))
    told = "".join([str(scene.entries), str(scene.commands), str(asked), repr(scene.facts), repr(scene.call)])
    assert "7319" not in told
    assert b"7319" not in encode(scene.call)
    assert scene.call.answers == {"pin": "***"}


def test_a_secret_that_was_lost_is_asked_for_again() -> None:
    scene = a_caller().then(*keys("87319"))
    scene.facts = a_caller().facts
    scene.then(e.Adopted())
    assert [entry.data for entry in scene.entries if entry.word is Word.NODE][-1] == {"node": "pin", "by": "lost"}


def test_whoever_is_put_through_is_rung_through_the_trunk_and_joined_and_recorded() -> None:
    scene = in_phase(Phase.CALLING_OUT)
    assert kinds(scene) == [StopPlayback, RingOutside, StartMusic]
    ring = scene.done[1]
    assert isinstance(ring, RingOutside)
    assert (ring.number, ring.trunk, ring.caller_number) == ("+74950000001", "carrier", "+74951234567")
    scene.then(e.OfferRinging(PHONE), e.OfferAnswered(PHONE), after_ms=1_000)
    assert kinds(scene) == [StopMusic, MakeBridge, InterceptHold, StartRecording, Join]
    assert scene.entries[-1].data["outcome"] == "connected"
    scene.then(e.AgentHungUp(), after_ms=5_000)
    assert scene.words[-2:] == [Word.COMPLETEAGENT, Word.ENDED]
    assert scene.last is not None
    assert scene.last.floor == {}


def test_when_nobody_can_be_reached_the_tree_goes_on() -> None:
    scene = in_phase(Phase.CALLING_OUT).then(e.OfferEnded(PHONE, 17))
    assert scene.call.phase is Phase.WAITING
    outcomes = [entry.data["outcome"] for entry in scene.entries if entry.word is Word.TRANSFER]
    assert outcomes == ["ringing", "busy"]


def test_a_phone_outside_that_rings_too_long_is_stopped() -> None:
    scene = in_phase(Phase.CALLING_OUT)
    target = scene.call.target
    assert target is not None
    scene.then(e.RingTimeUp(), after_ms=33_000)
    assert HangUp(target.leg, "no_answer") in scene.done


def test_a_message_is_recorded_and_filed() -> None:
    scene = a_caller().then(*keys("7")).then(e.PromptEnded())
    assert kinds(scene) == [TakeMessage]
    scene.then(e.MessageEnded(4.0), after_ms=4_000)
    assert [errand.message.group for errand in scene.errands if isinstance(errand, FileMessage)] == ["duty"]
    assert scene.entries[-1].data == {"node": "bye", "by": "message"}


def test_whoever_hangs_up_in_the_middle_of_a_message_has_left_it() -> None:
    scene = a_caller().then(*keys("7")).then(e.PromptEnded(), e.CallerHungUp(), after_ms=2_000)
    assert [type(errand) for errand in scene.errands] == [FileMessage]
    assert scene.entries[-1].data["how"] == "left_message"


def test_a_message_that_the_dead_worker_began_is_ended_and_taken_anew() -> None:
    scene = a_caller().then(*keys("7")).then(e.PromptEnded(), e.Adopted())
    assert kinds(scene) == [Answer, StopMessage, Play]


def test_a_key_leaves_the_line_for_the_tree() -> None:
    scene = in_phase(Phase.CALLING_OUT).then(e.OfferEnded(PHONE, 17), e.MusicDue(), e.CallerPressed("*"))
    assert scene.call.phase is Phase.IN_TREE
    assert scene.last is not None
    assert scene.last.floor["waiting:c0"] is None
    assert [entry.word for entry in scene.last.entries] == [Word.EXITWITHKEY, Word.NODE]
    assert kinds(scene) == [StopMusic, Play]


def test_a_key_that_leaves_the_line_stops_the_phone_that_rings_and_frees_its_agent() -> None:
    scene = in_phase(Phase.CALLING_OUT).then(e.OfferEnded(PHONE, 17), proposed(), e.CallerPressed("*"))
    assert scene.call.phase is Phase.IN_TREE
    assert HangUp in kinds(scene)
    assert scene.last is not None
    agent = scene.last.floor["agent:anna"]
    assert agent is not None
    assert agent["activity"] == "IDLE"


def test_other_keys_do_not_leave_the_line() -> None:
    scene = in_phase(Phase.CALLING_OUT).then(e.OfferEnded(PHONE, 17), e.CallerPressed("1"))
    assert scene.call.phase is Phase.WAITING


def test_the_longest_wait_leads_back_into_the_tree_where_it_says_so() -> None:
    scene = in_phase(Phase.CALLING_OUT).then(e.OfferEnded(PHONE, 17)).then(e.WaitTimeUp(), after_ms=60_000)
    assert scene.call.phase is Phase.IN_TREE
    assert scene.entries[-1].data == {"node": "bye", "by": "timed_out"}


def test_who_waits_hears_a_word_now_and_then_and_music_again() -> None:
    scene = in_phase(Phase.CALLING_OUT).then(e.OfferEnded(PHONE, 17), e.MusicDue())
    scene.then(e.AnnounceDue(), after_ms=20_000)
    assert kinds(scene) == [StopMusic, Play]
    assert scene.call.timers["announce"] == scene.now_ms + 20_000
    scene.then(e.PromptEnded())
    assert kinds(scene) == [StartMusic]


def test_what_the_caller_needs_of_an_agent_stands_on_the_floor() -> None:
    scene = a_caller()
    scene.facts = replace(scene.facts, last_agent="anna")
    scene.then(*keys("0"))
    fields = waiting_fields(scene)
    assert (fields["require"], fields["prefer"], fields["sticky"]) == ("women:3,ru:1", "cards:5", "anna")


def test_who_needs_nothing_says_nothing_of_it() -> None:
    assert not {"require", "prefer", "sticky", "answers", "tags"} & waiting_fields(a_caller().then(*keys("1"))).keys()
