"""Whatever people record with becomes a prompt, or they are told what to do."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callrouter.audio import loudness, tone_shares
from callrouter.errors import SetupError
from callrouter.prompts import uploads
from callrouter.prompts.quality import quality_of
from callrouter.prompts.uploads import convert, read_upload


def studio(file: Path, seconds: float = 1.0, rate: int = 48000, level: float = 0.02) -> Path:
    time = np.arange(int(seconds * rate)) / rate
    sides = np.stack([np.sin(2 * np.pi * 700 * time)] * 2, axis=1) * level
    soundfile.write(file, np.concatenate([np.zeros((rate, 2)), sides]), rate)
    return file


def fake_ffmpeg(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = folder / "bin/ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_a_studio_recording_becomes_eight_kilohertz_mono_levelled_and_trimmed(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / "trees/shop/en/hello.wav"
    assert convert(studio(tmp_path / f"studio.{suffix}"), target) == ()
    samples, rate = soundfile.read(target, dtype="int16", always_2d=True)
    assert (rate, samples.shape[1]) == (8000, 1)
    assert len(samples) / rate == pytest.approx(1.0, abs=0.12)
    assert tone_shares(samples[800:7200, 0], [700.0], 0.1).min() > 0.95
    assert 20 * np.log10(loudness(samples[800:7200, 0]).mean() / 32768) == pytest.approx(-22, abs=1)
    assert quality_of(target).flaws == ()
    assert [file.name for file in target.parent.iterdir()] == ["hello.wav"]


def test_what_converting_cannot_mend_is_told(tmp_path: Path) -> None:
    sine = np.clip(np.sin(2 * np.pi * 400 * np.arange(16000) / 8000) * 2, -1, 1)
    soundfile.write(tmp_path / "x.wav", sine, 8000)
    assert "clipped" in convert(tmp_path / "x.wav", tmp_path / "y.wav")[0]


def test_silence_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(8000), 8000)
    with pytest.raises(SetupError, match="silent; record it again"):
        convert(tmp_path / "x.wav", tmp_path / "y.wav")
    assert not (tmp_path / "y.wav").exists()


def test_without_ffmpeg_other_kinds_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "x.m4a").write_bytes(b"something")
    with pytest.raises(SetupError, match=r"x\.m4a is none of WAV, FLAC, OGG, MP3: install ffmpeg"):
        convert(tmp_path / "x.m4a", tmp_path / "y.wav")


def test_with_ffmpeg_they_are_converted_and_the_name_is_never_an_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = (np.sin(2 * np.pi * 700 * np.arange(16000) / 16000) * 8000).astype("<i2").tobytes()
    (tmp_path / "raw").write_bytes(raw)
    fake_ffmpeg(tmp_path, f'echo "$@" > {tmp_path}/asked; cat {tmp_path}/raw', monkeypatch)
    upload = tmp_path / "-i;reboot $(x).m4a"
    upload.write_bytes(b"something")
    convert(upload, tmp_path / "y.wav")
    samples, _ = soundfile.read(tmp_path / "y.wav", dtype="int16")
    assert tone_shares(samples[800:7200], [700.0], 0.1).min() > 0.95
    asked = (tmp_path / "asked").read_text()
    assert f"-protocol_whitelist file,pipe -i file:{upload}" in asked


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'no such codec' >&2; exit 1", "no such codec"),
        ("exit 0", "no sound in it"),
        ("sleep 60", "did not finish"),
    ],
)
def test_ffmpeg_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, says: str) -> None:
    monkeypatch.setattr(uploads, "FFMPEG_DEADLINE_S", 0.3)
    fake_ffmpeg(tmp_path, f"exec {script}" if script.startswith("sleep") else script, monkeypatch)
    (tmp_path / "x.amr").write_bytes(b"something")
    with pytest.raises(SetupError, match=says):
        read_upload(tmp_path / "x.amr")


def test_too_large_too_long_absent_and_false_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="there is no file"):
        read_upload(tmp_path / "absent.wav")
    (tmp_path / "text.wav").write_text("not sound")
    with pytest.raises(SetupError, match="not sound that can be read"):
        read_upload(tmp_path / "text.wav")
    soundfile.write(tmp_path / "long.wav", np.ones(8000 * 301) * 0.1, 8000)
    with pytest.raises(SetupError, match="cut it"):
        read_upload(tmp_path / "long.wav")
    monkeypatch.setattr(uploads, "LARGEST_MB", 1)
    with pytest.raises(SetupError, match="larger than 1 MB"):
        read_upload(tmp_path / "long.wav")
