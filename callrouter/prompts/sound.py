"""Any sound → a prompt for the phone: one channel, 8000 samples a second, no silence around it, one loudness."""

from __future__ import annotations

import warnings
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from callrouter.audio import RATE, Samples
from callrouter.errors import SetupError

with warnings.catch_warnings():
    # pydub looks for ffmpeg when imported; it only gets plain samples from us
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

VERSION = "2"
"""Part of every prompt's name in the cache: change it when the sound made here changes."""
LOUDNESS_DB = -22.0
"""Root mean square below full scale: every prompt as loud as the next, and loud enough in a street."""
HIGHEST_PEAK_DB = -1.0
SILENCE_DB = -45.0
"""So far below the loudest moment nobody hears anything on the phone."""
EDGE_MS = 20
TAIL_MS = 200
"""A breath after each prompt, so that two in a row do not stumble over each other."""
LONGEST_S = 300

Sound = NDArray[np.float64]
"""One column a channel, 1.0 is full scale."""


def read_sound(file: Path) -> tuple[Sound, int]:
    """A recorded file, and its rate."""
    try:
        facts = soundfile.info(file)
        if facts.duration > LONGEST_S:
            raise SetupError(f"{file} lasts {facts.duration:.0f} s; a prompt may last {LONGEST_S} s: cut it")
        samples, rate = soundfile.read(file, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise SetupError(f"{file} is not sound that can be read ({error}); save it as WAV, FLAC, OGG or MP3") from error
    return samples, int(rate)


def for_phone(sound: Sound, rate: int, tail_ms: int = TAIL_MS) -> Samples:
    """The prompt as callers will hear it. Silence stays as it is."""
    mono = sound.mean(axis=1) if sound.ndim == 2 else sound
    whole = np.round(np.clip(_at_phone_rate(mono, rate), -1, 1) * 32767).astype("<i2")
    segment = AudioSegment(data=whole.tobytes(), sample_width=2, frame_rate=RATE, channels=1)
    if segment.rms == 0:
        return whole.astype(np.int16)
    segment = _levelled(_trimmed(segment)).fade_in(5).fade_out(5)
    ready: Samples = np.frombuffer(segment.raw_data, "<i2").astype(np.int16)
    return np.concatenate((ready, np.zeros(tail_ms * RATE // 1000, np.int16)))


def _trimmed(segment: AudioSegment) -> AudioSegment:
    quiet = segment.max_dBFS + SILENCE_DB
    before = detect_leading_silence(segment, quiet, chunk_size=5)
    after = detect_leading_silence(segment.reverse(), quiet, chunk_size=5)
    return segment[max(0, before - EDGE_MS) : len(segment) - max(0, after - EDGE_MS)]


def _levelled(segment: AudioSegment) -> AudioSegment:
    return segment.apply_gain(min(LOUDNESS_DB - segment.dBFS, HIGHEST_PEAK_DB - segment.max_dBFS))


def _at_phone_rate(samples: Sound, rate: int) -> Sound:
    """By Fourier transform: exact, without the mirror tones of simpler ways. Prompts are short. The silence put around
    keeps the end, which the transform takes for the neighbour of the beginning, from being heard there."""
    if rate == RATE or not len(samples):
        return samples
    unit = rate // gcd(rate, RATE)
    margin = -(-rate // 10 // unit) * unit
    padded = np.pad(samples, (margin, margin - len(samples) % unit + unit))
    length = len(padded) * RATE // rate
    changed = np.fft.irfft(np.fft.rfft(padded)[: length // 2 + 1], length) * (RATE / rate)
    first = margin * RATE // rate
    return np.asarray(changed[first : first + -(-len(samples) * RATE // rate)])
