"""How quick a real call is: `python bench/call.py [--calls N] [--json]`. A private centre, real SIP and real sound.

key → prompt   from a key's first end packet (RFC 4733) until the next prompt is heard; keys are pressed during a prompt
key → INVITE   from that of the last key until the free agent's phone is rung
free → INVITE  from the BYE of an agent until the phone is rung for the next in line
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from callrouter.app.own import own_centre
from callrouter.audio import Samples
from callrouter.parties.leg import What
from callrouter.parties.party import Habit, Party
from callrouter.parties.search import PromptSearch
from callrouter.parties.stage import Stage

CONFIG = Path(__file__).resolve().parent.parent / "tests" / "live" / "config"
NUMBER = "+74951234567"
DICE = random.Random(1)
Figures = dict[str, list[float]]


async def arrive(stage: Stage, name: str, number: int) -> Party:
    """A caller who has been answered and hears the first menu."""
    caller = stage.outsider(name, f"+7916{number:07}")
    began = caller.now()
    caller.call(NUMBER)
    if await caller.wait_for(What.ANSWERED, began - 0.001, 5.0) is None:
        raise RuntimeError("the centre did not answer")
    await asyncio.sleep(0.6 + DICE.random() / 2)
    return caller


async def one(stage: Stage, vera: Party, prompt: Samples, number: int, found: Figures) -> None:
    """Two callers in turn at one agent."""
    first, second = await arrive(stage, "first", 2 * number), await arrive(stage, "second", 2 * number + 1)
    for caller in (first, second):
        pressed = (await caller.press("2"))[-1].at
        await asyncio.sleep(1.4)
        heard = PromptSearch(caller.ears, prompt, pressed).look()
        if heard is None:
            raise RuntimeError("the second menu was not heard")
        found["key → prompt"].append(heard.at - pressed)
    pressed = (await first.press("1"))[-1].at
    found["key → INVITE"].append(await rung_after(vera, pressed))
    await vera.wait_for(What.ANSWERED, pressed, 5.0)
    await second.press("1")
    await asyncio.sleep(0.5 + DICE.random())
    free = vera.now()
    await vera.hang_up_and_wait()
    found["free → INVITE"].append(await rung_after(vera, free))
    await asyncio.sleep(0.5)
    await vera.hang_up_and_wait()
    for caller in (first, second):
        await stage.take_back(caller)


async def rung_after(agent: Party, at: float) -> float:
    ring = await agent.wait_for(What.RINGS, at - 0.001, 5.0)
    if ring is None:
        raise RuntimeError("the agent's phone did not ring")
    return ring.at - at


async def measure(calls: int) -> Figures:
    found: Figures = {"key → prompt": [], "key → INVITE": [], "free → INVITE": []}
    async with own_centre(CONFIG) as own, Stage(own.stage) as stage:
        vera = await stage.agent("vera", "vera", Habit(answers_after_s=0.1))
        await vera.phone.register()
        await stage.dial_code(vera, "ready")
        prompt = own.stage.prompt("payments.merchant_problem", "ru")
        for number in range(calls):
            await one(stage, vera, prompt, number, found)
        await stage.take_back(vera, "vera")
    return found


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=20, help="pairs of callers")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    found = asyncio.run(measure(wanted.calls))
    told = {
        what: {
            "p50_ms": round(statistics.median(values) * 1000, 1),
            "p99_ms": round(percentile(values, 0.99) * 1000, 1),
            "measured": len(values),
        }
        for what, values in found.items()
    }
    if wanted.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for what, figures in told.items():
            p50, p99, count = figures["p50_ms"], figures["p99_ms"], figures["measured"]
            print(f"{what:<14}  p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   n {count}")


if __name__ == "__main__":
    main()
