"""One phone in one call, from the first INVITE to the last BYE, with its sound.

    we call   CALLING ─18x→ RINGBACK ─2xx→ TALKING ─BYE→ ENDED        (CANCEL, 3xx-6xx, no answer: ENDED)
    they call RINGING ─answer→ TALKING ─BYE→ ENDED                    (reject, CANCEL: ENDED)

Hold is not a state but a direction of the sound: a phone on hold sends nothing (a phone that goes on sending while
`sendonly` garbles the music that Asterisk plays to the other side).
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from callrouter.parties.dialog import ALLOWED, Dialog
from callrouter.parties.digest import Credentials, authorization
from callrouter.parties.media import Media, Port
from callrouter.parties.message import (
    Header,
    Request,
    Response,
    SipSyntaxError,
    address,
    parameters,
    reply,
    serialise,
    with_header,
)
from callrouter.parties.sdp import ALAW, Direction, Sound, answer_to, parse_sdp, write_sdp
from callrouter.parties.transaction import Peer, ServerTransaction
from callrouter.parties.wire import Wire

_SDP: Header = ("Content-Type", "application/sdp")
_ALLOW: Header = ("Allow", ALLOWED)


class State(StrEnum):
    CALLING = "calling"
    RINGBACK = "hears it ringing"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class What(StrEnum):
    """What can happen to a phone in a call."""

    CALLS = "calls"
    RINGBACK = "hears it ring"
    RINGS = "rings"
    ANSWERED = "is connected"
    REFUSED = "is refused"
    ENDED = "ends"
    HELD = "holds"
    RESUMED = "resumes"
    TRANSFER = "transfer"


Tell = Callable[["Leg", What, str], None]


ELSEWHERE = "answered elsewhere"
_SIP_200 = re.compile(r"SIP *;.*\bcause *= *200\b", re.IGNORECASE)


class Leg:
    """Made by a phone: `Leg.call` or `Leg.ring`."""

    def __init__(self, wire: Wire, media: Media, peer: Peer, dialog: Dialog, port: Port, tell: Tell,
                 who: Credentials | None) -> None:  # fmt: skip
        self.wire, self.media, self.peer, self.dialog, self.port = wire, media, peer, dialog, port
        self._tell, self._who = tell, who
        self.state = State.CALLING
        self.ended_by: str = ""
        """`us`, `them`, or the status code of a refusal."""
        self.on_hold = False
        self._changing = False
        self._invite: Request | None = None
        self._server: ServerTransaction | None = None
        self._wants_end = False
        self._cancelled = False
        self._far: Sound | None = None
        self._version = 1
        self._tasks: set[asyncio.Task[None]] = set()
        wire.legs[dialog.call_id, dialog.local_tag] = self

    # -- calling -------------------------------------------------------------------------------------------------

    def call(self) -> None:
        """Send the INVITE; what becomes of it is told."""
        self._tell(self, What.CALLS, "")
        self._send_invite(self.dialog.request("INVITE", self.wire.via(), [_SDP, _ALLOW], self._offer()))

    def _offer(self, direction: Direction = Direction.BOTH) -> bytes:
        codecs = (self.port.voice.codec,) if self._far is not None else Sound("", 0).codecs
        sound = Sound(self.port.host, self.port.number, codecs, direction=direction)
        self._version += 1
        return write_sdp(sound, session=self.port.voice.source, version=self._version)

    def _send_invite(self, invite: Request) -> None:
        self._invite = invite
        self.wire.transactions.request(invite, self.peer, self._on_answer, lambda: self._end("408", What.REFUSED))

    def _on_answer(self, response: Response) -> None:
        if response.status < 200:
            self._on_progress(response)
        elif response.status < 300:
            self._on_accepted(response)
        elif self.state is not State.ENDED and not self._try_with_password(response):
            ours = response.status == 487 and self._wants_end
            self._end("us" if ours else str(response.status), What.ENDED if ours else What.REFUSED)

    def _on_progress(self, response: Response) -> None:
        if self._wants_end:
            self._cancel()
        elif response.status > 100:
            self.dialog.learn(response)
            if response.body:
                self._hear(response.body)
            if self.state is State.CALLING:
                self.state = State.RINGBACK
                self._tell(self, What.RINGBACK, str(response.status))

    def _on_accepted(self, response: Response) -> None:
        repeated = self.state is State.TALKING
        self.dialog.learn(response)
        self._acknowledge(response)
        if self.state is State.ENDED or self._wants_end:  # answered while our CANCEL was on its way
            self._bye()
            self._end("us", What.ENDED)
        elif not repeated:
            self.state = State.TALKING
            self._hear(response.body)
            self._tell(self, What.ANSWERED, "")

    def _acknowledge(self, response: Response) -> None:
        ack = self.dialog.request("ACK", self.wire.via(), number=response.cseq[0])
        self.wire.transactions.send(serialise(ack), self.peer)

    def _try_with_password(self, refusal: Response) -> bool:
        """Answer a challenge once; a second one means the password is wrong."""
        invite = self._invite
        if self._who is None or invite is None or refusal.status not in (401, 407) or invite.first("Authorization"):
            return False
        given = authorization(self._who, refusal, "INVITE", invite.uri, cnonce=secrets.token_hex(8))
        if given is None:
            return False
        self.dialog.remote_tag = ""
        again = self.dialog.request("INVITE", self.wire.via(), [_SDP, _ALLOW], invite.body)
        self._send_invite(with_header(replace(again, uri=invite.uri), *given))
        return True

    # -- being called --------------------------------------------------------------------------------------------

    def ring(self, invite: Request, server: ServerTransaction) -> None:
        """Our phone rings. Refused with 488 when we share no codec."""
        self._invite, self._server = invite, server
        self.wire.ringing[id(server)] = self
        self.dialog.is_in_order(invite)
        if not _is_acceptable(invite.body):
            self._refuse(488)
            self._end("488", What.REFUSED)
            return
        self.state = State.RINGING
        self._respond(180, "Ringing")
        self._tell(self, What.RINGS, "")

    @property
    def asked_to_answer_after_s(self) -> float | None:
        """In how many seconds the call wants the phone to pick up by itself, if it does."""
        said = self._invite.first("Call-Info") if self._invite is not None else ""
        after = parameters(said).get("answer-after", "")
        return float(after) if after.isascii() and after.isdigit() else None

    @property
    def shown(self) -> str:
        """The name of whoever calls, as our display shows it."""
        return address(self._invite.first("From")).name if self._invite is not None else ""

    def answer(self) -> None:
        """Pick up."""
        if self.state is not State.RINGING or self._invite is None or self._server is None:
            return  # the caller was quicker and has gone
        body = self._answer_body(self._invite.body) if self._invite.body else self._offer()
        self.wire.ringing.pop(id(self._server), None)
        self.state = State.TALKING
        self._respond(200, "OK", body)
        self._tell(self, What.ANSWERED, "")

    def _respond(self, status: int, reason: str, body: bytes = b"") -> None:
        assert self._invite is not None
        assert self._server is not None
        extra = [("Contact", self.dialog.contact), _ALLOW, *([_SDP] if body else [])]
        answer = reply(self._invite, status, reason, extra, tag=self.dialog.local_tag, body=body)
        self._server.respond(answer, on_no_ack=self.hang_up)

    def _refuse(self, status: int) -> None:
        reasons = {
            480: "Temporarily Unavailable",
            486: "Busy Here",
            487: "Request Terminated",
            488: "Not Acceptable Here",
            603: "Decline",
        }
        self._respond(status, reasons.get(status, "Refused"))

    def reject(self, status: int = 486) -> None:
        """Do not pick up, and say so."""
        if self.state is State.RINGING:
            self._refuse(status)
            self._end("us", What.ENDED)

    # -- in the call ---------------------------------------------------------------------------------------------

    def receive(self, request: Request, server: ServerTransaction) -> None:
        """A request in our dialog."""
        if request.method == "CANCEL":
            self._on_cancel(request)
            return
        if not self.dialog.is_in_order(request):
            server.respond(reply(request, 500, "Server Internal Error"))
            return
        match request.method:
            case "BYE":
                server.respond(reply(request, 200, "OK"))
                self._end("them", What.ENDED)
            case "INVITE" | "UPDATE":
                self._on_offer(request, server)
            case "NOTIFY":
                server.respond(reply(request, 200, "OK"))
                self._tell(self, What.TRANSFER, request.body.decode("utf-8", "replace").strip())
            case "OPTIONS" | "INFO":
                server.respond(reply(request, 200, "OK", [_ALLOW]))
            case _:
                server.respond(reply(request, 405, "Method Not Allowed", [_ALLOW]))

    def _on_cancel(self, request: Request) -> None:
        """A phone that is told of an answer elsewhere shows no missed call (RFC 3326)."""
        if self.state is State.RINGING:
            self._refuse(487)
            reasons = [value for name, value in request.headers if name.lower() == "reason"]
            self._end(ELSEWHERE if any(_SIP_200.match(value) for value in reasons) else "them", What.ENDED)

    def _on_offer(self, request: Request, server: ServerTransaction) -> None:
        """The other side changes the sound: a hold, a new address. Not while we do (RFC 3261 section 14.2)."""
        if self._changing:
            server.respond(reply(request, 491, "Request Pending"))
            return
        try:
            body = self._answer_body(request.body) if request.body else self._offer_now(request)
        except SipSyntaxError:
            server.respond(reply(request, 488, "Not Acceptable Here"))
            return
        extra = [("Contact", self.dialog.contact), _ALLOW, *([_SDP] if body else [])]
        server.respond(reply(request, 200, "OK", extra, body=body))

    def _offer_now(self, request: Request) -> bytes:
        return self._offer(Direction.SEND if self.on_hold else Direction.BOTH) if request.method == "INVITE" else b""

    def _answer_body(self, body: bytes) -> bytes:
        offer = parse_sdp(body)
        ours = answer_to(offer, self.port.host, self.port.number, on_hold=self.on_hold)
        if ours is None:
            raise SipSyntaxError("we share no codec")
        self._use(offer, ours.codecs[0], ours.direction)
        self._version += 1
        return write_sdp(ours, session=self.port.voice.source, version=self._version)

    def _hear(self, body: bytes) -> None:
        """The other side's answer to our offer."""
        try:
            answer = parse_sdp(body)
        except SipSyntaxError:
            return  # no sound from there; whoever expects to hear something will say so
        theirs = Direction.BOTH if answer.direction in (Direction.BOTH, Direction.RECEIVE) else Direction.NONE
        self._use(answer, answer.codecs[0] if answer.codecs else ALAW, theirs)

    def _use(self, far: Sound, codec: int, ours: Direction) -> None:
        voice = self.port.voice
        voice.codec, voice.keys_type = codec, far.keys
        voice.muted = self.on_hold or ours in (Direction.RECEIVE, Direction.NONE)
        self._far = far
        self.port.far = (far.host, far.port) if far.port and far.host != "0.0.0.0" else None

    async def hold(self) -> int:
        """Put the other side on hold; gives the status of its answer."""
        self.on_hold = self.port.voice.muted = True
        return await self._change(Direction.SEND, What.HELD)

    async def resume(self) -> int:
        """Take the other side back."""
        self.on_hold = False
        status = await self._change(Direction.BOTH, What.RESUMED)
        self.port.voice.muted = self.on_hold
        return status

    async def _change(self, direction: Direction, what: What) -> int:
        """A re-INVITE of ours; both sides at once means waiting a moment (RFC 3261 section 14.1)."""
        for _ in range(4):
            if self.state is not State.TALKING:
                return 481
            self._changing = True
            try:
                response = await self._ask("INVITE", [_SDP, _ALLOW], self._offer(direction))
            finally:
                self._changing = False
            if response.status == 491:
                await asyncio.sleep(random.uniform(0.1, 2.0))
                continue
            if response.status < 300:
                self._acknowledge(response)
                self._hear(response.body)
                self._tell(self, what, "")
            return response.status
        return 491

    async def refer(self, target: str) -> int:
        """Ask the other side to call somebody else instead (RFC 3515); its reports are told as TRANSFER."""
        extra = [("Refer-To", f"<{target}>"), ("Referred-By", self.dialog.local)]
        return (await self._ask("REFER", extra)).status

    async def _ask(self, method: str, extra: list[Header], body: bytes = b"") -> Response:
        request = self.dialog.request(method, self.wire.via(), extra, body)
        response = await self.wire.ask(request, self.peer, on_repeat=self._acknowledge)
        given = None
        if self._who is not None and response.status in (401, 407):
            given = authorization(self._who, response, method, request.uri, cnonce=secrets.token_hex(8))
        if given is None:
            return response
        again = self.dialog.request(method, self.wire.via(), [*extra, given], body)
        return await self.wire.ask(again, self.peer, on_repeat=self._acknowledge)

    # -- ending --------------------------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """Leave, in whatever state: CANCEL while it rings there, 603 while it rings here, else BYE."""
        match self.state:
            case State.CALLING:
                self._wants_end = True  # a CANCEL may not go before the first answer (RFC 3261 section 9.1)
            case State.RINGBACK:
                self._wants_end = True
                self._cancel()
            case State.RINGING:
                self.reject(603)
            case State.TALKING:
                self._bye()
                self._end("us", What.ENDED)
            case State.ENDED:
                pass

    def _cancel(self) -> None:
        assert self._invite is not None
        invite = self._invite
        copied = [("Via", invite.first("Via")), ("Max-Forwards", "70"), ("From", invite.first("From"))]
        copied += [("Route", route) for route in invite.all("Route")]
        copied += [("To", invite.first("To")), ("Call-ID", invite.call_id), ("CSeq", f"{invite.cseq[0]} CANCEL")]
        cancel = Request(tuple(copied), b"", "CANCEL", invite.uri)
        self._wants_end = True
        if self.state is not State.ENDED and not self._cancelled:
            self._cancelled = True
            self.wire.transactions.request(cancel, self.peer, lambda _: None, lambda: None)

    def _bye(self) -> None:
        async def bye() -> None:
            await self._ask("BYE", [])

        task = self.wire.loop.create_task(bye(), name=f"bye {self.dialog.call_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self, by: str, what: What) -> None:
        if self.state is State.ENDED:
            return
        self.state, self.ended_by = State.ENDED, by
        if self._server is not None:
            self.wire.ringing.pop(id(self._server), None)
        self.wire.legs.pop((self.dialog.call_id, self.dialog.local_tag), None)
        self.media.close(self.port)
        self._tell(self, what, by)

    async def said_goodbye(self) -> None:
        """Wait until our BYE has its answer."""
        if self._tasks:
            await asyncio.wait(self._tasks)


def _is_acceptable(offer: bytes) -> bool:
    """Whether we can answer an offer; no offer is one that we make ourselves."""
    try:
        return not offer or answer_to(parse_sdp(offer), "0.0.0.0", 0) is not None
    except SipSyntaxError:
        return False
