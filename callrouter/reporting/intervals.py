"""Half hours by the centre's own clock, and the days that they make up.

A day on which clocks change has 23 or 25 hours: intervals are stretches of real time (UTC) that begin when the local
clock shows a full or half hour, so an hour that comes twice is two intervals, and one that is skipped is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HALF_HOUR_MS = 30 * 60 * 1000


def interval_of(at_ms: int, zone: ZoneInfo) -> int:
    """The beginning of the half hour that holds this moment."""
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)
    return at_ms - ((local.minute % 30) * 60 + local.second) * 1000 - at_ms % 1000


def pieces(begins_ms: int, ends_ms: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """A stretch of time cut at the half hours: each interval's beginning, and the milliseconds within it."""
    at = begins_ms
    while at < ends_ms:
        interval = interval_of(at, zone)
        end = min(interval + HALF_HOUR_MS, ends_ms)
        yield interval, end - at
        at = end


def intervals(begins_ms: int, ends_ms: int, zone: ZoneInfo) -> list[int]:
    """Every half hour that these two moments (the second excluded) touch."""
    return [interval for interval, _ in pieces(begins_ms, ends_ms, zone)]


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """When the local day begins; where clocks are set forward at midnight, when its first minute is."""
    return round(datetime.combine(day, time.min, zone).timestamp() * 1000)


def day_ms(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """From a day's beginning to the next one's: 23, 24 or 25 hours."""
    return midnight_ms(day, zone), midnight_ms(day + timedelta(days=1), zone)
