"""The variables of a tree: who sets them and to what kind of value, who reads them, which are secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from callrouter.documents import KeyPath
from callrouter.tree.address import variables_in
from callrouter.tree.condition import Kind, kind_of, parse_condition, variables_of
from callrouter.tree.model import (
    Callback,
    Collect,
    Lookup,
    Node,
    Reading,
    Set,
    Transfer,
    TreeFile,
    When,
    pieces_of,
    wordings,
)
from callrouter.tree.model.prompt import read_aloud
from callrouter.tree.model.tree import WORDING_PATHS
from callrouter.tree.nodes.callback import NUMBER

GIVEN: Mapping[str, Kind] = {"caller": "text", "called": "text"}
"""Variables that every call has and nobody sets."""


class Use(NamedTuple):
    """A variable read at a place inside a node. `how`: aloud, condition, text, address, body, target."""

    variable: str
    path: KeyPath
    how: str


class Setting(NamedTuple):
    variable: str
    path: KeyPath
    kind: Kind
    secret: bool = False


def settings(node: Node) -> Iterator[Setting]:
    """The variables that a node sets."""
    match node:
        case Collect():
            yield Setting(node.into, ("into",), "text", node.secret)
        case Callback():
            yield Setting(NUMBER, ("type",), "text")
        case Lookup():
            for name, answer in node.answers().items():
                yield Setting(name, ("into", name), answer.type)
        case Set():
            for name, value in node.variables.items():
                yield Setting(name, ("variables", name), kind_of(value))
            for name in ("caller_type", "problem_type"):
                if getattr(node, name) is not None:
                    yield Setting(name, (name,), "text")
        case _:
            pass


def uses(node: Node) -> Iterator[Use]:
    """The variables that a node reads."""
    for part, wording in wordings(node):
        for language, piece in read_aloud(wording):
            if not (isinstance(node, Callback) and part in ("", "already") and piece.variable == "number"):
                yield Use(piece.variable, (*WORDING_PATHS[part], language), "aloud")
    match node:
        case When():
            for at, case in enumerate(node.cases):
                for name in dict.fromkeys(variables_of(parse_condition(case.condition))):
                    yield Use(name, ("cases", at, "if"), "condition")
        case Set():
            for set_name, value in node.variables.items():
                readings = pieces_of(value) if isinstance(value, str) else ()
                for reading in readings:
                    if isinstance(reading, Reading):
                        yield Use(reading.variable, ("variables", set_name), "text")
        case Lookup():
            yield from (Use(name, ("url",), "address") for name in variables_in(node.url))
            for key, value in node.body.items():
                names = variables_in(value) if isinstance(value, str) else ()
                yield from (Use(name, ("body", key), "body") for name in names)
        case Transfer():
            yield from (Use(name, ("to",), "target") for name in variables_in(node.to))
        case _:
            pass


def kinds(family: Iterable[TreeFile]) -> dict[str, Kind]:
    """Each variable's kind: that of the first place that sets it."""
    found = dict(GIVEN)
    for tree in family:
        for node in tree.nodes.values():
            for setting in settings(node):
                found.setdefault(setting.variable, setting.kind)
    return found


def secrets(family: Iterable[TreeFile]) -> frozenset[str]:
    return frozenset(
        setting.variable
        for tree in family
        for node in tree.nodes.values()
        for setting in settings(node)
        if setting.secret
    )
