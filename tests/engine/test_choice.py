"""The choice in a whole centre: what agents have done counts, and needs that fall ring a phone by themselves."""

from __future__ import annotations

import asyncio

from callrouter.config import AgentPart, Queue, Relax
from callrouter.journal import Word, read_saw
from tests.engine.centre import AGENTS, QUEUES, Centre


async def test_conversations_and_talk_time_are_counted_since_the_log_in() -> None:
    centre = Centre()
    await centre.start()
    await centre.ready("anna")
    for _ in range(2):
        caller, _ = await centre.talking("anna")
        await centre.pass_time(20)
        await centre.hangs_up(caller)
        await centre.pass_time(10)
    anna = centre.floor.agents["anna"]
    assert anna.calls == 2
    assert 38_000 < anna.talk_ms < 42_000
    assert anna.offered > 0


async def test_a_need_that_falls_rings_a_phone_at_its_moment_and_the_journal_replays_it() -> None:
    steps = (Relax(after_s=12, drop="all"),)
    queue = Queue(name="Payers", skills={"refund": 5}, relax=steps, max_wait_s=60)
    agents = {**AGENTS, "anna": AgentPart(name="Anna", queues=("payers", "merchants"), skills={"refund": 1})}
    centre = Centre(queues={**QUEUES, "payers": queue}, agents=agents)
    await centre.start()
    await centre.ready("anna")
    caller = centre.exchange.call_in()
    await centre.pass_time(0.4)
    centre.exchange.press(caller, "1")
    await asyncio.sleep(11.9)
    assert not centre.rings("anna")
    await asyncio.sleep(0.2)
    assert centre.rings("anna")
    (offer,) = centre.entries(Word.OFFER)
    (joined,) = centre.entries(Word.ENTERQUEUE)
    assert read_saw(offer.data["floor"]).now_ms >= joined.at_ms + 12_000
