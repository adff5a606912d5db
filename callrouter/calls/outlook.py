"""How a caller's outlook is told: the position, never a worse one than before, and the wait in whole minutes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callrouter.acd.expected import Expected
from callrouter.tree.model import Prompt, Value

MINUTE_MS = 60_000
HOUR_MIN = 60


@dataclass(frozen=True, slots=True)
class Waits:
    """The prompts, with their readings: `before` (callers), `low` and `high` (minutes)."""

    next_in_line: Prompt
    callers_before: Prompt
    within_a_minute: Prompt
    about: Prompt
    between: Prompt
    over_an_hour: Prompt


def outlook_words(
    expected: Expected, words: Waits, told: int, *, position: bool, expected_wait: bool
) -> tuple[Prompt, ...]:
    """`told` is the position told before, 0 for none. Whoever was overtaken by an urgent call is not told so."""
    place = _place(expected.position, words) if position and (not told or expected.position <= told) else ()
    return (*place, *(_wait(expected, words) if expected_wait else ()))


def _place(position: int, words: Waits) -> tuple[Prompt, ...]:
    return (_with(words.callers_before, before=position - 1) if position > 1 else words.next_in_line,)


def _wait(expected: Expected, words: Waits) -> tuple[Prompt, ...]:
    """From the middle of what may come to what nine of ten do not exceed, both rounded up: sooner is no complaint."""
    if expected.p50_ms is None or expected.p90_ms is None:
        return ()
    low, high = (-(-time // MINUTE_MS) for time in (expected.p50_ms, expected.p90_ms))
    if high <= 1:
        return (words.within_a_minute,)
    if low > HOUR_MIN:
        return (words.over_an_hour,)
    if low == high:
        return (_with(words.about, low=low),)
    return (_with(words.between, low=max(1, low), high=high),)


def _with(prompt: Prompt, **values: Value) -> Prompt:
    return replace(prompt, values=values)
