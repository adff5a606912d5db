"""Every wrap-up ends on time, once, whoever is alive."""

from __future__ import annotations

import asyncio

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Floor
from callrouter.engine.ports import Commit
from callrouter.engine.wrap_up import WrapUps
from callrouter.journal import Entry, FloorChange, Word
from tests.engine.virtual_time import LoopClock
from tests.fakes.line import FakeLine


class Office:
    """A line, and two workers' wrap-ups that hear of every change."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.line = FakeLine(self.clock)
        self.floor = Floor()
        self.workers = [WrapUps(self.line, self.floor, self.clock) for _ in range(2)]

    async def change(self, fields: dict[str, str] | None) -> None:
        change: FloorChange = {"agent:anna": fields}
        await self.line.commit(Commit((Entry(Word.CONFIG),), change))
        self.floor.apply(self.line.journal[-1].floor, self.line.journal[-1].id)
        for worker in self.workers:
            worker.on_change(self.line.journal[-1].floor)

    async def wraps_up(self, seconds: float) -> None:
        await self.change(activity.wrapping_up(self.clock.now_ms() + int(seconds * 1000)))

    @property
    def activity(self) -> str:
        return self.line._floor["agent:anna"]["activity"]

    @property
    def ends(self) -> int:
        return sum(entry.word is Word.WRAPUPEND for entry in self.line.journal)


async def test_it_ends_at_its_time_and_is_told_once() -> None:
    office = Office()
    await office.wraps_up(5)
    await asyncio.sleep(4.9)
    assert office.activity == Activity.WRAP_UP
    await asyncio.sleep(0.2)
    assert office.activity == Activity.IDLE
    assert office.ends == 1


async def test_one_that_was_cut_short_by_the_agent_is_not_ended_again() -> None:
    office = Office()
    await office.wraps_up(5)
    await office.change(activity.idle())
    await asyncio.sleep(10)
    assert office.ends == 0


async def test_a_second_one_is_not_ended_at_the_time_of_the_first() -> None:
    office = Office()
    await office.wraps_up(5)
    await asyncio.sleep(3)
    await office.wraps_up(5)
    await asyncio.sleep(4)
    assert office.activity == Activity.WRAP_UP
    await asyncio.sleep(2)
    assert office.activity == Activity.IDLE


async def test_one_that_ended_while_the_store_was_away_is_told_when_it_is_back() -> None:
    office = Office()
    await office.wraps_up(5)
    office.line.down = True
    await asyncio.sleep(60)
    office.line.down = False
    await asyncio.sleep(1.1)
    assert office.activity == Activity.IDLE
    assert office.ends == 1


async def test_one_whose_time_was_over_before_we_came_ends_at_once() -> None:
    office = Office()
    await office.wraps_up(-5)
    await asyncio.sleep(0.01)
    assert office.activity == Activity.IDLE


async def test_who_is_taken_off_the_floor_and_a_worker_that_stops_leave_no_timer() -> None:
    office = Office()
    await office.wraps_up(5)
    await office.change(None)
    for worker in office.workers:
        await worker.close()
    await asyncio.sleep(10)
    assert office.ends == 0
