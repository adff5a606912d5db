"""Whether a recording is fit for the phone as it is: loudness, clipping, rate, channels. Measured, not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from callrouter.audio import RATE
from callrouter.errors import SetupError
from callrouter.prompts.sound import LONGEST_S, Sound, read_sound

LOUDEST_DB, QUIETEST_DB = -12.0, -32.0
"""Root mean square of the words themselves, pauses left out; prompts are brought to -22."""
OTHER_FORMAT = "not 8 kHz mono"
"""Heard well, for it is converted at the start; only worth knowing."""
_PAUSE_DB = -35.0
"""So far below the loudest moment it is a pause."""
_CLIPPED_RUN = 3
"""So many samples in a row at full scale are a cut-off top: a sine's own top touches it once or twice."""
_CLIPPED_TOPS = 3
_BLOCK_S = 0.02


@dataclass(frozen=True, slots=True)
class Quality:
    """What is wrong with a recording: words from `flaws`; nothing wrong is empty."""

    flaws: tuple[str, ...]
    seconds: float = 0.0
    loudness_db: float = -np.inf


def quality_of(file: Path) -> Quality:
    """Of a recorded file. What cannot be read at all is `not sound`."""
    try:
        samples, rate = read_sound(file)
        info = soundfile.info(file)
    except (SetupError, soundfile.LibsndfileError):
        return Quality((f"not sound, or longer than {LONGEST_S} s",))
    loudness = loudness_db(samples, rate)
    flaws = tuple(_flaws(samples, loudness, rate, info.channels))
    return Quality(flaws, round(len(samples) / rate, 2), round(loudness, 1))


def _flaws(samples: Sound, loudness: float, rate: int, channels: int) -> Iterator[str]:
    if loudness == -np.inf:
        yield "silent"
    elif loudness > LOUDEST_DB:
        yield "too loud"
    elif loudness < QUIETEST_DB:
        yield "too quiet"
    if clipped_tops(samples) >= _CLIPPED_TOPS:
        yield "clipped"
    if (rate, channels) != (RATE, 1):
        yield OTHER_FORMAT


def loudness_db(samples: Sound, rate: int) -> float:
    """Of the words, below full scale: blocks that are pauses do not count."""
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    size = max(1, int(rate * _BLOCK_S))
    blocks = mono[: len(mono) // size * size].reshape(-1, size)
    power = np.mean(blocks**2, axis=1)
    if not len(power) or power.max() <= 1e-10:
        return -np.inf
    words = power[power > power.max() * 10 ** (_PAUSE_DB / 10)]
    return float(10 * np.log10(words.mean()))


def clipped_tops(samples: Sound) -> int:
    """How often the sound stays at full scale: several samples in a row, in any channel."""
    columns = samples if samples.ndim == 2 else samples[:, None]
    return sum(_runs(np.abs(columns[:, channel]) >= 0.999) for channel in range(columns.shape[1]))


def _runs(full: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    edges = np.diff(np.concatenate(([0], full.astype(np.int8), [0])))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return int((lengths >= _CLIPPED_RUN).sum())
