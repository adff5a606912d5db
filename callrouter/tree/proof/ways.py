"""The one place that says which ways lead out of a node, by what the caller does, and what each costs.

A way's `by` is what the journal will say of it. Everything else in this room works over ways, `targets` and `step`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from callrouter.documents import KeyPath
from callrouter.hours import DAY_MINUTES, WEEK, weekdays, windows
from callrouter.tree.model import (
    Callback,
    Caller,
    Collect,
    Hours,
    Lookup,
    Menu,
    Message,
    Node,
    Notice,
    Queue,
    Split,
    Transfer,
    Tree,
    When,
    targets,
    wordings,
)

NONE = ""
"""No menu before."""
ANY = "…"
"""Whatever the journal says: there is one such way."""
Asking = Menu | Collect | Callback
"""Nodes with a counter."""


class Open(StrEnum):
    """In which state of the node's tries a way is open."""

    ALWAYS = "always"
    TRIES_LEFT = "tries left"
    USED_UP = "used up"
    """This was the last try."""
    APART = "counted apart"
    """Back to the same node, by a counter of its own: inputs_once has what it may take."""
    PASSED = "passed"
    """The node is reached with no try left: the caller is passed on without a word."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way from a node to another. Ways with the same `branch` are one thing to its writer."""

    node: str
    to: str
    by: str
    when: Open
    branch: str
    """In the writer's words; empty: nothing that a test has to cover."""
    path: KeyPath
    """Where it stands in the file."""


def all_ways(tree: Tree) -> dict[str, tuple[Way, ...]]:
    """Every node's ways, those of the back key included."""
    ahead = {name: tuple(_ahead(tree, name)) for name in tree.nodes}
    before = _menus_before(tree, ahead)
    return {name: (*ahead[name], *_back(tree, name, before[name])) for name in tree.nodes}


def flat(ways: Mapping[str, tuple[Way, ...]]) -> tuple[Way, ...]:
    return tuple(chain.from_iterable(ways.values()))


# --- what a stay costs ------------------------------------------------------------------------------------------------


def tries_of(tree: Tree, name: str) -> int | None:
    """How often the node is asked in a call at most; None: it has no counter and needs none."""
    node = tree.nodes[name]
    return node.tries if isinstance(node, Asking) else None


def inputs_at(tree: Tree, name: str) -> int:
    """The most inputs that one stay at a node can take: the end of its prompt, then keys, silence or an answer."""
    match tree.nodes[name]:
        case Menu(options=options):
            return 1 + max(len(keys) for keys in options)
        case Collect() as collect:
            return 1 + collect.most + (2 if collect.confirm else 0)
        case Callback():
            return 1 + 15  # the longest number
        case Notice():
            return 2  # said once more if it broke off
        case Message():
            return 2
        case Lookup():
            return 1
        case Transfer(prompt=prompt):
            return 1 + (1 if prompt else 0)
        case Queue() as queue:  # its prompt is said to somebody who stands in line already
            return 1 if queue.exit or queue.timed_out or queue.ways else 0
        case node:
            return 1 if any(part == "" for part, _ in wordings(node)) else 0


def inputs_once(tree: Tree, name: str) -> int:
    """Inputs that a node can take beyond those of its stays, once in a call: what is counted apart."""
    node = tree.nodes[name]
    if isinstance(node, Callback):  # each try may bring a number that is read back, and so does each other number
        return 3 * node.tries * inputs_at(tree, name)
    return 2 * (node.tries - 1) if isinstance(node, Collect) and node.confirm else 0


# --- ways -------------------------------------------------------------------------------------------------------------


def _ahead(tree: Tree, name: str) -> Iterator[Way]:
    node = tree.nodes[name]
    if isinstance(node, Asking):
        yield from _of_asking(name, node)
        return
    words, by = _words_of(node), _by_of(node)
    for path, target in targets(node):
        for given in by.get(path, ("",)):
            yield Way(name, target, given, Open.ALWAYS, words.get(path, str(path[-1])), ("nodes", name, *path))


def _by_of(node: Node) -> dict[tuple[str | int, ...], tuple[str, ...]]:
    """Key path of a target → what the journal says of it, where it says anything."""
    match node:
        case Hours(then=then):
            closed = ("closed",) if then.holiday else ("closed", "holiday")
            return {("then", state): closed if state == "closed" else (state,) for state in type(then).model_fields}
        case Caller(branches=branches):
            return _numbered("branches", "branch", len(branches))
        case When(cases=cases):
            return _numbered("cases", "case", len(cases))
        case Split(shares=shares):
            return _numbered("shares", "share", len(shares))
        case Lookup():
            return {("failed",): ("failed",), ("ask_again",): ("lost",)}
        case Queue(exit=exit, ways=ways):
            return {
                ("exit", "then"): (exit.key if exit else "",),
                ("timed_out",): ("timed_out",),
                **{(why,): (why,) for why in ways},
            }
        case Transfer():
            return {("failed",): (ANY,)}
        case Message():
            return {("next",): ("message", "no message")}
        case _:
            return {}


def _numbered(key: str, word: str, count: int) -> dict[tuple[str | int, ...], tuple[str, ...]]:
    found: dict[tuple[str | int, ...], tuple[str, ...]] = {("otherwise",): ("otherwise",)}
    return found | {(key, at, "then"): (f"{word} {at + 1}",) for at in range(count)}


