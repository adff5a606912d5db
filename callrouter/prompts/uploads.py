"""A file that somebody has recorded, of whatever kind, becomes a prompt beside the tree: 8 kHz mono WAV, levelled."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile

from callrouter.audio import RATE
from callrouter.errors import SetupError
from callrouter.prompts.quality import clipped_tops, loudness_db
from callrouter.prompts.sound import LONGEST_S, Sound, for_phone, read_sound

NATIVE = (".wav", ".flac", ".ogg", ".mp3")
"""Read by libsndfile; anything else is for ffmpeg."""
LARGEST_MB = 100
FFMPEG_DEADLINE_S = 120


def read_upload(file: Path) -> tuple[Sound, int]:
    """Its samples and rate. SetupError says what to do with a file that is no prompt."""
    if not file.is_file():
        raise SetupError(f"there is no file {file}")
    if file.stat().st_size > LARGEST_MB * 1_000_000:
        raise SetupError(f"{file} is larger than {LARGEST_MB} MB; a prompt is at most {LONGEST_S} s of speech: cut it")
    if file.suffix.lower() in NATIVE:
        try:
            samples, rate = read_sound(file)
        except SetupError:
            if shutil.which("ffmpeg") is None:
                raise
            samples, rate = _by_ffmpeg(file)
    else:
        samples, rate = _by_ffmpeg(file)
    if loudness_db(samples, rate) == -np.inf:
        raise SetupError(f"{file} is silent; record it again")
    return samples, rate


def convert(file: Path, target: Path) -> tuple[str, ...]:
    """Write the prompt; tells what converting could not mend. `target` ends in .wav."""
    samples, rate = read_upload(file)
    warnings = ("it is clipped: record it again with less gain",) if clipped_tops(samples) >= 3 else ()
    ready = for_phone(samples, rate, tail_ms=0)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        soundfile.write(beside, ready, RATE, subtype="PCM_16", format="WAV")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return warnings


def _by_ffmpeg(file: Path) -> tuple[Sound, int]:
    """Whatever else ffmpeg can read: M4A, AMR, WMA. It may open this file and nothing else, for a bounded time."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        kinds = ", ".join(suffix[1:].upper() for suffix in NATIVE)
        raise SetupError(
            f"{file} is none of {kinds}: install ffmpeg (`apt install ffmpeg`) to convert it, or save it so"
        )
    arguments = ("-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", f"file:{file.absolute()}")
    output = ("-vn", "-t", str(LONGEST_S + 1), "-ac", "1", "-ar", "16000", "-f", "s16le", "pipe:1")
    try:
        done = subprocess.run(
            [ffmpeg, *arguments, *output],
            capture_output=True,
            timeout=FFMPEG_DEADLINE_S,
            check=False,
            env={"PATH": os.environ.get("PATH", "")},
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"ffmpeg did not finish {file} within {FFMPEG_DEADLINE_S} s; save it as WAV") from error
    if done.returncode or not done.stdout:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["no sound in it"])[-1][:200]
        raise SetupError(f"{file} cannot be converted ({said}); save it as WAV")
    samples = np.frombuffer(done.stdout[: len(done.stdout) // 2 * 2], "<i2") / 32768
    if len(samples) > LONGEST_S * 16000:
        raise SetupError(f"{file} is longer than {LONGEST_S} s; cut it")
    return samples[:, None], 16000
