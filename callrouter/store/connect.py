"""Where Redis is, and clients for it that never do anything twice behind our back.

redis-py 8 retries ten times by default, EVALSHA too (redis-py documentation, "Retry helpers"): here nothing is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from callrouter.errors import StoreDown

Argument = str | bytes | int | float

LOST = (RedisConnectionError, RedisTimeoutError, OSError)
"""The server or the connection has gone: what was asked may have been done or not."""


@dataclass(frozen=True, slots=True)
class RedisPlace:
    """How to reach a Redis or Valkey (7.0 or later): `unix:///path`, `redis://host:port/db` or `rediss://`."""

    url: str
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 1.0
    connections: int = 16


def on_socket(path: Path) -> RedisPlace:
    """The place of a Redis that listens on a unix socket."""
    return RedisPlace(f"unix://{quote(str(path))}")


def open_client(place: RedisPlace, *, connections: int | None = None) -> Redis:
    """A client that connects when first used."""
    pool = BlockingConnectionPool.from_url(
        place.url,
        max_connections=connections or place.connections,
        timeout=place.timeout_s,
        socket_timeout=place.timeout_s,
        socket_connect_timeout=place.timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **({"password": place.password} if place.password else {}),
    )
    return Redis.from_pool(pool)


async def command(client: Redis, *parts: Argument) -> Any:
    """One command and its answer; `Any` stops in the caller."""
    return await cast(Any, client).execute_command(*parts)  # redis-py has no types here


@asynccontextmanager
async def fresh_client(place: RedisPlace) -> AsyncIterator[Redis]:
    """A client on a connection of its own, for asking again after the first was lost."""
    client = open_client(place, connections=1)
    try:
        yield client
    finally:
        await client.aclose()


@contextmanager
def store_errors() -> Iterator[None]:
    """Whatever Redis complains of becomes StoreDown; only `full` stays itself: something can be done about it."""
    try:
        yield
    except OutOfMemoryError:
        raise
    except (RedisError, OSError) as error:
        raise StoreDown(f"Redis did not do as asked: {error or type(error).__name__}") from error
