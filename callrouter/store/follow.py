"""Following the journal: every entry once, in order, over lost connections, and never past a hole.

With each reading Redis is asked, on the same connection just after it, whether the entry read last is still there.
Entries go oldest first, so if it is, nothing after it can have gone unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from callrouter.errors import JournalGap, StoreDown
from callrouter.journal import Entry
from callrouter.store.codec import decode_entry
from callrouter.store.connect import LOST, store_errors
from callrouter.store.keys import Keys
from callrouter.store.pipe import Pipe
from callrouter.store.scripts import STILL_HAS

BLOCK_S = 0.5
"""How long Redis holds the question when there is no news."""
PATIENCE_S = 3.0
"""How long a follower goes without a server before it says so."""
PAUSE_S = 0.05
BATCH = 500


async def follow(pipe: Pipe, keys: Keys, after: str, patience_s: float = PATIENCE_S) -> AsyncIterator[Entry]:
    """Every entry after a version; ends by StoreDown after `patience_s` without a server, or by JournalGap."""
    last = after
    clock = asyncio.get_running_loop().time
    trying_since = clock()
    while True:
        try:
            with store_errors():
                fresh = await _read(pipe, keys.journal, last)
        except StoreDown as error:
            if not isinstance(error.__cause__, LOST) or clock() - trying_since >= patience_s:
                raise
            await asyncio.sleep(PAUSE_S)
            continue
        for entry in fresh:
            yield entry
            last = entry.id
        trying_since = clock()


async def _read(pipe: Pipe, journal: str, last: str) -> Sequence[Entry]:
    # The script is sent whole: nobody could send it again after a SCRIPT FLUSH without having waited for it once more.
    news = ("XREAD", "COUNT", BATCH, "BLOCK", round(BLOCK_S * 1000), "STREAMS", journal, last or "0-0")
    streams, still_there = await pipe.ask(news, ("EVAL", STILL_HAS.text, 1, journal, last))
    if not still_there:
        raise JournalGap(f"the journal no longer has all entries after {last!r}: take a new snapshot")
    found = [entry for _, entries in streams or () for entry in entries]
    return [decode_entry(entry_id, dict(zip(flat[::2], flat[1::2], strict=True))) for entry_id, flat in found]
