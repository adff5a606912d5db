"""ARI's side of the wire, misbehaving as told: requests are recorded, answers and events are the test's to give."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from callrouter.asterisk.requests import Access

Answer = Callable[["Asked"], Awaitable[web.Response | None]]


@dataclass(frozen=True)
class Asked:
    """One request: `POST channels/1/answer`, its query and its body."""

    line: str
    query: dict[str, str]
    body: str


def json_answer(value: object, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


class FakeAri:
    """`answer` may answer any request itself; what it leaves (None) gets an ordinary good answer."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.sockets: dict[str, list[web.WebSocketResponse]] = {}
        self.connected = asyncio.Event()
        self.refuse_sockets = False
        self.answers_heartbeats = True
        self.booted = "2026-01-01T00:00:00.000+0000"
        self.port = 0
        self._answer: Answer | None = None
        self._runner: web.AppRunner | None = None

    @property
    def access(self) -> Access:
        return Access(f"http://127.0.0.1:{self.port}", "callrouter", "s3cret")

    def answers(self, answer: Answer) -> None:
        self._answer = answer

    def lines(self, *beginnings: str) -> list[str]:
        return [asked.line for asked in self.asked if asked.line.startswith(beginnings or ("",))]

    async def start(self) -> None:
        application = web.Application()
        application.router.add_get("/ari/events", self._events)
        application.router.add_route("*", r"/ari/{path:[\s\S]*}", self._request)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]

    async def stop(self) -> None:
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def drop(self) -> None:
        """Every event websocket breaks."""
        sockets = [socket for sockets in self.sockets.values() for socket in sockets]
        self.sockets.clear()
        self.connected.clear()
        for socket in sockets:
            await socket.close()

    async def send(self, application: str, /, **message: object) -> None:
        for socket in self.sockets.get(application, []):
            if not socket.closed:
                await socket.send_str(json.dumps(message))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        wanted = "Basic " + base64.b64encode(b"callrouter:s3cret").decode()
        if request.headers.get("Authorization") != wanted or "api_key" in request.query_string:
            return web.Response(status=401)
        if self.refuse_sockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=self.answers_heartbeats)
        await socket.prepare(request)
        self.sockets.setdefault(request.query["app"], []).append(socket)
        self.connected.set()
        try:
            async for frame in socket:
                assert frame.type == WSMsgType.PING, "a listener only listens"
        finally:
            self.sockets.get(request.query["app"], [socket]).remove(socket)
        return socket

    async def _request(self, request: web.Request) -> web.Response:
        asked = Asked(
            f"{request.method} {request.match_info['path']}", dict(request.query), (await request.read()).decode()
        )
        self.asked.append(asked)
        answered = await self._answer(asked) if self._answer is not None else None
        if answered is None and asked.line.startswith("GET asterisk/info"):
            return json_answer({"status": {"startup_time": self.booted}})
        return answered or _ordinary(asked)


def _ordinary(asked: Asked) -> web.Response:
    method, _, path = asked.line.partition(" ")
    if method == "GET" and path in ("channels", "applications", "bridges", "endpoints/PJSIP"):
        return json_answer([])
    if method == "GET":
        return json_answer({"message": "not found"}, 404)
    return web.Response(status=204)
