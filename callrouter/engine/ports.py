"""The pieces of the world as the engine sees them. Real adapters and fakes pass the same contract tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType, Protocol

from callrouter.calls.call import Call, Message
from callrouter.journal import Entry, FloorChange
from callrouter.telephony import CallId, Command, LegId, PhoneId, SwitchEvent
from callrouter.tree.model import Lookup, Value
from callrouter.tree.walk import LookedUp

Owner = NewType("Owner", str)
"""`<worker>/<instance>`: a worker's name and a random word made at its start. The whole of it owns calls, so that
a process that was paused and replaced cannot write over its successor's work."""


@dataclass(frozen=True, slots=True)
class Check:
    """A field of a thing on the floor that must have this value, or nothing of the commit is written (of those in
    `only_if`: nothing of this thing)."""

    thing: str
    field: str
    value: str
    """Empty also stands for `there is no such field or thing`."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one step changes, written all together or not at all: state before side effects.

    With `call`, the writer must own the call: `owner` is compared, `before` (adoption) says whom it is taken from,
    and `before=""` creates the call, which must not exist yet. `found` is the state that the adopter read: it must
    still be the call's, to which the one before may have written a last time. `state=None` leaves the state as it is;
    `ends=True` removes call and state. The floor change is stored with the first entry, so it needs one.
    A thing of which an `only_if` does not hold stays as it is; all else is written.
    """

    entries: tuple[Entry, ...] = ()
    floor: FloorChange = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    only_if: tuple[Check, ...] = ()
    call: CallId | None = None
    owner: Owner | None = None
    before: Owner | None = None
    found: bytes | None = None
    state: bytes | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """The commit stands. `version` is the floor's version after it: the id of the last entry written, or empty."""

    version: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written, because of this: `owner`, `state`, or `<thing>.<field>` of the check that failed."""

    why: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live floor at one version."""

    version: str
    things: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class StoredCall:
    call: CallId
    owner: Owner
    state: bytes


class Line(Protocol):
    """Who waits, who is free, who owns which call, and the journal: shared by all workers.

    Every method raises StoreDown when the store does not answer in time. A commit is written at most once; when it
    raises StoreDown it may stand or not, and the store has to be read again before acting on either.
    """

    async def commit(self, commit: Commit, *, operation: str | None = None) -> Written | Refused:
        """Write all of it or nothing. A repeat with the same `operation` within a minute gets the first answer."""
        ...

    async def snapshot(self) -> Snapshot: ...

    def follow(self, after: str) -> AsyncIterator[Entry]:
        """Every entry written after the version `after`, in order, waiting for new ones.

        Ends only by StoreDown; by its kind JournalGap when some of those entries are gone: take a new snapshot.
        """
        ...

    async def entries(self, after: str = "", before: str = "", limit: int = 1000) -> Sequence[Entry]:
        """Entries with after < id < before, oldest first (either bound may be empty)."""
        ...

    async def entries_back(self, before: str = "", limit: int = 1000) -> Sequence[Entry]:
        """Entries with id < before, newest first."""
        ...

    async def write_snapshot_entry(self) -> str:
        """Write the whole floor into the journal (a chore for one worker, now and then); the entry's id."""
        ...

    async def trim_before(self, version: str) -> int:
        """Forget entries older than `version`; how many. The newest SNAPSHOT before it and all after that stay, so that
        the floor at `version` and later can still be rebuilt; without such a SNAPSHOT nothing goes."""
        ...

    async def calls(self) -> Sequence[StoredCall]:
        """Every call that has not ended."""
        ...

    async def renew_lease(self, owner: Owner, seconds: float) -> None:
        """Say that this worker lives, for so long."""
        ...

    async def end_lease(self, owner: Owner) -> None: ...

    async def living(self) -> frozenset[Owner]:
        """The workers whose lease has not run out."""
        ...

    async def try_lock(self, name: str, owner: Owner, seconds: float) -> bool:
        """True for one caller at a time: small chores that only one worker should do."""
        ...

    async def shelve(self, name: str, document: bytes) -> None:
        """Keep a document (a published tree) for all workers, under a name that begins with its kind and a `/`."""
        ...

    async def unshelve(self, name: str) -> None: ...

    async def shelved(self, name: str) -> bytes | None: ...

    async def shelf(self) -> Sequence[str]:
        """The names of all documents, in order."""
        ...

    async def now_ms(self) -> int:
        """The store's clock."""
        ...

    async def health(self) -> Mapping[str, str]:
        """Figures for the doctor and for alarms: memory_used and memory_bound (bytes, 0 is unbounded), journal_entries,
        version, and the emergency trims of a full store: trims (count), last_trim_ms, last_trim_removed."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class HeldLeg:
    """A leg that the switch still holds, seen after a (re)connection. `worker` is the name it reports to."""

    leg: LegId
    worker: str
    bridged: bool


class Switch(Protocol):
    """The telephone switch. Outcomes of commands come as events through the `listen` callback, per leg in the order in
    which they happened; the callback never blocks."""

    def listen(self, on_event: Callable[[SwitchEvent], None]) -> None: ...

    async def perform(self, call: CallId, command: Command) -> None:
        """Carry out one command. Returns when the switch accepted it; commands of one call are carried out in order.

        Raises LegGone, CommandRefused, SwitchDown.
        """
        ...

    def set_admission(self, admit: Callable[[], bool]) -> None:
        """Asked (without waiting) for every new call: False leaves it to other workers or to the fallback."""
        ...

    async def held(self) -> Sequence[HeldLeg]:
        """Every leg in the hands of any callrouter worker, dead ones included."""
        ...

    async def reachable_phones(self) -> frozenset[PhoneId]: ...


class Lookups(Protocol):
    """Other programs (a CRM, a service desk), asked over HTTP."""

    async def look_up(self, lookup: Lookup, values: Mapping[str, Value], secrets: Mapping[str, str]) -> LookedUp:
        """The answer's values, or why there are none, within `lookup.timeout_s`; never raises for what is not ours."""
        ...


class Messages(Protocol):
    """Where messages that callers left are kept for their groups."""

    async def keep(self, call: Call, message: Message) -> Entry:
        """Take it from the switch and file it; the journal's entry of it, or of why that was not possible."""
        ...


class Clock(Protocol):
    """Wall time in milliseconds since 1970 (UTC); tests turn it by hand."""

    def now_ms(self) -> int: ...
