"""Small centres to play, and the long-run figures of what was played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from callrouter.config import Queue, WrapUp
from callrouter.simulation.arrivals import Rate, Stream, callers
from callrouter.simulation.day import Day, Played, Result
from callrouter.simulation.durations import NEVER, Duration, Exponential
from callrouter.simulation.habits import Habits
from callrouter.simulation.play import play

HOUR_MS = 3_600_000
ENDLESS = Queue(name="Line", max_wait_s=86_400, wrap_up=WrapUp(mode="none"))


def ready(queues: str, **fields: str) -> dict[str, str]:
    """An agent who has been free from the beginning."""
    free = {"presence": "READY", "activity": "IDLE", "reachable": "1", "missed": "0", "call": "", "leg": ""}
    return {"name": "Somebody", "phone": "", "queues": queues, "since": "0", "idle_since": "0", **free, **fields}


def agents(count: int, queues: str = "line") -> dict[str, dict[str, str]]:
    return {f"agent:a{number:03}": ready(queues) for number in range(count)}


def queues(*names: str) -> dict[str, dict[str, str]]:
    return {f"queue:{name}": {"name": name, "strategy": "longest_idle", "priority": "0"} for name in names}


@dataclass(frozen=True)
class Simple:
    """One line, alike agents: what Erlang's formulas tell of. Times in seconds."""

    agents: int
    per_s: float
    talk_s: float
    patience: Duration = NEVER
    lines: int | None = None

    def day(self, chance: np.random.Generator, callers_counted: int, warm_up_s: float) -> Day:
        warm = round(warm_up_s * 1000)
        end = warm + round(callers_counted / self.per_s * 1000)
        stream = Stream("line", [Rate(0, end, self.per_s)], talk=Exponential(self.talk_s), patience=self.patience)
        return Day(
            {**queues("line"), **agents(self.agents)},
            {"line": ENDLESS},
            callers([stream], chance),
            Habits(),
            from_ms=warm,
            to_ms=end,
            lines=self.lines,
        )


def days(centre: Simple, count: int, callers_counted: int, warm_up_s: float, seed: int) -> list[Played]:
    own = np.random.default_rng(seed).spawn(count)
    return [play(centre.day(chance, callers_counted, warm_up_s)) for chance in own]


def figures(played: Played, within_s: Sequence[float] = ()) -> dict[str, float]:
    """The long-run figures of one day, in the words of erlang.py."""
    let_in = [done for done in played.done if done.result is not Result.TURNED_AWAY]
    waits = np.array([done.waited_ms for done in let_in]) / 1000
    served = np.array([done.result is Result.ANSWERED for done in let_in])
    busy = sum(spent.get("talking", 0) for spent in played.spent.values())
    free = sum(spent.get("free", 0) for spent in played.spent.values())
    return {
        "waits": float(np.mean(waits > 0)),
        "abandons": float(np.mean([done.result is Result.ABANDONED for done in let_in])),
        "mean_wait_s": float(np.mean(waits)),
        "mean_queue": float(waits.sum()) / (played.counted_ms / 1000),
        "occupancy": busy / (busy + free),
        "blocked": 1 - len(let_in) / len(played.done),
        **{f"wait over {t:g}": float(np.mean(waits > t)) for t in within_s},
        **{f"served within {t:g}": float(np.mean((waits <= t) & served)) for t in within_s},
    }
