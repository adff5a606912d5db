"""The rendered configuration on a real Asterisk: it boots clean, and the dialplan does what it promises."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callrouter.centre.asterisk_process import console
from callrouter.centre.parent import NotReady
from tests.centre.conftest import TRUNK_ADDRESS, Rig

pytestmark = pytest.mark.live


async def until(question: Callable[[], Any], within_s: float = 5) -> Any:
    """The first true answer."""
    async with asyncio.timeout(within_s):
        while not (answer := question()):
            await asyncio.sleep(0.05)
        return answer


@asynccontextmanager
async def application(rig: Rig, name: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Listens as an ARI application."""
    async with rig.ari.ws_connect("/ari/events", params={"app": name}) as events:
        yield events


async def next_event(events: aiohttp.ClientWebSocketResponse, kind: str, within_s: float = 5) -> dict[str, Any]:
    async with asyncio.timeout(within_s):
        while True:
            event: dict[str, Any] = json.loads((await events.receive()).data)
            if event["type"] == kind:
                return event


def invite(rig: Rig, user: str, to_user: str, source: str, display: str = "") -> socket.socket:
    """One raw INVITE with telephone sound offered; the socket it came from, to close when done."""
    port = rig.config.sip.port
    phone = socket.socket(type=socket.SOCK_DGRAM)
    phone.bind((source, 0))
    own = f"{source}:{phone.getsockname()[1]}"
    media = f"v=0\r\no=- 1 1 IN IP4 {source}\r\ns=-\r\nc=IN IP4 {source}\r\nt=0 0\r\nm=audio 29998 RTP/AVP 8\r\n"
    lines = (
        f"INVITE sip:{user}@127.0.0.1:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{os.urandom(6).hex()}",
        f"From: {display}<sip:+79161112233@{source}>;tag={os.urandom(4).hex()}",
        f"To: <sip:{to_user}@127.0.0.1:{port}>",
        f"Call-ID: {os.urandom(8).hex()}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:caller@{own}>",
        "Max-Forwards: 70",
        "Content-Type: application/sdp",
        f"Content-Length: {len(media)}",
    )
    phone.sendto(("\r\n".join(lines) + "\r\n\r\n" + media).encode(), ("127.0.0.1", port))
    return phone


async def answer_to(phone: socket.socket) -> int:
    """The first final SIP status."""
    phone.setblocking(False)
    async with asyncio.timeout(5):
        while True:
            said = await asyncio.get_running_loop().sock_recv(phone, 4000)
            status = int(said.split()[1])
            if status >= 200:
                return status


async def test_it_boots_without_an_error_or_a_warning_in_its_log(asterisk: Rig) -> None:
    log = asterisk.layout.asterisk_messages.read_text(encoding="utf-8")
    assert re.findall(r"(?:ERROR|WARNING)\[.*", log) == []
    info = await asterisk.call("GET", "asterisk/info")
    assert info["system"]["version"].startswith("22.")


async def test_its_passwords_are_readable_by_nobody_else(asterisk: Rig) -> None:
    for file in asterisk.layout.asterisk_etc.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    assert asterisk.layout.secrets.stat().st_mode & 0o077 == 0


async def test_ari_refuses_a_wrong_password(asterisk: Rig) -> None:
    wrong = {"Authorization": aiohttp.encode_basic_auth("callrouter", "guess")}
    async with asterisk.ari.get("/ari/asterisk/info", headers=wrong) as response:
        assert response.status == 401


async def test_ami_knows_the_recording_actions_and_refuses_to_originate(asterisk: Rig) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.config.asterisk.ami_port)
    await reader.readline()

    async def ask(**fields: str) -> str:
        writer.write("".join(f"{name}: {text}\r\n" for name, text in fields.items()).encode() + b"\r\n")
        return (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()

    assert "Success" in await ask(
        Action="Login", Username="callrouter", Secret=asterisk.secrets.ami_password, Events="off"
    )
    assert "Pong" in await ask(Action="Ping")
    assert "No such channel" in await ask(Action="StopMixMonitor", Channel="PJSIP/nobody-1")
    assert "Permission denied" in await ask(Action="Originate", Channel="PJSIP/x", Application="Milliwatt")
    assert "Permission denied" in await ask(Action="Command", Command="core show version")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("user", "to_user", "number"),
    [
        ("+74951234567", "+74951234567", "+74951234567"),
        ("112", "112", "112"),
        ("callrouter", "+74951234567", "+74951234567"),
        ("callrouter", "4951234567", "4951234567"),
        ("7495%3B1,x%24%7BEXTEN%7D", "7495", "74951"),
    ],
)
async def test_a_trunk_call_reaches_a_worker_with_its_number_and_nothing_else(
    asterisk: Rig, user: str, to_user: str, number: str
) -> None:
    async with application(asterisk, "callrouter-w1") as events:
        phone = invite(asterisk, user, to_user, TRUNK_ADDRESS, display='"${SHELL(id)},a:b" ')
        channel = (await next_event(events, "CallBroadcast"))["channel"]["id"]
        await asterisk.call("POST", "events/claim", params={"channelId": channel, "application": "callrouter-w1"})
        start = await next_event(events, "StasisStart")
        assert start["args"] == ["in", number]
        await asterisk.call("DELETE", f"channels/{channel}")
        phone.close()


