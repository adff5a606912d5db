"""Histories of their own for tests, and everything that is in one, to be compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from callrouter.store.history import database
from callrouter.store.history.history import History
from callrouter.store.history.tables import metadata


@asynccontextmanager
async def opened(where: Path | URL) -> AsyncIterator[History]:
    """The history at this place, its tables up to date."""
    url = where if isinstance(where, URL) else database.place(None, where)
    history = History(database.open_history(url))
    try:
        await history.prepare()
        yield history
    finally:
        await history.close()


async def content(history: History) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in order."""

    def read(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table.name: sorted(tuple(row) for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
        }

    return await database.reading(history.engine, read)
