"""The library of prompts: made once, found at once, recorded files first."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile
from structlog.testing import capture_logs

from callrouter.audio import alaw_decode, locate, tone, tone_shares, ulaw_decode
from callrouter.centre.programs import command
from callrouter.errors import SetupError
from callrouter.prompts import system
from callrouter.prompts.library import AT_ONCE, PromptLibrary
from callrouter.prompts.sound import Sound
from callrouter.prompts.speech import Espeak
from callrouter.tree.load import load_tree
from callrouter.tree.model import Prompt, prompts

HELLO = Prompt("shop.hello", {"en": "Hello", "ru": "Привет"}, {})
BYE = Prompt("shop.bye", {"en": "Goodbye"}, {})
PROJECT = Path(__file__).parents[2]


class Voice:
    """Speaks a tone, a different one for each text, and counts."""

    version = "1"

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.now = self.most = 0

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:
        self.said.append((text, language))
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if text == "broken":
            raise SetupError("no voice today")
        hz = 400 + 50 * len(text)
        return np.sin(2 * np.pi * hz * np.arange(8000) / 16000) * 0.2, 16000


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
def library(tmp_path: Path, voice: Voice) -> PromptLibrary:
    return PromptLibrary(tmp_path / "cache", tmp_path / "trees", voice)


def record(library: PromptLibrary, tmp_path: Path, name: str, hz: float) -> None:
    file = tmp_path / "trees" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, tone(hz, 0.5), 8000)


def content(file: str) -> bytes:
    return Path(file).read_bytes()


async def test_each_prompt_is_made_once_in_both_laws(library: PromptLibrary, voice: Voice) -> None:
    await library.prepare([HELLO, BYE], ["en", "ru"])
    assert sorted(voice.said) == [("Goodbye", "en"), ("Hello", "en"), ("Привет", "ru")]
    (stem,) = library.files(HELLO, "en")
    plain = library.pcm(HELLO, "en")
    alaw, ulaw = content(stem + ".alaw"), content(stem + ".ulaw")
    assert stem.startswith("/")
    assert len(alaw) == len(ulaw) == len(plain)
    assert locate(plain, alaw_decode(alaw)).score > 0.99
    assert locate(plain, ulaw_decode(ulaw)).score > 0.99
    await library.prepare([HELLO, BYE], ["en", "ru"])
    assert len(voice.said) == 3


async def test_nothing_half_made_is_left_behind(library: PromptLibrary, tmp_path: Path) -> None:
    await library.prepare([HELLO], ["en"])
    names = sorted(file.suffix for file in (tmp_path / "cache").rglob("*") if file.is_file())
    assert names == [".alaw", ".ulaw", ".wav"]


async def test_other_words_or_another_voice_make_another_file(library: PromptLibrary, voice: Voice) -> None:
    changed = Prompt(HELLO.key, {"en": "Good day"}, {})
    await library.prepare([HELLO, changed], ["en"])
    assert library.files(HELLO, "en") != library.files(changed, "en")
    before = library.files(HELLO, "en")
    voice.version = "2"
    await library.prepare([HELLO], ["en"])
    assert library.files(HELLO, "en") != before


async def test_progress_is_told_from_nothing_to_all(library: PromptLibrary) -> None:
    told: list[tuple[int, int]] = []
    await library.prepare([HELLO, BYE], ["en", "ru"], lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_only_a_few_are_made_at_once(library: PromptLibrary, voice: Voice) -> None:
    await library.prepare([Prompt(f"shop.n{n}", {"en": f"word {n}"}, {}) for n in range(20)], ["en"])
    assert voice.most <= AT_ONCE


async def test_a_recorded_file_beside_the_tree_wins_over_the_words(library: PromptLibrary, tmp_path: Path) -> None:
    record(library, tmp_path, "shop/en/hello.wav", 1500)
    await library.prepare([HELLO], ["en", "ru"])
    assert tone_shares(library.pcm(HELLO, "en")[500:3500], [1500.0], 0.05).min() > 0.9
    record(library, tmp_path, "shop/en/hello.wav", 2500)
    await library.prepare([HELLO], ["en"])
    assert tone_shares(library.pcm(HELLO, "en")[500:3500], [2500.0], 0.05).min() > 0.9


async def test_the_file_that_a_tree_names_wins_over_the_one_beside_it(library: PromptLibrary, tmp_path: Path) -> None:
    record(library, tmp_path, "shop/en/hello.wav", 1500)
    record(library, tmp_path, "studio/greeting.flac", 900)
    named = Prompt(HELLO.key, {"en": "Hello"}, {"en": "studio/greeting.flac"})
    await library.prepare([named], ["en"])
    assert tone_shares(library.pcm(named, "en")[500:3500], [900.0], 0.05).min() > 0.9


async def test_a_named_file_that_is_not_there_is_an_error_that_names_it(library: PromptLibrary) -> None:
    named = Prompt("shop.hello", {}, {"en": "studio/greeting.wav"})
    with pytest.raises(SetupError, match=r"studio/greeting\.wav \(for shop\.hello\)"):
        await library.prepare([named], ["en"])


async def test_a_prompt_without_the_language_is_played_in_another_with_a_log_line(library: PromptLibrary) -> None:
    await library.prepare([BYE], ["en", "ru"])
    with capture_logs() as logs:
        assert library.files(BYE, "ru") == library.files(BYE, "en")
    assert [(entry["event"], entry["prompt"], entry["language"], entry["used"]) for entry in logs] == [
        ("prompt_in_other_language", "shop.bye", "ru", "en")
    ]


def test_a_prompt_that_was_never_made_is_an_error_in_the_log_and_no_crash(library: PromptLibrary) -> None:
    with capture_logs() as logs:
        assert library.files(HELLO, "en") == ()
    assert [entry["event"] for entry in logs] == ["prompt_missing"]
    with pytest.raises(LookupError, match="call prepare first"):
        library.pcm(HELLO, "en")


async def test_a_voice_that_fails_fails_the_preparation_and_leaves_no_task(library: PromptLibrary) -> None:
    broken = [Prompt(f"shop.b{n}", {"en": "broken" if n == 3 else f"w {n}"}, {}) for n in range(8)]
    with pytest.raises(SetupError, match="no voice today"):
        await library.prepare(broken, ["en"])
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("prompt ")] == []


async def test_two_processes_may_make_the_same_prompt(tmp_path: Path) -> None:
    one, two = (PromptLibrary(tmp_path / "cache", tmp_path / "trees", Voice()) for _ in range(2))
    await asyncio.gather(one.prepare([HELLO], ["en"]), two.prepare([HELLO], ["en"]))
    assert one.files(HELLO, "en") == two.files(HELLO, "en")
    assert len(list((tmp_path / "cache").rglob("*.alaw"))) == 1


async def test_everything_that_ships_is_spoken_in_seconds_and_no_prompt_is_like_another(tmp_path: Path) -> None:
    file = PROJECT / "ivr_trees" / "payments.yaml"
    everything = [*system.PROMPTS, *prompts(load_tree(file.read_bytes(), str(file)))]
    library = PromptLibrary(tmp_path, PROJECT / "ivr_trees", Espeak(command("espeak-ng")))
    await library.prepare(everything, ["ru", "en"])
    menus = [prompt for prompt in everything if prompt.key.endswith(("calling", "problem"))]
    sounds = {(prompt.key, language): library.pcm(prompt, language) for prompt in menus for language in ("ru", "en")}
    for key, heard in sounds.items():
        for other, pattern in sounds.items():
            score = locate(pattern[:16000], heard).score
            assert score > 0.99 if key == other else score < 0.7, (key, other)


def test_every_word_of_our_own_is_there_in_both_languages() -> None:
    assert all(prompt.text.keys() == {"ru", "en"} for prompt in system.PROMPTS)
    assert len({prompt.key for prompt in system.PROMPTS}) == len(system.PROMPTS)
