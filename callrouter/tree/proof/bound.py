"""That every call through a tree ends, and after how many inputs at most: the longest way in node × tries left.

Rule: only counters count. A node with `tries` is asked so often in a call at most, nothing gives a try back, and what
moves on without a counter must not form a circle. Parts of the tree that callers cannot come back to are counted one
after the other; a part with too many combinations of tries is bounded from above instead (and says so).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from callrouter.tree.model import Tree
from callrouter.tree.proof.graph import parts_in_order
from callrouter.tree.proof.ways import Open, Way, all_ways, inputs_at, inputs_once, tries_of

MAX_STATES = 20_000
"""Of one part: node × combinations of tries left. Beyond it the bound is from above."""


@dataclass(frozen=True, slots=True)
class Bound:
    """After so many inputs at most every call from this node has left the tree."""

    inputs: int
    stops: int
    """Nodes at which the caller is asked or told something, or waits, on that longest way."""
    exact: bool
    """The longest way in nodes × tries left was followed. False: only bounded from above, perhaps generously."""
    way: tuple[str, ...] = ()
    """The longest way, node by node, if it was followed exactly."""

    def __str__(self) -> str:
        most = "at most" if self.exact else "fewer than"
        inputs = self.inputs if self.exact else self.inputs + 1
        return f"{most} {inputs} inputs (keys, silences, ends of prompts, answers) at {self.stops} stops"


@dataclass(frozen=True, slots=True)
class Proof:
    """`loops`: circles without a counter; if there is any, nothing is bounded."""

    loops: tuple[tuple[str, ...], ...]
    bounds: Mapping[str, Bound]
    """Node → the bound for a call that begins there with every try left."""


def prove(tree: Tree) -> Proof:
    """From every node, whatever the caller does."""
    graph = all_ways(tree)
    loops = circles(graph, tree)
    if loops:
        return Proof(loops, {})
    known: dict[str, Bound] = {}
    for part in parts_in_order({name: [way.to for way in out] for name, out in graph.items()}):
        known |= _Part(tree, graph, part, known).bounds()
    return Proof((), {name: known[name] for name in tree.nodes})


def circles(graph: Mapping[str, Sequence[Way]], tree: Tree) -> tuple[tuple[str, ...], ...]:
    """Circles that cost no try: each would hold a caller for ever."""
    free = {
        name: [way.to for way in out if (way.when is Open.PASSED or tries_of(tree, name) is None)]
        for name, out in graph.items()
    }
    found = []
    for part in parts_in_order(free):
        if len(part) > 1 or part[0] in free[part[0]]:
            found.append(_one_circle(free, part))
    return tuple(found)


def _one_circle(free: Mapping[str, Sequence[str]], part: Sequence[str]) -> tuple[str, ...]:
    """One circle inside a part, the shortest from its first node."""
    inside, first = set(part), min(part)
    trails: list[tuple[str, ...]] = [(first,)]
    seen: set[str] = set()
    for trail in trails:
        for target in free[trail[-1]]:
            if target == first:
                return (*trail, first)
            if target in inside and target not in seen:
                seen.add(target)
                trails.append((*trail, target))
    raise AssertionError("a part without a circle")


State = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Longest:
    inputs: int
    stops: int
    exact: bool
    next: State | None
    """The next state on the longest way inside the part, or …"""
    leaves_to: str | None
    """… the node by which it leaves the part, or neither: the tree ends."""


class _Part:
    """Nodes from each of which each other can be reached, and what is known of those behind them."""

    def __init__(
        self, tree: Tree, graph: Mapping[str, Sequence[Way]], part: Sequence[str], known: Mapping[str, Bound]
    ) -> None:
        self.tree, self.graph, self.part, self.known = tree, graph, part, known
        self.inside = set(part)
        self.counted = {name: at for at, name in enumerate(n for n in part if tries_of(tree, n) is not None)}
        self.full = tuple(tries_of(tree, name) or 0 for name in self.counted)
        self.longest: dict[State, _Longest] = {}

    def bounds(self) -> dict[str, Bound]:
        if len(self.part) * prod(left + 1 for left in self.full) > MAX_STATES:
            return self._from_above()
        for name in self.part:
            self._follow((name, self.full))
        return {name: self._bound((name, self.full)) for name in self.part}

    def _follow(self, first: State) -> None:
        """Depth first without recursion: a state is settled when all states behind it are."""
        todo = [first]
        while todo:
            state = todo[-1]
            if state in self.longest:
                todo.pop()
                continue
            behind = [(way, self._after(state, way)) for way in self._open_ways(state)]
            missing = [after for way, after in behind if way.to in self.inside and after not in self.longest]
            if missing:
                todo += missing
            else:
                self.longest[state] = self._settle(state, behind)
                todo.pop()

    def _open_ways(self, state: State) -> Iterable[Way]:
        """Which ways are open with these tries left. Coming to the node has not cost its try yet."""
        name, left = state
        at = self.counted.get(name)
        if at is None:
            return (way for way in self.graph[name] if way.when not in (Open.PASSED, Open.APART))
        if left[at] == 0:
            return (way for way in self.graph[name] if way.when is Open.PASSED)
        shut = {Open.PASSED, Open.APART, Open.TRIES_LEFT if left[at] == 1 else Open.USED_UP}
        return (way for way in self.graph[name] if way.when not in shut)

    def _after(self, state: State, way: Way) -> State:
        name, left = state
        at = self.counted.get(name)
        if at is not None and left[at] > 0:
            left = (*left[:at], left[at] - 1, *left[at + 1 :])
        return way.to, left

    def _settle(self, state: State, behind: Sequence[tuple[Way, State]]) -> _Longest:
        name, left = state
        passed = name in self.counted and left[self.counted[name]] == 0
        own = 0 if passed else inputs_at(self.tree, name)
        if name in self.counted and left[self.counted[name]] == self.full[self.counted[name]]:
            own += inputs_once(self.tree, name)
        best = _Longest(0, 0, True, None, None)
        for way, after in behind:
            if way.to in self.inside:
                then = self.longest[after]
                best = max(best, _Longest(then.inputs, then.stops, then.exact, after, None), key=_length)
            else:
                there = self.known[way.to]
                best = max(best, _Longest(there.inputs, there.stops, there.exact, None, way.to), key=_length)
        stop = 1 if own else 0
        return _Longest(own + best.inputs, stop + best.stops, best.exact, best.next, best.leaves_to)

    def _bound(self, state: State) -> Bound:
        longest = self.longest[state]
        way: list[str] = []
        here: State | None = state
        while here is not None:
            way.append(here[0])
            last = self.longest[here]
            here = last.next
        rest = self.known[last.leaves_to].way if last.leaves_to else ()
        return Bound(longest.inputs, longest.stops, longest.exact, (*way, *rest) if longest.exact else ())

    def _from_above(self) -> dict[str, Bound]:
        """Every try of every node here is used, and between two of them the longest way without a counter."""
        asked = sum(self.full)
        inputs = sum(left * inputs_at(self.tree, name) for name, left in zip(self.counted, self.full, strict=True))
        inputs += sum(inputs_once(self.tree, name) for name in self.counted)
        between = self._run(lambda name: inputs_at(self.tree, name))
        stops = self._run(lambda name: 1 if inputs_at(self.tree, name) else 0)
        outside = [self.known[way.to] for n in self.part for way in self.graph[n] if way.to in self.known]
        behind = max((bound.inputs for bound in outside), default=0)
        stops_behind = max((bound.stops for bound in outside), default=0)
        bound = Bound(inputs + (asked + 1) * between + behind, asked + (asked + 1) * stops + stops_behind, False)
        return dict.fromkeys(self.part, bound)

    def _run(self, weight: Callable[[str], int]) -> int:
        """The heaviest way through uncounted nodes (and used-up ones, which weigh nothing) inside this part."""
        heaviest: dict[str, int] = {}
        for name in self._free_order():
            own = 0 if name in self.counted else weight(name)
            heaviest[name] = own + max((heaviest[to] for to in self._free(name)), default=0)
        return max(heaviest.values())

    def _free(self, name: str) -> list[str]:
        counted = name in self.counted
        return [w.to for w in self.graph[name] if w.to in self.inside and (not counted or w.when is Open.PASSED)]

    def _free_order(self) -> list[str]:
        return [one[0] for one in parts_in_order({name: self._free(name) for name in self.part})]


def _length(longest: _Longest) -> tuple[int, int]:
    return longest.inputs, longest.stops
