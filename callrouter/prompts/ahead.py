"""What is said during calls: made once for all who wait for it, never on the loop, kept within a bound on the disk."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from pathlib import Path

import structlog

from callrouter.errors import SetupError
from callrouter.prompts.source import LAWS, Source

log = structlog.get_logger(__name__)

ASKED_MOST = 5000
"""Names asked for and not made yet; the oldest are forgotten."""
WAITING_MOST = 200
"""Being made or waiting for it. A voice that is so far behind is not given more: those callers hear the rest."""
KEEP_AT_LEAST_S = 600
"""Nothing that was used so lately is taken away: somebody may be about to hear it."""
KEEP_AT_MOST_S = 7 * 86_400
"""What callers were told (sums, numbers, names) does not lie about for longer unless it is told again."""
SWEEP_EVERY = 200
"""Made files between two looks at the bound."""


class Ahead:
    """Makes sounds on demand. `make` is given one source after another, at most `at_once` at a time."""

    def __init__(
        self, folder: Path, make: Callable[[Source], Coroutine[object, object, None]], at_once: int, bound_bytes: int
    ) -> None:
        self._folder, self._make, self._at_once, self._bound = folder, make, at_once, bound_bytes
        self._asked: dict[str, Source] = {}
        self._lock = threading.Lock()
        self._making: dict[str, asyncio.Task[None]] = {}
        self._room: asyncio.Semaphore | None = None
        self._made = 0

    def ask(self, sources: Iterable[Source]) -> None:
        """Remember how these are made; nothing is done yet. From any thread."""
        with self._lock:
            for source in sources:
                self._asked.pop(str(source.stem), None)
                self._asked[str(source.stem)] = source
            while len(self._asked) > ASKED_MOST:
                del self._asked[next(iter(self._asked))]

    def missing(self, files: Iterable[str]) -> list[Source]:
        """Those of these files that are not there and that we know how to make."""
        with self._lock:
            known = {source.stem: source for file in files if (source := self._asked.get(file))}
        return [source for source in known.values() if not source.ready]

    def begin(self, files: Iterable[str]) -> list[asyncio.Task[None]]:
        """Start making what is missing, on the running loop."""
        return [task for source in self.missing(files) if (task := self._task(source))]

    async def made(self, files: Iterable[str], within_s: float) -> bool:
        wanted = tuple(files)
        work = self.begin(wanted)
        if work:
            await asyncio.wait(work, timeout=within_s)
        return not self.missing(wanted)

    async def ready(self, files: tuple[str, ...], within_s: float) -> tuple[str, ...]:
        await self.made(files, within_s)
        return self._there(files)

    def ready_now(self, files: tuple[str, ...], within_s: float) -> tuple[str, ...]:
        missing = self.missing(files)
        if missing:
            asyncio.run(self._one_by_one(missing, within_s))
        return self._there(files)

    async def close(self) -> None:
        work = list(self._making.values())
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    def _there(self, files: tuple[str, ...]) -> tuple[str, ...]:
        late = {str(source.stem) for source in self.missing(files)}
        if late:
            log.error("prompt_late", missing=len(late), of=len(files))
        self._touch(file for file in files if file not in late)
        return tuple(file for file in files if file not in late)

    def _touch(self, files: Iterable[str]) -> None:
        """Used now: the bound takes what was not used for longest."""
        for file in files:
            if Path(file).is_relative_to(self._folder):
                for law in LAWS:
                    with suppress(FileNotFoundError):  # swept this instant, after a week of silence
                        os.utime(file + law)

    def _task(self, source: Source) -> asyncio.Task[None] | None:
        name = str(source.stem)
        if name not in self._making:
            if len(self._making) >= WAITING_MOST:
                log.error("voice_behind", waiting=len(self._making))
                return None
            task = asyncio.create_task(self._made_or_told(source), name=f"prompt {source.stem.name}")
            self._making[name] = task
            task.add_done_callback(lambda _: self._making.pop(name, None))
        return self._making[name]

    async def _made_or_told(self, source: Source) -> None:
        self._room = self._room or asyncio.Semaphore(self._at_once)
        async with self._room:
            await self._told(self._make(source))
        self._made += 1
        if self._made % SWEEP_EVERY == 1:
            await asyncio.to_thread(self.sweep)

    async def _one_by_one(self, sources: Iterable[Source], within_s: float) -> None:
        with suppress(TimeoutError):  # what is missing then is told by _there
            async with asyncio.timeout(within_s):
                for source in sources:
                    await self._told(self._make(source))

    async def _told(self, making: Awaitable[None]) -> None:
        """A voice that fails costs a caller a word, not the call."""
        try:
            await making
        except (SetupError, OSError) as error:
            log.error("voice_failed", why=str(error))

    def sweep(self) -> int:
        """Take away what is old, and what was unused for longest until the rest is within the bound; how many went."""
        now = time.time()
        found = sorted(self._sizes(), reverse=True)
        total, gone = 0, 0
        for used, size, stem in found:
            total, age = total + size, now - used
            if (total > self._bound and age > KEEP_AT_LEAST_S) or age > KEEP_AT_MOST_S:
                for law in LAWS:
                    Path(f"{stem}{law}").unlink(missing_ok=True)
                gone += 1
        return gone

    def _sizes(self) -> Iterable[tuple[float, int, str]]:
        for file in self._folder.glob(f"*/*{LAWS[0]}"):
            with suppress(FileNotFoundError):  # another worker sweeps too
                facts = file.stat()
                yield facts.st_mtime, facts.st_size * len(LAWS), str(file.with_suffix(""))
