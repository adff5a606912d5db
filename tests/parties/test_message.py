"""SIP messages: good ones are read, bad ones refused, nothing can be smuggled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.parties.message import (
    Request,
    Response,
    SipSyntaxError,
    address,
    build_request,
    parameters,
    parse,
    quoted,
    reply,
    serialise,
    split_list,
    uri_parts,
)

INVITE = (
    b"INVITE sip:+74951234567@127.0.0.1:5070 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.5:6000;rport;branch=z9hG4bKabc, SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKdef\r\n"
    b'f: "Anna \\"A\\", Ltd" <sip:anna@127.0.0.5>;tag=one\r\n'
    b"t: <sip:+74951234567@127.0.0.1>\r\ni: call-1\r\nCSeq: 7 INVITE\r\nSubject: folded\r\n  line\r\n"
    b"m: <sip:anna@127.0.0.5:6000>\r\nl: 5\r\n\r\nv=0\r\n-trailing-"
)


def test_a_request_with_short_names_and_folded_lines_is_read() -> None:
    message = parse(INVITE)
    assert isinstance(message, Request)
    assert (message.method, message.uri) == ("INVITE", "sip:+74951234567@127.0.0.1:5070")
    assert message.branch == "z9hG4bKabc"
    assert len(message.all("Via")) == 2
    assert message.cseq == (7, "INVITE")
    assert (message.from_tag, message.to_tag, message.call_id) == ("one", "", "call-1")
    assert message.first("Subject") == "folded line"
    assert message.body == b"v=0\r\n"


def test_a_response_is_read() -> None:
    message = parse(
        b"SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP h;branch=z\r\nFrom: <sip:a@h>;tag=1\r\n"
        b"To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"
    )
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.is_final) == (486, "Busy Here", True)


def test_what_is_written_is_read_again_the_same() -> None:
    message = parse(INVITE)
    assert serialise(parse(serialise(message))) == serialise(message)


def line(old: bytes, new: bytes) -> bytes:
    assert old in INVITE
    return INVITE.replace(old, new)


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"\r\n\r\n", b"HELLO\r\n\r\n", b"\xff\xfe\r\n\r\n", line(b" SIP/2.0\r\nv", b" SIP/3.0\r\nv"),
        line(b"CSeq: 7 INVITE", b"CSeq: 7 BYE"), line(b"CSeq: 7 INVITE", b"CSeq: -1 INVITE"),
        line(b"CSeq: 7 INVITE", b"CSeq: 99999999999999 INVITE"), line(b"CSeq: 7 INVITE", b"CSeq: 4294967296 INVITE"),
        line(b"l: 5", b"l: 9999"), line(b"l: 5", b"l: -5"), line(b"l: 5", b"l: 5\r\nContent-Length: 6"),
        line(b"i: call-1\r\n", b""), line(b"i: call-1", b"i: call-1\r\nCall-ID: call-2"), line(b"Subject", b"Sub ject"),
        line(b"<sip:anna@127.0.0.5>;tag", b"<sip:anna@127.0.0.5;tag"), line(b"f: ", b"f "),
    ],
)  # fmt: skip
def test_a_broken_message_is_refused(broken: bytes) -> None:
    with pytest.raises(SipSyntaxError):
        parse(broken)


@given(st.binary(max_size=300))
def test_noise_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(SipSyntaxError):
        parse(data)


@given(st.integers(0, len(INVITE) - 1), st.binary(min_size=1, max_size=3))
def test_a_message_with_wrong_bytes_is_read_or_refused(at: int, wrong: bytes) -> None:
    try:
        message = parse(INVITE[:at] + wrong + INVITE[at + len(wrong) :])
    except SipSyntaxError:
        return
    assert message.call_id
    assert message.cseq


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for understand in (address, uri_parts):
        try:
            understand(text)
        except SipSyntaxError:
            continue


@pytest.mark.parametrize("smuggled", ["a\r\nEvil: yes", "a\nb", "a\0b"])
def test_no_line_break_can_be_written_into_a_header(smuggled: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        serialise(build_request("MESSAGE", "sip:a@b", [("Subject", smuggled)]))


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40))
def test_any_name_of_a_caller_survives_quoting(name: str) -> None:
    assert address(f"{quoted(name)} <sip:a@b>;tag=x").name == name


def test_commas_in_quotes_and_brackets_do_not_separate() -> None:
    assert split_list('"a, \\", b" <sip:x@y;q=1,2>, <sip:z@y>') == ['"a, \\", b" <sip:x@y;q=1,2>', "<sip:z@y>"]


def test_parts_of_an_address_of_a_phone() -> None:
    assert uri_parts("sip:+7916;phone-context=x@127.0.0.5:6000;ob") == uri_parts("sip:+7916@127.0.0.5:6000")
    assert uri_parts("sip:127.0.0.1").port == 5060
    with pytest.raises(SipSyntaxError):
        uri_parts("sip:a@b:99999")


def test_a_reply_copies_what_it_must_and_adds_our_tag_once() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    answer = reply(request, 200, "OK", tag="ours")
    assert answer.all("Via") == request.all("Via")
    assert answer.to_tag == "ours"
    assert parameters(answer.first("From"))["tag"] == "one"
    assert answer.cseq == (7, "INVITE")
