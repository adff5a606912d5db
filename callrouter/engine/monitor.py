"""The worker's pulse: its lease, the lives of the others, admission, repair of what cannot be.

every 0.5 s   renew the lease; a lease that ran out elsewhere → take over its calls
every 2 s     may we take new callers? (store, calls, sound ports, files, disk)
every 5 s     one worker repairs: agents held by calls that do not exist, waiting calls without a call
every 10 s    legs of ours that no call knows; is the store nearly full? (one worker raises the alarm); a canary
              that does worse than its bound goes; a roster that the store has lost is brought back
every 10 min  one worker journals the whole floor, so that `explain` can begin there
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Floor
from callrouter.config import Config
from callrouter.engine.ports import Check, Commit, Line, Owner
from callrouter.engine.recover import Recovery
from callrouter.errors import CallrouterError, StoreDown
from callrouter.journal import Entry, Word

log = structlog.get_logger()

Chore = Callable[[], Awaitable[None]]

PULSE_S = 0.5
LEASE_S = 2.0
ADMISSION_S = 2.0
REPAIR_S = 5.0
TIDY_S = 10.0
SNAPSHOT_S = 600.0
PORTS_PER_CALL = 4
"""Caller and agent, sound and its control protocol (RFC 3550) each."""


ALARM_SHARE = 0.8
"""Of the store's memory: beyond it the journal will soon have to give way."""


def share_used(health: Mapping[str, str]) -> float:
    """How much of the store's memory is used, 0.0 to 1.0; 0.0 where it has no bound."""
    bound = int(health["memory_bound"])
    return int(health["memory_used"]) / bound if bound else 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """Whether one more caller can be served well, and if not, why."""

    calls_at_most: int
    full: str = ""


class Admission:
    """Asked by the switch, without waiting, for every new call."""

    def __init__(self, config: Config, recordings: Path) -> None:
        self._config = config
        self._recordings = recordings
        self._room = Room(0, "starting")
        self.store_answers = False

    def may_enter(self, calls: int) -> bool:
        """May one more caller come to this worker, which has so many?"""
        return self.store_answers and not self._room.full and calls < self._room.calls_at_most

    def look(self, workers: int) -> None:
        """Measure anew, with so many workers sharing the sound ports."""
        room = self._measure(max(1, workers))
        if room.full != self._room.full:
            log.warning("admission", full=room.full or "no", calls_at_most=room.calls_at_most)
        self._room = room

    def close(self) -> None:
        self._room = Room(0, "stopping")

    def _measure(self, workers: int) -> Room:
        limits, sip = self._config.limits, self._config.sip
        ports = (sip.rtp_last - sip.rtp_first + 1) // PORTS_PER_CALL // workers
        calls = min(limits.calls, ports)
        free_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        free_mb = shutil.disk_usage(self._recordings).free // 2**20
        if free_files < limits.free_files:
            return Room(calls, f"only {free_files} file descriptors are free (limits.free_files)")
        if free_mb < limits.free_disk_mb:
            return Room(calls, f"only {free_mb} MB are free where recordings land (limits.free_disk_mb)")
        return Room(calls)


