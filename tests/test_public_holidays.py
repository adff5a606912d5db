"""Public holidays: of every country and region that a tree may name, also around new year."""

from datetime import date

from callrouter.public_holidays import EveryCountry, around, countries, days_off


def test_the_first_of_january_is_a_holiday_in_russia_this_year_and_next() -> None:
    found = days_off("ru", 2026)
    assert {date(2025, 1, 1), date(2026, 1, 1), date(2027, 1, 1), date(2026, 5, 9)} <= found
    assert date(2026, 3, 3) not in found


def test_a_region_has_holidays_of_its_own() -> None:
    assert date(2026, 1, 6) in days_off("de-by", 2026) - days_off("de", 2026)


def test_every_country_that_is_known_can_be_asked_about() -> None:
    assert {"ru", "de-by", "us", "kz"} <= set(countries())
    asked = sorted(countries())[::7]
    empty = [country for country in asked if not days_off(country, 2026)]
    assert len(empty) < len(asked) / 20, empty


def test_countries_are_worked_out_when_asked_for() -> None:
    every = EveryCountry(2026)
    assert every.get("ru") == around(["ru"])(2026)["ru"]
    assert every.get("nowhere", frozenset()) == frozenset()
    assert len(every) == len(countries())
