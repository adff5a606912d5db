"""YAML text → plain values with the place of every one of them. What YAML 1.1 and 1.2 read differently is a problem.

Works on libyaml's events, one by one and without recursion: no depth, size, alias or odd byte can crash or stall it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from callrouter.documents.surprises import LOST_KEY, QUOTE, resolve, syntax_words

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
KeyPath = tuple[str | int, ...]
"""Where a value is: the keys and list positions that lead to it."""

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 20
MAX_EVENTS = 400_000


class Place(NamedTuple):
    """Line and column count from 1, as editors do."""

    file: str
    line: int
    column: int


class Note(NamedTuple):
    """Something wrong at a place, and at a key path if it is about a value."""

    place: Place
    message: str
    path: KeyPath | None = None


@dataclass(slots=True)
class Composed:
    """What was read, where each key and value stands, and what is wrong."""

    value: Value = None
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    """What is wrong. A value with a note is not worth a second complaint."""
    whole: bool = False
    """Read to its end: what is missing is really missing."""


class _Stop(Exception):
    """There is no sense in reading on; the problem has been noted."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled."""

    holder: dict[str, Value] | list[Value]
    path: KeyPath
    key: str | None = None


def compose(text: str, file: str) -> Composed:
    """Read one YAML document. Never raises: whatever is wrong is in `notes`."""
    builder = _Builder(file, text)
    try:
        builder.read_all()
        builder.made.whole = True
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        builder.note_syntax(error)
    except (yaml.YAMLError, UnicodeError) as error:
        builder.note_odd_character(error)
    builder.note_lost_keys()
    return builder.made


