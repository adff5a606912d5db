"""Sound files in both telephone laws, so that nothing is transcoded while people wait. Works on whole folders, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from callrouter.audio import RATE, Samples, alaw_encode, ulaw_encode
from callrouter.errors import SetupError

_SOUND_SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".opus"}


def read_for_phone(file: Path) -> Samples:
    """One channel, 8000 samples a second, whatever the file is."""
    try:
        data, rate = soundfile.read(file, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise SetupError(f"{file} is not a sound file that we can read ({error}): use WAV, FLAC, OGG or MP3") from error
    mono = data.mean(axis=1)
    samples = mono if rate == RATE else _resample(mono, int(rate))
    rounded: Samples = np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
    return rounded


def _resample(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """By Fourier transform in blocks of about ten seconds, half a second overlapping on each side."""
    step = gcd(rate, RATE)
    unit = rate // step
    block, margin = (10 * rate // unit) * unit, (rate // 2 // unit + 1) * unit
    parts = []
    for start in range(0, len(samples), block):
        before = min(margin, start)
        piece = samples[start - before : start + block + margin]
        piece = np.pad(piece, (0, -len(piece) % unit))
        out = np.fft.irfft(_cut(np.fft.rfft(piece), len(piece), rate), len(piece) * RATE // rate) * RATE / rate
        first = before * RATE // rate
        length = -(-min(block, len(samples) - start) * RATE // rate)
        parts.append(out[first : first + length])
    return np.concatenate(parts) if parts else np.zeros(0)


def _cut(spectrum: NDArray[np.complex128], length: int, rate: int) -> NDArray[np.complex128]:
    """Keep what fits under the new rate's half, with a soft edge so that nothing rings."""
    wanted = length * RATE // rate // 2 + 1
    kept = spectrum[:wanted].copy() if wanted <= len(spectrum) else np.pad(spectrum, (0, wanted - len(spectrum)))
    if rate > RATE:
        edge = max(1, wanted // 20)
        kept[-edge:] *= np.linspace(1, 0, edge)
    return kept


def write_both_laws(samples: Samples, stem: Path) -> None:
    """`stem`.alaw and `stem`.ulaw: Asterisk picks the one that the phone speaks."""
    for suffix, encode in ((".alaw", alaw_encode), (".ulaw", ulaw_encode)):
        beside = stem.with_name(f".{stem.name}{suffix}")
        beside.write_bytes(encode(samples))
        beside.replace(stem.with_name(stem.name + suffix))


def convert_folder(source: Path, target: Path) -> int:
    """Every sound file of a folder into another one; what is there and newer stays. Tells how many were made."""
    files = list(sound_files(source))
    if not files:
        raise SetupError(f"no sound file in {source}: put WAV, FLAC, OGG or MP3 files there")
    target.mkdir(parents=True, exist_ok=True)
    stale = [file for file in files if _is_stale(file, target / file.stem)]
    for file in stale:
        write_both_laws(read_for_phone(file), target / file.stem)
    return len(stale)


def sound_files(folder: Path) -> Iterable[Path]:
    """The sound files of a folder, by name."""
    return _sorted_sounds(folder) if folder.is_dir() else ()


def _sorted_sounds(folder: Path) -> Iterator[Path]:
    yield from sorted(file for file in folder.iterdir() if file.suffix.lower() in _SOUND_SUFFIXES)


def _is_stale(source: Path, stem: Path) -> bool:
    made = [stem.with_name(stem.name + suffix) for suffix in (".alaw", ".ulaw")]
    return not all(file.exists() and file.stat().st_mtime >= source.stat().st_mtime for file in made)
