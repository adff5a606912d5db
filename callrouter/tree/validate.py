"""What is wrong with a tree that its model cannot see: where nodes lead, whether callers get out, what is missing.

Why every walk ends, whatever the caller does: each node that asks does so a bounded number of times (no counter is ever
reset) and then leads on by `no_input.then`; with that as their only way, and all ways of all other nodes, there must be
no circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from callrouter.documents import KeyPath, close_to
from callrouter.tree.model import Callback, Collect, Menu, Node, Set, TreeFile, targets, wordings
from callrouter.tree.model.tree import WORDING_PATHS


class Finding(NamedTuple):
    """Something wrong at a key path of the file."""

    path: KeyPath
    message: str
    of_key: bool = False


def findings(tree: TreeFile) -> Iterator[Finding]:
    """Everything wrong with a tree by itself. Circles are seen when all its trees are put together."""
    dangling = tuple(_dangling(tree))
    yield from dangling
    yield from () if dangling else chain(_unreachable(tree), _shadowed(tree))
    yield from _languages(tree)
    yield from _keys(tree)


def _dangling(tree: TreeFile) -> Iterator[Finding]:
    known = [*tree.nodes, *tree.exits]
    if tree.start not in tree.nodes:
        yield Finding(("start",), f"there is no node `{tree.start}`{close_to(tree.start, known)}")
    for name, node in tree.nodes.items():
        for path, target in targets(node):
            if target not in known:
                yield Finding(("nodes", name, *path), f"there is no node `{target}`{close_to(target, known)}")


def _unreachable(tree: TreeFile) -> Iterator[Finding]:
    reached, todo = {tree.start}, [tree.start]
    while todo:
        here = tree.nodes.get(todo.pop())
        new = {target for _, target in targets(here)} - reached if here is not None else set()
        reached |= new
        todo += sorted(new)
    for name in tree.nodes:
        if name not in reached:
            yield Finding(("nodes", name), f"nothing leads to the node `{name}`; lead to it or delete it", True)
    for at, name in enumerate(tree.exits):
        if name not in reached:
            yield Finding(("exits", at), f"nothing leads to the exit `{name}`; lead to it or delete it")


def _shadowed(tree: TreeFile) -> Iterator[Finding]:
    for at, name in enumerate(tree.exits):
        if name in tree.nodes:
            yield Finding(("exits", at), f"`{name}` is a node too; give the exit another name")


def circles(nodes: Mapping[str, Node]) -> Iterator[Finding]:
    """Circles that no counter ends, each told once, at its first node."""
    on = {name: _uncounted_ways(node) for name, node in nodes.items()}
    done: set[str] = set()
    told: set[str] = set()
    for begin in nodes:
        for circle in _circles_from(begin, on, done):
            if told.isdisjoint(circle):
                names = " → ".join([*circle, circle[0]])
                words = f"no way out for a caller who stays silent: {names}; lead one of them to a queue or hangup node"
                yield Finding(("nodes", circle[0].partition("/")[0].partition(":")[0]), words, True)
            told.update(circle)


def _circles_from(begin: str, on: Mapping[str, tuple[str, ...]], done: set[str]) -> Iterator[list[str]]:
    """Depth first, without recursion: a way back to a node of the trail is a circle."""
    if begin in done:
        return
    trail, ways = [begin], [iter(on[begin])]
    while trail:
        target = next(ways[-1], None)
        if target is None:
            done.add(trail.pop())
            ways.pop()
        elif target in trail:
            yield trail[trail.index(target) :]
        elif target not in done:
            trail.append(target)
            ways.append(iter(on[target]))


def _uncounted_ways(node: Node) -> tuple[str, ...]:
    """The ways on that cost no try: of what asks, the one that is left when all tries are used up."""
    if isinstance(node, Menu | Collect | Callback):
        return (node.no_input.then,)
    return tuple(dict.fromkeys(target for _, target in targets(node)))


def _languages(tree: TreeFile) -> Iterator[Finding]:
    for name, node in tree.nodes.items():
        for part, wording in wordings(node):
            path = ("nodes", name, *WORDING_PATHS[part])
            for language in tree.languages:
                if language not in wording:
                    yield Finding(path, f"not said in `{language}`, which `languages` promises; add it", True)
            for language in wording:
                if language not in tree.languages:
                    yield Finding((*path, language), f"`{language}` is not among `languages`; add it there", True)
        if isinstance(node, Set) and node.language is not None and node.language not in tree.languages:
            words = f"`{node.language}` is not among `languages`{close_to(node.language, tree.languages)}"
            yield Finding(("nodes", name, "language"), words)


def _keys(tree: TreeFile) -> Iterator[Finding]:
    for name, node in tree.nodes.items():
        if isinstance(node, Menu):
            yield from (Finding(("nodes", name, *path), words, True) for path, words in _keys_of(node))


def _keys_of(menu: Menu) -> Iterator[tuple[tuple[str, ...], str]]:
    own: Mapping[str, str | None] = {"repeat_key": menu.repeat_key, "back_key": menu.back_key}
    for field, key in own.items():
        taken = next((option for option in menu.options if key and option.startswith(key)), None)
        if taken:
            yield (field,), f"key {key} already begins option {taken}; choose another"
    if menu.repeat_key and menu.repeat_key == menu.back_key:
        yield ("back_key",), f"key {menu.back_key} is the repeat key too; choose another"
    if menu.next_digit_s is None:
        for short in menu.options:
            longer = next((keys for keys in menu.options if keys != short and keys.startswith(short)), None)
            if longer:
                words = f"option {short} begins option {longer}: give `next_digit_s`, how long to wait for more digits"
                yield ("options", short), words