def _words_of(node: Node) -> dict[tuple[str | int, ...], str]:
    """Key path of a target → the branch in the writer's words, where its last key does not say it."""
    match node:
        case Caller(branches=branches):
            return {("branches", at, "then"): _caller_words(branch) for at, branch in enumerate(branches)}
        case When(cases=cases):
            return {("cases", at, "then"): case.condition for at, case in enumerate(cases)}
        case Split(shares=shares):
            return {("shares", at, "then"): f"{share.percent:g} % ({at + 1})" for at, share in enumerate(shares)}
        case Queue(exit=exit):
            return {("exit", "then"): f"{exit.key} leaves the line" if exit else ""}
        case Hours() if never_closes(node):  # it is there for its switch
            return {("then", "closed"): ""}
        case Lookup():  # a secret is lost only with the worker that knew it: no test can bring that about
            return {("ask_again",): ""}
        case _:
            return {}


def never_closes(node: Hours) -> bool:
    """Every minute of every week is open, and no day is another one."""
    if node.days or node.holidays:
        return False
    spans = {day: sorted(windows(text)) for key, text in node.open.items() for day in weekdays(key)}
    return len(spans) == len(WEEK) and all(span == [(0, DAY_MINUTES)] for span in spans.values())


def _caller_words(branch: object) -> str:
    given = getattr(branch, "model_dump", dict)(exclude_none=True, exclude={"then"})
    names = {"in_list": "list", "again_within_m": "again within minutes", "rang_back": "rang back"}
    return ", ".join(f"{names.get(key, key)} {_value_words(value)}".strip() for key, value in given.items())


def _value_words(value: object) -> str:
    if isinstance(value, bool):
        return "" if value else "no"
    return " or ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _of_asking(name: str, node: Asking) -> Iterator[Way]:
    """A node that asks again while it has tries left; then `invalid.then` or `no_input.then`."""
    yield from _answers(name, node)
    # the read-back of a collect node is counted apart, so its branches may be taken with tries left
    at_last = Open.ALWAYS if isinstance(node, Collect) and node.confirm else Open.USED_UP
    for by, field, then in (
        ("invalid", "invalid", node.invalid.then),
        ("silence", "no_input", node.no_input.then),
    ):
        path = ("nodes", name, field)
        if node.tries > 1:
            yield Way(name, name, by, Open.TRIES_LEFT, by, path)
        yield Way(name, then, by, at_last, f"last {by}", (*path, "then"))
    yield Way(name, node.no_input.then, "", Open.PASSED, "", ("nodes", name, "no_input", "then"))


def _answers(name: str, node: Asking) -> Iterator[Way]:
    match node:
        case Menu():
            for keys, target in node.options.items():
                yield Way(name, target, keys, Open.ALWAYS, keys, ("nodes", name, "options", keys))
            if node.repeat_key:
                yield from _asked_again(name, node, node.repeat_key, f"{node.repeat_key} repeat", ("repeat_key",))
        case Collect(confirm=confirm):
            by = confirm.yes_key if confirm else ""
            yield Way(name, node.next, by, Open.ALWAYS, "next", ("nodes", name, "next"))
            if confirm:
                yield from _asked_again(name, node, confirm.no_key, "not confirmed", ("confirm", "no_key"))
            if node.secret:
                yield from _asked_again(name, node, "lost", "", ("secret",))
        case Callback():
            yield Way(name, node.next, node.yes_key, Open.ALWAYS, "next", ("nodes", name, "next"))
            path = ("nodes", name, "other_key")
            yield Way(name, name, node.other_key, Open.APART, "another number", path)
            yield Way(name, name, "number", Open.APART, "", ("nodes", name, "other"))


def _asked_again(name: str, node: Asking, by: str, branch: str, field: tuple[str, ...]) -> Iterator[Way]:
    path = ("nodes", name, *field)
    if node.tries > 1:
        yield Way(name, name, by, Open.TRIES_LEFT, branch, path)
    then = node.no_input.then if isinstance(node, Menu) else node.invalid.then
    yield Way(name, then, by, Open.USED_UP, "", path)


def _back(tree: Tree, name: str, before: set[str]) -> Iterator[Way]:
    """To the menu before; with none before it the same menu is asked again."""
    node = tree.nodes[name]
    if isinstance(node, Menu) and node.back_key:
        key, words, path = node.back_key, f"{node.back_key} back", ("nodes", name, "back_key")
        yield from (Way(name, menu, key, Open.ALWAYS, words, path) for menu in sorted(before - {NONE}))
        if NONE in before:
            yield from _asked_again(name, node, key, words, ("back_key",))


def _menus_before(tree: Tree, ahead: Mapping[str, tuple[Way, ...]]) -> dict[str, set[str]]:
    """Node → the menus to which its back key may lead: those whose option led there, directly or over other nodes."""
    before: dict[str, set[str]] = {name: {NONE} if name == tree.start else set() for name in tree.nodes}
    todo = list(tree.nodes)
    while todo:
        name = todo.pop()
        for way in ahead[name]:
            chosen = isinstance(tree.nodes[name], Menu) and way.path[2:3] == ("options",)
            new = ({name} if chosen else before[name]) - before[way.to]
            if new:
                before[way.to] |= new
                todo.append(way.to)
    return before
