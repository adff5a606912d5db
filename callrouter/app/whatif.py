"""A day out of the journal, the line's own or a file's, in the centre as it is configured and in a changed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from callrouter.app.simulating import floor_of, refuse_unknown_holidays
from callrouter.documents import Document, read
from callrouter.engine.ports import Line
from callrouter.errors import CallrouterError
from callrouter.journal import Entry
from callrouter.public_holidays import EveryCountry
from callrouter.reporting.intervals import day_ms
from callrouter.reporting.replay import things_at
from callrouter.simulation.again import Setup, Who
from callrouter.simulation.changed import Centre, changed, likes
from callrouter.simulation.day import Calendar
from callrouter.simulation.durations import Duration
from callrouter.simulation.learned import learned, too_little
from callrouter.simulation.outlook import Asked
from callrouter.simulation.recorded import LEAD_MS, NotRecorded, recorded
from callrouter.simulation.whatif import Compared, compare

PAGE = 2_000


class NotToBeJudged(CallrouterError):
    """There is too little to go by; the message says what is missing."""


def setups(
    centre: Centre, change: Path | None, zone: ZoneInfo, without: Sequence[str] = (), more: Sequence[str] = ()
) -> tuple[Setup, Setup]:
    """Before and after; `zone` is the centre's. ConfigError with everything that is wrong about the change."""
    document = read(change) if change is not None else Document("options", value={})
    after = changed(centre, document, without, more)
    refuse_unknown_holidays(after.queues, document)
    calendar = Calendar(zone, EveryCountry)
    return _setup(centre, {}, calendar), _setup(Centre(after.queues, after.agents), likes(after), calendar)


def _setup(centre: Centre, like: Mapping[str, str], calendar: Calendar) -> Setup:
    return Setup(floor_of(centre.agents, centre.queues), centre.queues, like, centre.agents, calendar)


def whatif(
    entries: Sequence[Entry],
    period: tuple[int, int],
    centres: tuple[Setup, Setup],
    who: Who,
    count: int,
    seed: int,
    asked: Asked,
    patience: Duration | None = None,
) -> Compared:
    """NotToBeJudged when the journal has too little, or something else than the model ruled that day."""
    try:
        day = recorded(entries, *period)
    except NotRecorded as why:
        raise NotToBeJudged(str(why)) from why
    found = learned(day, patience)
    if wrong := too_little(day, found):
        raise NotToBeJudged("; ".join(wrong))
    return compare(day, found, *centres, who, count, seed, asked)


def period_of(first: date, last: date, zone: ZoneInfo) -> tuple[int, int]:
    """From the beginning of one day to the end of another."""
    return day_ms(first, zone)[0], day_ms(last, zone)[1]


async def journal_of(line: Line, from_ms: int, to_ms: int) -> list[Entry]:
    """What the line still holds of a period: from a whole floor before it until an hour after it."""
    found: list[Entry] = []
    before = f"{to_ms + LEAD_MS}-0"
    while page := await line.entries_back(before, PAGE):
        found += page
        before = page[-1].id
        whole = any(things_at([entry], entry.id) is not None for entry in page if entry.at_ms <= from_ms - LEAD_MS)
        if whole:
            break
    return found[::-1]
