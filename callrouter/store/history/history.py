"""The history's one writer. Rule: what journal entries tell and how far the journal was read are one transaction.

So entries may be read any number of times, and whoever reads may die at any instant: a page that is written already is
refused, and a page that is not has left nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callrouter.journal import Entry, Word
from callrouter.reporting.calls import add
from callrouter.reporting.record import CallRecord
from callrouter.reporting.stretches import Stretch, tell
from callrouter.store.history import database, rows
from callrouter.store.history.tables import calls, gaps, progress, stretches

AT_ONCE = 500
"""Names in one statement: SQLite takes 32766, some builds 999 (SQLite documentation, "Limits")."""


class Outrun(Exception):
    """Somebody else has written this page, or one after it: read the position again."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The journal lost what came between the position and these entries before it was read."""

    found_ms: int


class History:
    """Holds the connections; position and content are in the database alone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def prepare(self) -> None:
        await database.migrate(self.engine)

    async def position(self) -> str:
        """The newest entry that is in here; empty before the first."""
        return await database.reading(
            self.engine, lambda connection: connection.execute(select(progress.c.version)).scalar_one_or_none() or ""
        )

    async def gaps(self) -> int:
        """How often the journal had lost entries before they came here."""
        count = select(func.count()).select_from(gaps)
        return await database.reading(self.engine, lambda connection: int(connection.execute(count).scalar_one()))

    async def arrivals(self, wanted: Iterable[str]) -> Mapping[str, int]:
        """When each of these calls arrived, as far as they are in here."""
        found: dict[str, int] = {}
        for some in _batches(sorted(wanted)):
            found |= await database.reading(self.engine, partial(_arrivals, some))
        return found

    async def write(self, after: str, entries: Sequence[Entry], gap: Gap | None = None) -> None:
        """Take in the entries that follow the position `after`, once; Outrun if that is not the position."""
        async with database.writing(self.engine) as connection:
            await _move_on(connection, after, entries[-1].id)
            if gap:
                lost = {"after": after, "before": entries[0].id, "found_ms": gap.found_ms}
                await connection.execute(insert(gaps), [lost])
            await _take_calls(connection, entries)
            await _take_stretches(connection, entries)

    async def close(self) -> None:
        await self.engine.dispose()


def _arrivals(wanted: Sequence[str], connection: Connection) -> dict[str, int]:
    query = select(calls.c.call, calls.c.arrived_ms).where(calls.c.call.in_(wanted))
    return {call: ms for call, ms in connection.execute(query)}


async def _move_on(connection: AsyncConnection, after: str, to: str) -> None:
    """Compared and set: whoever comes second finds another position."""
    if after:
        moved = await connection.execute(update(progress).where(progress.c.version == after).values(version=to))
        if moved.rowcount != 1:
            raise Outrun(after)
        return
    if (await connection.execute(select(progress.c.id))).first() is not None:
        raise Outrun(after)
    await connection.execute(insert(progress), [{"id": 1, "version": to}])


async def _take_calls(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    before = await _records(connection, {entry.call for entry in entries if entry.call})
    after: dict[str, CallRecord] = {}
    for entry in entries:
        if entry.call:
            after[entry.call] = add(after.get(entry.call, before.get(entry.call)), entry)
    changed = {call: record for call, record in after.items() if record != before.get(call)}
    await _replace(connection, calls, changed, [rows.call_row(record) for record in changed.values()])
    was = {call: rows.rows_of(before[call]) if call in before else {} for call in changed}
    now = {call: rows.rows_of(record) for call, record in changed.items()}
    for table in {table: None for told in now.values() for table in told}:
        other = [call for call in changed if was[call].get(table, ()) != now[call][table]]
        await _replace(connection, table, other, [row for call in other for row in now[call][table]])


async def _records(connection: AsyncConnection, wanted: Iterable[str]) -> dict[str, CallRecord]:
    found: dict[str, CallRecord] = {}
    for some in _batches(sorted(wanted)):
        records = await connection.execute(select(calls.c.call, calls.c.record).where(calls.c.call.in_(some)))
        found |= {call: rows.record_of(text) for call, text in records}
    return found


async def _replace(connection: AsyncConnection, table: Table, of: Iterable[str], new: Sequence[rows.Row]) -> None:
    """These calls' rows in one table become these."""
    for some in _batches(list(of)):
        await connection.execute(delete(table).where(table.c.call.in_(some)))
    if new:
        await connection.execute(insert(table), list(new))


async def _take_stretches(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """The lasting stretches of everybody who is told of are written anew, ended or not."""
    everybody = any(entry.word is Word.SNAPSHOT for entry in entries)
    agents = {thing.partition(":")[2] for entry in entries for thing in entry.floor if thing.startswith("agent:")}
    before = {stretch.agent: stretch for stretch in await _lasting(connection, None if everybody else agents)}
    told = tell(before, entries)
    changed = {agent for agent in {*before, *told.lasting} if before.get(agent) != told.lasting.get(agent)}
    lasting = stretches.c.ends_ms == 0
    for some in _batches(sorted(changed & before.keys())):
        await connection.execute(delete(stretches).where(lasting, stretches.c.agent.in_(some)))
    new = [*told.over, *(told.lasting[agent] for agent in sorted(changed & told.lasting.keys()))]
    if new:
        await connection.execute(insert(stretches), [rows.stretch_row(stretch) for stretch in new])


async def _lasting(connection: AsyncConnection, agents: Iterable[str] | None) -> list[Stretch]:
    query = select(stretches).where(stretches.c.ends_ms == 0)
    if agents is None:
        return _stretches(await connection.execute(query))
    found: list[Stretch] = []
    for some in _batches(sorted(agents)):
        found += _stretches(await connection.execute(query.where(stretches.c.agent.in_(some))))
    return found


def _stretches(found: Iterable[Any]) -> list[Stretch]:
    return [Stretch(**row._mapping) for row in found]


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, AT_ONCE)):
        yield some
