"""The keeper of recordings with its real merging process: finish, report, sweep, one sweeper at a time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from callrouter.audio import RATE, tone
from callrouter.errors import StoreDown
from callrouter.recordings.facts import Recording, RecordingFacts
from callrouter.store.recording_check import check_all, verify
from callrouter.store.recording_files import AFTER_CRASH, UNKNOWN, RecordingFiles
from callrouter.store.recording_job import Failed, note_of, sidecar_of
from callrouter.telephony import CallId, RecordingId

CALL = CallId("c01jd7q2n8m4v5w6x7y8z9a0b1c")
ONE, TWO = RecordingId(f"{CALL}-r1"), RecordingId(f"{CALL}-r2")


def facts(recording: RecordingId = ONE, n: int = 1) -> RecordingFacts:
    return RecordingFacts(
        recording=recording, call=CALL, n=n, started_ms=1_795_000_000_000, agent="anna", queue="payers"
    )


class Centre:
    """The keeper's surroundings, hand-made: two folders, a journal, which calls live, what the journal knows."""

    def __init__(self, tmp_path: Path) -> None:
        self.raw, self.kept = tmp_path / "raw", tmp_path / "kept"
        self.raw.mkdir()
        self.journal: list[Recording | Failed] = []
        self.journal_down = False
        self.live_calls: Collection[CallId] = ()
        self.known: dict[RecordingId, RecordingFacts] = {}
        self.files = self.keeper()
        self.keepers = [self.files]

    def keeper(self) -> RecordingFiles:
        return RecordingFiles(
            self.raw, self.kept, file_format="flac", zone=ZoneInfo("UTC"), report=self.report, settle_s=0
        )

    async def report(self, outcome: Recording | Failed) -> None:
        if self.journal_down:
            raise StoreDown("no journal")
        self.journal.append(outcome)

    async def live(self) -> Collection[CallId]:
        return self.live_calls

    async def facts_of(self, recording: RecordingId) -> RecordingFacts | None:
        return self.known.get(recording)

    async def sweep(self, quiet_s: float = 0.0) -> list[Recording | Failed]:
        return list(await self.files.sweep(self.live, self.facts_of, quiet_s))

    def switch_records(self, recording: RecordingId = ONE, seconds: float = 1.0) -> None:
        for who, hz in (("caller", 440), ("agent", 1000)):
            (self.raw / f"{recording}-{who}.sln").write_bytes(tone(hz, seconds).tobytes())

    def waiting(self) -> set[str]:
        return {path.name for path in self.raw.iterdir()} - {".sweep"}


