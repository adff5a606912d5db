"""What is known about a recording, and its sidecar: the JSON file that lies beside the sound and says whose it is.

A sidecar alone must be enough to find, judge and check a recording, without Redis and without callrouter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from callrouter.recordings.name import SIDES
from callrouter.telephony import CallId, RecordingId


class RecordingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the call knew when the conversation was recorded. Texts from outside are kept as they came."""

    recording: RecordingId
    call: CallId
    n: int = 1
    """Which conversation of the call."""
    started_ms: int
    """When the recording began, milliseconds since 1970."""
    agent: str = ""
    queue: str = ""
    caller: str = ""
    """The caller's number as the network gave it."""
    number: str = ""
    """The number that was dialled."""
    tree: str = ""
    tree_version: str = ""
    path: tuple[str, ...] = ()
    """The nodes of the tree that the caller went through."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A finished recording."""

    facts: RecordingFacts
    file: str
    """Below the recordings folder, with `/`."""
    format: str
    seconds: float
    sha256: str
    """Of the sound file."""
    problems: tuple[str, ...] = ()
    """What is missing or odd, in words; empty when both sides are whole."""

    @property
    def is_partial(self) -> bool:
        return bool(self.problems)


class _Side(msgspec.Struct, frozen=True):
    channel: str
    who: str


class _Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """The file's own order of keys: what a person looks for first comes first."""

    schema: int = 1
    call: str
    recording: str
    n: int
    start: str
    seconds: float
    agent: str
    queue: str
    caller: str
    number: str
    tree: str
    tree_version: str
    path: tuple[str, ...]
    sides: tuple[_Side, ...]
    file: str
    format: str
    sha256: str
    partial: bool
    problems: tuple[str, ...]


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_sidecar(recording: Recording) -> bytes:
    """The sidecar's bytes: indented JSON in UTF-8, one line break at its end."""
    facts = recording.facts
    sidecar = _Sidecar(
        call=facts.call,
        recording=facts.recording,
        n=facts.n,
        start=_utc(facts.started_ms),
        seconds=recording.seconds,
        agent=facts.agent,
        queue=facts.queue,
        caller=facts.caller,
        number=facts.number,
        tree=facts.tree,
        tree_version=facts.tree_version,
        path=facts.path,
        sides=tuple(_Side(channel, who) for channel, who in zip(("left", "right"), SIDES, strict=True)),
        file=recording.file,
        format=recording.format,
        sha256=recording.sha256,
        partial=recording.is_partial,
        problems=recording.problems,
    )
    return msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n"


def read_sidecar(data: bytes) -> Recording:
    """A sidecar read back. Raises ValueError with the reason when it is not one of ours."""
    try:
        found = msgspec.json.decode(data, type=_Sidecar)
        started = datetime.fromisoformat(found.start)
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"not a recording's sidecar: {error}") from error
    names = set(RecordingFacts.__struct_fields__) - {"started_ms"}
    known: dict[str, Any] = {name: getattr(found, name) for name in names}
    return Recording(
        facts=RecordingFacts(started_ms=round(started.timestamp() * 1000), **known),
        file=found.file,
        format=found.format,
        seconds=found.seconds,
        sha256=found.sha256,
        problems=found.problems,
    )
