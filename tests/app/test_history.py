from collections.abc import Iterable

from callrouter.app.history import explained, live_floor, newest_calls
from callrouter.engine.ports import Commit, Owner
from callrouter.journal import Entry, Word
from callrouter.telephony import CallId
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.reporting.diary import CALL, START_MS, Diary, a_call_that_rings_twice


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
    ids = [f"c{n:026}" for n in range(1500)]
    for id in ids:
        ended = Entry(Word.ENDED, id, data={"how": "left_tree"})
        await line.commit(Commit((Entry(Word.ARRIVED, id), Entry(Word.NODE, id), ended)))
    assert [record.call for record in await newest_calls(line, 1200)] == ids[-1200:]
    assert [record.call for record in await newest_calls(line, 10_000)] == ids
    assert await newest_calls(FakeLine(), 5) == []


async def test_the_story_is_told_from_the_journal_with_the_reasons_of_then() -> None:
    line = await written(a_call_that_rings_twice(Diary()).entries)
    await line.write_snapshot_entry()
    for text in (CALL, CALL[-8:], CALL[:12]):
        story = await explained(line, text)
        assert story is not None
        offered = next(one for one in story.lines if one.text.startswith("is offered to anna"))
        assert "not boris: idle for less time (17.0 s against 27.0 s)" in offered.remarks
    assert await explained(line, "c01hf7yat00cccccccccccccccc") is None
    assert await explained(line, "aa") is None


async def test_the_live_floor_has_callers_numbers_and_calls_in_the_tree() -> None:
    ringing, in_tree = a_call_that_rings_twice(Diary()), Diary("c01hf7yat00bbbbbbbbbbbbbbbb")
    connected = next(n for n, entry in enumerate(ringing.entries) if entry.word is Word.CONNECT)
    in_tree.at(23).says(Word.ARRIVED, caller="+78120000000")
    entries = sorted([*ringing.entries[: connected + 1], *in_tree.entries], key=lambda entry: entry.at_ms)
    line = await written(entries)
    for call in (ringing.call, in_tree.call):
        await line.commit(Commit(call=CallId(call), owner=Owner("w1/x"), before=Owner(""), state=b"{}"))
    floor = await live_floor(line)
    assert {(call.caller, call.state, call.agent) for call in floor.calls} == {
        ("+79161112233", "talking", "boris"),
        ("+78120000000", "in tree", ""),
    }
    assert {(agent.id, agent.condition) for agent in floor.agents} == {
        ("anna", "not ready"),
        ("boris", "talking"),
        ("vera", "free"),
    }
    assert any("no worker" in note for note in floor.notes)
