"""The index chooses what a plain scan of the floor chooses, whatever has happened on the floor before.

CALLROUTER_LONG_RUN=<number of floors> makes it long.
"""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from callrouter.acd.choose import next_change_ms, pairings
from callrouter.acd.floor import Floor
from tests.acd.scan import needs, own, rings_all, scan

Things = dict[str, dict[str, str]]
FLOORS = int(os.environ.get("CALLROUTER_LONG_RUN", "150"))
AGENTS = [f"a{n}" for n in range(7)]
CALLS = [f"c{n}" for n in range(9)]
QUEUES = ["q1", "q2"]
SKILLS = ["en", "ru"]

some = st.sampled_from
times = st.integers(0, 6).map(lambda seconds: str(seconds * 10_000))
small = st.integers(0, 2).map(str)
levels = st.lists(st.tuples(some(SKILLS), st.integers(1, 3)), max_size=2, unique_by=lambda pair: pair[0]).map(
    lambda pairs: ",".join(f"{name}:{level}" for name, level in pairs)
)
served = st.lists(some(QUEUES), max_size=2, unique=True).map(",".join)
presence = {"presence": some(["READY", "READY", "READY", "NOT_READY", "LOGGED_OUT"])}
activity = {
    "activity": some(["IDLE", "IDLE", "IDLE", "TALKING", "WRAP_UP", "RESTING"]),
    "reachable": some(["1", "1", "1", ""]),
    "barred": some(["", "", "", "mentor"]),
}
numbers = {name: small for name in ("calls", "talk_ms", "offered", "order")}
agent_fields = st.fixed_dictionaries(
    {"queues": served, "skills": levels, "idle_since": times, **presence, **activity, **numbers}
)
agent_changes = st.fixed_dictionaries(
    {}, optional={"queues": served, "skills": levels, "idle_since": times, **presence, **activity, **numbers}
)
offers = some(["", "", "", "a0"])
call_fields = st.fixed_dictionaries(
    {"queue": some(QUEUES), "since": times},
    optional={
        "priority": some(["-1", "1", "2"]),
        "require": levels,
        "prefer": levels,
        "sticky": some(["", *AGENTS]),
        "offer": offers,
        "open": some(["", "1"]),
    },
)
call_changes = st.fixed_dictionaries(
    {},
    optional={
        "queue": some(QUEUES),
        "require": levels,
        "priority": some(["0", "3"]),
        "offer": offers,
        "open": some(["", "1"]),
    },
)
falls = st.lists(st.tuples(some([10_000, 20_000, 30_000]), some(["en", "ru", "-1", "*"])), max_size=3).map(
    lambda steps: ",".join(f"{after}:{what}" for after, what in sorted(steps))
)
strategies = [
    "longest_idle",
    "fewest_calls",
    "least_talk_time",
    "round_robin",
    "top_down",
    "random",
    "ring_all",
    "ring_all",
]
queue_fields = st.fixed_dictionaries(
    {"strategy": some(strategies), "best_level": some(["", "1"]), "relax": falls},
    optional={
        "priority": some(["1", "-1"]),
        "target_ms": some(["10000", "60000"]),
        "require": levels,
        "sticky_ms": some(["0", "15000", "30000"]),
    },
)
excluded = st.lists(some(AGENTS), max_size=2), st.lists(some(CALLS), max_size=2)


class AnyFloor(RuleBasedStateMachine):
    """One floor through many changes; after each, and only sometimes, a look."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor()
        self.now_ms = 0

    @initialize(
        queues=st.fixed_dictionaries({f"queue:{name}": queue_fields for name in QUEUES}),
        agents=st.dictionaries(some(AGENTS).map("agent:{}".format), agent_fields, max_size=7),
        calls=st.dictionaries(some(CALLS).map("waiting:{}".format), call_fields, max_size=9),
    )
    def begin(self, queues: Things, agents: Things, calls: Things) -> None:
        self.floor.replace({**queues, **agents, **calls}, "1-0")
        self.look((), ())

    @rule(name=some(AGENTS), fields=st.one_of(agent_fields, st.none()))
    def an_agent_comes_or_goes(self, name: str, fields: dict[str, str] | None) -> None:
        self.floor.apply({f"agent:{name}": fields}, "2-0")

    @rule(name=some(AGENTS), fields=agent_changes)
    def an_agent_changes(self, name: str, fields: dict[str, str]) -> None:
        if name in self.floor.agents:
            self.floor.apply({f"agent:{name}": fields}, "2-0")

    @rule(name=some(CALLS), fields=st.one_of(call_fields, st.none()))
    def a_call_comes_or_goes(self, name: str, fields: dict[str, str] | None) -> None:
        self.floor.apply({f"waiting:{name}": fields}, "2-0")

    @rule(name=some(CALLS), fields=call_changes)
    def a_call_changes(self, name: str, fields: dict[str, str]) -> None:
        if name in self.floor.waiting:
            self.floor.apply({f"waiting:{name}": fields}, "2-0")

    @rule(name=some(QUEUES), fields=queue_fields)
    def a_queue_is_configured(self, name: str, fields: dict[str, str]) -> None:
        self.floor.apply({f"queue:{name}": fields}, "2-0")

    @rule(seconds=st.integers(-20, 40))
    def time_passes_or_the_clock_is_set_back(self, seconds: int) -> None:
        self.now_ms = max(0, self.now_ms + seconds * 1000)

    @precondition(lambda self: next_change_ms(self.floor) is not None)
    @rule()
    def the_moment_comes_when_needs_fall(self) -> None:
        self.now_ms = max(self.now_ms, next_change_ms(self.floor) or 0)

    @rule(taken=excluded[0], given=excluded[1])
    def look(self, taken: tuple[str, ...] | list[str], given: tuple[str, ...] | list[str]) -> None:
        assert pairings(self.floor, taken, given, self.now_ms) == scan(self.floor, self.now_ms, taken, given)
        self.knows_the_next_moment()

    @rule()
    def look_and_offer_the_first(self) -> None:
        pairs = pairings(self.floor, now_ms=self.now_ms)
        assert pairs == scan(self.floor, self.now_ms)
        if pairs:
            call, agent = pairs[0]
            taken = {"activity": "RESERVED", "offered": str(self.now_ms)}
            offer = {"offer": agent, "open": "1" if rings_all(self.floor, self.floor.waiting[call]) else ""}
            self.floor.apply({f"agent:{agent}": taken, f"waiting:{call}": offer}, "2-0")
            assert pairings(self.floor, now_ms=self.now_ms) == scan(self.floor, self.now_ms)

    def knows_the_next_moment(self) -> None:
        """Before it, no call needs anything else than now."""
        told = next_change_ms(self.floor)
        until = self.now_ms + 200_000 if told is None else told - 1
        for call in self.floor.waiting.values():
            if call.is_open:
                assert needs(self.floor, call, self.now_ms) == needs(self.floor, call, until) or own(
                    self.floor, call, self.now_ms
                )
                assert own(self.floor, call, self.now_ms) == own(self.floor, call, until)

    def teardown(self) -> None:
        self.look((), ())
        again = Floor(self.floor.things(), self.floor.version)
        assert pairings(again, now_ms=self.now_ms) == pairings(self.floor, now_ms=self.now_ms)


def test_index_and_scan_agree_whatever_happens() -> None:
    profile = settings(max_examples=FLOORS, stateful_step_count=40, deadline=None, derandomize=FLOORS <= 150)
    run_state_machine_as_test(AnyFloor, settings=profile)
