"""What one call writes, in order and once, while the store comes and goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from callrouter.calls import events as e
from callrouter.calls.call import Phase, decode
from callrouter.calls.life import step
from callrouter.calls.step import Moment, Step, entry
from callrouter.engine.ledger import Ledger, Outcome
from callrouter.engine.ports import Commit, Owner
from callrouter.journal import Entry, Word
from tests.calls.scenes import FACTS, SETTING, a_waiting_caller, proposed
from tests.engine.virtual_time import LoopClock
from tests.engine.way_to_line import WayToLine
from tests.fakes.line import FakeLine

US = Owner("w1/a")
CALLER = a_waiting_caller()
CALL = CALLER.call
FREE = {"presence": "READY", "activity": "IDLE", "reachable": "1"}


class Desk:
    def __init__(self) -> None:
        self.line = FakeLine(LoopClock())
        self.way = WayToLine(self.line, [], set())
        self.ledger = Ledger(self.way)

    async def begin(self) -> None:
        """A waiting call of ours, and an agent who is free."""
        await self.line.commit(Commit((Entry(Word.CONFIG),), {"agent:anna": FREE, f"waiting:{CALL.id}": {"offer": ""}}))
        assert await self.ledger.write(Step(CALL), US, Owner("")) is Outcome.STANDS

    async def note(self, node: str) -> Outcome:
        return await self.ledger.write(Step(CALL, entries=(entry(Word.NODE, CALL, node=node),)), US)

    async def offer(self) -> Outcome:
        moment = Moment(CALLER.now_ms, SETTING, FACTS)
        offered = step(CALL, proposed(), moment)
        back = step(offered.call, e.Adopted(), moment)
        return await self.ledger.write(offered, US, undo=lambda: back)

    @property
    def nodes(self) -> str:
        return "".join(each.data["node"] for each in self.line.journal if each.word is Word.NODE)

    @property
    def agent(self) -> str:
        return self.line._floor["agent:anna"]["activity"]


async def a_desk() -> Desk:
    desk = Desk()
    await desk.begin()
    return desk


async def test_what_could_not_be_written_is_written_later_in_order_and_once() -> None:
    desk = await a_desk()
    desk.line.down = True
    assert [await desk.note(node) for node in "abc"] == [Outcome.STANDS] * 3
    await asyncio.sleep(5)
    desk.line.down = False
    assert await desk.note("d") is Outcome.STANDS
    await desk.ledger.flushed()
    assert desk.nodes == "abcd"


async def test_what_was_written_but_not_confirmed_is_not_written_twice() -> None:
    desk = await a_desk()
    desk.way.loses_answers = True
    await desk.note("a")
    await asyncio.sleep(3)
    await desk.note("b")
    desk.way.loses_answers = False
    await desk.ledger.flushed()
    assert desk.nodes == "ab"


async def test_an_offer_is_refused_while_anything_waits_to_be_written() -> None:
    desk = await a_desk()
    desk.line.down = True
    await desk.note("a")
    desk.line.down = False
    assert await desk.offer() is Outcome.REFUSED
    await desk.ledger.flushed()
    assert await desk.offer() is Outcome.STANDS
    assert desk.agent == "RESERVED"


async def test_an_offer_that_did_not_reach_the_store_is_taken_back_once_it_may_stand_there() -> None:
    """Asked for again under its operation's name it may well be written now, so it must be taken back then."""
    desk = await a_desk()
    desk.line.down = True
    assert await desk.offer() is Outcome.REFUSED
    desk.line.down = False
    await desk.ledger.flushed()
    assert desk.agent == "IDLE"
    assert [each.word for each in desk.line.journal][-2:] == [Word.OFFER, Word.RINGCANCELED]


async def test_an_offer_whose_confirmation_was_lost_is_taken_back_before_anything_else_is_written() -> None:
    desk = await a_desk()
    desk.way.loses_answers = True
    assert await desk.offer() is Outcome.REFUSED
    assert desk.agent == "RESERVED"
    assert await desk.note("a") is Outcome.STANDS
    desk.way.loses_answers = False
    await desk.ledger.flushed()
    assert desk.agent == "IDLE"
    assert [each.word for each in desk.line.journal][-3:] == [Word.OFFER, Word.RINGCANCELED, Word.NODE]
    stored = (await desk.line.calls())[0]
    assert decode(stored.state).phase is Phase.WAITING


async def test_an_offer_that_the_store_refuses_after_all_needs_no_taking_back() -> None:
    desk = await a_desk()
    desk.line.down = True
    await desk.offer()
    desk.line._floor["agent:anna"]["activity"] = "TALKING"
    desk.line.down = False
    await desk.ledger.flushed()
    assert desk.agent == "TALKING"
    assert Word.RINGCANCELED not in [each.word for each in desk.line.journal]


async def test_when_the_call_went_to_another_worker_what_was_kept_is_dropped_and_nothing_more_is_ours() -> None:
    desk = await a_desk()
    desk.line.down = True
    await desk.note("a")
    desk.line.down = False
    await desk.line.commit(Commit(call=CALL.id, owner=Owner("w2/b"), before=US))
    await desk.ledger.flushed()
    assert await desk.note("b") is Outcome.NOT_OURS
    assert desk.nodes == ""


async def test_an_end_waits_for_the_store_only_so_long() -> None:
    desk = await a_desk()
    desk.line.down = True
    over = replace(CALL, phase=Phase.ENDED)
    assert await desk.ledger.write(Step(over, entries=(entry(Word.ENDED, over),)), US) is Outcome.STANDS
    before = asyncio.get_running_loop().time()
    await desk.ledger.flushed()
    assert asyncio.get_running_loop().time() - before == 120
