"""Long random walks over one floor, deeper than the state machine goes: index and scan agree at every look.

CALLROUTER_LONG_RUN=<number of walks> makes it long.
"""

from __future__ import annotations

import os
import random

from callrouter.acd.choose import next_change_ms, pairings
from callrouter.acd.floor import Floor
from tests.acd.scan import rings_all, scan

WALKS = int(os.environ.get("CALLROUTER_LONG_RUN", "120"))
STEPS = 200
AGENTS, CALLS, QUEUES, SKILLS = 8, 12, ("q1", "q2"), ("en", "ru", "de")
STRATEGIES = (
    "longest_idle",
    "fewest_calls",
    "least_talk_time",
    "round_robin",
    "top_down",
    "random",
    "ring_all",
    "ring_all",
)
NUMBERS = ("calls", "talk_ms", "offered", "order")
Fields = dict[str, str]


class Walk:
    """In every second world agents have few different sets of skills, so that many stand in one line."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.floor = Floor()
        self.now_ms = 0
        self.offers = 0
        alike = bool(seed % 2)
        self.skill_sets = [self.levels() for _ in range(2 if alike else 30)]
        self.queue_sets = ["q1,q2", "q1"] if alike else ["", "q1", "q2", "q1,q2", "q2,q1"]
        self.crowd = self.chance.uniform(0.05, 0.8)

    def levels(self) -> str:
        names = self.chance.sample(SKILLS, self.chance.choice([0, 0, 1, 1, 2]))
        return ",".join(f"{name}:{self.chance.randint(1, 3)}" for name in names)

    def agent(self) -> Fields:
        one = self.chance.choice
        return {
            "queues": one(self.queue_sets),
            "skills": one(self.skill_sets),
            "idle_since": str(self.chance.randrange(6) * 10_000),
            "presence": one(["READY", "READY", "READY", "READY", "NOT_READY", "LOGGED_OUT"]),
            "activity": one(["IDLE", "IDLE", "IDLE", "TALKING"]),
            "reachable": one(["1", "1", "1", "1", ""]),
            "barred": one(["", "", "", "", "", "mentor"]),
            **{name: str(self.chance.randrange(3)) for name in NUMBERS},
        }

    def call(self) -> Fields:
        fields = {
            "queue": self.chance.choice(QUEUES),
            "since": str(max(0, self.now_ms - self.chance.randrange(6) * 10_000)),
        }
        perhaps = {
            "priority": self.chance.choice(["-1", "1", "2"]),
            "require": self.levels(),
            "prefer": self.levels(),
            "sticky": f"a{self.chance.randrange(AGENTS)}",
            "offer": self.chance.choice(["", "", "a0"]),
            "open": self.chance.choice(["", "1"]),
        }
        return fields | {name: value for name, value in perhaps.items() if self.chance.random() < 0.4}

    def queue(self) -> Fields:
        one = self.chance.choice
        falls = sorted((one([10_000, 20_000, 30_000]), one(["en", "ru", "-1", "*"])) for _ in range(one([0, 1, 2, 3])))
        fields = {
            "strategy": one(STRATEGIES),
            "best_level": one(["", "1"]),
            "relax": ",".join(f"{after}:{what}" for after, what in falls),
            "sticky_ms": one(["0", "15000", "30000"]),
        }
        perhaps = {"require": self.levels(), "target_ms": "60000", "priority": "1"}
        return fields | {name: value for name, value in perhaps.items() if self.chance.random() < 0.3}

    def some_of(self, fields: Fields) -> Fields:
        return dict(self.chance.sample(sorted(fields.items()), min(len(fields), self.chance.randint(1, 3))))

    def change(self) -> None:
        """One thing happens."""
        chance, agent = self.chance.random(), f"agent:a{self.chance.randrange(AGENTS)}"
        call = f"waiting:c{self.chance.randrange(CALLS)}"
        if chance < 0.15:
            self.apply({agent: self.agent() if self.chance.random() < 0.8 else None})
        elif chance < 0.45 and self.floor.fields(agent):
            idle_ms = self.chance.choice([0, 0, 20_000, 60_000])
            busy = {
                "activity": self.chance.choice(["IDLE", "TALKING"]),
                "idle_since": str(max(0, self.now_ms - idle_ms)),
            }
            self.apply({agent: busy if self.chance.random() < 0.5 else self.some_of(self.agent())})
        elif chance < 0.75:
            self.apply({call: self.call() if self.chance.random() < self.crowd else None})
        elif chance < 0.85 and self.floor.fields(call):
            self.apply({call: self.some_of(self.call())})
        elif chance < 0.86:
            self.apply({f"queue:{self.chance.choice(QUEUES)}": self.queue()})
        elif chance < 0.95:
            self.now_ms = max(0, self.now_ms + self.chance.randint(-20, 40) * 1000)
        else:
            self.now_ms = max(self.now_ms, next_change_ms(self.floor) or 0)

    def apply(self, change: dict[str, Fields | None]) -> None:
        self.floor.apply(change, "2-0")

    def look(self) -> None:
        """Sometimes with a few agents and calls on their way to each other; then the first pair may be offered."""
        few = [0, 0, 0, 1, 2]
        taken = [f"a{n}" for n in self.chance.sample(range(AGENTS), self.chance.choice(few))]
        given = [f"c{n}" for n in self.chance.sample(range(CALLS), self.chance.choice(few))]
        pairs = pairings(self.floor, taken, given, self.now_ms)
        assert pairs == scan(self.floor, self.now_ms, taken, given)
        if pairs and self.chance.random() < 0.8:
            call, agent = pairs[0]
            self.offers += 1
            reserved = {"activity": "RESERVED", "offered": str(self.now_ms)}
            opened = "1" if rings_all(self.floor, self.floor.waiting[call]) else ""
            self.apply({f"agent:{agent}": reserved, f"waiting:{call}": {"offer": agent, "open": opened}})
        assert pairings(self.floor, now_ms=self.now_ms) == scan(self.floor, self.now_ms)


def test_index_and_scan_agree_at_every_look_of_long_walks() -> None:
    offers = 0
    for seed in range(WALKS):
        walk = Walk(seed)
        walk.apply({f"queue:{name}": walk.queue() for name in QUEUES})
        for _ in range(STEPS):
            walk.change()
            if walk.chance.random() < 0.4:
                walk.look()
        offers += walk.offers
    assert offers > WALKS
