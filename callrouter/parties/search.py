"""Looks for prompts and music in what a leg hears, while it hears it, by laying their own samples against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from callrouter.audio import RATE, Samples, agreement, locate, loudness
from callrouter.parties.ears import AUDIBLE, Ears

_CHUNK_S, _BLOCK_S, _MOMENT_S = 0.4, 0.1, 0.8
_ANCHORS = 4
"""So many pieces from the beginning of a prompt are looked for; the rest follows from where one of them lies."""
_SURE = 0.75


@dataclass(frozen=True, slots=True)
class PromptHeard:
    """A prompt was heard: since when (loop time), from which place in it, how much of it, and whether to its end."""

    at: float
    skipped_s: float
    heard_s: float
    complete: bool
    score: float


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
        same = agreement(wanted, other, _BLOCK_S)
        shared = max(shared, int(np.argmin(same)) if not bool(np.all(same)) else len(same))
    return max(1.0, shared * _BLOCK_S + 0.5)
