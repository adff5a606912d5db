"""A variable's value as what its reading needs: an exact number, a date, a time, digits. None: it is not one."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from callrouter.readings.reading import Value

LARGEST = 10**15
"""Beyond it nobody follows a number by ear."""
DECIMALS = 6
LONGEST_DIGITS = 64
LONGEST_TEXT = 200
_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(?:[.,][0-9]{1,20})?")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9](?:\.[0-9]+)?)?")


def number_of(value: Value) -> Decimal | None:
    """An exact number with at most DECIMALS decimals."""
    if isinstance(value, bool):
        return None
    text = str(value).strip()
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= LARGEST:
        return None
    return round_to(number, DECIMALS)


def round_to(number: Decimal, decimals: int) -> Decimal:
    """Halves go away from zero, as people round money."""
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def whole_of(value: Value) -> int | None:
    number = number_of(value)
    return int(number) if number is not None and number == int(number) else None


def date_of(value: Value) -> date | None:
    """From 2026-05-09, alone or with a time behind it."""
    text = str(value).strip()
    if len(text) > 10:
        moment = _moment(text)
        return moment.date() if moment else None
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def time_of(value: Value) -> time | None:
    """From 19:05, 19:05:30, or a date with a time."""
    clock = _CLOCK.fullmatch(str(value).strip())
    if clock:
        return time(int(clock[1]), int(clock[2]))
    moment = _moment(str(value).strip())
    return time(moment.hour, moment.minute) if moment else None


def digits_of(value: Value) -> str | None:
    """Digits, letters, `*`, `#` and `+`; what stands between them is not said."""
    text = str(value).strip()
    kept = "".join(char for char in text if char.isalpha() or char in "0123456789*#+").upper()
    return kept if kept and len(text) <= LONGEST_DIGITS and not isinstance(value, bool | float) else None


def phone_of(value: Value) -> str | None:
    digits = digits_of(value)
    return digits if digits and re.fullmatch(r"\+?[0-9]{2,20}", digits) else None


def text_of(value: Value) -> str:
    """One line that a voice can read; what is longer than LONGEST_TEXT is cut."""
    line = " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())
    return line[:LONGEST_TEXT]


def _moment(text: str) -> datetime | None:
    """2026-05-09T19:05, with or without seconds and zone; the time is said as written."""
    try:
        return datetime.fromisoformat(text) if len(text) > 10 else None
    except ValueError:
        return None
