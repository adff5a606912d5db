"""The event websocket: back after every loss, never before what was missed is known, gone for good when replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from callrouter.asterisk.connection import LONGEST_DELAY_S, EventSocket, delay_s
from callrouter.errors import SwitchDown
from tests.asterisk.fake_ari import FakeAri


@pytest.fixture
async def ari() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    yield fake
    await fake.stop()


class Listener:
    """An EventSocket whose waiting takes no time but is written down."""

    def __init__(self, ari: FakeAri, http: aiohttp.ClientSession) -> None:
        self.heard: list[str | bytes] = []
        self.prepared = 0
        self.waited: list[float] = []
        self.ready = asyncio.Event()
        self.ready.set()
        self.fail_to_prepare = 0
        self.socket = EventSocket(
            ari.access,
            "callrouter-w1",
            http,
            on_message=self._hear,
            prepare=self._prepare,
            heartbeat_s=0.2,
            chance=lambda: 1.0,
            sleep=self._sleep,
        )

    def _hear(self, data: str | bytes) -> None:
        self.heard.append(data)
        if "poison" in str(data):
            raise ZeroDivisionError
        if "last" in str(data):
            self.socket.step_down()

    async def _prepare(self) -> None:
        await self.ready.wait()
        self.prepared += 1
        if self.fail_to_prepare:
            self.fail_to_prepare -= 1
            raise SwitchDown("not yet")

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0.001)

    async def hears(self, count: int) -> list[str | bytes]:
        async with asyncio.timeout(2):
            while len(self.heard) < count:
                await asyncio.sleep(0.001)
        return self.heard


@pytest.fixture
async def listener(ari: FakeAri) -> AsyncIterator[Listener]:
    async with aiohttp.ClientSession(headers=ari.access.headers) as http:
        one = Listener(ari, http)
        running = asyncio.create_task(one.socket.run())
        yield one
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def up(listener: Listener) -> None:
    async with asyncio.timeout(2):
        await listener.socket.up.wait()


async def test_it_signs_in_by_header_and_hears(ari: FakeAri, listener: Listener) -> None:
    await up(listener)
    await ari.send("callrouter-w1", type="A")
    assert await listener.hears(1) == ['{"type": "A"}']


async def test_events_wait_until_what_was_missed_is_known_and_keep_their_order(
    ari: FakeAri, listener: Listener
) -> None:
    listener.ready.clear()
    await ari.drop()
    async with asyncio.timeout(2):
        await ari.connected.wait()
    for number in range(5):
        await ari.send("callrouter-w1", number=number)
    await asyncio.sleep(0.05)
    assert listener.heard == []
    listener.ready.set()
    await ari.send("callrouter-w1", number=5)
    assert await listener.hears(6) == [f'{{"number": {number}}}' for number in range(6)]


async def test_after_a_loss_it_comes_back_and_prepares_again(ari: FakeAri, listener: Listener) -> None:
    for round_number in range(1, 4):
        await up(listener)
        assert listener.prepared == round_number
        await ari.drop()
        async with asyncio.timeout(2):
            await ari.connected.wait()
    await up(listener)
    assert max(listener.waited) <= 0.1, "each success starts the delays anew"


async def test_while_nobody_answers_the_delays_grow_to_a_bound(ari: FakeAri, listener: Listener) -> None:
    await up(listener)
    ari.refuse_sockets = True
    await ari.drop()
    async with asyncio.timeout(2):
        while len(listener.waited) < 9:
            await asyncio.sleep(0.001)
    assert not listener.socket.up.is_set()
    assert listener.waited[:8] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
    ari.refuse_sockets = False
    await up(listener)


async def test_a_preparation_that_fails_is_tried_again_on_a_new_connection(ari: FakeAri, listener: Listener) -> None:
    await up(listener)
    listener.fail_to_prepare = 2
    await ari.drop()
    async with asyncio.timeout(2):
        while listener.prepared < 4:
            await asyncio.sleep(0.001)
    await up(listener)


async def test_a_peer_that_falls_silent_is_left_and_found_again(ari: FakeAri, listener: Listener) -> None:
    await up(listener)
    ari.answers_heartbeats = False
    await ari.drop()
    async with asyncio.timeout(2):
        while listener.prepared < 3:
            await asyncio.sleep(0.001)
    ari.answers_heartbeats = True
    async with asyncio.timeout(2):
        while listener.prepared < 4:
            await asyncio.sleep(0.001)
    await up(listener)
    await ari.send("callrouter-w1", type="A")
    assert await listener.hears(1) == ['{"type": "A"}']


async def test_a_message_that_breaks_the_reader_does_not_make_it_deaf(ari: FakeAri, listener: Listener) -> None:
    await up(listener)
    await ari.send("callrouter-w1", type="poison")
    async with asyncio.timeout(2):
        while listener.prepared < 2:
            await asyncio.sleep(0.001)
    await up(listener)
    await ari.send("callrouter-w1", type="B")
    assert (await listener.hears(2))[1] == '{"type": "B"}'


async def test_after_stepping_down_it_never_comes_back(ari: FakeAri, listener: Listener) -> None:
    await up(listener)
    await ari.send("callrouter-w1", type="last")
    await ari.send("callrouter-w1", type="after")
    await listener.hears(1)
    await asyncio.sleep(0.05)
    assert listener.heard == ['{"type": "last"}']
    assert listener.prepared == 1
    assert not listener.socket.up.is_set()
    assert listener.waited == []


@pytest.mark.parametrize("failures", range(1, 60))
def test_a_delay_is_between_half_and_all_of_its_bound(failures: int) -> None:
    assert delay_s(failures, lambda: 0.0) * 2 == delay_s(failures, lambda: 1.0)
    assert delay_s(failures, lambda: 1.0) <= LONGEST_DELAY_S
