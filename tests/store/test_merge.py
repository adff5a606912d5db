"""The merge itself, in this process: sides, lengths, formats, a full disk, a crash between any two steps."""

from __future__ import annotations

import resource
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from callrouter.audio import RATE, Samples, alaw_encode, tone, tone_shares, ulaw_encode
from callrouter.recordings.facts import RecordingFacts, read_sidecar
from callrouter.store import merge as merging
from callrouter.store.merge import merge
from callrouter.store.recording_job import Done, Failed, Job, Note, checksum, note_of, sidecar_of
from callrouter.telephony import CallId, RecordingId

CALLER, AGENT = tone(440, 2.0), tone(1000, 2.0)
RECORDING = RecordingId("c1-1")


def sln_encode(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()


ENCODE = {"alaw": alaw_encode, "ulaw": ulaw_encode, "sln": sln_encode}


def a_job(tmp_path: Path, file_format: str = "flac") -> Job:
    facts = RecordingFacts(recording=RECORDING, call=CallId("c1"), started_ms=0)
    note = Note(facts=facts, file=f"1970/01/01/000000_c1_1.{file_format}", format=file_format)
    for folder in ("raw", "kept"):
        (tmp_path / folder).mkdir(exist_ok=True)
    return Job(note=note, raw_folder=str(tmp_path / "raw"), folder=str(tmp_path / "kept"))


def recorded(job: Job, caller: Samples | None = CALLER, agent: Samples | None = AGENT, extension: str = "sln") -> Job:
    for who, sound in (("caller", caller), ("agent", agent)):
        path = job.raw / f"{RECORDING}-{who}.{extension}"
        if sound is not None and extension == "wav":
            soundfile.write(path, sound, RATE, subtype="PCM_16")
        elif sound is not None:
            path.write_bytes(ENCODE[extension](sound))
    return job


def heard(job: Job) -> tuple[Samples, Samples]:
    sound, rate = soundfile.read(job.target, dtype="int16")
    assert rate == RATE
    return sound[:, 0], sound[:, 1]


def share(samples: Samples, hz: float) -> float:
    return float(np.mean(tone_shares(samples, [hz])))


def files_in(folder: str | Path) -> set[str]:
    return {path.name for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize("file_format", ["flac", "opus", "wav"])
@pytest.mark.parametrize("extension", ["sln", "wav", "alaw", "ulaw"])
def test_the_caller_is_on_the_left_and_the_agent_on_the_right(tmp_path: Path, extension: str, file_format: str) -> None:
    job = recorded(a_job(tmp_path, file_format), extension=extension)
    outcome = merge(job)
    assert isinstance(outcome, Done), outcome
    left, right = heard(job)
    assert share(left, 440) > 0.95
    assert share(right, 1000) > 0.95
    assert share(left, 1000) < 0.02
    assert share(right, 440) < 0.02
    assert (outcome.recording.seconds, outcome.recording.problems) == (2.0, ())


def test_the_sidecar_vouches_for_the_file_and_the_raw_sides_are_gone(tmp_path: Path) -> None:
    job = recorded(a_job(tmp_path))
    outcome = merge(job)
    assert isinstance(outcome, Done)
    assert read_sidecar(sidecar_of(job.target).read_bytes()) == outcome.recording
    assert outcome.recording.sha256 == checksum(job.target)
    assert files_in(job.folder) == {job.target.name, job.target.name + ".json"}
    assert files_in(job.raw) == set()


def test_the_shorter_side_is_filled_with_silence_and_the_difference_is_remarked(tmp_path: Path) -> None:
    job = recorded(a_job(tmp_path), CALLER, tone(1000, 0.5))
    outcome = merge(job)
    assert isinstance(outcome, Done)
    left, right = heard(job)
    assert len(left) == len(right) == 2 * RATE
    assert not np.any(right[RATE // 2 :])
    assert outcome.recording.problems == ("the sides' lengths differ by 1.5 s",)


@pytest.mark.parametrize("agent", [None, np.zeros(0, np.int16)])
def test_a_side_that_was_not_recorded_is_silent_and_marked(tmp_path: Path, agent: Samples | None) -> None:
    job = recorded(a_job(tmp_path), agent=agent)
    outcome = merge(job)
    assert isinstance(outcome, Done)
    assert outcome.recording.problems == ("the agent's side was not recorded",)
    assert share(heard(job)[0], 440) > 0.95


def test_more_than_one_block_stays_in_step_sample_by_sample(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    caller, agent = (rng.integers(-32768, 32768, 23 * RATE + 17, dtype=np.int16) for _ in range(2))
    job = recorded(a_job(tmp_path), caller, agent)
    assert isinstance(merge(job), Done)
    left, right = heard(job)
    assert np.array_equal(left, caller)
    assert np.array_equal(right, agent)


def test_a_wav_cut_off_by_a_crash_is_read_to_its_true_end(tmp_path: Path) -> None:
    job = recorded(a_job(tmp_path), extension="wav")
    for path in job.raw.glob("*.wav"):
        data = bytearray(path.read_bytes())
        data[4:8] = data[40:44] = bytes(4)  # the lengths are written when the file is closed
        path.write_bytes(data + b"\x01")  # and half a sample at the end
    outcome = merge(job)
    assert isinstance(outcome, Done)
    assert outcome.recording.seconds == 2.0


def test_a_file_that_only_pretends_to_be_wav_is_kept_and_named(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    (job.raw / f"{RECORDING}-caller.wav").write_bytes(b"RIFF" + b"\xff" * 5000)
    outcome = merge(job)
    assert isinstance(outcome, Failed)
    assert outcome.again
    assert "c1-1-caller.wav is not a mono WAV" in outcome.why
    assert f"{RECORDING}-caller.wav" in files_in(job.raw)


@pytest.mark.parametrize("sound", [None, np.zeros(0, np.int16)])
def test_nothing_recorded_is_said_once_and_not_tried_again(tmp_path: Path, sound: Samples | None) -> None:
    job = recorded(a_job(tmp_path), sound, sound)
    note_of(job.raw, RECORDING).write_bytes(b"{}")
    outcome = merge(job)
    assert isinstance(outcome, Failed)
    assert not outcome.again
    assert files_in(job.raw) == set()
    assert files_in(job.folder) == set()


@pytest.mark.parametrize("file_format", ["flac", "opus", "wav"])
@pytest.mark.parametrize("bound", [0, 3000, 20_000])
def test_a_disk_that_fills_up_costs_nothing_and_the_next_try_succeeds(
    tmp_path: Path, file_format: str, bound: int
) -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(-9000, 9000, 30 * RATE, dtype=np.int16)
    job = recorded(a_job(tmp_path, file_format), noise, noise)
    before = files_in(job.raw)
    outcome = _merged_with_files_no_larger_than(bound, job)
    assert isinstance(outcome, Failed)
    assert outcome.again
    assert files_in(job.folder) == set()
    assert files_in(job.raw) - {f"{RECORDING}.lock"} == before
    assert isinstance(merge(job), Done)


def test_a_full_disk_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = recorded(a_job(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=0))
    outcome = _merged_with_files_no_larger_than(0, job)
    assert isinstance(outcome, Failed)
    assert outcome.why.startswith("no space left for ")


def _merged_with_files_no_larger_than(size: int, job: Job) -> object:
    """A real failing write, without root: the kernel refuses to let a file grow (setrlimit(2), EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        return merge(job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


class Crash(BaseException):
    """The process dies here."""


STEPS = ["_write", "_check", "checksum", "write_sidecar", "_put_in_place", "remove_raw_sides", "_clear_up"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_between_steps_leaves_nothing_half_named_and_the_next_try_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    job = recorded(a_job(tmp_path))
    real = getattr(merging, step)

    def dies(*args: object) -> object:
        if after:
            real(*args)
        raise Crash(step)

    with monkeypatch.context() as patched:
        patched.setattr(merging, step, dies)
        with pytest.raises(Crash):
            merge(job)
    _every_named_file_is_whole(job)
    outcome = merge(job)
    assert isinstance(outcome, Done), outcome
    assert outcome.recording.problems == ()
    assert files_in(job.folder) == {job.target.name, job.target.name + ".json"}
    assert files_in(job.raw) == set()


def _every_named_file_is_whole(job: Job) -> None:
    if job.target.exists():
        assert soundfile.info(job.target).frames == 2 * RATE
    if sidecar_of(job.target).exists():
        assert read_sidecar(sidecar_of(job.target).read_bytes()).sha256 == checksum(job.target)


def test_a_crash_after_one_raw_side_was_removed_does_not_make_a_one_sided_file(tmp_path: Path) -> None:
    job = recorded(a_job(tmp_path))
    first = merge(job)
    recorded(job, caller=None)  # as if only the caller's raw side had been removed
    assert merge(job) == first
    assert files_in(job.raw) == set()
    assert share(heard(job)[0], 440) > 0.95


def test_a_recording_in_another_workers_hands_is_left_alone(tmp_path: Path) -> None:
    job = recorded(a_job(tmp_path))
    with merging._claimed(job):
        outcome = merge(job)
    assert outcome == Failed(RECORDING, "another worker is finishing it")
    assert isinstance(merge(job), Done)


def test_sides_that_still_grow_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = recorded(a_job(tmp_path))
    check = merging._check

    def meanwhile(*args: object) -> None:
        with (job.raw / f"{RECORDING}-agent.sln").open("ab") as side:
            side.write(b"\0\0")
        check(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(merging, "_check", meanwhile)
        outcome = merge(job)
    assert outcome == Failed(RECORDING, "the switch is still writing the raw sides")
    assert isinstance(merge(job), Done)


def test_a_writer_that_loses_sound_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = recorded(a_job(tmp_path))
    monkeypatch.setattr(merging, "_append", lambda out, stereo: out.write(stereo[:-100]))
    outcome = merge(job)
    assert isinstance(outcome, Failed)
    assert "15900 samples instead of 16000" in outcome.why
    monkeypatch.setattr(merging, "_append", lambda out, stereo: out.write(stereo[:, ::-1] // 2))
    outcome = merge(job)
    assert isinstance(outcome, Failed)
    assert "does not sound like its sides" in outcome.why
    assert len(files_in(job.raw) - {f"{RECORDING}.lock"}) == 2
