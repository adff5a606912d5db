"""An event loop whose time jumps to the next timer when nothing else is left to do: hours pass in milliseconds.

Rule: everything in these tests is in memory, so a loop with neither work nor timers will never wake: an error.
"""

from __future__ import annotations

import asyncio
import selectors

START_MS = 1_700_000_000_000


class _NobodyWaits(selectors.SelectSelector):
    """Instead of waiting for a timer, turn the clock to it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("everybody sleeps and no timer is set: what this test waits for will never happen")
        self.now += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._waiting = _NobodyWaits()
        super().__init__(self._waiting)
        self.set_debug(False)  # a traceback for every callback would make random days ten times longer

    def time(self) -> float:
        return self._waiting.now


class LoopClock:
    """Wall time that goes with the loop's; `shift_ms` sets it forward or back, as an administrator might."""

    def __init__(self) -> None:
        self.shift_ms = 0

    def now_ms(self) -> int:
        return START_MS + self.shift_ms + round(asyncio.get_running_loop().time() * 1000)
