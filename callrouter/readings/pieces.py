"""A text with values in it, `Your order {order:digits} is ready`, as pieces: fixed words and values to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from callrouter.readings.reading import Reading, parse_reading


@dataclass(frozen=True, slots=True)
class Said:
    """A value to be said: the variable's name and how it is read."""

    variable: str
    reading: Reading


Piece = str | Said

_BRACES = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def pieces_of(text: str) -> tuple[Piece, ...]:
    """The pieces in order. ValueError says what is wrong; `problems_of` says all of it."""
    wrong = problems_of(text)
    if wrong:
        raise ValueError(wrong[0])
    return tuple(_pieces(text))


def problems_of(text: str) -> list[str]:
    """What is wrong with the braces of a text, one sentence each."""
    wrong = [problem for inside in _BRACES.findall(text) if isinstance(problem := _said(inside), str)]
    rest = _BRACES.sub("", text)
    if "{" in rest or "}" in rest:
        wrong.append("a brace { or } stands alone; a value is written like {order:digits}")
    return wrong


def variables_of(text: str) -> tuple[str, ...]:
    """The names of the variables said in a text that has no problems."""
    return tuple(dict.fromkeys(piece.variable for piece in pieces_of(text) if isinstance(piece, Said)))


def _pieces(text: str) -> Iterator[Piece]:
    for number, part in enumerate(_BRACES.split(text)):
        if number % 2:
            said = _said(part)
            assert isinstance(said, Said), said
            yield said
        elif any(char.isalnum() for char in part):  # a comma alone between two values is not said
            yield part.strip()


def _said(inside: str) -> Said | str:
    name, colon, how = (part.strip() for part in inside.partition(":"))
    if not _NAME.fullmatch(name):
        return f"`{{{inside}}}` names no variable; write it like {{order:digits}}"
    reading = parse_reading(how) if colon else Reading()
    return reading if isinstance(reading, str) else Said(name, reading)
