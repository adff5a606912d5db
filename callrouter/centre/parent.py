"""The parent of a centre's processes: starts them in order, restarts whichever dies, stops them in reverse.

Rule: no child's death touches another child; a dead parent takes all with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from callrouter.centre.leftovers import leftover, note
from callrouter.errors import CallrouterError, SetupError

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
LOG_BOUND = 10_000_000
"""Bytes of a child's log before it is laid aside; one older log is kept."""


class NotReady(CallrouterError):
    """A child that has been started does not serve yet; ask again."""


async def _at_once() -> None:
    """Ready as soon as started."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process that the parent keeps alive."""

    name: str
    command: Callable[[], Sequence[str]]
    prepare: Callable[[], None] = lambda: None
    """Before every start; SetupError when it cannot be started now."""
    ready: Callable[[], Awaitable[None]] = _at_once
    """Returns once it serves; raises NotReady until then, SetupError if it never will."""
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_s: float = 30
    stop_s: float = 10
    """How long it may take to end after SIGTERM, before SIGKILL."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next start: doubled each time, with jitter, back to the first after a stable run."""

    first_s: float = 0.5
    most_s: float = 30
    stable_s: float = 60

    def wait_s(self, failures: int, dice: random.Random) -> float:
        longest = min(self.most_s, self.first_s * 2.0 ** min(failures, 30))
        return longest * dice.uniform(0.5, 1)


@dataclass(frozen=True, slots=True)
class ChildNews:
    """What the parent tells about a child."""

    child: str
    what: Literal["started", "ready", "died", "failed", "stopping", "killed", "stopped"]
    detail: str = ""


class _Running:
    """A child, its process and what became of it."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: asyncio.subprocess.Process | None = None
        self.failures = 0
        self.task: asyncio.Task[None] | None = None
        self.is_ready = asyncio.Event()


class Parent:
    """Starts, watches, restarts and stops the children, in the order given."""

    def __init__(
        self,
        children: Sequence[Child],
        log_folder: Path,
        *,
        tell: Callable[[ChildNews], None] = lambda _: None,
        backoff: Backoff | None = None,
        dice: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._running = {child.name: _Running(child) for child in children}
        self._log_folder = log_folder
        self._tell = tell
        self._backoff = backoff or Backoff()
        self._dice = dice or random.Random()
        self._clock = clock
        self._stopping = False

    async def start(self) -> None:
        """Every child up and ready, one after the other. SetupError, and everything stopped again, if one will not."""
        try:
            for running in self._running.values():
                await self._bring_up(running)
                running.task = asyncio.create_task(self._keep_alive(running), name=f"parent of {running.child.name}")
        except BaseException:
            await self.stop()
            raise

    async def add(self, child: Child) -> None:
        """One more child, for example another worker."""
        if child.name in self._running:
            raise ValueError(f"there is already a child named {child.name}")
        running = self._running[child.name] = _Running(child)
        await self._bring_up(running)
        running.task = asyncio.create_task(self._keep_alive(running), name=f"parent of {child.name}")

    async def stop(self) -> None:
        """All children ended, the last started first."""
        self._stopping = True
        for running in reversed(self._running.values()):
            if running.task:
                running.task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running.task
            await self._end(running)

    def pid(self, name: str) -> int | None:
        """The process of a child, None while it has none."""
        process = self._running[name].process
        return process.pid if process and process.returncode is None else None

    async def wait_ready(self, name: str) -> None:
        """Returns when the child serves (again)."""
        await self._running[name].is_ready.wait()

    async def _keep_alive(self, running: _Running) -> None:
        while not self._stopping:
            await self._until_death(running)
            await self._restart(running)

    async def _until_death(self, running: _Running) -> None:
        process = running.process
        assert process is not None
        began = self._clock()
        code = await process.wait()
        running.is_ready.clear()
        if self._clock() - began >= self._backoff.stable_s:
            running.failures = 0
        self._tell(ChildNews(running.child.name, "died", _how(code)))

    async def _restart(self, running: _Running) -> None:
        """Until it serves again, however often that takes."""
        while True:
            await asyncio.sleep(self._backoff.wait_s(running.failures, self._dice))
            running.failures += 1
            try:
                return await self._bring_up(running)
            except SetupError as error:
                self._tell(ChildNews(running.child.name, "failed", str(error)))

    async def _bring_up(self, running: _Running) -> None:
        child = running.child
        await self._until_alone(child)
        child.prepare()
        with self._log(child).open("ab") as log:
            running.process = await asyncio.create_subprocess_exec(
                *child.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **child.environment},
                # Ctrl-C at the terminal is for the parent, which then stops everything in order.
                start_new_session=True,
                preexec_fn=_well_brought_up(os.getpid()),
            )
        note(self._note(child), running.process.pid)
        self._tell(ChildNews(child.name, "started", f"process {running.process.pid}"))
        try:
            await self._until_ready(running)
        except BaseException:
            await self._end(running)
            raise
        running.is_ready.set()
        self._tell(ChildNews(child.name, "ready"))

    async def _until_alone(self, child: Child) -> None:
        """Two on the same data would spoil it."""
        try:
            async with asyncio.timeout(child.ready_s):
                while leftover(self._note(child)):  # noqa: ASYNC110 - another parent's child: no event tells of its end
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            pid = leftover(self._note(child))
            raise SetupError(f"the {child.name} of an earlier start is still running: run `kill {pid}`") from error

    async def _until_ready(self, running: _Running) -> None:
        child, process = running.child, running.process
        assert process is not None
        last = "no answer"
        try:
            async with asyncio.timeout(child.ready_s):
                while process.returncode is None:
                    try:
                        return await child.ready()
                    except NotReady as error:
                        last = str(error)
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise SetupError(
                f"{child.name} is not ready after {child.ready_s:g} s: {last}{self._tail(child)}"
            ) from error
        raise SetupError(f"{child.name} ended at once ({_how(process.returncode)}){self._tail(child)}")

    async def _end(self, running: _Running) -> None:
        process, child = running.process, running.child
        running.is_ready.clear()
        if process is None or process.returncode is not None:
            return
        self._tell(ChildNews(child.name, "stopping"))
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(child.stop_s):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            self._tell(ChildNews(child.name, "killed", f"did not end within {child.stop_s:g} s"))
        self._tell(ChildNews(child.name, "stopped", _how(process.returncode)))

    def _note(self, child: Child) -> Path:
        return self._log(child).with_suffix(".pid")

    def _log(self, child: Child) -> Path:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        return self._log_folder / f"{child.name}.log"

    def trim_logs(self, bound: int = LOG_BOUND) -> None:
        """Lay aside a log that has grown too long: the child writes on (it appends) into the emptied file."""
        for running in self._running.values():
            file = self._log(running.child)
            if file.exists() and file.stat().st_size > bound:
                with file.open("rb") as stream:
                    stream.seek(-bound, os.SEEK_END)
                    file.with_suffix(".log.1").write_bytes(stream.read())
                os.truncate(file, 0)

    def _tail(self, child: Child, lines: int = 5) -> str:
        file = self._log(child)
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 4000))
            said = stream.read().decode(errors="replace").splitlines()[-lines:]
        return "".join(f"\n  {line}" for line in said)


def _how(code: int | None) -> str:
    """A return code in words."""
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _well_brought_up(parent: int) -> Callable[[], None]:
    """Runs in the child before its program: SIGTERM when the parent is gone, however it went (prctl(2)); all the files
    that the system grants (the usual soft limit of 1024 is about a hundred calls)."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def ask() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask
