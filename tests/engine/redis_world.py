"""A real Redis under virtual time: the shipped line and scripts, but the clock that they read is the test's.

Rule: time may jump only when Redis owes nobody an answer and every follower has had the news; while Redis is away or
stopped it owes nothing, so that every timeout and every patience runs out as it would.
"""

from __future__ import annotations

import asyncio
import hashlib
import selectors
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import redis

from callrouter.engine.ports import Commit, Owner, Refused, Written
from callrouter.journal import Entry
from callrouter.reporting.calls import journal_order
from callrouter.store.codec import decode_entry, decode_things
from callrouter.store.connect import Argument
from callrouter.store.follow import follow
from callrouter.store.keys import Keys
from callrouter.store.pipe import Pipe
from callrouter.store.redis_line import RedisLine
from callrouter.store.scripts import COMMIT, LIVING, RENEW_LEASE, SNAPSHOT_ENTRY, TRIM, TRY_LOCK, Script
from tests.engine.virtual_time import LoopClock
from tests.store.private_redis import PrivateRedis

T = TypeVar("T")

ANSWER_S = 2.0
"""Of real time: an answer that is longer on its way is taken for lost."""
NEWS_S = 0.005
FOR_EVER_S = 1e6
"""A follower's connection waits for news in real time, which stands still while ours jumps."""


@dataclass(eq=False)
class Follower:
    at: tuple[int, int]
    hungry: bool = False
    cut_off: bool = False


@dataclass
class Traffic:
    """What Redis owes to whom."""

    asked: int = 0
    away: bool = False
    newest: tuple[int, int] = (0, 0)
    followers: list[Follower] = field(default_factory=list)
    turns: int = 0
    """Turns of the loop: between two of them nothing changes."""

    def due_s(self) -> float:
        """How long to wait, in real time, for what comes."""
        if self.away:
            return 0.0
        if self.asked:
            return ANSWER_S
        return NEWS_S if any(self._behind()) else 0.0

    def _behind(self) -> Iterator[Follower]:
        return (one for one in self.followers if one.hungry and not one.cut_off and one.at < self.newest)

    def nothing_came(self) -> None:
        """Not to these: a follower whose connection was cut sleeps before it asks again."""
        for one in self._behind():
            one.cut_off = True

    @contextmanager
    def asking(self) -> Iterator[None]:
        self.asked += 1
        try:
            yield
        finally:
            self.asked -= 1

    def wrote(self, version: str) -> None:
        self.newest = max(self.newest, journal_order(version))


class _Selector(selectors.EpollSelector):
    def __init__(self, traffic: Traffic) -> None:
        super().__init__()
        self.now = 0.0
        self._traffic = traffic

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._traffic.turns += 1
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if due_s := self._traffic.due_s():
            ready = super().select(due_s)
            if ready:
                return ready
            self._traffic.nothing_came()
        if timeout is None:
            if ready := super().select(ANSWER_S):  # at the loop's end a thread says when it is done
                return ready
            raise RuntimeError("everybody sleeps and no timer is set: what this test waits for will never happen")
        self.now += max(0.0, timeout)
        return []


class RedisLoop(asyncio.SelectorEventLoop):
    def __init__(self, traffic: Traffic) -> None:
        self._clocked = _Selector(traffic)
        super().__init__(self._clocked)
        self.set_debug(False)

    def time(self) -> float:
        return self._clocked.now


NOW = "ARGV[#ARGV]"
NEWEST = "(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1] or {'0-0'})[1]"


class Clocked(Script):
    """A shipped script that is told the time, as its last argument."""

    def __init__(self, shipped: Script, *changes: tuple[str, str]) -> None:
        self.text = shipped.text
        for old, new in changes:
            assert old in self.text, f"the script has changed: {old}"
            self.text = self.text.replace(old, new)
        self._digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


TIME = ("redis.call('TIME')", f"{{math.floor({NOW} / 1000), {NOW} % 1000 * 1000}}")
CLOCKED = {
    COMMIT: Clocked(COMMIT, TIME, ("ARGV[3], '*',", f"ARGV[3], string.match({NEWEST}, '^%d+') .. '-*',")),
    SNAPSHOT_ENTRY: Clocked(
        SNAPSHOT_ENTRY,
        ("ARGV[1], '*',", f"ARGV[1], string.format('%d-*', math.max(string.match({NEWEST}, '^%d+'), {NOW})),"),
    ),
    RENEW_LEASE: Clocked(RENEW_LEASE, TIME),
    LIVING: Clocked(LIVING, TIME),
    TRIM: TRIM,
    TRY_LOCK: Clocked(
        TRY_LOCK,
        (
            "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0",
            f"if tonumber(redis.call('GET', KEYS[1]) or 0) > tonumber({NOW}) then return 0 end\n"
            f"redis.call('SET', KEYS[1], string.format('%d', {NOW} + ARGV[2]))\nreturn 1",
        ),
    ),
}


