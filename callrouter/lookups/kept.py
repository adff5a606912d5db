"""Answers that are still good, in memory, within a bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from callrouter.tree.model import Value

MOST = 5_000

Values = Mapping[str, Value]


class Kept:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._answers: dict[str, tuple[float, Values]] = {}

    def get(self, key: str) -> Values | None:
        found = self._answers.get(key)
        return found[1] if found is not None and self._now() < found[0] else None

    def put(self, key: str, values: Values, for_s: float) -> None:
        self._answers.pop(key, None)
        self._answers[key] = (self._now() + for_s, values)
        if len(self._answers) > MOST:
            del self._answers[next(iter(self._answers))]
