"""The journal's newest entries, those since one, and those that come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import islice

from callrouter.engine.ports import Line
from callrouter.engine.tail import PAGE, newest, read_after
from callrouter.errors import JournalGap
from callrouter.journal import Entry
from callrouter.reporting.told import Wanted

OnGap = Callable[[], None]


async def newest_events(line: Line, wanted: Wanted, count: int) -> tuple[list[Entry], str]:
    """The last `count` that are wanted, oldest first, however far back they are; and the newest entry there was."""
    found: list[Entry] = []
    page = await line.entries_back(limit=PAGE)
    position = page[0].id if page else ""
    while page and len(found) < count:
        found += islice(filter(wanted.has, page), count - len(found))
        page = await line.entries_back(page[-1].id, PAGE)
    return found[::-1], position


async def events_since(line: Line, wanted: Wanted, after: str, on_gap: OnGap) -> AsyncIterator[Entry]:
    """Those after this one that there are."""
    while True:
        entries, whole = await read_after(line, after)
        if not entries:
            return
        if not whole:
            on_gap()
        for entry in filter(wanted.has, entries):
            yield entry
        after = entries[-1].id


async def coming_events(line: Line, wanted: Wanted, after: str, on_gap: OnGap) -> AsyncIterator[Entry]:
    """Those after this one, for ever. Where entries were lost it goes on with those that come."""
    while True:
        try:
            async for entry in line.follow(after):
                if wanted.has(entry):
                    yield entry
        except JournalGap:
            on_gap()
            after = await newest(line)
