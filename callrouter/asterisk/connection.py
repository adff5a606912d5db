"""The event websocket: kept open for ever, quick to come back, and silent for good once another process has our name.

Asterisk repeats nothing: what happened while the socket was down is found out by `prepare` (filter, subscriptions,
resync), and events that arrive meanwhile wait until it is done. Reading never waits for anybody.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import aiohttp
import structlog

from callrouter.asterisk.requests import Access
from callrouter.errors import CallrouterError, SwitchDown

log = structlog.get_logger(__name__)

HEARTBEAT_S = 5.0
"""A peer that is half gone is noticed within one and a half of these."""
FIRST_DELAY_S, LONGEST_DELAY_S = 0.1, 2.0


def delay_s(failures: int, chance: Callable[[], float]) -> float:
    """How long to wait after so many failures in a row: doubling, and anywhere between half and all of it,
    so that a dozen workers do not return all at once."""
    full = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 10))
    return full * (0.5 + chance() / 2)


class EventSocket:
    """One worker's ears. Asterisk serves an application name on its newest socket only."""

    def __init__(
        self,
        access: Access,
        application: str,
        http: aiohttp.ClientSession,
        *,
        on_message: Callable[[str | bytes], None],
        prepare: Callable[[], Awaitable[None]],
        heartbeat_s: float = HEARTBEAT_S,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = f"{access.url}/ari/events?app={application}&subscribeAll=false"
        self._application = application
        self._http = http
        self._on_message = on_message
        self._prepare = prepare
        self._heartbeat_s = heartbeat_s
        self._chance = chance
        self._sleep = sleep
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.stepped_down = False
        self.up = asyncio.Event()
        """Set while events arrive and everything missed has been found out."""

    async def run(self) -> None:
        """Until cancelled, or until `step_down`."""
        failures = 0
        while not self.stepped_down:
            try:
                await self._serve()
            except (aiohttp.ClientError, OSError, TimeoutError, CallrouterError) as error:
                log.warning("ari_lost", application=self._application, problem=str(error), was_up=self.up.is_set())
            except Exception:  # a fault of ours over one message: a deaf worker would be worse than a reconnection
                log.exception("ari_reader_failed", application=self._application)
            if self.up.is_set():
                failures = 0
            self.up.clear()
            if not self.stepped_down:
                failures += 1
                await self._sleep(delay_s(failures, self._chance))

    def step_down(self) -> None:
        """Another process answers to our name now: never take it back, or the two would do so in turns for ever."""
        self.stepped_down = True
        self.up.clear()

    async def _serve(self) -> None:
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        connecting = self._http.ws_connect(
            self._url, heartbeat=self._heartbeat_s, timeout=timeout, max_msg_size=1 << 24
        )
        async with asyncio.timeout(5.0):
            socket = await connecting
        self._socket = socket
        waiting: list[str | bytes] = []
        preparing = asyncio.create_task(self._get_ready(socket, waiting), name=f"ari-prepare:{self._application}")
        try:
            async for frame in socket:
                if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    break  # ERROR: no answer to a heartbeat, or a frame that cannot be read
                if self.up.is_set():
                    self._on_message(frame.data)
                else:
                    waiting.append(frame.data)
                if self.stepped_down:
                    break
        finally:
            self._socket = None
            preparing.cancel()
            results = await asyncio.gather(preparing, return_exceptions=True)
            await socket.close()
        if isinstance(results[0], Exception):
            raise results[0]
        if not self.stepped_down:
            raise SwitchDown(f"the event websocket has ended: {socket.exception() or socket.close_code}")

    async def _get_ready(self, socket: aiohttp.ClientWebSocketResponse, waiting: list[str | bytes]) -> None:
        try:
            await self._prepare()
        except BaseException:
            await socket.close()
            raise
        for data in waiting:
            self._on_message(data)
        waiting.clear()
        if self.stepped_down:
            await socket.close()
            return
        self.up.set()
        log.info("ari_up", application=self._application)
