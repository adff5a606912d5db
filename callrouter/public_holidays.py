"""Public holidays of countries and their regions (`ru`, `de-by`), from the package `holidays`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache

import holidays


@cache
def countries() -> frozenset[str]:
    """Every country and region whose holidays are known."""
    known = holidays.list_supported_countries(include_aliases=False)
    regions = (f"{country}-{region}".lower() for country, parts in known.items() for region in parts)
    return frozenset({*(country.lower() for country in known), *regions})


@cache
def days_off(country: str, year: int) -> frozenset[date]:
    """The public holidays of this year and the two beside it: a walk near midnight looks across."""
    name, _, region = country.upper().partition("-")
    found = holidays.country_holidays(name, subdiv=region or None, years=range(year - 1, year + 2))
    return frozenset(found)


def around(wanted: Iterable[str]) -> Callable[[int], Mapping[str, frozenset[date]]]:
    """For these countries: a year → their holidays around it."""
    names = sorted(set(wanted))
    return lambda year: {country: days_off(country, year) for country in names}
