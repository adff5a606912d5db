"""Runs a program that speaks: text on its standard input, sound back, within a deadline and a bound. No shell."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from callrouter.errors import SetupError

DEADLINE_S = 60
LARGEST_BYTES = 64_000_000
"""Ten minutes of studio sound. More than that is a program gone mad."""
_COMPLAINT_BYTES = 65_536


async def say(name: str, command: Sequence[str], text: str, extra: Mapping[str, str] | None = None) -> bytes:
    """What the program wrote to its standard output. SetupError says in its own words why there is nothing."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(extra or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise SetupError(f"{name} does not start ({error}); check its path") from error
    try:
        async with asyncio.timeout(DEADLINE_S):
            said, complaint = await _talk(process, text.encode())
            await process.wait()
    except TimeoutError as error:
        raise SetupError(f"{name} did not finish speaking within {DEADLINE_S} s; try it by hand") from error
    finally:
        await _end(process)
    if len(said) > LARGEST_BYTES:
        raise SetupError(
            f"{name} gave more than {LARGEST_BYTES // 1_000_000} MB of sound for one prompt; try it by hand"
        )
    if process.returncode:
        raise SetupError(f"{name} failed: {first_line(complaint or said[:200])}")
    return said


async def _talk(process: asyncio.subprocess.Process, text: bytes) -> tuple[bytes, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    reading = asyncio.gather(
        _read(process.stdout, LARGEST_BYTES + 1, lambda: _kill(process)),
        _read(process.stderr, _COMPLAINT_BYTES, lambda: None),
    )
    with suppress(BrokenPipeError, ConnectionResetError):  # a program that does not read says why on its own
        process.stdin.write(text)
        await process.stdin.drain()
    process.stdin.close()
    said, complaint = await reading
    return said, complaint


async def _read(stream: asyncio.StreamReader, most: int, when_too_much: Callable[[], None]) -> bytes:
    """To its end, for a pipe that is left unread keeps the program and our end of it open."""
    found = bytearray()
    while chunk := await stream.read(65_536):
        if len(found) < most <= len(found) + len(chunk):
            when_too_much()
        found += chunk[: most - len(found)]
    return bytes(found)


async def _end(process: asyncio.subprocess.Process) -> None:
    _kill(process)
    await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    """Also whatever the program has started itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def first_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[0][:200] if lines else "it said nothing"
