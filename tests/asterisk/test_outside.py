"""Ringing outside and taking messages through ARI: what is asked for, what is refused, and what the answers mean."""

from __future__ import annotations

import pytest

from callrouter.asterisk.commands import request
from callrouter.asterisk.events import Channel, Message, Recording, RecordingFailed, RecordingFinished, StasisStart
from callrouter.asterisk.legs import Legs
from callrouter.errors import CommandRefused
from callrouter.telephony import (
    CallId,
    LegId,
    MessageRecorded,
    RecordingId,
    RingOutside,
    StopMessage,
    TakeMessage,
)

LEG, MESSAGE = LegId("1700000000.1"), RecordingId("c01-m3")


def outside(number: str = "+74951234567", trunk: str = "carrier") -> RingOutside:
    return RingOutside(LegId("c01-t1"), CallId("c01"), number, trunk, "+74950000000", 20)


def test_somebody_outside_is_rung_through_the_trunk_under_its_number() -> None:
    asked = request(outside(), "callrouter-w1")
    assert (asked.method, asked.path) == ("POST", ("channels", "c01-t1"))
    assert asked.query["endpoint"] == "PJSIP/+74951234567@trunk-carrier"
    assert asked.query["callerId"] == '"" <+74950000000>'
    assert asked.query["timeout"] == "20"


@pytest.mark.parametrize("number", ["", "1", "+7@evil", "7495&PJSIP/x", "7495/x", "7495\n", "*11", "٧٤٩٥", "7" * 21])
def test_nothing_but_digits_is_dialled(number: str) -> None:
    with pytest.raises(CommandRefused, match="not a number"):
        request(outside(number), "callrouter-w1")


@pytest.mark.parametrize("trunk", ["", "a/b", "A", "a@b", "x" * 41])
def test_nothing_but_a_trunks_name_is_dialled_through(trunk: str) -> None:
    with pytest.raises(CommandRefused, match="not a trunk's name"):
        request(outside(trunk=trunk), "callrouter-w1")


def test_a_message_is_recorded_after_a_beep_within_bounds() -> None:
    asked = request(TakeMessage(LEG, MESSAGE, 120, 5), "callrouter-w1")
    assert asked.path == ("channels", LEG, "record")
    assert asked.query == {
        "name": "c01-m3",
        "format": "wav",
        "maxDurationSeconds": "120",
        "maxSilenceSeconds": "5",
        "ifExists": "overwrite",
        "beep": "true",
        "terminateOn": "#",
    }
    stop = request(StopMessage(LEG, MESSAGE), "callrouter-w1")
    assert (stop.method, stop.path) == ("POST", ("recordings", "live", "c01-m3", "stop"))


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        (RecordingFinished(Recording(MESSAGE, f"channel:{LEG}", 7, 4)), 7),
        (RecordingFinished(Recording(MESSAGE, f"channel:{LEG}", 7)), 7),
        (RecordingFinished(Recording(MESSAGE, f"channel:{LEG}", 5, 0)), 0),
        (RecordingFailed(Recording(MESSAGE, f"channel:{LEG}", 0)), 0),
    ],
)
def test_what_became_of_a_message_is_told(message: Message, seconds: float) -> None:
    legs = Legs()
    list(legs.hear(StasisStart(Channel(LEG, "PJSIP/x"), ("in", "100"))))
    assert list(legs.hear(message)) == [MessageRecorded(LEG, MESSAGE, seconds)]


def test_messages_of_legs_that_are_not_ours_mean_nothing() -> None:
    assert list(Legs().hear(RecordingFinished(Recording(MESSAGE, f"channel:{LEG}", 7)))) == []
