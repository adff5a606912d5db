"""A carrier that we register with gets our REGISTER, signed; its calls are known without its address."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from pathlib import Path

import pytest

from tests.centre.conftest import a_config, running_asterisk
from tests.centre.test_asterisk_live import application, next_event

pytestmark = pytest.mark.live

CARRIER = "127.0.0.21"
OTHER_GATEWAY = "127.0.0.22"


def a_socket(address: str) -> socket.socket:
    opened = socket.socket(type=socket.SOCK_DGRAM)
    opened.bind((address, 0))
    opened.setblocking(False)
    return opened


async def request(opened: socket.socket, method: str) -> tuple[str, tuple[str, int]]:
    """The next request of this kind, and from where it came."""
    async with asyncio.timeout(5):
        while True:
            data, source = await asyncio.get_running_loop().sock_recvfrom(opened, 8000)
            if data.startswith(f"{method} ".encode()):
                return data.decode(), source


def reply(text: str, status: str, *more: str) -> bytes:
    """An answer to a request, as RFC 3261 8.2.6 makes it."""
    kept = [line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
    kept = [f"{line};tag=carrier" if line.startswith("To:") else line for line in kept]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, *more, "Content-Length: 0", "", ""]).encode()


def an_invite(contact: str, source: tuple[str, int]) -> bytes:
    host, port = source
    media = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 29996 RTP/AVP 8\r\n"
    lines = (
        f"INVITE {contact} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{os.urandom(6).hex()}",
        f"From: <sip:+79161112233@{host}>;tag=1",
        'To: "Our line" <sip:+74951234567@carrier.example>',
        f"Call-ID: {os.urandom(8).hex()}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:gateway@{host}:{port}>",
        "Max-Forwards: 70",
        "Content-Type: application/sdp",
        f"Content-Length: {len(media)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + media).encode()


async def test_a_carrier_gets_our_registration_and_its_calls_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARRIER_WORD", "pa$$word")
    with a_socket(CARRIER) as carrier, a_socket(OTHER_GATEWAY) as gateway:
        account = {"server": CARRIER, "port": carrier.getsockname()[1], "username": "74951234567"}
        trunks = {"city": {"register": {**account, "password": {"env": "CARRIER_WORD"}}}}
        async with running_asterisk(a_config(trunks=trunks), tmp_path) as rig:
            asked, source = await request(carrier, "REGISTER")
            carrier.sendto(reply(asked, "401 Unauthorized", 'WWW-Authenticate: Digest realm="c", nonce="n"'), source)
            signed, source = await request(carrier, "REGISTER")
            assert 'username="74951234567"' in signed
            assert "pa$$word" not in signed
            found = re.search(r"Contact: (?:\"[^\"]*\" )?<([^>]+)>", signed)
            assert found
            carrier.sendto(reply(signed, "200 OK", f"Contact: <{found[1]}>;expires=300"), source)
            async with application(rig, "callrouter-w1") as events:
                gateway.sendto(an_invite(found[1], gateway.getsockname()), source)
                channel = (await next_event(events, "CallBroadcast"))["channel"]
                assert channel["name"].startswith("PJSIP/trunk-city-")
                await rig.call(
                    "POST", "events/claim", params={"channelId": channel["id"], "application": "callrouter-w1"}
                )
                assert (await next_event(events, "StasisStart"))["args"] == ["in", "+74951234567"]
                await rig.call("DELETE", f"channels/{channel['id']}")
