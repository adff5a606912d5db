"""SIP messages as values (RFC 3261 section 7): parse what comes, write what goes. Pure.

Whatever comes from the wire is data: a message that breaks the grammar is a `SipSyntaxError`, and nothing that would
smuggle a line break into a header can be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from callrouter.errors import CallrouterError

Header = tuple[str, str]

# RFC 3261 section 7.3.3, RFC 3515 (r), RFC 6665 (o, u)
_COMPACT = {
    "i": "call-id", "m": "contact", "e": "content-encoding", "l": "content-length", "c": "content-type", "f": "from",
    "s": "subject", "k": "supported", "t": "to", "v": "via", "r": "refer-to", "o": "event", "u": "allow-events",
}  # fmt: skip
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?(.*)\Z")
_URI = re.compile(
    r"(?P<scheme>sips?|tel):(?:(?P<user>[^@\s<>\"]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:;?\s<>\"@]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<rest>[;?][^\s<>\"]*)?\Z"
)
_CSEQ = re.compile(r"([0-9]{1,10})[ \t]+([A-Za-z0-9.!%*_+`'~-]+)\Z")
_NAME_ADDR = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<"]*))\s*<(?P<uri>[^<>]*)>(?P<params>.*)\Z')
_ONE_VALUE_HEADERS = frozenset({"call-id", "cseq", "from", "to"})
_LISTS = frozenset({"via", "record-route", "route", "contact"})


class SipSyntaxError(CallrouterError):
    """What came from the wire is not a SIP message we can answer."""


@dataclass(frozen=True, slots=True)
class _Message:
    headers: tuple[Header, ...]
    body: bytes

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    def first(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next(iter(self.all(name)), "")

    @property
    def call_id(self) -> str:
        return self.first("Call-ID")

    @property
    def cseq(self) -> tuple[int, str]:
        """Sequence number and method."""
        found = _CSEQ.match(self.first("CSeq"))
        if found is None:
            raise SipSyntaxError("CSeq must be a number and a method")
        return int(found[1]), found[2]

    @property
    def branch(self) -> str:
        """The branch of the topmost Via: the name of the transaction."""
        return parameters(self.first("Via")).get("branch", "")

    @property
    def from_tag(self) -> str:
        return address(self.first("From")).params.get("tag", "")

    @property
    def to_tag(self) -> str:
        return address(self.first("To")).params.get("tag", "")


@dataclass(frozen=True, slots=True)
class Request(_Message):
    """Someone asks for something."""

    method: str
    uri: str


@dataclass(frozen=True, slots=True)
class Response(_Message):
    """What became of a request."""

    status: int
    reason: str

    @property
    def is_final(self) -> bool:
        return self.status >= 200


Message = Request | Response


@dataclass(frozen=True, slots=True)
class Uri:
    """The parts of a `sip:` address that we use."""

    user: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Address:
    """A From, To or Contact value: a name shown to people, an address, parameters."""

    name: str
    uri: str
    params: Mapping[str, str]


def parse(data: bytes) -> Message:
    """The message in one datagram."""
    head, _, body = data.partition(b"\r\n\r\n")
    try:
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8")).split("\r\n")
    except UnicodeDecodeError as wrong:
        raise SipSyntaxError("the header is not UTF-8") from wrong
    headers = tuple(_headers(lines[1:]))
    message = _with_start_line(lines[0], headers, _cut(body, headers))
    _check(message)
    return message


def _headers(lines: Sequence[str]) -> Iterable[Header]:
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not _TOKEN.match(name) or "\r" in value or "\n" in value or "\0" in value:
            raise SipSyntaxError("a header line must be `name: value`")
        name = _COMPACT.get(name, name)
        for one in split_list(value) if name in _LISTS else [value.strip()]:
            yield name, one


def _cut(body: bytes, headers: Sequence[Header]) -> bytes:
    """The body as long as Content-Length says (RFC 3261 section 18.3: over UDP the rest is dropped)."""
    lengths = {value for name, value in headers if name == "content-length"}
    if not lengths:
        return body
    if len(lengths) > 1 or not (text := lengths.pop()).isascii() or not text.isdigit() or len(text) > 6:
        raise SipSyntaxError("Content-Length must be one number")
    if int(text) > len(body):
        raise SipSyntaxError("the body is shorter than Content-Length says")
    return body[: int(text)]


def _with_start_line(line: str, headers: tuple[Header, ...], body: bytes) -> Message:
    status = _STATUS_LINE.match(line)
    if status is not None:
        return Response(headers, body, int(status[1]), status[2])
    parts = line.split(" ")
    if len(parts) != 3 or parts[2] != "SIP/2.0" or not _TOKEN.match(parts[0]) or not parts[1]:
        raise SipSyntaxError("the first line is neither a request nor a status line")
    return Request(headers, body, parts[0], parts[1])


def _check(message: Message) -> None:
    for name in _ONE_VALUE_HEADERS:
        if len(message.all(name)) != 1:
            raise SipSyntaxError(f"there must be exactly one {name}")
    if not message.all("via"):
        raise SipSyntaxError("there is no Via")
    number, method = message.cseq
    if number >= 1 << 31 or (isinstance(message, Request) and method != message.method):
        raise SipSyntaxError("CSeq does not fit the request")
    address(message.first("From"))
    address(message.first("To"))


def split_list(value: str) -> list[str]:
    """The values of a comma-separated header; commas in quotes and in `<...>` belong to the value."""
    parts, start, quoted, angle, skip = [], 0, False, False, False
    for at, char in enumerate(value):
        if skip:
            skip = False
        elif quoted and char == "\\":
            skip = True
        elif char == '"':
            quoted = not quoted
        elif not quoted and char in "<>":
            angle = char == "<"
        elif char == "," and not quoted and not angle:
            parts.append(value[start:at])
            start = at + 1
    parts.append(value[start:])
    return [part.strip() for part in parts if part.strip()]


def parameters(value: str) -> dict[str, str]:
    """The `;name=value` parameters after the first part of a header value."""
    found: dict[str, str] = {}
    for part in value.split(";")[1:]:
        name, _, text = part.partition("=")
        found.setdefault(name.strip().lower(), text.strip().strip('"'))
    return found


def address(value: str) -> Address:
    """A name-addr or addr-spec (RFC 3261 section 20.10)."""
    found = _NAME_ADDR.match(value)
    if found is None:
        uri = value.partition(";")[0].strip()
        if "<" in value or ">" in value or not uri:
            raise SipSyntaxError("an address must be `name <sip:user@host>;parameters`")
        return Address("", uri, parameters(value))
    quoted = found["quoted"]
    name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else found["plain"].strip()
    return Address(name, found["uri"].strip(), parameters(found["params"]))


def uri_parts(uri: str) -> Uri:
    """User, host and port of a `sip:` address; the port is 5060 unless it says otherwise."""
    found = _URI.match(uri)
    if found is None or (found["port"] and not 0 < int(found["port"]) < 65536):
        raise SipSyntaxError("the address is not a sip: address")
    return Uri((found["user"] or "").partition(";")[0], found["host"], int(found["port"] or 5060))


def quoted(text: str) -> str:
    """Text as a quoted string: names of callers may hold anything but line breaks."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def build_request(method: str, uri: str, headers: Iterable[Header], body: bytes = b"") -> Request:
    return Request(tuple(headers), body, method, uri)


