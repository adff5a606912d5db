"""The directory: departments and merchants that callers may be put through to, and nobody else. YAML, and CSV tables.

Pure: text in, values out; the table's file is given by whoever reads files.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter, ValidationError

from callrouter.config import Trunk
from callrouter.config.words import Language, Name, Number, Part, TimeZone
from callrouter.documents import close_to, parse
from callrouter.errors import Problem
from callrouter.hours import Days, Windows, state_at

EntryId = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        json_schema_extra={"x-words": "small letters, digits, `_` and `-`: like accounting or shop-17"},
    ),
]
TableName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,60}\.csv$",
        json_schema_extra={"x-words": "a file beside this one, like merchants.csv"},
    ),
]
Week = dict[Days, Windows]
Kind = Literal["departments", "merchants"]
KINDS: tuple[Kind, ...] = ("departments", "merchants")
COLUMNS = ("id", "name", "numbers", "hours", "language")
MOST_ROWS = 100_000
_CALLABLE = re.compile(r"\+?[0-9]{5,15}")


class Entry(Part):
    """A department or a merchant."""

    name: str = Field(min_length=1, max_length=120)
    numbers: tuple[Number, ...] = Field(min_length=1, description="the first one is rung; all are known as theirs")
    hours: Week | None = Field(None, description='when they may be rung: mon-fri: "09:00-18:00"; without it: always')
    timezone: TimeZone | None = Field(None, description="of their hours; without it centre.timezone")
    language: Language | None = None
    trunk: Name | None = Field(None, description="through which they are rung; without it the directory's")


class DirectoryFile(Part):
    """The file that `directory` names."""

    trunk: Name = Field(description="through which everybody is rung; it needs `out` and its allowed_prefixes")
    departments: dict[EntryId, Entry] = Field(default={})
    merchants: dict[EntryId, Entry] = Field(default={})
    departments_table: TableName | None = Field(None, description="or a CSV file beside this one")
    merchants_table: TableName | None = Field(None, description="id, name, numbers, hours, language; one entry a line")


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody of the directory is rung."""

    id: str
    number: str
    """As the trunk wants it dialled."""
    trunk: str
    caller_number: str
    """What they see."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody, by id; `by_number` finds the id of a number without its plus."""

    trunk: str = ""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    by_number: Mapping[str, str] = field(default_factory=dict)

    def find(self, target: str) -> str | None:
        """The id that an id or a number stands for."""
        return target if target in self.entries else self.by_number.get(target.lstrip("+"))

    def kind_of(self, number: str) -> Kind | None:
        """Whether a caller's number is a merchant's or a department's."""
        found = self.by_number.get(number.lstrip("+"))
        return self.kinds[found] if found is not None else None

    def reach(self, target: str, now: datetime, trunks: Mapping[str, Trunk]) -> Reach | str:
        """How to ring them now, or why not: unknown, closed, forbidden."""
        found = self.find(target)
        if found is None:
            return "unknown"
        entry = self.entries[found]
        there = now.astimezone(ZoneInfo(entry.timezone)) if entry.timezone else now
        if entry.hours is not None and state_at(there, entry.hours) != "open":
            return "closed"
        trunk = entry.trunk or self.trunk
        out = trunks[trunk].out if trunk in trunks else None
        if out is None or not out.may_dial(entry.numbers[0]):
            return "forbidden"
        return Reach(found, out.dialled(entry.numbers[0]), trunk, out.caller_id)


def reach_number(number: str, name: str, trunks: Mapping[str, Trunk], own: Collection[str]) -> Reach | str:
    """How to ring a number that a caller gave, or why not: unknown, own (we would call ourselves), forbidden.
    The id of it is the number with its country code."""
    out = trunks[name].out if name in trunks else None
    if not _CALLABLE.fullmatch(number) or out is None:
        return "unknown"
    digits = out.international(number)
    if digits in own:
        return "own"
    return Reach(digits, out.dialled(digits), name, out.caller_id) if out.may_dial(digits) else "forbidden"


def read_directory(
    text: str | bytes, file: str, trunks: Mapping[str, Trunk], beside: Callable[[str], bytes | None]
) -> tuple[Directory, tuple[Problem, ...]]:
    """The directory and every problem; `beside` reads a table that lies beside the file."""
    document = parse(text, file)
    found, problems = document.check(DirectoryFile)
    if found is None:
        return Directory(), problems
    told: list[Problem] = []
    entries: dict[str, Entry] = {}
    kinds: dict[str, Kind] = {}
    for kind in KINDS:
        for id, entry, where in (
            *((id, entry, None) for id, entry in getattr(found, kind).items()),
            *_table(getattr(found, f"{kind}_table"), file, beside, told),
        ):
            place = where or document.problem((kind, id), "", of_key=True)
            if id in entries:
                told.append(_at(place, f"`{id}` was already given; every id once, in departments and merchants"))
            else:
                entries[id], kinds[id] = entry, kind
                told += [_at(place, words) for words in _fits(entry, found, trunks)]
    if found.trunk not in trunks:
        told.append(
            document.problem(("trunk",), f"there is no trunk `{found.trunk}`{close_to(found.trunk, list(trunks))}")
        )
    by_number: dict[str, str] = {}
    for id, entry in entries.items():
        for number in entry.numbers:
            by_number.setdefault(number.lstrip("+"), id)
    return Directory(found.trunk, entries, kinds, by_number), tuple(sorted([*problems, *told]))


