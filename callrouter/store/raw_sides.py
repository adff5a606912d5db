"""The raw sides of a conversation as the switch writes them, read in blocks: 8 kHz, one channel, 16 bit or G.711.

Nothing is believed that a crash may have left undone: the sound is what is in the file, to its last whole sample.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from callrouter.audio import RATE, Samples, alaw_decode, ulaw_decode
from callrouter.errors import CallrouterError
from callrouter.recordings.name import raw_names
from callrouter.store.recording_job import RAW_EXTENSIONS
from callrouter.telephony import RecordingId

BLOCK = 10 * RATE
"""Samples handled at a time: memory stays the same for a minute and for a day."""
_LAWS = {"alaw": alaw_decode, "al": alaw_decode, "ulaw": ulaw_decode, "ul": ulaw_decode}


class NotFinished(CallrouterError):
    """Why a recording cannot be finished now, in words for the one who runs the centre."""


class NothingThere(NotFinished):
    """There is no sound to finish, and there will be none later."""


def raw_sides(folder: Path, recording: RecordingId) -> tuple[RawSide, RawSide]:
    """Both sides, caller first. A file that is missing is a side without sound; both missing is NothingThere."""
    for extension in RAW_EXTENSIONS:
        caller, agent = (folder / name for name in raw_names(recording, extension))
        if caller.exists() or agent.exists():
            return RawSide(caller), RawSide(agent)
    raise NothingThere(f"there are no raw files of {recording} in {folder}")


class RawSide:
    """One raw file, read in blocks. A file that is not there is a side without sound."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.law = path.suffix.removeprefix(".")
        self.start = 0
        self.size = size = _size(path)
        if self.law == "wav" and size:
            self.start, self.law = _wav_sound(path)
        self.width = 1 if self.law in _LAWS else 2
        self.samples = max(0, size - self.start) // self.width

    def has_grown(self) -> bool:
        return _size(self.path) != self.size

    def blocks(self, count: int) -> Iterator[Samples]:
        """As many blocks as asked for; silence after the end."""
        handle = self.path.open("rb") if self.samples else None
        with handle or contextlib.nullcontext():
            if handle:
                handle.seek(self.start)
            left = self.samples
            for _ in range(count):
                take = min(BLOCK, left)
                yield self._decode(handle.read(take * self.width)) if handle and take else np.zeros(0, np.int16)
                left -= take

    def _decode(self, data: bytes) -> Samples:
        if self.law in _LAWS:
            return _LAWS[self.law](data)
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _wav_sound(path: Path) -> tuple[int, str]:
    """Where the sound begins in a WAV file, and its coding. The length in the header is not believed: it is written
    when the file is closed and is stale after a crash; the sound goes on to the end of the file."""
    with path.open("rb") as handle:
        head = handle.read(4096)
    place, coding = 12, ""
    while head[:4] == b"RIFF" and place + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, place)
        if name == b"fmt " and place + 24 <= len(head):
            tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, place + 8)
            coding = {(1, 16): "sln", (6, 8): "alaw", (7, 8): "ulaw"}.get((tag, bits), "")
            coding = coding if (channels, rate) == (1, RATE) else ""
        if name == b"data" and coding:
            return place + 8, coding
        place += 8 + size + size % 2
    raise NotFinished(f"{path.name} is not a mono WAV of {RATE} samples a second")
