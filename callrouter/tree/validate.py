"""What is wrong with a tree that its model cannot see: where nodes lead, whether callers get out, what is missing.

Why every walk ends, whatever the caller does: each menu is asked a bounded number of times (no counter is ever reset),
and all else moves along `next` and `no_input.then` only; those must not form a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from callrouter.documents import KeyPath, close_to
from callrouter.tree.model import Menu, Queue, Set, TreeFile, targets, wordings


class Finding(NamedTuple):
    """Something wrong at a key path of the file."""

    path: KeyPath
    message: str
    of_key: bool = False


def findings(tree: TreeFile, queues: Collection[str] | None = None) -> Iterator[Finding]:
    """Everything wrong with a tree. With `queues`, also queues that are not among them."""
    dangling = tuple(_dangling(tree))
    yield from dangling
    yield from () if dangling else chain(_unreachable(tree), _circles(tree))
    yield from _languages(tree)
    yield from _keys(tree)
    yield from _queues(tree, queues) if queues is not None else ()


def _dangling(tree: TreeFile) -> Iterator[Finding]:
    known = list(tree.nodes)
    if tree.start not in tree.nodes:
        yield Finding(("start",), f"there is no node `{tree.start}`{close_to(tree.start, known)}")
    for name, node in tree.nodes.items():
        for path, target in targets(node):
            if target not in tree.nodes:
                yield Finding(("nodes", name, *path), f"there is no node `{target}`{close_to(target, known)}")


def _unreachable(tree: TreeFile) -> Iterator[Finding]:
    reached, todo = {tree.start}, [tree.start]
    while todo:
        new = {target for _, target in targets(tree.nodes[todo.pop()])} - reached
        reached |= new
        todo += sorted(new)
    for name in tree.nodes:
        if name not in reached:
            yield Finding(("nodes", name), f"nothing leads to the node `{name}`; lead to it or delete it", True)


def _circles(tree: TreeFile) -> Iterator[Finding]:
    """Circles of nodes that a silent caller would never leave: each node has one such way on, so follow it."""
    on = {name: _way_of_silence(tree, name) for name in tree.nodes}
    done: set[str] = set()
    for name in tree.nodes:
        trail: list[str] = []
        here: str | None = name
        while here is not None and here not in done and here not in trail:
            trail.append(here)
            here = on[here]
        if here in trail:
            circle = trail[trail.index(here) :]
            names = " → ".join([*circle, circle[0]])
            words = f"no way out for a caller who stays silent: {names}; lead one of them to a queue or hangup node"
            yield Finding(("nodes", circle[0]), words, True)
        done.update(trail)


def _way_of_silence(tree: TreeFile, name: str) -> str | None:
    ways = dict(targets(tree.nodes[name]))
    return ways.get(("next",)) or ways.get(("no_input", "then"))


def _languages(tree: TreeFile) -> Iterator[Finding]:
    for name, node in tree.nodes.items():
        for part, wording in wordings(node):
            path = ("nodes", name, part, "prompt") if part else ("nodes", name, "prompt")
            for language in tree.languages:
                if language not in wording:
                    yield Finding(path, f"not said in `{language}`, which `languages` promises; add it", True)
            for language in wording:
                if language not in tree.languages:
                    yield Finding((*path, language), f"`{language}` is not among `languages`; add it there", True)
        if isinstance(node, Set) and node.language not in tree.languages:
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


def _queues(tree: TreeFile, queues: Collection[str]) -> Iterator[Finding]:
    for name, node in tree.nodes.items():
        if isinstance(node, Queue) and node.queue not in queues:
            words = f"there is no queue `{node.queue}`{close_to(node.queue, list(queues))}"
            yield Finding(("nodes", name, "queue"), words)
