"""The private Redis: survives its own death with its data, refuses rather than forgets, is closed to others."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from callrouter.centre.layout import Layout
from callrouter.centre.parent import Backoff, Parent
from callrouter.centre.redis_process import redis_child, redis_configuration
from callrouter.config import RedisPart
from callrouter.errors import SetupError

pytestmark = pytest.mark.contract


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Parent, Layout, Redis]]:
    layout = Layout(tmp_path)
    layout.prepare()
    child = redis_child(RedisPart(max_memory_mb=32), layout)
    parent = Parent([child], layout.log, backoff=Backoff(first_s=0.01), dice=random.Random(1))
    await parent.start()
    client = Redis(unix_socket_path=str(layout.redis_socket))
    try:
        yield parent, layout, client
    finally:
        await client.aclose()
        await parent.stop()


async def test_what_was_written_is_there_after_it_was_killed(running: tuple[Parent, Layout, Redis]) -> None:
    parent, _, client = running
    await client.set("owner", "w1")
    pid = parent.pid("redis")
    assert pid
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while parent.pid("redis") in (None, pid):
            await asyncio.sleep(0.01)
        await parent.wait_ready("redis")
    await client.connection_pool.disconnect()
    assert await client.get("owner") == b"w1"


async def test_full_it_refuses_new_things_and_forgets_nothing(running: tuple[Parent, Layout, Redis]) -> None:
    _, _, client = running
    await client.set("owner", "w1")
    with pytest.raises(OutOfMemoryError):
        await fill(client, 100)
    assert await client.get("owner") == b"w1"


async def fill(client: Redis, megabytes: int) -> None:
    for number in range(megabytes):
        await client.set(f"fill:{number}", b"x" * 1_000_000)


async def test_nobody_else_can_reach_it(running: tuple[Parent, Layout, Redis]) -> None:
    _, layout, client = running
    assert layout.redis_socket.stat().st_mode & 0o077 == 0
    assert (await client.config_get("port"))["port"] == "0"


def test_a_path_that_would_break_its_configuration_is_refused() -> None:
    with pytest.raises(SetupError, match="without quotes"):
        redis_configuration(RedisPart(), Layout(Path('/tmp/a"b')))
