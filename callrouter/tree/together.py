"""A tree and the trees it uses, put together into one: every `subtree` node gets a copy of its own, so that each asks
with counters of its own; a tree that `goto` leads to is put in once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from callrouter.tree.model import Goto, Hangup, Node, Subtree, TreeFile, targets

MOST_NODES = 20_000


class TooLarge(Exception):
    """More nodes than a tree may have."""


def together(root: str, files: Mapping[str, TreeFile]) -> tuple[dict[str, Node], dict[str, str]]:
    """All nodes, and the prompt keys of those from other files. The exits of the root become the end of the call."""
    nodes: dict[str, Node] = {}
    keys: dict[str, str] = {}
    todo = [(root, "", {name: name for name in files[root].exits})]
    begun = {root}
    while todo:
        name, prefix, exits = todo.pop()
        file = files[name]
        for local, node in file.nodes.items():
            if len(nodes) >= MOST_NODES:
                raise TooLarge(f"with its subtrees the tree has more than {MOST_NODES} nodes")
            full = prefix + local
            if prefix:
                keys[full] = f"{name}.{local}"
            nodes[full] = _moved(node, lambda to, prefix=prefix, exits=exits: exits.get(to) or prefix + to)  # type: ignore[misc]
            match nodes[full]:
                case Subtree(tree=other, exits=ways):
                    nodes[full] = _goto(f"{full}/{files[other].start}", node.label)
                    todo.append((other, f"{full}/", dict(ways)))
                case Goto(tree=str(other)):
                    start = files[root].start if other == root else f"{other}:{files[other].start}"
                    nodes[full] = _goto(start, node.label)
                    if other not in begun:
                        begun.add(other)
                        todo.append((other, f"{other}:", {}))
                case _:
                    pass
    for name in files[root].exits:
        nodes[name] = Hangup(type="hangup")
    return nodes, keys


def _goto(to: str, label: dict[str, str] | None) -> Goto:
    """Names with / and : are for us only, so no check that would refuse them."""
    return Goto.model_construct(type="goto", to=to, tree=None, label=label)


def _moved(node: Node, renamed: Callable[[str], str]) -> Node:
    moved: Any = node
    for path, target in targets(node):
        if (new := renamed(target)) != target:
            moved = _with(moved, path, new)
    found: Node = moved
    return found


def _with(holder: Any, path: tuple[str | int, ...], value: str) -> Any:
    """The same with another value at this place."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    match holder:
        case BaseModel():
            return holder.model_copy(update={str(step): _with(getattr(holder, str(step)), rest, value)})
        case dict():
            return {**holder, step: _with(holder[step], rest, value)}
        case _:
            return tuple(_with(item, rest, value) if at == step else item for at, item in enumerate(holder))
