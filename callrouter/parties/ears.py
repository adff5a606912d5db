"""What one leg heard, as an unbroken sound with arrival times, and the questions we ask about it.

Packets come from the media thread (`take`); questions are asked from the loop. Who is heard is decided by tones, which
prompt by laying the prompt's own samples against what was heard.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from callrouter.audio import RATE, Samples, agreement, alaw_decode, locate, loudness, tone_shares, ulaw_decode
from callrouter.parties.rtp import STEP_S, Packet
from callrouter.parties.sdp import ALAW, ULAW

HEARD_SHARE = 0.08
"""A window contains a tone if so much of its energy is in it: a tone among ten equal voices still counts."""
AUDIBLE = 100.0
"""Root mean square below which nothing is heard (about -50 dB of full scale; our tones are at -15 dB)."""
_CHUNK_S, _BLOCK_S, _MOMENT_S = 0.4, 0.1, 0.8
_ANCHORS = 4
"""So many pieces from the beginning of a prompt are looked for; the rest follows from where one of them lies."""
_SURE = 0.75
_JUMP_S = 0.3
"""A timestamp that leaves the arrival time by more is a new source, not a late packet."""
_DECODE = {ALAW: alaw_decode, ULAW: ulaw_decode}


@dataclass(frozen=True, slots=True)
class PromptHeard:
    """A prompt was heard: since when (loop time), from which place in it, how much of it, and whether to its end."""

    at: float
    skipped_s: float
    heard_s: float
    complete: bool
    score: float


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


class PromptSearch:
    """Looks for one prompt in what a leg hears, while it hears it; each look reads only what is new.

    Found when at least so much of it (or all of a shorter one) was heard in one go; it may begin late and be cut.
    """

    def __init__(self, ears: Ears, wanted: Samples, since: float, *, at_least: float = 1.0) -> None:
        self._ears, self._wanted, self._since, self._at_least = ears, wanted, since, at_least
        self._chunks = _chunks(wanted)[:_ANCHORS]
        self._searched: int | None = None
        self._begin: tuple[int, float] | None = None
        self.best = 0.0
        """How well the best moment fitted, for those who want to know how far off a miss was."""

    def look(self) -> PromptHeard | None:
        """The prompt, if it has been heard by now."""
        if self._searched is None:
            self._searched = self._ears.place(self._since)
        while True:
            if self._begin is None and not self._find_anchor():
                return None
            assert self._begin is not None
            found = self._measure(*self._begin)
            if found is not None or not self._is_decided(self._begin[0]):
                return found
            self._searched = max(self._begin[0], self._searched) + round(_CHUNK_S * RATE)
            self._begin = None

    def _find_anchor(self) -> bool:
        assert self._searched is not None
        heard = self._ears.cut(self._searched)
        for skipped, chunk in self._chunks:
            found = locate(chunk, heard)
            self.best = max(self.best, found.score)
            if found.score >= _SURE:
                self._begin = (self._searched + found.offset - skipped, found.score)
                return True
        if self._chunks:
            self._searched = max(self._searched, self._searched + len(heard) - len(self._chunks[0][1]))
        return False

    def _is_decided(self, begin: int) -> bool:
        """Whether so much has been heard that waiting longer changes nothing."""
        return self._ears.end() - begin > min(len(self._wanted), (self._at_least + _ANCHORS * _CHUNK_S) * RATE) + RATE

    def _measure(self, begin: int, score: float) -> PromptHeard | None:
        cut = max(-begin, 0)
        same = agreement(self._wanted[cut:], self._ears.cut(max(begin, 0)), _BLOCK_S)
        first, count = _longest_run(same)
        length = len(self._wanted) / RATE
        skipped = cut / RATE + first * _BLOCK_S
        heard_s = min(count * _BLOCK_S, length)
        if heard_s < min(self._at_least, length - 2 * _BLOCK_S):
            return None
        at = self._ears.when(max(begin, 0) + round(first * _BLOCK_S * RATE))
        return PromptHeard(at, skipped, heard_s, skipped + heard_s >= length - 2 * _BLOCK_S, score)


class MusicSearch:
    """Looks for any moment of any piece of music in what a leg hears, while it hears it."""

    def __init__(self, ears: Ears, pieces: Sequence[Melody], since: float) -> None:
        self._ears, self._pieces, self._since = ears, pieces, since
        self._searched: int | None = None

    def look(self) -> float | None:
        """When music was first heard, if it has been by now."""
        if self._searched is None:
            self._searched = self._ears.place(self._since)
        size = round(_MOMENT_S * RATE)
        while self._searched + size <= self._ears.end():
            moment = self._ears.cut(self._searched, self._searched + size)
            if any(piece.contains(moment) for piece in self._pieces):
                return self._ears.when(self._searched)
            self._searched += size
        return None


class Melody:
    """A piece of music, prepared so that any moment of it is found quickly: first roughly, then exactly."""

    _FACTOR = 8

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._thin = _thin(samples, self._FACTOR)

    def contains(self, chunk: Samples) -> bool:
        """Whether the chunk is a moment of this piece. The music may start anywhere and go round at its end."""
        if not np.any(loudness(chunk) > AUDIBLE):
            return False
        rough = locate(_thin(chunk, self._FACTOR), self._thin, floor=5.0)
        if rough.score < 0.6:
            return False
        middle = rough.offset * self._FACTOR
        near = self._samples[max(middle - 64, 0) : middle + len(chunk) + 64]
        return locate(chunk, near).score >= _SURE


def _thin(samples: Samples, factor: int) -> Samples:
    """Fewer samples: smoothed twice, then one of `factor` kept."""
    box = np.ones(factor) / factor
    smooth = np.convolve(np.convolve(samples.astype(np.float64), box, "same"), box, "same")
    return smooth[::factor].astype(np.int16)


def _chunks(wanted: Samples) -> list[tuple[int, Samples]]:
    """The audible pieces of a prompt by which it is looked for, from its beginning on, with their places."""
    size = min(round(_CHUNK_S * RATE), len(wanted))
    starts = range(0, max(len(wanted) - size, 0) + 1, size)
    pieces = [(at, wanted[at : at + size]) for at in starts]
    return [(at, piece) for at, piece in pieces if float(np.sqrt(np.mean(piece.astype(np.float64) ** 2))) > AUDIBLE]


def _longest_run(same: Sequence[bool] | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[int, int]:
    """Where the longest unbroken run begins and how long it is; one odd block (a lost packet) does not break it."""
    best = (0, 0)
    begin, length = 0, 0
    for at, good in enumerate(same):
        lone_slip = not good and length > 0 and at + 1 < len(same) and bool(same[at + 1])
        if good or lone_slip:
            begin, length = (at, 1) if length == 0 else (begin, length + 1)
            best = max(best, (begin, length), key=lambda run: run[1])
        else:
            length = 0
    return best


def distinguishing_s(wanted: Samples, others: Sequence[Samples]) -> float:
    """How much of a prompt must be heard to tell it from the others: longer than any beginning it shares with one."""
    shared = 0
    for other in others:
        same = agreement(wanted, other, STEP_S * 5)
        shared = max(shared, int(np.argmin(same)) if not bool(np.all(same)) else len(same))
    return max(1.0, shared * _BLOCK_S + 0.5)
