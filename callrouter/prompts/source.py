"""What a sound is made from and where it goes. The name is made from the content: it is known before the sound is."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import soundfile

from callrouter.audio import RATE, alaw_encode, ulaw_encode
from callrouter.prompts import sound

LAWS = (".alaw", ".ulaw")
"""What Asterisk plays: it picks the law that the phone speaks."""
SAMPLES = ".wav"
"""The plain samples, for ears that compare."""
PIECE_TAIL_MS = 60
"""A piece of a sentence follows closely on the one before; a sentence's end keeps its breath."""


@dataclass(frozen=True, slots=True)
class Source:
    """Text to speak, or a recorded file. `stem` plus each of `suffixes` is made of it."""

    stem: Path
    language: str
    text: str = ""
    file: Path | None = None
    tail_ms: int = sound.TAIL_MS
    suffixes: tuple[str, ...] = (*LAWS, SAMPLES)

    @property
    def ready(self) -> bool:
        stem = str(self.stem)  # asked before every prompt of every call
        return all(os.path.exists(stem + suffix) for suffix in self.suffixes)  # noqa: PTH110


def stem_of(folder: Path, language: str, *content: str) -> Path:
    """Where the sound of this content lies."""
    digest = hashlib.sha256("\n".join((sound.VERSION, language, *content)).encode())
    return folder / language / digest.hexdigest()[:24]


def tail_of(text: str) -> int:
    """The breath after a piece of a prompt."""
    return sound.TAIL_MS if text.rstrip().endswith((".", "!", "?", "…")) else PIECE_TAIL_MS


def keep(source: Source, said: sound.Sound, rate: int) -> None:
    """Each file whole or not at all, also when two processes make the same one."""
    samples = sound.for_phone(said, rate, source.tail_ms)
    stem = source.stem
    stem.parent.mkdir(parents=True, exist_ok=True)
    beside = stem.with_name(f".{stem.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        for suffix, encode in zip(LAWS, (alaw_encode, ulaw_encode), strict=True):
            beside.write_bytes(encode(samples))
            beside.replace(stem.with_suffix(suffix))
        if SAMPLES in source.suffixes:
            soundfile.write(beside, samples, RATE, subtype="PCM_16", format="WAV")
            beside.replace(stem.with_suffix(SAMPLES))
    finally:
        beside.unlink(missing_ok=True)
