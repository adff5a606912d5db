"""The parts of the index: agents with the same skills and queues, and waiting calls with the same needs.

A line of either is a heap from which what has left is taken only when it comes to the top, or when the heap holds more
of it than of the living.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from callrouter.acd.skills import Needs
from callrouter.acd.strategy import FIELD, Strategy
from callrouter.acd.things import QueueRules

Turn = tuple[float, str]
"""A waiting call's turn and its id."""
NOBODY: Turn = (float("inf"), "")
SLACK = 32
"""Small heaps are not worth tidying."""


class Seat:
    """An agent as the index sees them."""

    __slots__ = ("free", "group", "name", "numbers", "ready", "stamp")

    def __init__(self, name: str, group: Group) -> None:
        self.name = name
        self.group = group
        self.free = False
        self.ready = False
        """At work, if not free: a caller may wait for this very agent."""
        self.numbers: list[int] = []
        """What each strategy of the group looks at, while free."""
        self.stamp = 0
        """Another one each time the agent is free: what a heap holds under an older one is not true any more."""


class Group:
    """Agents with the same skills and queues. `lines`: those who are free, for each strategy of their queues."""

    __slots__ = (
        "fields", "idle", "kinds", "lines", "names", "near", "number", "queues", "skills", "stamps", "text", "unposted",
    )  # fmt: skip

    def __init__(self, number: int, text: str, queues: frozenset[str], skills: Mapping[str, int]) -> None:
        self.number, self.text, self.queues, self.skills = number, text, queues, skills
        self.idle = 0
        self.stamps = 0
        self.lines: dict[Strategy, list[tuple[int, str, int, Seat]]] = {}
        self.fields: tuple[str, ...] = ()
        self.names: list[str] | None = None
        """Those who are free, in order, if a queue of theirs draws at random."""
        self.kinds: dict[int, Kind] = {}
        """The kinds of calls that these agents are able to take."""
        self.near: dict[int, list[int]] = {}
        """The same kinds' numbers by the milliseconds that the skill gap costs."""
        self.unposted = False
        """The kinds may not know yet who is first of the free."""

    def serve(self, strategies: frozenset[Strategy]) -> None:
        """The strategies of the queues that these agents serve, before any of them is free."""
        self.lines = {strategy: [] for strategy in sorted(strategies & FIELD.keys())}
        self.fields = tuple(FIELD[strategy] for strategy in self.lines)
        self.names = [] if Strategy.RANDOM in strategies else None

    def enter(self, seat: Seat) -> None:
        seat.free = True
        stamp = self.stamps = seat.stamp = self.stamps + 1
        lowered = not self.idle
        self.idle += 1
        name = seat.name
        for line, number in zip(self.lines.values(), seat.numbers, strict=True):
            entry = (number, name, stamp, seat)
            heappush(line, entry)
            if line[0] is entry:
                lowered = True
            if len(line) > SLACK + 2 * self.idle:
                line[:] = [one for one in line if one[3].stamp == one[2]]
                heapify(line)
        if self.names is not None:
            insort(self.names, name)
        if lowered:
            self.unposted = True

    def leave(self, seat: Seat) -> None:
        seat.free = False
        seat.stamp = 0
        self.idle -= 1
        if self.names is not None:
            del self.names[bisect_left(self.names, seat.name)]

    def first(self, strategy: Strategy) -> tuple[int, str]:
        """Number and name of the first of the free, of whom there is one at least."""
        if strategy is Strategy.RANDOM:
            return 0, self.text
        line = self.lines[strategy]
        while line[0][3].stamp != line[0][2]:
            heappop(line)
        return line[0][0], line[0][1]

    def only(self) -> str:
        """The name of the one who is free."""
        if self.names is not None:
            return self.names[0]
        line = next(iter(self.lines.values()))
        while line[0][3].stamp != line[0][2]:
            heappop(line)
        return line[0][1]


Post = tuple[int, int, int, str, int]
"""Gap, levels (negative: high ones first), the strategy's number, the agent, and the group: the least is best."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well the agents of a group fit a kind of calls: the less the better."""

    gap: int
    levels: int


class Kind:
    """Calls of one queue with the same needs. `calls`: those who wait; `free`: groups that have somebody able."""

    __slots__ = ("calls", "fits", "free", "needs", "number", "own", "posted", "queue", "size", "strategy")

    def __init__(self, number: int, queue: str, needs: Needs, strategy: Strategy, own: str = "") -> None:
        self.number, self.queue, self.needs, self.strategy = number, queue, needs, strategy
        self.own = own
        """These calls wait for this agent alone."""
        self.size = 0
        self.calls: list[Turn] = []
        self.fits: dict[int, Fit] = {}
        self.free: list[Post] = []
        """A lower bound for each group that has somebody free; put right when it comes to the top."""
        self.posted: dict[int, Post] = {}

    def post(self, group: Group) -> None:
        """Hear who is first of a group's free agents."""
        entry = self.entry(group)
        before = self.posted.get(group.number)
        if before is None or entry < before:
            self.posted[group.number] = entry
            heappush(self.free, entry)
            if len(self.free) > SLACK + 2 * len(self.posted):
                self.free[:] = self.posted.values()
                heapify(self.free)

    def entry(self, group: Group) -> Post:
        fit = self.fits[group.number]
        number, name = group.first(self.strategy)
        return (fit.gap, fit.levels, number, name, group.number)


class Plan:
    """What calls of one queue with the same wishes need, and from which length of waiting on."""

    __slots__ = ("priority", "rings_all", "stages", "sticky_ms", "target_ms")

    def __init__(self, stages: tuple[tuple[int, Kind], ...], rules: QueueRules) -> None:
        self.stages = stages
        self.priority, self.target_ms, self.sticky_ms = rules.priority, rules.target_ms, rules.sticky_ms
        self.rings_all = rules.strategy is Strategy.RING_ALL


class Spot:
    """A waiting call as the index sees it. `kind` is where it stands, None while it takes no offers."""

    __slots__ = ("alarm", "kind", "name", "plan", "since", "sticky", "turn")

    def __init__(self, name: str, plan: Plan, turn: int, since: int, sticky: str) -> None:
        self.name, self.plan, self.turn, self.since, self.sticky = name, plan, turn, since, sticky
        self.kind: Kind | None = None
        self.alarm = 0
        """When its needs fall next, as far as the index waits for that."""