class Monitor:
    def __init__(
        self,
        line: Line,
        owner: Owner,
        floor: Floor,
        recovery: Recovery,
        admission: Admission,
        also: Sequence[Chore] = (),
    ) -> None:
        self._also = tuple(also)
        self._line = line
        self._owner = owner
        self._floor = floor
        self._recovery = recovery
        self._admission = admission
        self._living: frozenset[Owner] = frozenset()
        self._unsure_until = 0.0
        self._suspects: list[Commit] = []

    async def run(self) -> None:
        """Every chore at its pace, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(PULSE_S, self.pulse), name="pulse")
            tasks.create_task(self._every(ADMISSION_S, self.look), name="admission")
            tasks.create_task(self._every(REPAIR_S, self.repair), name="repair")
            tasks.create_task(self._every(TIDY_S, self._recovery.tidy), name="tidy")
            tasks.create_task(self._every(TIDY_S, self.watch_store), name="store")
            tasks.create_task(self._every(SNAPSHOT_S / 10, self.note_floor), name="snapshot")
            for chore in self._also:
                tasks.create_task(self._every(TIDY_S, chore), name=getattr(chore, "__name__", "chore"))

    async def _every(self, seconds: float, chore: Chore) -> None:
        while True:
            try:
                await chore()
            except CallrouterError as error:
                log.warning("chore_failed", chore=getattr(chore, "__name__", ""), why=str(error) or repr(error))
            except Exception:
                log.exception("chore_crashed", chore=getattr(chore, "__name__", ""))
            await asyncio.sleep(seconds)

    async def pulse(self) -> None:
        """Renew, look who lives, take over from who does not.

        After the store was away, or stood still, every lease may have run out though nobody died: for two leases' time
        nobody is taken for dead.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            await self._line.renew_lease(self._owner, LEASE_S)
            living = await self._line.living()
        except StoreDown:
            self._admission.store_answers = False
            self._unsure_until = clock() + 2 * LEASE_S
            raise
        if clock() - began > PULSE_S:
            self._unsure_until = clock() + 2 * LEASE_S
        self._admission.store_answers = True
        gone, self._living = self._living - living, living
        if gone and clock() >= self._unsure_until:
            log.warning("workers_gone", workers=sorted(gone))
            await self._recovery.adopt_dead(living)

    async def look(self) -> None:
        self._admission.look(len(self._living))

    async def repair(self) -> None:
        """Put right what cannot be. One worker does it, and also looks for calls whose owner died unseen.

        The list of calls and the replica of the floor are not of the same instant: only what was wrong twice is.
        """
        now = asyncio.get_running_loop().time()
        if now < self._unsure_until or not await self._line.try_lock("repair", self._owner, REPAIR_S * 0.9):
            return
        living = await self._line.living()
        if self._owner in living:  # else the leases say nothing about the others either
            await self._recovery.adopt_dead(living)
        calls = {str(stored.call) for stored in await self._line.calls()}
        wrong = [*self._held_by_nothing(calls), *self._waiting_for_nothing(calls), *self._open_for_nothing(calls)]
        for commit in wrong:
            if commit in self._suspects:
                await self._line.commit(commit)
                log.error("repaired", thing=next(iter(commit.floor)), what=commit.entries[0].data["what"])
        self._suspects = wrong

    async def watch_store(self) -> None:
        if await self._line.try_lock("watch", self._owner, TIDY_S * 0.9):
            health = await self._line.health()
            if share_used(health) > ALARM_SHARE:
                log.error("store_nearly_full", used=health["memory_used"], bound=health["memory_bound"])

    async def note_floor(self) -> None:
        """The lock is kept, not freed: it is what says how long ago this was done."""
        if await self._line.try_lock("snapshot", self._owner, SNAPSHOT_S):
            await self._line.write_snapshot_entry()

    def _held_by_nothing(self, calls: set[str]) -> Iterator[Commit]:
        for agent in self._floor.agents.values():
            busy = agent.activity in (Activity.RESERVED, Activity.RINGING, Activity.BRIEFING, Activity.TALKING)
            if busy and agent.call not in calls:
                thing = f"agent:{agent.id}"
                what = f"{agent.activity} without a call"
                yield Commit(
                    (Entry(Word.REPAIRED, agent=agent.id, data={"what": what}),),
                    {thing: activity.idle()},
                    (Check(thing, "activity", agent.activity), Check(thing, "call", agent.call)),
                )

    def _waiting_for_nothing(self, calls: set[str]) -> Iterator[Commit]:
        for waiting in self._floor.waiting.values():
            if waiting.call not in calls:
                thing = f"waiting:{waiting.call}"
                yield Commit(
                    (Entry(Word.REPAIRED, call=waiting.call, data={"what": "waiting without a call"}),),
                    {thing: None},
                    (Check(thing, "owner", waiting.owner),),
                )

    def _open_for_nothing(self, calls: set[str]) -> Iterator[Commit]:
        for key, fields in self._floor.others("callback").items():
            call = fields.get("call", "")
            if call not in calls:
                thing = f"callback:{key}"
                yield Commit(
                    (Entry(Word.REPAIRED, call=call, data={"what": "a callback without a call"}),),
                    {thing: None},
                    (Check(thing, "call", call),),
                )
