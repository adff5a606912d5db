"""Session descriptions: offers answered, directions mirrored, nonsense refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.parties.message import SipSyntaxError
from callrouter.parties.sdp import ALAW, ULAW, Direction, Sound, answer_to, parse_sdp, write_sdp

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 16000 RTP/AVP 0 8 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:96 telephone-event/8000\r\na=sendonly\r\nm=video 9000 RTP/AVP 99\r\na=inactive\r\n"
)


def test_an_offer_is_read() -> None:
    offer = parse_sdp(OFFER)
    assert (offer.host, offer.port, offer.codecs, offer.keys) == ("127.0.0.1", 16000, (ULAW, ALAW), 96)
    assert offer.direction is Direction.SEND


def test_what_is_written_is_read_again_the_same() -> None:
    ours = Sound("127.0.0.5", 20000, direction=Direction.SEND)
    assert parse_sdp(write_sdp(ours, session=1, version=2)) == ours


def test_the_answer_takes_alaw_first_and_their_number_for_keys() -> None:
    answer = answer_to(parse_sdp(OFFER), "127.0.0.5", 20000)
    assert answer is not None
    assert (answer.codecs, answer.keys, answer.direction) == ((ALAW,), 96, Direction.RECEIVE)


def test_the_answer_refuses_other_media_with_port_zero() -> None:
    answer = answer_to(parse_sdp(OFFER), "127.0.0.5", 20000)
    assert answer is not None
    text = write_sdp(answer, session=1, version=1).decode()
    assert [line.split()[1] for line in text.splitlines() if line.startswith("m=")] == ["20000", "0"]


def test_a_phone_that_holds_answers_with_sendonly() -> None:
    offer = Sound("127.0.0.1", 16000)
    held = answer_to(offer, "127.0.0.5", 20000, on_hold=True)
    assert held is not None
    assert held.direction is Direction.SEND


def test_no_codec_in_common_is_no_answer() -> None:
    assert answer_to(Sound("127.0.0.1", 16000, (9,)), "127.0.0.5", 20000) is None


@pytest.mark.parametrize(
    "broken",
    [b"", b"v=0\r\n", b"\xff", OFFER.replace(b"m=audio", b"m=image"), OFFER.replace(b"16000", b"160000"),
     OFFER.replace(b"c=IN IP4 127.0.0.1\r\n", b""), OFFER.replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 evil.example")],
)  # fmt: skip
def test_a_description_that_makes_no_sense_is_refused(broken: bytes) -> None:
    with pytest.raises(SipSyntaxError):
        parse_sdp(broken)


@given(st.integers(0, len(OFFER) - 1), st.binary(min_size=1, max_size=4))
def test_wrong_bytes_are_read_or_refused(at: int, wrong: bytes) -> None:
    try:
        parse_sdp(OFFER[:at] + wrong + OFFER[at + len(wrong) :])
    except SipSyntaxError:
        return
