"""Callers whom a rule of a queue refuses, sends away or gives their place back: what is told and counted."""

from __future__ import annotations

import pytest

from callrouter.journal import Word
from callrouter.reporting.calls import fold
from callrouter.reporting.counts import Bounds, Counts, of_stay
from callrouter.reporting.explain import story
from callrouter.reporting.facts import Outcome, facts
from callrouter.reporting.figures import Variant, abandonment, service_level
from callrouter.reporting.missed import missed
from callrouter.reporting.record import CallRecord
from tests.reporting.diary import CALL, Diary


def arrived() -> Diary:
    diary = Diary()
    diary.at(0).says(Word.ARRIVED, number="100", caller="+79161112233", tree="t", version="v", language="ru")
    diary.at(1).says(Word.NODE, node="payers", by="1")
    return diary


def sent_away(to: str, word: Word = Word.EXITEMPTY, why: str = "nobody") -> Diary:
    diary = arrived()
    diary.at(2).says(Word.ENTERQUEUE, queue="payers")
    diary.at(32).says(word, queue="payers", to=to, waited_ms=30_000, position=2, why=why)
    return diary


def record(diary: Diary) -> CallRecord:
    return fold(diary.entries)[CALL]


def counted(diary: Diary) -> Counts:
    total = Counts()
    for stay in facts(record(diary)).stays:
        total += of_stay(stay, Bounds())
    return total


def told(diary: Diary) -> list[str]:
    return [line.text for line in story(record(diary), lambda *_: []).lines]


def test_who_is_sent_away_has_not_abandoned_and_counts_against_the_queue_with_flow_outs_only() -> None:
    diary = sent_away("hangup")
    diary.at(35).says(Word.ENDED, how="turned_away", in_tree_ms=2000, waited_ms=30_000, talked_ms=0)
    counts = counted(diary)
    assert (counts.entered, counts.sent_away, counts.abandoned) == (1, 1, 0)
    assert abandonment(counts) is None
    assert service_level(counts) is None
    assert service_level(counts, Variant.FLOW_OUTS) == 0
    assert told(diary)[3:] == [
        "has to leave the queue payers, because nobody is there, and is let go with an apology",
        "the queue took nobody: in the tree 2.0 s, waited 30.0 s",
    ]


def test_who_goes_on_to_the_next_queue_or_the_tree_is_judged_there() -> None:
    moved = sent_away("overflow", Word.EXITCLOSED, why="emergency")
    moved.says(Word.ENTERQUEUE, queue="overflow", since=0)
    assert [stay.outcome for stay in facts(record(moved)).stays] == [Outcome.MOVED_ON, Outcome.WAITING]
    assert counted(sent_away("tree")).went_back == 1
    assert "because its emergency switch is on, and goes on to the queue overflow" in told(moved)[3]


def test_a_refused_caller_has_not_entered_and_is_counted_apart() -> None:
    diary = arrived()
    diary.says(Word.FULL, queue="payers", to="overflow")
    diary.says(Word.ENTERQUEUE, queue="overflow")
    counts = counted(diary)
    assert (counts.refused, counts.entered, counts.waiting) == (1, 1, 1)
    stays = facts(record(diary)).stays
    assert sorted(stay.n for stay in stays) == [0, 1]
    assert stays[-1].queue == "overflow"
    assert (record(diary).queues, record(diary).state) == (("overflow",), "waiting")
    assert "is not taken into the queue payers, because it is full, and goes on to the queue overflow" in told(diary)


def test_who_was_turned_away_is_in_the_missed_list_with_the_queue() -> None:
    diary = arrived()
    diary.says(Word.JOINEMPTY, queue="payers", to="hangup")
    diary.at(5).says(Word.ENDED, how="turned_away", in_tree_ms=1000, waited_ms=0, talked_ms=0)
    (found,) = missed(diary.entries)
    assert (found.queue, found.why) == ("payers", "found the queue empty, full or closed")


def test_a_place_given_back_is_told_with_the_call_it_was() -> None:
    diary = arrived()
    diary.at(40).says(Word.ENTERQUEUE, queue="payers", since=diary.entries[0].at_ms, back="c-old")
    assert told(diary)[-1] == (
        "joins the queue payers and has the place back of the call c-old, whose line dropped: 40.0 s waited so far"
    )
    kept = arrived()
    kept.at(40).says(Word.ENTERQUEUE, queue="payers", since=kept.entries[0].at_ms)
    assert told(kept)[-1] == "joins the queue payers with the place kept: 40.0 s waited so far"
    assert [facts(record(one)).stays[-1].rang_back for one in (diary, kept)] == [True, False]
    assert of_stay(facts(record(diary)).stays[-1], Bounds()).rang_back == 1


@pytest.mark.parametrize(
    ("word", "by", "out"),
    [
        (
            Word.EXITEMPTY,
            "nobody",
            "has to leave the queue payers, because nobody is there, and goes on",
        ),
        (Word.EXITWITHTIMEOUT, "timed_out", "has waited the longest that payers allows and goes on"),
        (Word.EXITWITHKEY, "9", "leaves the queue payers by the key"),
    ],
)
def test_that_a_line_was_left_is_told_once_and_before_where_that_led(word: Word, by: str, out: str) -> None:
    diary = arrived()
    diary.at(2).says(Word.NODE, node="line", by="1")
    diary.says(Word.ENTERQUEUE, queue="payers")
    diary.at(32).says(word, queue="payers", waited_ms=30_000, to="tree", key="9")
    diary.says(Word.NODE, node="later", by=by)
    *_, left, later = told(diary)
    assert left.startswith(out)
    assert later.endswith("comes to later")
    assert len([line for line in told(diary) if line.startswith(out)]) == 1


def test_that_a_line_took_nobody_is_told_before_where_the_tree_led_then() -> None:
    diary = arrived()
    diary.at(2).says(Word.NODE, node="line", by="1")
    diary.says(Word.FULL, queue="payers", to="tree")
    diary.says(Word.NODE, node="later", by="full")
    assert told(diary)[-3:] == [
        "presses 1: comes to line",
        "is not taken into the queue payers, because it is full, and goes on in the tree",
        "full: comes to later",
    ]