async def until(seen: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    while not seen():
        await asyncio.sleep(0.005)


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[Centre]:
    centre = Centre(tmp_path)
    yield centre
    await asyncio.gather(*(keeper.close() for keeper in centre.keepers))


async def test_a_finished_conversation_is_a_file_a_sidecar_and_a_journal_entry(centre: Centre) -> None:
    centre.switch_records()
    recording = await centre.files.finish(ONE, facts())
    assert isinstance(recording, Recording)
    assert recording.file == f"2026/11/18/110640_{CALL}_1.flac"
    assert (recording.facts, recording.seconds, recording.problems) == (facts(), 1.0, ())
    assert centre.journal == [recording]
    assert verify(centre.kept / recording.file) == ""
    assert centre.waiting() == set()


async def test_many_at_once_are_each_finished_once(centre: Centre) -> None:
    several = [RecordingId(f"{CALL}-r{n}") for n in range(1, 9)]
    for recording in several:
        centre.switch_records(recording, 0.2)
    done = await asyncio.gather(*(centre.files.finish(one, facts(one, n)) for n, one in enumerate(several, 1)))
    assert {one.facts.recording for one in done if isinstance(one, Recording)} == set(several)
    assert len(centre.journal) == 8
    assert len([verdict for _, verdict in check_all(centre.kept) if not verdict]) == 8


async def test_the_sweep_finishes_what_a_dead_worker_left_and_marks_it(centre: Centre) -> None:
    centre.switch_records()
    centre.known[ONE] = facts()
    (recording,) = await centre.sweep()
    assert isinstance(recording, Recording)
    assert (recording.facts, recording.problems) == (facts(), (AFTER_CRASH,))
    assert centre.waiting() == set()


async def test_the_sweep_finishes_a_noted_recording_as_if_nothing_had_happened(centre: Centre) -> None:
    centre.switch_records()
    centre.files._write_note(facts())  # the worker died right after this
    (recording,) = await centre.sweep()
    assert isinstance(recording, Recording)
    assert (recording.facts, recording.problems) == (facts(), ())


async def test_sound_of_a_call_that_nobody_remembers_is_kept_under_its_own_time(centre: Centre) -> None:
    centre.switch_records(TWO, 2.0)
    ended = 1_795_000_000.0
    for path in centre.raw.glob("*.sln"):
        os.utime(path, (ended, ended))
    (recording,) = await centre.sweep()
    assert isinstance(recording, Recording)
    assert recording.file == f"2026/11/18/110638_{CALL}_2.flac"
    assert recording.problems == (AFTER_CRASH, UNKNOWN)


async def test_calls_that_live_and_files_still_written_are_left_alone(centre: Centre) -> None:
    centre.switch_records()
    centre.live_calls = {CALL}
    assert await centre.sweep() == []
    centre.live_calls = ()
    assert await centre.sweep(quiet_s=60) == []
    assert len(await centre.sweep()) == 1


async def test_only_one_worker_sweeps_at_a_time(centre: Centre) -> None:
    centre.switch_records()
    other = centre.keeper()
    centre.keepers.append(other)
    both = await asyncio.gather(
        centre.files.sweep(centre.live, centre.facts_of, 0), other.sweep(centre.live, centre.facts_of, 0)
    )
    assert sorted(len(outcomes) for outcomes in both) == [0, 1]
    assert len(centre.journal) == 1


async def test_a_recording_is_reported_in_the_end_although_the_journal_was_down(centre: Centre) -> None:
    centre.switch_records()
    centre.journal_down = True
    with pytest.raises(StoreDown):
        await centre.files.finish(ONE, facts())
    assert centre.waiting() == {note_of(centre.raw, ONE).name}
    centre.journal_down = False
    (recording,) = await centre.sweep()
    assert centre.journal == [recording]
    assert isinstance(recording, Recording)
    assert recording.problems == ()
    assert centre.waiting() == set()


async def test_a_folder_that_cannot_be_written_is_reported_once_and_the_sound_waits(centre: Centre) -> None:
    centre.switch_records()
    centre.kept.write_text("a file where the folder should be")
    outcome = await centre.files.finish(ONE, facts())
    assert isinstance(outcome, Failed)
    assert outcome.again
    assert (await centre.sweep(), await centre.sweep()) == ([outcome], [outcome])
    assert centre.journal == [outcome]
    centre.kept.unlink()
    (recording,) = await centre.sweep()
    assert isinstance(recording, Recording)
    assert centre.journal == [outcome, recording]


async def test_tending_goes_on_when_the_journal_or_the_folder_comes_back(centre: Centre) -> None:
    centre.switch_records()
    for path in centre.raw.glob("*.sln"):
        os.utime(path, (0, 0))
    centre.journal_down = True
    away = centre.raw.with_name("away")
    centre.raw.rename(away)
    work = asyncio.create_task(centre.files.tend(centre.live, centre.facts_of, every_s=0.01))
    await asyncio.sleep(0.05)
    away.rename(centre.raw)
    await until(lambda: list(centre.kept.rglob("*.flac")) != [])
    await asyncio.sleep(0.05)
    assert centre.journal == []
    assert not work.done()
    for path in centre.raw.glob("*.todo"):
        os.utime(path, (0, 0))
    centre.journal_down = False
    await until(lambda: centre.journal != [])
    work.cancel()
    assert centre.waiting() == set()


async def test_a_merging_process_that_is_killed_costs_nothing(centre: Centre) -> None:
    centre.switch_records()
    assert isinstance(await centre.files.finish(ONE, facts()), Recording)
    process = centre.files._all[0]._process
    assert process is not None
    process.kill()
    await process.wait()
    centre.switch_records(TWO, 600.0)
    work = asyncio.create_task(centre.files.finish(TWO, facts(TWO, 2)))
    await until((centre.raw / f"{TWO}.lock").exists)
    victim = centre.files._all[0]._process
    assert victim is not None
    victim.kill()
    outcome = await work
    assert isinstance(outcome, Failed)
    assert "the merging process died" in outcome.why
    (recording,) = await centre.sweep()
    assert isinstance(recording, Recording)
    assert recording.seconds == 600.0


async def test_the_merging_process_is_niced_and_leaves_when_there_is_no_work(centre: Centre) -> None:
    idle = centre.files._all[0]
    idle._idle_s = 0.05
    centre.switch_records()
    work = asyncio.create_task(centre.files.finish(ONE, facts()))
    await until(lambda: idle._process is not None)
    process = idle._process
    assert process is not None
    await work
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 10
    assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_the_loop_goes_on_while_an_hour_is_merged(centre: Centre) -> None:
    noise = np.random.default_rng(1).integers(-3000, 3000, 3600 * RATE, dtype=np.int16).tobytes()
    for who in ("caller", "agent"):
        (centre.raw / f"{ONE}-{who}.sln").write_bytes(noise)
    work = asyncio.create_task(centre.files.finish(ONE, facts()))
    late = []
    while not work.done():
        before = time.monotonic()
        await asyncio.sleep(0.005)
        late.append(time.monotonic() - before - 0.005)
    recording = await work
    assert isinstance(recording, Recording)
    assert recording.seconds == 3600.0
    assert np.median(late) < 0.01


async def test_verify_finds_a_changed_a_cut_and_a_lost_file(centre: Centre) -> None:
    centre.switch_records()
    recording = await centre.files.finish(ONE, facts())
    assert isinstance(recording, Recording)
    file = centre.kept / recording.file
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "was changed" in verify(file)
    file.write_bytes(data[:-1])
    assert "was changed" in verify(file)
    file.unlink()
    assert dict(check_all(centre.kept)) == {file: "the sound file is gone, its sidecar is there"}
    file.write_bytes(data)
    sidecar_of(file).write_text("{}")
    assert "not a recording's sidecar" in verify(file)
    sidecar_of(file).unlink()
    assert verify(file) == "there is no sidecar: nobody can say whether it is whole"
