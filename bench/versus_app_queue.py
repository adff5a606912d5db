"""callrouter beside Asterisk's own queues, on one Asterisk, with the same callers and the same phones, turn about.

    python bench/versus_app_queue.py [--json] [--calls N] [--rate R] [--talk S] [--seed K] [--rounds N] [--workers N]

last key → INVITE  from a key's first end packet (RFC 4733) until an idle agent's phone is rung
free → INVITE      from an agent's BYE, with callers in line, until that phone is rung for the next of them
CPU a call         user and system time of each process (/proc/PID/stat), less what it uses when nobody calls

app_queue at its best: autofill=yes, retry=1, no wrap-up. callrouter as it always is: every state and journal entry is
written. A bench, not a test: it says what is met and what is not, and ends well either way.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.versus.centre import ENGINES, FEW, MANY, BothCentre, both_centre
from bench.versus.rounds import Caller, Rounds, Seen, draw, per_call

IDLE_S = 8.0
FEW_AGENTS, FEW_CALLERS = 6, 48
FEW_RATE, FEW_TALK_S = 8.0, (0.5, 2.5)
"""Twice as many callers as so few agents can serve: somebody always waits, until the last few."""
LONG_TALK_S = 120.0
"""From here on the limit for CPU is that of long talks."""
Told = dict[str, dict[str, float]]


async def measure(wanted: argparse.Namespace) -> dict[str, object]:
    """All rounds, in the order A B B A A B ..., so that what the machine does beside us hits both."""
    peak = min(400, round(wanted.rate * (1.3 * wanted.talk + 3)) + 10, wanted.calls + 5)
    async with both_centre(peak, FEW_AGENTS, wanted.workers, wanted.logs) as centre:
        rounds = Rounds(centre)
        await rounds.begin()
        try:
            await warm(rounds, draw(10, 5.0, (0.5, 1.0), wanted.seed), MANY)  # warm
            idle = await idle_cpu(centre)
            many, few = await all_rounds(rounds, wanted)
        finally:
            await rounds.end()
        told = {engine: figures(engine, many[engine], few[engine], idle) for engine in ENGINES}
        lost = {engine: [why for seen in (*many[engine], *few[engine]) for why in seen.lost] for engine in ENGINES}
        beside = {"lost": lost, "late_steps": rounds.media.late_steps, "complaints": centre.complaints()[:20]}
        return {"engines": told, "limits": limits(told, wanted.talk), **beside}


async def all_rounds(rounds: Rounds, wanted: argparse.Namespace) -> tuple[dict[str, list[Seen]], dict[str, list[Seen]]]:
    many: dict[str, list[Seen]] = {engine: [] for engine in ENGINES}
    few: dict[str, list[Seen]] = {engine: [] for engine in ENGINES}
    talk_s = (0.8 * wanted.talk, 1.2 * wanted.talk)
    for number in range(wanted.rounds):
        order = list(ENGINES) if number % 2 == 0 else list(reversed(ENGINES))
        seed = wanted.seed * 1000 + number
        for engine in order:
            callers = draw(wanted.calls, wanted.rate, talk_s, seed)
            many[engine].append(await rounds.play(ENGINES[engine], MANY, callers))
        for engine in order:
            callers = draw(FEW_CALLERS, FEW_RATE, FEW_TALK_S, seed)
            few[engine].append(await rounds.play(ENGINES[engine], FEW, callers))
    return many, few


async def warm(rounds: Rounds, callers: Sequence[Caller], queue: str) -> None:
    for engine, number in ENGINES.items():
        if lost := (await rounds.play(number, queue, callers)).lost:
            raise RuntimeError(f"{engine} cannot be compared, of its first {len(callers)} calls it lost: {lost}")


async def idle_cpu(centre: BothCentre) -> dict[str, float]:
    """CPU seconds a second of each process, with registered phones and nobody calling."""
    before = centre.cpu_s()
    await asyncio.sleep(IDLE_S)
    return {name: (used - before[name]) / IDLE_S for name, used in centre.cpu_s().items()}


def figures(engine: str, many: Sequence[Seen], few: Sequence[Seen], idle: Mapping[str, float]) -> dict[str, float]:
    """One engine's line of the table."""
    cpu = per_call(many, idle)
    parts = ("Asterisk", "worker", "Redis") if engine == "callrouter" else ("Asterisk",)
    found = {f"cpu_{name.lower()}_ms": cpu[name] for name in cpu}
    found["cpu_ms"] = sum(cpu[name] for name in parts)
    for name, values in (
        ("key_ms", [value for seen in many for value in seen.key_to_ring]),
        ("free_ms", [value for seen in few for value in seen.free_to_ring]),
    ):
        ordered = sorted(1000 * value for value in values)
        found |= {f"{name}_p{share}": ordered[round(share / 100 * (len(ordered) - 1))] for share in (50, 90, 99, 100)}
        found[f"{name}_n"] = len(ordered)
    found["calls"] = sum(seen.good for seen in many)
    found["lost"] = sum(len(seen.lost) for seen in (*many, *few))
    return {name: round(value, 2) for name, value in found.items()}


