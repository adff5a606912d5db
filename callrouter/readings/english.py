"""Values read in English, the American way: no `and` within numbers, months before days, twelve hours on the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal

from callrouter.readings.reading import Reading
from callrouter.readings.values import round_to

YES, NO = "yes", "no"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SMALL = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
DIGITS = dict(zip("0123456789", _SMALL, strict=False))
SIGNS = {"*": "star", "#": "pound", "+": "plus"}
MONTHS = _listed("January February March April May June July August September October November December")
CURRENCIES = {
    "rub": ("ruble", "rubles", "kopeck", "kopecks"),
    "byn": ("Belarusian ruble", "Belarusian rubles", "kopeck", "kopecks"),
    "usd": ("dollar", "dollars", "cent", "cents"),
    "eur": ("euro", "euros", "cent", "cents"),
    "gbp": ("pound", "pounds", "penny", "pence"),
    "cny": ("yuan", "yuan", "fen", "fen"),
    "kzt": ("tenge", "tenge", "tiyn", "tiyn"),
}


def cardinal(number: int) -> str:
    """one thousand two hundred thirty-four"""
    if number < 0:
        return f"minus {cardinal(-number)}"
    return " ".join(_parts(number)) or _SMALL[0]


def _parts(number: int) -> Iterator[str]:
    for size, word in _SCALES:
        count, number = divmod(number, size)
        if count:
            yield f"{cardinal(count)} {word}"
    if number >= 20:
        tens, ones = divmod(number, 10)
        yield _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")
    elif number:
        yield _SMALL[number]


def ordinal(number: int) -> str:
    """twenty-first: the last word changes"""
    said = cardinal(number)
    cut = max(said.rfind(" "), said.rfind("-")) + 1
    last = said[cut:]
    ending = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return said[:cut] + ending


def number(value: Decimal, _: Reading) -> str:
    """one point zero five"""
    whole, digits = f"{abs(value):f}.".split(".")[:2]
    digits = digits.rstrip("0")
    said = cardinal(int(whole)) + (f" point {' '.join(DIGITS[digit] for digit in digits)}" if digits else "")
    return f"minus {said}" if value < 0 else said


def nth(value: int, _: Reading) -> str:
    return ordinal(value)


def count(value: Decimal, reading: Reading) -> str:
    return f"{number(value, reading)} {reading.forms[0] if abs(value) == 1 else reading.forms[-1]}"


def day(value: date, reading: Reading) -> str:
    """May fifth, twenty twenty-six"""
    said = f"{MONTHS[value.month - 1]} {ordinal(value.day)}"
    return said if reading.short else f"{said}, {year(value.year)}"


def year(value: int) -> str:
    """nineteen oh five, two thousand five, twenty twenty-six"""
    century, rest = divmod(value, 100)
    if century < 10 or (century % 10 == 0 and rest < 10):
        return cardinal(value)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {f'oh {_SMALL[rest]}' if rest < 10 else cardinal(rest)}"


def clock(value: time, _: Reading) -> str:
    """seven oh five p.m.; midnight and noon by name"""
    if value.minute == 0 and value.hour in (0, 12):
        return "noon" if value.hour else "midnight"
    hour, half = cardinal(value.hour % 12 or 12), "a.m." if value.hour < 12 else "p.m."
    if not value.minute:
        return f"{hour} {half}"
    return f"{hour} {f'oh {_SMALL[value.minute]}' if value.minute < 10 else cardinal(value.minute)} {half}"


def money(value: Decimal, reading: Reading) -> str:
    """one hundred dollars and fifty cents"""
    rounded = round_to(value, 2)
    whole, part = divmod(int(abs(rounded) * 100), 100)
    one, many, small, smalls = CURRENCIES[reading.currency]
    said = [f"{cardinal(whole)} {one if whole == 1 else many}"] if whole or not part else []
    said += [f"{cardinal(part)} {small if part == 1 else smalls}"] if part else []
    return ("minus " if rounded < 0 else "") + " and ".join(said)


def duration(seconds: int, _: Reading) -> str:
    """one hour two minutes and three seconds"""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = ((days, "day"), (hour, "hour"), (minute, "minute"), (second, "second"))
    said = [f"{cardinal(n)} {name}{'' if n == 1 else 's'}" for n, name in parts if n] or ["zero seconds"]
    return " and ".join(filter(None, (" ".join(said[:-1]), said[-1])))


def phone_group(digits: str) -> str:
    return " ".join(DIGITS[digit] for digit in digits)


def phone_groups(digits: str) -> list[str]:
    """Eleven digits are 1 212 555 1234; others in threes, the last group three or four."""
    sizes = {11: (1, 3, 3, 4), 10: (3, 3, 4), 7: (3, 4)}.get(len(digits))
    if sizes is None:
        last = min(len(digits), 4 if len(digits) % 3 == 1 else 3)
        first = (len(digits) - last) % 3
        sizes = (*((first,) if first else ()), *(3,) * ((len(digits) - last) // 3), last)
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    return [digits[end - size : end] for end, size in zip(ends, sizes, strict=True)]
