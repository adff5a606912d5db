"""What espeak-ng is given to say: words, never orders."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.audio import Samples, locate
from callrouter.centre.programs import command
from callrouter.errors import SetupError
from callrouter.prompts.sound import for_phone
from callrouter.prompts.speech import Espeak, by_voice, clean_text


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return Espeak(command("espeak-ng"))


async def spoken(espeak: Espeak, text: str, language: str = "en") -> Samples:
    return for_phone(*await espeak.speak(text, language))


async def test_both_languages_are_spoken_and_differ(espeak: Espeak) -> None:
    russian, english = await spoken(espeak, "Здравствуйте", "ru"), await spoken(espeak, "Hello")
    assert min(len(russian), len(english)) > 4000
    assert locate(english, np.concatenate([russian, russian])).score < 0.6


@pytest.mark.parametrize(
    "text",
    ["-w {file}", "--version", "$(touch {file})", "`touch {file}`; touch {file}", "x\n-w {file}\n", "\x00-w {file}"],
)
async def test_hostile_text_is_read_aloud_and_obeyed_by_nobody(espeak: Espeak, tmp_path: Path, text: str) -> None:
    target = tmp_path / "made"
    said = await spoken(espeak, text.format(file=target))
    assert len(said) > 1000
    assert not target.exists()


async def test_marks_that_espeak_would_take_for_phonemes_or_markup_are_words(espeak: Espeak) -> None:
    assert clean_text("say [[h@l'oU]] [[[x") == "say [ [h@l'oU]] [ [ [x"
    with_mark = await spoken(espeak, "<break time='3s'/> one")
    assert len(with_mark) < 8 * 8000


def test_each_script_gets_a_voice_that_can_read_it() -> None:
    assert by_voice("Press one. Для русского языка нажмите восемь. Thanks.", "en") == [
        ("Press one.", "en"),
        ("Для русского языка нажмите восемь.", "ru"),
        ("Thanks.", "en"),
    ]
    assert by_voice("Нажмите один. For English, press nine.", "ru") == [
        ("Нажмите один. For English, press nine.", "ru")
    ]


@settings(deadline=None)
@given(st.text())
def test_cleaned_text_is_one_line_of_utf8_without_control_characters(text: str) -> None:
    cleaned = clean_text(text)
    assert "[[" not in cleaned
    assert all(char.isprintable() or ord(char) > 127 for char in cleaned)
    cleaned.encode()


async def test_a_language_without_a_voice_says_what_to_do(espeak: Espeak) -> None:
    with pytest.raises(SetupError, match="put recorded files"):
        await espeak.speak("hello", "zz")


@pytest.mark.parametrize("program", ["/bin/true", "/bin/false", "/nonexistent/espeak-ng"])
def test_a_program_that_is_not_espeak_says_so(program: str) -> None:
    with pytest.raises(SetupError, match="callrouter doctor"):
        _ = Espeak([program]).version


def test_the_version_is_part_of_what_makes_the_sound(espeak: Espeak) -> None:
    assert espeak.version.startswith("espeak-ng 1.")
