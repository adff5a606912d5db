"""Reports from the history against reports from the journal itself, folded in memory."""

from __future__ import annotations

import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callrouter.reporting.calls import fold
from callrouter.reporting.counts import Bounds, Counts
from callrouter.reporting.facts import Talked, facts
from callrouter.reporting.figures import Variant
from callrouter.reporting.intervals import HALF_HOUR_MS
from callrouter.reporting.report import By, Material, Period, Report, report
from callrouter.reporting.stretches import Stretch, tell
from callrouter.store.history import database
from callrouter.store.history.history import History
from callrouter.store.history.material import material
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.store.history.books import opened
from tests.store.history.days import a_day

MOSCOW = ZoneInfo("Europe/Moscow")
BOUNDS = Bounds()
START_MS = 1_700_000_000_000


async def a_busy_day() -> FakeLine:
    clock = HandClock(START_MS)
    line = FakeLine(clock)
    await a_day(line, 150, 11, clock)
    return line


async def kept(line: FakeLine, folder: Path) -> History:
    history = History(database.open_history(database.place(None, folder / "history.sqlite3")))
    await history.prepare()
    await history.write("", line.journal)
    return history


def whole_period(line: FakeLine) -> Period:
    end = line.journal[-1].at_ms + 1
    return Period(START_MS, end, MOSCOW, end)


def from_journal(line: FakeLine, period: Period) -> Material:
    """As the history reads it, but in memory and by plain loops."""
    taken = [facts(record) for record in fold(line.journal).values()]
    told = tell({}, line.journal)
    stretches = [*told.over, *told.lasting.values()]

    def began(ms: int) -> bool:
        return period.begins_ms <= ms < period.ends_ms

    def wrapped(talk: Talked) -> Talked:
        work = sum(_length(one, period) for one in stretches if _is_wrap_up_of(one, talk))
        return Talked(**{name: getattr(talk, name) for name in Talked.__slots__} | {"wrap_ms": work})

    return Material(
        [stay for one in taken for stay in one.stays if began(stay.joined_ms)],
        [offer for one in taken for offer in one.offers if began(offer.at_ms)],
        [wrapped(talk) for one in taken for talk in one.talks if began(talk.at_ms)],
        [step for one in taken for step in one.steps if began(step.at_ms)],
        stretches,
        [asked for one in taken for asked in one.callbacks if began(asked.at_ms)],
    )


def _is_wrap_up_of(stretch: Stretch, talk: Talked) -> bool:
    return (stretch.activity, stretch.call, stretch.agent) == ("WRAP_UP", talk.call, talk.agent)


def _length(stretch: Stretch, period: Period) -> int:
    return (stretch.ends_ms or period.now_ms) - stretch.begins_ms


async def from_history(history: History, by: By, period: Period) -> Report:
    return await database.reading(
        history.engine, lambda connection: report(by, period, material(connection, period), Variant.OFFERED, BOUNDS)
    )


@pytest.mark.parametrize("by", By)
async def test_the_history_tells_what_the_journal_told(by: By, tmp_path: Path) -> None:
    line = await a_busy_day()
    everything = whole_period(line)
    middle = Period(everything.begins_ms + 777_777, everything.ends_ms - 555_555, MOSCOW, everything.now_ms)
    history = await kept(line, tmp_path)
    try:
        for period in (everything, middle):
            found = await from_history(history, by, period)
            assert found == report(by, period, from_journal(line, period), Variant.OFFERED, BOUNDS)
            assert len(found.rows) > 1
    finally:
        await history.close()


async def test_the_intervals_add_up_to_the_whole_whatever_it_is_counted_by() -> None:
    line = await a_busy_day()
    period = whole_period(line)
    told = from_journal(line, period)

    def whole(by: By) -> Counts:
        return report(by, period, told, Variant.OFFERED, BOUNDS).whole.counts

    by_interval = whole(By.INTERVAL)
    assert by_interval.entered > 90
    waits = ("entered", "answered", "answered_within", "abandoned", "longest_wait_ms", "offers", "handled", "callbacks")
    for by, names in {
        By.QUEUE: waits,
        By.PROBLEM: waits,
        By.AGENT: ("offers", "handled", "handled_wrap_ms", "talking_ms", "free_ms", "wrapping_ms", "not_ready_ms"),
        By.NODE: ("visits", "silences", "hung_up", "node_ms", "callbacks"),
    }.items():
        assert [getattr(whole(by), name) for name in names] == [getattr(by_interval, name) for name in names], by


async def test_two_periods_side_by_side_make_one_and_nothing_is_in_both() -> None:
    line = await a_busy_day()
    period = whole_period(line)
    cut = (period.begins_ms + period.ends_ms) // 2
    halves = [Period(*edges, MOSCOW, period.now_ms) for edges in ((period.begins_ms, cut), (cut, period.ends_ms))]
    for by in By:
        first, second, both = (
            report(by, part, from_journal(line, part), Variant.OFFERED, BOUNDS).whole.counts
            for part in (*halves, period)
        )
        assert first + second == both, by


async def test_an_interval_in_which_nothing_happened_is_a_row_too() -> None:
    period = Period(0, 4 * HALF_HOUR_MS, MOSCOW, 0)
    found = report(By.INTERVAL, period, Material(), Variant.OFFERED, BOUNDS)
    assert [row.key for row in found.rows] == [str(n * HALF_HOUR_MS) for n in range(4)]
    assert {row.counts for row in found.rows} == {Counts()}


async def test_a_reader_without_tables_says_that_it_cannot(tmp_path: Path) -> None:
    engine = database.open_history(database.place(None, tmp_path / "empty.sqlite3"))
    with pytest.raises(Exception, match="no such table"):
        await from_history(History(engine), By.QUEUE, Period(0, 1, MOSCOW, 1))
    await engine.dispose()


async def test_a_long_journal_is_caught_up_with_quickly(tmp_path: Path) -> None:
    """A guard against a query per call: real speed is told in docs/reports.md."""
    line = await a_busy_day()
    async with opened(tmp_path / "history.sqlite3") as history:
        began = time.perf_counter()
        await history.write("", line.journal)
        assert time.perf_counter() - began < 2
