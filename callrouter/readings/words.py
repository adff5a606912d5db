"""A value as words for a voice. What is not readable as its kind (a date that is no date) is read as the text it is."""

from __future__ import annotations

from types import ModuleType

from callrouter.readings import english, russian
from callrouter.readings.reading import Kind, Reading, Value
from callrouter.readings.values import date_of, digits_of, number_of, phone_of, text_of, time_of, whole_of

_LANGUAGES: dict[str, ModuleType] = {"ru": russian, "en": english}
LANGUAGES = tuple(_LANGUAGES)
"""Read by our own rules. Of other languages the voice itself reads what it is given."""
_LARGEST_ORDINAL = 10**9 - 1
_LONGEST_DURATION_S = 10**9


def words(reading: Reading, value: Value, language: str) -> str:
    """What to say; empty if there is nothing in the value that can be said."""
    language_rules = _LANGUAGES.get(language)
    if language_rules is None:
        return text_of(value)
    return _read(reading, value, language_rules) or _plain(value, language_rules)


def readable(reading: Reading, value: Value) -> bool:
    """Whether the value is what its reading needs: a date for a date, a number for money."""
    return reading.kind is Kind.TEXT or _read(reading, value, english) is not None


def _plain(value: Value, rules: ModuleType) -> str:
    if isinstance(value, bool):
        return str(rules.YES if value else rules.NO)
    return text_of(value)


def _read(reading: Reading, value: Value, rules: ModuleType) -> str | None:
    found = _wanted(reading.kind, value)
    if found is None:
        return None
    match reading.kind:
        case Kind.DIGITS:
            return _spelled(str(found), rules)
        case Kind.PHONE:
            return _phone(str(found), rules)
        case _:
            return str(getattr(rules, _RULES[reading.kind])(found, reading))


_RULES = {
    Kind.NUMBER: "number",
    Kind.ORDINAL: "nth",
    Kind.COUNT: "count",
    Kind.DATE: "day",
    Kind.TIME: "clock",
    Kind.MONEY: "money",
    Kind.DURATION: "duration",
}


def _wanted(kind: Kind, value: Value) -> object | None:
    match kind:
        case Kind.NUMBER | Kind.COUNT | Kind.MONEY:
            return number_of(value)
        case Kind.ORDINAL:
            whole = whole_of(value)
            return whole if whole is not None and abs(whole) <= _LARGEST_ORDINAL else None
        case Kind.DURATION:
            seconds = number_of(value)
            return round(seconds) if seconds is not None and 0 <= seconds <= _LONGEST_DURATION_S else None
        case Kind.DATE:
            return date_of(value)
        case Kind.TIME:
            return time_of(value)
        case Kind.DIGITS:
            return digits_of(value)
        case Kind.PHONE:
            return phone_of(value)
        case Kind.TEXT:
            return None


def _spelled(digits: str, rules: ModuleType) -> str:
    """In threes, with a breath between them; up to five digits in one go."""
    said = [rules.DIGITS.get(char) or rules.SIGNS.get(char) or char for char in digits]
    step = 3 if len(said) > 5 else len(said)
    return ", ".join(" ".join(said[start : start + step]) for start in range(0, len(said), step))


def _phone(number: str, rules: ModuleType) -> str:
    digits = number.removeprefix("+")
    groups = [rules.phone_group(group) for group in rules.phone_groups(digits)]
    if number.startswith("+"):
        groups[0] = f"{rules.SIGNS['+']} {groups[0]}"
    return ", ".join(groups)
