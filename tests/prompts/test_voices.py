"""Other voices: a program is given text and gives sound; whatever else it does is told and bounded."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callrouter.audio import tone
from callrouter.errors import SetupError
from callrouter.prompts import program
from callrouter.prompts.voices import AnyCommand, Piper, VoicePerLanguage

PYTHON = sys.executable


def script(folder: Path, text: str) -> tuple[str, ...]:
    file = folder / "voice.py"
    file.write_text(text)
    return PYTHON, str(file)


@pytest.fixture
def said(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "said.wav", tone(500, 0.4), 8000)
    return tmp_path / "said.wav"


async def test_a_program_of_ones_own_gets_text_on_its_input_and_the_language_as_argument(
    tmp_path: Path, said: Path
) -> None:
    code = f"""import sys
open({str(tmp_path / "heard")!r}, "w").write(sys.argv[1] + "|" + sys.stdin.read())
sys.stdout.buffer.write(open({str(said)!r}, "rb").read())"""
    voice = AnyCommand((*script(tmp_path, code), "--lang={language}"))
    samples, rate = await voice.speak("--rm\n$(reboot) {language}", "en")
    assert (samples.shape, rate) == ((3200, 1), 8000)
    assert (tmp_path / "heard").read_text() == "--lang=en|--rm $(reboot) {language}\n"


async def test_piper_writes_a_file_and_reads_the_text(tmp_path: Path, said: Path) -> None:
    code = f"""import shutil, sys
assert sys.stdin.read() == "Здравствуйте!\\n"
assert sys.argv[1:3] == ["--model", {str(tmp_path / "ru.onnx")!r}] and sys.argv[3] == "--output_file"
shutil.copy({str(said)!r}, sys.argv[4])"""
    (tmp_path / "ru.onnx").write_bytes(b"voice")
    voice = Piper(script(tmp_path, code), tmp_path / "ru.onnx")
    samples, rate = await voice.speak("Здравствуйте!", "ru")
    assert (samples.shape, rate) == ((3200, 1), 8000)
    assert "ru.onnx 5" in voice.version


def test_a_changed_voice_file_is_another_version(tmp_path: Path) -> None:
    voice = Piper(("piper",), tmp_path / "ru.onnx")
    with pytest.raises(SetupError, match=r"there is no Piper voice .*ru\.onnx"):
        _ = voice.version
    (tmp_path / "ru.onnx").write_bytes(b"one")
    before = voice.version
    (tmp_path / "ru.onnx").write_bytes(b"other")
    assert voice.version != before


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; sys.exit('no model')", "no model"),
        ("", "gave no sound"),
        ("print('not sound')", "gave no sound"),
        ("import time; time.sleep(60)", "did not finish"),
        ("import sys\nwhile True: sys.stdout.write('x' * 65536)", "more than 0 MB"),
    ],
)
async def test_a_program_that_fails_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    monkeypatch.setattr(program, "DEADLINE_S", 2.0)
    monkeypatch.setattr(program, "LARGEST_BYTES", 300_000)
    with pytest.raises(SetupError, match=says):
        await AnyCommand(script(tmp_path, code)).speak("hello", "en")


async def test_a_program_that_is_not_there_says_so() -> None:
    with pytest.raises(SetupError, match="does not start"):
        await AnyCommand(("/nonexistent/voice",)).speak("hello", "en")


async def test_what_a_program_has_started_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "DEADLINE_S", 0.5)
    alive = tmp_path / "alive"
    command = ("/bin/sh", "-c", f"(sleep 1; touch {alive}) & cat >/dev/null; wait")
    with pytest.raises(SetupError, match="did not finish"):
        await program.say("sh", command, "text")
    await asyncio.sleep(1)
    assert not alive.exists()


class Fixed:
    def __init__(self, version: str) -> None:
        self.version = version

    async def speak(self, text: str, language: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], int]:
        return np.full(10, 0.1), len(self.version)


async def test_each_language_has_its_voice() -> None:
    voices = VoicePerLanguage({"ru": Fixed("piper")}, Fixed("espeak-ng"))
    assert (await voices.speak("a", "ru"))[1] == 5
    assert (await voices.speak("a", "en"))[1] == 9
    assert voices.version == "ru: piper; espeak-ng"
