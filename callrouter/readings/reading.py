"""How one value is to be read: `kind`, or `kind:option:option`, as a tree writes it in `{amount:money:usd}`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

Value = str | int | float | bool
"""What a variable of a call may be."""


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    ORDINAL = "ordinal"
    COUNT = "count"
    DIGITS = "digits"
    DATE = "date"
    TIME = "time"
    MONEY = "money"
    DURATION = "duration"
    PHONE = "phone"


class Gender(StrEnum):
    MASCULINE = "masculine"
    FEMININE = "feminine"
    NEUTER = "neuter"


class Case(StrEnum):
    """In the order of every Russian school book; tables of forms are in this order."""

    NOMINATIVE = "nominative"
    GENITIVE = "genitive"
    DATIVE = "dative"
    ACCUSATIVE = "accusative"
    INSTRUMENTAL = "instrumental"
    PREPOSITIONAL = "prepositional"


CURRENCIES = ("rub", "usd", "eur", "gbp", "cny", "kzt", "byn")


@dataclass(frozen=True, slots=True)
class Reading:
    """A kind with its options; options that a language has no use for change nothing there."""

    kind: Kind = Kind.TEXT
    gender: Gender = Gender.MASCULINE
    case: Case = Case.NOMINATIVE
    currency: str = "rub"
    forms: tuple[str, ...] = ()
    """Of `count`: call/calls; звонок/звонка/звонков."""
    short: bool = False
    """A date without its year."""


_FORM = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,3}")
_GENDERS = {"m": Gender.MASCULINE, "f": Gender.FEMININE, "n": Gender.NEUTER, **{str(one): one for one in Gender}}
_CASES = {str(one): one for one in Case}
_INFLECTED = (Kind.NUMBER, Kind.ORDINAL, Kind.COUNT)
_WITH_CASE = (*_INFLECTED, Kind.DATE, Kind.TIME, Kind.MONEY, Kind.DURATION)


@lru_cache(maxsize=1024)
def parse_reading(text: str) -> Reading | str:
    """The reading, or in one sentence what is wrong with it."""
    name, *options = (part.strip() for part in text.split(":"))
    if name not in list(Kind):
        return f"nothing is read as `{name[:40]}`; known are: {', '.join(Kind)}"
    reading = Reading(Kind(name))
    for option in options:
        changed = _with_option(reading, option)
        if changed is None:
            return f"{name} cannot be read as `{option[:40]}`; it may have {_options_of(reading.kind)}"
        reading = changed
    if reading.kind is Kind.COUNT and not reading.forms:
        return "count needs the forms of its word; write it like count:call/calls or count:звонок/звонка/звонков"
    return reading


def _with_option(reading: Reading, option: str) -> Reading | None:
    if option in _GENDERS and reading.kind in _INFLECTED:
        return replace(reading, gender=_GENDERS[option])
    if option in _CASES and reading.kind in _WITH_CASE:
        return replace(reading, case=_CASES[option])
    if option.lower() in CURRENCIES and reading.kind is Kind.MONEY:
        return replace(reading, currency=option.lower())
    if option == "short" and reading.kind is Kind.DATE:
        return replace(reading, short=True)
    forms = tuple(form.strip() for form in option.split("/"))
    if reading.kind is Kind.COUNT and len(forms) in (2, 3) and all(map(_FORM.fullmatch, forms)) and len(option) <= 120:
        return replace(reading, forms=forms)
    return None


def _options_of(kind: Kind) -> str:
    said = []
    if kind is Kind.COUNT:
        said.append("two or three forms of a word")
    if kind in _INFLECTED:
        said.append("a gender (masculine, feminine, neuter)")
    if kind in _WITH_CASE:
        said.append(f"a case ({', '.join(Case)})")
    if kind is Kind.MONEY:
        said.append(f"a currency ({', '.join(CURRENCIES)})")
    if kind is Kind.DATE:
        said.append("short (no year)")
    return "; ".join(said) or "none"
