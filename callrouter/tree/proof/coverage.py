"""Which branches of a tree have been taken, by tests or by callers, and which never were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from callrouter.documents import KeyPath
from callrouter.tree.model import Tree
from callrouter.tree.proof.trial import Crossing
from callrouter.tree.proof.ways import ANY, Way, all_ways, flat


@dataclass(frozen=True, slots=True)
class Branch:
    """One thing that can come of a node, in its writer's words."""

    node: str
    words: str
    path: KeyPath = field(compare=False)

    def __str__(self) -> str:
        return f"{self.node}: {self.words}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each branch was taken; 0: never."""

    taken: Mapping[Branch, int]

    @property
    def missing(self) -> tuple[Branch, ...]:
        return tuple(branch for branch, times in self.taken.items() if not times)

    @property
    def full(self) -> bool:
        return not self.missing

    def __str__(self) -> str:
        here, all_ = len(self.taken) - len(self.missing), len(self.taken)
        return f"{here} of {all_} branches ({100 * here // all_ if all_ else 100} %)"


def coverage(tree: Tree, crossings: Iterable[Crossing]) -> Coverage:
    """Branches taken by these crossings; ones that the tree does not have are somebody else's."""
    counts = Counter(crossings)
    taken: dict[Branch, int] = {}
    for way in flat(all_ways(tree)):
        if way.branch:
            branch = Branch(way.node, way.branch, way.path)
            taken[branch] = taken.get(branch, 0) + times(counts, way)
    return Coverage(taken)


def times(counts: Counter[Crossing], way: Way) -> int:
    """How often a way was taken."""
    if way.by == ANY:
        return sum(count for (node, _, to), count in counts.items() if (node, to) == (way.node, way.to))
    return counts[way.node, way.by, way.to]
