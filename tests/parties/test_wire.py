"""One address: calls find their phone, strangers get a plain no, noise does no harm; two phones without an Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callrouter.parties.leg import What
from callrouter.parties.media import Media
from callrouter.parties.message import Request, Response, build_request, parse, serialise
from callrouter.parties.party import Habit, Party
from callrouter.parties.phone import PhoneError
from callrouter.parties.sdp import Sound, write_sdp
from callrouter.parties.wire import Wire

SDP = write_sdp(Sound("127.0.0.1", 40000), session=1, version=1)


@dataclass
class Pair:
    """A caller and an agent, each at the other's address as if it were the centre."""

    caller: Party
    agent: Party
    wires: tuple[Wire, Wire]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    media = Media()
    media.start()
    one, other = await Wire.open("127.0.0.1"), await Wire.open("127.0.0.1")
    caller = Party("caller", one, media, (other.host, other.port), "+7916", hz=1710, shown_name='A "B" \\ <c>')
    agent = Party("anna", other, media, (one.host, one.port), "anna", hz=2450, habit=Habit(answers_after_s=0.05))
    yield Pair(caller, agent, (one, other))
    await caller.phone.close()
    await agent.phone.close()
    media.stop()
    one.close()
    other.close()
    await asyncio.sleep(0)


async def test_two_phones_talk_hold_and_part(pair: Pair) -> None:
    caller, agent = pair.caller, pair.agent
    start = caller.now() - 0.001
    caller.call("anna")
    assert await caller.wait_for(What.RINGBACK, start, 1.0)
    assert await caller.wait_for(What.ANSWERED, start, 1.0)
    await asyncio.sleep(0.5)
    middle = caller.now() - 0.35
    assert caller.hears({"anna": 2450, "me": 1710}, middle, caller.now()) == {"anna": 1.0, "me": 0.0}
    holding = asyncio.create_task(caller.hold())
    await asyncio.sleep(0)
    assert caller.legs[-1].port.voice.muted, "silent at once, not only when the other side agrees"
    await holding
    held = caller.now() + 0.05
    await asyncio.sleep(0.3)
    assert agent.ears.arrivals(held) == []
    assert caller.ears.arrivals(held) == [], "who is held is silent too"
    await caller.resume()
    resumed = caller.now() + 0.1
    await asyncio.sleep(0.5)
    assert agent.hears({"caller": 1710}, resumed, caller.now())["caller"] == 1.0
    agent.hang_up()
    assert await caller.wait_for(What.ENDED, start, 1.0)
    assert not caller.is_busy
    await agent.legs[-1].said_goodbye()


async def test_both_hold_at_the_same_moment_and_nobody_is_stuck(pair: Pair) -> None:
    caller, agent = pair.caller, pair.agent
    start = caller.now() - 0.001
    caller.call("anna")
    assert await caller.wait_for(What.ANSWERED, start, 1.0)
    await asyncio.gather(caller.hold(), agent.hold())
    await asyncio.gather(caller.resume(), agent.resume())
    resumed = caller.now() + 0.1
    await asyncio.sleep(0.5)
    assert agent.hears({"caller": 1710}, resumed, caller.now())["caller"] == 1.0
    assert caller.hears({"anna": 2450}, resumed, caller.now())["anna"] == 1.0
    await caller.hang_up_and_wait()
    await caller.legs[-1].said_goodbye()


