"""ARI commands over a pool of kept-open HTTP connections; the one place where Asterisk's answers become our errors.

Why HTTP: on a websocket (Asterisk documentation, "ARI REST over WebSocket") one request that waits for a channel's
prompt holds up all behind it. A pool of websockets with one request on each would not, but wants an application name
per socket. `bench/ari.py` measures all of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import aiohttp
import msgspec

from callrouter.asterisk.http import HttpPool
from callrouter.errors import CommandRefused, LegGone, SwitchDown


@dataclass(frozen=True, slots=True)
class Access:
    """Where ARI is and who we are to it."""

    url: str
    """Without a path: `http://127.0.0.1:8188`."""
    user: str
    password: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Signing in by header: in the address (`api_key=`) the password would end up in logs."""
        return {"Authorization": aiohttp.encode_basic_auth(self.user, self.password)}


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
"""What RFC 3986 section 2.3 leaves as it is."""


@dataclass(frozen=True, slots=True)
class Request:
    """One command to ARI. The parts of the path are data: each is percent-encoded."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Path and query below `/ari`, encoded."""
        path = "/".join(map(_encoded, self.path))
        query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in self.query.items())
        return f"{path}?{query}" if query else path


def _encoded(text: str) -> str:
    """Percent-encoded, if there is anything to encode: our own ids and words have nothing, and they are most."""
    return text if _PLAIN(text) else quote(text, safe="")


class PhoneUnknown(CommandRefused):
    """The phone to be rung does not exist or has no contact: nobody is there."""


class Requests:
    """The pool. Every request has a deadline; a POST is sent at most once."""

    def __init__(self, access: Access, *, deadline_s: float = 5.0, connections: int = 64) -> None:
        self._access = access
        self._deadline_s = deadline_s
        self._pool = HttpPool(access.url, access.headers["Authorization"], connections=connections)
        self.http = aiohttp.ClientSession(headers=access.headers)
        """For event websockets."""

    async def send(self, request: Request) -> bytes:
        """The answer's body. Raises LegGone, CommandRefused, or SwitchDown: then nobody knows if it was carried out."""
        body = None if request.body is None else msgspec.json.encode(request.body)
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._pool.ask(request.method, f"ari/{request.address}", body)
        except TimeoutError as error:
            raise SwitchDown(f"Asterisk did not answer {_name(request)} within {self._deadline_s:g} s") from error
        except OSError as error:
            raise SwitchDown(f"Asterisk cannot be reached at {self._access.url}: {error}") from error
        if answer.status >= 300:
            raise refusal(request, answer.status, answer.body.decode(errors="replace")[:200])
        return answer.body

    async def close(self) -> None:
        self._pool.close()
        await self.http.close()


def refusal(request: Request, status: int, text: str) -> CommandRefused | LegGone | SwitchDown:
    """What a refused request means. Here and nowhere else is decided that something is gone.

    A channel that has just left is answered by 404, by 400 "Channel not found" (addChannel), by 409 or 422
    (not in Stasis any more), depending on the command and on how far the hang-up has come.
    """
    what = f"Asterisk refused {_name(request)}: {status} {text}"
    if status in (404, 409, 422) or (status == 400 and "not found" in text):
        return LegGone(what)
    if status == 503:  # ARI is there but Asterisk has not fully booted
        return SwitchDown(what)
    if status == 500 and "Allocation failed" in text:
        return PhoneUnknown(what)
    return CommandRefused(what)


def _name(request: Request) -> str:
    """For messages: no query and no body, they carry people's numbers and passwords."""
    return f"{request.method} {'/'.join(request.path)}"


class Turns:
    """One command of a call at a time, in the order they came; calls do not wait for one another."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, call: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(call, asyncio.Lock())
        self._users[call] = self._users.get(call, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._users[call] -= 1
            if not self._users[call]:
                del self._users[call], self._locks[call]

    def __len__(self) -> int:
        """Calls with a command on its way: zero when nothing happens, so nothing is kept for ever."""
        return len(self._locks)
