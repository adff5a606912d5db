"""What only a real Redis can do to us: forget scripts, drop connections, restart, hang, fill up."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from signal import SIGKILL, SIGTERM
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from callrouter.acd.floor import Floor
from callrouter.engine.ports import Commit, Owner, Refused, StoredCall, Written
from callrouter.errors import JournalGap, StoreDown
from callrouter.journal import NOW, Entry, Word
from callrouter.store.connect import RedisPlace, on_socket, open_client
from callrouter.store.follow import follow
from callrouter.store.keys import Keys
from callrouter.store.pipe import Pipe
from callrouter.store.redis_line import ALWAYS_KEPT, RedisLine
from callrouter.telephony import CallId
from tests.store.cutting_proxy import cutting_proxy
from tests.store.private_redis import PrivateRedis, private_redis

pytestmark = pytest.mark.contract

CALL, OWNER = CallId("c1"), Owner("w1/aaaa")
CREATE = Commit((Entry(Word.ARRIVED),), {"waiting:c1": {"queue": "q"}}, call=CALL, owner=OWNER, before=Owner(""))


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateRedis]:
    with private_redis() as running:
        yield running


@pytest.fixture
def own_server() -> Iterator[PrivateRedis]:
    """One that a test may stop, fill or freeze."""
    with private_redis("--appendonly", "yes", "--appendfsync", "always") as running:
        yield running


@asynccontextmanager
async def opened(place: RedisPlace, **more: Any) -> AsyncIterator[RedisLine]:
    line = RedisLine(place, **{"centre": uuid.uuid4().hex, **more})
    try:
        yield line
    finally:
        await line.close()


@asynccontextmanager
async def admin(server: PrivateRedis) -> AsyncIterator[Any]:
    client = open_client(server.place)
    try:
        yield cast(Any, client)
    finally:
        await client.aclose()


def entry_commit(call: str = "", data: str = "") -> Commit:
    return Commit((Entry(Word.NODE, call=call, data={"node": data}),))


async def test_scripts_come_back_after_script_flush(server: PrivateRedis) -> None:
    async with opened(server.place) as line, admin(server) as redis:
        await line.commit(entry_commit())
        following = aclosing(line.follow(""))  # type: ignore[type-var]
        async with following as entries:
            await anext(entries)
            await redis.script_flush()
            assert isinstance(await line.commit(CREATE), Written)
            assert (await anext(entries)).word is Word.ARRIVED
        await redis.script_flush()
        assert await line.living() == frozenset()


async def test_a_commit_whose_answer_was_lost_stands_once_and_is_answered(server: PrivateRedis) -> None:
    async with cutting_proxy(server.socket, b"EVALSHA") as (proxy, path), opened(on_socket(path)) as line:
        await line.commit(entry_commit())
        proxy.cuts, before = 1, proxy.connections
        answer = await line.commit(CREATE)
        assert isinstance(answer, Written)
        assert (proxy.cuts, proxy.connections) == (0, before + 1)
        assert [entry.id for entry in await line.entries()][1:] == [answer.version]
        assert list(await line.calls()) == [StoredCall(CALL, OWNER, b"")]


async def test_a_commit_whose_answer_was_lost_twice_is_store_down_and_stands_once(server: PrivateRedis) -> None:
    async with cutting_proxy(server.socket, b"EVALSHA") as (proxy, path), opened(on_socket(path)) as line:
        await line.commit(entry_commit())
        proxy.cuts = 2
        with pytest.raises(StoreDown):
            await line.commit(CREATE)
        assert len(await line.entries()) == 2
        assert await line.commit(CREATE) == Refused("owner")


async def test_a_lock_whose_answer_was_lost_is_not_asked_for_again(server: PrivateRedis) -> None:
    async with cutting_proxy(server.socket, b"EVALSHA") as (proxy, path), opened(on_socket(path)) as line:
        assert await line.try_lock("a", OWNER, 30)
        proxy.cuts = 1
        with pytest.raises(StoreDown):
            await line.try_lock("b", OWNER, 30)
        assert not await line.try_lock("b", OWNER, 30)


async def test_a_cancelled_commit_does_not_give_its_answer_to_the_next(server: PrivateRedis) -> None:
    async with opened(replace(server.place, connections=1)) as line:
        for n in range(20):
            doomed = asyncio.create_task(line.commit(entry_commit()))
            for _ in range(n):
                await asyncio.sleep(0)
            doomed.cancel()
            await asyncio.gather(doomed, return_exceptions=True)
            assert await line.commit(replace(CREATE, before=Owner("x"))) == Refused("owner")
            assert await line.now_ms() > 1_700_000_000_000


async def test_a_commit_s_answer_is_forgotten_after_a_minute(server: PrivateRedis) -> None:
    centre = uuid.uuid4().hex
    async with opened(server.place, centre=centre) as line, admin(server) as redis:
        await line.commit(entry_commit(), operation="op")
        assert 50_000 < await redis.pttl(Keys(centre).did("op")) <= 60_000


async def test_after_the_clock_was_set_back_the_journal_goes_on_in_order(server: PrivateRedis) -> None:
    centre = uuid.uuid4().hex
    async with opened(server.place, centre=centre) as line, admin(server) as redis:
        ahead = await line.now_ms() + 3_600_000
        await redis.execute_command("XADD", Keys(centre).journal, f"{ahead}-0", "word", "STARTED")
        answer = await line.commit(Commit((Entry(Word.NODE), Entry(Word.NODE)), {"agent:anna": {"since": NOW}}))
        assert answer == Written(f"{ahead}-2")
        since = int((await line.snapshot()).things["agent:anna"]["since"])
        assert since < ahead
        assert (await line.entries())[1].floor == {"agent:anna": {"since": str(since)}}


async def test_following_survives_killed_connections(server: PrivateRedis) -> None:
    async with opened(server.place) as line, admin(server) as redis:
        following = aclosing(line.follow(""))  # type: ignore[type-var]
        async with following as entries:
            for n in range(6):
                waiting = asyncio.ensure_future(anext(entries))
                await asyncio.sleep(0.02)
                await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                await line.commit(entry_commit(str(n)))
                assert (await waiting).call == str(n)


async def test_everything_is_still_there_after_a_crash_of_redis(own_server: PrivateRedis) -> None:
    async with opened(own_server.place) as line:
        await line.commit(replace(CREATE, state=b"state"))
        await line.renew_lease(OWNER, 60)
        seen, floor = await line.entries(), await line.snapshot()
        following = aclosing(line.follow(""))  # type: ignore[type-var]
        async with following as entries:
            await anext(entries)
            waiting = asyncio.ensure_future(anext(entries))
            own_server.stop(SIGKILL)
            with pytest.raises(StoreDown):
                await line.commit(entry_commit())
            own_server.start()
            assert await line.calls() == [StoredCall(CALL, OWNER, b"state")]
            assert (await line.entries(), await line.snapshot()) == (seen, floor)
            assert await line.living() == {OWNER}
            assert isinstance(await line.commit(entry_commit("after")), Written)
            assert (await waiting).call == "after"


async def test_a_redis_that_came_back_empty_is_a_gap_and_not_silence(own_server: PrivateRedis) -> None:
    async with opened(own_server.place) as line, admin(own_server) as redis:
        await line.commit(entry_commit())
        following = aclosing(line.follow(""))  # type: ignore[type-var]
        async with following as entries:
            await anext(entries)
            await redis.flushall()
            await line.commit(entry_commit("later"))
            with pytest.raises(JournalGap):
                await anext(entries)


async def test_without_a_server_every_method_says_store_down_at_once(own_server: PrivateRedis) -> None:
    async with opened(own_server.place) as line:
        await line.commit(entry_commit())
        own_server.stop(SIGTERM)
        asked = time.monotonic()
        for question in (
            line.commit(CREATE),
            line.snapshot(),
            line.entries(),
            line.entries_back(),
            line.calls(),
            line.renew_lease(OWNER, 1),
            line.end_lease(OWNER),
            line.living(),
            line.try_lock("x", OWNER, 1),
            line.now_ms(),
            line.health(),
            line.write_snapshot_entry(),
        ):
            with pytest.raises(StoreDown, match="Redis"):
                await question
        assert time.monotonic() - asked < 1


async def test_a_follower_gives_up_after_its_patience(own_server: PrivateRedis) -> None:
    entries = follow(Pipe(own_server.place, waits_s=0.5), Keys("x"), "", patience_s=0.3)
    waiting = asyncio.ensure_future(anext(entries))
    await asyncio.sleep(0.05)
    own_server.stop(SIGKILL)
    stopped = time.monotonic()
    with pytest.raises(StoreDown):
        await waiting
    assert 0.2 < time.monotonic() - stopped < 1


async def test_a_hanging_redis_is_noticed_and_what_it_did_late_is_done_once(own_server: PrivateRedis) -> None:
    async with opened(replace(own_server.place, timeout_s=0.2)) as line:
        await line.commit(entry_commit())
        own_server.pause()
        asked = time.monotonic()
        with pytest.raises(StoreDown):
            await line.commit(CREATE)
        assert time.monotonic() - asked < 1
        own_server.go_on()
        assert len(await line.entries()) == 2
        assert len(await line.calls()) == 1


async def test_more_tasks_than_connections_wait_for_their_turn(server: PrivateRedis) -> None:
    async with opened(replace(server.place, connections=2)) as line:
        await asyncio.gather(*(line.commit(entry_commit(str(n))) for n in range(200)))
        assert len(await line.entries()) == 200


async def test_the_journal_stays_near_its_bound(server: PrivateRedis) -> None:
    async with opened(server.place, journal_max=200) as line:
        await asyncio.gather(*(line.commit(entry_commit()) for _ in range(800)))
        assert 200 <= len(await line.entries()) <= 400


async def test_a_full_redis_gives_up_old_entries_and_keeps_taking_calls(own_server: PrivateRedis) -> None:
    alarms: list[str] = []
    async with opened(own_server.place, on_alarm=alarms.append) as line, admin(own_server) as redis:
        await line.commit(replace(CREATE, state=b"kept"))
        await bound_memory(redis, 6_000_000)
        rounds = 0
        while len(alarms) < 2:
            rounds += 1
            await asyncio.gather(*(line.commit(entry_commit(data="x" * 1_000)) for _ in range(200)))
            assert rounds < 60, "the bound was never reached"
        assert "raise redis.max_memory_mb" in alarms[0]
        health = await line.health()
        assert int(health["journal_entries"]) >= ALWAYS_KEPT
        assert int(health["trims"]) >= 1
        assert int(health["last_trim_removed"]) >= 1
        assert await line.now_ms() - int(health["last_trim_ms"]) < 60_000
        assert await line.calls() == [StoredCall(CALL, OWNER, b"kept")]
        await the_floor_can_be_rebuilt(line)


async def test_a_redis_full_of_other_things_is_store_down_with_the_journal_s_end_kept(own_server: PrivateRedis) -> None:
    alarms: list[str] = []
    async with opened(own_server.place, on_alarm=alarms.append) as line, admin(own_server) as redis:
        await asyncio.gather(*(line.commit(entry_commit()) for _ in range(1_500)))
        await bound_memory(redis, -500_000)
        with pytest.raises(StoreDown, match=r"redis\.max_memory_mb"):
            await line.commit(CREATE)
        assert list(await line.calls()) == []
        assert int((await line.health())["journal_entries"]) == ALWAYS_KEPT
        assert "as short as it may be" in alarms[-1]
        await line.renew_lease(OWNER, 30)
        assert await line.living() == {OWNER}
        assert await line.try_lock("chore", OWNER, 30)
        await redis.config_set("maxmemory", 0)
        assert isinstance(await line.commit(CREATE), Written)


async def test_a_password_is_needed_and_used(server: PrivateRedis) -> None:
    with private_redis("--requirepass", "s3cret word") as guarded:
        async with opened(replace(guarded.place, password="s3cret word")) as line:
            assert isinstance(await line.commit(CREATE), Written)
        async with opened(guarded.place) as line:
            with pytest.raises(StoreDown):
                await line.commit(CREATE)
        assert "s3cret" not in repr(replace(guarded.place, password="s3cret word"))


async def bound_memory(redis: Redis, more: int) -> None:
    used = (await cast(Any, redis).info("memory"))["used_memory"]
    await redis.config_set("maxmemory-policy", "noeviction")
    await redis.config_set("maxmemory", used + more)


async def the_floor_can_be_rebuilt(line: RedisLine) -> None:
    replica = Floor()
    kept = await line.entries(limit=100_000)
    first = next(n for n, entry in enumerate(kept) if entry.word is Word.SNAPSHOT)
    for entry in kept[first:]:
        replica.apply(entry.floor, entry.id)
    snapshot = await line.snapshot()
    assert (replica.things(), replica.version) == (snapshot.things, snapshot.version)
