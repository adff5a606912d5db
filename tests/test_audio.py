"""Telephone sound: G.711 against known values, tones by share of energy, sounds found in other sounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.audio import (
    NOWHERE,
    RATE,
    Samples,
    agreement,
    alaw_decode,
    alaw_encode,
    locate,
    loudness,
    tone,
    tone_shares,
    ulaw_decode,
    ulaw_encode,
)


def noise(seconds: float, seed: int, level: float = 3000.0) -> Samples:
    return (np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * level).clip(-32768, 32767).astype("i2")


@pytest.mark.parametrize(
    ("sample", "alaw", "ulaw"),
    # from the tables of ITU-T G.711: zero, smallest steps, segment ends, the loudest
    [(0, 0xD5, 0xFF), (-8, 0x55, 0x7E), (1000, 0xFA, 0xCE), (-1000, 0x7A, 0x4E),
     (32767, 0xAA, 0x80), (-32768, 0x2A, 0x00)],
)  # fmt: skip
def test_known_samples_have_their_known_bytes(sample: int, alaw: int, ulaw: int) -> None:
    one = np.array([sample], np.int16)
    assert alaw_encode(one)[0] == alaw
    assert ulaw_encode(one)[0] == ulaw


@pytest.mark.parametrize(
    ("byte", "alaw", "ulaw"),
    [(0xD5, 8, 716), (0x55, -8, -716), (0xAA, 32256, 5372), (0x2A, -32256, -5372), (0x80, 5504, 32124),
     (0x00, -5504, -32124), (0xFF, 848, 0), (0x7F, -848, 0)],
)  # fmt: skip
def test_known_bytes_have_their_known_samples(byte: int, alaw: int, ulaw: int) -> None:
    assert alaw_decode(bytes([byte]))[0] == alaw
    assert ulaw_decode(bytes([byte]))[0] == ulaw


def test_every_byte_comes_back_from_its_sample() -> None:
    every = bytes(range(256))
    assert alaw_encode(alaw_decode(every)) == every
    # u-law has two zeros, and both are written as the positive one
    assert ulaw_encode(ulaw_decode(every)) == every[:0x7F] + b"\xff" + every[0x80:]


@given(st.integers(-32768, 32767))
def test_both_laws_keep_a_sample_within_a_sixteenth_of_its_size(sample: int) -> None:
    one = np.array([sample], np.int16)
    for there, back in ((alaw_encode, alaw_decode), (ulaw_encode, ulaw_decode)):
        assert abs(int(back(there(one))[0]) - sample) <= max(abs(sample) / 16, 16) + 640 * (abs(sample) > 32000)


def test_a_tone_has_all_the_energy_and_its_neighbours_none() -> None:
    shares = tone_shares(tone(1710, 1.0), [1690, 1710, 1730, 3420 // 2 + 10])
    assert shares.shape == (10, 4)
    assert np.all(shares[:, 1] > 0.999)
    assert np.all(shares[:, [0, 2, 3]] < 0.001)


def test_g711_leaves_a_tone_recognisable() -> None:
    for there, back in ((alaw_encode, alaw_decode), (ulaw_encode, ulaw_decode)):
        assert tone_shares(back(there(tone(2450, 1.0))), [2450]).min() > 0.99


def test_two_tones_share_the_energy_of_a_window() -> None:
    shares = tone_shares(tone(1710, 0.5) + tone(2450, 0.5), [1710, 2450])
    assert np.all(np.abs(shares - 0.5) < 0.01)


def test_noise_has_no_tone() -> None:
    assert tone_shares(noise(2.0, 1), [1710, 2450, 3390]).max() < 0.08


def test_silence_has_no_tone_and_no_loudness() -> None:
    assert tone_shares(np.zeros(1600, np.int16), [1710]).max() == 0
    assert loudness(np.zeros(1600, np.int16)).max() == 0


def test_short_windows_work_too() -> None:
    assert tone_shares(tone(2450, 0.2), [2450], 0.02).min() > 0.99


def test_a_sound_is_found_where_it_is_at_any_volume() -> None:
    wanted = noise(0.5, 2)
    heard = np.concatenate([noise(1.0, 3), wanted // 4, noise(1.0, 4)])
    found = locate(wanted, heard)
    assert found.offset == RATE
    assert found.score > 0.99


def test_a_sound_is_found_through_both_laws() -> None:
    wanted = noise(0.5, 2)
    heard = np.concatenate([np.zeros(777, np.int16), ulaw_decode(ulaw_encode(alaw_decode(alaw_encode(wanted))))])
    found = locate(wanted, heard)
    assert found.offset == 777
    assert found.score > 0.99


def test_a_sound_that_is_not_there_does_not_fit() -> None:
    assert locate(noise(0.5, 2), noise(3.0, 3)).score < 0.2


def test_near_silence_never_fits() -> None:
    wanted = noise(0.5, 2)
    whisper = (wanted / 1000).astype(np.int16)
    assert locate(wanted, np.concatenate([whisper, np.zeros(8000, np.int16)])).score == 0


def test_nothing_fits_into_something_shorter() -> None:
    assert locate(noise(0.5, 2), noise(0.4, 2)) == NOWHERE


def test_sounds_laid_side_by_side_agree_until_one_is_cut() -> None:
    first, second = noise(1.0, 5), noise(1.0, 6)
    same = agreement(np.concatenate([first, first]), np.concatenate([first, second]))
    assert same.tolist() == [True] * 10 + [False] * 10


def test_two_silences_agree_and_sound_with_silence_does_not() -> None:
    silence = np.zeros(RATE, np.int16)
    assert agreement(silence, silence).all()
    assert not agreement(noise(1.0, 1), silence).any()
