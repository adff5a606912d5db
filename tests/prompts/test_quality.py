"""A recording's faults are measured: each is found where it is, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from callrouter.audio import tone
from callrouter.prompts.quality import quality_of
from callrouter.prompts.sound import Sound

RNG = np.random.default_rng(1)


def speech(level_db: float, seconds: float = 2.0, rate: int = 8000) -> Sound:
    """Noise in syllables with pauses between them, its words at this loudness."""
    time = np.arange(int(seconds * rate)) / rate
    noise = RNG.standard_normal(len(time)).clip(-3, 3)
    words = noise * (np.sin(2 * np.pi * 2 * time) > 0)
    return words * 10 ** (level_db / 20)


def flaws(tmp_path: Path, samples: Sound, rate: int = 8000) -> tuple[str, ...]:
    file = tmp_path / "x.wav"
    soundfile.write(file, samples, rate, subtype="PCM_16")
    return quality_of(file).flaws


def test_a_good_recording_has_no_flaws(tmp_path: Path) -> None:
    assert flaws(tmp_path, speech(-22)) == ()


@pytest.mark.parametrize(("level_db", "found"), [(-40, "too quiet"), (-10, "too loud")])
def test_too_quiet_and_too_loud(tmp_path: Path, level_db: float, found: str) -> None:
    assert found in flaws(tmp_path, np.tanh(speech(level_db)) * 0.99)


def test_long_pauses_do_not_make_a_recording_quiet(tmp_path: Path) -> None:
    assert flaws(tmp_path, np.concatenate([np.zeros(40_000), speech(-22), np.zeros(40_000)])) == ()


def test_tops_that_are_cut_off_are_clipping_and_a_full_sine_is_not(tmp_path: Path) -> None:
    sine = np.sin(2 * np.pi * 400 * np.arange(16000) / 8000)
    assert "clipped" in flaws(tmp_path, np.clip(sine * 1.5, -1, 1))
    assert "clipped" not in flaws(tmp_path, sine)


def test_clipping_in_one_channel_is_found(tmp_path: Path) -> None:
    loud = np.clip(np.sin(2 * np.pi * 400 * np.arange(16000) / 8000) * 2, -1, 1)
    assert "clipped" in flaws(tmp_path, np.stack([loud * 0.05, loud], axis=1))


@pytest.mark.parametrize(("rate", "channels", "other"), [(8000, 1, False), (44100, 1, True), (8000, 2, True)])
def test_another_rate_or_more_channels(tmp_path: Path, rate: int, channels: int, other: bool) -> None:
    samples = np.tile(speech(-22, rate=rate)[:, None], channels)
    assert ("not 8 kHz mono" in flaws(tmp_path, samples, rate)) is other


def test_silence_and_what_is_no_sound_are_named(tmp_path: Path) -> None:
    assert flaws(tmp_path, np.zeros(8000)) == ("silent",)
    (tmp_path / "y.wav").write_text("hello")
    assert "not sound" in quality_of(tmp_path / "y.wav").flaws[0]
    assert "not sound" in quality_of(tmp_path / "absent.wav").flaws[0]


def test_length_and_loudness_are_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "t.wav", tone(440, 1.5, 0.1), 8000)
    quality = quality_of(tmp_path / "t.wav")
    assert quality.seconds == 1.5
    assert quality.loudness_db == pytest.approx(-23, abs=0.2)