class ClockedLine(RedisLine):
    """One worker's own connections."""

    def __init__(self, server: PrivateRedis, centre: str, traffic: Traffic, clock: LoopClock) -> None:
        super().__init__(server.place, centre=centre)
        self._traffic, self._clock = traffic, clock

    async def commit(self, commit: Commit, *, operation: str | None = None) -> Written | Refused:
        answer = await super().commit(commit, operation=operation)
        if isinstance(answer, Written):
            self._traffic.wrote(answer.version)
        return answer

    async def write_snapshot_entry(self) -> str:
        version = await super().write_snapshot_entry()
        self._traffic.wrote(version)
        return version

    async def follow(self, after: str) -> AsyncIterator[Entry]:
        follower, pipe = Follower(journal_order(after)), Pipe(self._place, waits_s=FOR_EVER_S)
        entries = follow(pipe, self._keys, after)
        self._traffic.followers.append(follower)
        try:
            while True:
                follower.hungry = True
                entry = await anext(entries)
                follower.hungry, follower.cut_off, follower.at = False, False, journal_order(entry.id)
                yield entry
        finally:
            self._traffic.followers.remove(follower)
            await entries.aclose()  # type: ignore[attr-defined]
            pipe.close()

    async def try_lock(self, name: str, owner: Owner, seconds: float) -> bool:
        key = self._keys.lock(name)
        return bool(await self._run(TRY_LOCK, (key,), (owner, round(seconds * 1000))))

    async def now_ms(self) -> int:
        return self._clock.now_ms()

    async def _run(self, script: Script, keys: Sequence[str], args: Sequence[Argument] = ()) -> Any:
        return await super()._run(CLOCKED[script], keys, (*args, self._clock.now_ms()))

    async def _ask_script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        with self._traffic.asking():
            return await super()._ask_script(CLOCKED[script], keys, (*args, self._clock.now_ms()))

    async def _ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        with self._traffic.asking():
            return await super()._ask(question)


class SharedRedis:
    """Stands where tests.fakes.line.FakeLine stands in a Centre: the way to write, and what is in the store now."""

    def __init__(self, server: PrivateRedis, traffic: Traffic) -> None:
        self._journal: list[Entry] = []
        self._server, self._traffic = server, traffic
        self._centre = uuid.uuid4().hex
        self._keys = Keys(self._centre)
        self._reader: Any = redis.Redis(unix_socket_path=str(server.socket))
        self._lines: list[ClockedLine] = []
        self._looked = -1
        self._stopped = False
        self._things: dict[str, dict[str, str]] = {}
        self._held: dict[str, tuple[Owner, bytes]] = {}
        self._own = self.open()

    def open(self) -> ClockedLine:
        line = ClockedLine(self._server, self._centre, self._traffic, LoopClock())
        self._lines.append(line)
        return line

    async def commit(self, commit: Commit, *, operation: str | None = None) -> Written | Refused:
        return await self._own.commit(commit, operation=operation)

    # --- troubles ----------------------------------------------------------------------------------------------------

    @property
    def down(self) -> bool:
        return self._traffic.away

    @down.setter
    def down(self, down: bool) -> None:
        """Killed, with all that it has answered kept, and started again."""
        if down and not self._traffic.away:
            with suppress(redis.ConnectionError):  # the server answers by closing the connection
                self._reader.execute_command("SHUTDOWN", "SAVE")
            self._server.stop()
            self._traffic.away = True
        elif not down and self._traffic.away:
            if self._stopped:
                self._server.go_on()
            else:
                self._server.start()
            self._traffic.away = self._stopped = False
            self._reader.ping()

    def stop_answering(self) -> None:
        """When it goes on, it goes on with what lies in its sockets, also from those who have long given up."""
        if not self._traffic.away:
            self._server.pause()
            self._traffic.away = self._stopped = True

    def cut(self) -> None:
        """Every connection but our own is closed by the server, whatever is on its way there."""
        if not self._traffic.away:
            self._reader.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    # --- what is in it -----------------------------------------------------------------------------------------------

    @property
    def journal(self) -> list[Entry]:
        self.look()
        return self._journal

    @property
    def _floor(self) -> dict[str, dict[str, str]]:
        self.look()
        return self._things

    @property
    def _calls(self) -> dict[str, tuple[Owner, bytes]]:
        self.look()
        return self._held

    def look(self) -> None:
        """Floor, calls and journal of one instant; while Redis is away, of the last."""
        if self._traffic.away or self._looked == self._traffic.turns:
            return
        self._looked = self._traffic.turns
        after = f"({self._journal[-1].id}" if self._journal else "-"
        with self._reader.pipeline(transaction=True) as pipe:
            pipe.execute_command("XRANGE", self._keys.journal, after, "+")
            for key in (self._keys.floor, self._keys.owners, self._keys.states):
                pipe.execute_command("HGETALL", key)
            entries, things, owners, states = pipe.execute()
        self._journal += [decode_entry(entry_id, fields) for entry_id, fields in entries]
        self._things = decode_things(things)
        self._held = {call.decode(): (Owner(owner.decode()), states.get(call, b"")) for call, owner in owners.items()}

    async def close(self) -> None:
        """With whoever still asks: workers that were killed have left questions behind."""
        asking = asyncio.all_tasks() - {asyncio.current_task()}
        for task in asking:
            task.cancel()
        if asking:
            await asyncio.wait(asking, timeout=5)
        await asyncio.get_running_loop().shutdown_asyncgens()
        for line in self._lines:
            await line.close()
        self._reader.flushdb()
        self._reader.close()
