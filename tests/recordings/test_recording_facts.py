import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.recordings.facts import Recording, RecordingFacts, read_sidecar, write_sidecar
from callrouter.telephony import CallId, RecordingId


def a_recording(caller: str = "+79161112233", **more: object) -> Recording:
    facts = RecordingFacts(
        recording=RecordingId("c1-1"),
        call=CallId("c1"),
        started_ms=1_795_000_000_123,
        agent="anna",
        queue="payers",
        caller=caller,
        number="+74951234567",
        tree="payments",
        tree_version="abc",
        path=("who_is_calling", "payer_problem"),
    )
    whole = {"file": "2026/11/18/x.flac", "format": "flac", "seconds": 12.5, "sha256": "0" * 64, **more}
    return Recording(facts=facts, **whole)  # type: ignore[arg-type]


def test_a_sidecar_says_which_channel_is_whose_and_when_it_was_in_utc() -> None:
    told = json.loads(write_sidecar(a_recording()))
    assert told["sides"] == [{"channel": "left", "who": "caller"}, {"channel": "right", "who": "agent"}]
    assert told["start"] == "2026-11-18T11:06:40.123Z"
    assert told["partial"] is False
    assert json.loads(write_sidecar(a_recording(problems=("the agent's side was not recorded",))))["partial"] is True


@given(st.text())
def test_a_sidecar_read_back_is_the_same_recording_whatever_the_caller_calls_itself(caller: str) -> None:
    recording = a_recording(caller.encode("utf-8", "replace").decode())
    assert read_sidecar(write_sidecar(recording)) == recording


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"start": 5}', write_sidecar(a_recording()).replace(b"T11", b"T99")]
)
def test_something_else_is_refused_with_the_reason(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a recording's sidecar"):
        read_sidecar(data)
