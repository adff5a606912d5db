"""Recording a leg through AMI's MixMonitor: what it says and what it hears, in two files of the same length.

A failure delays or loses a recording and is told as RecordingFailed; it never holds up or ends a call. Silence of one
side is written as silence; a time in which neither side sends anything at all is missing from both files alike.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Protocol

import structlog

from callrouter.errors import CommandRefused, LegGone, SwitchDown
from callrouter.telephony import LegId, RecordingFailed, RecordingId

log = structlog.get_logger(__name__)

EXTENSION = "sln"
"""Signed 16-bit at 8 kHz without a header: a crash leaves a good file, only shorter."""
_STEM = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_FOLDER = re.compile(r"/[^\x00-\x1f,()|&;\"'\\]*")


def raw_files(folder: Path, recording: RecordingId) -> tuple[Path, Path]:
    """Where the two sides land: what the recorded leg said, and what it heard."""
    return folder / f"{recording}-caller.{EXTENSION}", folder / f"{recording}-agent.{EXTENSION}"


class Actions(Protocol):
    """AMI, as far as recordings need it."""

    async def action(self, name: str, **values: str) -> Mapping[str, str]: ...


class Recorder:
    """Starts and stops recordings, each one's in order, trying a start again for a while."""

    def __init__(
        self,
        ami: Actions,
        folder: Path,
        on_failure: Callable[[RecordingFailed], None],
        *,
        patience_s: float = 15.0,
        pause_s: float = 0.5,
    ) -> None:
        if not _FOLDER.fullmatch(str(folder)):
            raise CommandRefused(
                f"recordings cannot go to {folder}: give an absolute path without , ( ) | & ; or quotes"
            )
        self._ami = ami
        self._folder = folder
        self._on_failure = on_failure
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._work: dict[RecordingId, asyncio.Task[None]] = {}

    def start(self, leg: LegId, recording: RecordingId) -> None:
        """Begin as soon as possible; returns at once."""
        if not _STEM.fullmatch(recording):
            raise CommandRefused(f"not a recording's name: {recording!r}")
        self._spawn(recording, self._start(leg, recording))

    def stop(self, leg: LegId, recording: RecordingId) -> None:
        """End it, after its start if that is still on its way; returns at once. The files are complete when the leg
        has left or this has been carried out."""
        self._spawn(recording, self._stop(leg, recording, self._work.get(recording)))

    @property
    def at_work(self) -> int:
        """Starts and stops that are on their way."""
        return len(self._work)

    async def close(self) -> None:
        """Give up what is on its way; recordings that run go on in Asterisk."""
        tasks = tuple(self._work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, recording: RecordingId, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name=f"record:{recording}")
        self._work[recording] = task
        task.add_done_callback(lambda done: self._finished(recording, done))

    def _finished(self, recording: RecordingId, task: asyncio.Task[None]) -> None:
        if self._work.get(recording) is task:
            del self._work[recording]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(recording, f"{type(error).__name__}: {error}")

    def _fail(self, recording: RecordingId, reason: str) -> None:
        log.warning("recording_failed", recording=recording, reason=reason)
        self._on_failure(RecordingFailed(recording, reason))

    async def _start(self, leg: LegId, recording: RecordingId) -> None:
        deadline = asyncio.get_running_loop().time() + self._patience_s
        tried = False
        while True:
            try:
                if tried:  # the lost attempt may have succeeded, and two would write over each other
                    await self._ami.action("StopMixMonitor", Channel=leg)
                await self._mix(leg, recording)
            except SwitchDown as error:
                tried = True
                if asyncio.get_running_loop().time() + self._pause_s > deadline:
                    return self._fail(recording, str(error))
                await asyncio.sleep(self._pause_s)
            except (LegGone, CommandRefused) as error:
                return self._fail(recording, str(error))
            else:
                return None

    async def _mix(self, leg: LegId, recording: RecordingId) -> None:
        said, heard = raw_files(self._folder, recording)
        # no `b`: it would cut times on hold out of the timeline; S: silence keeps the two files in step
        await self._ami.action("MixMonitor", Channel=leg, options=f"r({said})t({heard})S")

    async def _stop(self, leg: LegId, recording: RecordingId, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self._ami.action("StopMixMonitor", Channel=leg)
        except LegGone:
            pass  # it ended with the leg
        except (SwitchDown, CommandRefused) as error:
            log.warning("recording_not_stopped", recording=recording, problem=str(error))  # ends with the leg
            return
        if not any(file.exists() for file in raw_files(self._folder, recording)):
            self._fail(recording, "nothing was written: no sound came, or Asterisk may not write there")
