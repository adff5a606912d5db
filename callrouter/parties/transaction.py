"""SIP transactions over UDP (RFC 3261 section 17, RFC 6026): every request and answer arrives, or we learn it did not.

    client  calling ─1xx→ proceeding ─final→ completed → over        (INVITE: 300+ is acknowledged here, 2xx by the leg)
    server  trying ─1xx→ proceeding ─final→ completed ─ACK→ over     (2xx to INVITE is repeated until its ACK comes)

Knows no socket and no loop: bytes go out through `send`, time comes from `timers`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol

from callrouter.parties.message import (
    Message,
    Request,
    Response,
    SipSyntaxError,
    build_request,
    parse,
    reply,
    serialise,
)

T1, T2, T4 = 0.5, 4.0, 5.0
"""Round trip, longest pause between repeats, how long a message stays in the network (RFC 3261 table 4)."""
GIVE_UP_S = 64 * T1

Peer = tuple[str, int]
Key = tuple[str, str, str]


class Timer(Protocol):
    def cancel(self) -> None: ...


class Timers(Protocol):
    """An asyncio loop, or a clock cranked by hand."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> Timer: ...


class State(Enum):
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    OVER = auto()


class _Transaction:
    """What both sides share: repeating with growing pauses, and an end."""

    def __init__(self, layer: Transactions, peer: Peer) -> None:
        self.layer, self.peer = layer, peer
        self.state = State.TRYING
        self._repeat: Timer | None = None
        self._end: Timer | None = None

    def _start_repeating(self, data: bytes, pause: float, longest: float) -> None:
        def again() -> None:
            self.layer.send(data, self.peer)
            self._start_repeating(data, min(2 * pause, longest), longest)

        self._stop_repeating()
        self._repeat = self.layer.timers.call_later(pause, again)

    def _stop_repeating(self) -> None:
        if self._repeat is not None:
            self._repeat.cancel()
            self._repeat = None

    def _end_after(self, delay: float, callback: Callable[[], None]) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = self.layer.timers.call_later(delay, callback)

    def close(self) -> None:
        """Forget everything now."""
        self.state = State.OVER
        self._stop_repeating()
        if self._end is not None:
            self._end.cancel()


class ClientTransaction(_Transaction):
    """One request of ours, until its final answer."""

    def __init__(self, layer: Transactions, request: Request, peer: Peer,
                 on_response: Callable[[Response], None], on_timeout: Callable[[], None]) -> None:  # fmt: skip
        super().__init__(layer, peer)
        self.request, self._on_response, self._on_timeout = request, on_response, on_timeout
        self._is_invite = request.method == "INVITE"
        data = serialise(request)
        self._end_after(GIVE_UP_S, self._time_out)
        self._start_repeating(data, T1, GIVE_UP_S if self._is_invite else T2)
        layer.send(data, peer)

    def receive(self, response: Response) -> None:
        if self._is_invite:
            self._receive_for_invite(response)
        elif self.state in (State.TRYING, State.PROCEEDING):
            if response.is_final:
                self._complete(T4)
            else:
                self.state = State.PROCEEDING
            self._on_response(response)

    def _receive_for_invite(self, response: Response) -> None:
        first = self.state in (State.TRYING, State.PROCEEDING)
        if response.status >= 300:
            self.layer.send(serialise(_ack_for_refusal(self.request, response)), self.peer)
        if response.is_final and first:
            self._complete(GIVE_UP_S)
        elif first:
            self.state = State.PROCEEDING
            self._stop_repeating()
            self._stop_waiting()
        if first or 200 <= response.status < 300:  # every repeated 2xx needs its ACK again (RFC 3261 section 13.2.2.4)
            self._on_response(response)

    def _stop_waiting(self) -> None:
        if self._end is not None:
            self._end.cancel()

    def _complete(self, linger: float) -> None:
        self.state = State.COMPLETED
        self._stop_repeating()
        self._end_after(linger, self._forget)

    def _time_out(self) -> None:
        self._forget()
        self._on_timeout()

    def _forget(self) -> None:
        self.close()
        self.layer.forget(self)


