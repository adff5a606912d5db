"""Where a recording lies and how it is called: made of the call's own ids and its start, of nothing from the caller.

recordings/2026/11/21/143005_c01jd7q2n8m4v5w6x7y8z9a0b1c_1.flac
           day and time in the centre's zone, the call, which conversation of the call
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from callrouter.telephony import CallId, RecordingId

SIDES = ("caller", "agent")
"""Left, right: the channel order of every finished recording."""
EXTENSIONS = {"flac": "flac", "opus": "opus", "wav": "wav"}

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def is_safe(name: str) -> bool:
    """Whether this may be part of a file's name: our own ids are; a path or a hidden file is not."""
    return _SAFE_ID.fullmatch(name) is not None and ".." not in name


def recording_path(call: CallId, n: int, started_ms: int, file_format: str, zone: ZoneInfo) -> PurePosixPath:
    """The finished file's place below the recordings folder."""
    if not is_safe(call):
        raise ValueError(f"not one of our call ids: {call!r}")
    start = datetime.fromtimestamp(started_ms / 1000, UTC).astimezone(zone)
    return PurePosixPath(f"{start:%Y/%m/%d}") / f"{start:%H%M%S}_{call}_{n}.{EXTENSIONS[file_format]}"


def raw_names(recording: RecordingId, extension: str) -> tuple[str, str]:
    """The two raw files that the switch writes: the caller's side, the agent's side."""
    return f"{recording}-caller.{extension}", f"{recording}-agent.{extension}"


def recording_of(raw_name: str) -> RecordingId | None:
    """Which recording a raw file belongs to; None when it is no raw file of ours."""
    stem, dot, extension = raw_name.rpartition(".")
    recording, dash, side = stem.rpartition("-")
    ours = dot and dash and side in SIDES and extension and is_safe(recording)
    return RecordingId(recording) if ours else None


def call_of(recording: RecordingId) -> CallId:
    """The call that a recording belongs to: all our ids are the call's own with `-` and something after it."""
    return CallId(recording.partition("-")[0])


def number_of(recording: RecordingId) -> int:
    """The number at the end of a recording's id; 1 if there is none."""
    digits = re.search(r"-[a-z]*([0-9]{1,6})$", recording)
    return int(digits[1]) if digits else 1
