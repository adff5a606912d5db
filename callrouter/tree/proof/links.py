"""A tree as links for pictures: ways between the same two nodes together, with what was counted on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from callrouter.tree.model import Tree
from callrouter.tree.proof.coverage import coverage
from callrouter.tree.proof.coverage import times as counted
from callrouter.tree.proof.trial import Crossing
from callrouter.tree.proof.ways import Open, all_ways


@dataclass(frozen=True, slots=True)
class Link:
    """Everything that leads from one node to another. `times` is None if nothing was counted."""

    source: str
    target: str
    words: str
    times: int | None = None
    never: tuple[str, ...] = ()
    """Of its branches those never taken."""

    @property
    def covered(self) -> bool | None:
        return None if self.times is None else not self.never


def links(tree: Tree, crossings: Iterable[Crossing] | None = None) -> tuple[Link, ...]:
    """The links of each node in the file's order. With `crossings`, what tests or callers have taken."""
    taken_ways = list(crossings or ())
    counts = None if crossings is None else Counter(taken_ways)
    missing = () if crossings is None else coverage(tree, taken_ways).missing
    never_taken: dict[str, set[str]] = {name: set() for name in tree.nodes}
    for branch in missing:
        never_taken[branch.node].add(branch.words)
    found: list[Link] = []
    for name, out in all_ways(tree).items():
        for target in dict.fromkeys(way.to for way in out if way.when is not Open.PASSED):
            between = [way for way in out if way.to == target and way.when is not Open.PASSED]
            times: dict[str, int] = {}
            for way in between:
                taken = counted(counts, way) if counts is not None else 0
                times[way.branch] = times.get(way.branch, 0) + taken
            never = tuple(branch for branch in times if branch and branch in never_taken[name])
            words = ", ".join(branch for branch in times if branch not in ("", "next", "to"))
            if words or target != name:
                total = sum(times.values())
                found.append(Link(name, target, words, *((total, never) if counts is not None else ())))
    return tuple(found)
