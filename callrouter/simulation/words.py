"""How durations and rates are written: `exponential 180`, `lognormal 240 1.2`, `480/h`, `100/30min`.

Options and scenarios share this; a colon stands for the space where a shell would want quotes.
"""

from __future__ import annotations

import re

from callrouter.simulation.durations import NEVER, Duration, Exponential, Fixed, LogNormal

DURATION = (
    "like `exponential 180` (mean in seconds), `lognormal 240 1.2` (mean, deviation by mean), `fixed 30` or `never`"
)
RATE = "like `480/h`, `8/min` or `100/30min`"
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "day": 86_400.0}
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)?\s*(s|min|h|day)")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


def duration(text: str) -> Duration:
    """ValueError says how it is written."""
    kind, *numbers = text.replace(":", " ").split() or [""]
    values = [float(number) for number in numbers if _NUMBER.fullmatch(number)]
    if len(values) < len(numbers):
        raise ValueError(f"{text!r} is no duration; write it {DURATION}")
    if kind == "never" and not values:
        return NEVER
    if kind == "fixed" and len(values) == 1:
        return Fixed(values[0])
    if kind == "exponential" and len(values) == 1 and values[0] > 0:
        return Exponential(values[0])
    if kind == "lognormal" and len(values) == 2 and values[0] > 0 and values[1] > 0:
        return LogNormal(values[0], values[1])
    raise ValueError(f"{text!r} is no duration; write it {DURATION}")


def per_second(text: str) -> float:
    """Callers a second. ValueError says how it is written."""
    found = _RATE.fullmatch(text.strip())
    seconds = float(found[2] or 1) * _UNITS[found[3]] if found else 0.0
    if found is None or not seconds:
        raise ValueError(f"{text!r} is no rate of calls; write it {RATE}")
    return float(found[1]) / seconds


def clock_ms(text: str) -> int:
    """`08:30` as milliseconds since midnight; the day ends at 24:00."""
    found = _CLOCK.fullmatch(text)
    if found is None or (ms := (int(found[1]) * 60 + int(found[2])) * 60_000) > 86_400_000:
        raise ValueError(f"{text!r} is no time of the day; write it like 08:30")
    return ms


def shift_ms(text: str) -> tuple[int, int]:
    """`08:00-16:30` as milliseconds since midnight."""
    begins, dash, ends = text.partition("-")
    if not dash or clock_ms(ends.strip()) <= clock_ms(begins.strip()):
        raise ValueError(f"{text!r} is no shift; write it like 08:00-16:30")
    return clock_ms(begins.strip()), clock_ms(ends.strip())
