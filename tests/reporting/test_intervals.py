from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.reporting.intervals import HALF_HOUR_MS, day_ms, interval_of, intervals, midnight_ms, pieces

BERLIN, MOSCOW, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Kolkata")
ZONES = ("Europe/Berlin", "Europe/Moscow", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def local(ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).isoformat()


def test_a_moment_is_in_the_half_hour_that_the_local_clock_shows() -> None:
    assert interval_of(at("2026-11-21T10:29:59.999+03:00"), MOSCOW) == at("2026-11-21T10:00:00+03:00")
    assert interval_of(at("2026-11-21T10:30:00+03:00"), MOSCOW) == at("2026-11-21T10:30:00+03:00")
    assert interval_of(at("2026-11-21T10:44:00+05:45"), ZoneInfo("Asia/Kathmandu")) == at("2026-11-21T10:30:00+05:45")


@pytest.mark.parametrize(
    ("day", "halves", "missing_or_twice"),
    [
        ("2026-03-29", 46, "02:"),  # Berlin skips the hour from two
        ("2026-10-25", 50, "02:"),  # and has it twice
        ("2026-11-21", 48, ""),
    ],
)
def test_days_on_which_clocks_change_have_23_and_25_hours(day: str, halves: int, missing_or_twice: str) -> None:
    found = intervals(*day_ms(date.fromisoformat(day), BERLIN), BERLIN)
    shown = [local(ms, BERLIN) for ms in found]
    assert len(found) == len(set(found)) == halves
    assert all(text.startswith(day) for text in shown)
    assert [later - earlier for earlier, later in pairwise(found)] == [HALF_HOUR_MS] * (halves - 1)
    if missing_or_twice:
        assert sum(text[11:].startswith(missing_or_twice) for text in shown) == {46: 0, 50: 4}[halves]


def test_a_day_begins_where_its_midnight_is_skipped() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # clocks go from 00:00 to 01:00 on 24 April 2026
    begins, ends = day_ms(date(2026, 4, 24), cairo)
    assert (ends - begins) / 3_600_000 == 23
    assert local(begins, cairo) == "2026-04-24T01:00:00+03:00"
    assert midnight_ms(date(2026, 4, 25), cairo) == ends


MOMENTS = st.integers(at("2000-01-01T00:00+00:00"), at("2040-01-01T00:00+00:00"))


@given(MOMENTS, st.integers(0, 3 * 86_400_000), st.sampled_from(ZONES).map(ZoneInfo))
def test_cut_time_loses_and_doubles_nothing(begins: int, length: int, zone: ZoneInfo) -> None:
    found = list(pieces(begins, begins + length, zone))
    assert sum(ms for _, ms in found) == length
    assert len({interval for interval, _ in found}) == len(found)
    assert all(0 < ms <= HALF_HOUR_MS for _, ms in found)


@given(MOMENTS, st.sampled_from(ZONES).map(ZoneInfo))
def test_each_moment_is_in_one_interval(moment: int, zone: ZoneInfo) -> None:
    begins = interval_of(moment, zone)
    assert begins <= moment < begins + HALF_HOUR_MS
    assert interval_of(begins, zone) == begins
    assert interval_of(begins + HALF_HOUR_MS, zone) == begins + HALF_HOUR_MS