class _Builder:
    """Takes events in order and fills the frames on its stack."""

    def __init__(self, file: str, text: str) -> None:
        self.made = Composed()
        self._file, self._text, self._lines = file, text, text.split("\n")
        self._stack: list[_Frame] = []
        self._documents = 0
        self._texts: set[int] = set()  # lines inside texts that span several lines

    def read_all(self) -> None:
        if len(self._text) > MAX_CHARACTERS:
            self._stop(Place(self._file, 1, 1), f"the file is longer than {MAX_CHARACTERS:,} characters; split it")
        for count, event in enumerate(yaml.parse(self._text, Loader=yaml.CSafeLoader)):
            if count > MAX_EVENTS:
                self._stop(self._place(event), f"the file has more than {MAX_EVENTS:,} pieces; split it")
            self._take(event)

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(self._place(event), "a second document begins here (`---`); keep one in a file")
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._stack.pop()
            case yaml.AliasEvent():
                self._take_alias(event)
            case yaml.ScalarEvent():
                self._take_scalar(event)

    def _open(self, holder: dict[str, Value] | list[Value], event: yaml.CollectionStartEvent) -> None:
        place = self._place(event)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(place, f"nested deeper than {MAX_DEPTH} levels")
        if self._wants_key():
            self._stop(place, "a key must be a word or a number, not a list or a group of keys")
        path = self._put(holder, place)
        self._complain_of_extras(event, path)
        self._stack.append(_Frame(holder, path))

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        place, written = self._place(event), f"*{event.anchor}"
        if self._wants_key():
            self._stop(place, f'`{written}` has a meaning of its own in YAML; put it in quotes: "{written}"')
        message = f'`{written}` has a meaning of its own in YAML: if it is meant as text, write "{written}" in quotes'
        self._note(place, f"{message}; references to other places are not supported", self._put(None, place))

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        place, plain = self._place(event), not event.style
        if not plain and event.end_mark is not None:
            self._texts.update(range(place.line, event.end_mark.line + 1))
        value, surprise = resolve(event.value) if plain else (event.value, None)
        if self._wants_key():
            self._take_key(event, value, surprise, place)
            return
        path = self._put(value, place)
        self._complain_of_extras(event, path)
        if surprise:
            self._note(place, f"`{event.value[:40]}` is not clear: {surprise}", path)
        elif plain and not event.value and self._is_lone_hash(place):
            self._note(place, 'nothing is written here: `#` begins a comment; put it in quotes: "#"', path)

    def _take_key(self, event: yaml.ScalarEvent, value: Value, surprise: str | None, place: Place) -> None:
        frame, key = self._stack[-1], event.value
        path = (*frame.path, key)
        plain_odd = not event.style and (value is None or isinstance(value, bool | float))
        if surprise or plain_odd:
            self._note(place, f"the key `{key[:40]}` is not clear: {surprise or QUOTE}", path)
        elif key == "<<" and not event.style:
            self._note(place, "`<<` (taking keys from elsewhere) is not supported; write the keys out", path)
        elif isinstance(frame.holder, dict) and key in frame.holder:
            first = self.made.keys[path].line
            self._note(place, f"the key `{key[:40]}` was already given in line {first}; keep one of them", path)
        self._complain_of_extras(event, path)
        frame.key = key
        self.made.keys.setdefault(path, place)

    def _put(self, value: Value, place: Place) -> KeyPath:
        """Store a value where it belongs; of two with the same key the first stays."""
        path: KeyPath = ()
        frame = self._stack[-1] if self._stack else None
        if frame is None:
            self.made.value = value
        elif isinstance(frame.holder, list):
            path = (*frame.path, len(frame.holder))
            frame.holder.append(value)
        else:
            key, frame.key = frame.key or "", None
            path = (*frame.path, key)
            frame.holder.setdefault(key, value)
        self.made.values.setdefault(path, place)
        return path

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].holder, dict) and self._stack[-1].key is None

    def _complain_of_extras(self, event: yaml.NodeEvent, path: KeyPath) -> None:
        if event.anchor is not None:
            self._note(self._place(event), f"`&{event.anchor[:40]}`: references are not supported; write it out", path)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self._note(self._place(event), f"`{tag[:40]}`: tags are not supported; write the plain value", path)

    def _is_lone_hash(self, place: Place) -> bool:
        return self._rest_of_line(place).strip() in ("#", ": #")

    def _rest_of_line(self, place: Place) -> str:
        # libyaml also ends lines at U+0085 and U+2028, so its count may run ahead of ours
        return self._lines[place.line - 1][place.column - 1 :] if place.line <= len(self._lines) else ""

    def note_lost_keys(self) -> None:
        """`#: repeat` is a comment to YAML, and the option silently gone."""
        for number, line in enumerate(self._lines):
            if "#" in line and LOST_KEY.match(line) and number not in self._texts:
                place = Place(self._file, number + 1, line.index("#") + 1)
                self._note(place, '`#` begins a comment, so this line is lost; write "#" in quotes')

    def note_syntax(self, error: yaml.MarkedYAMLError) -> None:
        told = f"{error.context or ''} {error.problem or ''}"
        words = syntax_words(told)
        begins_earlier = error.context_mark is not None and "begins here" in words
        mark = error.context_mark if begins_earlier else error.problem_mark or error.context_mark
        place = Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file, 1, 1)
        self._note(place, "indent with spaces, not with tabs" if self._rest_of_line(place)[:1] == "\t" else words)

    def note_odd_character(self, error: Exception) -> None:
        position = getattr(error, "position", getattr(error, "start", 0))
        before = self._text[:position] if isinstance(position, int) else ""
        place = Place(self._file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        self._note(place, "an invisible control character stands here; delete it")

    def _note(self, place: Place, message: str, path: KeyPath | None = None) -> None:
        self.made.notes.append(Note(place, message, path))

    def _stop(self, place: Place, message: str) -> None:
        self._note(place, message)
        raise _Stop

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file, 1, 1)


def dotted(path: KeyPath) -> str:
    """`agents.anna.queues[2]`: a path as people write it; list positions count from 1."""
    return "".join(_steps(path))


def _steps(path: KeyPath) -> Iterator[str]:
    for number, step in enumerate(path):
        if isinstance(step, int):
            yield f"[{step + 1}]"
        else:
            yield f".{step[:60]}" if number else step[:60]
