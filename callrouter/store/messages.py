"""Messages that callers left: `messages/<group>/YYYY/MM/DD/HHMMSS_<call>_<n>.wav` below the recordings, with a sidecar.

Each file is there whole or not at all; the sidecar, which comes last, says that the sound beside it is whole.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import soundfile


class MessageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the call knew, for the sidecar."""

    recording: str
    call: str
    group: str
    at: str
    """When it began, with the zone's offset."""
    caller: str
    number: str
    tree: str
    path: tuple[str, ...]
    answers: dict[str, str]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    file: str
    """Below the recordings folder, with `/`."""
    seconds: float


def file_message(folder: Path, sound: bytes, facts: MessageFacts) -> Filed:
    """Write sound and sidecar. OSError or soundfile.SoundFileError: then Asterisk's copy must stay."""
    with soundfile.SoundFile(io.BytesIO(sound)) as opened:
        seconds = len(opened) / opened.samplerate
    began = datetime.fromisoformat(facts.at)
    number = facts.recording.rpartition("-")[2]
    name = f"{began:%H%M%S}_{facts.call}_{number}.wav"
    place = Path("messages", facts.group, f"{began:%Y/%m/%d}", name)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    _write(folder / place, sound)
    told = {**msgspec.to_builtins(facts), "seconds": round(seconds, 3), "sha256": hashlib.sha256(sound).hexdigest()}
    _write((folder / place).with_suffix(".json"), msgspec.json.format(msgspec.json.encode(told), indent=2))
    return Filed(place.as_posix(), seconds)


def _write(file: Path, data: bytes) -> None:
    beside = file.with_name(f".{file.name}.new")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