def reply(request: Request, status: int, reason: str, extra: Iterable[Header] = (), *, tag: str = "",
          body: bytes = b"") -> Response:  # fmt: skip
    """A response with the headers that RFC 3261 section 8.2.6.2 copies from the request."""
    to = request.first("To")
    if tag and not request.to_tag:
        to += f";tag={tag}"
    copied = [("Via", via) for via in request.all("Via")]
    copied += [("Record-Route", route) for route in request.all("Record-Route")] if status < 300 else []
    copied += [("From", request.first("From")), ("To", to)]
    copied += [("Call-ID", request.call_id), ("CSeq", request.first("CSeq"))]
    return Response((*copied, *extra), body, status, reason)


def with_header(request: Request, name: str, value: str) -> Request:
    """The request with one more header."""
    return replace(request, headers=(*request.headers, (name, value)))


def serialise(message: Message) -> bytes:
    """The bytes of a message; Content-Length is ours to add."""
    if isinstance(message, Request):
        start = f"{message.method} {message.uri} SIP/2.0"
    else:
        start = f"SIP/2.0 {message.status} {message.reason}"
    lines = [start, *(f"{name}: {value}" for name, value in message.headers if name.lower() != "content-length")]
    lines.append(f"Content-Length: {len(message.body)}")
    if any(bad in line for line in lines for bad in "\r\n\0"):
        raise ValueError("a SIP header cannot hold a line break; take it out of the text before it comes here")
    return "\r\n".join([*lines, "", ""]).encode() + message.body
