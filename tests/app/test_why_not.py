"""Why an agent's phone did not ring: from the journal, at each moment of a call, and now."""

from __future__ import annotations

from callrouter.app.why_not import why_not_for, why_not_now
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, Saw, Word, read_saw
from tests.app.test_history import written
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.reporting.diary import CALL, Diary, a_call_that_rings_twice

FREE = {"queues": "q", "presence": "READY", "activity": "IDLE", "reachable": "1", "idle_since": "0"}


async def test_each_moment_of_a_call_tells_about_one_agent_what_the_story_tells() -> None:
    line = await written(a_call_that_rings_twice(Diary()).entries)
    for text in (CALL, CALL[-8:]):
        moments = await why_not_for(line, "anna", text)
        assert moments is not None
        assert moments[0].what.startswith("joins ")
        assert any(moment.what.startswith("offered to ") for moment in moments)
        assert all(len(moment.reasons) == 1 and moment.reasons[0].agent == "anna" for moment in moments)
    assert await why_not_for(line, "anna", "no-such-call") is None


async def test_now_tells_about_every_call_that_waits() -> None:
    line = FakeLine(HandClock())
    waiting = {"queue": "q", "since": "1", "require": "english:2"}
    await line.commit(Commit((Entry(Word.CONFIG),), {"agent:anna": FREE, "waiting:c1": waiting}))
    moment = await why_not_now(line, "anna")
    assert [(one.call, one.text) for one in moment.reasons] == [("c1", "lacks english 2 (has 0)")]


async def test_a_choice_is_made_again_with_those_who_were_on_their_way() -> None:
    line = FakeLine(HandClock(1_000_000))
    agents = {f"agent:{name}": FREE for name in ("anna", "boris")}
    calls = {f"waiting:{call}": {"queue": "q", "since": str(n)} for n, call in enumerate(("call-1", "call-2"))}
    await line.commit(Commit((Entry(Word.CONFIG),), {**agents, **calls}))
    await line.write_snapshot_entry()
    version = line.journal[-1].id
    await line.commit(Commit((Entry(Word.ARRIVED, "call-2"),)))
    saw = Saw(version, 1_000_005, {"anna": "call-1"}).text
    await line.commit(Commit((Entry(Word.OFFER, "call-2", "boris", "q", {"floor": saw, "leg": "l", "ring_s": "9"}),)))
    moments = await why_not_for(line, "boris", "call-2")
    assert moments is not None
    assert [reason.text for moment in moments for reason in moment.reasons if moment.what != "now"] == [
        "chosen: idle longest among the able (1000.0 s)"
    ]


def test_what_a_choice_saw_is_read_as_it_was_written() -> None:
    saw = Saw("1700000000000-3", 1_700_000_000_250, {"anna": "w1-1700.12", "boris": "c2"})
    assert read_saw(saw.text) == saw
    assert read_saw("1700000000000-3") == Saw("1700000000000-3", 1_700_000_000_000)