async def test_a_lost_acknowledgement_of_a_hold_is_sent_again(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, transactions = pair.caller, pair.wires[0].transactions
    start = caller.now() - 0.001
    caller.call("anna")
    assert await caller.wait_for(What.ANSWERED, start, 1.0)
    await asyncio.sleep(0.05)
    acks: list[bytes] = []
    send = transactions.send

    def lose_the_first_ack(data: bytes, peer: tuple[str, int]) -> None:
        acks.extend([data] if data.startswith(b"ACK") else [])
        if not data.startswith(b"ACK") or len(acks) > 1:
            send(data, peer)

    monkeypatch.setattr(transactions, "send", lose_the_first_ack)
    await caller.hold()
    await asyncio.sleep(0.7)
    assert len(acks) == 2
    await caller.hang_up_and_wait()
    await caller.legs[-1].said_goodbye()


async def test_what_cannot_be_done_is_said_in_words(pair: Pair) -> None:
    caller = pair.caller
    with pytest.raises(PhoneError, match="caller is not in a call and cannot hang up"):
        caller.hang_up()
    with pytest.raises(PhoneError, match="cannot be dialled"):
        caller.call("evil\r\nheader")
    with pytest.raises(PhoneError, match="has not been in a call yet"):
        _ = caller.ears
    pair.agent.habit = Habit()
    caller.call("anna")
    await caller.wait_for(What.RINGBACK, 0.0, 1.0)
    with pytest.raises(PhoneError, match="in a call already"):
        caller.call("anna")
    with pytest.raises(PhoneError, match="caller cannot press 1"):
        await caller.press("1")
    with pytest.raises(PhoneError, match="phone is not ringing"):
        caller.answer()
    await caller.hang_up_and_wait()


class Probe(asyncio.DatagramProtocol):
    """Somebody who sends raw datagrams and keeps what comes back."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.put_nowait(data)


def request(method: str, uri: str, port: int, *, to_tag: str = "", body: bytes = b"") -> bytes:
    to = f"<{uri}>" + (f";tag={to_tag}" if to_tag else "")
    return serialise(build_request(method, uri, [
        ("Via", f"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{method}{abs(hash(uri))}"), ("Max-Forwards", "70"),
        ("From", "<sip:probe@127.0.0.1>;tag=p"), ("To", to), ("Call-ID", f"probe-{uri}"), ("CSeq", f"1 {method}"),
        ("Contact", f"<sip:probe@127.0.0.1:{port}>"), ("Content-Type", "application/sdp")], body))  # fmt: skip


@pytest.mark.parametrize(
    ("method", "uri", "to_tag", "body", "status"),
    [
        ("OPTIONS", "sip:anna@h", "", b"", 200), ("NOTIFY", "sip:anna@h", "", b"", 200),
        ("MESSAGE", "sip:anna@h", "", b"", 405), ("INVITE", "sip:nobody@h", "", SDP, 404),
        ("INVITE", "tel:123", "", SDP, 404), ("INVITE", "urn:x", "", SDP, 416), ("BYE", "sip:anna@h", "x", b"", 481),
        ("CANCEL", "sip:anna@h", "", b"", 481), ("INVITE", "sip:anna@h", "", b"nonsense", 488),
        ("INVITE", "sip:anna@h", "", SDP.replace(b"8 0 101", b"18 101"), 488),
    ],
)  # fmt: skip
async def test_each_request_gets_its_answer(
    pair: Pair, method: str, uri: str, to_tag: str, body: bytes, status: int
) -> None:
    loop = asyncio.get_running_loop()
    wire = pair.wires[1]
    transport, probe = await loop.create_datagram_endpoint(Probe, remote_addr=(wire.host, wire.port))
    port = transport.get_extra_info("sockname")[1]
    transport.sendto(request(method, uri, port, to_tag=to_tag, body=body))
    answer: Response | Request
    while True:
        answer = parse(await asyncio.wait_for(probe.answers.get(), 1.0))
        if isinstance(answer, Response) and answer.is_final:
            break
    assert answer.status == status
    transport.close()
    assert not pair.agent.is_busy


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.data())
async def test_no_datagram_does_harm(pair: Pair, data: st.DataObject) -> None:
    """Asyncio would only log what escapes from here, so the wire is asked directly."""
    method = data.draw(st.sampled_from(["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REFER", "UPDATE"]))
    good = request(method, data.draw(st.sampled_from(["sip:anna@h", "sip:%00@h", "x"])), 9, body=SDP)
    at = data.draw(st.integers(0, len(good) - 1))
    wrong = data.draw(st.binary(min_size=0, max_size=6))
    pair.agent.habit = Habit(rejects_with=486)
    pair.wires[1].datagram_received(good[:at] + wrong + good[at + len(wrong) :], ("127.0.0.1", 9))
