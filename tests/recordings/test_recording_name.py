from zoneinfo import ZoneInfo

import pytest

from callrouter.recordings.name import call_of, is_safe, number_of, raw_names, recording_of, recording_path
from callrouter.telephony import CallId, RecordingId

CALL = CallId("c01jd7q2n8m4v5w6x7y8z9a0b1c")
NEW_YEAR_IN_MOSCOW_MS = 1_798_750_805_000  # 2026-12-31T21:00:05Z


def test_a_recording_lies_in_the_folder_of_its_day_in_the_centres_time_zone() -> None:
    path = recording_path(CALL, 2, NEW_YEAR_IN_MOSCOW_MS, "flac", ZoneInfo("Europe/Moscow"))
    assert str(path) == f"2027/01/01/000005_{CALL}_2.flac"
    assert str(recording_path(CALL, 2, NEW_YEAR_IN_MOSCOW_MS, "opus", ZoneInfo("UTC"))).startswith("2026/12/31/210005_")


@pytest.mark.parametrize("hostile", ["../../etc/passwd", "", ".hidden", "c1/../2", "a\x00b", "c1\n"])
def test_only_our_own_ids_become_part_of_a_path(hostile: str) -> None:
    assert not is_safe(hostile)
    with pytest.raises(ValueError, match="not one of our call ids"):
        recording_path(CallId(hostile), 1, 0, "flac", ZoneInfo("UTC"))


def test_a_raw_file_names_its_recording_and_a_recording_its_call() -> None:
    recording = RecordingId(f"{CALL}-r12")
    for name in raw_names(recording, "sln"):
        assert recording_of(name) == recording
    assert (call_of(recording), number_of(recording)) == (CALL, 12)
    assert number_of(RecordingId(CALL)) == 1


@pytest.mark.parametrize(
    "name", ["x.sln", "x-caller", "-caller.sln", "../x-caller.sln", "x-boss.sln", "x-caller.sln.todo"]
)
def test_other_files_are_no_raw_files(name: str) -> None:
    assert recording_of(name) is None
