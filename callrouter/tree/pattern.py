"""Patterns for texts that callers and other programs give: a small part of regular expressions, in linear time.

Characters, `.`, `[0-9a-f]`, `[^*]`, `\\d`, `\\w`, `( )`, `|`, `?`, `*`, `+`, `{4}`, `{2,6}`. The whole text must fit.
All ways are followed at once (Thompson 1968, "Regular expression search algorithm"), so no text can make it slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

MOST_STATES = 2_000
LONGEST_TEXT = 1_000
_DIGITS = frozenset("0123456789")
_WORD = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")

Accepts = Callable[[str], bool]


@dataclass(slots=True)
class State:
    """One step of the way: takes a character it accepts, or (without one) goes on freely."""

    accepts: Accepts | None = None
    after: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fragment:
    first: int
    last: int


class Pattern:
    """ValueError for what is no pattern, with what to do."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._states: list[State] = []
        whole = self._alternatives()
        if self._at < len(text):
            raise ValueError(f"a ) too many in the pattern {text!r}")
        self._first, self._last = whole.first, whole.last

    def fits(self, text: str) -> bool:
        """Whether the whole text fits; one that is too long does not."""
        if len(text) > LONGEST_TEXT:
            return False
        here = self._reach([self._first])
        for char in text:
            steps = [after for at in here for after in self._taken(at, char)]
            here = self._reach(steps)
        return self._last in here

    def _taken(self, at: int, char: str) -> list[int]:
        accepts = self._states[at].accepts
        return self._states[at].after if accepts is not None and accepts(char) else []

    def _reach(self, todo: list[int]) -> set[int]:
        found: set[int] = set()
        while todo:
            at = todo.pop()
            if at not in found:
                found.add(at)
                todo += self._states[at].after if self._states[at].accepts is None else []
        return found

    # --- reading the pattern -----------------------------------------------------------------------------------------

    def _alternatives(self) -> Fragment:
        ways = [self._row()]
        while self._next("|"):
            ways.append(self._row())
        if len(ways) == 1:
            return ways[0]
        last = self._state()
        for way in ways:
            self._states[way.last].after.append(last)
        return Fragment(self._state(after=[way.first for way in ways]), last)

    def _row(self) -> Fragment:
        first = last = self._state()
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = self._repeated()
            self._states[last].after.append(part.first)
            last = part.last
        return Fragment(first, last)

    def _repeated(self) -> Fragment:
        begin = self._at
        part = self._atom()
        end = self._at
        least, most = self._times()
        if (least, most) == (1, 1):
            return part
        return self._row_of(begin, end, part, least, most)

    def _row_of(self, begin: int, end: int, part: Fragment, least: int, most: int | None) -> Fragment:
        """The part `least` times, and then up to `most` times (None: as often as it comes)."""
        after_times = self._at
        parts = [part] + [self._again(begin, end) for _ in range(max(least, most or least, 1) - 1)]
        if most is None:
            parts += [self._again(begin, end)] if least else []
        self._at = after_times
        first = here = self._state()
        last = self._state()
        for number, each in enumerate(parts):
            if number >= least:
                self._states[here].after.append(last)
            self._states[here].after.append(each.first)
            here = each.last
        self._states[here].after.append(last)
        if most is None:
            self._states[here].after.append(parts[-1].first)
        if most == 0:
            self._states[first].after = [last]
        return Fragment(first, last)

    def _again(self, begin: int, end: int) -> Fragment:
        self._at = begin
        part = self._atom()
        assert self._at == end, "the same text is the same part"
        return part

    def _times(self) -> tuple[int, int | None]:
        for sign, times in (("?", (0, 1)), ("*", (0, None)), ("+", (1, None))):
            if self._next(sign):
                return self._not_twice(times)
        if not self._next("{"):
            return 1, 1
        inside, brace, _ = self._text[self._at :].partition("}")
        least, comma, most = inside.partition(",")
        if not brace or not least.isdecimal() or (comma and most and not most.isdecimal()):
            raise ValueError(f"{{{inside[:20]} in the pattern is not like {{4}} or {{2,6}}")
        self._at += len(inside) + 1
        found = (int(least), int(most or least) if not comma or most else None)
        if found[0] > 100 or (found[1] or 0) > 100 or (found[1] is not None and found[1] < found[0]):
            raise ValueError(f"{{{inside}}} in the pattern: from few to many, at most 100")
        return self._not_twice(found)

    def _not_twice(self, times: tuple[int, int | None]) -> tuple[int, int | None]:
        if self._text[self._at : self._at + 1] in ("?", "*", "+", "{"):
            raise ValueError("two signs of repetition in a row in the pattern; use brackets or leave one out")
        return times

    def _atom(self) -> Fragment:
        char = self._take()
        if char == "(":
            inside = self._alternatives()
            if not self._next(")"):
                raise ValueError("a ( in the pattern is never closed")
            return inside
        if char in "?*+{":
            raise ValueError(f"nothing stands before {char} in the pattern; write \\{char} for the sign itself")
        return self._one(self._accepts(char))

    def _accepts(self, char: str) -> Accepts:
        if char == ".":
            return lambda _: True
        if char == "\\":
            return _within(self._escaped())
        if char == "[":
            return self._bracket()
        return char.__eq__

    def _escaped(self) -> frozenset[str]:
        char = self._take()
        if char in "dw":
            return _DIGITS if char == "d" else _WORD
        if char.isalnum():
            raise ValueError(f"\\{char} is not known in a pattern; known are \\d and \\w")
        return frozenset(char)

    def _bracket(self) -> Accepts:
        without = self._next("^")
        signs = frozenset(self._signs())
        return (lambda char: char not in signs) if without else _within(signs)

    def _signs(self) -> Iterator[str]:
        while (char := self._take()) != "]":
            if char == "\\":
                yield from self._escaped()
            elif self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in (
                "]",
                "",
            ):
                self._at += 1
                until = self._take()
                if not ord(char) <= ord(until) <= ord(char) + 500:
                    raise ValueError(f"[{char}-{until}] in the pattern goes backwards or too far")
                yield from map(chr, range(ord(char), ord(until) + 1))
            else:
                yield char

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise ValueError(f"the pattern {self._text!r} ends too early; close its brackets")
        self._at += 1
        return self._text[self._at - 1]

    def _next(self, char: str) -> bool:
        found = self._text[self._at : self._at + 1] == char
        self._at += found
        return found

    def _one(self, accepts: Accepts) -> Fragment:
        last = self._state()
        return Fragment(self._state(accepts, [last]), last)

    def _state(self, accepts: Accepts | None = None, after: list[int] | None = None) -> int:
        if len(self._states) >= MOST_STATES:
            raise ValueError("the pattern is too large; use shorter repetitions")
        self._states.append(State(accepts, after or []))
        return len(self._states) - 1


def _within(signs: frozenset[str]) -> Accepts:
    return signs.__contains__


@lru_cache(maxsize=1_000)
def _pattern(text: str) -> Pattern:
    return Pattern(text)


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern (a good one)."""
    return _pattern(pattern).fits(text)
