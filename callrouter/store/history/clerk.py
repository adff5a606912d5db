"""The clerk: carries the journal into the history, page by page, and lets the journal forget what is old and kept.

One clerk at a time works (a lock in the store, so that two do not do the same work); what keeps the history right,
should two work all the same, is the history itself (history.py). Routing never waits for any of this: it is a process
of its own, and if it is down the journal simply keeps its entries, as many as `redis.journal_entries`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from callrouter.engine.ports import Line, Owner
from callrouter.engine.tail import read_after
from callrouter.errors import CallrouterError
from callrouter.journal import Entry
from callrouter.reporting.calls import journal_order
from callrouter.store.history.history import Gap, History, Outrun

log = structlog.get_logger("history")

TURN_S = 1.0
PAGE = 1_000
TRIM_S = 60.0
LOCK = "history"


class Clerk:
    """Remembers only when the journal was trimmed last."""

    def __init__(
        self,
        line: Line,
        history: History,
        owner: Owner,
        *,
        keep_ms: int,
        on_written: Callable[[Sequence[Entry]], None] = lambda _: None,
        page: int = PAGE,
    ) -> None:
        self._line, self._history, self._owner = line, history, owner
        self._keep_ms = keep_ms
        self._on_written = on_written
        self._page = page
        self._trim_at = 0.0

    async def run(self) -> None:
        """Until cancelled. Whatever does not answer is asked again at the next turn."""
        while True:
            try:
                await self.turn()
            except CallrouterError as error:
                log.warning("history_waits", why=str(error) or repr(error))
            await asyncio.sleep(TURN_S)

    async def turn(self) -> int:
        """What there is and can be done in a turn's time, if it is this clerk's turn; how many entries that was."""
        if not await self._line.try_lock(LOCK, self._owner, TURN_S * 0.9):
            return 0
        clock = asyncio.get_running_loop().time
        began, written = clock(), 0
        while clock() - began < TURN_S * 0.8 and (page := await self.take_page()):
            written += page
        if began >= self._trim_at:
            await self.trim()
            self._trim_at = began + TRIM_S
        return written

    async def take_page(self) -> int:
        """One page into the history; how many entries that was."""
        position = await self._history.position()
        entries, whole = await read_after(self._line, position, self._page)
        if not entries:
            return 0
        gap = None if whole else Gap(await self._line.now_ms())
        try:
            await self._history.write(position, entries, gap)
        except Outrun:
            log.info("history_outrun", position=position)
            return 0
        if gap:
            log.error("journal_lost_entries", after=position, before=entries[0].id)
        self._on_written(entries)
        return len(entries)

    async def trim(self) -> int:
        """Let the journal forget what the history has, what is older than it must keep, and what no living call and no
        explanation of one needs."""
        before = [await self._history.position(), f"{await self._line.now_ms() - self._keep_ms}-0"]
        living = {str(stored.call) for stored in await self._line.calls()}
        arrivals = await self._history.arrivals(living)
        before += [f"{ms}-0" for ms in arrivals.values()]
        return await self._line.trim_before(min(before, key=journal_order))
