"""Whether what a tree names is there: queues, lists, the directory, variables; and that no secret gets out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from callrouter.documents import KeyPath, close_to
from callrouter.tree.condition import mistakes, parse_condition
from callrouter.tree.known import OWN_LISTS, Known
from callrouter.tree.model import (
    Callback,
    Caller,
    Collect,
    Hours,
    Lookup,
    Message,
    Node,
    Queue,
    Subtree,
    Transfer,
    TreeFile,
    When,
)
from callrouter.tree.validate import Finding
from callrouter.tree.variables import GIVEN, Use, kinds, secrets, settings, uses

SECRET_IN_HEADER = re.compile(r"\{secret:([a-z][a-z0-9_-]{0,39})\}")
Inside = Iterator[tuple[KeyPath, str]]
"""Key path inside a node, and what is wrong there."""


def fits(
    tree: TreeFile, family: Mapping[str, TreeFile], queues: Collection[str] | None, known: Known, *, alone: bool
) -> Iterator[Finding]:
    """Everything that does not fit. `alone`: other trees may set variables before this one is walked through."""
    kind_of, hidden = kinds(family.values()), secrets(family.values())
    for name, node in tree.nodes.items():
        for path, words in _names(node, queues, known):
            yield Finding(("nodes", name, *path), words)
        for path, words in _exits(node, family):
            yield Finding(("nodes", name, *path), words, True)
        for path, words in _set(node, kind_of, hidden):
            yield Finding(("nodes", name, *path), words)
        for use in uses(node):
            if words := _read(use, kind_of, hidden, alone):
                yield Finding(("nodes", name, *use.path), words)
        if isinstance(node, When):
            yield from (Finding(("nodes", name, *path), words) for path, words in _conditions(node, kind_of))
        if isinstance(node, Lookup):
            yield from (Finding(("nodes", name, *path), words) for path, words in _sending(node, tree, hidden))


def _names(node: Node, queues: Collection[str] | None, known: Known) -> Inside:
    match node:
        case Queue():
            yield from _one_of("queue", ("queue",), node.queue, queues)
            yield from _one_of("music", ("music",), node.music, known.music)
        case Callback():
            yield from _one_of("queue", ("queue",), node.queue, queues)
        case Caller():
            lists = None if known.lists is None else {*known.lists, *OWN_LISTS}
            for at, branch in enumerate(node.branches):
                yield from _one_of("list", ("branches", at, "list"), branch.in_list, lists)
        case Hours():
            yield from _one_of("switch", ("switch",), node.switch, known.switches)
            yield from _one_of("country", ("holidays",), node.holidays, known.countries)
        case Transfer():
            fixed = None if node.to.startswith("{") else node.to
            yield from _one_of("entry of the directory", ("to",), fixed, known.directory)
            yield from _one_of("music", ("music",), node.music, known.music)
        case Message():
            yield from _one_of("group", ("group",), node.group, known.groups)
        case Lookup():
            for name, value in node.headers.items():
                for secret in SECRET_IN_HEADER.findall(value):
                    yield from _one_of("secret", ("headers", name), secret, known.secrets)
                if "{" in SECRET_IN_HEADER.sub("", value):
                    yield ("headers", name), "only {secret:name} may stand in a header, no variable of the call"
        case _:
            pass


def _one_of(what: str, path: KeyPath, name: str | None, there: Collection[str] | None) -> Inside:
    if name is not None and there is not None and name not in there:
        yield path, f"there is no {what} `{name}`{close_to(name, list(there))}"


def _exits(node: Node, family: Mapping[str, TreeFile]) -> Inside:
    used = family.get(node.tree) if isinstance(node, Subtree) else None
    if not isinstance(node, Subtree) or used is None:
        return
    for name in used.exits:
        if name not in node.exits:
            yield ("exits",), f"the tree {node.tree} also has the exit `{name}`; say where it leads"
    for name in node.exits:
        if name not in used.exits:
            yield ("exits", name), f"the tree {node.tree} has no exit `{name}`{close_to(name, list(used.exits))}"


def _set(node: Node, kind_of: Mapping[str, str], hidden: Collection[str]) -> Inside:
    for setting in settings(node):
        name = setting.variable
        if name in GIVEN:
            yield setting.path, f"`{name}` is there in every call and cannot be set; choose another name"
        elif setting.kind != kind_of[name]:
            yield setting.path, f"`{name}` is {kind_of[name]} elsewhere and {setting.kind} here; choose another name"
        elif name in hidden and not setting.secret:
            yield setting.path, f"`{name}` is secret elsewhere; choose another name"


def _read(use: Use, kind_of: Mapping[str, str], hidden: Collection[str], alone: bool) -> str:
    if use.variable in hidden:
        words = {
            "aloud": "is secret and never read aloud",
            "address": "is secret, and addresses are logged: use `body`",
        }
        return (
            ""
            if use.how == "body"
            else f"`{use.variable}` {words.get(use.how, 'is secret; only a lookup may send it')}"
        )
    if use.variable not in kind_of and not alone:
        return f"nothing sets the variable `{use.variable}`{close_to(use.variable, list(kind_of))}"
    return ""


def _conditions(when: When, kind_of: Mapping[str, str]) -> Inside:
    for at, case in enumerate(when.cases):
        for words in mistakes(parse_condition(case.condition), kind_of):
            yield ("cases", at, "if"), words


def _sending(lookup: Lookup, tree: TreeFile, hidden: Collection[str]) -> Inside:
    sent = [use.variable for use in uses(lookup) if use.variable in hidden]
    if not sent:
        if lookup.ask_again is not None:
            yield ("ask_again",), "nothing secret is sent here, so nothing can be lost; delete `ask_again`"
        return
    if lookup.ask_again is None:
        yield ("body",), f"`{sent[0]}` is secret and may be lost: give `ask_again`, the collect node that asks for it"
    elif lookup.ask_again in tree.nodes:
        asks = tree.nodes[lookup.ask_again]
        if not (isinstance(asks, Collect) and asks.secret):
            yield ("ask_again",), f"{lookup.ask_again} is no collect node with `secret: true`"
    if lookup.cache_s:
        yield ("cache_s",), f"`{sent[0]}` is secret, so the answer cannot be kept; delete `cache_s`"
