"""One UDP address that speaks SIP: sends what phones ask for, gives what comes to the phone or the leg it is for."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Protocol, cast
from urllib.parse import unquote

from callrouter.parties.dialog import ALLOWED
from callrouter.parties.message import Request, Response, SipSyntaxError, reply, uri_parts
from callrouter.parties.transaction import Peer, ServerTransaction, Transactions, trying


class TakesRequests(Protocol):
    """A leg: gets the requests of its own dialog."""

    def receive(self, request: Request, server: ServerTransaction) -> None: ...


class TakesCalls(Protocol):
    """A phone: gets calls for its number."""

    is_unplugged: bool

    def ring(self, invite: Request, server: ServerTransaction) -> None: ...


class Wire(asyncio.DatagramProtocol):
    """Open it with `await Wire.open(host, port)`; port 0 takes a free one."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.transactions = Transactions(self._send, self.loop, self._on_request)
        self.phones: dict[str, TakesCalls] = {}
        self.legs: dict[tuple[str, str], TakesRequests] = {}
        self.ringing: dict[int, TakesRequests] = {}
        self.socket_errors = 0
        self.host, self.port = "", 0

    @classmethod
    async def open(cls, host: str, port: int = 0) -> Wire:
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_datagram_endpoint(cls, local_addr=(host, port))
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own is no subclass before Python 3.13
        self.host, self.port = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transactions.receive(data, addr)

    def error_received(self, _exc: Exception) -> None:
        self.socket_errors += 1  # port unreachable: the retransmission timers decide what it means

    def close(self) -> None:
        self.transactions.close()
        self._transport.close()

    def _send(self, data: bytes, peer: Peer) -> None:
        self._transport.sendto(data, peer)

    def via(self) -> str:
        """A Via with a new branch: the name of a new transaction."""
        return f"SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{secrets.token_hex(8)}"

    def contact(self, user: str) -> str:
        return f"<sip:{user}@{self.host}:{self.port}>"

    async def ask(self, request: Request, peer: Peer,
                  on_repeat: Callable[[Response], None] = lambda _: None) -> Response:  # fmt: skip
        """Send a request, give back its final answer; silence is a 408 (RFC 3261 section 8.1.3.1).

        A 2xx to an INVITE that comes again (our ACK was lost) goes to `on_repeat`.
        """
        final: asyncio.Future[Response] = self.loop.create_future()

        def receive(response: Response) -> None:
            if response.is_final and final.done():
                on_repeat(response)
            elif response.is_final:
                final.set_result(response)

        def time_out() -> None:
            if not final.done():
                final.set_result(reply(request, 408, "Request Timeout"))

        self.transactions.request(request, peer, receive, time_out)
        return await final

    def _on_request(self, request: Request, server: ServerTransaction) -> None:
        if not request.to_tag and (phone := self._called(request)) is not None and phone.is_unplugged:
            return
        match request.method:
            case "CANCEL":
                self._cancel(request, server)
            case _ if request.to_tag:
                self._inside_a_call(request, server)
            case "INVITE":
                self._new_call(request, server)
            case "OPTIONS" | "NOTIFY" | "INFO":
                server.respond(reply(request, 200, "OK", [("Allow", ALLOWED)], tag=secrets.token_hex(4)))
            case _:
                server.respond(
                    reply(request, 405, "Method Not Allowed", [("Allow", ALLOWED)], tag=secrets.token_hex(4))
                )

    def _new_call(self, invite: Request, server: ServerTransaction) -> None:
        try:
            number = unquote(uri_parts(invite.uri).user)
        except SipSyntaxError:
            server.respond(reply(invite, 416, "Unsupported URI Scheme", tag=secrets.token_hex(4)))
            return
        phone = self.phones.get(number)
        if phone is None:
            server.respond(reply(invite, 404, "Not Found", tag=secrets.token_hex(4)))
            return
        server.respond(trying(invite))
        phone.ring(invite, server)

    def _called(self, request: Request) -> TakesCalls | None:
        try:
            return self.phones.get(unquote(uri_parts(request.uri).user))
        except SipSyntaxError:
            return None

    def _inside_a_call(self, request: Request, server: ServerTransaction) -> None:
        leg = self.legs.get((request.call_id, request.to_tag))
        if leg is None:
            server.respond(reply(request, 481, "Call/Transaction Does Not Exist"))
        else:
            leg.receive(request, server)

    def _cancel(self, cancel: Request, server: ServerTransaction) -> None:
        invite = self.transactions.invite_of(cancel)
        leg = self.ringing.get(id(invite)) if invite is not None else None
        if invite is None:
            server.respond(reply(cancel, 481, "Call/Transaction Does Not Exist", tag=secrets.token_hex(4)))
            return
        server.respond(reply(cancel, 200, "OK", tag=secrets.token_hex(4)))
        if leg is not None:
            leg.receive(cancel, server)
