"""One parent per run folder: two would start two Asterisks on the same ports and the same database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from callrouter.centre.layout import Layout
from callrouter.errors import SetupError


@contextmanager
def sole_parent(layout: Layout) -> Iterator[None]:
    """Held while the centre runs; the system lets go of it when the process ends, however it ends."""
    layout.root.mkdir(parents=True, exist_ok=True)
    with layout.lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError(
                f"a centre is already running in {layout.root} (process {running_parent(layout)}):"
                " end it first, or give this one another run folder"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        lock.truncate(0)


def running_parent(layout: Layout) -> int | None:
    """The process that holds the lock; None when no centre runs here."""
    if not layout.lock.exists():
        return None
    with layout.lock.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = lock.read().strip()
            return int(text) if text.isdigit() else None
    return None
