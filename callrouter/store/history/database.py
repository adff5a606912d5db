"""How the history is opened and brought up to date: SQLite in a file, or PostgreSQL if the configuration says so.

SQLite in WAL mode lets reports read while the clerk writes. `synchronous` is FULL, not the usual NORMAL: that may lose
the last transactions when power fails (SQLite documentation, "PRAGMA synchronous"), and the journal may be trimmed by
then.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callrouter.errors import HistoryDown, SetupError

T = TypeVar("T")
BUSY_MS = 10_000
"""How long one writer waits for another."""
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_MIGRATION = 0x6361_6C6C
"""The name of PostgreSQL's lock under which one process at a time migrates: any number of our own will do."""


def place(url: str | None, file: Path, password: str | None = None) -> URL:
    """Where the history is: as configured, else in the run folder's file."""
    found = make_url(url) if url else URL.create("sqlite", database=str(file))
    named = found.set(drivername=DRIVERS[found.drivername])
    return named.set(password=password) if password else named


def open_history(url: URL) -> AsyncEngine:
    """Connections are made when first needed. Close with `dispose`."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    try:
        return create_async_engine(url, pool_pre_ping=True, pool_size=2)
    except ImportError as error:
        raise SetupError(
            "history.url is PostgreSQL: install its driver, `pip install 'callrouter[postgres]'`"
        ) from error


def _open_sqlite(url: URL) -> AsyncEngine:
    engine = create_async_engine(url)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Python's driver begins transactions late and not before CREATE TABLE; we begin them ourselves
        # (SQLAlchemy documentation, "Enabling Non-Legacy SQLite Transactional Modes").
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins by reading and then writes may fail at once instead of waiting its turn.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _told() -> Iterator[None]:
    """Whatever the database complains of is HistoryDown."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise HistoryDown(f"the history's database did not do as asked: {why}") from error


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction that will write: all of it or nothing."""
    with _told():
        async with engine.connect() as connection:
            await connection.execution_options(writes=True)
            async with connection.begin():
                yield connection


async def reading(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    """What `work` makes of the history at one moment."""
    with _told():
        async with engine.connect() as connection:
            return await connection.run_sync(work)


async def migrate(engine: AsyncEngine) -> None:
    """Bring the tables up to date, or make them; a step that fails leaves everything as it was."""
    with _told():
        _make_file(engine.url)
    async with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _MIGRATION})
        await connection.run_sync(upgrade)


async def is_up_to_date(engine: AsyncEngine) -> bool:
    """Whether the tables are those of this version."""

    def same(connection: Connection) -> bool:
        head = ScriptDirectory.from_config(_steps()).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head

    return await reading(engine, same)


def _steps() -> Config:
    config = Config()
    config.set_main_option("script_location", "callrouter.store.history:migrations")
    return config


def upgrade(connection: Connection, to: str = "head") -> None:
    """Step by step to this version of the tables."""
    config = _steps()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _make_file(url: URL) -> None:
    """Callers' numbers are in it: for this user only."""
    if url.get_backend_name() == "sqlite" and url.database:
        os.close(os.open(url.database, os.O_CREAT | os.O_RDWR, 0o600))
