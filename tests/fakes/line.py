"""The line in memory: the same semantics as the one in Redis, proved by tests/contract/test_line.py.

Set `down` to make every method raise StoreDown, as if the server had gone.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from callrouter.engine.ports import Check, Clock, Commit, Owner, Refused, Snapshot, StoredCall, Written
from callrouter.errors import JournalGap, StoreDown
from callrouter.journal import NOW, Entry, FloorChange, Word
from callrouter.store.codec import clean, clean_fields, require_whole
from callrouter.telephony import CallId
from tests.fakes.clock import HandClock

Position = tuple[int, int]
START: Position = (0, 0)


class FakeLine:
    """Everything one process needs of a line, shared by all that hold the same object."""

    def __init__(self, clock: Clock | None = None, journal_max: int = 200_000) -> None:
        self.clock = clock or HandClock()
        self.journal: list[Entry] = []
        self.trimmed_to: Position = START
        """The last entry that has been trimmed."""
        self._down = False
        self._journal_max = journal_max
        self._floor: dict[str, dict[str, str]] = {}
        self._calls: dict[str, tuple[Owner, bytes]] = {}
        self._answers: dict[str, Written | Refused] = {}
        self._leases: dict[Owner, float] = {}
        self._locks: dict[str, tuple[Owner, float]] = {}
        self._shelf: dict[str, bytes] = {}
        self._operations = itertools.count()
        self._news = asyncio.Event()

    @property
    def down(self) -> bool:
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        self._tell()

    def open(self) -> FakeLine:
        """Another end of the same line."""
        return self

    async def commit(self, commit: Commit, *, operation: str | None = None) -> Written | Refused:
        self._require_up()
        require_whole(commit)
        operation = operation or f"own:{next(self._operations)}"
        if operation not in self._answers:
            self._answers[operation] = self._decide(commit)
        return self._answers[operation]

    async def snapshot(self) -> Snapshot:
        self._require_up()
        return Snapshot(self._version(), {thing: dict(fields) for thing, fields in self._floor.items()})

    async def follow(self, after: str) -> AsyncIterator[Entry]:
        last = _position(after)
        while True:
            self._require_up()
            if last not in (START, *map(_at, self.journal)) or last < self.trimmed_to:
                raise JournalGap(f"the journal no longer has the entries after {after!r}: take a new snapshot")
            fresh = [entry for entry in self.journal if _at(entry) > last]
            for entry in fresh:
                yield entry
                last = _at(entry)
            if not fresh:
                await self._news.wait()

    async def entries(self, after: str = "", before: str = "", limit: int = 1000) -> Sequence[Entry]:
        self._require_up()
        return self._between(after, before)[:limit]

    async def entries_back(self, before: str = "", limit: int = 1000) -> Sequence[Entry]:
        self._require_up()
        return self._between("", before)[::-1][:limit]

    async def trim_before(self, version: str) -> int:
        self._require_up()
        found = [entry for entry in self._between("", version) if version and entry.word is Word.SNAPSHOT]
        if not found:
            return 0
        gone = len(self._between("", found[-1].id))
        self.trim(len(self.journal) - gone)
        return gone

    async def calls(self) -> Sequence[StoredCall]:
        self._require_up()
        return [StoredCall(CallId(call), owner, state) for call, (owner, state) in self._calls.items()]

    async def renew_lease(self, owner: Owner, seconds: float) -> None:
        self._require_up()
        self._leases[owner] = self.clock.now_ms() + seconds * 1000

    async def end_lease(self, owner: Owner) -> None:
        self._require_up()
        self._leases.pop(owner, None)

    async def living(self) -> frozenset[Owner]:
        self._require_up()
        return frozenset(owner for owner, until in self._leases.items() if until > self.clock.now_ms())

    async def try_lock(self, name: str, owner: Owner, seconds: float) -> bool:
        self._require_up()
        now = self.clock.now_ms()
        if name in self._locks and self._locks[name][1] > now:
            return False
        self._locks[name] = (owner, now + seconds * 1000)
        return True

    async def write_snapshot_entry(self) -> str:
        self._require_up()
        self._append(Entry(Word.SNAPSHOT), {thing: dict(fields) for thing, fields in self._floor.items()})
        return self._version()

    async def shelve(self, name: str, document: bytes) -> None:
        self._require_up()
        self._shelf[name] = document

    async def unshelve(self, name: str) -> None:
        self._require_up()
        self._shelf.pop(name, None)

    async def shelved(self, name: str) -> bytes | None:
        self._require_up()
        return self._shelf.get(name)

    async def shelf(self) -> Sequence[str]:
        self._require_up()
        return sorted(self._shelf)

    async def now_ms(self) -> int:
        self._require_up()
        return self.clock.now_ms()

    async def health(self) -> Mapping[str, str]:
        self._require_up()
        return {
            "memory_used": "0",
            "memory_bound": "0",
            "journal_entries": str(len(self.journal)),
            "version": self._version(),
            "trims": "0",
            "last_trim_ms": "0",
            "last_trim_removed": "0",
        }

    async def close(self) -> None:
        self.down = True

    def _decide(self, commit: Commit) -> Written | Refused:
        if commit.call is not None:
            wanted = commit.owner if commit.before is None else commit.before
            if self._calls.get(clean(commit.call), ("", b""))[0] != clean(wanted or ""):
                return Refused("owner")
            if commit.found is not None and self._calls[clean(commit.call)][1] != commit.found:
                return Refused("state")
        for check in commit.checks:
            if not self._holds(check):
                return Refused(f"{clean(check.thing)}.{clean(check.field)}")
        left = {clean(check.thing) for check in commit.only_if if not self._holds(check)}
        change = {thing: fields for thing, fields in self._with_now(commit.floor).items() if thing not in left}
        for number, entry in enumerate(commit.entries):
            self._append(entry, change if number == 0 else {})
        self._apply(change)
        self._keep_call(commit)
        return Written(self._version() if commit.entries else "")

    def _holds(self, check: Check) -> bool:
        return self._floor.get(clean(check.thing), {}).get(clean(check.field), "") == clean(check.value)

    def _with_now(self, change: FloorChange) -> FloorChange:
        now = str(self.clock.now_ms())
        return {
            clean(thing): fields
            if fields is None
            else {name: now if value == NOW else value for name, value in clean_fields(fields).items()}
            for thing, fields in change.items()
        }

    def _apply(self, change: FloorChange) -> None:
        for thing, fields in change.items():
            if fields is None:
                self._floor.pop(thing, None)
            else:
                self._floor.setdefault(thing, {}).update(fields)

    def _keep_call(self, commit: Commit) -> None:
        if commit.call is None or commit.owner is None:
            return
        call = clean(commit.call)
        if commit.ends:
            self._calls.pop(call, None)
            return
        state = self._calls.get(call, ("", b""))[1] if commit.state is None else commit.state
        self._calls[call] = (Owner(clean(commit.owner)), state)

    def _append(self, entry: Entry, change: FloorChange) -> None:
        last = _at(self.journal[-1]) if self.journal else START
        now = self.clock.now_ms()
        at = (now, 0) if now > last[0] else (last[0], last[1] + 1)
        written = replace(
            entry,
            call=clean(entry.call),
            agent=clean(entry.agent),
            queue=clean(entry.queue),
            data=clean_fields(entry.data),
            floor=change,
            id=f"{at[0]}-{at[1]}",
            at_ms=at[0],
        )
        self.journal.append(written)
        self.trim(self._journal_max)
        self._tell()

    def trim(self, keep: int) -> None:
        """Forget all but the newest entries."""
        gone = self.journal[:-keep]
        if gone:
            self.trimmed_to = _at(gone[-1])
            del self.journal[: len(gone)]

    def _between(self, after: str, before: str) -> list[Entry]:
        first, last = _position(after), _position(before) if before else (2**64, 0)
        return [entry for entry in self.journal if first < _at(entry) < last]

    def _version(self) -> str:
        return self.journal[-1].id if self.journal else ""

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _require_up(self) -> None:
        if self._down:
            raise StoreDown("the line is down: the test said so")


def _position(version: str) -> Position:
    milliseconds, _, number = version.partition("-")
    return (int(milliseconds), int(number)) if version else START


def _at(entry: Entry) -> Position:
    return _position(entry.id)
