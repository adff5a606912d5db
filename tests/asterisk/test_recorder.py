"""Recordings begin late rather than never, tell when they fail, and never hold up a call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from callrouter.asterisk.recorder import Recorder, raw_files
from callrouter.errors import CommandRefused, LegGone, SwitchDown
from callrouter.telephony import LegId, RecordingFailed, RecordingId

LEG, RECORDING = LegId("1700000000.1"), RecordingId("c01-1")


class Manager:
    """AMI that answers as told, one entry of `troubles` for each action."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.troubles = list(troubles)
        self.done: list[str] = []

    async def action(self, name: str, **values: str) -> Mapping[str, str]:
        self.done.append(" ".join((name, *values.values())))
        await asyncio.sleep(0)
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None:
            raise trouble
        return {}


async def settle(recorder: Recorder) -> None:
    while recorder.at_work:
        await asyncio.sleep(0.001)


async def test_both_sides_go_to_files_of_their_own_without_cutting_hold_out(tmp_path: Path) -> None:
    manager, failed = Manager(), list[RecordingFailed]()
    recorder = Recorder(manager, tmp_path, failed.append)
    recorder.start(LEG, RECORDING)
    await settle(recorder)
    said, heard = raw_files(tmp_path, RECORDING)
    assert manager.done == [f"MixMonitor {LEG} r({said})t({heard})S"]
    assert said.name == "c01-1-caller.sln"
    assert heard.name == "c01-1-agent.sln"


async def test_a_start_is_tried_again_and_never_runs_twice(tmp_path: Path) -> None:
    manager, failed = Manager(SwitchDown("no"), None, SwitchDown("no")), list[RecordingFailed]()
    recorder = Recorder(manager, tmp_path, failed.append, pause_s=0.0)
    recorder.start(LEG, RECORDING)
    await settle(recorder)
    assert [line.split()[0] for line in manager.done] == [
        "MixMonitor",
        "StopMixMonitor",
        "MixMonitor",
        "StopMixMonitor",
        "MixMonitor",
    ]
    assert failed == []


async def test_after_its_patience_a_recording_is_told_as_failed(tmp_path: Path) -> None:
    failed = list[RecordingFailed]()
    recorder = Recorder(Manager(SwitchDown("nobody there")), tmp_path, failed.append, patience_s=0.0, pause_s=0.01)
    recorder.start(LEG, RECORDING)
    await settle(recorder)
    assert failed == [RecordingFailed(RECORDING, "nobody there")]


@pytest.mark.parametrize("trouble", [LegGone("left"), CommandRefused("not allowed")])
async def test_what_cannot_be_recorded_is_told_at_once(tmp_path: Path, trouble: Exception) -> None:
    failed = list[RecordingFailed]()
    recorder = Recorder(Manager(trouble), tmp_path, failed.append)
    recorder.start(LEG, RECORDING)
    await settle(recorder)
    assert failed == [RecordingFailed(RECORDING, str(trouble))]


async def test_a_stop_waits_for_its_start(tmp_path: Path) -> None:
    manager, failed = Manager(), list[RecordingFailed]()
    raw_files(tmp_path, RECORDING)[0].write_bytes(b"\0" * 320)
    recorder = Recorder(manager, tmp_path, failed.append)
    recorder.start(LEG, RECORDING)
    recorder.stop(LEG, RECORDING)
    await settle(recorder)
    assert [line.split()[0] for line in manager.done] == ["MixMonitor", "StopMixMonitor"]
    assert failed == []


async def test_a_stop_after_the_leg_has_left_is_no_trouble(tmp_path: Path) -> None:
    failed = list[RecordingFailed]()
    raw_files(tmp_path, RECORDING)[1].write_bytes(b"\0" * 320)
    recorder = Recorder(Manager(LegGone("left")), tmp_path, failed.append)
    recorder.stop(LEG, RECORDING)
    await settle(recorder)
    assert failed == []


async def test_nothing_written_is_told(tmp_path: Path) -> None:
    failed = list[RecordingFailed]()
    recorder = Recorder(Manager(), tmp_path, failed.append)
    recorder.stop(LEG, RECORDING)
    await settle(recorder)
    assert failed[0].recording == RECORDING
    assert "nothing was written" in failed[0].reason


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "x)b(", ".hidden", "", "a\nb"])
async def test_a_recordings_name_cannot_leave_its_folder_or_its_option(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandRefused):
        Recorder(Manager(), tmp_path, lambda _: None).start(LEG, RecordingId(name))


@pytest.mark.parametrize("folder", ["relative", "/a,b", "/a(b)", "/a|b"])
def test_a_folder_that_mixmonitor_would_misread_is_refused_at_the_start(folder: str) -> None:
    with pytest.raises(CommandRefused):
        Recorder(Manager(), Path(folder), lambda _: None)
