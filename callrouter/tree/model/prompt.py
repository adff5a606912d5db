"""What is said: text per language, with variables in it to be read aloud, or a recorded file.

`{order:digits}` in a text is a variable and how to read it; `{{` and `}}` stand for the braces themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag

from callrouter.config.words import Language, Part
from callrouter.readings.reading import Value as Value  # tree.model offers it too
from callrouter.readings.reading import parse_reading

VARIABLE = r"[a-z][a-z0-9_]{0,39}"
_READING = re.compile(rf"\{{({VARIABLE})(?::([^:{{}}]+))?(?::([^{{}}]+))?\}}")
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A variable read aloud: `{amount:money:usd}`. `detail` is the currency, the gender and the like, split by `:`."""

    variable: str
    kind: str = "text"
    detail: str = ""


Piece = str | Reading


def pieces_of(text: str) -> tuple[Piece, ...]:
    """A text as fixed words and readings, in order. ValueError says what is wrong with it."""
    found: list[Piece] = []
    for token in _TOKEN.findall(text):
        piece: Piece = token[0] if token in ("{{", "}}") else token
        if len(token) > 1 and token[0] == "{" and token != "{{":
            piece = _reading(token)
        elif token in "{}":
            raise ValueError(f"a lone {token}; write {token}{token} for the sign itself")
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            piece = found.pop() + piece  # type: ignore[operator] # the line above says that it is text
        found.append(piece)
    return tuple(found)


def _reading(token: str) -> Reading:
    match = _READING.fullmatch(token)
    if match is None:
        raise ValueError(f"{token[:60]} is no variable; write it like {{order}} or {{order:digits}}")
    kind = match[2] or "text"
    how = parse_reading(f"{kind}:{match[3]}" if match[3] else kind)
    if isinstance(how, str):
        raise ValueError(f"{token[:60]}: {how}")
    return Reading(match[1], kind, match[3] or "")


def _well_formed(text: str) -> str:
    pieces_of(text)
    return text


Key = Annotated[str, Field(pattern=r"^[0-9*#A-D]$", json_schema_extra={"x-words": "one key: 0-9, *, # or A-D"})]
Keys = Annotated[str, Field(pattern=r"^[0-9*#A-D]{1,8}$", json_schema_extra={"x-words": "keys: 0-9, *, #, A-D"})]
Variable = Annotated[
    str,
    Field(
        pattern=rf"^{VARIABLE}$",
        json_schema_extra={"x-words": "small letters, digits and `_`, beginning with a letter: like order_number"},
    ),
]
Words = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_well_formed)]
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


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something said to a caller. `key` is `<tree>.<node>`, or with a part: `<tree>.<node>.invalid`, `.no_input` …"""

    key: str
    text: Mapping[str, str]
    """language → words to speak; where `pieces` has the language, only for people to read"""
    file: Mapping[str, str]
    """language → recorded file below the folder of trees; it wins over the words"""
    pieces: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    """language → fixed words and readings in order, for texts with variables in them"""
    values: Mapping[str, Value] = field(default_factory=dict)
    """the variables that are read, when the prompt is said; never a secret"""

    @property
    def is_fixed(self) -> bool:
        """Nothing in it depends on the call: it can be made ready before any call."""
        return not self.pieces


def prompt_of(key: str, wording: Mapping[str, str | Recorded], variables: Mapping[str, Value] | None = None) -> Prompt:
    """A wording under its key; `variables` are those known at this moment, of which it takes what it reads."""
    text: dict[str, str] = {}
    file: dict[str, str] = {}
    pieces: dict[str, tuple[Piece, ...]] = {}
    for language, said in wording.items():
        if isinstance(said, Recorded):
            file[language] = said.file
        words = said if isinstance(said, str) else said.text or ""
        parts = pieces_of(words)
        if any(isinstance(part, Reading) for part in parts) and not isinstance(said, Recorded):
            pieces[language] = parts
        if parts:
            text[language] = words if language in pieces else "".join(map(str, parts))
    read = {piece.variable for parts in pieces.values() for piece in parts if isinstance(piece, Reading)}
    values = {name: value for name, value in (variables or {}).items() if name in read}
    return Prompt(key, text, file, pieces, values)


def read_aloud(wording: Mapping[str, str | Recorded]) -> tuple[tuple[str, Reading], ...]:
    """Every reading in a wording, with its language."""
    return tuple(
        (language, piece)
        for language, said in wording.items()
        for piece in (pieces_of(said) if isinstance(said, str) else ())
        if isinstance(piece, Reading)
    )
