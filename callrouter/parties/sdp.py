"""The sound part of SDP (RFC 8866) and offer/answer (RFC 3264): A-law, u-law and keys. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from callrouter.parties.message import SipSyntaxError

ALAW, ULAW = 8, 0
"""Static payload types (RFC 3551)."""
KEYS = 101
"""The payload type we offer for keys (RFC 4733); the other side may choose another number in its own offer."""


class Direction(StrEnum):
    """Which way sound goes, as the one who says it sees it."""

    BOTH = "sendrecv"
    SEND = "sendonly"
    RECEIVE = "recvonly"
    NONE = "inactive"


_MIRROR = {
    Direction.BOTH: Direction.BOTH,
    Direction.SEND: Direction.RECEIVE,
    Direction.RECEIVE: Direction.SEND,
    Direction.NONE: Direction.NONE,
}


@dataclass(frozen=True, slots=True)
class Sound:
    """One side's word about sound: where it wants it, in which codecs, which way."""

    host: str
    port: int
    codecs: tuple[int, ...] = (ALAW, ULAW)
    keys: int | None = KEYS
    direction: Direction = Direction.BOTH
    media_lines: tuple[str, ...] = field(default=(), compare=False)
    """The m= lines of an offer: an answer must have as many, the others refused with port 0."""


def parse_sdp(body: bytes) -> Sound:
    """The sound in a session description."""
    try:
        lines = body.decode("utf-8").splitlines()
    except UnicodeDecodeError as wrong:
        raise SipSyntaxError("the session description is not UTF-8") from wrong
    media = [line for line in lines if line.startswith("m=")]
    first = next((at for at, line in enumerate(lines) if line.startswith("m=audio ")), None)
    if first is None:
        raise SipSyntaxError("the session description has no sound")
    end = next((at for at in range(first + 1, len(lines)) if lines[at].startswith("m=")), len(lines))
    before = lines[: next(at for at, line in enumerate(lines) if line.startswith("m="))]
    return _sound(before, lines[first:end], tuple(media))


def _sound(session: Sequence[str], section: Sequence[str], media: tuple[str, ...]) -> Sound:
    found = re.match(r"m=audio (\d{1,5})(?:/\d+)? RTP/AVPF? ((?:\d{1,3} ?)+)\Z", section[0].strip())
    host = _value("c=IN IP4 ", section) or _value("c=IN IP4 ", session)
    if found is None or not re.match(r"\d{1,3}(\.\d{1,3}){3}\Z", host) or int(found[1]) > 65535:
        raise SipSyntaxError("the sound's address or payload types make no sense")
    payloads = [int(number) for number in found[2].split()]
    maps = dict(re.findall(r"a=rtpmap:(\d{1,3}) ([A-Za-z0-9-]+/8000)", "\n".join(section)))
    keys = [number for number in payloads if maps.get(str(number), "").lower() == "telephone-event/8000"]
    known = tuple(number for number in payloads if number in (ALAW, ULAW))
    return Sound(host, int(found[1]), known, keys[0] if keys else None, _direction(section, session), media)


def _value(prefix: str, lines: Sequence[str]) -> str:
    return next((line[len(prefix) :].strip() for line in lines if line.startswith(prefix)), "")


def _direction(*places: Sequence[str]) -> Direction:
    for lines in places:
        for line in lines:
            if line.startswith("a=") and line[2:].strip() in _MIRROR:
                return Direction(line[2:].strip())
    return Direction.BOTH


def answer_to(offer: Sound, host: str, port: int, *, on_hold: bool = False) -> Sound | None:
    """Our answer: the first of our codecs that they have, their number for keys; nothing if we share no codec."""
    shared = [codec for codec in (ALAW, ULAW) if codec in offer.codecs]
    if not shared:
        return None
    direction = _MIRROR[offer.direction]
    if on_hold:
        direction = Direction.SEND if direction in (Direction.BOTH, Direction.SEND) else Direction.NONE
    return Sound(host, port, (shared[0],), offer.keys, direction, offer.media_lines)


def write_sdp(sound: Sound, *, session: int, version: int) -> bytes:
    """The session description that says it."""
    names = {ALAW: "PCMA", ULAW: "PCMU"}
    payloads = [*sound.codecs, *([sound.keys] if sound.keys is not None else [])]
    lines = [
        "v=0", f"o=- {session} {version} IN IP4 {sound.host}", "s=callrouter", f"c=IN IP4 {sound.host}", "t=0 0",
    ]  # fmt: skip
    ours = [f"m=audio {sound.port} RTP/AVP {' '.join(map(str, payloads))}"]
    ours += [f"a=rtpmap:{codec} {names[codec]}/8000" for codec in sound.codecs]
    if sound.keys is not None:
        ours += [f"a=rtpmap:{sound.keys} telephone-event/8000", f"a=fmtp:{sound.keys} 0-16"]
    ours += ["a=ptime:20", f"a={sound.direction}"]
    return ("\r\n".join([*lines, *_other_lines(sound.media_lines, ours)]) + "\r\n").encode()


def _other_lines(offered: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Ours in the place of the offer's first sound, everything else refused with port 0 (RFC 3264 section 6)."""
    written: list[str] = []
    for line in offered or ("m=audio",):
        if line.startswith("m=audio") and ours[0] not in written:
            written += ours
        else:
            written.append(re.sub(r"^(m=\S+) \S+", r"\1 0", line.strip()))
    return written
