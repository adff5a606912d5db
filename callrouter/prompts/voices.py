"""Other voices than espeak-ng: Piper with a voice file, any command that speaks, and which language has which."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from callrouter.errors import SetupError
from callrouter.prompts import program
from callrouter.prompts.sound import Sound
from callrouter.prompts.speech import Provider, clean_text


class Piper:
    """A neural voice: a file like ru_RU-irina-medium.onnx with its .onnx.json beside it.

    Writing to a file named by --output_file is what the programs of both rhasspy/piper and OHF-Voice/piper1-gpl do.
    """

    def __init__(self, command: Sequence[str], voice: Path) -> None:
        self._command, self._voice = tuple(command), voice.absolute()

    @property
    def version(self) -> str:
        if not self._voice.is_file():
            raise SetupError(f"there is no Piper voice {self._voice}; put it there or change speech.piper")
        facts = self._voice.stat()
        return f"piper {self._voice.name} {facts.st_size} {facts.st_mtime_ns}"

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:  # noqa: ARG002 # the voice is one language's
        with tempfile.TemporaryDirectory(prefix="callrouter-piper-") as folder:
            file = Path(folder) / "said.wav"
            arguments = ("--model", str(self._voice), "--output_file", str(file))
            # piper1-gpl is Python: without this it reads its input as the machine's locale would have it
            await program.say("Piper", (*self._command, *arguments), clean_text(text) + "\n", {"PYTHONUTF8": "1"})
            return await asyncio.to_thread(_read, "Piper", file)


class AnyCommand:
    """A program of the user's own: text comes on its standard input, WAV, FLAC or OGG is expected on its output.

    `{language}` in an argument becomes the language; the text never becomes an argument.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    @property
    def version(self) -> str:
        return "command " + "\0".join(self._command)

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:
        command = [argument.replace("{language}", language) for argument in self._command]
        said = await program.say(Path(command[0]).name, command, clean_text(text) + "\n")
        return await asyncio.to_thread(_read, Path(command[0]).name, io.BytesIO(said))


class VoicePerLanguage:
    """Each language by its own provider, others by `otherwise`."""

    def __init__(self, by_language: Mapping[str, Provider], otherwise: Provider) -> None:
        self._by_language, self._otherwise = dict(by_language), otherwise

    @property
    def version(self) -> str:
        """Of all of them: another voice for one language makes every text anew, which is seldom and safe."""
        own = [f"{language}: {provider.version}" for language, provider in sorted(self._by_language.items())]
        return "; ".join([*own, self._otherwise.version])

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:
        return await self._by_language.get(language, self._otherwise).speak(text, language)


def _read(name: str, source: Path | io.BytesIO) -> tuple[Sound, int]:
    try:
        samples, rate = soundfile.read(source, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise SetupError(f"{name} gave no sound that can be read ({error}); it must write WAV, FLAC or OGG") from error
    return np.asarray(samples, np.float64), int(rate)