def _at(place: Problem, message: str) -> Problem:
    return Problem(place.file, place.line, place.column, place.where, message)


def _fits(entry: Entry, file: DirectoryFile, trunks: Mapping[str, Trunk]) -> Iterator[str]:
    """Whether they can be rung at all."""
    name = entry.trunk or file.trunk
    trunk = trunks.get(name)
    if trunk is None:
        if entry.trunk is not None:
            yield f"there is no trunk `{name}`{close_to(name, list(trunks))}"
    elif trunk.out is None:
        yield f"the trunk {name} has no `out`, so nobody can be called through it"
    elif not trunk.out.may_dial(entry.numbers[0]):
        yield f"{entry.numbers[0]} begins with none of trunks.{name}.out.allowed_prefixes; add its prefix"


# --- tables ----------------------------------------------------------------------------------------------------------

Row = tuple[str, Entry, Problem]
_ID: TypeAdapter[str] = TypeAdapter(EntryId)
_DAY_HOURS = re.compile(r"([a-z]{3}(?:-[a-z]{3})?) ([0-9:,\- ]+)")


def _table(name: str | None, file: str, beside: Callable[[str], bytes | None], told: list[Problem]) -> Iterator[Row]:
    """The rows of a table; what is wrong with others is told with their line."""
    if name is None:
        return
    shown = str(PurePath(file).parent / name)
    data = beside(name)
    if data is None:
        told.append(Problem(shown, 0, 0, "", "there is no such file beside the directory; put it there"))
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        told.append(Problem(shown, 0, 0, "", "this is not UTF-8 text; save the table as CSV UTF-8"))
        return
    yield from _rows(text, shown, told)


def _rows(text: str, shown: str, told: list[Problem]) -> Iterator[Row]:
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if unknown := [name for name in columns if name not in COLUMNS]:
            told.append(Problem(shown, 1, 1, "", f"unknown column `{unknown[0][:40]}`{close_to(unknown[0], COLUMNS)}"))
        if missing := [name for name in COLUMNS[:3] if name not in columns]:
            told.append(Problem(shown, 1, 1, "", f"the column `{missing[0]}` is missing; the first line names them"))
            return
        for row in reader:
            place = Problem(shown, reader.line_num, 1, f"line {reader.line_num}", "")
            if reader.line_num > MOST_ROWS:
                told.append(_at(place, f"a table has at most {MOST_ROWS} lines"))
                return
            if any(cell.strip() for cell in row):
                found = _entry(columns, row)
                if isinstance(found, str):
                    told.append(_at(place, found))
                else:
                    yield (*found, place)
    except csv.Error as error:
        told.append(Problem(shown, reader.line_num, 1, "", f"this is not CSV: {error}"))


def _entry(columns: Sequence[str], row: Sequence[str]) -> tuple[str, Entry] | str:
    """One line, or what is wrong with it."""
    if len(row) != len(columns):
        return f"{len(row)} cells where the first line names {len(columns)}"
    cells = {name: cell.strip() for name, cell in zip(columns, row, strict=True)}
    try:
        hours = _hours(cells.get("hours", ""))
        entry = Entry(
            name=cells["name"],
            numbers=tuple(re.split(r"[\s;,]+", cells["numbers"])),
            hours=hours,
            language=cells.get("language") or None,
            timezone=None,
            trunk=None,
        )
        return _ID.validate_python(cells["id"]), entry
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        what = str(first["loc"][0]) if first["loc"] else "id"
        return f"the cell `{what}` does not fit: {first['msg'].removeprefix('Value error, ')}"
    except ValueError as error:
        return str(error)


def _hours(cell: str) -> Week | None:
    """`mon-fri 09:00-18:00; sat 10:00-14:00`."""
    if not cell:
        return None
    found: Week = {}
    for part in re.split(r"\s*;\s*", cell.strip("; ")):
        match = _DAY_HOURS.fullmatch(part)
        if match is None:
            raise ValueError(f"hours are written like `mon-fri 09:00-18:00; sat 10:00-14:00`, not `{part[:40]}`")
        found[match[1]] = match[2].strip()
    return found
