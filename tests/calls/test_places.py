"""One clock for a call: places are kept over overflow, the tree, failed offers; rules of a line send callers on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.calls import events as e
from callrouter.calls.call import Phase
from callrouter.calls.ring_back import as_newcomer, takes_place
from callrouter.config import Queue
from callrouter.journal import NOW, Word
from callrouter.telephony import HangUp, Play
from callrouter.tree.facts import KeptPlace
from callrouter.tree.load import load_tree
from tests.calls.scenes import FACTS, PHONE, SETTING, Scene, a_caller, proposed

TREE = """
schema: 1
languages: [ru, en]
start: who
nodes:
  who:
    type: menu
    prompt: {ru: "Кто вы?", en: "Who are you?"}
    options: {"1": first, "2": second, "3": ways, "4": last}
    tries: 3
    invalid: {then: bye}
    no_input: {then: bye}
  first: {type: queue, queue: first, exit: {key: "*", then: who}}
  second: {type: queue, queue: second}
  ways: {type: queue, queue: first, nobody: second, closed: second, emergency: bye, timed_out: second}
  last: {type: queue, queue: last}
  bye: {type: hangup, prompt: {ru: "До свидания", en: "Goodbye"}}
"""
QUEUES = {
    "first": Queue(name="First", overflow="second", ring_back_s=120),
    "second": Queue(name="Second", overflow="last"),
    "last": Queue(name="Last"),
}


def caller(**facts: object) -> Scene:
    scene = a_caller()
    scene.setting = replace(SETTING, tree=load_tree(TREE, "test.yaml"), queues=QUEUES)
    scene.facts = replace(FACTS, **facts)  # type: ignore[arg-type]
    return scene


def shut(queue: str, why: str = "closed", position: int = 1) -> e.LineClosed:
    return e.LineClosed(queue, why, position)


def said(scene: Scene, word: Word) -> list[dict[str, str]]:
    return [dict(entry.data) for entry in scene.entries if entry.word is word]


def where(scene: Scene) -> tuple[str, int]:
    assert scene.call.place is not None
    return scene.call.place.queue, scene.call.place.since_ms


# --- one clock --------------------------------------------------------------------------------------------------------


def test_overflow_after_overflow_keeps_the_place() -> None:
    scene = caller().then(e.CallerPressed("1"))
    begun = scene.now_ms
    scene.then(e.WaitTimeUp(), e.WaitTimeUp(), after_ms=600_000)
    assert where(scene) == ("last", begun)


def test_who_leaves_by_key_and_comes_back_to_the_same_line_keeps_the_place() -> None:
    scene = caller().then(e.CallerPressed("1"))
    begun = scene.now_ms
    scene.then(e.CallerPressed("*"), e.CallerPressed("1"), after_ms=30_000)
    assert where(scene) == ("first", begun)
    assert said(scene, Word.ENTERQUEUE)[-1]["since"] == str(begun)
    assert scene.last is not None
    assert (scene.last.floor["waiting:c0"] or {})["since"] == str(begun)


def test_who_leaves_by_key_for_another_line_begins_there_anew() -> None:
    scene = caller().then(e.CallerPressed("1")).then(e.CallerPressed("*"), e.CallerPressed("2"), after_ms=30_000)
    assert where(scene) == ("second", scene.now_ms)


@pytest.mark.parametrize("why", [e.WaitTimeUp(), shut("first", "nobody"), shut("first", "closed")])
def test_whom_a_rule_sends_back_to_the_tree_keeps_the_place_in_any_line(why: e.CallEvent) -> None:
    scene = caller().then(e.CallerPressed("3"))
    begun = scene.now_ms
    scene.then(why, after_ms=30_000)
    assert where(scene) == ("second", begun)


def test_a_failed_offer_and_a_new_owner_take_nothing_of_the_wait() -> None:
    scene = caller().then(e.CallerPressed("1"))
    begun = scene.now_ms
    scene.then(proposed(), e.OfferEnded(PHONE, 19), e.Adopted(), proposed(), after_ms=5_000)
    assert where(scene) == ("first", begun)


# --- sent away --------------------------------------------------------------------------------------------------------


def test_a_queue_that_is_left_alone_is_left_with_queue_log_s_word_and_its_data() -> None:
    scene = caller().then(e.CallerPressed("1")).then(shut("first", "nobody", 3), after_ms=9_000)
    assert said(scene, Word.EXITEMPTY) == [{"waited_ms": "9000", "to": "second", "position": "3"}]
    assert scene.call.phase is Phase.WAITING


def test_the_tree_s_way_goes_before_the_overflow() -> None:
    scene = caller().then(e.CallerPressed("3"), shut("first", "emergency"))
    assert said(scene, Word.EXITCLOSED)[0]["to"] == "tree"
    assert (scene.call.phase, scene.call.path[-1]) == (Phase.IN_TREE, "bye")


def test_word_of_a_line_that_was_left_already_changes_nothing() -> None:
    scene = caller().then(e.CallerPressed("1"), shut("first"))
    before = scene.call
    scene.then(shut("first"))
    assert scene.call == before
    assert len(said(scene, Word.EXITCLOSED)) == 1


def test_queues_along_the_overflow_that_take_nobody_are_passed_over() -> None:
    scene = caller(refusing={"second": "full"}).then(e.CallerPressed("1"), shut("first"))
    assert where(scene)[0] == "last"
    assert said(scene, Word.EXITCLOSED)[0]["to"] == "last"
    assert said(scene, Word.FULL) == [{"to": "last", "caller": "+79161112233"}]


def test_at_the_end_of_the_overflow_comes_a_polite_word_and_no_abandon() -> None:
    scene = caller().then(e.CallerPressed("4"), shut("last"))
    assert scene.call.phase is Phase.LEAVING
    assert [type(command) for command in scene.done] == [Play]
    scene.then(e.PromptEnded())
    assert [type(command) for command in scene.done] == [HangUp]
    assert said(scene, Word.ENDED)[0]["how"] == "turned_away"
    assert Word.ABANDON not in scene.words


# --- refused ----------------------------------------------------------------------------------------------------------


def test_a_line_that_takes_nobody_is_never_entered() -> None:
    scene = caller(refusing={"first": "full"}).then(e.CallerPressed("1"))
    assert where(scene)[0] == "second"
    assert scene.words[-2:] == [Word.FULL, Word.ENTERQUEUE]


def test_who_is_refused_everywhere_hears_a_polite_word_out_of_the_tree() -> None:
    scene = caller(refusing={"first": "nobody", "second": "full", "last": "emergency"}).then(e.CallerPressed("1"))
    assert scene.words[-3:] == [Word.JOINEMPTY, Word.FULL, Word.JOINCLOSED]
    assert (scene.call.phase, scene.call.place) == (Phase.LEAVING, None)
    assert scene.call.left_tree_ms


def test_the_tree_s_own_way_is_taken_and_told() -> None:
    scene = caller(refusing={"first": "closed"}).then(e.CallerPressed("3"))
    assert said(scene, Word.JOINCLOSED) == [{"to": "tree", "caller": "+79161112233", "why": "closed"}]
    assert where(scene)[0] == "second"


# --- back again -------------------------------------------------------------------------------------------------------

BACK = (KeptPlace("c9", ("first",), 400_000),)


def test_the_place_of_a_dropped_call_is_taken_once_and_taken_off_the_floor() -> None:
    scene = caller(kept=BACK).then(e.CallerPressed("1"))
    assert where(scene) == ("first", 400_000)
    assert said(scene, Word.ENTERQUEUE)[0]["back"] == "c9"
    assert scene.last is not None
    assert takes_place(scene.last)
    assert scene.last.floor["kept:c9"] is None


def test_a_full_line_has_room_for_who_has_a_place_in_it() -> None:
    assert where(caller(kept=BACK, refusing={"first": "full"}).then(e.CallerPressed("1"))) == ("first", 400_000)
    assert where(caller(kept=BACK, refusing={"first": "closed"}).then(e.CallerPressed("1"))) == ("second", 400_000)


def test_who_comes_second_for_a_place_joins_as_a_newcomer() -> None:
    scene = caller(kept=BACK).then(e.CallerPressed("1"))
    assert scene.last is not None
    late = as_newcomer(scene.last, scene.now_ms)
    assert (late.needs, "kept:c9" in late.floor) == ((), False)
    assert (late.floor["waiting:c0"] or {})["since"] == NOW
    assert late.call.place is not None
    assert late.call.place.since_ms == scene.now_ms
    assert not {"back", "since"} & late.entries[-1].data.keys()


def test_a_place_is_kept_where_the_queue_says_so_and_the_number_is_known() -> None:
    scene = caller().then(e.CallerPressed("1"))
    begun = scene.now_ms
    scene.then(e.CallerHungUp(), after_ms=7_000)
    assert scene.last is not None
    kept = scene.last.floor["kept:c0"]
    assert kept == {
        "caller": "79161112233",
        "queues": "first",
        "since": str(begun),
        "until": str(scene.now_ms + 120_000),
    }
    hidden = caller()
    hidden.call = replace(hidden.call, caller="")
    for other in (hidden.then(e.CallerPressed("1")), caller().then(e.CallerPressed("2"))):
        other.then(e.CallerHungUp())
        assert other.last is not None
        assert "kept:c0" not in other.last.floor
