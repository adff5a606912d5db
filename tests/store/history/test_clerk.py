import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from callrouter.engine.ports import Commit, Owner
from callrouter.errors import StoreDown
from callrouter.journal import Entry, Word
from callrouter.store.history import database
from callrouter.store.history.clerk import Clerk
from callrouter.store.history.history import History
from callrouter.store.redis_line import RedisLine
from callrouter.telephony import CallId
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.store.history.books import content, opened
from tests.store.history.days import a_day
from tests.store.history.private_postgres import private_postgres, programs
from tests.store.private_redis import PrivateRedis, private_redis

DAY_MS = 86_400_000


def clerk_of(line: FakeLine, history: History, name: str = "clerk", page: int = 50) -> Clerk:
    return Clerk(line, history, Owner(f"{name}/1"), keep_ms=DAY_MS, page=page)


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    async with opened(tmp_path / "history.sqlite3") as found:
        yield found


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def line(clock: HandClock) -> FakeLine:
    return FakeLine(clock)


async def told_at_once(entries: Sequence[Entry], folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a history holds that was told everything in one page."""
    async with opened(folder / "at-once.sqlite3") as history:
        await history.write("", entries)
        return await content(history)


async def test_a_turn_takes_everything_there_is(
    line: FakeLine, clock: HandClock, history: History, tmp_path: Path
) -> None:
    await a_day(line, 20, 3, clock)
    clerk = clerk_of(line, history)
    assert await clerk.turn() == len(line.journal)
    assert await content(history) == await told_at_once(line.journal, tmp_path)
    clock.advance(1)
    assert await clerk.turn() == 0


async def test_one_clerk_works_at_a_time(line: FakeLine, clock: HandClock, history: History) -> None:
    await a_day(line, 2, 3, clock)
    assert await clerk_of(line, history, "first").turn() > 0
    await line.commit(Commit((Entry(Word.STARTED),)))
    assert await clerk_of(line, history, "second").turn() == 0
    clock.advance(1)
    assert await clerk_of(line, history, "second").turn() == 1


async def test_whoever_watches_is_told_of_what_was_written_and_once(
    line: FakeLine, clock: HandClock, history: History
) -> None:
    await a_day(line, 5, 3, clock)
    seen: list[Entry] = []
    clerk = Clerk(line, history, Owner("c/1"), keep_ms=DAY_MS, on_written=seen.extend, page=7)
    await clerk.turn()
    assert seen == line.journal


async def test_entries_that_were_lost_before_they_were_read_leave_a_gap_that_is_told(
    line: FakeLine, clock: HandClock, history: History
) -> None:
    await a_day(line, 2, 3, clock)
    clerk = clerk_of(line, history)
    await clerk.turn()
    read = line.journal[-1].id
    await a_day(line, 5, 4, clock)
    line.trim(10)
    clock.advance(1)
    assert await clerk.turn() == 10
    assert (await content(history))["gaps"] == [(read, line.journal[0].id, clock.now_ms())]
    assert await history.gaps() == 1
    clock.advance(1)
    await line.commit(Commit((Entry(Word.STARTED),)))
    assert await clerk.turn() == 1
    assert await history.gaps() == 1


async def test_a_journal_that_begins_anew_is_followed(clock: HandClock, history: History) -> None:
    old, new = FakeLine(clock), FakeLine(clock)
    await a_day(old, 1, 3, clock)
    await clerk_of(old, history).turn()
    assert await clerk_of(new, history).turn() == 0
    clock.advance(60)
    await a_day(new, 1, 4, clock)
    assert await clerk_of(new, history).turn() == len(new.journal)
    assert [row[0] for row in (await content(history))["calls"]] == ["c3-00000", "c4-00000"]


async def test_the_journal_keeps_what_is_young_what_is_unread_and_what_explains_living_calls(
    line: FakeLine, clock: HandClock, history: History
) -> None:
    async def snapshot_later(seconds: float) -> str:
        clock.advance(seconds)
        return await line.write_snapshot_entry()

    first, second = await snapshot_later(0), await snapshot_later(3600)
    clerk = clerk_of(line, history)
    await clerk.take_page()
    assert await clerk.trim() == 0  # young
    third = await snapshot_later(2 * DAY_MS / 1000)
    fourth = await snapshot_later(2 * DAY_MS / 1000)
    clock.advance(1)
    assert await clerk.trim() == 0  # unread beyond `second`, which is not older than itself
    assert [entry.id for entry in line.journal] == [first, second, third, fourth]
    await clerk.take_page()
    assert await clerk.trim() == 2
    assert [entry.id for entry in line.journal] == [third, fourth]


async def test_a_call_that_lives_keeps_the_floor_that_it_came_to(
    line: FakeLine, clock: HandClock, history: History
) -> None:
    kept = await line.write_snapshot_entry()
    clock.advance(1)
    arrived = Entry(Word.ARRIVED, call="c1")
    owner = Owner("w1/a")
    await line.commit(Commit((arrived,), call=CallId("c1"), owner=owner, before=Owner(""), state=b"x"))
    for _ in range(3):
        clock.advance(2 * DAY_MS / 1000)
        await line.write_snapshot_entry()
    clerk = clerk_of(line, history)
    await clerk.take_page()
    assert await clerk.trim() == 0
    assert line.journal[0].id == kept
    await line.commit(Commit((Entry(Word.ENDED, call="c1"),), call=CallId("c1"), owner=owner, ends=True))
    await clerk.take_page()
    assert await clerk.trim() == 3


async def test_a_store_or_a_database_that_is_down_is_asked_again(
    line: FakeLine, clock: HandClock, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callrouter.store.history.clerk.TURN_S", 0.01)
    await a_day(line, 3, 3, clock)
    line.down = True
    work = asyncio.create_task(clerk_of(line, history).run())
    await asyncio.sleep(0.05)
    with pytest.raises(StoreDown):
        await line.entries()
    line.down = False
    while await history.position() != line.journal[-1].id:
        clock.advance(1)
        await asyncio.sleep(0.01)
    work.cancel()


# --- killed at any instant ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateRedis]:
    with private_redis() as running:
        yield running


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed here")
    pytest.importorskip("asyncpg")
    with private_postgres() as url:
        yield url


class Mortals:
    """Children of mortals.py, two at a time; killed as chance has it, by their own pids."""

    def __init__(self, socket: Path, url: str) -> None:
        command = (sys.executable, "-m", "tests.store.history.mortals", str(socket), url)
        self._maker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pids: list[int] = []
        self.killed = 0

    def make(self) -> None:
        assert self._maker.stdin is not None
        assert self._maker.stdout is not None
        self._maker.stdin.write("\n")
        self._maker.stdin.flush()
        self.pids.append(int(self._maker.stdout.readline()))

    def kill(self, which: int = 0) -> None:
        os.kill(self.pids.pop(which), signal.SIGKILL)
        self.killed += 1

    def end(self) -> None:
        while self.pids:
            self.kill()
        self._maker.communicate(timeout=10)


@asynccontextmanager
async def dying_clerks(socket: Path, url: str, seed: int) -> AsyncIterator[Mortals]:
    """Two clerks at work at any time, one of which is killed every few milliseconds."""
    mortals, chance = Mortals(socket, url), random.Random(seed)

    async def fate() -> None:
        while True:
            await asyncio.to_thread(mortals.make)
            if len(mortals.pids) > 2:
                mortals.kill(chance.randrange(2))
            await asyncio.sleep(chance.uniform(0.03, 0.2))

    await asyncio.to_thread(mortals.make)  # it may take seconds to load everything
    work = asyncio.create_task(fate())
    try:
        yield mortals
    finally:
        work.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await work
        finally:
            mortals.end()


async def lived_through(url: URL | Path, server: PrivateRedis, folder: Path, calls: int, seed: int) -> int:
    """A day's journal, kept by clerks that are killed all the time, is in the end what one who lives would have kept;
    gives the number of those who died."""
    line = RedisLine(server.place)
    await line._command("FLUSHALL")
    everything: list[Entry] = []

    async def remember() -> None:
        everything.extend(await line.entries(after=everything[-1].id if everything else ""))
        await asyncio.sleep(0.004)

    async with opened(url) as history:
        shown = history.engine.url.set(drivername=history.engine.url.get_backend_name())
        async with dying_clerks(server.socket, shown.render_as_string(hide_password=False), seed) as mortals:
            await a_day(line, calls, seed, after_each=remember)
            while await history.position() != everything[-1].id:
                await asyncio.sleep(0.01)
        kept = await content(history)
        assert kept == await told_at_once(everything, folder)
        assert kept["gaps"] == []
        assert len(await line.entries()) < len(everything), "the journal was trimmed meanwhile"
    await line.close()
    return mortals.killed


@pytest.mark.contract
async def test_clerks_killed_at_any_instant_lose_nothing_and_enter_nothing_twice(
    server: PrivateRedis, tmp_path: Path
) -> None:
    assert await lived_through(tmp_path / "history.sqlite3", server, tmp_path, calls=80, seed=7) > 15


@pytest.mark.contract
async def test_the_same_in_postgresql(server: PrivateRedis, postgres: str, tmp_path: Path) -> None:
    url = database.place(postgres, Path())
    assert await lived_through(url, server, tmp_path, calls=40, seed=8) > 10
