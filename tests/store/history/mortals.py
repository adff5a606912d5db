"""Clerks that may be killed: for every line on its input this process makes a child that keeps the history without a
rest, and prints its pid. Forked from a process that has loaded everything, so that a life can be short."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import structlog

from callrouter.engine.ports import Owner
from callrouter.errors import CallrouterError
from callrouter.store.connect import on_socket
from callrouter.store.history import database
from callrouter.store.history.clerk import Clerk
from callrouter.store.history.history import History
from callrouter.store.redis_line import RedisLine

PAGE = 3
KEEP_MS = 400


async def live(socket: str, url: str) -> None:
    """Page after page, and the journal trimmed behind, until killed."""
    line = RedisLine(on_socket(Path(socket)))
    history = History(database.open_history(database.place(url, Path())))
    clerk = Clerk(line, history, Owner(f"clerk/{os.getpid()}"), keep_ms=KEEP_MS, page=PAGE)
    while True:
        try:
            if not await clerk.take_page():
                await asyncio.sleep(0.002)
            await clerk.trim()
        except CallrouterError as error:
            print(error, file=sys.stderr, flush=True)
            await asyncio.sleep(0.05)


def main(socket: str, url: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    children: list[int] = []
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(live(socket, url))
        children.append(pid)
        print(pid, flush=True)
    for child in children:  # none has been waited for, so their pids are still theirs
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
