"""A tree as its writer sees it (`TreeFile`, YAML) and as a call walks it (`Tree`). Nodes say what; walk.py says how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from callrouter.config import Language, Name, Part, Seconds

Key = Annotated[str, Field(pattern=r"^[0-9*#A-D]$", json_schema_extra={"x-words": "one key: 0-9, *, # or A-D"})]
Keys = Annotated[str, Field(pattern=r"^[0-9*#A-D]{1,8}$", json_schema_extra={"x-words": "keys: 0-9, *, #, A-D"})]
Words = Annotated[str, Field(min_length=1, max_length=2000)]
SoundFile = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*\.(wav|flac|ogg|mp3)$",
        max_length=200,
        json_schema_extra={"x-words": "a file below the folder of trees, like payments/ru/hello.wav"},
    ),
]


class Recorded(Part):
    """A recorded file; `text` says in words what is in it."""

    file: SoundFile
    text: Words | None = None


def _words_or_file(value: object) -> str:
    return "recorded file" if isinstance(value, dict | Recorded) else "text to speak"


Spoken = Annotated[
    Annotated[Words, Tag("text to speak")] | Annotated[Recorded, Tag("recorded file")],
    Discriminator(_words_or_file),
]
Wording = Annotated[dict[Language, Spoken], Field(min_length=1)]
"""What is said, language by language: text, or {file: …}."""


class Branch(Part):
    """What happens when the caller's answer is missing or not an option."""

    prompt: Wording | None = Field(None, description="said before the menu is asked again")
    then: Name = Field(description="the node to go to when `tries` are used up")


class Menu(Part):
    """Asks, and goes where the pressed key leads. Asked at most `tries` times in one call, however it is reached."""

    type: Literal["menu"]
    prompt: Wording
    options: dict[Keys, Name] = Field(min_length=1, description="key or keys → the node they lead to")
    barge_in: bool = Field(True, description="keys work during the prompt and cut it; false: they are not heard")
    first_digit_s: Seconds = Field(6, description="silence after the prompt before `no_input`")
    next_digit_s: Seconds | None = Field(None, description="wait for the next digit of a longer option (default 3)")
    tries: int = Field(3, ge=1, le=10, description="asked so many times at most; repeat and back keys count too")
    repeat_key: Key | None = Field(None, description="this key asks again")
    back_key: Key | None = Field(None, description="this key goes back to the menu before")
    invalid: Branch
    no_input: Branch


class Say(Part):
    """Says something to its end, then goes on."""

    type: Literal["say"]
    prompt: Wording
    next: Name


class Set(Part):
    """Changes something about the call, then goes on."""

    type: Literal["set"]
    language: Language
    next: Name


class Queue(Part):
    """Joins the line of a queue at once; its prompt is said while a free agent's phone already rings."""

    type: Literal["queue"]
    queue: Name
    priority: int = Field(0, ge=-100, le=100, description="added to the queue's own; higher goes first")
    prompt: Wording | None = None


class Hangup(Part):
    """Ends the call; a prompt is said to its end before."""

    type: Literal["hangup"]
    prompt: Wording | None = None


Node = Annotated[Menu | Say | Set | Queue | Hangup, Field(discriminator="type")]


class TreeFile(Part):
    """A file in ivr_trees/."""

    schema_: Literal[1] = Field(alias="schema", description="version of this language; 1")
    languages: tuple[Language, ...] = Field(min_length=1, description="every prompt must be given in all of them")
    start: Name = Field(description="the first node")
    nodes: dict[Name, Node] = Field(min_length=1)

    @field_validator("languages")
    @classmethod
    def _each_once(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(languages)) < len(languages):
            raise ValueError("a language is given twice; keep it once")
        return languages


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that has passed all checks. `version` is made from its content: the same text, the same version."""

    name: str
    version: str
    languages: tuple[str, ...]
    start: str
    nodes: Mapping[str, Menu | Say | Set | Queue | Hangup]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something said to a caller. `key` is `<tree>.<node>`, or `<tree>.<node>.invalid` and `.no_input`."""

    key: str
    text: Mapping[str, str]
    """language → words to speak"""
    file: Mapping[str, str]
    """language → recorded file below the folder of trees; it wins over the words"""


def prompt_of(tree: str, node: str, wording: Mapping[str, str | Recorded], part: str = "") -> Prompt:
    """A node's wording under its key."""
    text = {language: said if isinstance(said, str) else said.text or "" for language, said in wording.items()}
    file = {language: said.file for language, said in wording.items() if isinstance(said, Recorded)}
    return Prompt(f"{tree}.{node}.{part}" if part else f"{tree}.{node}", {k: v for k, v in text.items() if v}, file)


def prompts(tree: Tree) -> tuple[Prompt, ...]:
    """Every prompt of a tree."""
    return tuple(
        prompt_of(tree.name, name, wording, part)
        for name, node in tree.nodes.items()
        for part, wording in wordings(node)
    )


def wordings(node: Menu | Say | Set | Queue | Hangup) -> Iterator[tuple[str, Mapping[str, str | Recorded]]]:
    """A node's wordings: its own as ``""``, and those of its branches by their names."""
    if not isinstance(node, Set) and node.prompt is not None:
        yield "", node.prompt
    if isinstance(node, Menu):
        for part, branch in (("invalid", node.invalid), ("no_input", node.no_input)):
            if branch.prompt is not None:
                yield part, branch.prompt


def targets(node: Menu | Say | Set | Queue | Hangup) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where a node may lead: the key path inside the node, and the other node's name."""
    match node:
        case Menu():
            yield from ((("options", keys), target) for keys, target in node.options.items())
            yield ("invalid", "then"), node.invalid.then
            yield ("no_input", "then"), node.no_input.then
        case Say() | Set():
            yield ("next",), node.next
        case Queue() | Hangup():
            return
