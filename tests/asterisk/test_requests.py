"""Commands over HTTP: their answers as our errors, deadlines, order within a call and none between calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from callrouter.asterisk.requests import Access, PhoneUnknown, Request, Requests, Turns
from callrouter.errors import CommandRefused, LegGone, SwitchDown
from tests.asterisk.fake_ari import Asked, FakeAri, json_answer


@pytest.fixture
async def ari() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def requests(ari: FakeAri) -> AsyncIterator[Requests]:
    pool = Requests(ari.access, deadline_s=0.3)
    yield pool
    await pool.close()


ANSWER = Request("POST", ("channels", "1.1", "answer"))


async def test_text_arrives_as_it_was_given(ari: FakeAri, requests: Requests) -> None:
    odd = "a/b?c=d&e +%2F#ф\n"
    await requests.send(Request("POST", ("channels", odd, "play"), {"media": odd}, {"field": odd}))
    asked = ari.asked[0]
    assert asked.query == {"media": odd}
    assert asked.line == f"POST channels/{odd}/play"
    assert asked.body == '{"field":"a/b?c=d&e +%2F#ф\\n"}'


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (404, "Channel not found", LegGone),
        (409, "Channel not in Stasis application", LegGone),
        (422, "Channel not in Stasis application", LegGone),
        (400, "Channel not found", LegGone),
        (400, "Invalid parameter", CommandRefused),
        (403, "Forbidden", CommandRefused),
        (401, "Unauthorized", CommandRefused),
        (500, "Allocation failed", PhoneUnknown),
        (500, "Unknown", CommandRefused),
        (503, "Asterisk not ready", SwitchDown),
    ],
)
async def test_each_refusal_has_its_meaning(
    ari: FakeAri, requests: Requests, status: int, message: str, error: type[Exception]
) -> None:
    async def refuse(_: Asked) -> web.Response:
        return json_answer({"message": message}, status)

    ari.answers(refuse)
    with pytest.raises(error) as told:
        await requests.send(ANSWER)
    assert type(told.value) is error


async def test_no_message_carries_a_number_or_a_password(ari: FakeAri, requests: Requests) -> None:
    async def refuse(_: Asked) -> web.Response:
        return json_answer({"message": "no"}, 400)

    ari.answers(refuse)
    with pytest.raises(CommandRefused) as told:
        await requests.send(Request("POST", ("channels", "x"), {"callerId": "79161112233"}, {"password": "hush"}))
    assert "7916" not in str(told.value)
    assert "hush" not in str(told.value) + repr(Request("PUT", ("x",), {}, {"password": "hush"}))
    assert "s3cret" not in repr(ari.access)


async def test_silence_ends_at_the_deadline(ari: FakeAri, requests: Requests) -> None:
    async def silent(_: Asked) -> None:
        await asyncio.sleep(5)

    ari.answers(silent)
    with pytest.raises(SwitchDown, match=r"POST channels/1.1/answer within 0.3 s"):
        await requests.send(ANSWER)


async def test_nobody_there_is_switch_down() -> None:
    nobody = Requests(Access("http://127.0.0.1:9", "callrouter", "x"))
    with pytest.raises(SwitchDown, match="cannot be reached"):
        await nobody.send(ANSWER)
    await nobody.close()


async def test_a_request_is_sent_at_most_once_even_when_the_answer_is_lost(ari: FakeAri, requests: Requests) -> None:
    class Cut(web.Response):
        async def prepare(self, request: web.BaseRequest) -> None:
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError

    async def lose(_: Asked) -> web.Response:
        return Cut()

    await requests.send(ANSWER)
    ari.answers(lose)
    with pytest.raises(SwitchDown):
        await requests.send(ANSWER)
    assert len(ari.lines("POST")) == 2


async def test_one_slow_command_holds_up_no_other_call(ari: FakeAri, requests: Requests) -> None:
    slow = asyncio.Event()

    async def one_waits(asked: Asked) -> None:
        if "slow" in asked.line:
            await slow.wait()

    ari.answers(one_waits)
    turns = Turns()

    async def do(call: str) -> None:
        async with turns.turn(call):
            await requests.send(Request("POST", ("channels", call, "answer")))

    blocked = asyncio.create_task(do("slow"))
    await asyncio.gather(*(do(f"c{n}") for n in range(20)))
    assert not blocked.done()
    slow.set()
    await blocked
    assert len(turns) == 0


async def test_commands_of_one_call_go_out_in_order_each_after_the_answer_to_the_one_before(
    ari: FakeAri, requests: Requests
) -> None:
    at_once = most = 0

    async def count(_: Asked) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.002)
        at_once -= 1

    ari.answers(count)
    turns = Turns()

    async def do(number: int) -> None:
        async with turns.turn("c1"):
            await requests.send(Request("POST", ("channels", str(number))))

    await asyncio.gather(*(do(number) for number in range(20)))
    assert ari.lines() == [f"POST channels/{number}" for number in range(20)]
    assert most == 1
    assert len(turns) == 0


async def test_a_command_that_failed_or_was_cancelled_leaves_its_turn(ari: FakeAri, requests: Requests) -> None:
    turns = Turns()

    async def wait() -> None:
        async with turns.turn("c1"):
            await asyncio.sleep(10)

    first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    with pytest.raises(ZeroDivisionError):
        async with turns.turn("c1"):
            raise ZeroDivisionError
    assert len(turns) == 0
