"""Conditions over variables: `balance > 100 and not city in ["Omsk", "Tomsk"]`. A small language, never eval.

    or · and · not · == != < <= > >= · in [list] · not in · matches "pattern" · ( ) · "text" 12 0.5 true · variable

Comparing a text with a number is a mistake (found when the tree is loaded); a variable that has no value makes the
comparison it stands in false, so that `not (paid == true)` holds for somebody of whom nothing is known.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from callrouter.tree.pattern import Pattern, fits

Value = str | int | float | bool
Kind = str
"""text, number or bool"""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d{1,15}(?:\.\d{1,15})?)|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)|(?P<word>[a-z][a-z0-9_]*))"
)
_WORDS = ("and", "or", "not", "in", "matches", "true", "false")
MOST_DEPTH = 40
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value


Operand = Variable | Constant


@dataclass(frozen=True, slots=True)
class Compare:
    left: Operand
    sign: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Among:
    left: Operand
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    left: Operand
    pattern: str


@dataclass(frozen=True, slots=True)
class Holds:
    """A variable of its own: true or false."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Not:
    of: Condition


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


Condition = Compare | Among | Matches | Holds | Not | All | Either


@lru_cache(maxsize=2_000)
def parse_condition(text: str) -> Condition:
    """ValueError says what is wrong."""
    reader = _Reader(text)
    found = reader.either(0)
    if reader.here is not None:
        raise ValueError(f"{reader.here[:30]} is too much here; join conditions with and, or")
    return found


def holds(condition: Condition, variables: Mapping[str, Value]) -> bool:
    """Whether it holds with these variables."""
    match condition:
        case All(parts):
            return all(holds(part, variables) for part in parts)
        case Either(parts):
            return any(holds(part, variables) for part in parts)
        case Not(part):
            return not holds(part, variables)
        case Holds(operand):
            return _value(operand, variables) is True
        case Among(left, values):
            value = _value(left, variables)
            return value is not None and any(kind_of(value) == kind_of(one) and value == one for one in values)
        case Matches(left, pattern):
            value = _value(left, variables)
            return isinstance(value, str) and fits(pattern, value)
        case Compare(left, sign, right):
            one, other = _value(left, variables), _value(right, variables)
            if one is None or other is None or kind_of(one) != kind_of(other):
                return False
            return COMPARISONS[sign](one, other)


def _value(operand: Operand, variables: Mapping[str, Value]) -> Value | None:
    return operand.value if isinstance(operand, Constant) else variables.get(operand.name)


def kind_of(value: Value) -> Kind:
    if isinstance(value, bool):
        return "bool"
    return "text" if isinstance(value, str) else "number"


def variables_of(condition: Condition) -> Iterator[str]:
    """Every variable it looks at."""
    match condition:
        case All(parts) | Either(parts):
            for part in parts:
                yield from variables_of(part)
        case Not(part):
            yield from variables_of(part)
        case Holds(operand) | Among(operand, _) | Matches(operand, _):
            yield from (operand.name,) if isinstance(operand, Variable) else ()
        case Compare(left, _, right):
            yield from (each.name for each in (left, right) if isinstance(each, Variable))


def mistakes(condition: Condition, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """What can never hold, because the variables are of other kinds."""
    match condition:
        case All(parts) | Either(parts):
            for part in parts:
                yield from mistakes(part, kinds)
        case Not(part):
            yield from mistakes(part, kinds)
        case Holds(operand):
            yield from _not_of(operand, "bool", kinds, "stands alone, so it must be true or false")
        case Matches(operand, _):
            yield from _not_of(operand, "text", kinds, "`matches` is for text")
        case Among(operand, values):
            for kind in sorted({kind_of(value) for value in values}):
                yield from _not_of(operand, kind, kinds, f"the list holds a {kind}")
        case Compare(left, sign, right):
            one, other = _kind(left, kinds), _kind(right, kinds)
            if one and other and one != other:
                yield f"{_shown(left)} is {one} and {_shown(right)} is {other}; they are never {sign}"
            elif "bool" in (one, other) and sign not in ("==", "!="):
                yield "true and false are neither more nor less; use == or !="


def _not_of(operand: Operand, wanted: Kind, kinds: Mapping[str, Kind], why: str) -> Iterator[str]:
    kind = _kind(operand, kinds)
    if kind is not None and kind != wanted:
        yield f"{_shown(operand)} is {kind}: {why}"


def _kind(operand: Operand, kinds: Mapping[str, Kind]) -> Kind | None:
    return kind_of(operand.value) if isinstance(operand, Constant) else kinds.get(operand.name)


def _shown(operand: Operand) -> str:
    return operand.name if isinstance(operand, Variable) else repr(operand.value)


class _Reader:
    """Reads a condition from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    @property
    def here(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def either(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._next("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._next("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Condition:
        if depth > MOST_DEPTH:
            raise ValueError("the condition is nested too deep; use several cases")
        if self._next("not"):
            return Not(self._one(depth + 1))
        if self._next("("):
            inside = self.either(depth + 1)
            self._demand(")")
            return inside
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        if self._next("matches"):
            return Matches(left, self._pattern())
        if self._next("in"):
            return Among(left, self._list())
        if self.here == "not":
            self._at += 1
            self._demand("in")
            return Not(Among(left, self._list()))
        if self.here in COMPARISONS:
            sign = self._take()
            return Compare(left, sign, self._operand())
        return Holds(left)

    def _operand(self) -> Operand:
        token = self._take()
        if token in ("true", "false"):
            return Constant(token == "true")
        if token[0] in "\"'":
            return Constant(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if token[0].isdigit() or token[0] == "-":
            return Constant(float(token) if "." in token else int(token))
        if token[0].isalpha() and token not in _WORDS:
            return Variable(token)
        raise ValueError(f"a variable, a number or a text in quotes must stand where {token} stands")

    def _pattern(self) -> str:
        found = self._take()
        if found[0] not in "\"'":
            raise ValueError('after `matches` comes a pattern in quotes: matches "7[0-9]{10}"')
        Pattern(found[1:-1])
        return found[1:-1]

    def _list(self) -> tuple[Value, ...]:
        self._demand("[")
        found: list[Value] = []
        while not self._next("]"):
            operand = self._operand()
            if isinstance(operand, Variable):
                raise ValueError(f"a list holds texts in quotes and numbers, not the variable {operand.name}")
            found.append(operand.value)
            if self.here != "]":
                self._demand(",")
        if not found:
            raise ValueError("the list is empty; write something into it")
        return tuple(found)

    def _take(self) -> str:
        if self.here is None:
            raise ValueError("the condition ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _next(self, token: str) -> bool:
        found = self.here == token
        self._at += found
        return found

    def _demand(self, token: str) -> None:
        if not self._next(token):
            raise ValueError(f"{token} is missing before {self.here or 'the end'}")


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(
                f"{text[at:].strip()[:20]} cannot stand in a condition; text goes in quotes, and == compares"
            )
        yield match[match.lastgroup or 0]
        at = match.end()
