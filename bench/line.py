"""How fast the line in Redis is, beside a bare PING on the same connection: `python bench/line.py [--json]`.

Starts a private Redis with an append-only file (fsync every second), as a running centre has it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from callrouter.engine.ports import Check, Commit, Owner, Written
from callrouter.journal import NOW, Entry, Word
from callrouter.store.connect import RedisPlace, open_client
from callrouter.store.redis_line import RedisLine
from callrouter.telephony import CallId
from tests.store.private_redis import private_redis

AGENTS = 200
OWNER = Owner("w1/bench")
AGENT = {
    "name": "Анна Петрова",
    "phone": "PJSIP/4f2a9c",
    "queues": "payers,merchants",
    "presence": "READY",
    "reason": "",
    "presence_since": "1700000000000",
    "activity": "IDLE",
    "since": "1700000000000",
    "idle_since": "1700000000000",
    "wrap_until": "0",
    "reachable": "1",
    "call": "",
    "leg": "",
    "missed": "0",
}


def offer(n: int) -> Commit:
    """What an offer writes: two checks, two things of the floor, one entry, the session's state."""
    agent, call = f"agent:a{n % AGENTS}", CallId(f"c{n}")
    return Commit(
        entries=(Entry(Word.OFFER, call=call, agent=agent, queue="payers", data={"leg": f"l{n}", "ring_s": "20"}),),
        floor={
            agent: {"activity": "RESERVED", "since": NOW, "call": call, "leg": f"l{n}"},
            f"waiting:w{n % AGENTS}": {"offer": agent, "queue": "payers", "since": NOW},
        },
        checks=(Check(agent, "presence", "READY"), Check(f"waiting:w{n % AGENTS}", "owner", "")),
        call=CallId(f"c{n % AGENTS}"),
        owner=OWNER,
        state=b"s" * 800,
    )


async def measure(place: RedisPlace, rounds: int) -> dict[str, float]:
    line, ping = RedisLine(place), cast(Any, open_client(place))
    for n in range(AGENTS):
        await line.commit(Commit((Entry(Word.CONFIG),), {f"agent:a{n}": AGENT}))
        await line.commit(Commit(call=CallId(f"c{n}"), owner=OWNER, before=Owner(""), state=b""))
    numbers = iter(range(10**9))

    async def commit() -> str:
        answer = await line.commit(offer(next(numbers)))
        assert isinstance(answer, Written), answer
        return answer.version

    figures = {
        **_percentiles("ping", await _one_by_one(ping.ping, rounds)),
        **_percentiles("commit", await _one_by_one(commit, rounds)),
        "pings_per_s_16_tasks": await _at_once(ping.ping, rounds),
        "commits_per_s_16_tasks": await _at_once(commit, rounds),
        **_percentiles("commit_to_follower", await _delivery(line, commit, rounds)),
        **_percentiles("snapshot_200_agents", await _one_by_one(line.snapshot, 200)),
    }
    await line.close()
    await ping.aclose()
    return figures


async def _one_by_one(ask: Callable[[], Awaitable[object]], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        await ask()
        taken.append(time.perf_counter() - began)
    return taken


async def _at_once(ask: Callable[[], Awaitable[object]], rounds: int) -> float:
    async def some() -> None:
        for _ in range(rounds // 16):
            await ask()

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(16)))
    return round(rounds // 16 * 16 / (time.perf_counter() - began))


async def _delivery(line: RedisLine, commit: Callable[[], Awaitable[str]], rounds: int) -> list[float]:
    """From the moment the commit is sent to the moment a follower on another connection has the entry."""
    taken = []
    async with aclosing(line.follow((await line.snapshot()).version)) as entries:  # type: ignore[type-var]
        for _ in range(rounds):
            waiting = asyncio.ensure_future(anext(entries))
            await asyncio.sleep(0.002)  # the follower is blocked in Redis, as between two calls
            began = time.perf_counter()
            version, entry = await asyncio.gather(commit(), waiting)
            taken.append(time.perf_counter() - began)
            assert entry.id == version
    return taken


def _percentiles(name: str, taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {f"{name}_p{p}_us": round(ordered[len(ordered) * p // 100] * 1e6) for p in (50, 99)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--rounds", type=int, default=4000)
    asked = parser.parse_args()
    with private_redis("--appendonly", "yes", "--appendfsync", "everysec") as server:
        figures = asyncio.run(measure(server.place, asked.rounds))
    if asked.json:
        print(json.dumps(figures, indent=2))
    else:
        print("\n".join(f"{name:<28} {value:>8g}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
