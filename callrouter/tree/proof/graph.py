"""Directed graphs as name → names: what can be reached, and parts from which there is no way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Links = Mapping[str, Sequence[str]]


def reached(links: Links, start: str) -> set[str]:
    """Every name that can be reached, the first included."""
    found, todo = {start}, [start]
    while todo:
        new = {target for target in links[todo.pop()] if target in links} - found
        found |= new
        todo += sorted(new)
    return found


def parts_in_order(links: Links) -> list[tuple[str, ...]]:
    """Strongly connected parts, each after all parts that it leads to (Tarjan 1972, without recursion)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    is_open: set[str] = set()
    parts: list[tuple[str, ...]] = []

    def enter(name: str) -> tuple[str, Iterator[str]]:
        number[name] = low[name] = len(number)
        open_.append(name)
        is_open.add(name)
        return name, (target for target in links[name] if target in links)

    for first in links:
        todo = [] if first in number else [enter(first)]
        while todo:
            name, targets = todo[-1]
            target = next(targets, None)
            if target is None:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[name])
                if low[name] == number[name]:
                    at = _last_index(open_, name)
                    part = open_[at:]
                    del open_[at:]
                    is_open.difference_update(part)
                    parts.append(tuple(part))
            elif target not in number:
                todo.append(enter(target))
            elif target in is_open:
                low[name] = min(low[name], number[target])
    return parts


def _last_index(names: Sequence[str], name: str) -> int:
    return next(at for at in range(len(names) - 1, -1, -1) if names[at] == name)
