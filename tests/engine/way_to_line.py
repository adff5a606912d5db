"""One worker's way to the common line: it takes time, and on it a worker may die or an answer get lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from callrouter.engine.ports import Commit, Line, Owner, Refused, Snapshot, StoredCall, Written
from callrouter.errors import StoreDown
from callrouter.journal import Entry

TRAVEL_S = 0.0005


@dataclass(frozen=True)
class Wrote:
    """A commit and what came of it, in the diary of all that was written and done."""

    commit: Commit
    answer: Written | Refused


@dataclass(frozen=True)
class Tried:
    """A commit that did not reach the line, or whose answer did not reach us."""

    commit: Commit


class WayToLine:
    def __init__(self, line: Line, diary: list[object], operations: set[str]) -> None:
        """`operations` are those whose answer came back, on whichever way."""
        self._line = line
        self._operations = operations
        self._diary = diary
        self.dead = False
        self.loses_answers = False
        self.slow_s = 0.0
        """Added to everything that is asked."""

    async def commit(self, commit: Commit, *, operation: str | None = None) -> Written | Refused:
        await self._travel()
        known = operation in self._operations
        try:
            answer = await self._line.commit(commit, operation=operation)
        except StoreDown:
            self._diary.append(Tried(commit))
            raise
        if operation is not None:
            self._operations.add(operation)
        if not known:
            self._diary.append(Wrote(commit, answer))
        await self._travel()
        if self.loses_answers:
            self._diary.append(Tried(commit))
            raise StoreDown("the answer was lost on the way")
        return answer

    async def _travel(self) -> None:
        await asyncio.sleep(TRAVEL_S + self.slow_s)
        if self.dead:
            await asyncio.get_running_loop().create_future()

    async def snapshot(self) -> Snapshot:
        await self._travel()
        return await self._line.snapshot()

    async def follow(self, after: str) -> AsyncIterator[Entry]:
        async for entry in self._line.follow(after):
            await self._travel()
            yield entry

    async def entries(self, after: str = "", before: str = "", limit: int = 1000) -> Sequence[Entry]:
        await self._travel()
        return await self._line.entries(after, before, limit)

    async def entries_back(self, before: str = "", limit: int = 1000) -> Sequence[Entry]:
        await self._travel()
        return await self._line.entries_back(before, limit)

    async def trim_before(self, version: str) -> int:
        await self._travel()
        return await self._line.trim_before(version)

    async def write_snapshot_entry(self) -> str:
        await self._travel()
        return await self._line.write_snapshot_entry()

    async def calls(self) -> Sequence[StoredCall]:
        await self._travel()
        calls = await self._line.calls()
        await self._travel()
        return calls

    async def renew_lease(self, owner: Owner, seconds: float) -> None:
        await self._travel()
        await self._line.renew_lease(owner, seconds)

    async def end_lease(self, owner: Owner) -> None:
        await self._travel()
        await self._line.end_lease(owner)

    async def living(self) -> frozenset[Owner]:
        await self._travel()
        return await self._line.living()

    async def try_lock(self, name: str, owner: Owner, seconds: float) -> bool:
        await self._travel()
        return await self._line.try_lock(name, owner, seconds)

    async def shelve(self, name: str, document: bytes) -> None:
        await self._travel()
        await self._line.shelve(name, document)

    async def unshelve(self, name: str) -> None:
        await self._travel()
        await self._line.unshelve(name)

    async def shelved(self, name: str) -> bytes | None:
        await self._travel()
        return await self._line.shelved(name)

    async def shelf(self) -> Sequence[str]:
        await self._travel()
        return await self._line.shelf()

    async def now_ms(self) -> int:
        await self._travel()
        return await self._line.now_ms()

    async def health(self) -> Mapping[str, str]:
        await self._travel()
        return await self._line.health()

    async def close(self) -> None:
        """The line is shared; it stays open."""
