"""The page that Prometheus reads, and the stream of events, on this computer only: whoever may log in here may read
them, nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

log = structlog.get_logger()

HOST = "127.0.0.1"
RETRY_S = 10.0
GOODBYE_S = 0.5
"""Listeners to events stay for ever: they are not waited for."""


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(port: int, text: Callable[[], Awaitable[bytes]], events: Answer | None = None) -> None:
    """Until cancelled. A port that is taken is asked for again: another clerk may be about to let go of it."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=await text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/metrics", page)
    if events is not None:
        application.router.add_get("/events", events)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=GOODBYE_S)
    await runner.setup()
    try:
        await _open(runner, port)
        await asyncio.get_running_loop().create_future()
    finally:
        await runner.cleanup()


async def _open(runner: web.AppRunner, port: int) -> None:
    while True:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            log.warning("metrics_wait", port=port, why=str(error))
            await asyncio.sleep(RETRY_S)
        else:
            log.info("metrics_open", port=port)
            return
