"""Days at a centre, written by chance into a journal: the same seed, the same day."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping

from callrouter.acd import activity
from callrouter.config import Missed
from callrouter.engine.ports import Commit, Line
from callrouter.journal import NOW, Entry, FloorChange, Word
from tests.fakes.clock import HandClock

AGENTS = ("anna", "boris", "vera")
QUEUES = ("payers", "merchants")
HOSTILE = ("+79161112233", "a\x00b", "'; DROP TABLE calls; --", "Анна 😀", "")


async def _rest() -> None:
    pass


async def a_day(
    line: Line, calls: int, seed: int, clock: HandClock | None = None, after_each: Callable[[], Awaitable[None]] = _rest
) -> None:
    """So many calls, one after another, with everything that may become of one; agents come, pause and go."""
    chance = random.Random(seed)

    async def say(word: Word, floor: FloorChange, about: Mapping[str, str]) -> None:
        data = dict(about)
        call, agent, queue = (data.pop(name, "") for name in ("call", "agent", "queue"))
        await line.commit(Commit((Entry(word, call, agent, queue, data),), floor))
        if clock:
            clock.advance(chance.choice((0, 0, 0.001, 1.5, 20)))
        await after_each()

    ready = {"presence": "READY", "reachable": "1", "reason": "", **activity.idle()}
    await say(Word.CONFIG, {f"agent:{agent}": {"name": agent, **ready} for agent in AGENTS}, {})
    for n in range(calls):
        for word, floor, about in _a_call(f"c{seed}-{n:05}", chance):
            await say(word, floor, about)
        if chance.random() < 0.2:
            await line.write_snapshot_entry()
            await after_each()


Told = tuple[Word, FloorChange, dict[str, str]]


def _a_call(call: str, chance: random.Random) -> Iterator[Told]:
    agent, queue = chance.choice(AGENTS), chance.choice(QUEUES)
    thing = f"agent:{agent}"
    yield Word.ARRIVED, {}, {"call": call, "number": "+7495", "caller": chance.choice(HOSTILE), "tree": "payments"}
    for node in ("who", "problem", "to_queue")[: chance.randint(1, 3)]:
        yield Word.NODE, {}, {"call": call, "node": node, "by": chance.choice(("", "1", "silence", "invalid"))}
    if chance.random() < 0.15:
        yield Word.ENDED, {}, {"call": call, "how": "left_tree", "in_tree_ms": "5000"}
        return
    if chance.random() < 0.1:
        yield Word.CALLBACK, {}, {"call": call, "queue": queue, "number": "+7916"}
    yield Word.ENTERQUEUE, {f"waiting:{call}": {"queue": queue, "since": NOW}}, {"call": call, "queue": queue}
    if chance.random() < 0.2:
        gone = {f"waiting:{call}": None}
        yield Word.ABANDON, gone, {"call": call, "queue": queue, "waited_ms": str(chance.randint(0, 60_000))}
        yield Word.ENDED, {}, {"call": call, "how": "abandoned"}
        return
    about = {"call": call, "agent": agent, "queue": queue}
    yield Word.OFFER, {thing: activity.reserved(call, "l")}, {**about, "floor": "1-0"}
    if chance.random() < 0.3:
        yield Word.RINGNOANSWER, {thing: activity.missed(1, Missed(), 0, "missed")}, {**about, "why": "missed"}
        yield Word.PAUSE, {}, {"call": call, "agent": agent, "reason": "missed"}
        yield Word.UNPAUSE, {thing: {"presence": "READY", "reason": ""}}, {"agent": agent}
        yield Word.OFFER, {thing: activity.reserved(call, "l")}, {**about, "floor": "1-0"}
    yield Word.RINGING, {thing: activity.ringing()}, about
    talk = {thing: activity.talking(), f"waiting:{call}": None}
    yield Word.CONNECT, talk, {**about, "waited_ms": str(chance.randint(0, 60_000)), "recording": f"{call}-r1"}
    yield chance.choice((Word.COMPLETEAGENT, Word.COMPLETECALLER)), {thing: activity.wrapping_up(1)}, about
    yield Word.ENDED, {}, {"call": call, "how": "completed", "talked_ms": "1000"}
    yield Word.WRAPUPEND, {thing: activity.idle()}, {"agent": agent}
    yield Word.RECORDING, {}, {"call": call, "file": "x.flac", "seconds": "1.5", "recording": f"{call}-r1"}
