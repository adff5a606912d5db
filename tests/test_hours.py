"""Opening hours: the day goes before the week, last night's window may still be open."""

from datetime import date, datetime

import pytest

from callrouter.hours import State, state_at, weekdays, windows

WEEK = {"mon-fri": "09:00-13:00, 14:00-18:00", "sat": "22:00-06:00"}
DAYS = {"2026-03-04": "closed", "2026-03-05": "10:00-11:00", "2026-03-06": "holiday"}
HOLIDAYS = {date(2026, 3, 3)}


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2026-03-02 08:59", "closed"),
        ("2026-03-02 09:00", "open"),
        ("2026-03-02 13:00", "closed"),
        ("2026-03-02 17:59", "open"),
        ("2026-03-02 18:00", "closed"),
        ("2026-03-03 12:00", "holiday"),
        ("2026-03-04 12:00", "closed"),
        ("2026-03-05 10:30", "open"),
        ("2026-03-05 12:00", "closed"),
        ("2026-03-06 12:00", "holiday"),
        # Saturday night goes on until Sunday morning, and not on the night before
        ("2026-03-07 21:59", "closed"),
        ("2026-03-07 23:00", "open"),
        ("2026-03-08 05:59", "open"),
        ("2026-03-08 06:00", "closed"),
        ("2026-03-07 05:00", "closed"),
    ],
)
def test_it_is_open_when_the_hours_say_so(at: str, state: State) -> None:
    assert state_at(datetime.fromisoformat(at), WEEK, DAYS, HOLIDAYS) == state


def test_the_whole_day_is_open_to_its_last_minute() -> None:
    assert state_at(datetime(2026, 3, 2, 23, 59), {"mon-sun": "00:00-24:00"}) == "open"


def test_ranges_of_days_may_go_round_the_week() -> None:
    assert weekdays("sat-mon") == (5, 6, 0)
    assert weekdays("wed") == (2,)


def test_a_window_past_midnight_ends_on_the_next_day() -> None:
    assert windows("22:00-06:00, 08:00-09:00") == ((1320, 1800), (480, 540))
