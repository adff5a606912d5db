"""Prompts with values in them: words made before any call, values when known, nobody waits longer than told."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from structlog.testing import capture_logs

from callrouter.audio import alaw_decode, tone, tone_shares
from callrouter.centre.programs import command
from callrouter.errors import SetupError
from callrouter.prompts import ahead
from callrouter.prompts.library import PromptLibrary
from callrouter.prompts.sound import Sound
from callrouter.prompts.sources import SPOKEN
from callrouter.prompts.speech import Espeak
from callrouter.tree.model import Prompt, Value, prompt_of

TEXT = {"en": "Your order {order:digits}, is ready {when:date}.", "ru": "Заказ {order:digits} готов."}


class Voice:
    """Speaks a tone whose pitch tells the number of characters; can be held back."""

    version = "1"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:
        self.said.append(text)
        await self.open.wait()
        if "broken" in text:
            raise SetupError("no voice today")
        hz = 400 + 25 * len(text)
        return np.sin(2 * np.pi * hz * np.arange(8000) / 16000) * 0.2, 16000


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
async def library(tmp_path: Path, voice: Voice) -> AsyncIterator[PromptLibrary]:
    made = PromptLibrary(tmp_path / "cache", tmp_path / "trees", voice)
    yield made
    await made.close()


def order(number: Value = "42", when: Value = "2026-05-09") -> Prompt:
    return prompt_of("shop.order", TEXT, {"order": number, "when": when})


async def test_words_are_made_before_any_call_and_values_when_they_are_known(
    library: PromptLibrary, voice: Voice
) -> None:
    await library.prepare([prompt_of("shop.order", TEXT)], ["en", "ru"])
    assert sorted(voice.said) == [", is ready", "Your order", "Заказ", "готов."]
    voice.said.clear()
    files = await library.speak(order(), "en", 1.0)
    assert voice.said == ["four two", "May ninth, twenty twenty-six"]
    assert files is not None
    assert len(files) == 4
    assert all(Path(f"{file}.{law}").is_file() for file in files for law in ("alaw", "ulaw"))


async def test_a_value_that_was_said_before_is_there_at_once(library: PromptLibrary, voice: Voice) -> None:
    await library.prepare([order()], ["en"])
    first = await library.speak(order(), "en", 1.0)
    voice.said.clear()
    assert library.is_ready(library.files(order(), "en"))
    assert await library.speak(order(), "en", 0) == first
    assert voice.said == []


async def test_names_are_known_before_the_sound_is(library: PromptLibrary, voice: Voice) -> None:
    await library.prepare([order()], ["en"])
    files = library.files(order(), "en")
    assert len(files) == 4
    assert not library.is_ready(files)
    assert await library.ready(files, 1.0) == files


async def test_what_is_late_is_left_out_and_is_there_the_next_time(library: PromptLibrary, voice: Voice) -> None:
    await library.prepare([order()], ["en"])
    voice.open.clear()
    files = library.files(order(), "en")
    with capture_logs() as logs:
        said = await library.ready(files, 0.01)
        assert await library.speak(order(), "en", 0.01) is None
    assert said == (files[0], files[2])
    assert {entry["event"] for entry in logs} == {"prompt_late"}
    assert "42" not in str(logs)
    voice.open.set()
    assert await library.ready(files, 1.0) == files


async def test_ahead_of_its_turn_is_made_in_the_background(library: PromptLibrary, voice: Voice) -> None:
    await library.prepare([order()], ["en"])
    library.begin([order()], "en")
    while not library.is_ready(library.files(order(), "en")):
        await asyncio.sleep(0.005)
    voice.said.clear()
    assert await library.speak(order(), "en", 0) is not None
    assert voice.said == []


async def test_many_calls_that_need_the_same_sound_make_it_once(library: PromptLibrary, voice: Voice) -> None:
    await library.prepare([order()], ["ru"])
    voice.said.clear()
    said = await asyncio.gather(*(library.speak(order(), "ru", 1.0) for _ in range(50)))
    assert len(set(said)) == 1
    assert voice.said == ["четыре два"]


async def test_a_voice_that_fails_costs_a_word_and_not_the_call(library: PromptLibrary) -> None:
    await library.prepare([order()], ["en"])
    with capture_logs() as logs:
        files = await library.ready(library.files(order(when="broken"), "en"), 1.0)
    assert len(files) == 3
    assert {entry["event"] for entry in logs} == {"value_unreadable", "voice_failed", "prompt_late"}


async def test_a_thread_without_a_loop_can_wait_too(library: PromptLibrary) -> None:
    await library.prepare([order()], ["en"])
    files = library.files(order(), "en")
    assert await asyncio.to_thread(library.ready_now, files, 5.0) == files


async def test_recorded_pieces_and_recorded_digits_win_over_the_voice(tmp_path: Path, voice: Voice) -> None:
    shipped = tmp_path / "core"
    for name, hz in (("digits/4", 700.0), ("digits/2", 1100.0)):
        file = shipped / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, tone(hz, 0.3), 8000)
    own = tmp_path / "trees/shop/ru/order.1.flac"
    own.parent.mkdir(parents=True)
    soundfile.write(own, tone(1900, 0.3), 16000)
    library = PromptLibrary(tmp_path / "cache", tmp_path / "trees", voice, {"ru": shipped})
    await library.prepare([order()], ["ru"])
    assert voice.said == ["готов."]
    files = await library.speak(order(), "ru", 0)
    assert files is not None
    heard = [alaw_decode(Path(f"{file}.alaw").read_bytes()) for file in files]
    assert [
        bool(tone_shares(sound[400:2000], [hz], 0.1).min() > 0.9)
        for sound, hz in zip(heard, (3800, 700, 1100), strict=False)
    ] == [True] * 3
    assert voice.said == ["готов."]
    assert (await library.speak(order("47"), "ru", 1.0)) is not None  # there is no recorded seven
    assert voice.said == ["готов.", "четыре семь"]


async def test_own_recordings_of_digits_win_over_the_shipped_ones(tmp_path: Path, voice: Voice) -> None:
    for folder, hz in ((tmp_path / "core", 700.0), (tmp_path / "trees/sounds/ru", 1500.0)):
        (folder / "digits").mkdir(parents=True)
        soundfile.write(folder / "digits/4.wav", tone(hz, 0.3), 8000)
    library = PromptLibrary(tmp_path / "cache", tmp_path / "trees", voice, {"ru": tmp_path / "core"})
    await library.prepare([order()], ["ru"])
    files = await library.speak(order("4"), "ru", 0)
    assert files is not None
    assert tone_shares(alaw_decode(Path(f"{files[1]}.alaw").read_bytes())[400:2000], [1500.0], 0.1).min() > 0.9


async def test_an_unknown_value_is_left_out_with_a_line_in_the_log(library: PromptLibrary) -> None:
    await library.prepare([order()], ["ru"])
    with capture_logs() as logs:
        files = await library.speak(prompt_of("shop.order", TEXT, {}), "ru", 1.0)
    assert files is not None
    assert len(files) == 2
    assert [(entry["event"], entry["variable"]) for entry in logs] == [("value_unknown", "order")]


@pytest.mark.parametrize("value", ["", "!?", "../../etc/passwd", "$(reboot)", "-w /tmp/x", "\x00\x1b[2J", "я" * 5000])
async def test_a_hostile_value_never_leaves_the_folder_of_spoken_sounds(
    library: PromptLibrary, tmp_path: Path, value: str
) -> None:
    prompt = prompt_of("shop.name", {"en": "Hello {name}!"}, {"name": value})
    await library.prepare([prompt], ["en"])
    files = await library.speak(prompt, "en", 1.0)
    assert files is not None
    assert all(Path(file).resolve().is_relative_to(tmp_path / "cache") for file in files)
    assert all(Path(file).name.isalnum() for file in files)


async def test_the_cache_of_values_stays_within_its_bound_and_keeps_what_was_used_lately(
    tmp_path: Path, voice: Voice
) -> None:
    library = PromptLibrary(tmp_path / "cache", tmp_path / "trees", voice, spoken_mb=0)
    await library.prepare([order()], ["ru"])
    old, new = [await library.speak(order(number), "ru", 1.0) for number in ("1", "2")]
    assert old is not None
    assert new is not None
    long_ago = time.time() - 100_000
    for law in ("alaw", "ulaw"):
        os.utime(f"{old[1]}.{law}", (long_ago, long_ago))
    assert library._ahead.sweep() == 1
    left = {file.stem for file in (tmp_path / "cache" / SPOKEN).glob("*/*")}
    assert left == {Path(new[1]).name}
    assert await library.speak(order("1"), "ru", 1.0) == old


async def test_what_nobody_was_told_for_a_week_is_gone(library: PromptLibrary) -> None:
    await library.prepare([order()], ["ru"])
    old, new = [await library.speak(order(number), "ru", 1.0) for number in ("1", "2")]
    assert old is not None
    assert new is not None
    os.utime(f"{old[1]}.alaw", (time.time() - 8 * 86_400,) * 2)
    assert library._ahead.sweep() == 1
    assert not Path(f"{old[1]}.alaw").exists()
    assert Path(f"{new[1]}.alaw").exists()


async def test_a_voice_that_has_gone_costs_a_prompt_and_not_the_call(tmp_path: Path) -> None:
    class Gone(Voice):
        @property
        def version(self) -> str:  # type: ignore[override]
            raise SetupError("the voice file is gone")

    library = PromptLibrary(tmp_path / "cache", tmp_path / "trees", Gone())
    with capture_logs() as logs:
        assert library.files(order(), "ru") == ()
    assert [entry["event"] for entry in logs] == ["prompt_unreadable", "prompt_unreadable", "prompt_missing"]


async def test_a_voice_that_is_far_behind_is_given_no_more(
    library: PromptLibrary, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "WAITING_MOST", 3)
    await library.prepare([order()], ["ru"])
    voice.open.clear()
    with capture_logs() as logs:
        said = await asyncio.gather(*(library.speak(order(str(number)), "ru", 0.02) for number in range(5)))
    assert said == [None] * 5
    assert [entry["event"] for entry in logs].count("voice_behind") == 2
    voice.open.set()
    assert await library.speak(order("2"), "ru", 1.0) is not None


async def test_espeak_itself_speaks_for_a_thread(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path / "cache", tmp_path / "trees", Espeak(command("espeak-ng")))
    await library.prepare([order()], ["ru"])
    files = library.files(order(), "ru")
    assert await asyncio.to_thread(library.ready_now, files, 20.0) == files


async def test_use_keeps_a_sound_young(library: PromptLibrary) -> None:
    await library.prepare([order()], ["ru"])
    files = await library.speak(order(), "ru", 1.0)
    assert files is not None
    os.utime(f"{files[1]}.alaw", (1, 1))
    await library.speak(order(), "ru", 0)
    assert time.time() - Path(f"{files[1]}.alaw").stat().st_mtime < 60


async def test_the_longest_fixed_piece_is_what_ears_recognise(library: PromptLibrary) -> None:
    await library.prepare([order()], ["en"])
    hz = 400 + 25 * len(", is ready")
    assert tone_shares(library.pcm(order(), "en")[400:3500], [float(hz * 1)], 0.1).min() > 0.9
