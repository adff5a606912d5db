"""`/events`: what happens, as it happens, to programs on this computer (server-sent events, HTML standard section 9.2).

The journal is the buffer: each listener reads it from a position of its own, which is the id of the last event it had.
So who listens slowly, or comes back with `Last-Event-ID`, misses nothing, and nothing is kept in memory for them.
"""

from __future__ import annotations

import asyncio
import re

import msgspec
import structlog
from aiohttp import web

from callrouter.engine.ports import Line
from callrouter.engine.tail import newest, read_after
from callrouter.errors import StoreDown
from callrouter.journal import Word
from callrouter.reporting.told import Wanted, told

log = structlog.get_logger("events")

LISTENERS = 20
PAGE = 200
LOOK_S = 0.25
PING_S = 15.0
"""A comment at least so often: proxies close what is silent, and we notice who has gone."""
STUCK_S = 30.0
"""Who takes nothing for so long has gone."""
_VERSION = re.compile(r"[0-9]{1,15}-[0-9]{1,20}")
_HERE = frozenset({"127.0.0.1", "localhost"})


class Events:
    """Counts its listeners, so that they cannot become too many."""

    def __init__(self, line: Line, *, whole_numbers: bool, look_s: float = LOOK_S, ping_s: float = PING_S) -> None:
        self._line, self._whole_numbers = line, whole_numbers
        self._look_s, self._ping_s = look_s, ping_s
        self._listeners = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Until the listener goes."""
        _require_here(request)
        wanted, after = _wanted(request), _after(request)
        if self._listeners >= LISTENERS:
            raise web.HTTPServiceUnavailable(text=f"there are {LISTENERS} listeners already\n")
        self._listeners += 1
        try:
            return await self._tell(request, wanted, after)
        finally:
            self._listeners -= 1

    async def _tell(self, request: web.Request, wanted: Wanted, after: str) -> web.StreamResponse:
        try:
            position = after or await newest(self._line)
        except StoreDown as error:
            raise web.HTTPServiceUnavailable(text="the journal does not answer\n") from error
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        await _send(response, ": callrouter\n\n")
        try:
            await self._follow(response, wanted, position)
        except (ConnectionError, TimeoutError) as error:
            log.info("listener_gone", why=str(error) or type(error).__name__)
        return response

    async def _follow(self, response: web.StreamResponse, wanted: Wanted, position: str) -> None:
        clock = asyncio.get_running_loop().time
        said = clock()
        while True:
            try:
                entries, whole = await read_after(self._line, position, PAGE)
            except StoreDown:
                entries, whole = (), True
            events = [_event(entry.id, entry.word, told(entry, whole_numbers=self._whole_numbers))
                      for entry in entries if wanted.has(entry)]  # fmt: skip
            if entries and not whole:
                events.insert(0, _event(position, "GAP", {"after": position, "before": entries[0].id}))
            if entries:
                position = entries[-1].id
            if events or clock() - said >= self._ping_s:
                await _send(response, "".join(events) or ":\n\n")
                said = clock()
            if not entries:
                await asyncio.sleep(self._look_s)


def _require_here(request: web.Request) -> None:
    """A web page that has had its name lead to 127.0.0.1 would be read by a browser as its own (DNS rebinding)."""
    if request.url.host not in _HERE:
        raise web.HTTPForbidden(text="only for programs on this computer\n")


def _wanted(request: web.Request) -> Wanted:
    asked = request.query
    words = frozenset(word for word in ",".join(asked.getall("event", [])).split(",") if word)
    if unknown := words - Word.__members__.keys():
        raise web.HTTPBadRequest(text=f"no words of the journal: {', '.join(sorted(unknown))}\n")
    return Wanted(words, asked.get("call", ""), asked.get("agent", ""), asked.get("queue", ""))


def _after(request: web.Request) -> str:
    """A browser that comes back says it in the header, whatever its address says."""
    after = request.headers.get("Last-Event-ID", "") or request.query.get("after", "")
    if after and not _VERSION.fullmatch(after):
        raise web.HTTPBadRequest(text="Last-Event-ID is an event's id, like 1763766000000-0\n")
    return after


def _event(id: str, name: str, data: dict[str, object] | dict[str, str]) -> str:
    return f"id: {id}\nevent: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n"


async def _send(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(STUCK_S):
        await response.write(text.encode())
