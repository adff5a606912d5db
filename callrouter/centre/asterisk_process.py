"""The private Asterisk: render its configuration, start it, and believe it only when its log has no ERROR.

Asterisk boots without HTTP or SIP when a port is taken, and says so in its log alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from callrouter.centre.layout import Layout
from callrouter.centre.parent import Child, NotReady
from callrouter.centre.ports import Port, port_problems
from callrouter.centre.programs import asterisk_folders, command
from callrouter.centre.render import Switchboard, render
from callrouter.errors import SetupError

_LOG_BOUND = 20_000_000


def asterisk_child(board: Callable[[], Switchboard], layout: Layout, ports: tuple[Port, ...] = ()) -> Child:
    """How the parent starts Asterisk and knows that it is there."""
    log_read = _LogReader(layout.asterisk_messages)

    def prepare() -> None:
        if problems := port_problems(ports):
            raise SetupError("; ".join(problems))
        render(board(), layout, asterisk_folders())
        log_read.skip_to_end()

    async def ready() -> None:
        await fully_booted(layout)
        if errors := log_read.errors():
            raise SetupError(
                f"Asterisk has booted with errors (see {layout.asterisk_messages}): {'; '.join(errors[:5])}"
            )

    return Child(
        name="asterisk",
        command=lambda: (*command("asterisk"), "-C", str(layout.asterisk_conf), "-f", "-n"),
        prepare=prepare,
        ready=ready,
        stop_s=10,
    )


async def console(layout: Layout, line: str, timeout_s: float = 10) -> str:
    """What Asterisk's console answers to one line; NotReady while nobody is there."""
    process = await asyncio.create_subprocess_exec(
        *command("asterisk"),
        "-C",
        str(layout.asterisk_conf),
        "-rx",
        line,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise NotReady(f"does not answer `{line}` within {timeout_s:g} s") from error
    text = said.decode(errors="replace").strip()
    if process.returncode:
        raise NotReady(text or "is not there yet")
    return text


async def fully_booted(layout: Layout) -> None:
    """Returns when every module has been loaded."""
    said = await console(layout, "core waitfullybooted")
    if "fully booted" not in said:
        raise NotReady(said)


async def trim_log(layout: Layout, bound: int = _LOG_BOUND) -> None:
    """Keep Asterisk's own logs bounded: two files each."""
    files = [layout.asterisk_messages, layout.asterisk_log / "security"]
    if not any(file.exists() and file.stat().st_size > bound for file in files):
        return
    with contextlib.suppress(NotReady):  # its log does not grow while it is away
        await console(layout, "logger rotate")
    for file in files:
        for old in file.parent.glob(f"{file.name}.[1-9]*"):
            old.unlink()


class _LogReader:
    """What Asterisk has logged since a moment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._from = 0

    def skip_to_end(self) -> None:
        self._from = self._file.stat().st_size if self._file.exists() else 0

    def errors(self) -> list[str]:
        if not self._file.exists():
            return []
        with self._file.open("rb") as stream:
            stream.seek(self._from)
            lines = stream.read().decode(errors="replace").splitlines()
        return [line for line in lines if "] ERROR[" in line]