class ServerTransaction(_Transaction):
    """One request to us, until its answer has arrived."""

    def __init__(self, layer: Transactions, request: Request, peer: Peer) -> None:
        super().__init__(layer, peer)
        self.request = request
        self._last: bytes = b""
        self._on_no_ack: Callable[[], None] = lambda: None
        self.accepted = False

    def respond(self, response: Response, *, on_no_ack: Callable[[], None] = lambda: None) -> None:
        """Send an answer; a final one is kept for repeats, and repeated until acknowledged if it is for an INVITE."""
        if self.state in (State.COMPLETED, State.OVER):
            raise RuntimeError(f"{self.request.method} already has its final answer")
        self._last = serialise(response)
        self.layer.send(self._last, self.peer)
        self.state = State.PROCEEDING
        if response.is_final:
            self._complete(response, on_no_ack)

    def _complete(self, response: Response, on_no_ack: Callable[[], None]) -> None:
        self.state = State.COMPLETED
        self._on_no_ack = on_no_ack
        if self.request.method == "INVITE":
            self.accepted = response.status < 300
            self._start_repeating(self._last, T1, T2)
        self._end_after(GIVE_UP_S, self._time_out)

    def repeated(self) -> None:
        """The same request came again: our answer may have been lost."""
        if self._last:
            self.layer.send(self._last, self.peer)

    def acknowledged(self) -> None:
        self._stop_repeating()
        self._on_no_ack = lambda: None
        if self.state is State.COMPLETED:
            self._end_after(T4, self._time_out)

    def _time_out(self) -> None:
        tell = self._on_no_ack
        self.close()
        self.layer.forget(self)
        tell()


class Transactions:
    """All transactions of one address."""

    def __init__(self, send: Callable[[bytes, Peer], None], timers: Timers,
                 on_request: Callable[[Request, ServerTransaction], None],
                 on_ack: Callable[[Request], None] = lambda _: None) -> None:  # fmt: skip
        self.send, self.timers = send, timers
        self._on_request, self._on_ack = on_request, on_ack
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self.unreadable = 0
        """Datagrams that were not SIP: counted, not answered (RFC 4475 asks to drop what cannot be parsed)."""

    def request(self, request: Request, peer: Peer, on_response: Callable[[Response], None],
                on_timeout: Callable[[], None]) -> ClientTransaction:  # fmt: skip
        """Send a request and see to it that it arrives. Not for ACK."""
        client = ClientTransaction(self, request, peer, on_response, on_timeout)
        self._clients[request.branch, request.method] = client
        return client

    def receive(self, data: bytes, peer: Peer) -> None:
        """One datagram came in."""
        if not data.strip(b"\r\n\0 "):
            return  # keep-alive (RFC 5626 section 3.5.1)
        try:
            message = parse(data)
            self._dispatch(message, peer)
        except SipSyntaxError:
            self.unreadable += 1

    def _dispatch(self, message: Message, peer: Peer) -> None:
        if isinstance(message, Response):
            client = self._clients.get((message.branch, message.cseq[1]))
            if client is not None:
                client.receive(message)
        elif message.method == "ACK":
            self._receive_ack(message)
        else:
            self._receive_request(message, peer)

    def _receive_request(self, request: Request, peer: Peer) -> None:
        known = self._servers.get(_key(request, request.method))
        if known is not None:
            known.repeated()
            return
        server = ServerTransaction(self, request, peer)
        self._servers[_key(request, request.method)] = server
        self._on_request(request, server)

    def _receive_ack(self, ack: Request) -> None:
        refused = self._servers.get(_key(ack, "INVITE"))
        if refused is not None:
            refused.acknowledged()
            return
        for server in list(self._servers.values()):  # the ACK of a 2xx has a branch of its own
            if server.accepted and _same_dialog(server.request, ack):
                server.acknowledged()
        self._on_ack(ack)

    def invite_of(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that a CANCEL is about (RFC 3261 section 9.2)."""
        return self._servers.get(_key(cancel, "INVITE"))

    def forget(self, one: _Transaction) -> None:
        if isinstance(one, ClientTransaction):
            self._clients.pop((one.request.branch, one.request.method), None)
        elif isinstance(one, ServerTransaction):
            self._servers.pop(_key(one.request, one.request.method), None)

    def close(self) -> None:
        for one in [*self._clients.values(), *self._servers.values()]:
            one.close()
        self._clients.clear()
        self._servers.clear()


def _key(request: Request, method: str) -> Key:
    via = request.first("Via")
    return request.branch, via.partition(";")[0].rpartition(" ")[2].lower(), method


def _same_dialog(invite: Request, ack: Request) -> bool:
    return (invite.call_id, invite.from_tag, invite.cseq[0]) == (ack.call_id, ack.from_tag, ack.cseq[0])


def _ack_for_refusal(invite: Request, response: Response) -> Request:
    """RFC 3261 section 17.1.1.3: the same Via, the To of the response."""
    routes = [("Route", route) for route in invite.all("Route")]
    headers = [("Via", invite.first("Via")), ("Max-Forwards", "70"), *routes, ("From", invite.first("From"))]
    headers += [("To", response.first("To")), ("Call-ID", invite.call_id), ("CSeq", f"{invite.cseq[0]} ACK")]
    return build_request("ACK", invite.uri, headers)


def trying(request: Request) -> Response:
    return reply(request, 100, "Trying")
