"""The whole of a tree: the file, the checked value that calls walk, and what can be asked of any node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, field_validator

from callrouter.config.words import Language, Name, Part
from callrouter.tree.model.asking import Callback, Collect, Menu, Message, Notice, Say
from callrouter.tree.model.choosing import Caller, Goto, Hours, Set, Split, Subtree, When
from callrouter.tree.model.leaving import Hangup, Queue, Transfer
from callrouter.tree.model.lookup import Lookup
from callrouter.tree.model.prompt import Prompt, Recorded, Value, prompt_of

Node = (
    Menu
    | Say
    | Collect
    | Notice
    | Message
    | Callback
    | Hours
    | Caller
    | Lookup
    | Set
    | When
    | Split
    | Goto
    | Subtree
    | Queue
    | Transfer
    | Hangup
)
AnyNode = Annotated[Node, Field(discriminator="type")]


class TreeFile(Part):
    """A file in ivr_trees/."""

    schema_: Literal[1] = Field(alias="schema", description="version of this language; 1")
    languages: tuple[Language, ...] = Field(min_length=1, description="every prompt must be given in all of them")
    start: Name = Field(description="the first node")
    exits: tuple[Name, ...] = Field(
        default=(), description="for a tree used by `subtree` nodes: names its nodes may lead to, to come back"
    )
    nodes: dict[Name, AnyNode] = Field(min_length=1)

    @field_validator("languages")
    @classmethod
    def _each_once(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(languages)) < len(languages):
            raise ValueError("a language is given twice; keep it once")
        return languages


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that has passed all checks, with its subtrees put in: `verify/ask_card` is the node ask_card of the tree
    that the node verify walks through, `other:start` the node start of the tree other that a goto leads to.
    `version` is made from the content of all its files: the same text, the same version."""

    name: str
    version: str
    languages: tuple[str, ...]
    start: str
    nodes: Mapping[str, Node]
    keys: Mapping[str, str] = field(default_factory=dict)
    """Node → the key of its prompts, where another file's node was put in."""
    exits: tuple[str, ...] = ()
    """Of a tree that others walk through; by itself it ends there (they are hangup nodes)."""

    def key(self, node: str, part: str = "") -> str:
        """The key of what a node says: `<tree>.<node>`, and `.invalid` and the like for its parts."""
        stem = self.keys.get(node) or f"{self.name}.{node}"
        return f"{stem}.{part}" if part else stem

    def prompt(
        self,
        node: str,
        wording: Mapping[str, str | Recorded],
        part: str = "",
        variables: Mapping[str, Value] | None = None,
    ) -> Prompt:
        return prompt_of(self.key(node, part), wording, variables)


def prompts(tree: Tree) -> tuple[Prompt, ...]:
    """Every prompt of a tree, each key once."""
    found = {
        tree.key(name, part): tree.prompt(name, wording, part)
        for name, node in tree.nodes.items()
        for part, wording in wordings(node)
    }
    return tuple(found.values())


Said = Mapping[str, str | Recorded]


def wordings(node: Node) -> Iterator[tuple[str, Said]]:
    """A node's wordings: its own as ``""``, and those of its parts by their names."""
    if (
        isinstance(node, Menu | Say | Collect | Notice | Message | Callback | Queue | Transfer | Hangup)
        and node.prompt is not None
    ):
        yield "", node.prompt
    if isinstance(node, Menu | Collect | Callback):
        for part, branch in (("invalid", node.invalid), ("no_input", node.no_input)):
            if branch.prompt is not None:
                yield part, branch.prompt
    match node:
        case Collect(confirm=confirm) if confirm is not None:
            yield "confirm", confirm.prompt
        case Callback():
            yield "other", node.other
            if node.already is not None:
                yield "already", node.already
        case Lookup(filler=filler) if filler is not None:
            yield "filler", filler
        case Queue(announce=announce, resume=resume):
            if announce is not None:
                yield "announce", announce.prompt
            if resume is not None:
                yield "resume", resume
        case _:
            pass


WORDING_PATHS: Mapping[str, tuple[str, ...]] = {
    "": ("prompt",),
    "invalid": ("invalid", "prompt"),
    "no_input": ("no_input", "prompt"),
    "confirm": ("confirm", "prompt"),
    "other": ("other",),
    "already": ("already",),
    "filler": ("filler",),
    "announce": ("announce", "prompt"),
    "resume": ("resume",),
}
"""Where in a node a wording of `wordings` stands."""

Place = tuple[str | int, ...]


def targets(node: Node) -> Iterator[tuple[Place, str]]:
    """Where a node may lead: the key path inside the node, and the other node's name."""
    match node:
        case Menu():
            yield from ((("options", keys), target) for keys, target in node.options.items())
            yield from _branches(node)
        case Collect() | Callback():
            yield ("next",), node.next
            yield from _branches(node)
        case Say() | Set() | Notice() | Message():
            yield ("next",), node.next
        case Hours():
            given = node.then.model_dump(exclude_none=True)
            yield from ((("then", name), target) for name, target in given.items())
        case Caller():
            yield from ((("branches", at, "then"), branch.then) for at, branch in enumerate(node.branches))
            yield ("otherwise",), node.otherwise
        case When():
            yield from ((("cases", at, "then"), case.then) for at, case in enumerate(node.cases))
            yield ("otherwise",), node.otherwise
        case Split():
            yield from ((("shares", at, "then"), share.then) for at, share in enumerate(node.shares))
        case Lookup():
            yield ("next",), node.next
            yield ("failed",), node.failed
            if node.ask_again is not None:
                yield ("ask_again",), node.ask_again
        case Subtree():
            yield from ((("exits", name), target) for name, target in node.exits.items())
        case Goto():
            if node.to is not None:
                yield ("to",), node.to
        case Queue():
            if node.exit is not None:
                yield ("exit", "then"), node.exit.then
            yield from (((why,), then) for why, then in node.ways.items())
            if node.timed_out is not None:
                yield ("timed_out",), node.timed_out
        case Transfer():
            yield ("failed",), node.failed
        case Hangup():
            return


def _branches(node: Menu | Collect | Callback) -> Iterator[tuple[Place, str]]:
    yield ("invalid", "then"), node.invalid.then
    yield ("no_input", "then"), node.no_input.then
