"""A prompt's sound is fit for the phone, whatever it was before."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from callrouter.audio import RATE, loudness, tone, tone_shares
from callrouter.errors import SetupError
from callrouter.prompts.sound import TAIL_MS, Sound, for_phone, read_sound


def a_tone(hz: float, seconds: float, rate: int, level: float = 0.1) -> Sound:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate) * level


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_any_rate_becomes_the_phones_rate_with_pitch_and_length_kept(rate: int) -> None:
    samples = for_phone(a_tone(700, 1.0, rate), rate)
    assert len(samples) == pytest.approx(RATE * (1 + TAIL_MS / 1000), abs=0.05 * RATE)
    assert tone_shares(samples[800:7000], [700.0], 0.1).min() > 0.97


def test_what_the_phone_cannot_carry_is_left_out_and_makes_no_mirror_tone() -> None:
    mixed = a_tone(700, 1, 22050) + a_tone(5000, 1, 22050)
    samples = for_phone(mixed, 22050)
    assert tone_shares(samples[800:7000], [3000.0], 0.1).max() < 0.01
    assert tone_shares(samples[800:7000], [700.0], 0.1).min() > 0.97


def test_stereo_becomes_one_channel_with_both_sides_in_it() -> None:
    sides = np.stack([a_tone(500, 1, 8000), a_tone(900, 1, 8000)], axis=1)
    shares = tone_shares(for_phone(sides, 8000)[800:7000], [500.0, 900.0], 0.1)
    assert shares.min() > 0.4


def test_silence_around_the_words_goes_and_the_pause_within_stays() -> None:
    word, pause = a_tone(600, 0.5, 8000), np.zeros(4000)
    samples = for_phone(np.concatenate([pause, word, pause, word, pause, pause]), 8000)
    assert len(samples) / RATE == pytest.approx(1.5 + TAIL_MS / 1000, abs=0.06)
    assert loudness(samples[4800:7200]).max() < 20


@pytest.mark.parametrize("rate", [22050, 48000])
def test_the_end_is_not_heard_at_the_beginning_after_a_change_of_rate(rate: int) -> None:
    word, pause = a_tone(600, 0.5, rate), np.zeros(rate)
    assert len(for_phone(np.concatenate([pause, word]), rate)) / RATE == pytest.approx(0.5 + TAIL_MS / 1000, abs=0.06)


@pytest.mark.parametrize("level", [0.01, 0.1, 1.0])
def test_quiet_and_loud_recordings_become_equally_loud(level: float) -> None:
    samples = for_phone(a_tone(600, 1, 8000, level), 8000)
    assert 20 * np.log10(loudness(samples[1000:7000]).mean() / 32768) == pytest.approx(-22, abs=1)


def test_silence_and_nothing_at_all_stay_as_they_are() -> None:
    assert for_phone(np.zeros(800), 8000).tolist() == [0] * 800
    assert len(for_phone(np.zeros(0), 22050)) == 0


def test_a_file_that_is_no_sound_or_too_long_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("not sound")
    with pytest.raises(SetupError, match="save it as WAV"):
        read_sound(tmp_path / "x.wav")
    soundfile.write(tmp_path / "long.wav", np.zeros(8000 * 301, np.int16), 8000)
    with pytest.raises(SetupError, match="cut it"):
        read_sound(tmp_path / "long.wav")


def test_a_recorded_file_is_read_with_its_rate(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.flac", tone(440, 0.5), 8000)
    samples, rate = read_sound(tmp_path / "x.flac")
    assert (samples.shape, rate) == ((4000, 1), 8000)