def limits(told: Told, talk_s: float) -> list[dict[str, object]]:
    """What we want to keep, what it is, and whether it is kept."""
    ours, theirs = told["callrouter"], told["app_queue"]
    share = 1.02 if talk_s >= LONG_TALK_S else 1.25
    wanted = [
        ("free → INVITE, p50, ms", ours["free_ms_p50"], 20.0),
        ("free → INVITE, p99, ms", ours["free_ms_p99"], 60.0),
        ("last key → INVITE, p50, ms more than app_queue", ours["key_ms_p50"] - theirs["key_ms_p50"], 2.0),
        ("last key → INVITE, p99, ms more than app_queue", ours["key_ms_p99"] - theirs["key_ms_p99"], 5.0),
        (f"CPU a call of {talk_s:g} s, times app_queue's", ours["cpu_ms"] / theirs["cpu_ms"], share),
    ]
    return [{"what": what, "is": round(found, 3), "limit": most, "met": found <= most} for what, found, most in wanted]


ROWS = {
    "last key → INVITE p50 ms": "key_ms_p50",
    "last key → INVITE p90 ms": "key_ms_p90",
    "last key → INVITE p99 ms": "key_ms_p99",
    "free → INVITE p50 ms": "free_ms_p50",
    "free → INVITE p99 ms": "free_ms_p99",
    "free → INVITE max ms": "free_ms_p100",
    "measured (free)": "free_ms_n",
    "CPU a call, Asterisk ms": "cpu_asterisk_ms",
    "CPU a call, worker ms": "cpu_worker_ms",
    "CPU a call, Redis ms": "cpu_redis_ms",
    "CPU a call, these ms": "cpu_ms",
    "(history's clerk ms)": "cpu_clerk_ms",
    "calls": "calls",
    "calls lost": "lost",
}


def table(found: dict[str, object]) -> str:
    told, kept = found["engines"], found["limits"]
    assert isinstance(told, dict)
    assert isinstance(kept, list)
    lines = [f"{'':<28}{'callrouter':>12}{'app_queue':>12}{'ratio':>8}"]
    for row, name in ROWS.items():
        ours, theirs = told["callrouter"][name], told["app_queue"][name]
        ratio = f"{ours / theirs:8.3f}" if theirs > 0.5 and ours > 0 else ""
        lines.append(f"{row:<28}{ours:>12.2f}{theirs:>12.2f}{ratio}")
    lines.append("")
    for limit in kept:
        mark = "met    " if limit["met"] else "NOT MET"
        lines.append(f"  {mark}  {limit['what']}: {limit['is']:.2f} (at most {limit['limit']:g})")
    lines += [f"  lost ({engine}): {why}" for engine, why in _lost(found)]
    lines.append(f"  steps of sound begun more than 10 ms late: {found['late_steps']}")
    complaints = found["complaints"]
    assert isinstance(complaints, list)
    lines += [f"  logged: {line[:200]}" for line in complaints]
    return "\n".join(lines)


def _lost(found: dict[str, object]) -> list[tuple[str, str]]:
    lost = found["lost"]
    assert isinstance(lost, dict)
    return [(engine, f"{reasons.count(why)} × {why}") for engine, reasons in lost.items() for why in sorted({*reasons})]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--calls", type=int, default=150, help="callers in each round")
    parser.add_argument("--rate", type=float, default=20.0, help="callers a second")
    parser.add_argument("--talk", type=float, default=3.0, help="mean length of a talk in seconds")
    parser.add_argument("--seed", type=int, default=1, help="which callers")
    parser.add_argument("--rounds", type=int, default=4, help="rounds for each engine")
    parser.add_argument("--workers", type=int, default=1, help="worker processes")
    parser.add_argument("--logs", type=Path, help="a folder for the logs, else they are wiped")
    wanted = parser.parse_args()
    found = asyncio.run(measure(wanted))
    print(json.dumps(found, ensure_ascii=False, indent=1) if wanted.json else table(found))


if __name__ == "__main__":
    main()
