from dataclasses import replace

from callrouter.journal import Word
from callrouter.reporting.calls import fold
from callrouter.reporting.facts import Facts, Outcome, facts
from tests.reporting.diary import CALL, START_MS, Diary, a_call_that_rings_twice


def told(diary: Diary) -> Facts:
    return facts(fold(diary.entries)[CALL])


def test_a_call_is_taken_apart_into_what_can_be_counted() -> None:
    found = told(a_call_that_rings_twice(Diary()))
    (stay,) = found.stays
    assert (stay.queue, stay.tree, stay.problem, stay.agent) == ("payers", "payments", "to_payers", "boris")
    assert (stay.outcome, stay.joined_ms - START_MS, stay.waited_ms) == (Outcome.ANSWERED, 7_000, 18_000)
    assert [(offer.agent, offer.result, offer.ended_ms - offer.rang_ms) for offer in found.offers] == [
        ("anna", "missed", 14_900),
        ("boris", "accepted", 2_800),
    ]
    (talk,) = found.talks
    assert (talk.agent, talk.queue, talk.ended_ms - talk.at_ms, talk.problem) == (
        "boris",
        "payers",
        74_000,
        "to_payers",
    )
    assert [(step.node, step.left_by, step.until_ms - step.at_ms) for step in found.steps] == [
        ("who_is_calling", "1", 4_000),
        ("payer_problem", "1", 3_000),
        ("to_payers", "queue", 0),
    ]


def waiting() -> Diary:
    diary = Diary()
    diary.at(0).says(Word.ARRIVED, tree="payments")
    diary.says(Word.NODE, node="who", by="")
    diary.at(5).says(Word.ENTERQUEUE, queue="payers")
    return diary


def test_an_overflow_is_one_wait_in_two_stays_judged_in_the_second() -> None:
    diary = waiting()
    diary.at(65).says(Word.EXITWITHTIMEOUT, queue="payers", waited_ms=60_000, to="overflow")
    diary.says(Word.ENTERQUEUE, queue="overflow")
    diary.at(75).says(Word.ABANDON, queue="overflow", waited_ms=70_000)
    diary.says(Word.ENDED, how="abandoned")
    assert [(stay.queue, stay.outcome, stay.moved_to, stay.waited_ms) for stay in told(diary).stays] == [
        ("payers", Outcome.MOVED_ON, "overflow", 60_000),
        ("overflow", Outcome.ABANDONED, "", 70_000),
    ]


def test_a_stay_ends_in_each_way_that_there_is() -> None:
    ways: dict[Outcome, list[tuple[Word, dict[str, str]]]] = {
        Outcome.WAITING: [],
        Outcome.ABANDONED: [(Word.ABANDON, {})],
        Outcome.TIMED_OUT: [(Word.EXITWITHTIMEOUT, {"to": "hangup"})],
        Outcome.WENT_BACK: [(Word.EXITWITHKEY, {"key": "9"}), (Word.NODE, {"node": "who"})],
        Outcome.LOST: [(Word.ENDED, {"how": "unreadable"})],
    }
    for outcome, happened in ways.items():
        diary = waiting().at(20)
        for word, data in happened:
            diary.says(word, "", "payers", None, **data)
        assert [stay.outcome for stay in told(diary).stays] == [outcome]
    back = waiting().at(20)
    back.says(Word.EXITWITHTIMEOUT, queue="payers", to="tree")
    assert told(back).stays[0].outcome is Outcome.WENT_BACK
    lost = waiting().at(20)
    lost.says(Word.EXITWITHTIMEOUT, queue="payers", to="gone")  # a queue that is not there any more
    lost.says(Word.ENDED, how="fallback")
    assert told(lost).stays[0].outcome is Outcome.LOST


def test_who_rejoins_after_the_tree_waits_anew_for_the_problem_of_then() -> None:
    diary = waiting()
    diary.at(20).says(Word.EXITWITHKEY, queue="payers", waited_ms=15_000)
    diary.says(Word.NODE, node="refund", by="")
    diary.at(30).says(Word.ENTERQUEUE, queue="payers")
    first, second = told(diary).stays
    assert (first.problem, second.problem) == ("who", "refund")


def test_a_caller_who_hangs_up_in_the_tree_left_the_last_node() -> None:
    diary = Diary()
    diary.at(0).says(Word.ARRIVED, tree="payments")
    diary.says(Word.NODE, node="who", by="")
    diary.at(4).says(Word.NODE, node="who", by="silence")
    diary.at(6).says(Word.ENDED, how="left_tree")
    assert [(step.left_by, step.until_ms - START_MS) for step in told(diary).steps] == [
        ("silence", 4_000),
        ("hung up", 6_000),
    ]


def test_a_callback_is_asked_for_by_a_queue_and_for_a_problem() -> None:
    diary = waiting()
    diary.at(7).says(Word.CALLBACK, queue="payers", number="+7916")
    (asked,) = told(diary).callbacks
    assert (asked.queue, asked.problem, asked.at_ms - START_MS) == ("payers", "who", 7_000)


def test_a_record_kept_before_there_were_callbacks_is_told_alike() -> None:
    record = fold(waiting().entries)[CALL]
    assert facts(replace(record, asked_back=())) == facts(record)
