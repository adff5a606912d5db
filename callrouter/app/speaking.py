"""A switch that waits for sounds which are still being made, while the call goes on: keys and goodbyes are not held up.

Play ──all there──▶ played
 │ something is still being spoken
 ▼
silence, FILLER_AFTER_S ──▶ a word of patience, once ──▶ music ──there, or wait_s over──▶ what there is, is played
A StopPlayback, a hang-up or a hand-over of the leg ends it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from callrouter.engine.ports import HeldLeg, Switch
from callrouter.errors import CommandRefused, LegGone, SwitchDown
from callrouter.prompts import system
from callrouter.prompts.library import PromptLibrary
from callrouter.telephony import (
    CallId,
    Command,
    HandToFallback,
    HangUp,
    LegId,
    PhoneId,
    Play,
    PlaybackEnded,
    PlaybackId,
    Ring,
    StartMusic,
    StopMusic,
    StopPlayback,
    SwitchEvent,
)
from callrouter.tree.model import Prompt

log = structlog.get_logger()

FILLER_AFTER_S = 0.6
"""A pause that nobody minds."""
MUSIC_AFTER_S = 2.5
"""The word of patience has been heard by then."""


@dataclass(frozen=True, slots=True)
class _Late:
    """A prompt that is being waited for."""

    playback: PlaybackId
    task: asyncio.Task[None]


class SpeakingSwitch:
    """The switch, for prompts that are not all made yet."""

    def __init__(
        self,
        switch: Switch,
        library: PromptLibrary,
        wait_s: float,
        *,
        soon: Callable[[CallId], tuple[Iterable[Prompt], str]] = lambda _call: ((), ""),
        briefing: Callable[[CallId, LegId], Iterable[tuple[Prompt, str]]] = lambda _call, _leg: (),
        music: str = "default",
    ) -> None:
        """`soon`: what this call may be told next, and in which language. It is made while the caller hears this.
        `briefing`: what an agent may be told after picking up; it is made while the phone rings."""
        self._switch, self._library, self._wait_s, self._music = switch, library, wait_s, music
        self._soon, self._briefing = soon, briefing
        self._late: dict[LegId, _Late] = {}
        self._tell: Callable[[SwitchEvent], None] = lambda _event: None

    def listen(self, on_event: Callable[[SwitchEvent], None]) -> None:
        self._tell = on_event
        self._switch.listen(on_event)

    def set_admission(self, admit: Callable[[], bool]) -> None:
        self._switch.set_admission(admit)

    async def held(self) -> Sequence[HeldLeg]:
        return await self._switch.held()

    async def reachable_phones(self) -> frozenset[PhoneId]:
        return await self._switch.reachable_phones()

    async def perform(self, call: CallId, command: Command) -> None:
        match command:
            case Play(leg=leg, playback=playback) if not self._library.is_ready(command.files):
                await self._forget(leg)
                task = asyncio.create_task(self._play_late(call, command), name=f"late prompt {playback}")
                self._late[leg] = _Late(playback, task)
                return
            case StopPlayback(leg=leg, playback=playback) if leg in self._late:
                if self._late[leg].playback == playback:
                    await self._forget(leg)
            case HangUp(leg=leg) | HandToFallback(leg=leg):
                await self._forget(leg)
            case Play():
                await self._library.ready(command.files, 0)  # used now: the cache keeps it
            case _:
                pass
        await self._switch.perform(call, command)
        if isinstance(command, Play):
            self._library.begin(*self._soon(call))
        elif isinstance(command, Ring):
            for prompt, language in self._briefing(call, command.leg):
                self._library.begin((prompt,), language)

    async def close(self) -> None:
        for leg in list(self._late):
            await self._forget(leg)

    async def _forget(self, leg: LegId) -> None:
        """Its filler and music are stopped by the task itself."""
        late = self._late.pop(leg, None)
        if late is not None:
            late.task.cancel()
            with suppress(asyncio.CancelledError):
                await late.task

    async def _play_late(self, call: CallId, play: Play) -> None:
        try:
            async with asyncio.timeout(self._wait_s * 2 + 5):  # the switch itself may be slow
                files = await self._made(call, play)
                await self._switch.perform(call, replace(play, files=files))
        except LegGone:
            log.debug("late_prompt_for_nobody", playback=play.playback)
        except (CommandRefused, SwitchDown, TimeoutError) as error:
            log.error("late_prompt_not_played", playback=play.playback, why=str(error))
            self._tell(PlaybackEnded(play.leg, play.playback, failed=True))
        finally:
            late = self._late.get(play.leg)
            if late is not None and late.playback == play.playback and not late.task.cancelling():
                del self._late[play.leg]

    async def _made(self, call: CallId, play: Play) -> tuple[str, ...]:
        """Waits behind a word of patience, which is said to its end, and music, which ends with the waiting."""
        if play.within_s is not None:
            return await self._library.ready(play.files, play.within_s)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._wait_s
        if await self._there(play.files, min(FILLER_AFTER_S, self._wait_s)):
            return await self._library.ready(play.files, 0)
        filler = PlaybackId(f"{play.playback}-filler")
        try:
            await self._say_patience(call, play, filler)
            if not await self._there(play.files, min(MUSIC_AFTER_S, until - loop.time())):
                return await self._behind_music(call, play, until)
            return await self._library.ready(play.files, 0)
        except asyncio.CancelledError:
            await self._switch.perform(call, StopPlayback(play.leg, filler))
            raise

    async def _behind_music(self, call: CallId, play: Play, until: float) -> tuple[str, ...]:
        await self._switch.perform(call, StartMusic(play.leg, self._music))
        try:
            return await self._library.ready(play.files, max(0.0, until - asyncio.get_running_loop().time()))
        finally:
            await self._switch.perform(call, StopMusic(play.leg))

    async def _there(self, files: tuple[str, ...], within_s: float) -> bool:
        return await self._library.made(files, max(0.0, within_s))

    async def _say_patience(self, call: CallId, play: Play, filler: PlaybackId) -> None:
        language = Path(play.files[0]).parent.name
        files = self._library.files(system.ONE_MOMENT, language)
        if files:
            await self._switch.perform(call, Play(play.leg, filler, files))
