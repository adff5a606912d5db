"""What one leg heard, as an unbroken sound with arrival times, and the questions we ask about it.

Packets come from the media thread (`take`); questions are asked by one thread at a time (`Stage.listen`). Who is heard
is decided by tones.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from callrouter.audio import RATE, Samples, alaw_decode, loudness, tone_shares, ulaw_decode
from callrouter.parties.rtp import Packet
from callrouter.parties.sdp import ALAW, ULAW

HEARD_SHARE = 0.08
"""A window contains a tone if so much of its energy is in it: a tone among ten equal voices still counts."""
AUDIBLE = 100.0
"""Root mean square below which nothing is heard (about -50 dB of full scale; our tones are at -15 dB)."""
_JUMP_S = 0.3
"""A timestamp that leaves the arrival time by more is a new source, not a late packet."""
_DECODE = {ALAW: alaw_decode, ULAW: ulaw_decode}


class Ears:
    """The sound of one leg, growing while packets come."""

    def __init__(self) -> None:
        self._arrived: list[Packet] = []
        self._read = 0
        self._sound = np.zeros(RATE * 10, dtype=np.int16)
        self._end = 0
        self._times: list[float] = []
        self._places: list[int] = []
        self._last: Packet | None = None

    def take(self, packet: Packet) -> None:
        """One more packet; called by the media thread (appending to a list needs no lock)."""
        self._arrived.append(packet)

    # -- putting packets on one timeline -------------------------------------------------------------------------

    def _catch_up(self) -> None:
        while self._read < len(self._arrived):
            packet = self._arrived[self._read]
            self._read += 1
            decode = _DECODE.get(packet.payload_type)
            if decode is not None:
                self._place(packet, decode(packet.payload))

    def _place(self, packet: Packet, samples: Samples) -> None:
        place = self._next_place(packet)
        self._grow(place + len(samples))
        self._sound[place : place + len(samples)] = samples
        self._end = max(self._end, place + len(samples))
        self._times.append(packet.at)
        self._places.append(place)
        self._last = packet

    def _next_place(self, packet: Packet) -> int:
        """By timestamp while one source goes on, else by the clock: a new source starts its timestamps anywhere."""
        if self._last is None:
            return 0
        before, waited = self._places[-1], packet.at - self._last.at
        step = (packet.timestamp - self._last.timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        if packet.source == self._last.source and abs(step / RATE - waited) < _JUMP_S:
            return max(before + step, 0)
        return max(before + round(waited * RATE), self._end)

    def _grow(self, needed: int) -> None:
        if needed > len(self._sound):
            self._sound = np.concatenate([self._sound, np.zeros(max(needed, len(self._sound)), dtype=np.int16)])

    # -- questions -----------------------------------------------------------------------------------------------

    def samples(self, since: float = 0.0, until: float | None = None) -> Samples:
        """The sound of the packets that arrived in a time."""
        start, end = self._range(since, until)
        return self._sound[start:end]

    def _range(self, since: float, until: float | None) -> tuple[int, int]:
        self._catch_up()
        first = bisect_left(self._times, since)
        last = len(self._times) if until is None else bisect_left(self._times, until)
        if first >= last:
            return self._end, self._end
        return self._places[first], self._end if last == len(self._times) else max(self._places[last], 0)

    def arrivals(self, since: float = 0.0, until: float | None = None) -> list[float]:
        """When each packet of sound came."""
        self._catch_up()
        last = len(self._times) if until is None else bisect_left(self._times, until)
        return self._times[bisect_left(self._times, since) : last]

    def largest_gap(self, since: float, until: float) -> float:
        """The longest time without a packet, the edges included."""
        times = [since, *self.arrivals(since, until), until]
        return max(later - earlier for earlier, later in pairwise(times))

    def tones(self, hertz: Sequence[int], since: float = 0.0, until: float | None = None) -> Mapping[int, float]:
        """For each tone the share of 100 ms windows in which it was heard; windows in which nothing came count too."""
        sound = self.samples(since, until)
        shares = tone_shares(sound, hertz)
        audible = loudness(sound, 0.1) > AUDIBLE
        heard = (shares > HEARD_SHARE) & audible[:, None]
        expected = len(heard) if until is None else max(len(heard), int((until - since) / 0.1) - 1)
        return {hz: float(heard[:, at].sum()) / max(expected, 1) for at, hz in enumerate(hertz)}

    def is_silent(self, since: float, until: float) -> bool:
        """Whether nothing at all was to be heard."""
        return not bool(np.any(loudness(self.samples(since, until)) > AUDIBLE))

    def when(self, place: int) -> float:
        """The arrival time of a place in the sound."""
        at = max(bisect_left(self._places, place + 1) - 1, 0)
        return self._times[at] + (place - self._places[at]) / RATE

    def end(self) -> int:
        """The place behind the newest sample."""
        self._catch_up()
        return self._end

    def place(self, since: float) -> int:
        """The place of the first sound that came since then."""
        return self._range(since, None)[0]

    def cut(self, start: int, end: int | None = None) -> Samples:
        """The sound between two places."""
        return self._sound[max(start, 0) : min(self.end() if end is None else end, self._end)]
