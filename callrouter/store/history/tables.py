"""The history's tables. Times are UTC milliseconds since 1970, durations milliseconds; 0 says that it has not happened.

A change here needs a step in migrations/versions/; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

metadata = MetaData()


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **more)


def _ms(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _of_call() -> tuple[Column[str], Column[int]]:
    """Which call, and which of its kind within the call."""
    return _text("call", primary_key=True), Column("n", Integer, nullable=False, primary_key=True, autoincrement=False)


progress = Table(
    "progress",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _text("version"),
)
"""One row: the newest journal entry that is in here. Written in the same transaction as what it told."""

gaps = Table("gaps", metadata, _text("after", primary_key=True), _text("before"), _ms("found_ms"))
"""Entries that the journal had lost before they came here: between these two."""

calls = Table(
    "calls",
    metadata,
    _text("call", primary_key=True),
    _ms("arrived_ms"),
    _text("number"),
    _text("caller"),
    _text("language"),
    _text("tree"),
    _text("version"),
    _text("how"),
    _ms("ended_ms"),
    _ms("in_tree_ms"),
    _ms("waited_ms"),
    _ms("talked_ms"),
    _text("fallback"),
    Column("whole", Boolean, nullable=False),
    _text("record"),
    Index("calls_arrived", "arrived_ms"),
)
"""`record` is the folded call as JSON, so that a late entry (a recording) finds it as the journal's reader left it."""

stays = Table(
    "stays",
    metadata,
    *_of_call(),
    _text("queue"),
    _ms("joined_ms"),
    _text("tree"),
    _text("problem"),
    _ms("left_ms"),
    _text("outcome"),
    _text("moved_to"),
    _text("agent"),
    _ms("waited_ms"),
    _ms("expected_at_ms"),
    _ms("p50_ms"),
    _ms("p90_ms"),
    Column("rang_back", Boolean, nullable=False),
    Index("stays_joined", "joined_ms"),
)

offers = Table(
    "offers",
    metadata,
    *_of_call(),
    _text("agent"),
    _text("queue"),
    _ms("at_ms"),
    _text("tree"),
    _text("problem"),
    _ms("rang_ms"),
    _ms("ended_ms"),
    _text("result"),
    Index("offers_at", "at_ms"),
)

talks = Table(
    "talks",
    metadata,
    *_of_call(),
    _text("agent"),
    _text("queue"),
    _ms("at_ms"),
    _text("tree"),
    _text("problem"),
    _ms("ended_ms"),
    _text("ended_by"),
    _ms("waited_ms"),
    _text("recording"),
    Index("talks_at", "at_ms"),
)

steps = Table(
    "steps",
    metadata,
    *_of_call(),
    _text("tree"),
    _text("node"),
    _ms("at_ms"),
    _text("came_by"),
    _ms("until_ms"),
    _text("left_by"),
    Index("steps_at", "at_ms"),
)

callbacks = Table(
    "callbacks",
    metadata,
    *_of_call(),
    _text("queue"),
    _ms("at_ms"),
    _text("tree"),
    _text("problem"),
    Column("dialled", Integer, nullable=False),
    _ms("reached_ms"),
    _text("outcome"),
    Index("callbacks_at", "at_ms"),
)

recordings = Table(
    "recordings",
    metadata,
    *_of_call(),
    _text("recording"),
    _ms("at_ms"),
    _text("file"),
    _ms("length_ms"),
    _text("sha256"),
    _text("problem"),
    _text("remarks"),
    Index("recordings_at", "at_ms"),
)

stretches = Table(
    "stretches",
    metadata,
    _text("agent", primary_key=True),
    _text("since", primary_key=True),
    _ms("begins_ms"),
    _ms("ends_ms"),
    _text("presence"),
    _text("reason"),
    _text("activity"),
    Column("reachable", Boolean, nullable=False),
    _text("call"),
    _text("queue"),
    Column("barred", Boolean, nullable=False),
    Index("stretches_begins", "begins_ms"),
    Index("stretches_ends", "ends_ms"),
    Index("stretches_call", "call"),
)
"""Every change of presence (with its reason) and activity begins one; `ends_ms` is 0 for the one that lasts."""
