import random

from hypothesis import given
from hypothesis import strategies as st

from callrouter.journal import Word
from callrouter.reporting.calls import fold, journal_order
from callrouter.reporting.record import CallRecord, Result
from tests.reporting.diary import CALL, START_MS, Diary, a_call_that_rings_twice


def the_record(diary: Diary) -> CallRecord:
    (record,) = fold(diary.entries).values()
    return record


def test_a_call_becomes_one_record_with_its_way_its_wait_its_offers_and_its_talk() -> None:
    record = the_record(a_call_that_rings_twice(Diary()))
    assert (record.caller, record.number, record.tree) == ("+79161112233", "+74951234567", "payments")
    assert [(step.node, step.by) for step in record.path] == [
        ("who_is_calling", ""),
        ("payer_problem", "1"),
        ("to_payers", "1"),
    ]
    assert record.queues == ("payers",)
    assert [(offer.agent, offer.result) for offer in record.offers] == [
        ("anna", Result.MISSED),
        ("boris", Result.ACCEPTED),
    ]
    assert (record.agent, record.hung_up, record.state) == ("boris", "caller", "completed")
    assert (record.waited_ms, record.talked_ms) == (18_000, 74_000)
    assert [sound.file for sound in record.sounds] == ["2023/11/15/x.flac"]
    assert record.whole


@given(st.randoms())
def test_entries_read_in_any_order_give_the_same_record(chance: random.Random) -> None:
    diary = a_call_that_rings_twice(Diary())
    shuffled = list(diary.entries)
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(diary.entries)


WORDS = [word for word in Word if word not in (Word.CONFIG, Word.SNAPSHOT, Word.WRAPUPEND)]


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["anna", "boris", ""])), max_size=40))
def test_any_order_of_events_even_one_that_cannot_be_gives_exactly_one_record(words: list[tuple[Word, str]]) -> None:
    diary = Diary()
    for second, (word, agent) in enumerate(words):
        diary.at(second).says(word, agent=agent, queue="payers")
    records = fold(diary.entries)
    assert set(records) == ({CALL} if words else set())
    for record in records.values():
        assert record.state
        assert record.waited_at(START_MS) is not None
        assert bool(record.how) == any(word is Word.ENDED for word, _ in words)


def test_calls_do_not_mix_and_stand_in_order_of_arrival() -> None:
    late, early = Diary("c2"), Diary("c1")
    late.at(5).says(Word.ARRIVED, caller="2")
    early.at(1).says(Word.ARRIVED, caller="1")
    early.at(9).says(Word.ENDED, how="left_tree")
    records = fold([*late.entries, *early.entries])
    assert [record.caller for record in records.values()] == ["1", "2"]
    assert [record.state for record in records.values()] == ["left tree", "in tree"]


def test_an_overflow_is_two_visits_and_the_wait_goes_on() -> None:
    diary = Diary()
    diary.says(Word.ARRIVED)
    diary.at(1).says(Word.ENTERQUEUE, queue="payers")
    diary.at(61).says(Word.EXITWITHTIMEOUT, queue="payers", waited_ms=60_000, to="overflow")
    diary.says(Word.ENTERQUEUE, queue="overflow")
    record = the_record(diary)
    assert [(visit.queue, visit.how, visit.to) for visit in record.visits] == [
        ("payers", "timed out", "overflow"),
        ("overflow", "", ""),
    ]
    assert record.state == "waiting"
    assert record.waited_at(START_MS + 71_000) == 70_000


def test_a_refusal_a_dead_phone_and_a_taken_back_offer_are_told_apart() -> None:
    diary = Diary()
    for agent, word, why in (
        ("anna", Word.RINGNOANSWER, "declined"),
        ("boris", Word.RINGNOANSWER, "unreachable"),
        ("vera", Word.RINGCANCELED, ""),
    ):
        diary.says(Word.OFFER, agent=agent, queue="payers")
        diary.says(word, agent=agent, queue="payers", why=why)
    results = [offer.result for offer in the_record(diary).offers]
    assert results == [Result.DECLINED, Result.UNREACHABLE, Result.TAKEN_BACK]


def test_a_recording_that_failed_first_and_succeeded_later_counts_as_there() -> None:
    diary = Diary()
    diary.says(Word.RECORDING, recording="c1-r1", problem="no space left")
    diary.says(Word.RECORDING, recording="c1-r1", file="a.flac")
    diary.says(Word.RECORDING, recording="c1-r1", file="a.flac")
    (sound,) = the_record(diary).sounds
    assert (sound.file, sound.problem) == ("a.flac", "")
    diary.says(Word.RECORDING, recording="c1-r1", file="a.flac", problem="the agent's side was not recorded")
    (sound,) = the_record(diary).sounds
    assert (sound.file, sound.problem, sound.remarks) == ("a.flac", "", "the agent's side was not recorded")


def test_a_call_whose_beginning_was_trimmed_is_told_as_far_as_it_is_known() -> None:
    whole = a_call_that_rings_twice(Diary())
    whole.entries = whole.entries[-4:]
    record = the_record(whole)
    assert not record.whole
    assert (record.agent, record.talked_ms, record.state) == ("boris", 74_000, "completed")


def test_ids_are_ordered_as_numbers() -> None:
    assert sorted(["10-2", "9-10", "10-10", "10-9", ""], key=journal_order) == ["", "9-10", "10-2", "10-9", "10-10"]
