"""A value as names of the sounds that Asterisk ships (core sounds), or None where they cannot say it rightly.

The Russian set has no hundreds beyond сто, no feminine numerals, no рубль and no минута: there it says digits, phone
numbers digit by digit, and whole numbers up to 1199. https://wiki.asterisk.org: Asterisk Sounds Packages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal

from callrouter.readings.reading import Case, Gender, Kind, Reading, Value
from callrouter.readings.values import date_of, digits_of, number_of, phone_of, time_of, whole_of

Sounds = tuple[str, ...]

_SIGNS = {"*": "digits/star", "#": "digits/pound", "+": "letters/plus"}
_RUSSIAN_LARGEST = 1199
_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))


def sounds(reading: Reading, value: Value, language: str) -> Sounds | None:
    """Names below the folder of a language's sounds, like digits/4."""
    match reading.kind:
        case Kind.DIGITS:
            return _spelled(digits_of(value), language)
        case Kind.PHONE:
            return _spelled(phone_of(value), language)
        case Kind.NUMBER if language == "en":
            return _english_number(number_of(value))
        case Kind.NUMBER if language == "ru":
            return _russian_number(whole_of(value), reading)
        case Kind.ORDINAL if language == "en":
            return _english_ordinal(whole_of(value))
        case Kind.DATE if language == "en":
            return _english_date(date_of(value), reading)
        case Kind.TIME if language == "en":
            return _english_time(time_of(value))
        case _:
            return None


def names_for(reading: Reading, language: str) -> frozenset[str]:
    """All names that `sounds` may ever give for such a reading: what has to be there before the first call."""
    if reading.kind in (Kind.DIGITS, Kind.PHONE, Kind.NUMBER):
        return every_name(language)
    return (
        every_name("en") if language == "en" and reading.kind in (Kind.ORDINAL, Kind.DATE, Kind.TIME) else frozenset()
    )


def every_name(language: str) -> frozenset[str]:
    """All names that `sounds` may give for a language."""
    if language not in ("ru", "en"):
        return frozenset()
    small = [*range(20), *range(20, 100, 10)]
    both = [f"digits/{n}" for n in small] + [f"digits/{word}" for word in ("hundred", "thousand", "minus")]
    both += [f"letters/{chr(code)}" for code in range(ord("a"), ord("z") + 1)] + list(_SIGNS.values())
    if language == "ru":
        return frozenset([*both, "digits/1n"])
    english = [f"digits/h-{n}" for n in small if n] + [f"digits/mon-{n}" for n in range(12)]
    scales = [f"digits/{word}" for word in ("million", "billion", "oh", "a-m", "p-m")]
    hundreds = [f"digits/h-{word}" for _, word in _SCALES]
    return frozenset([*both, *english, *scales, *hundreds, "letters/dot"])


def _spelled(text: str | None, language: str) -> Sounds | None:
    """English letters only: the sets have no others."""
    if not text or language not in ("ru", "en") or not text.isascii():
        return None
    return tuple(
        _SIGNS.get(char) or (f"digits/{char}" if char.isdigit() else f"letters/{char.lower()}") for char in text
    )


def _english_number(number: Decimal | None) -> Sounds | None:
    if number is None or abs(number) >= 10**12:
        return None
    whole, _, decimals = f"{abs(number):f}".partition(".")
    decimals = decimals.rstrip("0")
    after = ("letters/dot", *(f"digits/{digit}" for digit in decimals)) if decimals else ()
    return (*(("digits/minus",) if number < 0 else ()), *_english(int(whole)), *after)


def _english(number: int) -> Sounds:
    return tuple(f"digits/{part}" for part in _parts(number)) or ("digits/0",)


def _parts(number: int) -> Iterator[str]:
    for size, word in _SCALES:
        count, number = divmod(number, size)
        if count:
            yield from _parts(count)
            yield word
    if number >= 20:
        yield str(number // 10 * 10)
        number %= 10
    if number:
        yield str(number)


def _english_ordinal(number: int | None) -> Sounds | None:
    if number is None or not 0 < number < 10**12:
        return None
    *before, last = _parts(number)
    return (*(f"digits/{part}" for part in before), f"digits/h-{last}")


def _english_date(day: date | None, reading: Reading) -> Sounds | None:
    if day is None:
        return None
    said = (f"digits/mon-{day.month - 1}", *(_english_ordinal(day.day) or ()))
    return said if reading.short else (*said, *_year(day.year))


def _year(year: int) -> Sounds:
    century, rest = divmod(year, 100)
    if century < 10 or (century % 10 == 0 and rest < 10):
        return _english(year)
    if not rest:
        return (*_english(century), "digits/hundred")
    return (*_english(century), *(("digits/oh",) if rest < 10 else ()), *_english(rest))


def _english_time(clock: time | None) -> Sounds | None:
    if clock is None:
        return None
    minutes: Sounds = ()
    if clock.minute:
        minutes = (*(("digits/oh",) if clock.minute < 10 else ()), *_english(clock.minute))
    return (*_english(clock.hour % 12 or 12), *minutes, "digits/a-m" if clock.hour < 12 else "digits/p-m")


def _russian_number(number: int | None, reading: Reading) -> Sounds | None:
    """Nominative only; one and two have no feminine, two is the same in masculine and neuter."""
    if number is None or abs(number) > _RUSSIAN_LARGEST or reading.case not in (Case.NOMINATIVE, Case.ACCUSATIVE):
        return None
    parts = _parts_of_russian(abs(number))
    if parts is None or (reading.gender is Gender.FEMININE and parts[-1] in ("1", "2")):
        return None
    if reading.gender is Gender.NEUTER and parts[-1] == "1":
        parts[-1] = "1n"
    said = [f"digits/{part}" for part in parts]
    return (*(["digits/minus"] if number < 0 else []), *said)


def _parts_of_russian(number: int) -> list[str] | None:
    hundreds = number % 1000 // 100
    if hundreds > 1:
        return None
    parts = ["thousand"] if number >= 1000 else []
    parts += ["hundred"] if hundreds else []
    parts += _parts(number % 100)
    return parts or ["0"]
