"""The niced process that merges recordings, kept while there is work, so that merging never takes time from calls.

Why a process: it leaves the processor to Asterisk (niced), and a fault in the sound library cannot end a worker. A
niced thread is no way out: holding Python's lock it held up the event loop 26 ms beside one busy core (measured).
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import msgspec

from callrouter.store.recording_job import Failed, Job, Outcome

IDLE_S = 30.0
"""So long without work, and the process ends: it holds about 40 MB."""


class MergeProcess:
    """One process, one job at a time. Started at the first job; started again after it died or went idle."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def merge(self, job: Job) -> Outcome:
        """Carry out one job. That the process died over it is an outcome too: the raw sides are still there."""
        async with self._turn:
            if self._idle:
                self._idle.cancel()
            process = await self._running()
            try:
                return await _ask(process, job)
            except (BrokenPipeError, ConnectionResetError, EOFError):
                await self._end(process)
                return Failed(job.recording, f"the merging process died (exit {process.returncode})")
            except asyncio.CancelledError:
                await self._end(process)  # its answer would be taken for the next job's
                raise
            finally:
                self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._let_go)

    async def close(self) -> None:
        """End the process, whatever it is doing; unfinished work is found by the next sweep."""
        if self._idle:
            self._idle.cancel()
        if self._process:
            await self._end(self._process)

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            # a session of its own: Ctrl-C at the terminal is for the parent, which stops everything in order
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "callrouter.store.merge", stdin=PIPE, stdout=PIPE, start_new_session=True
            )
        return self._process

    async def _end(self, process: Process) -> None:
        self._process = None
        if process.returncode is None:
            process.kill()
        await process.wait()

    def _let_go(self) -> None:
        """The end of its input ends it."""
        if self._process and self._process.stdin and not self._turn.locked():
            self._process.stdin.close()
            self._process = None


async def _ask(process: Process, job: Job) -> Outcome:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(job) + b"\n")
    await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer.endswith(b"\n"):
        raise EOFError
    outcome: Outcome = msgspec.json.decode(answer, type=Outcome)
    return outcome
