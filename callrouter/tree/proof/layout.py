"""Where each node of a picture stands: in layers from the start downwards, with few crossings.

Sugiyama's way (1981) in small: turn links that lead back, give layers by the longest way, put a bend into each layer
that a long link passes, order layers by the middle of the neighbours, then spread each layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Pair = tuple[str, str]
SWEEPS = 8
MOST_BENDS = 20_000
"""A link longer than this leaves is drawn straight through: pictures of huge trees stay possible."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`places`: node → (column, layer), columns in widths of a node. `bends`: link → the places it passes."""

    places: Mapping[str, tuple[float, int]]
    bends: Mapping[Pair, tuple[tuple[float, int], ...]]
    width: float
    layers: int


def lay_out(nodes: Sequence[str], pairs: Sequence[Pair], start: str) -> Layout:
    """The places of all nodes; links of a node to itself need none."""
    links: dict[str, list[str]] = {name: [] for name in nodes}
    for a, b in pairs:
        if a != b:
            links[a].append(b)
    back = _leading_back(links, start)
    ahead = {name: [to for to in links[name] if (name, to) not in back] for name in nodes}
    for a, b in back:
        ahead[b].append(a)
    layer = _layers(ahead)
    rows, chains, neighbours = _with_bends(layer, ahead)
    _order(rows, neighbours)
    columns = _columns(rows, neighbours)
    places = {name: (columns[name], layer[name]) for name in nodes}
    bends: dict[Pair, tuple[tuple[float, int], ...]] = {}
    for (a, b), chain in chains.items():
        points = tuple((columns[bend], layer[a] + 1 + at) for at, bend in enumerate(chain))
        if (b, a) in back:
            bends[b, a] = tuple(reversed(points))
        if b in links[a] and (a, b) not in back:
            bends[a, b] = points
    width = max((column for column in columns.values()), default=0.0) + 1
    return Layout(places, bends, width, max(layer.values(), default=0) + 1)


def _leading_back(links: Mapping[str, Sequence[str]], start: str) -> set[Pair]:
    """Links to a node that is still open when looking depth first from the start: without them there is no circle."""
    back: set[Pair] = set()
    state: dict[str, int] = {}
    for first in [start, *links]:
        if first in state or first not in links:
            continue
        state[first] = 1
        todo = [(first, iter(links[first]))]
        while todo:
            name, targets = todo[-1]
            target = next(targets, None)
            if target is None:
                state[name] = 2
                todo.pop()
            elif state.get(target) == 1:
                back.add((name, target))
            elif target not in state:
                state[target] = 1
                todo.append((target, iter(links[target])))
    return back


def _layers(ahead: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Each node below everything that leads to it."""
    missing = dict.fromkeys(ahead, 0)
    for targets in ahead.values():
        for target in targets:
            missing[target] += 1
    layer = dict.fromkeys(ahead, 0)
    todo = [name for name, count in missing.items() if not count]
    for name in todo:
        for target in ahead[name]:
            layer[target] = max(layer[target], layer[name] + 1)
            missing[target] -= 1
            if not missing[target]:
                todo.append(target)
    return layer


Rows = list[list[str]]
Neighbours = tuple[dict[str, list[str]], dict[str, list[str]]]
"""Above and below."""


def _with_bends(
    layer: Mapping[str, int], ahead: Mapping[str, Sequence[str]]
) -> tuple[Rows, dict[Pair, tuple[str, ...]], Neighbours]:
    rows: Rows = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for name, at in layer.items():
        rows[at].append(name)
    above: dict[str, list[str]] = {name: [] for name in layer}
    below: dict[str, list[str]] = {name: [] for name in layer}
    chains: dict[Pair, tuple[str, ...]] = {}
    made = 0
    for a, targets in ahead.items():
        for b in dict.fromkeys(targets):
            gap = layer[b] - layer[a] - 1
            made += gap
            chain = tuple(f"{a}\n{b}\n{at}" for at in range(gap)) if made <= MOST_BENDS else ()
            for at, bend in enumerate(chain):
                rows[layer[a] + 1 + at].append(bend)
                above[bend], below[bend] = [], []
            whole = (a, *chain, b)
            for upper, lower in pairwise(whole):
                below[upper].append(lower)
                above[lower].append(upper)
            chains[a, b] = chain
    return rows, chains, (above, below)


def _order(rows: Rows, neighbours: Neighbours) -> None:
    """Sort each layer by the middle of the neighbours' positions, downwards and upwards in turn."""
    above, below = neighbours
    at = {name: float(i) for row in rows for i, name in enumerate(row)}
    for sweep in range(SWEEPS):
        near = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            row.sort(key=lambda name: _middle([at[other] for other in near[name]], at[name]))
            at.update((name, float(i)) for i, name in enumerate(row))


def _columns(rows: Rows, neighbours: Neighbours) -> dict[str, float]:
    """Spread: pull each node to the middle of its neighbours, never closer than the room it needs."""
    above, below = neighbours
    column = {name: float(i) for row in rows for i, name in enumerate(row)}
    for sweep in range(SWEEPS):
        near = below if sweep % 2 else above
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [_middle([column[other] for other in near[name]], column[name]) for name in row]
            column.update(zip(row, _spread(row, wanted), strict=True))
    least = min(column.values(), default=0.0)
    return {name: value - least for name, value in column.items()}


def _spread(row: Sequence[str], wanted: Sequence[float]) -> list[float]:
    """As near to the wanted places as order and room allow: groups that collide share the mean of their wishes."""
    groups: list[tuple[float, list[float]]] = []
    offsets: list[float] = []
    total = 0.0
    for number, name in enumerate(row):
        total += (_room(row[number - 1]) + _room(name)) / 2 if number else 0.0
        offsets.append(total)
    for number, wish in enumerate(wanted):
        group = [wish - offsets[number]]
        mean = group[0]
        while groups and groups[-1][0] > mean:
            group = groups.pop()[1] + group
            mean = sum(group) / len(group)
        groups.append((mean, group))
    means = [mean for mean, group in groups for _ in group]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _room(name: str) -> float:
    return 0.35 if "\n" in name else 1.0


def _middle(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
