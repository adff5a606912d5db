"""Transactions on a network that loses packets, with a clock cranked by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.parties.message import Request, Response, build_request, parse, reply, serialise
from callrouter.parties.transaction import ServerTransaction, Transactions

US, THEM = ("127.0.0.1", 1), ("127.0.0.1", 2)


@dataclass
class Alarm:
    at: float
    callback: Callable[..., Any]
    args: tuple[Any, ...]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Crank:
    """A loop's clock that stands still until it is cranked."""

    now: float = 0.0
    alarms: list[Alarm] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> Alarm:
        alarm = Alarm(self.now + delay, callback, args)
        self.alarms.append(alarm)
        return alarm

    def crank(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [alarm for alarm in self.alarms if not alarm.cancelled and alarm.at <= end]:
            first = min(due, key=lambda alarm: alarm.at)
            self.alarms.remove(first)
            self.now = first.at
            first.callback(*first.args)
        self.now = end


class Net:
    """Two ends and the road between them: `loses` decides about each packet."""

    def __init__(self, loses: Callable[[bytes], bool] = lambda _: False) -> None:
        self.clock, self.loses = Crank(), loses
        self.sent: list[bytes] = []
        self.arrived: list[Request] = []
        self.acks: list[Request] = []
        self.servers: list[ServerTransaction] = []
        self.client = Transactions(lambda data, _: self._carry(data, self.server), self.clock, self._ignore)
        self.server = Transactions(
            lambda data, _: self._carry(data, self.client), self.clock, self._take, self.acks.append
        )

    def _carry(self, data: bytes, to: Transactions) -> None:
        self.sent.append(data)
        if not self.loses(data):
            self.clock.call_later(0.01, to.receive, data, US if to is self.server else THEM)

    def _take(self, request: Request, server: ServerTransaction) -> None:
        self.arrived.append(request)
        self.servers.append(server)

    def _ignore(self, request: Request, server: ServerTransaction) -> None:
        raise AssertionError(f"nobody asks the caller: {request.method}")

    def starts(self, text: str) -> int:
        return sum(data.startswith(text.encode()) for data in self.sent)


NUMBERS = count(1)


def request(method: str) -> Request:
    branch = f"z9hG4bK{next(NUMBERS)}"
    return build_request(method, "sip:b@127.0.0.1", [
        ("Via", f"SIP/2.0/UDP 127.0.0.1:1;branch={branch}"), ("From", "<sip:a@h>;tag=1"), ("To", "<sip:b@h>"),
        ("Call-ID", "c"), ("CSeq", f"1 {method}")])  # fmt: skip


def ask(net: Net, method: str) -> tuple[list[int], list[str]]:
    statuses: list[int] = []
    timeouts: list[str] = []
    net.client.request(request(method), THEM, lambda one: statuses.append(one.status), lambda: timeouts.append("late"))
    return statuses, timeouts


def test_a_request_is_answered() -> None:
    net = Net()
    statuses, _ = ask(net, "OPTIONS")
    net.clock.crank(0.1)
    net.servers[0].respond(reply(net.arrived[0], 200, "OK"))
    net.clock.crank(40)
    assert statuses == [200]
    assert net.starts("OPTIONS") == 1


def test_an_invite_is_repeated_with_doubling_pauses_until_it_times_out() -> None:
    net = Net(loses=lambda _: True)
    statuses, timeouts = ask(net, "INVITE")
    sent_at = []
    for _ in range(3300):
        before = len(net.sent)
        net.clock.crank(0.01)
        sent_at += [round(net.clock.now, 1)] * (len(net.sent) - before)
    assert sent_at == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert (statuses, timeouts) == ([], ["late"])


def test_other_requests_are_repeated_at_most_every_four_seconds() -> None:
    net = Net(loses=lambda _: True)
    _, timeouts = ask(net, "BYE")
    net.clock.crank(31.9)
    assert net.starts("BYE") == 11
    net.clock.crank(1)
    assert timeouts == ["late"]


def test_a_provisional_answer_stops_the_repeats_of_an_invite_and_its_timeout() -> None:
    net = Net()
    statuses, timeouts = ask(net, "INVITE")
    net.clock.crank(0.02)
    net.servers[0].respond(reply(net.arrived[0], 180, "Ringing", tag="t"))
    net.clock.crank(120)
    assert (net.starts("INVITE"), statuses, timeouts) == (1, [180], [])


def test_a_repeated_request_gets_the_same_answer_and_is_told_once() -> None:
    net = Net(loses=lambda data: data.startswith(b"SIP/2.0 200") and net.starts("SIP/2.0 200") == 1)
    statuses, _ = ask(net, "BYE")
    net.clock.crank(0.02)
    net.servers[0].respond(reply(net.arrived[0], 200, "OK"))
    net.clock.crank(5)
    assert statuses == [200]
    assert len(net.arrived) == 1
    assert net.starts("SIP/2.0 200") == 2


def test_a_refusal_is_repeated_until_it_is_acknowledged_and_told_once() -> None:
    net = Net(loses=lambda data: data.startswith(b"ACK") and net.starts("ACK") < 3)
    statuses, _ = ask(net, "INVITE")
    net.clock.crank(0.02)
    net.servers[0].respond(reply(net.arrived[0], 486, "Busy Here", tag="t"))
    net.clock.crank(40)
    assert statuses == [486]
    assert net.starts("SIP/2.0 486") == 3
    assert net.starts("ACK") == 3


def test_the_acknowledgement_of_a_refusal_names_the_same_transaction() -> None:
    net = Net()
    ask(net, "INVITE")
    net.clock.crank(0.02)
    net.servers[0].respond(reply(net.arrived[0], 486, "Busy Here", tag="t"))
    net.clock.crank(0.1)
    ack = parse(next(data for data in net.sent if data.startswith(b"ACK")))
    assert ack.branch == net.arrived[0].branch
    assert ack.to_tag == "t"


def test_an_acceptance_is_repeated_until_its_own_ack_comes() -> None:
    net = Net()
    accepted: list[Response] = []
    invite = request("INVITE")
    net.client.request(invite, THEM, accepted.append, lambda: None)
    net.clock.crank(0.02)
    net.servers[0].respond(reply(net.arrived[0], 200, "OK", tag="t"))
    net.clock.crank(2)
    assert len(accepted) == net.starts("SIP/2.0 200") == 3
    ack = build_request("ACK", "sip:b@127.0.0.1", [
        ("Via", "SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKown"), ("From", "<sip:a@h>;tag=1"), ("To", "<sip:b@h>;tag=t"),
        ("Call-ID", "c"), ("CSeq", "1 ACK")])  # fmt: skip
    net.client.send(serialise(ack), THEM)
    net.clock.crank(40)
    assert net.starts("SIP/2.0 200") == 3
    assert [one.method for one in net.acks] == ["ACK"]


def test_who_accepts_and_never_hears_an_ack_is_told() -> None:
    net = Net(loses=lambda data: data.startswith(b"SIP/2.0 200"))
    told: list[str] = []
    ask(net, "INVITE")
    net.clock.crank(0.02)
    net.servers[0].respond(reply(net.arrived[0], 200, "OK", tag="t"), on_no_ack=lambda: told.append("no ack"))
    net.clock.crank(33)
    assert told == ["no ack"]


def test_a_cancel_finds_its_invite() -> None:
    net = Net()
    invite = request("INVITE")
    net.client.request(invite, THEM, lambda _: None, lambda: None)
    cancel = Request(tuple((n, v if n != "CSeq" else "1 CANCEL") for n, v in invite.headers), b"", "CANCEL", invite.uri)
    net.client.request(cancel, THEM, lambda _: None, lambda: None)
    net.clock.crank(0.1)
    assert net.server.invite_of(net.arrived[1]) is net.servers[0]


def test_a_second_final_answer_is_a_mistake_of_ours() -> None:
    net = Net()
    ask(net, "BYE")
    net.clock.crank(0.02)
    net.servers[0].respond(reply(net.arrived[0], 200, "OK"))
    with pytest.raises(RuntimeError, match="already has"):
        net.servers[0].respond(reply(net.arrived[0], 500, "No"))


def test_noise_and_stray_answers_are_dropped_and_counted() -> None:
    net = Net()
    net.client.receive(b"\r\n\r\n", THEM)
    net.client.receive(b"GET / HTTP/1.1\r\n\r\n", THEM)
    net.client.receive(serialise(reply(request("BYE"), 200, "OK")), THEM)
    assert net.client.unreadable == 1


@given(st.integers(0, 2**32), st.sampled_from(["INVITE", "BYE", "REGISTER"]), st.sampled_from([200, 404]))
def test_with_half_of_the_packets_lost_the_answer_is_told_at_most_once_or_the_timeout(
    seed: int, method: str, status: int
) -> None:
    dice = Random(seed)
    net = Net(loses=lambda _: dice.random() < 0.5)
    statuses, timeouts = ask(net, method)
    for _ in range(700):
        net.clock.crank(0.1)
        if net.servers and net.servers[0].state.name == "TRYING":
            net.servers[0].respond(reply(net.arrived[0], status, "x", tag="t"))
    assert len(net.arrived) <= 1
    told = statuses[:1] if method == "INVITE" and status == 200 else statuses
    assert (told, timeouts) in (([status], []), ([], ["late"]))
    net.clock.crank(100)
    assert not any(not alarm.cancelled for alarm in net.clock.alarms), "a timer is left running"
