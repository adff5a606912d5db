import asyncio
import os
import stat
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from callrouter.errors import HistoryDown
from callrouter.reporting.calls import fold
from callrouter.store.history import database
from callrouter.store.history.history import Outrun
from callrouter.store.history.rows import record_of
from callrouter.store.history.tables import metadata
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.store.history.books import content, opened
from tests.store.history.days import a_day


async def a_line(calls: int = 20, seed: int = 1) -> FakeLine:
    clock = HandClock(1_700_000_000_000)
    line = FakeLine(clock)
    await a_day(line, calls, seed, clock)
    return line


async def test_the_tables_made_step_by_step_are_those_that_the_code_knows(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite3") as history:
        await history.prepare()  # again: nothing to do

        def differences(connection: Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(connection), metadata))

        assert await database.reading(history.engine, differences) == []


async def test_a_history_of_the_first_version_keeps_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite3"
    texts = ("call", "queue", "tree", "problem", "outcome", "moved_to", "agent")
    numbers = ("n", "joined_ms", "left_ms", "waited_ms")
    stay: dict[str, object] = {**dict.fromkeys(texts, "old"), **dict.fromkeys(numbers, 7)}
    columns, marks = ", ".join(stay), ", ".join(f":{name}" for name in stay)
    engine = database.open_history(database.place(None, file))
    async with database.writing(engine) as connection:
        await connection.run_sync(partial(database.upgrade, to="0001"))
        await connection.execute(text(f"INSERT INTO stays ({columns}) VALUES ({marks})"), stay)
    await engine.dispose()
    async with opened(file) as history:
        rows = await content(history)
        assert rows["stays"] == [("old", 7, "old", 7, "old", "old", 7, "old", "old", "old", 7, 0, 0, 0, False)]


async def test_the_file_is_for_its_user_only(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite3"):
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_is_kept_is_the_fold_of_the_journal_whatever_the_pages(tmp_path: Path) -> None:
    line = await a_line()
    kept = []
    for size in (1, 7, 100_000):
        async with opened(tmp_path / f"{size}.sqlite3") as history:
            for n in range(0, len(line.journal), size):
                await history.write(await history.position(), line.journal[n : n + size])
            kept.append(await content(history))
    assert kept[0] == kept[1] == kept[2]
    records = fold(line.journal)
    assert {row[0]: record_of(row[-1]) for row in kept[0]["calls"]} == records
    assert [len(kept[0][name]) for name in ("stays", "offers", "talks", "steps", "recordings", "callbacks")] == [
        sum(len(getattr(record, name)) for record in records.values())
        for name in ("visits", "offers", "talks", "path", "sounds", "asked_back")
    ]
    assert kept[0]["progress"] == [(1, line.journal[-1].id)]


async def test_a_page_that_is_written_already_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    line = await a_line(5)
    first, second = line.journal[:20], line.journal[20:]
    async with opened(tmp_path / "history.sqlite3") as history:
        await history.write("", first)
        await history.write(first[-1].id, second)
        before = await content(history)
        for after, page in (("", first), (first[-1].id, second), ("7-7", second)):
            with pytest.raises(Outrun):
                await history.write(after, page)
        assert await content(history) == before


async def test_of_several_writers_at_once_one_wins_each_page(tmp_path: Path) -> None:
    line = await a_line(10)
    file = tmp_path / "history.sqlite3"

    async def write_all() -> int:
        won = 0
        async with opened(file) as history:
            for n in range(0, len(line.journal), 9):
                after = line.journal[n - 1].id if n else ""
                try:
                    await history.write(after, line.journal[n : n + 9])
                    won += 1
                except Outrun:
                    while (await history.position()).split("-") == after.split("-"):
                        await asyncio.sleep(0)
        return won

    wins = await asyncio.gather(write_all(), write_all(), write_all())
    assert sum(wins) == -(-len(line.journal) // 9)
    async with opened(file) as history, opened(tmp_path / "alone.sqlite3") as alone:
        await alone.write("", line.journal)
        assert await content(history) == await content(alone)


async def test_a_page_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    line = await a_line(5)
    async with opened(tmp_path / "history.sqlite3") as history:
        await history.write("", line.journal[:10])
        before = await content(history)
        async with database.writing(history.engine) as connection:
            await connection.execute(
                text("CREATE TRIGGER full BEFORE INSERT ON stretches BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
            )
        with pytest.raises(HistoryDown, match="disk is full"):
            await history.write(line.journal[9].id, line.journal[10:])
        assert await content(history) == before


async def test_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "gone" / "history.sqlite3"
    with pytest.raises(HistoryDown, match="gone"):
        async with opened(folder):
            pass


def test_the_place_is_the_run_folders_file_or_what_is_configured() -> None:
    assert str(database.place(None, Path("/run/x"))) == "sqlite+aiosqlite:////run/x"
    url = database.place("postgresql://u@h/db", Path("x"), "s3cret")
    assert (url.drivername, url.password, url.database) == ("postgresql+asyncpg", "s3cret", "db")
    assert "s3cret" not in str(url)


async def test_readers_are_not_held_up_by_a_writer(tmp_path: Path) -> None:
    line = await a_line(3)
    async with opened(tmp_path / "history.sqlite3") as history, opened(tmp_path / "history.sqlite3") as reader:
        await history.write("", line.journal)
        async with database.writing(history.engine) as connection:
            await connection.execute(text("DELETE FROM calls"))
            assert len((await asyncio.wait_for(content(reader), 1))["calls"]) == 3
    assert os.path.getsize(tmp_path / "history.sqlite3") > 0  # noqa: PTH202
