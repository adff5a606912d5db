"""A circuit breaker: who has failed several times in a row is left alone for a while, then tried by one call.

CLOSED ──5 failures in a row──▶ OPEN ──10 s──▶ one trial ──good──▶ CLOSED
                                 ▲                │ failed
                                 └────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 5
OPEN_S = 10.0


@dataclass
class Breaker:
    """Of one host."""

    now: Callable[[], float]
    failures: int = 0
    open_until: float = 0.0
    trying: bool = False

    def may_try(self) -> bool:
        """Whether this call may ask. In doubt one asks for all; `trying` until its outcome is known."""
        if self.failures < FAILURES:
            return True
        if self.trying or self.now() < self.open_until:
            return False
        self.trying = True
        return True

    def succeeded(self) -> None:
        self.failures, self.trying = 0, False

    def failed(self) -> None:
        self.failures, self.trying = self.failures + 1, False
        if self.failures >= FAILURES:
            self.open_until = self.now() + OPEN_S

    def gave_up(self) -> None:
        """The caller left before the outcome was known."""
        self.trying = False
