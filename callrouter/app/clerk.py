"""`callrouter clerk`: the process that carries the journal to everybody who wants to know: the history, the queue_log,
webhooks, Prometheus, listeners to events.

A process of its own, and niced, so that neither a long catching up nor a scrape ever takes time from a call.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

import structlog

from callrouter.acd.turn import turn
from callrouter.app.books import open_history, usual_bounds
from callrouter.app.site import Site
from callrouter.config_files import resolve
from callrouter.engine.ports import Line, Owner
from callrouter.errors import CallrouterError
from callrouter.metrics.live import Look, text
from callrouter.metrics.server import serve
from callrouter.metrics.stream import Events
from callrouter.metrics.tally import Tally
from callrouter.reporting.floor import view
from callrouter.store.history.clerk import Clerk
from callrouter.store.history.history import History
from callrouter.store.queue_log import QueueLog
from callrouter.webhooks.hook import Hook

log = structlog.get_logger()

NICE = 10
RETRY_S = 2.0
CRASHED_S = 10.0


async def run(site: Site) -> None:
    """Until SIGTERM or SIGINT; whatever is not there yet is waited for."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    structlog.contextvars.bind_contextvars(worker="clerk")
    os.nice(NICE)
    line, history = site.open_line(), open_history(site)
    work = asyncio.create_task(_work(site, line, history), name="clerk")
    ends = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait((work, ends), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        for task in (work, ends):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await history.close()
        await line.close()


async def _work(site: Site, line: Line, history: History) -> None:
    bounds = usual_bounds(site.config)
    tally = Tally(bounds.limit_ms(queue) / 1000 for queue in ("", *site.config.queues))
    owner = Owner(f"clerk/{secrets.token_hex(4)}")
    keep_ms = round(site.config.history.journal_hours * 3_600_000)
    clerk = Clerk(line, history, owner, keep_ms=keep_ms, on_written=tally.count)
    log_file, hooks = queue_log(site, line), webhooks(site, line, owner)
    events = Events(line, whole_numbers=site.config.metrics.numbers == "whole")
    async with asyncio.TaskGroup() as tasks:
        if port := site.config.metrics.port:
            page = partial(metrics, site, line, history, tally, log_file, hooks)
            tasks.create_task(serve(port, page, events.answer), name="metrics")
        if log_file is not None:
            tasks.create_task(_for_ever("queue_log", log_file.run), name="queue_log")
        for hook in hooks:
            tasks.create_task(_for_ever(f"webhook {hook.name}", hook.run), name=f"webhook {hook.name}")
        await _prepared(history)
        log.info("clerk_open", owner=owner)
        tasks.create_task(clerk.run(), name="history")


def queue_log(site: Site, line: Line) -> QueueLog | None:
    """If the configuration wants one."""
    file = site.config.history.queue_log
    return QueueLog(line, file, site.layout.queue_log_notes, partial(turn, target_ms=0)) if file else None


def webhooks(site: Site, line: Line, owner: Owner) -> list[Hook]:
    found = []
    for name, part in site.config.webhooks.items():
        secret = partial(resolve, part.secret, f"webhooks.{name}.secret") if part.secret else lambda: None
        found.append(Hook(name, part, secret, line, owner))
    return found


async def _for_ever(part: str, run: Callable[[], Awaitable[None]]) -> None:
    """A crash of one of them is a bug, and no reason for the history to stop."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("part_crashed", part=part)
            await asyncio.sleep(CRASHED_S)


async def _prepared(history: History) -> None:
    while True:
        try:
            return await history.prepare()
        except CallrouterError as error:
            log.warning("waiting", what="history", why=str(error))
            await asyncio.sleep(RETRY_S)


async def metrics(
    site: Site,
    line: Line,
    history: History,
    tally: Tally,
    log_file: QueueLog | None = None,
    hooks: Sequence[Hook] = (),
) -> bytes:
    """What Prometheus reads; parts that do not answer are told as down instead of hiding the others."""
    look = Look(free_bytes=_free(site), queue_log=log_file.position if log_file else "", hooks=hooks)
    try:
        look.health = await line.health()
        look.floor = view((await line.snapshot()).things, await line.now_ms())
        look.calls, look.workers = len(await line.calls()), len(await line.living())
    except CallrouterError as error:
        log.warning("metrics_without_store", why=str(error))
    try:
        look.position, look.gaps = await history.position(), await history.gaps()
    except CallrouterError as error:
        log.warning("metrics_without_history", why=str(error))
    return text(tally, look)


def _free(site: Site) -> int:
    try:
        return shutil.disk_usage(site.recordings).free
    except OSError:
        return 0
