"""Text → sound, by a program that speaks. Text is data: it goes through standard input, never through arguments."""

from __future__ import annotations

import io
import re
import subprocess
import unicodedata
import wave
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from callrouter.errors import SetupError
from callrouter.prompts import program
from callrouter.prompts.sound import Sound

WORDS_A_MINUTE = 160
"""A little slower than espeak-ng's 175: people listen on the phone, often in a noisy place."""
_CYRILLIC = re.compile(r"([\u0400-\u04ff][\u0400-\u04ff\s\d,.!?;:«»—–-]*)")
_SPEAK_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "tt", "ba", "cv"})


class Provider(Protocol):
    """Something that speaks."""

    @property
    def version(self) -> str:
        """Whatever changes the sound of the same text."""
        ...

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:
        """The spoken text and its rate. SetupError says what is missing."""
        ...


class Espeak:
    """espeak-ng: small, quick, offline; a voice that is understood but not loved. Recorded files sound better."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    @cached_property
    def version(self) -> str:
        try:
            done = subprocess.run(
                [*self._command, "--version"], capture_output=True, timeout=program.DEADLINE_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SetupError(f"espeak-ng does not start ({error}); run `callrouter doctor`") from error
        found = re.search(rb"eSpeak NG[^:]*: (\d+\.\d+(\.\d+)?)", done.stdout)
        if found is None:
            said = program.first_line(done.stdout or done.stderr)
            raise SetupError(f"{self._command[-1]} is not espeak-ng: {said}; run `callrouter doctor`")
        return f"espeak-ng {found[1].decode()} -s {WORDS_A_MINUTE}"

    async def speak(self, text: str, language: str) -> tuple[Sound, int]:
        """Words in another script are spoken by that script's voice, so `press nine` may stand among Russian."""
        parts = [await self._part(words, voice) for words, voice in by_voice(text, language)]
        rate = parts[0][1] if parts else 22050
        pause = np.zeros(rate // 7)
        joined = [piece for sound, _ in parts for piece in (sound, pause)]
        return (np.concatenate(joined) if joined else pause), rate

    async def _part(self, text: str, voice: str) -> tuple[Sound, int]:
        arguments = ("-v", voice, "-s", str(WORDS_A_MINUTE), "-b", "1", "--stdin", "--stdout")
        instead = "choose another language or put recorded files beside the tree"
        try:
            said = await program.say("espeak-ng", (*self._command, *arguments), text)
        except SetupError as error:
            raise SetupError(f"espeak-ng cannot speak `{voice}` ({error}); {instead}") from error
        if not said:
            raise SetupError(f"espeak-ng cannot speak `{voice}` (it said nothing); {instead}")
        return _read_wave(said)


def by_voice(text: str, language: str) -> list[tuple[str, str]]:
    """The text in stretches, each with the voice that can read it. espeak-ng's Russian voice reads Latin by itself."""
    clean = clean_text(text)
    if language in _SPEAK_CYRILLIC:
        return [(clean, language)]
    stretches = (stretch.strip() for stretch in _CYRILLIC.split(clean))
    return [(stretch, "ru" if _CYRILLIC.match(stretch) else language) for stretch in stretches if stretch]


def clean_text(text: str) -> str:
    """One line without control characters, and without `[[…]]`, which espeak-ng would take for phonemes."""
    printable = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text)
    return " ".join(printable.replace("[[", "[ [").replace("[[", "[ [").split())


def _read_wave(data: bytes) -> tuple[Sound, int]:
    # written to a pipe, the header's length is a guess; the wave module reads what there is
    with wave.open(io.BytesIO(data)) as spoken:
        samples = np.frombuffer(spoken.readframes(len(data)), "<i2")
        return samples / 32768, spoken.getframerate()
