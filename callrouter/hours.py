"""Opening hours, pure: weekly windows and exceptional days. A window may go past midnight: `22:00-06:00`.

The day goes before the week: an exceptional day first, then a public holiday, then the weekly windows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60

_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_WINDOW = rf"{_CLOCK}-({_CLOCK}|24:00)"

State = Literal["open", "closed", "holiday"]


def _real_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"there is no day {text}; write it like 2026-12-31") from error
    return text


def _windows_that_end(text: str) -> str:
    for window in re.split(r", ?", text):
        begin, end = window.split("-")
        if begin == end:
            raise ValueError(f"{window} is no time at all; write 00:00-24:00 for the whole day")
    return text


Days = Annotated[
    str,
    Field(pattern=rf"^{_DAY}(-{_DAY})?$", json_schema_extra={"x-words": "mon, tue … sun, or a range like mon-fri"}),
]
Windows = Annotated[
    str,
    Field(
        pattern=rf"^{_WINDOW}(, ?{_WINDOW})*$",
        json_schema_extra={"x-words": 'in quotes, like "09:00-18:00" or "09:00-13:00, 14:00-18:00"'},
    ),
    AfterValidator(_windows_that_end),
]
Day = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"x-words": 'in quotes, like "2026-12-31"'}),
    AfterValidator(_real_date),
]
DayHours = Annotated[
    str,
    Field(
        pattern=rf"^(closed|holiday|{_WINDOW}(, ?{_WINDOW})*)$",
        json_schema_extra={"x-words": 'closed, holiday, or in quotes "09:00-15:00"'},
    ),
]
Country = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2}(-[a-z0-9]{1,3})?$",
        json_schema_extra={"x-words": "a country like ru, or one of its regions like de-by"},
    ),
]
Week = Mapping[str, str]
"""`mon-fri` → `09:00-18:00`."""


def state_at(
    now: datetime, week: Week, days: Mapping[str, str] | None = None, holidays: Collection[date] = ()
) -> State:
    """Open, closed or holiday at this local time. Last night's window may still be open."""
    days = days or {}
    minute = now.hour * 60 + now.minute
    today, yesterday = now.date(), now.date() - timedelta(days=1)
    late = any(end > DAY_MINUTES and minute < end - DAY_MINUTES for _, end in _of_day(yesterday, week, days, holidays))
    if late or any(begin <= minute < end for begin, end in _of_day(today, week, days, holidays)):
        return "open"
    special = days.get(today.isoformat())
    return "holiday" if special == "holiday" or (special is None and today in holidays) else "closed"


def _of_day(day: date, week: Week, days: Mapping[str, str], holidays: Collection[date]) -> tuple[tuple[int, int], ...]:
    special = days.get(day.isoformat())
    if special is not None:
        return () if special in ("closed", "holiday") else windows(special)
    if day in holidays:
        return ()
    return tuple(window for key, text in week.items() if day.weekday() in weekdays(key) for window in windows(text))


def next_open(now: datetime, week: Week) -> datetime:
    """This moment if it is open, else the next one that is. Local time in, local time out."""
    if state_at(now, week) == "open":
        return now
    here = now.replace(tzinfo=None)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = (
        midnight + timedelta(days=day, minutes=begin)
        for day in range(9)
        for begin, _ in _of_day((midnight + timedelta(days=day)).date(), week, {}, ())
    )
    return min(begin for begin in begins if begin > here).replace(tzinfo=now.tzinfo)


def windows(text: str) -> tuple[tuple[int, int], ...]:
    """`22:00-06:00` → ((1320, 1800),): minutes of the day; an end beyond 1440 is on the next day."""
    found = []
    for window in re.split(r", ?", text):
        begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in window.split("-"))
        found.append((begin, end if end > begin else end + DAY_MINUTES))
    return tuple(found)


def weekdays(key: str) -> tuple[int, ...]:
    """`sat-mon` → (5, 6, 0)."""
    first, _, last = key.partition("-")
    begin, end = WEEK.index(first), WEEK.index(last or first)
    return tuple((begin + step) % 7 for step in range((end - begin) % 7 + 1))
