"""After a scene: what the journal says, what the recording holds, and the facts for the table."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from callrouter.audio import RATE, Samples, loudness, tone_shares
from callrouter.journal import Entry, Word
from callrouter.parties.centre import Centre
from callrouter.parties.scene import Missed, Scene
from callrouter.parties.story import Caller, Journalled, Recorded
from callrouter.parties.verdict import CallFacts

T = TypeVar("T")
_JOURNAL_PATIENCE_S = 5.0
_RECORDING_PATIENCE_S = 20.0
"""Recordings are merged, compressed and checksummed after the call."""
_END_PATIENCE_S = 1.0
_POLL_S = 0.2


async def _until(question: Callable[[], Awaitable[T | None]], patience: float) -> T | None:
    """Ask until there is an answer or patience is at its end."""
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        late = asyncio.get_running_loop().time() > deadline
        found = await question()
        if found is not None or late:
            return found
        await asyncio.sleep(_POLL_S)


async def _call_of(scene: Scene, caller: str) -> str | None:
    role = scene.story.cast.get(caller)
    if not isinstance(role, Caller) or caller not in scene.called_at:
        return None
    return await scene.stage.centre.call_of(role.number, scene.called_at[caller])


async def journal_of(scene: Scene, wanted: Journalled) -> str:
    """Whether the entry is in the journal of the caller's call, behind those that were wanted before it."""
    before = [one for one in scene.story.journal if one.caller == wanted.caller]
    before = before[: before.index(wanted) + 1]

    async def look() -> Entry | None:
        call = await _call_of(scene, wanted.caller)
        return _last_in_order(before, await scene.stage.centre.journal(call)) if call is not None else None

    found = await _until(look, _JOURNAL_PATIENCE_S)
    if found is None:
        call = await _call_of(scene, wanted.caller)
        entries = await scene.stage.centre.journal(call) if call is not None else ()
        words = ", ".join(_shown(entry) for entry in entries)
        raise Missed(f"the journal has {words}" if words else f"there is no call of {wanted.caller}")
    return ""


def _last_in_order(wanted: Sequence[Journalled], entries: Sequence[Entry]) -> Entry | None:
    """The entry for the last wish, if every wish has its entry and all are in this order."""
    rest = iter(entries)
    found: Entry | None = None
    for wish in wanted:
        found = next((entry for entry in rest if _fits(wish, entry)), None)
        if found is None:
            return None
    return found


def _fits(wish: Journalled, entry: Entry) -> bool:
    known = {entry.agent, entry.queue, *entry.data.values()}
    return entry.word == wish.word and all(mention in known for mention in wish.mentions)


def _shown(entry: Entry) -> str:
    return " ".join(part for part in (entry.word, entry.queue, entry.agent, entry.data.get("node", "")) if part)


async def recording_of(scene: Scene, wanted: Recorded) -> str:
    """Whether the recording has one voice left and one right, and is long enough."""
    caller = next(name for name in (wanted.left, wanted.right, *scene.called_at) if name in scene.called_at)

    async def look() -> Path | None:
        call = await _call_of(scene, caller)
        return await scene.stage.centre.recording(call) if call is not None else None

    file = await _until(look, _RECORDING_PATIENCE_S)
    if file is None:
        raise Missed(f"no recording within {_RECORDING_PATIENCE_S:g} s of the end")
    return await scene.stage.listen(lambda: _check_recording(scene, wanted, file))


def _check_recording(scene: Scene, wanted: Recorded, file: Path) -> str:
    data, rate = soundfile.read(file, dtype="int16", always_2d=True)
    if data.shape[1] != 2:
        raise Missed(f"{file.name} has {data.shape[1]} channel(s), not two")
    length = len(data) / rate
    if length < wanted.at_least_s:
        raise Missed(f"{file.name} is {length:.1f} s long")
    for side, own, other in ((0, wanted.left, wanted.right), (1, wanted.right, wanted.left)):
        voices = {name: scene.party(name).hz for name in (own, other)}
        shares = _voices(_at_phone_rate(data[:, side], rate), list(voices.values()))
        if shares[0] < 0.5 or shares[1] > 0.05:
            where = "left" if side == 0 else "right"
            raise Missed(f"{where} has {own} in {shares[0]:.0%} and {other} in {shares[1]:.0%} of the time")
    return f"{length:.1f} s, {file.name}"


def _at_phone_rate(samples: Samples, rate: int) -> Samples:
    """Opus files are 48 kHz. Only tones are looked for, so every n-th sample of a band-limited sound will do."""
    return samples[:: rate // RATE] if rate > RATE else samples


def _voices(samples: Samples, tones: Sequence[int]) -> list[float]:
    """For each tone in how many of the windows in which there is sound it prevails."""
    audible = loudness(samples, 0.1) > 100
    heard = tone_shares(samples, tones)[audible] > 0.4
    return [float(np.mean(heard[:, at])) if len(heard) else 0.0 for at in range(len(tones))]


async def facts_of(scene: Scene) -> tuple[CallFacts, ...]:
    """A row of the table for every caller."""
    return tuple([await _facts(scene, name) for name in scene.called_at if isinstance(scene.story.cast[name], Caller)])


async def _facts(scene: Scene, name: str) -> CallFacts:
    call = await _call_of(scene, name)
    if call is None:
        return CallFacts(name, heard=tuple(scene.heard))
    entries = await journal_to_end(scene.stage.centre, call)
    recording = await scene.stage.centre.recording(call)
    return facts(name, call, entries, recording.name if recording else "", tuple(scene.heard))


async def journal_to_end(centre: Centre, call: str) -> Sequence[Entry]:
    """The journal of a call that has just ended; as far as it goes if its end is not there in time."""

    async def look() -> Sequence[Entry] | None:
        entries = await centre.journal(call)
        return entries if any(entry.word is Word.ENDED for entry in entries) else None

    found = await _until(look, _END_PATIENCE_S)
    return found if found is not None else await centre.journal(call)


def facts(
    name: str, call: str, entries: Sequence[Entry], recording: str, heard: tuple[tuple[str, str], ...]
) -> CallFacts:
    """The journal of a call as a row of the table."""

    def of(word: Word, key: str) -> str:
        return next((entry.data.get(key, "") for entry in reversed(entries) if entry.word is word), "")

    path = tuple(entry.data.get("node", "") for entry in entries if entry.word is Word.NODE)
    queue = next((entry.queue for entry in reversed(entries) if entry.queue), "")
    agent = next((entry.agent for entry in reversed(entries) if entry.word is Word.CONNECT), "")
    return CallFacts(
        name, call, path, queue, _in_seconds(of(Word.ENDED, "waited_ms")), agent,
        _in_seconds(of(Word.ENDED, "talked_ms")), recording, heard,
    )  # fmt: skip


def _in_seconds(milliseconds: str) -> float | None:
    return int(milliseconds) / 1000 if milliseconds.isascii() and milliseconds.isdigit() else None
