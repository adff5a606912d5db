"""What became of a callback, told by every teller from the same entries."""

from __future__ import annotations

from callrouter.journal import Word
from callrouter.metrics.tally import Tally
from callrouter.reporting.calls import fold
from callrouter.reporting.counts import Bounds, Counts, of_callback, of_stay
from callrouter.reporting.explain import story
from callrouter.reporting.facts import Outcome, facts
from callrouter.reporting.figures import callback_first, callback_rings, callback_s, callback_success
from callrouter.reporting.missed import missed
from callrouter.reporting.record import CallRecord
from tests.reporting.diary import CALL, START_MS, Diary

NUMBER = "+79161112233"


def asked(diary: Diary | None = None) -> Diary:
    """A payer leaves the line after 20 s, asks to be called back, and hangs up."""
    diary = diary or Diary()
    diary.at(0).says(Word.ARRIVED, number="+74951234567", caller=NUMBER, tree="payments", language="ru")
    diary.says(Word.NODE, node="payers", by="1")
    diary.says(Word.ENTERQUEUE, queue="payers", priority=0)
    diary.at(20).says(Word.EXITWITHKEY, queue="payers", key="*", waited_ms=20_000)
    diary.at(25).says(Word.CALLBACK, queue="payers", number=NUMBER, since_ms=START_MS)
    diary.at(30).says(Word.CALLBACKTRY, queue="payers", outcome="open", attempt=0)
    return diary


def rung(diary: Diary, at_s: float, outcome: str) -> Diary:
    diary.at(at_s).says(Word.OFFER, agent="anna", queue="payers", saw="1-0")
    diary.at(at_s + 1).says(Word.CALLBACKTRY, agent="anna", queue="payers", outcome="dialled", number="79161112233")
    if outcome == "connected":
        diary.at(at_s + 9).says(Word.CONNECT, agent="anna", queue="payers", waited_ms=500_000, callback=1)
        diary.says(Word.CALLBACKTRY, queue="payers", outcome="connected")
        diary.at(at_s + 60).says(Word.COMPLETEAGENT, agent="anna", queue="payers", talked_ms=51_000)
        diary.says(Word.ENDED, how="completed", waited_ms=500_000, talked_ms=51_000)
        return diary
    until_ms = START_MS + round((at_s + 909) * 1000)
    diary.at(at_s + 9).says(Word.RINGCANCELED, agent="anna", queue="payers", ring_ms=9_000)
    diary.says(Word.CALLBACKTRY, queue="payers", outcome=outcome, attempt=1, until_ms=until_ms)
    return diary


def record(diary: Diary) -> CallRecord:
    return fold(diary.entries)[CALL]


def counts(*diaries: Diary) -> Counts:
    found = Counts()
    for diary in diaries:
        for one in facts(record(diary)).callbacks:
            found += of_callback(one)
    return found


def test_whoever_left_for_a_callback_has_neither_abandoned_nor_been_answered_late() -> None:
    (stay,) = facts(record(rung(asked(), 100, "connected"))).stays
    assert (stay.outcome, stay.waited_ms) == (Outcome.WENT_BACK, 20_000)
    assert of_stay(stay, Bounds()).answered == 0


def test_an_open_callback_is_a_call_that_lives() -> None:
    assert record(asked()).state == "callback"
    assert record(rung(asked(), 100, "busy")).state == "callback"
    assert record(rung(asked(), 100, "connected")).state == "completed"


def test_the_figures_of_callbacks() -> None:
    at_once = rung(asked(), 100, "connected")
    later = rung(rung(asked(), 100, "busy"), 1_000, "connected")
    never = rung(asked(), 100, "no_answer")
    never.at(90_000).says(Word.CALLBACKTRY, queue="payers", outcome="expired")
    found = counts(at_once, later, never, asked())
    assert (found.callbacks, found.callbacks_dialled, found.callback_rings) == (4, 3, 4)
    assert callback_success(found) == 2 / 3
    assert callback_first(found) == 1 / 3
    assert callback_rings(found) == 4 / 3
    assert callback_s(found) == ((109 - 25) + (1_009 - 25)) / 2
    assert callback_s(counts(asked())) is None


def test_a_talk_that_needed_no_callback_is_no_success_of_one() -> None:
    diary = asked()
    diary.at(40).says(Word.CALLBACKTRY, queue="payers", outcome="connected")
    assert counts(diary).callbacks_reached == 0


def test_the_whole_story_is_told_in_one() -> None:
    diary = rung(rung(asked(), 100, "busy"), 1_009, "connected")
    told = [line.text for line in story(record(diary), lambda *_: ()).lines]
    assert told[3:] == [
        "leaves the queue payers by the key that the tree gave for it",
        "asks to be called back on +79161112233 by payers",
        "the callback keeps the place in the line",
        "is offered to anna",
        "the phone outside is rung, ring 1, anna waits for it",
        "the offer to anna is taken back after 9.0 s",
        "the phone outside is busy; its turn may come again in 15 min 00 s",
        "is offered to anna",
        "the phone outside is rung, ring 2, anna waits for it",
        "anna answers; the caller had waited 8 min 20 s, not recorded",
        "the callback has come about",
        "the agent hangs up after 51.0 s of talk",
        "the call is over: in the tree 0.0 s, waited 8 min 20 s, talked 51.0 s",
    ]


def test_every_outcome_that_the_journal_may_hold_has_words() -> None:
    from callrouter.calls.callback import COUNTED, ENDINGS, NOT_THEIR_FAULT
    from callrouter.reporting.explain import TRIES
    from callrouter.reporting.record import CLOSED

    assert TRIES.keys() >= {*COUNTED, *ENDINGS.values(), *NOT_THEIR_FAULT, *CLOSED}


def test_who_is_called_back_by_us_is_not_on_the_list_of_missed_callers_until_that_was_in_vain() -> None:
    assert missed(asked().entries) == ()
    assert missed(rung(asked(), 100, "connected").entries) == ()
    given_up = rung(asked(), 100, "busy")
    given_up.at(200).says(Word.ENDED, how="callback_failed")
    (one,) = missed(given_up.entries)
    assert (one.ring, one.why, one.queue) == (NUMBER, "was called back in vain", "payers")


def test_metrics_count_outcomes_and_no_second_way_out_of_the_queue() -> None:
    tally = Tally([20])
    tally.count(rung(asked(), 100, "connected").entries)
    value = tally.registry.get_sample_value
    assert value("callrouter_callbacks_total", {"queue": "payers", "outcome": "asked"}) == 1
    assert value("callrouter_callbacks_total", {"queue": "payers", "outcome": "connected"}) == 1
    assert value("callrouter_queue_left_total", {"queue": "payers", "how": "answered"}) is None
    assert value("callrouter_queue_left_total", {"queue": "payers", "how": "went_back"}) == 1
