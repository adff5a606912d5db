"""Two raw sides of a conversation → one stereo file, left the caller, right the agent. A niced process of its own.

Every step may be interrupted and repeated: the finished file appears whole or not at all, and the raw sides are
deleted last, after the finished file was read back and has the expected length and sound on it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from callrouter.audio import RATE, Samples
from callrouter.recordings.facts import Recording, read_sidecar, write_sidecar
from callrouter.recordings.name import SIDES
from callrouter.store.raw_sides import BLOCK, NotFinished, NothingThere, RawSide, raw_sides
from callrouter.store.recording_job import (
    Done,
    Failed,
    Job,
    Outcome,
    checksum,
    forget,
    lock_of,
    remove_raw_sides,
    sidecar_of,
)

UNEVEN_S = 1.0
"""Sides further apart than this are worth a remark; MixMonitor writes both in one go, so they end together."""
NICENESS = 10
UNFINISHED = ".unfinished"
FULL = 1_000_000
"""So few bytes free, and a failed write needs no other explanation."""
# Opus at 0.95 is about 24 kbit/s for two sides (measured with libsndfile 1.2.2): speech stays clear at 8 kHz.
_WRITE: dict[str, dict[str, object]] = {
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    "opus": {"format": "OGG", "subtype": "OPUS", "compression_level": 0.95},
    "wav": {"format": "WAV", "subtype": "PCM_16"},
}


def merge(job: Job) -> Outcome:
    """Finish one recording, or say why not. Only one process at a time works on a recording."""
    recording = job.recording
    try:
        with _claimed(job):
            return Done(_finished_before(job) or _finish(job))
    except NothingThere as reason:
        forget(job.raw, recording)
        return Failed(recording, str(reason), again=False)
    except NotFinished as reason:
        return Failed(recording, str(reason))
    except (OSError, soundfile.SoundFileError) as error:
        return Failed(recording, _in_words(error, job))


@contextlib.contextmanager
def _claimed(job: Job) -> Iterator[None]:
    """The kernel frees this lock when its holder dies, however it dies."""
    with lock_of(job.raw, job.recording).open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotFinished("another worker is finishing it") from None
        yield


def _finished_before(job: Job) -> Recording | None:
    """What an earlier try left: a finished file that its sidecar vouches for. Only the clearing up was missing."""
    target = job.target
    try:
        recording = read_sidecar(sidecar_of(target).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not target.is_file() or checksum(target) != recording.sha256:
        return None
    _clear_up(job)
    return recording


def _finish(job: Job) -> Recording:
    target = job.target
    sides = raw_sides(job.raw, job.recording)
    if not any(side.samples for side in sides):
        raise NothingThere(f"both raw files of {job.recording} are empty")
    draft = Path(job.folder) / UNFINISHED / target.name
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        recording = _draft(draft, sides, job)
        _put_in_place(draft, target, recording)
    finally:
        draft.unlink(missing_ok=True)  # a full disk must not stay full because of a draft
    _clear_up(job)
    return recording


def _draft(draft: Path, sides: tuple[RawSide, RawSide], job: Job) -> Recording:
    frames = max(side.samples for side in sides)
    try:
        loudest = _write(draft, sides, job.note.format)
    except soundfile.SoundFileError as error:  # libsndfile says no more than "System error"
        if shutil.disk_usage(draft.parent).free < FULL:
            raise OSError(errno.ENOSPC, str(error)) from error
        raise
    _check(draft, frames, loudest)
    if any(side.has_grown() for side in sides):
        raise NotFinished("the switch is still writing the raw sides")
    return Recording(
        facts=job.note.facts,
        file=job.note.file,
        format=job.note.format,
        seconds=round(frames / RATE, 3),
        sha256=checksum(draft),
        problems=(*job.note.remarks, *_problems(sides)),
    )


def _problems(sides: tuple[RawSide, RawSide]) -> tuple[str, ...]:
    silent = [f"the {who}'s side was not recorded" for who, side in zip(SIDES, sides, strict=True) if side.samples == 0]
    apart_s = abs(sides[0].samples - sides[1].samples) / RATE
    uneven = [f"the sides' lengths differ by {apart_s:.1f} s"] if not silent and apart_s > UNEVEN_S else []
    return (*silent, *uneven)


def _write(draft: Path, sides: tuple[RawSide, RawSide], file_format: str) -> tuple[int, int]:
    """Write the stereo file; returns the loudest sample of each side."""
    frames = max(side.samples for side in sides)
    count = -(-frames // BLOCK)
    loudest = [0, 0]
    with soundfile.SoundFile(str(draft), "w", samplerate=RATE, channels=2, **_WRITE[file_format]) as out:
        for number, pair in enumerate(zip(*(side.blocks(count) for side in sides), strict=True)):
            stereo = np.zeros((min(BLOCK, frames - number * BLOCK), 2), np.int16)
            for channel, block in enumerate(pair):
                stereo[: len(block), channel] = block
                loudest[channel] = max(loudest[channel], _peak(block))
            _append(out, stereo)
    with draft.open("rb") as handle:
        os.fsync(handle.fileno())
    return loudest[0], loudest[1]


def _append(out: soundfile.SoundFile, stereo: Samples) -> None:
    try:
        out.buffer_write(stereo.tobytes(), dtype="int16")
    except AssertionError:  # soundfile 0.14 asserts that all was written; a full disk is where it was not
        raise OSError(errno.ENOSPC, "not all of the sound could be written") from None


def _peak(block: Samples) -> int:
    return int(np.max(np.abs(block.astype(np.int32)), initial=0))


def _check(draft: Path, frames: int, loudest: tuple[int, int]) -> None:
    """Read the finished file back. A writer that lost something, for whatever reason, is found out here."""
    heard, read = [0, 0], 0
    with soundfile.SoundFile(str(draft)) as sound:
        for block in sound.blocks(BLOCK, dtype="int16", always_2d=True):
            read += len(block)
            for channel in (0, 1):
                heard[channel] = max(heard[channel], _peak(block[:, channel]))
        lossy = sound.subtype == "OPUS"
    if read != frames:
        raise NotFinished(f"the finished file has {read} samples instead of {frames}: it was not written whole")
    if not lossy and tuple(heard) != loudest:
        raise NotFinished("the finished file does not sound like its sides")


def _put_in_place(draft: Path, target: Path, recording: Recording) -> None:
    """The sidecar last: a file with a sidecar is a whole one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    note = draft.with_name(draft.name + ".json")
    with note.open("wb") as handle:
        handle.write(write_sidecar(recording))
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(target)
    note.replace(sidecar_of(target))
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _clear_up(job: Job) -> None:
    """Only now the raw sides go. The note stays until the recording is journalled."""
    remove_raw_sides(job.raw, job.recording)
    lock_of(job.raw, job.recording).unlink(missing_ok=True)


def _in_words(error: Exception, job: Job) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left for {job.folder}: free some; the raw sides are kept and tried again"
    return f"{type(error).__name__}: {error}; the raw sides are kept in {job.raw_folder}"


def main() -> None:
    """Jobs come as JSON lines on standard input, outcomes leave as JSON lines; the end of input ends the process."""
    os.nice(NICENESS)
    with contextlib.suppress(BrokenPipeError):  # the worker has died: the next sweep reports what was finished
        for line in sys.stdin.buffer:
            outcome = merge(msgspec.json.decode(line, type=Job))
            sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
