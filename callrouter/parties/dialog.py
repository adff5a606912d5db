"""What two phones agree on about one call (RFC 3261 section 12): names, tags, route, order of requests. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from callrouter.parties.message import Header, Request, Response, address, build_request

ALLOWED = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE, INFO"


@dataclass(slots=True)
class Dialog:
    """One call as one phone sees it. `local` and `remote` are whole From/To values without tags."""

    call_id: str
    local: str
    remote: str
    local_tag: str
    contact: str
    target: str
    remote_tag: str = ""
    routes: tuple[str, ...] = ()
    number: int = 0
    remote_number: int = field(default=-1)

    @classmethod
    def from_invite(cls, invite: Request, *, tag: str, contact: str) -> Dialog:
        """The called phone's view."""
        caller, called = _untagged(invite.first("From")), _untagged(invite.first("To"))
        target = address(invite.first("Contact") or invite.first("From")).uri
        return cls(
            invite.call_id, called, caller, tag, contact, target, invite.from_tag, invite.all("Record-Route"),
            remote_number=invite.cseq[0],
        )  # fmt: skip

    def learn(self, response: Response) -> None:
        """What the answer to our INVITE says about the other side (RFC 3261 section 12.1.2)."""
        self.remote_tag = response.to_tag or self.remote_tag
        contact = response.first("Contact")
        if contact:
            self.target = address(contact).uri
        routes = response.all("Record-Route")
        if routes:
            self.routes = tuple(reversed(routes))

    def request(self, method: str, via: str, extra: Iterable[Header] = (), body: bytes = b"",
                *, number: int | None = None) -> Request:  # fmt: skip
        """The next request in this call; `number` repeats an INVITE's for its ACK."""
        if number is None:
            self.number += 1
            number = self.number
        headers: list[Header] = [("Via", via), ("Max-Forwards", "70")]
        headers += [("Route", route) for route in self.routes]
        headers += [("From", f"{self.local};tag={self.local_tag}")]
        headers += [("To", f"{self.remote};tag={self.remote_tag}" if self.remote_tag else self.remote)]
        headers += [("Call-ID", self.call_id), ("CSeq", f"{number} {method}")]
        headers += [("Contact", self.contact), *extra]
        return build_request(method, self.target, headers, body)

    def is_in_order(self, request: Request) -> bool:
        """Requests must come with growing numbers (RFC 3261 section 12.2.2); remembers the newest."""
        number = request.cseq[0]
        if number <= self.remote_number:
            return False
        self.remote_number = number
        return True


def _untagged(value: str) -> str:
    """A From or To value as it came, without its parameters."""
    return value[: value.rindex(">") + 1] if ">" in value else value.partition(";")[0]
