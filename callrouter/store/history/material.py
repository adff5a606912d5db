"""What a report counts, read from the history as it goes: nothing is held in memory but the row at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, RowMapping, Select, Table, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from callrouter.reporting.facts import AskedBack, Offered, Outcome, Stay, Stepped, Talked
from callrouter.reporting.report import Material, Period
from callrouter.reporting.stretches import Stretch
from callrouter.store.history import tables

Fact = TypeVar("Fact", Offered, Stepped, AskedBack)
ROWS = 5_000


def material(connection: Connection, period: Period) -> Material:
    """Lazy: each kind is read when it is counted, within this connection."""
    return Material(
        stays=_stays(connection, period),
        offers=_facts(connection, period, tables.offers, Offered),
        talks=_talks(connection, period),
        steps=_facts(connection, period, tables.steps, Stepped),
        stretches=_stretches(connection, period),
        callbacks=_facts(connection, period, tables.callbacks, AskedBack),
    )


def _facts(connection: Connection, period: Period, table: Table, kind: type[Fact]) -> Iterator[Fact]:
    for row in _read(connection, select(table).where(_began(table.c.at_ms, period))):
        yield kind(**row)


def _stays(connection: Connection, period: Period) -> Iterator[Stay]:
    stays = tables.stays
    for row in _read(connection, select(stays).where(_began(stays.c.joined_ms, period))):
        yield Stay(**{**row, "outcome": Outcome(row["outcome"])})


def _talks(connection: Connection, period: Period) -> Iterator[Talked]:
    """With the work after each, which the agent's stretches know; one that lasts counts as far as it is."""
    talks, wraps = tables.talks, tables.stretches
    worked = _wrap_up(period).where(wraps.c.call == talks.c.call, wraps.c.agent == talks.c.agent).scalar_subquery()
    for row in _read(connection, select(talks, worked.label("wrap_ms")).where(_began(talks.c.at_ms, period))):
        yield Talked(**row)


def _wrap_up(period: Period) -> Select[tuple[int]]:
    wraps = tables.stretches
    ends = func.coalesce(func.nullif(wraps.c.ends_ms, 0), period.now_ms)
    return select(func.coalesce(func.sum(ends - wraps.c.begins_ms), 0)).where(wraps.c.activity == "WRAP_UP")


def _stretches(connection: Connection, period: Period) -> Iterator[Stretch]:
    """Those that touch the period."""
    found = tables.stretches
    touches = and_(found.c.begins_ms < period.ends_ms, or_(found.c.ends_ms == 0, found.c.ends_ms > period.begins_ms))
    for row in _read(connection, select(found).where(touches)):
        yield Stretch(**row)


def _began(column: Column[int], period: Period) -> ColumnElement[bool]:
    return and_(column >= period.begins_ms, column < period.ends_ms)


def _read(connection: Connection, query: Select[Any]) -> Iterator[RowMapping]:
    """Fields and columns have the same names."""
    yield from connection.execute(query, execution_options={"yield_per": ROWS}).mappings()
