"""Which ARI request carries out each command, and what hostile text cannot do to it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.asterisk.commands import AUTO_ANSWER, AriCommand, caller_id, request
from callrouter.asterisk.requests import Request
from callrouter.errors import CommandRefused
from callrouter.telephony import (
    Adopt,
    Answer,
    BridgeId,
    CallId,
    HandToFallback,
    HangUp,
    InterceptHold,
    Join,
    LegId,
    MakeBridge,
    PhoneId,
    Play,
    PlaybackId,
    Ring,
    StartMusic,
    StopMusic,
    StopPlayback,
    Unbridge,
)

LEG, BRIDGE, PLAYBACK = LegId("callrouter-1.1"), BridgeId("c01-b1"), PlaybackId("c01-p1")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (Answer(LEG), "POST channels/callrouter-1.1/answer"),
        (
            Play(LEG, PLAYBACK, ("/p/a b", "/p/я")),
            "POST channels/callrouter-1.1/play/c01-p1?media=sound%3A%2Fp%2Fa%20b%2Csound%3A%2Fp%2F%D1%8F",
        ),
        (StopPlayback(LEG, PLAYBACK), "DELETE playbacks/c01-p1"),
        (StartMusic(LEG, "default"), "POST channels/callrouter-1.1/moh?mohClass=default"),
        (StopMusic(LEG), "DELETE channels/callrouter-1.1/moh"),
        (MakeBridge(BRIDGE), "POST bridges/c01-b1?type=mixing"),
        (
            Join(BRIDGE, (LEG, LegId("c01-a1"))),
            "POST bridges/c01-b1/addChannel?channel=callrouter-1.1%2Cc01-a1&inhibitConnectedLineUpdates=true",
        ),
        (Unbridge(BRIDGE), "DELETE bridges/c01-b1"),
        (
            InterceptHold(LEG),
            "POST channels/callrouter-1.1/variable?variable=HOLD_INTERCEPT%28set%29&value=",
        ),
        (HangUp(LEG, "answered_elsewhere"), "DELETE channels/callrouter-1.1?reason_code=26"),
        (
            HandToFallback(LEG),
            "POST channels/callrouter-1.1/continue?context=fallback&extension=s&priority=1",
        ),
        (Adopt(LEG), "POST channels/callrouter-1.1/move?app=callrouter-w1&appArgs=adopt"),
    ],
)
def test_each_command_is_one_request(command: AriCommand, line: str) -> None:
    sent = request(command, "callrouter-w1")
    assert f"{sent.method} {sent.address}" == line


def ring(phone: str = "a1b2", name: str = "Иван", number: str = "+79161112233") -> Request:
    return request(Ring(LegId("c01-a1"), CallId("c01"), PhoneId(phone), number, name, 15), "callrouter-w1")


def test_ringing_names_our_own_leg_the_phone_and_the_caller() -> None:
    assert ring().path == ("channels", "c01-a1")
    assert ring().query == {
        "endpoint": "PJSIP/a1b2",
        "app": "callrouter-w1",
        "appArgs": "ring,c01",
        "callerId": '"Иван" <+79161112233>',
        "timeout": "15",
        "formats": "alaw,ulaw",
    }


def test_a_phone_that_shall_pick_up_by_itself_is_told_so_in_headers_of_our_own_words() -> None:
    asks = Ring(LegId("c01-a1"), CallId("c01"), PhoneId("a1b2"), "+7916", 'x"\r\nCall-Info: <sip:evil>', 15, True)
    sent = request(asks, "callrouter-w1")
    assert sent.body == {"variables": AUTO_ANSWER}
    assert "answer-after=0" in AUTO_ANSWER["PJSIP_HEADER(add,Call-Info)"]
    assert ring().body is None


@pytest.mark.parametrize("phone", ["", "a/b", "a@trunk", "a&PJSIP/b", "a b", "a\n", "х", "a" * 65, "Local/1@x"])
def test_only_a_phones_name_can_be_dialled(phone: str) -> None:
    with pytest.raises(CommandRefused, match="not a phone's name"):
        ring(phone)


@given(name=st.text(), number=st.text())
def test_no_name_or_number_escapes_the_caller_id(name: str, number: str) -> None:
    shown = caller_id(name, number)
    inner, _, digits = shown[1:].partition('" <')
    assert shown.startswith('"')
    assert shown.endswith(">")
    assert len(inner) <= 80
    assert not set(inner) & set('"<>\\,;')
    assert inner.isprintable()
    assert set(digits[:-1]) <= set("+0123456789*#")


@pytest.mark.parametrize("file", ["relative/path", "/a,b", "/a\nb", "", "http://x/y", "/a&b"])
def test_a_prompt_is_an_absolute_path_and_nothing_else(file: str) -> None:
    with pytest.raises(CommandRefused):
        request(Play(LEG, PLAYBACK, (file,)), "callrouter-w1")


@pytest.mark.parametrize("leg", ["a,b", "", "a/b", "a b", "a\r\n"])
def test_a_leg_that_would_be_two_is_refused(leg: str) -> None:
    with pytest.raises(CommandRefused):
        request(Join(BRIDGE, (LegId(leg),)), "callrouter-w1")


@given(part=st.text(min_size=1), value=st.text())
def test_no_text_leaves_its_place_in_the_address(part: str, value: str) -> None:
    address = urlsplit("/ari/" + Request("GET", ("channels", part, "x"), {"a": value}).address)
    assert address.path.count("/") == 4
    assert parse_qsl(address.query, keep_blank_values=True) == [("a", value)]
    assert address.fragment == ""
