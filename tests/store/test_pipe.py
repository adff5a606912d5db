"""A connection on which questions do not wait for one another: order, errors by their names, what a loss loses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from signal import SIGKILL

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError

from callrouter.store.pipe import Pipe
from tests.store.private_redis import PrivateRedis, private_redis


@pytest.fixture
def server() -> Iterator[PrivateRedis]:
    with private_redis("--requirepass", "s3cret") as running:
        yield running


@pytest.fixture
async def pipe(server: PrivateRedis) -> AsyncIterator[Pipe]:
    pipe = Pipe(replace(server.place, password="s3cret"))
    yield pipe
    pipe.close()


async def test_everybody_gets_their_own_answer(pipe: Pipe) -> None:
    answers = await asyncio.gather(*(pipe.ask(("ECHO", n), ("ECHO", -n)) for n in range(100)))
    assert answers == [[str(n).encode(), str(-n).encode()] for n in range(100)]


async def test_who_stops_waiting_takes_nobodys_answer(pipe: Pipe) -> None:
    await pipe.ask(("PING",))
    doomed = asyncio.create_task(pipe.ask(("ECHO", "doomed")))
    await asyncio.sleep(0)
    doomed.cancel()
    assert await pipe.ask(("ECHO", "next")) == [b"next"]


async def test_a_refusal_has_its_name_and_harms_no_other_question(pipe: Pipe) -> None:
    wrong = [("EVALSHA", "0" * 40, 0), ("NOSUCH",)]
    refused = await asyncio.gather(*(pipe.ask(question) for question in wrong), return_exceptions=True)
    assert [type(each) for each in refused] == [NoScriptError, ResponseError]
    assert await pipe.ask(("PING",)) == [b"PONG"]


async def test_the_address_may_name_a_database(server: PrivateRedis, pipe: Pipe) -> None:
    other = Pipe(replace(server.place, url=f"{server.place.url}?db=3", password="s3cret"))
    await other.ask(("SET", "here", 1))
    assert await pipe.ask(("EXISTS", "here")) == [0]
    assert await other.ask(("EXISTS", "here")) == [1]
    other.close()


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_a_wrong_password_is_told(server: PrivateRedis, password: str | None) -> None:
    stranger = Pipe(replace(server.place, password=password))
    with pytest.raises(RedisError, match=r"NOAUTH|WRONGPASS"):
        await stranger.ask(("SET", "a", 1))
    stranger.close()


async def test_a_loss_loses_all_that_was_asked(server: PrivateRedis, pipe: Pipe) -> None:
    await pipe.ask(("PING",))
    waiting = [asyncio.create_task(pipe.ask(("BLPOP", "never", 0))) for _ in range(3)]
    await asyncio.sleep(0.05)
    server.stop(SIGKILL)
    lost = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(each, RedisConnectionError) for each in lost)
