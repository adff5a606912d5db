"""The line in Redis: who waits, who is free, who owns which call, and the journal.

Rule: a commit is one script, written at most once. If its answer is lost, the same operation is asked once more on a
fresh connection, and Redis repeats the first answer instead of doing it again.

When Redis is full, what gives way is the journal: its newer half stays (at least ALWAYS_KEPT entries), as do the whole
floor, every call's state and owner. Then the commit is tried again, a snapshot entry is written, so that the floor
can be rebuilt from what was kept, and an alarm is raised. Only when nothing is left to trim does StoreDown come out.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from callrouter.engine.ports import Commit, Owner, Refused, Snapshot, StoredCall, Written
from callrouter.errors import StoreDown
from callrouter.journal import Entry
from callrouter.store.codec import clean, decode_entry, decode_things, encode_commit, require_whole
from callrouter.store.connect import LOST, Argument, RedisPlace, command, fresh_client, open_client, store_errors
from callrouter.store.follow import BLOCK_S, follow
from callrouter.store.keys import ANSWER_KEPT_MS, Keys
from callrouter.store.pipe import Pipe
from callrouter.store.scripts import COMMIT, LIVING, RENEW_LEASE, SNAPSHOT_ENTRY, TRIM, TRY_LOCK, Script
from callrouter.telephony import CallId

T = TypeVar("T")
Pairs = list[tuple[bytes, dict[bytes, bytes]]]

JOURNAL_MAX = 200_000
ALWAYS_KEPT = 1_000
"""Entries of the journal that even a full Redis keeps."""
SEARCHED = 500
"""Entries read at once when looking back for a SNAPSHOT."""
TRIES_WHEN_FULL = 20
"""More halvings than any journal needs to come down to ALWAYS_KEPT."""

_log = structlog.get_logger("store")


def log_alarm(message: str) -> None:
    _log.warning("line_alarm", message=message)


class RedisLine:
    """A Line (engine/ports.py); holds the connections, and a count for the names of its operations."""

    def __init__(
        self,
        place: RedisPlace,
        *,
        centre: str = "callrouter",
        journal_max: int = JOURNAL_MAX,
        on_alarm: Callable[[str], None] = log_alarm,
    ) -> None:
        self._place = place
        self._keys = Keys(centre)
        self._journal_max = journal_max
        self._alarm = on_alarm
        self._client = open_client(place)
        self._pipe = Pipe(place)
        self._watching: set[Pipe] = set()
        self._name = uuid.uuid4().hex[:12]
        self._operations = itertools.count()

    async def commit(self, commit: Commit, *, operation: str | None = None) -> Written | Refused:
        """Write all of it or nothing. A repeat with the same `operation` within a minute gets the first answer."""
        require_whole(commit)
        keys = self._keys
        did = keys.did(operation or f"{self._name}:{next(self._operations)}")
        answer, removed = await self._write(
            COMMIT,
            (keys.journal, keys.floor, keys.owners, keys.states, did),
            (encode_commit(commit), commit.state or b"", self._journal_max, ANSWER_KEPT_MS, commit.found or b""),
        )
        if removed:
            await self._snapshot_after_trim()
        verdict, _, said = answer.decode().partition(" ")
        return Written(said) if verdict == "written" else Refused(said)

    async def snapshot(self) -> Snapshot:
        things, newest = await self._together(
            ("HGETALL", self._keys.floor), ("XREVRANGE", self._keys.journal, "+", "-", "COUNT", 1)
        )
        return Snapshot(newest[0][0].decode() if newest else "", decode_things(things))

    async def follow(self, after: str) -> AsyncIterator[Entry]:
        """Every entry after a version, in order; see follow.py. Raises JournalGap if some of them are gone."""
        pipe = Pipe(self._place, waits_s=BLOCK_S)
        self._watching.add(pipe)
        try:
            async with aclosing(follow(pipe, self._keys, after)) as entries:  # type: ignore[type-var]
                async for entry in entries:
                    yield entry
        finally:
            self._watching.discard(pipe)
            pipe.close()

    async def entries(self, after: str = "", before: str = "", limit: int = 1000) -> Sequence[Entry]:
        first, last = f"({after}" if after else "-", f"({before}" if before else "+"
        return _entries(await self._command("XRANGE", self._keys.journal, first, last, "COUNT", limit))

    async def entries_back(self, before: str = "", limit: int = 1000) -> Sequence[Entry]:
        last = f"({before}" if before else "+"
        return _entries(await self._command("XREVRANGE", self._keys.journal, last, "-", "COUNT", limit))

    async def trim_before(self, version: str) -> int:
        """Forget what is older than the newest SNAPSHOT before this version; the number of entries that went."""
        snapshot = await self._snapshot_before(version)
        return int(await self._command("XTRIM", self._keys.journal, "MINID", snapshot)) if snapshot else 0

    async def calls(self) -> Sequence[StoredCall]:
        owners, states = await self._together(("HGETALL", self._keys.owners), ("HGETALL", self._keys.states))
        return [
            StoredCall(CallId(call.decode()), Owner(owner.decode()), states.get(call, b""))
            for call, owner in owners.items()
        ]

    async def renew_lease(self, owner: Owner, seconds: float) -> None:
        await self._run(RENEW_LEASE, (self._keys.leases,), (owner, _milliseconds(seconds)))

    async def end_lease(self, owner: Owner) -> None:
        await self._command("ZREM", self._keys.leases, owner)

    async def living(self) -> frozenset[Owner]:
        return frozenset(Owner(owner.decode()) for owner in await self._run(LIVING, (self._keys.leases,)))

    async def try_lock(self, name: str, owner: Owner, seconds: float) -> bool:
        """Asked once only: a repeat could not tell its own lock from another's."""
        with store_errors():
            taken = await TRY_LOCK.run(self._client, (self._keys.lock(clean(name)),), (owner, _milliseconds(seconds)))
        return bool(taken)

    async def write_snapshot_entry(self) -> str:
        """Write the whole floor into the journal (a chore for one worker, every few thousand entries); its id."""
        entry_id, _ = await self._write(SNAPSHOT_ENTRY, (self._keys.journal, self._keys.floor), (self._journal_max,))
        return str(entry_id.decode())

    async def shelve(self, name: str, document: bytes) -> None:
        await self._command("HSET", self._keys.shelf, name, document)

    async def unshelve(self, name: str) -> None:
        await self._command("HDEL", self._keys.shelf, name)

    async def shelved(self, name: str) -> bytes | None:
        found: bytes | None = await self._command("HGET", self._keys.shelf, name)
        return found

    async def shelf(self) -> Sequence[str]:
        return sorted(name.decode() for name in await self._command("HKEYS", self._keys.shelf))

    async def now_ms(self) -> int:
        seconds, microseconds = await self._command("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def health(self) -> Mapping[str, str]:
        memory, length, newest, trimmed = await self._together(
            ("INFO", "memory"),
            ("XLEN", self._keys.journal),
            ("XREVRANGE", self._keys.journal, "+", "-", "COUNT", 1),
            ("HGETALL", self._keys.trimmed),
        )
        return {
            "memory_used": str(memory["used_memory"]),
            "memory_bound": str(memory["maxmemory"]),
            "journal_entries": str(length),
            "version": newest[0][0].decode() if newest else "",
            "trims": trimmed.get(b"times", b"0").decode(),
            "last_trim_ms": trimmed.get(b"at", b"0").decode(),
            "last_trim_removed": trimmed.get(b"removed", b"0").decode(),
        }

    async def close(self) -> None:
        await self._client.aclose()
        for pipe in (self._pipe, *self._watching):
            pipe.close()

    async def _ask(self, question: Callable[[Redis], Awaitable[T]]) -> T:
        """Ask something that does no harm when asked twice: again on a fresh connection if the first was lost."""
        with store_errors():
            try:
                return await question(self._client)
            except LOST:
                async with fresh_client(self._place) as client:
                    return await question(client)

    async def _ask_script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """On the pipe, which connects anew if it was lost."""
        with store_errors():
            try:
                return await script.ask(self._pipe, keys, args)
            except LOST:
                return await script.ask(self._pipe, keys, args)

    async def _command(self, *parts: Argument) -> Any:
        return await self._ask(lambda client: command(client, *parts))

    async def _run(self, script: Script, keys: Sequence[str], args: Sequence[Argument] = ()) -> Any:
        return await self._ask(lambda client: script.run(client, keys, args))

    async def _together(self, *commands: tuple[Argument, ...]) -> list[Any]:
        """Several readings at one instant."""

        async def read(client: Redis) -> list[Any]:
            async with client.pipeline(transaction=True) as pipe:
                for parts in commands:
                    pipe.execute_command(*parts)
                return list(await pipe.execute())

        return await self._ask(read)

    async def _write(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> tuple[Any, int]:
        """Run a script that needs memory, trimming the journal if there is none; also returns the entries removed."""
        removed = 0
        for _ in range(TRIES_WHEN_FULL):
            try:
                return await self._ask_script(script, keys, args), removed
            except OutOfMemoryError:
                removed += await self._make_room()
        raise StoreDown("Redis is full, and trimming the journal did not help: raise redis.max_memory_mb")

    async def _snapshot_before(self, version: str) -> str:
        while version:
            page = await self._command("XREVRANGE", self._keys.journal, f"({version}", "-", "COUNT", SEARCHED)
            for entry_id, fields in page:
                if fields[b"word"] == b"SNAPSHOT":
                    return str(entry_id.decode())
            version = page[-1][0].decode() if page else ""
        return ""

    async def _make_room(self) -> int:
        removed = int(await self._run(TRIM, (self._keys.journal, self._keys.trimmed), (ALWAYS_KEPT,)))
        if removed < 0:
            text = "Redis is full and the journal is already as short as it may be: raise redis.max_memory_mb"
            self._alarm(text)
            raise StoreDown(text)
        if removed:
            self._alarm(f"Redis is full: the {removed} oldest journal entries were removed; raise redis.max_memory_mb")
        return removed

    async def _snapshot_after_trim(self) -> None:
        """The commit stands already, so a failure here is for the alarm only."""
        try:
            await self.write_snapshot_entry()
        except StoreDown as error:
            self._alarm(
                f"after the trim no snapshot entry could be written, older choices cannot be explained: {error}"
            )


def _entries(pairs: Pairs) -> list[Entry]:
    return [decode_entry(entry_id, fields) for entry_id, fields in pairs]


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