async def test_a_stranger_gets_no_call(asterisk: Rig) -> None:
    with invite(asterisk, "+74951234567", "+74951234567", "127.0.0.77") as phone:
        assert await answer_to(phone) == 401


async def test_letters_are_no_number(asterisk: Rig) -> None:
    with invite(asterisk, "s", "s", TRUNK_ADDRESS) as phone:
        assert await answer_to(phone) == 404


async def originate(rig: Rig, extension: str) -> str:
    """Somebody arrives in our dialplan without SIP: the id of that side of a Local channel."""
    asked = {"endpoint": f"Local/{extension}/n", "app": "probe", "formats": "alaw"}
    near = await rig.call("POST", "channels", params=asked)
    return str(near["name"]).removesuffix("1") + "2"


async def test_without_a_worker_the_fallback_speaks_and_takes_a_message(asterisk: Rig) -> None:
    async with application(asterisk, "probe") as events:
        name = await originate(asterisk, "74951234567@from-trunk")
        plan = await running(asterisk, name, "Playback")
        assert plan["context"] == "fallback"
        spoken = Path(plan["app_data"])
        assert spoken.with_name(f"{spoken.name}.alaw").stat().st_size > 2000
        await running(asterisk, name, "Record")
        [message] = await until(lambda: list(asterisk.layout.messages.glob("*.wav")))  # after the beep
        caller = (await next_event(events, "StasisStart"))["channel"]["id"]
        await asterisk.call("DELETE", f"channels/{caller}")
        await next_event(events, "StasisEnd")
    assert message.exists()
    assert re.fullmatch(r"\d{8}-\d{6}-\d*-[\d.]+\.wav", message.name)


async def running(rig: Rig, name: str, application: str) -> dict[str, Any]:
    """Where in the dialplan a channel is, once it runs this application."""
    async with asyncio.timeout(30):
        while True:
            for channel in await rig.call("GET", "channels"):
                plan: dict[str, Any] = channel["dialplan"]
                if channel["name"] == name and plan["app_name"] == application:
                    return plan
            await asyncio.sleep(0.1)


async def test_an_agents_phone_reaches_feature_codes_only(asterisk: Rig) -> None:
    async with application(asterisk, "probe"), application(asterisk, "callrouter-w1") as events:
        await originate(asterisk, "*11@from-agent")
        broadcast = await next_event(events, "CallBroadcast")
        assert broadcast["called"] == "*11"
    for dialled in ("74951234567", "+74951234567", "112", "s", "11", "*"):
        assert "no existence" in await console(asterisk.layout, f"dialplan show {dialled}@from-agent"), dialled


async def test_a_phone_pushed_through_ari_is_still_there_after_a_restart(asterisk: Rig) -> None:
    phone = asterisk.secrets.phones["anna"]
    path = "asterisk/config/dynamic/res_pjsip"

    async def push(kind: str, **fields: str) -> None:
        values = [{"attribute": name, "value": text} for name, text in fields.items()]
        await asterisk.call("PUT", f"{path}/{kind}/{phone.endpoint}", json={"fields": values})

    await push("auth", auth_type="userpass", username=phone.endpoint, password=phone.password)
    await push("aor", max_contacts="1")
    await push("endpoint", context="from-agent", auth=phone.endpoint, aors=phone.endpoint, allow="!all,alaw,ulaw")
    pid = asterisk.parent.pid("asterisk")
    assert pid
    os.kill(pid, signal.SIGTERM)
    await until(lambda: asterisk.parent.pid("asterisk") not in (None, pid), within_s=10)
    await asterisk.parent.wait_ready("asterisk")
    fields = await asterisk.call("GET", f"{path}/endpoint/{phone.endpoint}")
    assert {"attribute": "context", "value": "from-agent"} in fields


async def test_the_console_says_when_nobody_is_there(asterisk: Rig) -> None:
    assert "System uptime" in await console(asterisk.layout, "core show uptime")
    await asterisk.parent.stop()
    with pytest.raises(NotReady):
        await console(asterisk.layout, "core show uptime")
