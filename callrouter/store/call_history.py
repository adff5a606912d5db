"""Calls looked up in the journal: the newest, one by the end of its id, and the floor's past for a replay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from callrouter.engine.ports import Line
from callrouter.journal import Entry, Word
from callrouter.recordings.facts import RecordingFacts
from callrouter.recordings.name import call_of
from callrouter.reporting.calls import fold, journal_order
from callrouter.reporting.explain import Story, story
from callrouter.reporting.record import CallRecord
from callrouter.reporting.replay import Choice, reasons_from
from callrouter.telephony import CallId, RecordingId

PAGE = 1000
AFTER_END_MS = 3_600_000
"""How long after a call's end its recording is still looked for."""
CLOCKS_APART_MS = 60_000
"""Ids are made by a worker's clock, entries by the store's."""
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


async def newest_calls(line: Line, count: int) -> Sequence[CallRecord]:
    """The last `count` calls that arrived, oldest first, as far as the journal goes back."""
    entries: list[Entry] = []
    arrived = 0
    async for entry in _backwards(line):
        entries.append(entry)
        arrived += entry.word is Word.ARRIVED
        if arrived == count:
            break
    return [record for record in fold(entries).values() if record.whole][-count:]


async def find_calls(line: Line, text: str) -> Sequence[CallId]:
    """The calls whose id is or ends with this text, newest first."""
    return [
        CallId(entry.call)
        async for entry in _backwards(line)
        if entry.word is Word.ARRIVED and entry.call.endswith(text)
    ]


async def entries_of(line: Line, call: CallId) -> Sequence[Entry]:
    """All that the journal says of one call, oldest first."""
    found: list[Entry] = []
    ended_ms = 0
    async for entry in _forwards(line, f"{max(0, began_ms(call) - CLOCKS_APART_MS)}-0"):
        if ended_ms and entry.at_ms > ended_ms + AFTER_END_MS:
            break
        if entry.call == call:
            found.append(entry)
            ended_ms = entry.at_ms if entry.word is Word.ENDED else ended_ms
    return found


async def tell(line: Line, call: CallId, choice: Choice) -> Story | None:
    """The story of one call with its reasons; None if the journal knows nothing of it."""
    entries = await entries_of(line, call)
    if not entries:
        return None
    record = fold(entries)[call]
    versions = [offer.version for offer in record.offers] + [visit.version for visit in record.visits]
    past = await past_of_floor(line, min(versions, key=journal_order), entries[-1].id) if versions else ()
    return story(record, reasons_from(past, choice))


async def past_of_floor(line: Line, first: str, last: str) -> Sequence[Entry]:
    """Every entry from the newest whole floor before the version `first` on, to `last`, oldest first."""
    past: list[Entry] = []
    async for entry in _backwards(line, _next(last)):
        past.append(entry)
        if entry.word is Word.SNAPSHOT and journal_order(entry.id) <= journal_order(first):
            break
    return past[::-1]


async def facts_of(line: Line, recording: RecordingId) -> RecordingFacts | None:
    """What the journal knows of a recording's conversation."""
    call = call_of(recording)
    record = fold(await entries_of(line, call)).get(call)
    return facts_in(record, recording) if record else None


def facts_in(record: CallRecord, recording: RecordingId) -> RecordingFacts | None:
    """The facts of one of a call's recordings, for its sidecar."""
    for n, talk in enumerate(record.talks, 1):
        if talk.recording == recording:
            return RecordingFacts(
                recording=recording,
                call=CallId(record.call),
                n=n,
                started_ms=talk.at_ms,
                agent=talk.agent,
                queue=talk.queue,
                caller=record.caller,
                number=record.number,
                tree=record.tree,
                tree_version=record.version,
                path=tuple(step.node for step in record.path),
            )
    return None


def began_ms(call: CallId) -> int:
    """When a call began, by its id: `c`, ten characters of time (github.com/ulid/spec); 0 for another kind of id."""
    time = call[1:11]
    if len(time) < 10 or not set(time) <= set(ALPHABET):
        return 0
    ms = 0
    for char in time:
        ms = ms * 32 + ALPHABET.index(char)
    return ms


def _next(version: str) -> str:
    ms, number = journal_order(version)
    return f"{ms}-{number + 1}"


async def _backwards(line: Line, before: str = "") -> AsyncIterator[Entry]:
    while page := await line.entries_back(before, PAGE):
        for entry in page:
            yield entry
        before = page[-1].id


async def _forwards(line: Line, after: str) -> AsyncIterator[Entry]:
    while page := await line.entries(after, "", PAGE):
        for entry in page:
            yield entry
        after = page[-1].id
