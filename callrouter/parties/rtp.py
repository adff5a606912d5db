"""RTP packets (RFC 3550), keys in RTP (RFC 4733), what one leg says: an unbroken timeline of 20 ms steps. No I/O."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

from callrouter.audio import alaw_encode, tone, ulaw_encode
from callrouter.parties.sdp import ALAW, ULAW

STEP = 160
"""Samples in one packet."""
STEP_S = 0.02
KEYS = "0123456789*#ABCD"
_KEY_STEPS = 5  # 100 ms: Asterisk ignores keys shorter than its mindtmfduration, 80 ms by default (dsp.conf.sample)
_KEY_ENDS = 3  # the last packet of a key is sent three times (RFC 4733 section 2.5.1.4)
_KEY_GAP = 4
_HEADER = struct.Struct("!BBHII")


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet that came, and when."""

    at: float
    payload_type: int
    number: int
    timestamp: int
    source: int
    payload: bytes


def read_packet(data: bytes, at: float) -> Packet | None:
    """The packet in a datagram; nothing if it is not RTP (RTCP, noise)."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, number, timestamp, source = _HEADER.unpack_from(data)
    if 72 <= second & 0x7F <= 76:  # RTCP (RFC 5761 section 4)
        return None
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - (data[-1] if first & 0x20 else 0)
    return Packet(at, second & 0x7F, number, timestamp, source, data[start:end]) if start < end else None


@lru_cache(maxsize=1024)
def _second_of_tone(hz: int, codec: int) -> tuple[bytes, ...]:
    """One second of a tone in 50 payloads: whole hertz repeat without a seam."""
    encode = {ALAW: alaw_encode, ULAW: ulaw_encode}[codec]
    data = encode(tone(hz, 1.0))
    return tuple(data[at : at + STEP] for at in range(0, len(data), STEP))


@dataclass(frozen=True, slots=True)
class KeySent:
    """A key and when its first end packet left: Asterisk acts on that one, not on its repeats."""

    key: str
    at: float


class Voice:
    """What one leg says. `step` is called every 20 ms; time goes on whether it speaks or not."""

    def __init__(self, hz: int, source: int) -> None:
        self.hz, self.source = hz, source
        self.codec: int = ALAW
        self.keys_type: int | None = None
        self.muted = False
        self.keys_sent: list[KeySent] = []
        self._number = source & 0xFFFF
        self._timestamp = source * 7919 & 0xFFFFFFFF
        self._steps = 0
        self._plan: deque[tuple[str, int]] = deque()
        self._key_timestamp = 0
        self._fresh = True

    def press(self, keys: str) -> None:
        """Lay keys into the timeline, with a pause before each, as a finger makes."""
        wrong = set(keys.upper()) - set(KEYS)
        if wrong:
            raise ValueError(f"no such keys on a phone: {''.join(sorted(wrong))}; there are {KEYS}")
        if self.keys_type is None:
            raise ValueError("the other side does not take keys in RTP (no telephone-event in its answer)")
        for key in keys.upper():
            self._plan.extend((key, at) for at in range(_KEY_STEPS + _KEY_ENDS))
            self._plan.extend(("", 0) for _ in range(_KEY_GAP))

    @property
    def is_pressing(self) -> bool:
        return bool(self._plan)

    def step(self, now: float) -> bytes | None:
        """The packet of these 20 ms, if there is one."""
        self._timestamp = self._timestamp + STEP & 0xFFFFFFFF
        self._steps += 1
        key, at = self._plan.popleft() if self._plan else ("", 0)
        if key:
            return self._key_packet(key, at, now)
        if self.muted:
            self._fresh = True
            return None
        payload = _second_of_tone(self.hz, self.codec)[self._steps % 50]
        mark, self._fresh = self._fresh, False
        return self._packet(self.codec, mark, self._timestamp, payload)

    def _key_packet(self, key: str, at: int, now: float) -> bytes:
        if at == 0:
            self._key_timestamp = self._timestamp
        if at == _KEY_STEPS:
            self.keys_sent.append(KeySent(key, now))
        ended = at >= _KEY_STEPS
        duration = STEP * (_KEY_STEPS if ended else at + 1)
        payload = struct.pack("!BBH", KEYS.index(key), 0x8A if ended else 0x0A, duration)
        assert self.keys_type is not None
        return self._packet(self.keys_type, at == 0, self._key_timestamp, payload)

    def _packet(self, kind: int, mark: bool, timestamp: int, payload: bytes) -> bytes:
        self._number = self._number + 1 & 0xFFFF
        return _HEADER.pack(0x80, kind | (0x80 if mark else 0), self._number, timestamp, self.source) + payload
