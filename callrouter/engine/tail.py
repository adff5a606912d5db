"""Reading the journal from a position of one's own, and knowing whether anything between was lost.

The journal itself is the buffer: whoever reads slowly, or was away, holds nobody up and needs no queue of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from callrouter.engine.ports import Line
from callrouter.journal import Entry, Word

PAGE = 1_000


async def read_after(line: Line, position: str, limit: int = PAGE) -> tuple[Sequence[Entry], bool]:
    """The entries after a position (empty: from the beginning), and whether they are all. They are read together with
    the entry at the position: while that is there, nothing after it can have gone."""
    if not position:
        return await line.entries(limit=limit), True
    found = await line.entries(after=just_before(position), limit=limit + 1)
    if found and found[0].id == position:
        return found[1:], True
    return found[:limit], False


async def whole_floor(line: Line) -> str:
    """Just before the newest SNAPSHOT, from where on the floor can be followed; empty if the journal has none."""
    before = ""
    while page := await line.entries_back(before, PAGE):
        for entry in page:
            if entry.word is Word.SNAPSHOT:
                return just_before(entry.id)
        before = page[-1].id
    return ""


async def newest(line: Line) -> str:
    """The version of the last entry there is; empty if there is none."""
    return next((entry.id for entry in await line.entries_back(limit=1)), "")


def just_before(version: str) -> str:
    """The greatest id that is smaller; a stream's numbers are of 64 bits (Redis documentation, "Streams")."""
    ms, _, number = version.partition("-")
    return f"{ms}-{int(number) - 1}" if int(number) else f"{int(ms) - 1}-{2**64 - 1}"
