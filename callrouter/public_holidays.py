"""Public holidays of countries and their regions (`ru`, `de-by`), from the package `holidays`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache

import holidays


@cache
def _names() -> Mapping[str, tuple[str, str | None]]:
    """As trees name them → as the package does."""
    known = holidays.list_supported_countries(include_aliases=False)
    regions = {f"{country}-{part}".lower(): (country, part) for country, parts in known.items() for part in parts}
    return {**{country.lower(): (country, None) for country in known}, **regions}


def countries() -> Collection[str]:
    """Every country and region whose holidays are known."""
    return _names().keys()


@cache
def days_off(country: str, year: int) -> frozenset[date]:
    """The public holidays of this year and the two beside it: a walk near midnight looks across."""
    name, region = _names()[country]
    return frozenset(holidays.country_holidays(name, subdiv=region, years=range(year - 1, year + 2)))


def around(wanted: Iterable[str]) -> Callable[[int], Mapping[str, frozenset[date]]]:
    """For these countries: a year → their holidays around it."""
    names = sorted(set(wanted))
    return lambda year: {country: days_off(country, year) for country in names}


class EveryCountry(Mapping[str, frozenset[date]]):
    """Every country's public holidays around a year, worked out when first asked for: a tree that is published while
    we run may ask about any of them."""

    def __init__(self, year: int) -> None:
        self._year = year

    def __getitem__(self, country: str) -> frozenset[date]:
        return days_off(country, self._year)

    def __iter__(self) -> Iterator[str]:
        return iter(countries())

    def __len__(self) -> int:
        return len(countries())
