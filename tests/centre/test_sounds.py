"""Any sound file becomes telephone sound: right length, right pitch, both laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from callrouter.audio import RATE, alaw_decode, tone_shares, ulaw_decode
from callrouter.centre.sounds import convert_folder, read_for_phone, write_both_laws
from callrouter.errors import SetupError


def a_file(folder: Path, hz: float, rate: int, seconds: float, name: str = "tone.wav", channels: int = 1) -> Path:
    wave = 0.3 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)
    soundfile.write(folder / name, np.tile(wave[:, None], channels), rate)
    return folder / name


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("seconds", [0.5, 21.3])
def test_length_and_pitch_survive_every_usual_rate(rate: int, seconds: float, tmp_path: Path) -> None:
    heard = read_for_phone(a_file(tmp_path, 440, rate, seconds, channels=2))
    assert abs(len(heard) - RATE * seconds) <= 2
    assert tone_shares(heard, [440.0])[:, 0].min() > 0.97


@pytest.mark.parametrize("rate", [22050, 44100])
def test_what_the_phone_cannot_carry_is_cut_and_not_folded_back(rate: int, tmp_path: Path) -> None:
    heard = read_for_phone(a_file(tmp_path, 5000, rate, 3))
    assert np.abs(heard[800:-800]).max() < 100


def test_blocks_join_without_a_click(tmp_path: Path) -> None:
    heard = read_for_phone(a_file(tmp_path, 440, 22050, 25)).astype(float)
    wave = 0.3 * 32767 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / RATE)
    assert np.abs(heard - wave)[400:-400].max() < 60


def test_both_laws_lie_side_by_side(tmp_path: Path) -> None:
    samples = read_for_phone(a_file(tmp_path, 440, 8000, 1))
    write_both_laws(samples, tmp_path / "said")
    for suffix, decode in ((".alaw", alaw_decode), (".ulaw", ulaw_decode)):
        data = (tmp_path / f"said{suffix}").read_bytes()
        assert np.abs(decode(data).astype(int) - samples).max() < 600


def test_a_folder_is_converted_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    source = tmp_path / "music"
    source.mkdir()
    a_file(source, 440, 8000, 0.2, "a.wav")
    a_file(source, 440, 8000, 0.2, "b.flac")
    (source / "readme.txt").write_text("no sound")
    assert convert_folder(source, tmp_path / "out") == 2
    assert convert_folder(source, tmp_path / "out") == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.alaw", "a.ulaw", "b.alaw", "b.ulaw"]
    (tmp_path / "out/a.ulaw").unlink()
    assert convert_folder(source, tmp_path / "out") == 1


def test_a_folder_without_music_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="put WAV, FLAC, OGG or MP3 files there"):
        convert_folder(tmp_path, tmp_path / "out")


def test_a_file_that_only_looks_like_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "fake.wav").write_text("not sound")
    with pytest.raises(SetupError, match=r"fake\.wav is not a sound file"):
        read_for_phone(tmp_path / "fake.wav")
