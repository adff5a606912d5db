"""A phone: a number on a wire, registered or not, that calls and rings. No library does this for us.

aiosipua 0.7.1 was looked at: it sends every request once (no retransmission, RFC 3261 section 17.1), does not
acknowledge refusals and takes neither Contact nor Record-Route from a 200. The pjsua2 wheels name no project, baresip
is a process of its own and measures nothing. Hence this small one: SIP over UDP, A-law and u-law, keys in RTP.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable

from callrouter.errors import CallrouterError
from callrouter.parties.dialog import ALLOWED, Dialog
from callrouter.parties.digest import Credentials, authorization
from callrouter.parties.leg import Leg, Tell
from callrouter.parties.media import Media
from callrouter.parties.message import (
    Header,
    Request,
    Response,
    parameters,
    quoted,
    reply,
    with_header,
)
from callrouter.parties.transaction import Peer, ServerTransaction
from callrouter.parties.wire import Wire

_NUMBER = re.compile(r"[+0-9*#A-Za-z_.-]{1,64}\Z")


class PhoneError(CallrouterError):
    """A phone could not do what it was asked to; the message says why and what to look at."""


class Phone:
    """`tell` hears of everything that happens in its calls; `is_free` decides whether a second call finds it busy."""

    def __init__(self, wire: Wire, media: Media, centre: Peer, user: str, *, hz: int, tell: Tell, name: str = "",
                 who: Credentials | None = None, is_free: Callable[[], bool] = lambda: True) -> None:  # fmt: skip
        self.wire, self.media, self.centre, self.user, self.hz = wire, media, centre, user, hz
        self._tell, self._who, self._is_free = tell, who, is_free
        self._name = name
        self._registration: Dialog | None = None
        self._refresh: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_registered = False
        self.is_unplugged = False
        """Says nothing to anybody who calls, as a phone without a cable does."""
        wire.phones[user] = self

    # -- registration --------------------------------------------------------------------------------------------

    async def register(self, expires: int = 300) -> None:
        """Tell the centre where we are, and go on telling it."""
        response = await self._send_register(expires)
        if response.status != 200:
            raise PhoneError(f"{self.user} cannot register: {response.status} {response.reason}; "
                             "check the account's name and password and that the centre is running")  # fmt: skip
        self.is_registered = True
        self._refresh = self.wire.loop.call_later(_granted(response, expires) * 0.8, self._register_again, expires)

    async def unregister(self) -> None:
        """Take our address back."""
        self._stop_refreshing()
        if self.is_registered:
            self.is_registered = False
            response = await self._send_register(0)
            if response.status != 200:
                raise PhoneError(f"{self.user} cannot unregister: {response.status} {response.reason}")

    def _register_again(self, expires: int) -> None:
        task = self.wire.loop.create_task(self.register(expires), name=f"register {self.user}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop_refreshing(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()

    async def _send_register(self, expires: int) -> Response:
        request = self._register_request(expires)
        response = await self.wire.ask(request, self.centre)
        if self._who is None or response.status not in (401, 407):
            return response
        given = authorization(self._who, response, "REGISTER", request.uri, cnonce=secrets.token_hex(8))
        if given is None:
            raise PhoneError(f"{self.user}: the centre's challenge is in no digest algorithm that we know")
        return await self.wire.ask(with_header(self._register_request(expires), *given), self.centre)

    def _register_request(self, expires: int) -> Request:
        ours = self._dialog_with(f"sip:{self.centre[0]}:{self.centre[1]}", self.user)
        if self._registration is None:  # one Call-ID for all, numbers growing (RFC 3261 section 10.2.4)
            ours.remote = ours.local
            self._registration = ours
        headers: list[Header] = [("Expires", str(expires)), ("Allow", ALLOWED)]
        return self._registration.request("REGISTER", self.wire.via(), headers)

    # -- calls ---------------------------------------------------------------------------------------------------

    def call(self, number: str) -> Leg:
        """Dial a number at the centre."""
        if not _NUMBER.match(number):
            raise PhoneError(f"{number!r} cannot be dialled: digits, letters, + * # . _ - only")
        target = f"sip:{number.replace('#', '%23')}@{self.centre[0]}:{self.centre[1]}"
        leg = self._leg(self._dialog_with(target, self.user))
        leg.call()
        return leg

    def _dialog_with(self, target: str, user: str) -> Dialog:
        shown = f"{quoted(self._name)} " if self._name else ""
        local = f"{shown}<sip:{user}@{self.wire.host}>"
        call_id, tag = secrets.token_hex(12), secrets.token_hex(6)
        return Dialog(call_id, local, f"<{target}>", tag, self.wire.contact(self.user), target)

    def _leg(self, dialog: Dialog) -> Leg:
        port = self.media.open(self.wire.host, self.hz)
        return Leg(self.wire, self.media, self.centre, dialog, port, self._tell, self._who)

    def ring(self, invite: Request, server: ServerTransaction) -> None:
        """A call for us."""
        if not self._is_free():
            server.respond(reply(invite, 486, "Busy Here", tag=secrets.token_hex(4)))
            return
        contact = self.wire.contact(self.user)
        leg = self._leg(Dialog.from_invite(invite, tag=secrets.token_hex(6), contact=contact))
        leg.peer = server.peer
        leg.ring(invite, server)

    async def close(self) -> None:
        """Leave the wire. A registration must have been taken back before, or is left to expire."""
        self._stop_refreshing()
        self.wire.phones.pop(self.user, None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _granted(response: Response, asked: int) -> int:
    """How long the registrar keeps us (RFC 3261 section 10.2.4)."""
    times = [parameters(contact).get("expires", "") for contact in response.all("Contact")]
    numbers = [int(text) for text in [*times, response.first("Expires")] if text.isascii() and text.isdigit()]
    return min([asked, *[number for number in numbers if number > 0]])
