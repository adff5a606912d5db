"""Keeps the queue_log: entries of the journal become its lines, page by page. Routing never waits for it.

Each machine may have a file of its own: how far it has come is noted beside it (queue_log_file.py), not in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from callrouter.engine.ports import Line
from callrouter.engine.tail import PAGE, read_after, whole_floor
from callrouter.errors import CallrouterError
from callrouter.reporting.queue_log import Lines, Turn
from callrouter.store.queue_log_file import Busy, QueueLogFile

log = structlog.get_logger("queue_log")

TURN_S = 1.0
RETRY_S = 5.0


class QueueLog:
    """The file, and the fold that its next line depends on."""

    def __init__(self, line: Line, file: Path, notes: Path, turn: Turn, *, page: int = PAGE) -> None:
        self._line, self._file, self._notes = line, file, notes
        self._turn, self._page = turn, page
        self._open: QueueLogFile | None = None
        self._lines = Lines(turn)

    @property
    def position(self) -> str | None:
        """The newest entry told in the file; None while it cannot be written."""
        return self._open.kept.version if self._open else None

    async def run(self, wait_s: Callable[[], float] = lambda: TURN_S) -> None:
        """Until cancelled. A file that cannot be written is tried again: its entries wait in the journal."""
        try:
            while True:
                try:
                    while await self.take_page():
                        pass
                    await asyncio.sleep(wait_s())
                except (OSError, Busy, CallrouterError) as error:
                    log.warning("queue_log_waits", why=str(error) or repr(error))
                    self.close()
                    await asyncio.sleep(RETRY_S)
        finally:
            self.close()

    async def take_page(self) -> int:
        """One page into the file; how many entries that was."""
        file = self._open or await self._begin()
        entries, whole = await read_after(self._line, file.kept.version, self._page)
        if not entries:
            return 0
        if not whole:
            log.error("journal_lost_entries", after=file.kept.version, before=entries[0].id)
            self._lines.forget()
        text = "".join(f"{line}\n" for entry in entries for line in self._lines.of(entry)).encode()
        file.append(text, entries[-1].id, self._lines.memory)
        return len(entries)

    async def _begin(self) -> QueueLogFile:
        """From where it was left; a new file from where the whole floor is known."""
        start = await whole_floor(self._line)
        file = self._open = QueueLogFile(self._file, self._notes)
        self._lines = Lines(self._turn, file.memory())
        if not file.kept.version and start:
            file.begin(start)
        log.info("queue_log_open", file=str(self._file), after=file.kept.version)
        return file

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
