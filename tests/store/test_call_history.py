from collections.abc import Iterable

from callrouter.engine.ports import Commit
from callrouter.engine.registry import new_call_id
from callrouter.journal import Entry, Word
from callrouter.store.call_history import PAGE, began_ms, entries_of, facts_of, find_calls, newest_calls, tell
from callrouter.telephony import CallId, RecordingId
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.reporting.diary import CALL, START_MS, Diary, a_call_that_rings_twice
from tests.reporting.test_explain import choice

RECORDING = RecordingId(f"{CALL}-r7")


async def written(entries: Iterable[Entry]) -> FakeLine:
    """A line whose journal tells this story; ids are the line's own, so offers are told the versions of this line."""
    clock = HandClock(START_MS - 20_000)
    line = FakeLine(clock)
    versions: dict[str, str] = {}
    for entry in entries:
        clock.advance((entry.at_ms - clock.now_ms()) / 1000)
        saw = {"floor": versions[entry.data["floor"]]} if "floor" in entry.data else {}
        told = Entry(entry.word, entry.call, entry.agent, entry.queue, {**entry.data, **saw})
        await line.commit(Commit((told,), entry.floor))
        versions[entry.id] = line.journal[-1].id
    return line


async def test_the_newest_calls_come_oldest_first_over_many_pages() -> None:
    line = FakeLine(HandClock())
    ids = [f"c{n:026}" for n in range(700)]
    for id in ids:
        await line.commit(
            Commit((Entry(Word.ARRIVED, id), Entry(Word.NODE, id), Entry(Word.ENDED, id, data={"how": "x"})))
        )
    assert len(line.journal) > 2 * PAGE
    assert [record.call for record in await newest_calls(line, 600)] == ids[-600:]
    assert [record.call for record in await newest_calls(line, 10_000)] == ids
    assert await newest_calls(FakeLine(), 5) == []


async def test_a_call_is_found_by_its_whole_id_or_by_its_end() -> None:
    line = await written(a_call_that_rings_twice(Diary()).entries)
    assert await find_calls(line, CALL) == [CALL]
    assert await find_calls(line, CALL[-8:]) == [CALL]
    assert await find_calls(line, "zzzz") == []


async def test_a_calls_entries_are_read_from_its_beginning_although_others_talk_in_between() -> None:
    mine, other = a_call_that_rings_twice(Diary()), Diary("c01hf7yat00bbbbbbbbbbbbbbbb")
    for second in range(90):
        other.at(second).says(Word.NODE, node="x")
    line = await written(sorted([*mine.entries, *other.entries], key=lambda entry: entry.at_ms))
    found = await entries_of(line, CallId(CALL))
    assert [entry.word for entry in found] == [entry.word for entry in mine.entries if entry.call]


async def test_the_story_is_told_from_the_journal_with_the_reasons_of_then() -> None:
    line = await written(a_call_that_rings_twice(Diary()).entries)
    await line.write_snapshot_entry()
    story = await tell(line, CallId(CALL), choice)
    assert story is not None
    offered = next(one for one in story.lines if one.text.startswith("is offered to anna"))
    assert "not boris: idle for less time (17.0 s against 27.0 s)" in offered.remarks
    assert await tell(line, CallId("c01hf7yat00cccccccccccccccc"), choice) is None


async def test_a_recording_learns_its_facts_from_the_journal() -> None:
    line = await written(a_call_that_rings_twice(Diary()).entries)
    facts = await facts_of(line, RECORDING)
    assert facts is not None
    assert (facts.n, facts.agent, facts.queue, facts.started_ms) == (1, "boris", "payers", START_MS + 25_000)
    assert (facts.caller, facts.number, facts.tree) == ("+79161112233", "+74951234567", "payments")
    assert facts.path == ("who_is_calling", "payer_problem", "to_payers")
    assert await facts_of(line, RecordingId(f"{CALL}-r8")) is None
    assert await facts_of(line, RecordingId("c01hf7yat00cccccccccccccccc-r1")) is None


def test_a_call_id_tells_when_the_call_began() -> None:
    assert began_ms(new_call_id(START_MS)) == START_MS
    assert began_ms(CallId("c1")) == 0
