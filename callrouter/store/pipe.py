"""One connection to Redis on which questions follow one another without waiting; answers come in the same order.

For what is asked several times in every call: commits, and the journal's news. redis-py's client takes a connection
from a pool and several times Redis's own CPU for each of them (bench/versus_app_queue.py); it does everything else.
Nothing is asked twice here: a lost connection loses what was asked on it, and only the next question makes a new one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection, parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from callrouter.store.connect import Argument, RedisPlace

Answers = list[Any]


class Pipe:
    """Connects when first asked; `waits_s` is how long its questions may rightly wait for news."""

    def __init__(self, place: RedisPlace, *, waits_s: float = 0.0) -> None:
        self._place = place
        self._patience_s = place.timeout_s + waits_s
        self._wire: _Wire | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, *questions: Sequence[Argument]) -> Answers:
        """The answers to these commands, sent in one piece. Raises redis-py's exceptions."""
        wire = self._wire
        if wire is None or wire.is_lost:
            wire = await self._connected()
        return await wire.ask(questions, self._patience_s)

    def close(self) -> None:
        if self._wire is not None:
            self._wire.lose(RedisConnectionError("closed by ourselves"))

    async def _connected(self) -> _Wire:
        async with self._connecting:
            if self._wire is None or self._wire.is_lost:
                try:
                    async with asyncio.timeout(self._place.timeout_s):
                        self._wire = await _connect(self._place)
                except TimeoutError as error:
                    raise RedisTimeoutError("Redis takes no connection") from error
                except OSError as error:
                    raise RedisConnectionError(f"Redis cannot be reached: {error}") from error
            return self._wire


class _Wire(asyncio.Protocol):
    """A connection, until it is lost."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(protocolError=RedisConnectionError, replyError=_as_error)
        self._transport: asyncio.WriteTransport | None = None
        self._asked: deque[tuple[int, asyncio.Future[Answers], asyncio.TimerHandle]] = deque()
        """How many answers each of them waits for."""
        self._answers: Answers = []
        self.is_lost = False

    def ask(self, questions: Sequence[Sequence[Argument]], patience_s: float) -> asyncio.Future[Answers]:
        assert self._transport is not None
        future: asyncio.Future[Answers] = self._loop.create_future()
        alarm = self._loop.call_later(patience_s, self._too_late)
        self._asked.append((len(questions), future, alarm))
        self._transport.write(b"".join(_packed(tuple(question)) for question in questions))
        return future

    def lose(self, why: Exception) -> None:
        """Whatever was asked may have been done or not."""
        self.is_lost = True
        if self._transport is not None:
            self._transport.abort()
        while self._asked:
            _, future, alarm = self._asked.popleft()
            alarm.cancel()
            if not future.done():
                future.set_exception(why)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # not every loop's transports are asyncio's own

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not False:
                self._take(answer)
        except RedisConnectionError as error:
            self.lose(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lose(RedisConnectionError(str(exc or "Redis has closed the connection")))

    def _take(self, answer: object) -> None:
        if not self._asked:
            raise RedisConnectionError("Redis has answered what nobody asked")
        self._answers.append(answer)
        count, future, alarm = self._asked[0]
        if len(self._answers) < count:
            return
        answers, self._answers = self._answers, []
        self._asked.popleft()
        alarm.cancel()
        if future.done():  # whoever asked has left
            return
        refused = next((each for each in answers if isinstance(each, Exception)), None)
        if refused is not None:
            future.set_exception(refused)
        else:
            future.set_result(answers)

    def _too_late(self) -> None:
        self.lose(RedisTimeoutError("Redis did not answer in time"))


async def _connect(place: RedisPlace) -> _Wire:
    """redis-py reads the address, so that both understand the same."""
    where = parse_url(place.url)
    loop = asyncio.get_running_loop()
    if where.get("connection_class") is UnixDomainSocketConnection:
        _, wire = await loop.create_unix_connection(_Wire, where["path"])
    else:
        context = ssl.create_default_context() if where.get("connection_class") is SSLConnection else None
        host, port = where.get("host", "localhost"), where.get("port", 6379)
        _, wire = await loop.create_connection(_Wire, host, port, ssl=context)
    try:
        await _greet(wire, place, where)
    except BaseException:
        wire.lose(RedisConnectionError("Redis did not let us in"))
        raise
    return wire


async def _greet(wire: _Wire, place: RedisPlace, where: Any) -> None:
    password = place.password or where.get("password")
    if password:
        names = (where["username"],) if where.get("username") else ()
        await wire.ask([("AUTH", *names, password)], place.timeout_s)
    if where.get("db"):
        await wire.ask([("SELECT", where["db"])], place.timeout_s)


def _packed(question: tuple[Any, ...]) -> bytes:
    """hiredis's type says tuples of one."""
    packed: bytes = hiredis.pack_command(question)
    return packed


def _as_error(text: str) -> Exception:
    """As redis-py names them."""
    kind = {"OOM": OutOfMemoryError, "NOSCRIPT": NoScriptError}.get(text.partition(" ")[0], ResponseError)
    return kind(text)
