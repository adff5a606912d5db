"""Telephone sound as numbers, pure: G.711 in both laws, tones, which tones are in a sound, where a sound is in another.

Samples are 16-bit, 8000 a second, one channel, everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples a second on the phone."""
Samples = NDArray[np.int16]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

# The segment ends and the bit work below are those of ITU-T G.711, tables 1a/2a, in the form of Sun's public g711.c.
_A_SEGMENT_ENDS = np.array([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF])
_U_SEGMENT_ENDS = np.array([0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF])
_U_BIAS = 0x84
_U_CLIP = 0x1FFF - (_U_BIAS >> 2)


def _alaw_table() -> Bytes:
    """Index: a sample as an unsigned 16-bit number. Value: its A-law byte."""
    pcm = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 3
    mask = np.where(pcm >= 0, 0xD5, 0x55)
    size = np.where(pcm >= 0, pcm, -pcm - 1)
    segment = np.searchsorted(_A_SEGMENT_ENDS, size)
    low_bits = size >> np.maximum(segment, 1) & 0x0F
    table: Bytes = ((segment << 4 | low_bits) ^ mask).astype(np.uint8)
    return table


def _ulaw_table() -> Bytes:
    """Index: a sample as an unsigned 16-bit number. Value: its u-law byte."""
    pcm = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 2
    mask = np.where(pcm >= 0, 0xFF, 0x7F)
    size = np.minimum(np.abs(pcm), _U_CLIP) + (_U_BIAS >> 2)
    segment = np.searchsorted(_U_SEGMENT_ENDS, size)
    low_bits = size >> (segment + 1) & 0x0F
    table: Bytes = ((segment << 4 | low_bits) ^ mask).astype(np.uint8)
    return table


def _alaw_values() -> Samples:
    byte = np.arange(256) ^ 0x55
    segment = (byte & 0x70) >> 4
    size = (byte & 0x0F) << 4
    size = np.where(segment == 0, size + 8, (size + 0x108) << np.maximum(segment - 1, 0))
    return np.where(byte & 0x80, size, -size).astype(np.int16)


def _ulaw_values() -> Samples:
    byte = ~np.arange(256) & 0xFF
    size = (((byte & 0x0F) << 3) + _U_BIAS) << ((byte & 0x70) >> 4)
    return np.where(byte & 0x80, _U_BIAS - size, size - _U_BIAS).astype(np.int16)


_TO_ALAW, _TO_ULAW = _alaw_table(), _ulaw_table()
_FROM_ALAW, _FROM_ULAW = _alaw_values(), _ulaw_values()


def alaw_encode(samples: Samples) -> bytes:
    """Samples as A-law (G.711, PCMA), one byte each."""
    return _TO_ALAW[np.ascontiguousarray(samples, dtype=np.int16).view(np.uint16)].tobytes()


def ulaw_encode(samples: Samples) -> bytes:
    """Samples as u-law (G.711, PCMU), one byte each."""
    return _TO_ULAW[np.ascontiguousarray(samples, dtype=np.int16).view(np.uint16)].tobytes()


def alaw_decode(data: bytes) -> Samples:
    """The samples that these A-law bytes stand for."""
    return _FROM_ALAW[np.frombuffer(data, np.uint8)]


def ulaw_decode(data: bytes) -> Samples:
    """The samples that these u-law bytes stand for."""
    return _FROM_ULAW[np.frombuffer(data, np.uint8)]


def tone(hz: float, seconds: float, level: float = 0.25) -> Samples:
    """A pure tone; `level` 1.0 is the loudest a sample can be."""
    angle = 2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE
    return np.round(np.sin(angle) * level * 32767).astype(np.int16)


def _windows(samples: Samples, window_s: float) -> Floats:
    size = round(window_s * RATE)
    count = len(samples) // size
    windows: Floats = samples[: count * size].astype(np.float64).reshape(count, size)
    return windows


def loudness(samples: Samples, window_s: float = 0.02) -> Floats:
    """Root mean square of each whole window, in sample units (0 to 32768)."""
    figures: Floats = np.sqrt(np.mean(_windows(samples, window_s) ** 2, axis=1))
    return figures


def tone_shares(samples: Samples, tones: Sequence[float], window_s: float = 0.1) -> Floats:
    """How much of each window's energy is in each tone: one row a window, one column a tone, 0.0 to 1.0.

    Each figure is a Goertzel bin against the window's energy; all bins are computed in one matrix product.
    Windows without sound are all zero.
    """
    windows = _windows(samples, window_s)
    size = windows.shape[1]
    angle = 2 * np.pi * np.outer(np.arange(size), np.asarray(tones, dtype=np.float64)) / RATE
    power = (windows @ np.cos(angle)) ** 2 + (windows @ np.sin(angle)) ** 2
    energy = np.sum(windows**2, axis=1, keepdims=True)
    # a sine of amplitude a: energy = a²·n/2, Goertzel power = a²·n²/4, hence the factor 2/n
    shares: Floats = np.divide(2 * power, size * energy, out=np.zeros_like(power), where=energy > 0)
    return np.minimum(shares, 1.0)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern fits best, and how well: 1.0 is the same sound at any volume, 0.0 has nothing in common."""

    score: float
    offset: int


NOWHERE = Match(0.0, -1)


def locate(pattern: Samples, heard: Samples, *, floor: float = 20.0) -> Match:
    """Where in `heard` the `pattern` fits best: normalised cross-correlation, all offsets at once by FFT.

    Stretches of `heard` quieter than `floor` (root mean square) never fit: noise in silence is not a match.
    """
    if len(pattern) == 0 or len(heard) < len(pattern):
        return NOWHERE
    want, sound = pattern.astype(np.float64), heard.astype(np.float64)
    size = 1 << (len(sound) + len(want) - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(want, size))
    products = np.fft.irfft(spectrum, size)[: len(sound) - len(want) + 1]
    sums = np.concatenate(([0.0], np.cumsum(sound**2)))
    energy = sums[len(want) :] - sums[: -len(want)]
    quiet = energy < floor * floor * len(want)
    scores = products / np.sqrt(np.maximum(energy, 1.0) * max(float(want @ want), 1.0))
    scores[quiet] = 0.0
    best = int(np.argmax(scores))
    return Match(float(scores[best]), best)


def agreement(one: Samples, other: Samples, block_s: float = 0.1, *, floor: float = 20.0) -> NDArray[np.bool_]:
    """Block by block, whether two sounds laid side by side are the same one. Two silences agree."""
    length = min(len(one), len(other))
    left, right = _windows(one[:length], block_s), _windows(other[:length], block_s)
    quiet = floor * np.sqrt(left.shape[1])
    left_size, right_size = np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1)
    cosine = np.sum(left * right, axis=1) / np.maximum(left_size * right_size, 1.0)
    both_silent = (left_size < quiet) & (right_size < quiet)
    return np.asarray(both_silent | (cosine > 0.6))
