"""A recording that waits to be finished: the job, its outcome, and the files that keep it waiting across a crash.

Beside the raw sides lie `<recording>.todo` (from the end of the conversation until the finished recording
is journalled) and, while a process works on it, `<recording>.lock`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from callrouter.recordings.facts import Recording, RecordingFacts
from callrouter.recordings.name import raw_names
from callrouter.telephony import RecordingId

RAW_EXTENSIONS = ("sln", "raw", "alaw", "al", "ulaw", "ul", "wav")
"""As Asterisk's file formats name themselves; sln and raw are 16-bit little-endian samples without a header."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What `.todo` holds. With the file's name in it, a second try finds what the first one has already finished."""

    facts: RecordingFacts
    file: str
    """The finished file, below the recordings folder."""
    format: str
    remarks: tuple[str, ...] = ()
    """Problems known already, to be kept with the recording."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to finish one recording."""

    note: Note
    raw_folder: str
    folder: str
    """Where finished recordings land."""

    @property
    def recording(self) -> RecordingId:
        return self.note.facts.recording

    @property
    def raw(self) -> Path:
        return Path(self.raw_folder)

    @property
    def target(self) -> Path:
        return Path(self.folder) / self.note.file


class Done(msgspec.Struct, frozen=True, tag="done"):
    recording: Recording


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Not finished. The raw sides are kept and it is worth another try, unless there never was any sound."""

    recording: RecordingId
    why: str
    again: bool = True


Outcome = Done | Failed


def note_of(raw_folder: Path, recording: RecordingId) -> Path:
    """The note that says a recording waits: its facts, for whoever finishes it."""
    return raw_folder / f"{recording}.todo"


def lock_of(raw_folder: Path, recording: RecordingId) -> Path:
    return raw_folder / f"{recording}.lock"


def sidecar_of(file: Path) -> Path:
    return file.with_name(file.name + ".json")


def remove_raw_sides(raw_folder: Path, recording: RecordingId) -> None:
    for extension in RAW_EXTENSIONS:
        for name in raw_names(recording, extension):
            (raw_folder / name).unlink(missing_ok=True)


def forget(raw_folder: Path, recording: RecordingId) -> None:
    """Remove every trace that a recording waits to be finished."""
    remove_raw_sides(raw_folder, recording)
    lock_of(raw_folder, recording).unlink(missing_ok=True)
    note_of(raw_folder, recording).unlink(missing_ok=True)


def raw_seconds(path: Path) -> float:
    """How long a raw file sounds, by its size: one byte a sample in the two laws, else two."""
    width = 1 if path.suffix in (".alaw", ".al", ".ulaw", ".ul") else 2
    return path.stat().st_size / width / 8000


def checksum(file: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
