"""Two hours of the real engine (workers, sessions, store and exchange in virtual time), then the same by simulation:
what a played day leaves out of the live path must not matter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from callrouter.acd.floor import Presence
from callrouter.app.simulating import floor_of
from callrouter.journal import Entry, Word
from callrouter.simulation.again import Setup, Who, again, as_recorded
from callrouter.simulation.durations import Exponential
from callrouter.simulation.learned import learned
from callrouter.simulation.outlook import Asked, told
from callrouter.simulation.play import play
from callrouter.simulation.recorded import Recorded, recorded
from callrouter.telephony import LegId
from tests.engine.centre import AGENTS, PHONES, QUEUES, Centre
from tests.engine.virtual_time import VirtualLoop

HOURS = 2
A_LOOK_S = 0.1
ANSWERED = 0.82
"""Of the offers; the others ring in vain."""
AWAY_S = 45
RING_S = QUEUES["payers"].ring_s


async def the_engine_works(seed: int) -> list[Entry]:
    """Callers with patience and stories, agents who answer or do not, and come back after they were set NOT_READY."""
    chance = np.random.default_rng(seed)
    centre = Centre()
    await centre.start("w1")
    await centre.ready(*AGENTS)
    watching = asyncio.create_task(_agents_answer(centre, np.random.default_rng(seed + 1)))
    callers = []
    for pause in np.cumsum(chance.exponential(3600 / 170, HOURS * 170)).tolist():
        callers.append(asyncio.create_task(_calls(centre, pause, chance.random(3).tolist())))
    await asyncio.gather(*callers)
    await centre.pass_time(60)
    watching.cancel()
    centre.check_books()
    await centre.stop("w1")
    return list(centre.line.journal)


async def _calls(centre: Centre, pause_s: float, luck: Sequence[float]) -> None:
    await centre.pass_time(pause_s)
    leg = await centre.caller("1" if luck[0] < 0.7 else "2")
    patience_s, talk_s = Exponential(50).at(luck[1]), 5 + Exponential(35).at(luck[2])
    waited = 0.0
    while leg in centre.exchange.legs and centre.exchange.legs[leg].bridge is None:
        if waited > patience_s:
            return centre.exchange.hang_up(leg)
        waited += A_LOOK_S
        await centre.pass_time(A_LOOK_S)
    await centre.pass_time(talk_s)
    if leg in centre.exchange.legs:
        centre.exchange.hang_up(leg)
    return None


async def _agents_answer(centre: Centre, chance: np.random.Generator) -> None:
    heard: set[LegId] = set()
    tasks = set()
    while True:
        await centre.pass_time(A_LOOK_S)
        for agent, phone in PHONES.items():
            for leg in set(centre.exchange.ringing(phone)) - heard:
                heard.add(leg)
                after_s = 1 + 4 * float(chance.random())
                answers = chance.random() < ANSWERED
                tasks.add(asyncio.create_task(_rings(centre, agent, leg, after_s if answers else None)))
        for agent, person in centre.floor.agents.items():
            if person.presence is Presence.NOT_READY and person.reason == "missed":
                here = centre.clock.now_ms() - person.presence_since
                if here > AWAY_S * 1000:
                    await centre.says(agent, Presence.READY)


async def _rings(centre: Centre, agent: str, leg: LegId, after_s: float | None) -> None:
    """Until it is answered, or the exchange gives up."""
    await centre.pass_time(RING_S if after_s is None else after_s)
    if leg in centre.exchange.ringing(PHONES[agent]):
        if after_s is None:
            centre.exchange.hang_up(leg, 19)
        else:
            centre.exchange.answer(PHONES[agent])


@cache
def the_day() -> Recorded:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        entries = runner.run(the_engine_works(seed=7))
    words = {entry.word for entry in entries}
    assert {Word.ABANDON, Word.EXITWITHTIMEOUT, Word.RINGNOANSWER, Word.RINGCANCELED, Word.PAUSE} <= words
    return recorded(entries, entries[0].at_ms, entries[-1].at_ms)


def test_the_simulator_does_what_the_engine_did() -> None:
    day = the_day()
    centre = Setup(floor_of(AGENTS, QUEUES), QUEUES, {})
    played = play(again(day, learned(day, Exponential(50)), centre, Who.SAME, np.random.default_rng(1)))
    live, simulated = as_recorded(day, Asked()), told(played, Asked())
    assert simulated.callers == live.callers > 300
    for name, value in live.whole.items():
        assert simulated.whole[name] == pytest.approx(value, rel=0.02, abs=0.01), name
    last = {done.caller.key: done for done in played.done}
    alike = [
        one.outcome.value == last[one.call].result.value and one.agent == last[one.call].agent for one in day.callers
    ]
    assert sum(alike) / len(alike) > 0.97
