"""Recordings on disk: finished in a process of its own, journalled, checked, and found again after a crash.

    raw sides ──finish──▶ note ──merge──▶ stereo file + sidecar ──report──▶ journal ──▶ note gone
        └──────── sweep (after a crash, or when the disk was full) ─────────┘

The note outlives the raw sides until `report` has returned, so a recording is reported at least once.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import structlog

from callrouter.errors import StoreDown
from callrouter.recordings.facts import Recording, RecordingFacts
from callrouter.recordings.name import call_of, number_of, recording_of, recording_path
from callrouter.store.merge_process import MergeProcess
from callrouter.store.recording_job import Done, Failed, Job, Note, Outcome, note_of, raw_seconds
from callrouter.telephony import CallId, RecordingId

AFTER_CRASH = "found after a crash: its end may be missing"
UNKNOWN = "nothing else is known about this call"

Report = Callable[[Recording | Failed], Awaitable[None]]
LiveCalls = Callable[[], Awaitable[Collection[CallId]]]
FactsOf = Callable[[RecordingId], Awaitable[RecordingFacts | None]]

log = structlog.get_logger(__name__)


class RecordingFiles:
    """Finishes recordings, some at once, and remembers which are in hand."""

    def __init__(
        self,
        raw_folder: Path,
        folder: Path,
        *,
        file_format: str,
        zone: ZoneInfo,
        report: Report,
        at_once: int = 1,
        settle_s: float = 0.5,
    ) -> None:
        """`report` journals an outcome; `settle_s` is the time the switch gets to close its files after a stop."""
        self._raw, self._folder = raw_folder, folder
        self._format, self._zone = file_format, zone
        self._report, self._settle_s = report, settle_s
        self._all = [MergeProcess() for _ in range(at_once)]
        self._free: asyncio.Queue[MergeProcess] = asyncio.Queue()
        for process in self._all:
            self._free.put_nowait(process)
        self._in_hand: set[RecordingId] = set()
        self._told: dict[RecordingId, str] = {}

    async def finish(self, recording: RecordingId, facts: RecordingFacts) -> Recording | Failed:
        """The conversation is over: make its file, report it, and give back what was reported."""
        with self._holding(recording):
            note = await asyncio.to_thread(self._write_note, facts)
            await asyncio.sleep(self._settle_s)
            return await self._finish(note)

    async def sweep(self, live: LiveCalls, facts_of: FactsOf, quiet_s: float = 30.0) -> Sequence[Recording | Failed]:
        """Finish what was left: raw sides and notes of calls that have ended, untouched for `quiet_s`.

        One process at a time sweeps a folder; the others get an empty answer.
        """
        with self._sweeping_alone() as alone:
            if not alone:
                return ()
            left = await asyncio.to_thread(self._left_over, quiet_s)
            # asked after looking: a call that began in between has no files on the list
            calls = await live() if left else ()
            waiting = [one for one in left if call_of(one) not in calls and one not in self._in_hand]
            return [await self._rescue(one, facts_of) for one in waiting]

    async def tend(self, live: LiveCalls, facts_of: FactsOf, every_s: float = 60.0) -> None:
        """Sweep now and then for ever; a store that is down, or a folder that cannot be used, is waited for."""
        while True:
            try:
                await self.sweep(live, facts_of)
            except (StoreDown, OSError) as reason:
                log.warning("recordings_sweep_postponed", reason=str(reason), folder=str(self._raw))
            await asyncio.sleep(every_s)

    async def close(self) -> None:
        await asyncio.gather(*(process.close() for process in self._all))

    async def _finish(self, note: Note) -> Recording | Failed:
        process = await self._free.get()
        try:
            outcome = await process.merge(Job(note=note, raw_folder=str(self._raw), folder=str(self._folder)))
        finally:
            self._free.put_nowait(process)
        return await self._settled(outcome, note.facts.recording)

    async def _settled(self, outcome: Outcome, recording: RecordingId) -> Recording | Failed:
        """Report first, then forget. A problem that stays the same is reported once."""
        if isinstance(outcome, Done):
            await self._report(outcome.recording)
            self._told.pop(recording, None)
            note_of(self._raw, recording).unlink(missing_ok=True)
            return outcome.recording
        if self._told.get(recording) != outcome.why:
            log.error("recording_not_finished", recording=recording, reason=outcome.why, again=outcome.again)
            await self._report(outcome)
            self._told[recording] = outcome.why
        if not outcome.again:
            self._told.pop(recording, None)
        return outcome

    async def _rescue(self, recording: RecordingId, facts_of: FactsOf) -> Recording | Failed:
        with self._holding(recording):
            note = await asyncio.to_thread(self._read_note, recording)
            if not note:
                known = await facts_of(recording)
                remarks = (AFTER_CRASH,) if known else (AFTER_CRASH, UNKNOWN)
                note = await asyncio.to_thread(self._write_note, known or self._guess(recording), remarks)
            return await self._finish(note)

    @contextlib.contextmanager
    def _holding(self, recording: RecordingId) -> Iterator[None]:
        self._in_hand.add(recording)
        try:
            yield
        finally:
            self._in_hand.discard(recording)

    def _guess(self, recording: RecordingId) -> RecordingFacts:
        """What the raw files themselves say: they began as long before they were last written as their sound lasts."""
        paths = [path for path in self._raw.glob(f"{recording}-*") if recording_of(path.name) == recording]
        began = [path.stat().st_mtime - raw_seconds(path) for path in paths]
        return RecordingFacts(
            recording=recording,
            call=call_of(recording),
            n=number_of(recording),
            started_ms=round(min(began, default=time.time()) * 1000),
        )

    def _left_over(self, quiet_s: float) -> list[RecordingId]:
        """Recordings whose files have not been written to for a while, oldest first."""
        last_written: dict[RecordingId, float] = {}
        for path in self._raw.iterdir():
            recording = RecordingId(path.stem) if path.suffix == ".todo" else recording_of(path.name)
            if recording:
                with contextlib.suppress(FileNotFoundError):  # finished by its own worker meanwhile
                    last_written[recording] = max(last_written.get(recording, 0.0), path.stat().st_mtime)
        quiet = [(when, recording) for recording, when in last_written.items() if time.time() - when >= quiet_s]
        return [recording for _, recording in sorted(quiet)]

    def _write_note(self, facts: RecordingFacts, remarks: tuple[str, ...] = ()) -> Note:
        """Without it a crash would cost the facts, not the sound: a full disk is no reason to stop here."""
        file = recording_path(facts.call, facts.n, facts.started_ms, self._format, self._zone)
        note = Note(facts=facts, file=str(file), format=self._format, remarks=remarks)
        place = note_of(self._raw, facts.recording)
        draft = place.with_name(place.name + "-draft")
        try:
            draft.write_bytes(msgspec.json.encode(note))
            draft.replace(place)
        except OSError as error:
            draft.unlink(missing_ok=True)
            log.error("recording_note_not_written", recording=facts.recording, reason=str(error))
        return note

    def _read_note(self, recording: RecordingId) -> Note | None:
        try:
            return msgspec.json.decode(note_of(self._raw, recording).read_bytes(), type=Note)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            log.error("recording_note_unreadable", recording=recording, reason=str(error))
            return None

    @contextlib.contextmanager
    def _sweeping_alone(self) -> Iterator[bool]:
        """The kernel frees this lock when its holder dies."""
        with (self._raw / ".sweep").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
