"""A prompt that is still being spoken holds up nobody: the call goes on, and what is there is said in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callrouter.app import speaking
from callrouter.app.speaking import SpeakingSwitch
from callrouter.engine.ports import HeldLeg
from callrouter.errors import LegGone, SwitchDown
from callrouter.prompts import system
from callrouter.prompts.library import PromptLibrary
from callrouter.prompts.sound import Sound
from callrouter.telephony import (
    CallId,
    Command,
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
from callrouter.tree.model import Prompt, prompt_of

CALL, LEG = CallId("c1"), LegId("c1")
FIXED = prompt_of("shop.hello", {"en": "Hello"})


class Voice:
    version = "1"

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:
        await self.open.wait()
        return np.full(800, 0.1), 8000


class Recorder:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Command] = []
        self.refuses: Exception | None = None
        self.played = asyncio.Event()

    def listen(self, on_event: Callable[[SwitchEvent], None]) -> None: ...

    def set_admission(self, admit: Callable[[], bool]) -> None: ...

    async def held(self) -> Sequence[HeldLeg]:
        return ()

    async def reachable_phones(self) -> frozenset[PhoneId]:
        return frozenset()

    async def perform(self, call: CallId, command: Command) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.told.append(command)
        if isinstance(command, Play) and command.playback == "p1":
            self.played.set()

    @property
    def names(self) -> list[str]:
        return [
            type(command).__name__ + (f" {command.playback}" if isinstance(command, Play) else "")
            for command in self.told
        ]


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
async def library(tmp_path: Path, voice: Voice) -> AsyncIterator[PromptLibrary]:
    made = PromptLibrary(tmp_path / "cache", tmp_path, voice)
    words = prompt_of("shop.order", {"en": "Your order {order}."})
    await made.prepare([FIXED, words, system.ONE_MOMENT], ["en"])
    yield made
    await made.close()


@pytest.fixture
def switch() -> Recorder:
    return Recorder()


@pytest.fixture
async def speaker(
    switch: Recorder, library: PromptLibrary, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SpeakingSwitch]:
    monkeypatch.setattr(speaking, "FILLER_AFTER_S", 0.02)
    monkeypatch.setattr(speaking, "MUSIC_AFTER_S", 0.02)
    made = SpeakingSwitch(switch, library, wait_s=5)
    yield made
    await made.close()


def order(library: PromptLibrary, value: str = "seven") -> Play:
    prompt = prompt_of("shop.order", {"en": "Your order {order}."}, {"order": value})
    return Play(LEG, PlaybackId("p1"), library.files(prompt, "en"))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.005)


async def test_what_is_said_to_an_agent_comes_without_what_is_late_and_without_a_word_of_patience(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary, voice: Voice
) -> None:
    voice.open.clear()
    late = order(library)
    await speaker.perform(CALL, replace(late, within_s=0.05))
    await until(lambda: bool(switch.told))
    assert switch.names == ["Play p1"]
    (play,) = switch.told
    assert isinstance(play, Play)
    assert 0 < len(play.files) < len(late.files)


async def test_what_an_agent_will_be_told_is_made_while_the_phone_rings(
    switch: Recorder, library: PromptLibrary
) -> None:
    prompt = prompt_of("shop.order", {"en": "Your order {order}."}, {"order": "nine"})
    speaker = SpeakingSwitch(switch, library, wait_s=5, briefing=lambda _call, _leg: [(prompt, "en")])
    await speaker.perform(CALL, Ring(LEG, CALL, PhoneId("p"), "+7916", "Ivan", 15))
    assert await library.made(library.files(prompt, "en"), 5)
    await speaker.close()


async def test_what_is_there_is_played_at_once(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary
) -> None:
    play = Play(LEG, PlaybackId("p1"), library.files(FIXED, "en"))
    await speaker.perform(CALL, play)
    assert switch.told == [play]


async def test_what_is_soon_made_is_played_without_a_word(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "FILLER_AFTER_S", 5)
    play = order(library)
    await speaker.perform(CALL, play)
    assert switch.told == []
    await switch.played.wait()
    assert switch.told == [play]


async def test_a_slow_voice_is_waited_for_behind_one_word_of_patience_and_music(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary, voice: Voice
) -> None:
    voice.open.clear()
    play = order(library)
    await speaker.perform(CALL, play)
    await until(lambda: StartMusic(LEG, "default") in switch.told)
    voice.open.set()
    await switch.played.wait()
    assert switch.names == ["Play p1-filler", "StartMusic", "StopMusic", "Play p1"]
    assert switch.told[-1] == play


async def test_after_the_wait_the_caller_hears_the_rest(switch: Recorder, library: PromptLibrary, voice: Voice) -> None:
    speaker = SpeakingSwitch(switch, library, wait_s=0.01)
    voice.open.clear()
    play = order(library)
    await speaker.perform(CALL, play)
    await switch.played.wait()
    last = switch.told[-1]
    assert isinstance(last, Play)
    assert last.files == (play.files[0],)
    await speaker.close()


@pytest.mark.parametrize("command", [StopPlayback(LEG, PlaybackId("p1")), HangUp(LEG)])
async def test_a_key_or_a_goodbye_ends_the_waiting(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary, voice: Voice, command: Command
) -> None:
    voice.open.clear()
    await speaker.perform(CALL, order(library))
    await until(lambda: len(switch.told) == 2)
    await speaker.perform(CALL, command)
    assert switch.names == ["Play p1-filler", "StartMusic", "StopMusic", *switch.names[3:-1], type(command).__name__]
    voice.open.set()
    await until(lambda: library.is_ready(order(library).files))
    assert not switch.played.is_set()


async def test_a_stop_for_another_prompt_does_not_end_it(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary, voice: Voice
) -> None:
    voice.open.clear()
    await speaker.perform(CALL, order(library))
    await speaker.perform(CALL, StopPlayback(LEG, PlaybackId("p0")))
    voice.open.set()
    await switch.played.wait()


@pytest.mark.parametrize(("error", "told"), [(LegGone("gone"), 0), (SwitchDown("down"), 1)])
async def test_a_prompt_that_cannot_be_played_in_the_end_is_told_as_failed(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary, error: Exception, told: int
) -> None:
    events: list[SwitchEvent] = []
    speaker.listen(events.append)
    switch.refuses = error
    play = order(library)
    await speaker.perform(CALL, play)
    await until(lambda: not speaker._late)
    assert events == [PlaybackEnded(LEG, PlaybackId("p1"), failed=True)] * told


async def test_what_may_be_told_next_is_made_while_the_caller_hears_this(
    switch: Recorder, library: PromptLibrary
) -> None:
    def soon(call: CallId) -> tuple[list[Prompt], str]:
        return [prompt_of("shop.order", {"en": "Your order {order}."}, {"order": f"of {call}"})], "en"

    speaker = SpeakingSwitch(switch, library, wait_s=5, soon=soon)
    await speaker.perform(CALL, Play(LEG, PlaybackId("p0"), library.files(FIXED, "en")))
    await until(lambda: library.is_ready(order(library, "of c1").files))
    await speaker.perform(CALL, order(library, "of c1"))
    assert switch.names == ["Play p0", "Play p1"]


async def test_the_music_of_waiting_is_over_when_the_call_ends_meanwhile(
    speaker: SpeakingSwitch, switch: Recorder, library: PromptLibrary, voice: Voice
) -> None:
    voice.open.clear()
    await speaker.perform(CALL, order(library))
    await until(lambda: len(switch.told) == 2)
    await speaker.close()
    assert StopMusic(LEG) in switch.told
