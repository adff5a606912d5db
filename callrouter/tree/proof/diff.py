"""Who would end elsewhere with another version of a tree: by its tests, and by real calls played again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from callrouter.tree.model import Tree
from callrouter.tree.proof.cases import Placed
from callrouter.tree.proof.replayed import Trail, deeds_of, situated
from callrouter.tree.proof.trial import Outcome, try_out
from callrouter.tree.proof.world import World


@dataclass(frozen=True, slots=True)
class Change:
    """One way of calling that would end elsewhere. `calls` are ids of real ones; `doubts`, what is not sure of it."""

    what: str
    old: str
    new: str
    calls: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    tests: tuple[Change, ...]
    calls: tuple[Change, ...]
    tests_seen: int
    calls_seen: int
    not_understood: tuple[str, ...]
    """Calls whose way the old tree does not know: they came through another version."""

    @property
    def none(self) -> bool:
        return not (self.tests or self.calls)


def difference(
    old: Tree, new: Tree, cases: Iterable[Placed], trails: Iterable[Trail], world: World | None = None
) -> Difference:
    """Both trees, called in the same ways."""
    world = world or World()
    tests, seen = [], 0
    for text, placed in {placed.case.text: placed for placed in cases}.items():
        seen += 1
        case = placed.case
        before, after = (try_out(tree, case.deeds, case.situation, world) for tree in (old, new))
        if _end(before) != _end(after):
            tests.append(Change(text, _end(before), _end(after), doubts=after.complaints))
    found, unknown, calls_seen = _calls(old, new, trails, world)
    return Difference(tuple(tests), found, seen, calls_seen, unknown)


def _calls(
    old: Tree, new: Tree, trails: Iterable[Trail], world: World
) -> tuple[tuple[Change, ...], tuple[str, ...], int]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    doubts: dict[tuple[str, str, str], tuple[str, ...]] = {}
    unknown: list[str] = []
    seen = 0
    for trail in (situated(old, trail) for trail in trails):
        seen += 1
        deeds = deeds_of(old, trail, world)
        if deeds is None:
            unknown.append(trail.call)
            continue
        before, after = (try_out(tree, deeds, trail.situation, world) for tree in (old, new))
        if _end(before) != _end(after):
            key = _short_path(trail), _end(before), _end(after)
            groups.setdefault(key, []).append(trail.call)
            doubts.setdefault(key, after.complaints)
    order = sorted(groups, key=lambda key: -len(groups[key]))
    return tuple(Change(*key, tuple(groups[key]), doubts[key]) for key in order), tuple(unknown), seen


def _end(outcome: Outcome) -> str:
    """The end and all that was done on the way to it; nodes may be renamed without anybody ending elsewhere."""
    if outcome.hung_up:
        return "hung up"
    ended = "still asked" if outcome.end is None else outcome.ended
    done = "".join(f"; {words}" for words in sorted(Counter(outcome.done)))
    return f"{ended}, in {outcome.language}{done}"


def _short_path(trail: Trail) -> str:
    return " → ".join(f"{by} {node}".strip() for node, by in trail.steps)
