"""What the journal tells: the list of calls, the story of one, and the live floor."""

from __future__ import annotations

from collections.abc import Sequence

from callrouter.acd.floor import Floor
from callrouter.acd.why import reasons
from callrouter.engine.monitor import ALARM_SHARE, share_used
from callrouter.engine.ports import Line
from callrouter.journal import Entry, Saw, Word
from callrouter.reporting.calls import fold, journal_order
from callrouter.reporting.explain import Story, story
from callrouter.reporting.floor import FloorView, view
from callrouter.reporting.record import CallRecord
from callrouter.reporting.replay import Things, reasons_from
from callrouter.reporting.told import is_named

PAGE = 2_000


async def newest_calls(line: Line, count: int) -> list[CallRecord]:
    """The last `count` calls that began, oldest first."""
    entries: list[Entry] = []
    arrived: list[str] = []
    while len(arrived) < count and (page := await line.entries_back(entries[-1].id if entries else "", PAGE)):
        entries += page
        arrived = [entry.call for entry in entries if entry.word is Word.ARRIVED]
    records = fold(reversed(entries))
    return [records[call] for call in reversed(arrived[:count])]


async def entries_of(line: Line, call: str) -> list[Entry]:
    """Everything the journal holds about one call, oldest first."""
    found: list[Entry] = []
    before = ""
    while page := await line.entries_back(before, PAGE):
        found += [entry for entry in page if entry.call == call]
        if any(entry.word is Word.ARRIVED for entry in found):
            break
        before = page[-1].id
    return found[::-1]


async def explained(line: Line, call: str) -> Story | None:
    """The story of a call, by its id or the unmistakable beginning or end of one; None if there is no such call."""
    found = await history_of(line, call)
    if found is None:
        return None
    wanted, history = found
    return story(fold(history)[wanted], reasons_from(history, choice))


async def history_of(line: Line, call: str) -> tuple[str, list[Entry]] | None:
    """A call's whole id, and the journal from a whole floor before it to its end; None if there is no such call."""
    entries: list[Entry] = []
    wanted: str | None = None
    while page := await line.entries_back(entries[-1].id if entries else "", PAGE):
        entries += page
        wanted = wanted or next((one.call for one in page if one.call and is_named(one.call, call)), None)
        if wanted and _reaches_back(entries, wanted):
            break
    return (wanted, entries[::-1]) if wanted is not None else None


def _reaches_back(newest_first: Sequence[Entry], call: str) -> bool:
    """Whether these entries hold the call's beginning and a whole floor before it."""
    began = next((entry for entry in newest_first if entry.call == call and entry.word is Word.ARRIVED), None)
    if began is None:
        return False
    whole = (Word.SNAPSHOT,)
    return any(entry.word in whole and journal_order(entry.id) < journal_order(began.id) for entry in newest_first)


def choice(things: Things, call: str, saw: Saw) -> Sequence[tuple[str, str]]:
    """The replayed choice: each agent, chosen first, with the reason."""
    found = reasons(Floor(things), call, saw.now_ms, saw.on_their_way.keys(), saw.on_their_way.values())
    return [(reason.agent, reason.text) for reason in found]


async def live_floor(line: Line) -> FloorView:
    """The floor at this moment."""
    snapshot = await line.snapshot()
    living = {str(stored.call) for stored in await line.calls()}
    records = await _records_of(line, living)
    return view(snapshot.things, await line.now_ms(), records, await notes(line))


async def _records_of(line: Line, calls: set[str]) -> list[CallRecord]:
    """The records of calls that are under way: read back as far as the oldest of them began."""
    entries: list[Entry] = []
    missing = set(calls)
    while missing and (page := await line.entries_back(entries[-1].id if entries else "", PAGE)):
        entries += page
        missing -= {entry.call for entry in page if entry.word is Word.ARRIVED}
    return [record for record in fold(reversed(entries)).values() if record.call in calls]


async def notes(line: Line) -> list[str]:
    """What an operator should know beside the floor."""
    share = share_used(await line.health())
    found = []
    if share > ALARM_SHARE:
        found.append(f"Redis uses {share:.0%} of its memory (redis.max_memory_mb)")
    if not await line.living():
        found.append("no worker is running: callers get the fallback")
    return found
