"""What is to happen, in the order of time; at the same moment, in the order in which it was planned."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any


class Agenda:
    def __init__(self) -> None:
        self.now_ms = 0
        self.events = 0
        """So many things have happened."""
        self._due: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0

    def at(self, at_ms: int, what: Callable[..., None], *given: Any) -> None:
        self._number += 1
        heappush(self._due, (at_ms, self._number, what, given))

    def happens(self) -> bool:
        """The next thing, and with it the time; False when there is none."""
        if not self._due:
            return False
        self.now_ms, _, what, given = heappop(self._due)
        what(*given)
        self.events += 1
        return True
