"""The dispatcher alone: it proposes what the pure choice says, once each, and outlives gaps, outages and mistakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callrouter.acd.floor import Activity, Presence
from callrouter.calls.events import AgentProposed
from callrouter.engine.dispatcher import BACK_OFF_S, NEWS_S, Dispatcher
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, FloorChange, Word, read_saw
from callrouter.telephony import CallId
from tests.engine.virtual_time import LoopClock
from tests.fakes.line import FakeLine

FREE = {
    "phone": "p",
    "queues": "q",
    "presence": Presence.READY,
    "activity": Activity.IDLE,
    "reachable": "1",
    "idle_since": "1",
}


class Desk:
    """Takes the proposals; the calls named in `ours` are ours."""

    def __init__(self, *ours: str) -> None:
        clock = LoopClock()
        self.line = FakeLine(clock)
        self.ours = set(ours)
        self.proposals: list[tuple[str, str]] = []
        self.saw: list[str] = []
        self.dispatcher = Dispatcher(self.line, self.propose, lambda change: None, clock=clock)

    def propose(self, call: CallId, event: AgentProposed) -> bool:
        if call not in self.ours:
            return False
        self.proposals.append((call, event.agent))
        self.saw.append(event.saw)
        return True

    async def change(self, **floor: dict[str, str] | None) -> None:
        change: FloorChange = {name.replace("_", ":", 1): fields for name, fields in floor.items()}
        await self.line.commit(Commit((Entry(Word.CONFIG),), change))
        await asyncio.sleep(0.001)

    async def agent(self, name: str) -> None:
        await self.change(**{f"agent_{name}": FREE})

    async def waiting(self, call: str) -> None:
        await self.change(**{f"waiting_{call}": {"queue": "q", "since": "1"}})


@asynccontextmanager
async def at_work(desk: Desk) -> AsyncIterator[Desk]:
    task = asyncio.create_task(desk.dispatcher.run())
    await desk.dispatcher.caught_up.wait()
    try:
        yield desk
    finally:
        task.cancel()


async def test_who_waits_is_proposed_once_however_often_the_floor_changes() -> None:
    async with at_work(Desk("c1")) as desk:
        await desk.waiting("c1")
        for name in ("anna", "boris", "clara"):
            await desk.agent(name)
        assert desk.proposals == [("c1", "anna")]


async def test_the_next_call_gets_the_next_agent_while_the_first_is_being_reserved() -> None:
    async with at_work(Desk("c1", "c2")) as desk:
        await desk.agent("anna")
        await desk.agent("boris")
        await desk.waiting("c1")
        await desk.waiting("c2")
        assert desk.proposals == [("c1", "anna"), ("c2", "boris")]


async def test_a_call_of_another_worker_is_left_to_it_with_its_agent() -> None:
    async with at_work(Desk("c2")) as desk:
        await desk.waiting("c1")
        await desk.waiting("c2")
        await desk.agent("anna")
        assert desk.proposals == []


async def test_when_a_need_falls_the_caller_is_proposed_at_that_moment_though_nothing_happens() -> None:
    async with at_work(Desk("c1")) as desk:
        await desk.change(queue_q={"name": "Q", "relax": "30000:english"})
        await desk.agent("anna")
        now_ms = desk.dispatcher._clock.now_ms()
        needs = {"queue": "q", "since": str(now_ms), "require": "english:2"}
        await desk.change(waiting_c1=needs)
        await asyncio.sleep(29.9)
        assert desk.proposals == []
        await asyncio.sleep(0.11)
        assert desk.proposals == [("c1", "anna")]


async def test_a_proposal_tells_all_that_the_choice_saw() -> None:
    async with at_work(Desk("c1", "c2")) as desk:
        await desk.agent("anna")
        await desk.agent("boris")
        await desk.waiting("c1")
        await desk.waiting("c2")
        first, second = (read_saw(saw) for saw in desk.saw)
        assert first.on_their_way == {}
        assert second.on_their_way == {"anna": "c1"}
        assert second.version == desk.dispatcher.floor.version
        assert second.now_ms >= first.now_ms > 0


async def test_a_proposal_that_came_to_nothing_is_made_again_after_the_news_had_time_to_come() -> None:
    async with at_work(Desk("c1")) as desk:
        await desk.waiting("c1")
        await desk.agent("anna")
        desk.dispatcher.settled("anna")
        await asyncio.sleep(NEWS_S / 2)
        assert len(desk.proposals) == 1
        await asyncio.sleep(NEWS_S)
        assert desk.proposals == [("c1", "anna"), ("c1", "anna")]


async def test_nothing_is_proposed_while_the_store_is_away_and_at_once_when_it_is_back() -> None:
    async with at_work(Desk("c1")) as desk:
        await desk.waiting("c1")
        await desk.agent("anna")
        desk.line.down = True
        desk.dispatcher.settled("anna")
        await asyncio.sleep(5)
        assert len(desk.proposals) == 1
        desk.line.down = False
        await asyncio.sleep(BACK_OFF_S + 0.01)
        assert len(desk.proposals) == 2


async def test_after_a_gap_in_the_journal_it_begins_anew_from_a_snapshot() -> None:
    async with at_work(Desk("c1")) as desk:
        await desk.agent("anna")
        floor = desk.dispatcher.floor
        desk.line._floor["waiting:c1"] = {"queue": "q", "since": "1"}
        desk.line.journal.append(Entry(Word.CONFIG, id=f"{desk.line.clock.now_ms() + 5}-0"))
        desk.line.trim(1)
        desk.line.trimmed_to = (desk.line.clock.now_ms() + 4, 0)
        desk.line._tell()
        await asyncio.sleep(0.01)
        assert "c1" in floor.waiting
        assert desk.proposals == [("c1", "anna")]


async def test_a_floor_that_cannot_be_read_does_not_end_the_dispatcher(capsys: pytest.CaptureFixture[str]) -> None:
    async with at_work(Desk("c1")) as desk:
        await desk.waiting("c1")
        await desk.change(agent_boris={"activity": "DANCING"})
        await asyncio.sleep(1)
        assert "dispatcher_crashed" in capsys.readouterr().out
        await desk.change(agent_boris=None)
        await desk.agent("anna")
        await asyncio.sleep(BACK_OFF_S)
        assert desk.proposals == [("c1", "anna")]
