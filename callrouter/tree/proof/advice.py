"""What is wrong with a good tree in its centre: variables read too early, odd hours, lines that nobody serves.

`load.py` refuses trees that cannot work; this is said by `callrouter tree check` before a tree is live.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Literal, NamedTuple

from callrouter.documents import KeyPath
from callrouter.hours import DAY_MINUTES, WEEK, weekdays, windows
from callrouter.tree.model import Callback, Hours, Queue, Set, Tree
from callrouter.tree.proof.dataflow import read_too_early
from callrouter.tree.proof.ways import all_ways

Skills = Mapping[str, int]
SHORT_MINUTES = 15
"""Nobody closes for less: a gap so short is a slip of the pen."""
WORKDAYS = 5
RULES = {
    "full": "max_waiting",
    "closed": "hours",
    "emergency": "switch",
    "long_wait": "long_wait_s",
    "resume": "ring_back_s",
}
"""Of a queue node → the queue's own key without which nobody is led there."""
NEEDED = {"aloud": "reads it aloud", "address": "asks with it", "body": "sends it", "target": "rings it"}


class Advice(NamedTuple):
    path: KeyPath
    message: str
    severity: Literal["error", "warning"] = "warning"


@dataclass(frozen=True, slots=True)
class Staff:
    """Who serves which line: queue → the skills of each of its agents; and where its callers go in the end."""

    agents: Mapping[str, tuple[Skills, ...]] = field(default_factory=dict)
    overflow: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Queue → those of its keys in RULES that are given."""


def advice(tree: Tree, staff: Staff | None = None, today: date | None = None) -> Iterator[Advice]:
    """Everything to be said, in no order. Without `staff` nothing about queues, without `today` nothing about days."""
    if not tree.exits:  # else the tree that walks through this one may have set them
        yield from _too_early(tree)
    for name, node in tree.nodes.items():
        if isinstance(node, Hours):
            yield from (Advice((*_place(name), *path), words) for path, words in _odd_hours(node, today))
    if staff is not None:
        yield from _unserved(tree, staff)
        yield from never_taken(tree, staff.rules)


def _place(name: str) -> KeyPath:
    """A node of another tree is told at the node of this file that leads there."""
    return "nodes", name.partition("/")[0].partition(":")[0]


def _too_early(tree: Tree) -> Iterator[Advice]:
    for node, use, way in read_too_early(tree):
        comes = " → ".join(way)
        words = f"`{use.variable}` may have no value here: a caller can come by {comes}"
        does = NEEDED.get(use.how)
        path = (*_place(node), *use.path) if "/" not in node and ":" not in node else _place(node)
        yield Advice(path, f"{words}, and {node} {does}" if does else words, "error" if does else "warning")


# --- hours ------------------------------------------------------------------------------------------------------------


def _odd_hours(node: Hours, today: date | None) -> Iterator[tuple[KeyPath, str]]:
    days: dict[int, list[tuple[int, int]]] = {day: [] for day in range(len(WEEK))}
    for key, text in node.open.items():
        for day in weekdays(key):
            days[day] += windows(text)
    if not any(days.values()):
        yield ("open",), "this is never open; give windows"
        return
    missing = [WEEK[day] for day in range(WORKDAYS) if not days[day]]
    if missing:
        yield ("open",), f"{', '.join(missing)} is in no line, so it is always closed then; is it meant?"
    told: set[str] = set()
    for number, spans in days.items():
        for words in _between(_with_last_night(days, number, spans)):
            if words not in told:
                told.add(words)
                yield ("open",), f"{WEEK[number]}: {words}"
    for special in node.days if today else ():
        if today and special < today.isoformat():
            yield ("days", special), f"{special} is over; delete it"


def _with_last_night(
    days: Mapping[int, list[tuple[int, int]]], number: int, spans: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    before = days[(number - 1) % len(WEEK)]
    return sorted([*spans, *((0, end - DAY_MINUTES) for _, end in before if end > DAY_MINUTES)])


def _between(spans: Iterable[tuple[int, int]]) -> Iterator[str]:
    for (_, end), (begin, _) in pairwise(spans):
        if 0 < begin - end <= SHORT_MINUTES:
            yield f"closed from {_clock(end)} to {_clock(begin)} only; is it meant?"
        elif begin < end:
            yield f"two windows hold {_clock(begin)}; let the first one end before"


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


# --- lines that nobody serves -----------------------------------------------------------------------------------------


def _unserved(tree: Tree, staff: Staff) -> Iterator[Advice]:
    needed = _needed_skills(tree)
    for name, node in tree.nodes.items():
        if not isinstance(node, Queue | Callback) or node.queue not in staff.overflow:
            continue
        path, agents = (*_place(name), "queue"), staff.agents.get(node.queue, ())
        if not agents:
            yield _nobody(path, node.queue, staff)
            continue
        for skill, level in needed[name].items() if isinstance(node, Queue) else ():
            if not any(skills.get(skill, 0) >= level for skills in agents):
                words = f"callers who need {skill} {level} come here, and no agent of {node.queue} has that"
                yield Advice(path, words, "error")


def _nobody(path: KeyPath, queue: str, staff: Staff) -> Advice:
    """Perhaps those of the queue where the callers overflow to."""
    seen, here = {queue}, staff.overflow.get(queue, "")
    while here in staff.overflow and here not in seen:
        if staff.agents.get(here):
            return Advice(path, f"no agent serves {queue}; its callers wait in vain until they overflow to {here}")
        seen.add(here)
        here = staff.overflow[here]
    return Advice(path, f"no agent serves {queue}, nor where its callers overflow to; give it to an agent", "error")


# --- ways that no rule of the queue leads to --------------------------------------------------------------------------


def never_taken(tree: Tree, rules: Mapping[str, Collection[str]]) -> Iterator[Advice]:
    """A way that waits for a rule which the queue does not have: its writer believes in what never happens."""
    for name, node in tree.nodes.items():
        if not isinstance(node, Queue) or node.queue not in rules:
            continue
        for way, rule in RULES.items():
            if getattr(node, way) is not None and rule not in rules[node.queue]:
                path = ("nodes", name, way) if _place(name)[1] == name else _place(name)
                words = f"`{way}` never happens: the queue {node.queue} has no `{rule}`; give it one, or delete `{way}`"
                yield Advice(path, words)


def _needed_skills(tree: Tree) -> dict[str, dict[str, int]]:
    """Node → the skills that some caller who comes there may need."""
    ways = all_ways(tree)
    needed: dict[str, dict[str, int]] = {name: {} for name in tree.nodes}
    todo = list(tree.nodes)
    while todo:
        name = todo.pop()
        node = tree.nodes[name]
        brought = {**needed[name], **node.require} if isinstance(node, Set) else needed[name]
        for way in ways[name]:
            there = needed[way.to]
            higher = {skill: level for skill, level in brought.items() if level > there.get(skill, 0)}
            if higher:
                there.update(higher)
                todo.append(way.to)
    return needed
