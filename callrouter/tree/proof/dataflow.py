"""Which variables surely have a value at each node, whatever way the caller came; and ways on which one has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from callrouter.tree.model import Callback, Collect, Tree
from callrouter.tree.proof.ways import Way, all_ways
from callrouter.tree.variables import GIVEN, Use, settings, uses

Sure = Mapping[str, frozenset[str]]
Ways = Mapping[str, tuple[Way, ...]]


class TooEarly(NamedTuple):
    """A variable that is read where it may have no value yet."""

    node: str
    use: Use
    way: tuple[str, ...]
    """Nodes by which the caller may come without it."""


def read_too_early(tree: Tree) -> Iterator[TooEarly]:
    """Every such place, each with the shortest way that leads there without the variable."""
    ways = all_ways(tree)
    sure = surely_set(tree, ways)
    secret = {setting.variable for node in tree.nodes.values() for setting in settings(node) if setting.secret}
    for name, node in tree.nodes.items():
        for use in dict.fromkeys(uses(node)):
            # a secret that is not there is asked for again: `ask_again` is demanded where it is sent
            if use.variable not in sure[name] | secret and not _own(tree, name, use):
                yield TooEarly(name, use, _way_without(tree, ways, use.variable, name))


def surely_set(tree: Tree, ways: Ways) -> Sure:
    """Forward over all ways until nothing changes; where ways meet, only what all of them bring."""
    sure: dict[str, frozenset[str]] = {tree.start: frozenset(GIVEN)}
    todo = [tree.start]
    while todo:
        name = todo.pop()
        for way in ways[name]:
            brought = (sure[name] | _sets(tree, way)) - _forgets(tree, way)
            known = sure.get(way.to)
            new = brought if known is None else known & brought
            if new != known:
                sure[way.to] = new
                todo.append(way.to)
    return {name: sure.get(name, frozenset()) for name in tree.nodes}


def _sets(tree: Tree, way: Way) -> frozenset[str]:
    """What has a value when this way is taken."""
    if way.path[2:] != ("next",):
        return frozenset()
    return frozenset(setting.variable for setting in settings(tree.nodes[way.node]))


def _forgets(tree: Tree, way: Way) -> frozenset[str]:
    """What was not confirmed is not known any more."""
    node = tree.nodes[way.node]
    forgets = isinstance(node, Collect) and node.confirm is not None and way.path[2:] != ("next",) and way.by
    return frozenset({node.into}) if forgets and isinstance(node, Collect) else frozenset()


def _own(tree: Tree, name: str, use: Use) -> bool:
    """A node reads back what it has just been told."""
    node = tree.nodes[name]
    back = isinstance(node, Collect) and use.path[0] == "confirm"
    return (back or isinstance(node, Callback)) and use.variable in {s.variable for s in settings(node)}


def _way_without(tree: Tree, ways: Ways, variable: str, target: str) -> tuple[str, ...]:
    trails: list[tuple[str, ...]] = [(tree.start,)]
    seen = {tree.start}
    for trail in trails:
        if trail[-1] == target:
            return trail
        for way in ways[trail[-1]]:
            if way.to not in seen and variable not in _sets(tree, way):
                seen.add(way.to)
                trails.append((*trail, way.to))
    return (tree.start, "…", target)  # it was set and forgotten again on the way
