"""How fast the choice is, beside a plain scan of the same floor in the same run: `python bench/acd.py [--json]`.

A whole decision: the event that frees an agent goes in, the choice comes out, the event that reserves the agent for
the call goes in. Beside it all five events of a caller's way through the line, with a look after each. Ten calls wait
for each agent, and all agents are busy: the hardest case. Times are CPU times, so that neighbours on the computer do
not count; `decisions_per_s_on_the_wall` tells what a clock says.

growth   the exponent b in cost ~ agents^b, by a straight line through the logarithms
distinct the same with every agent's skills different from every other's
light    agents idle, calls come one by one: the choice of an agent for a call
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from math import log
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from callrouter.acd.choose import Pairing, pairings
from callrouter.acd.floor import Floor
from callrouter.journal import FloorChange
from tests.acd.scan import first, may_take, score

SKILLS, SKILL_SETS, CALLS_PER_AGENT = 100, 200, 10
SIZES = (100, 300, 1_000, 3_000, 10_000, 20_000)
BATCH = 25
"""So many decisions are measured at once; few, so that the line hardly shortens meanwhile."""
LIGHT_FROM = 1_000
"""With fewer agents and a hundred skills many a call finds nobody able, which is another and cheaper thing."""
START_MS = 10**9
IDLE = {"presence": "READY", "reachable": "1", "activity": "IDLE", "since": "0", "missed": "0", "calls": "0"}
TALKING = IDLE | {"activity": "TALKING"}
Fields = dict[str, str]


class Stage:
    """A floor and what happens on it; `seed` makes it the same each time."""

    def __init__(self, agents: int, calls: int, skill_sets: int, *, busy: bool, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.agents = agents
        self.kinds = [f"s{skill}:{level}" for skill in range(SKILLS) for level in (1, 2)]
        sets = [self._skills() for _ in range(skill_sets)]
        things: dict[str, Fields] = {"queue:q": {"name": "q"}}
        for n in range(agents):
            things[f"agent:a{n}"] = {
                "name": f"Agent {n}",
                "phone": f"phone-{n}",
                "queues": "q",
                "skills": sets[n % skill_sets],
                **(TALKING if busy else IDLE),
                "idle_since": str(n),
            }
        self.floor = Floor(things, f"{START_MS}-0")
        self.came = 0
        self.now_ms = START_MS
        for _ in range(calls):
            self.a_call_comes()
        pairings(self.floor, now_ms=self.now_ms)

    def _skills(self) -> str:
        names = self.chance.sample(range(SKILLS), self.chance.randint(1, 9))
        return ",".join(f"s{name}:{self.chance.randint(1, 5)}" for name in sorted(names))

    def apply(self, change: FloorChange) -> None:
        self.floor.apply(change, f"{self.now_ms}-0")

    def look(self) -> list[Pairing]:
        return pairings(self.floor, (), (), self.now_ms)

    def a_call_comes(self) -> None:
        self.came += 1
        place = {"queue": "q", "since": str(self.now_ms), "require": self.chance.choice(self.kinds), "priority": "0"}
        self.apply({f"waiting:c{self.came}": {**place, "offer": "", "owner": "w1", "caller": "+74951234567"}})

    def somebody_will_be_free(self) -> tuple[str, FloorChange]:
        """Who, and the event that tells it, as it comes from the journal."""
        self.now_ms += 1
        agent, now = f"a{self.chance.randrange(self.agents)}", str(self.now_ms)
        free = {"activity": "IDLE", "since": now, "call": "", "leg": "", "idle_since": now, "wrap_until": "0"}
        return agent, {f"agent:{agent}": free}

    def reserved(self, call: str, agent: str) -> None:
        now = str(self.now_ms)
        taken = {"activity": "RESERVED", "since": now, "call": call, "leg": "l", "offered": now}
        self.apply({f"agent:{agent}": taken, f"waiting:{call}": {"offer": agent}})


def heavy(stage: Stage, rounds: int) -> tuple[float, float, float]:
    """Of a whole decision: CPU seconds, seconds on the wall; and CPU seconds of a caller's five events with looks."""
    cpu = wall = rest = 0.0
    made = 0
    for _ in range(rounds // BATCH):
        freed = [stage.somebody_will_be_free() for _ in range(BATCH)]
        began, began_wall = time.process_time(), time.perf_counter()
        pairs = [decision(stage, *event) for event in freed]
        decided = time.process_time()
        wall += time.perf_counter() - began_wall
        for agent, call in pairs:
            made += bool(call)
            goes_on(stage, agent, call)
        cpu += decided - began
        rest += time.process_time() - decided
    assert made > rounds * 0.9, "nearly every decision offers a call"
    return cpu / rounds, wall / rounds, (cpu + rest) / rounds


def decision(stage: Stage, agent: str, event: FloorChange) -> tuple[str, str]:
    """The agent, and the call they are reserved for (none, if nobody with their skills is waited for)."""
    stage.apply(event)
    for call, chosen in stage.look():
        stage.reserved(call, chosen)
        return chosen, call
    return agent, ""


def goes_on(stage: Stage, agent: str, call: str) -> None:
    """The phone rings, they talk, another caller comes; a look after each."""
    if not call:
        stage.apply({f"agent:{agent}": {"activity": "TALKING"}})
        return
    stage.look()
    stage.apply({f"agent:{agent}": {"activity": "RINGING"}})
    stage.look()
    stage.apply({f"agent:{agent}": {"activity": "TALKING"}, f"waiting:{call}": None})
    stage.look()
    stage.a_call_comes()
    stage.look()


def light(stage: Stage, rounds: int) -> float:
    """CPU seconds of a whole decision: a call comes, an agent is chosen and reserved. Then an older talk ends."""
    cpu, made = 0.0, 0
    busy: list[str] = []
    for _ in range(rounds // BATCH):
        began = time.process_time()
        pairs = [served(stage) for _ in range(BATCH)]
        cpu += time.process_time() - began
        made += sum(pair is not None for pair in pairs)
        for call, agent in filter(None, pairs):
            stage.apply({f"waiting:{call}": None})
            busy.append(agent)
        for agent in busy[: -BATCH // 2]:
            stage.apply({f"agent:{agent}": {"activity": "IDLE", "call": "", "idle_since": str(stage.now_ms)}})
            stage.look()
        del busy[: -BATCH // 2]
    assert made > rounds * 0.9, "nearly every call finds somebody"
    return cpu / rounds


def served(stage: Stage) -> Pairing | None:
    stage.now_ms += 1
    stage.a_call_comes()
    for pair in stage.look():
        stage.reserved(*pair)
        return pair
    stage.apply({f"waiting:c{stage.came}": None})
    return None


def scan(stage: Stage) -> float:
    """CPU seconds in which a plain scan makes the same decision, and it must be the same."""
    agent_name, event = stage.somebody_will_be_free()
    stage.apply(event)
    floor, now_ms = stage.floor, stage.now_ms
    pairs = stage.look()
    for table in (floor.agents, floor.waiting):
        list(table.values())  # both sides find the values read
    before = time.process_time()
    free = [agent for agent in floor.agents.values() if agent.is_free]
    ways = [
        (score(floor, call, agent, now_ms), call.call)
        for call in floor.waiting.values()
        if call.is_open
        for agent in free
        if may_take(floor, agent, call, now_ms)
    ]
    found = []
    if ways:
        call = floor.waiting[min(ways)[1]]
        found = [(call.call, first(floor, call, free, now_ms).id)]
    taken = time.process_time() - before
    assert pairs == found, "index and scan choose alike"
    stage.apply({f"agent:{agent_name}": {"activity": "TALKING"}})
    return taken


def growth(costs: dict[int, float]) -> float:
    """The slope of the straight line through the logarithms (least squares)."""
    return statistics.linear_regression([log(n) for n in costs], [log(cost) for cost in costs.values()]).slope


def best_of(times: int, measure: Callable[[], float]) -> float:
    """The least of several: a neighbour on the computer, who empties the caches, only ever adds."""
    return min(measure() for _ in range(times))


def measured(rounds: int, repeats: int, sizes: tuple[int, ...]) -> dict[str, float]:
    figures: dict[str, float] = {}
    costs: dict[str, dict[int, float]] = {"shared": {}, "distinct": {}, "light": {}}
    for agents in sizes:
        stage = Stage(agents, agents * CALLS_PER_AGENT, min(SKILL_SETS, agents), busy=True)
        runs = [heavy(stage, rounds) for _ in range(repeats)]
        costs["shared"][agents] = min(cpu for cpu, _, _ in runs)
        if agents == 10_000:
            figures["agents"], figures["waiting"], figures["skills"] = agents, len(stage.floor.waiting), SKILLS
            figures["decisions_per_s"] = round(1 / costs["shared"][agents])
            figures["decisions_per_s_on_the_wall"] = round(1 / min(wall for _, wall, _ in runs))
            figures["events_with_a_look_per_s"] = round(5 / min(life for _, _, life in runs))
            plain = statistics.median(scan(stage) for _ in range(5))
            figures["scan_decisions_per_s"] = round(1 / plain, 2)
            figures["ratio_to_scan"] = round(plain / costs["shared"][agents])
        del stage
        alone = Stage(agents, agents * CALLS_PER_AGENT, agents, busy=True)
        costs["distinct"][agents] = best_of(repeats, lambda alone=alone: heavy(alone, rounds)[0])  # type: ignore[misc]
        if agents < LIGHT_FROM:
            continue
        idle = Stage(agents, 0, min(SKILL_SETS, agents), busy=False)
        costs["light"][agents] = best_of(repeats, lambda idle=idle: light(idle, rounds))  # type: ignore[misc]
    for name, table in costs.items():
        figures |= {f"{name}_us_{agents}": round(cost * 1e6, 2) for agents, cost in table.items()}
        figures[f"{name}_growth_exponent"] = round(growth(table), 3)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--rounds", type=int, default=4_000, help="decisions in each run")
    parser.add_argument("--repeats", type=int, default=9, help="runs of each size; the best counts")
    asked = parser.parse_args()
    figures = measured(asked.rounds, asked.repeats, SIZES)
    if asked.json:
        print(json.dumps(figures, indent=2))
    else:
        print("\n".join(f"{name:<28} {value:>12g}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
