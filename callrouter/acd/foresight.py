"""How right the expected waits were: the first of each call is held against what came.

Rule: a queue whose expected waits were wrong of late, or have not been tested, says nothing about time.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from callrouter.journal import Entry, Word

NEWEST = 100
"""Outcomes remembered of each queue."""
ENOUGH = 20
SHORT_MS = 30_000
"""An error is counted in parts of the expected wait, but of no shorter one than this: 10 s for 5 s do no harm."""
LEAST_COVERED = 0.75
"""Of 20 callers whose true chance is 90 %, fewer than this share are in time once in fifty (binomial distribution)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    p50_ms: int
    p90_ms: int
    came_ms: int
    """What the wait was; of a caller who gave up after p90, what it was at least."""

    @property
    def error(self) -> float:
        return abs(self.came_ms - self.p50_ms) / max(self.p50_ms, SHORT_MS)


@dataclass(frozen=True, slots=True)
class Measured:
    """How right the expected waits of a queue were of late."""

    count: int
    error: float
    """The median of the error, in parts of the expected wait: 0.3 is 30 %."""
    within_p50: float
    within_p90: float
    """The shares of callers who were answered by then; 0.5 and 0.9 would be right."""


def measured(outcomes: Sequence[Outcome]) -> Measured | None:
    """Of nobody: None."""
    if not outcomes:
        return None
    count = len(outcomes)
    return Measured(
        count,
        median(one.error for one in outcomes),
        sum(one.came_ms <= one.p50_ms for one in outcomes) / count,
        sum(one.came_ms <= one.p90_ms for one in outcomes) / count,
    )


class Foresight:
    """Hears every entry of the journal once, in order."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, int, int, int]] = {}
        """Call → queue, when, p50, p90."""
        self._outcomes: dict[str, deque[Outcome]] = defaultdict(lambda: deque(maxlen=NEWEST))

    def hear(self, entry: Entry) -> None:
        if entry.word is Word.EXPECTED:
            self._told[entry.call] = (entry.queue, entry.at_ms, int(entry.data["p50_ms"]), int(entry.data["p90_ms"]))
        elif self._told and entry.call in self._told and entry.word in _LEAVES:
            queue, since_ms, p50, p90_ms = self._told.pop(entry.call)
            came = entry.at_ms - since_ms
            if entry.word is Word.CONNECT or (entry.word is Word.ABANDON and came > p90_ms):
                self._outcomes[queue].append(Outcome(p50, p90_ms, came))

    def of(self, queue: str) -> Measured | None:
        """Callers who gave up before their p90 are not counted: nobody knows how long they would have waited."""
        return measured(self._outcomes.get(queue, ()))

    def is_right(self, queue: str, most_error: float) -> bool:
        """Whether this queue's expected waits may be told to callers."""
        found = self.of(queue)
        return (
            found is not None
            and found.count >= ENOUGH
            and found.error <= most_error
            and found.within_p90 >= LEAST_COVERED
        )


_LEAVES = frozenset({Word.CONNECT, Word.ABANDON, Word.ENDED, Word.EXITWITHTIMEOUT, Word.EXITWITHKEY, Word.EXITEMPTY})
