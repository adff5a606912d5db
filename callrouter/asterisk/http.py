"""HTTP/1.1 as ARI needs it: small questions and answers on connections that are kept open, one question on each.

Why our own: a command is some 200 bytes each way, and aiohttp's client spends several times on it what Asterisk does;
with it our half of a call cost more than Asterisk's (bench/versus_app_queue.py). Nothing is sent twice that may have
been carried out, unless its method says that twice is once (RFC 9110 section 9.2.2).
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

IDLE_S = 10.0
"""Asterisk closes idle connections after http.conf's session_keep_alive (15 s by default): leave them before."""
LONGEST_HEAD = 65_536
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


class HttpLost(ConnectionError):
    """The connection ended, or what came was not HTTP. `unheard`: not one byte of the answer had come."""

    def __init__(self, why: str, *, unheard: bool = False) -> None:
        super().__init__(why)
        self.unheard = unheard


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One connection: a question goes out, its answer comes in."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.WriteTransport | None = None
        self._asked: asyncio.Future[Answer] | None = None
        self._came = b""
        self._reading = Reading()
        self.is_open = False
        self.idle_since = 0.0

    def ask(self, question: bytes) -> asyncio.Future[Answer]:
        """The answer, or HttpLost if it cannot come any more."""
        assert self._transport is not None
        asked: asyncio.Future[Answer] = self._loop.create_future()
        self._asked, self._came, self._reading = asked, b"", Reading()
        self._transport.write(question)
        return asked

    def close(self) -> None:
        """Whatever may still come is not wanted."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio's side --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # not every loop's transports are asyncio's own
        self._transport, self.is_open = cast(asyncio.WriteTransport, transport), True

    def data_received(self, data: bytes) -> None:
        self._came += data
        if self._asked is None or self._asked.done():  # an answer to nothing: whose it is, nobody can say
            self.close()
            return
        try:
            answer = self._reading.read(self._came)
        except ValueError as error:
            self._fail(HttpLost(f"the answer is not HTTP: {error}"))
            return
        if answer is not None:
            self.is_open = self.is_open and not self._reading.ends
            self._asked.set_result(answer)

    def eof_received(self) -> bool:
        answer = self._reading.at_end(self._came)
        if answer is not None and self._asked is not None and not self._asked.done():
            self._asked.set_result(answer)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(HttpLost(str(exc or "the connection was closed"), unheard=not self._came))

    def _fail(self, why: Exception) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(why)
        self.close()


class Reading:
    """An answer that may come in pieces."""

    def __init__(self) -> None:
        self._body_at = 0
        self._status = 0
        self._length: int | None = None
        self._chunked = False
        self.ends = False
        """The other side closes the connection after it."""

    def read(self, came: bytes) -> Answer | None:
        """The whole answer, once all of it has come."""
        if not self._body_at and not self._read_head(came):
            return None
        if self._chunked:
            body = _unchunked(came, self._body_at)
            return None if body is None else Answer(self._status, body)
        if self._length is None or len(came) < self._body_at + self._length:
            return None
        return Answer(self._status, came[self._body_at : self._body_at + self._length])

    def at_end(self, came: bytes) -> Answer | None:
        """An answer without a length ends with its connection."""
        if not self._body_at or self._chunked or self._length is not None:
            return None
        return Answer(self._status, came[self._body_at :])

    def _read_head(self, came: bytes) -> bool:
        end = came.find(b"\r\n\r\n")
        if end < 0:
            if len(came) > LONGEST_HEAD:
                raise ValueError("its head has no end")
            return False
        first, *lines = came[:end].split(b"\r\n")
        version, _, rest = first.partition(b" ")
        if not version.startswith(b"HTTP/1."):
            raise ValueError("it does not begin as one")
        self._status, self._body_at = int(rest[:3]), end + 4
        for line in lines:
            self._read_header(*line.split(b":", 1))
        if self._status in (204, 304):  # they have no body, whatever a length may say (RFC 9112 section 6.3)
            self._length, self._chunked = 0, False
        return True

    def _read_header(self, name: bytes, value: bytes = b"") -> None:
        match name.lower():
            case b"content-length":
                self._length = int(value)
            case b"transfer-encoding":
                self._chunked = value.strip().lower() == b"chunked"
            case b"connection":
                self.ends = value.strip().lower() == b"close"
            case _:
                pass


def _unchunked(came: bytes, at: int) -> bytes | None:
    """The body of an answer in chunks (RFC 9112 section 7.1), as a proxy may send it; nothing before its end."""
    found: list[bytes] = []
    while (line_end := came.find(b"\r\n", at)) >= 0:
        size = int(came[at:line_end].partition(b";")[0], 16)
        begin = line_end + 2
        if not size:
            return b"".join(found) if came.find(b"\r\n", begin) >= 0 else None
        if len(came) < begin + size + 2:
            return None
        found.append(came[begin : begin + size])
        at = begin + size + 2
    return None


class HttpPool:
    """So many connections to one server; those idle are used again, the last one first."""

    def __init__(self, url: str, authorization: str, *, connections: int) -> None:
        parts = urlsplit(url)
        self._host, self._tls = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._path = parts.path.rstrip("/")
        self._head = f" HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {authorization}\r\n"
        self._idle: list[Connection] = []
        self._room = asyncio.Semaphore(connections)
        self._closed = False

    async def ask(self, method: str, address: str, body: bytes | None) -> Answer:
        """One question and its answer. OSError (HttpLost is one) if there is none; `body` is JSON."""
        question = self._question(method, address, body)
        async with self._room:
            while True:
                connection, fresh = await self._connection()
                try:
                    answer = await connection.ask(question)
                except HttpLost as lost:
                    # closed for being idle, just then: the server has not read what it closed upon
                    if fresh or not lost.unheard or method not in REPEATABLE:
                        raise
                    continue
                except BaseException:
                    connection.close()
                    raise
                self._keep(connection)
                return answer

    def _question(self, method: str, address: str, body: bytes | None) -> bytes:
        head = f"{method} {self._path}/{address}{self._head}"
        if body is not None:
            return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        return f"{head}Content-Length: 0\r\n\r\n".encode()

    async def _connection(self) -> tuple[Connection, bool]:
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and loop.time() - connection.idle_since < IDLE_S:
                return connection, False
            connection.close()
        context = ssl.create_default_context() if self._tls else None
        _, connection = await loop.create_connection(lambda: Connection(loop), self._host, self._port, ssl=context)
        return connection, True

    def _keep(self, connection: Connection) -> None:
        connection.idle_since = asyncio.get_running_loop().time()
        if connection.is_open and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()
