"""A folded call as rows of the history's tables, and back.

Rule: text from callers may hold anything but what PostgreSQL cannot keep, a NUL; it becomes the sign for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

import msgspec
from sqlalchemy import Table

from callrouter.reporting.facts import facts
from callrouter.reporting.record import CallRecord
from callrouter.reporting.stretches import Stretch
from callrouter.store.history import tables

Row = dict[str, object]
Rows = Mapping[Table, tuple[Row, ...]]

_CALL = tuple(column.name for column in tables.calls.columns if column.name != "record")
_decoder = msgspec.json.Decoder(CallRecord)


def rows_of(record: CallRecord) -> Rows:
    """Everything of a call but the row in `calls`, by table."""
    told = facts(record)
    return {
        tables.stays: _rows(tables.stays, told.stays),
        tables.offers: _rows(tables.offers, told.offers),
        tables.talks: _rows(tables.talks, told.talks),
        tables.steps: _rows(tables.steps, told.steps),
        tables.callbacks: _rows(tables.callbacks, told.callbacks),
        tables.recordings: tuple(_recordings(record)),
    }


def call_row(record: CallRecord) -> Row:
    row: Row = {name: _plain(getattr(record, name)) for name in _CALL}
    return {**row, "record": msgspec.json.encode(record).decode()}


def record_of(text: str) -> CallRecord:
    return _decoder.decode(text)


def stretch_row(stretch: Stretch) -> Row:
    return {field.name: _plain(getattr(stretch, field.name)) for field in fields(stretch)}


def _recordings(record: CallRecord) -> Iterable[Row]:
    for n, sound in enumerate(record.sounds):
        yield {
            "call": _plain(record.call),
            "n": n,
            "recording": _plain(sound.recording),
            "at_ms": sound.at_ms,
            "file": _plain(sound.file),
            "length_ms": round(sound.seconds * 1000),
            "sha256": _plain(sound.sha256),
            "problem": _plain(sound.problem),
            "remarks": _plain(sound.remarks),
        }


def _rows(table: Table, things: Iterable[object]) -> tuple[Row, ...]:
    """Fields and columns have the same names."""
    names = table.columns.keys()
    return tuple({name: _plain(getattr(thing, name)) for name in names} for thing in things)


def _plain(value: object) -> object:
    return str(value).replace("\x00", "\u2400") if isinstance(value, str) else value
