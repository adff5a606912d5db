"""A webhook against a real HTTP server, whose answers a test chooses; the journal is the one in memory."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from callrouter.config import Webhook
from callrouter.engine.ports import Commit, Owner
from callrouter.errors import SetupError
from callrouter.journal import Entry, Word
from callrouter.webhooks import hook as room
from callrouter.webhooks.hook import Hook, shelf_name, wait_s
from callrouter.webhooks.request import key_of
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine


class Other:
    """The program that is told, and a journal in which things happen."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.line = FakeLine(self.clock)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: Iterator[int] = iter(())
        self.hang = False
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        if self.hang:
            await asyncio.sleep(30)
        status = next(self.answers, 204)
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 307 else {})

    def hook(self, owner: str = "clerk/1", secret: str | None = None, **part: Any) -> Hook:
        return Hook("crm", Webhook(url=self.url, **part), lambda: secret, self.line, Owner(owner), turn_s=0.25)

    async def happens(self, *entries: Entry) -> None:
        for entry in entries:
            await self.line.commit(Commit(entries=(entry,)))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    @property
    def calls(self) -> list[str]:
        return [event["call"] for event in self.events]


@pytest_asyncio.fixture
async def other() -> AsyncIterator[Other]:
    found = Other()
    application = web.Application()
    application.router.add_post("/calls", found.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/calls"
    yield found
    await runner.cleanup()


@pytest_asyncio.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.3)) as session:
        yield session


def abandoned(call: str) -> Entry:
    return Entry(Word.ABANDON, call, "", "payers", {"waited_ms": "7000"})


async def test_events_come_one_by_one_in_order_and_only_what_happens_from_now_on(
    other: Other, client: aiohttp.ClientSession
) -> None:
    await other.happens(abandoned("before"))
    hook = other.hook()
    await hook.turn(client)
    await other.happens(abandoned("a"), abandoned("b"), abandoned("c"))
    assert await hook.turn(client) == 0.25
    assert other.calls == ["a", "b", "c"]
    assert await hook.turn(client) == 0.25
    assert other.calls == ["a", "b", "c"]
    assert other.events[0] == {
        "id": other.line.journal[1].id,
        "at": "2023-11-14T22:13:20.000+00:00",
        "event": "ABANDON",
        "call": "a",
        "agent": "",
        "queue": "payers",
        "data": {"waited_ms": "7000"},
    }
    assert (hook.delivered, hook.failed, hook.position) == (3, 0, other.line.journal[-1].id)


async def test_every_request_is_signed_as_standard_webhooks_says(other: Other, client: aiohttp.ClientSession) -> None:
    key = b"0123456789abcdef01234567"
    hook = other.hook(secret="whsec_" + base64.b64encode(key).decode())
    await hook.turn(client)
    await other.happens(abandoned("a"))
    await hook.turn(client)
    said, body = other.got[0]
    content = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert said["webhook-signature"] == f"v1,{expected}"
    assert said["webhook-id"] == other.events[0]["id"]
    assert said["webhook-timestamp"] == "1700000000"
    assert said["Content-Type"] == "application/json"


def test_a_secret_is_taken_as_it_is_written_unless_it_says_that_it_is_base64() -> None:
    assert key_of("a phrase") == b"a phrase"
    with pytest.raises(SetupError, match="no base64"):
        key_of("whsec_not base64!")


async def test_without_a_secret_nothing_is_signed(other: Other, client: aiohttp.ClientSession) -> None:
    hook = other.hook()
    await hook.turn(client)
    await other.happens(abandoned("a"))
    await hook.turn(client)
    assert "webhook-signature" not in other.got[0][0]


async def test_callers_numbers_are_masked_unless_the_hook_asks_for_them(
    other: Other, client: aiohttp.ClientSession
) -> None:
    entered = Entry(Word.ENTERQUEUE, "a", "", "payers", {"caller": "+79161112233", "priority": "0"})
    for numbers, told in (("masked", "••••••••2233"), ("whole", "+79161112233")):
        await other.line.unshelve(shelf_name("crm"))
        other.clock.advance(60)
        hook = other.hook(numbers=numbers)
        await hook.turn(client)
        await other.happens(entered)
        await hook.turn(client)
        assert other.events[-1]["data"]["caller"] == told


async def test_only_the_words_that_were_asked_for_are_told_and_the_others_are_done_with(
    other: Other, client: aiohttp.ClientSession
) -> None:
    hook = other.hook(events=("CONNECT",))
    await hook.turn(client)
    await other.happens(abandoned("a"), Entry(Word.CONNECT, "b", "anna", "payers"), abandoned("c"))
    await hook.turn(client)
    assert other.calls == ["b"]
    assert hook.position == other.line.journal[-1].id


@pytest.mark.parametrize("answer", [500, 404, 307, "silence", "away"])
async def test_what_is_not_taken_is_sent_again_with_the_same_id_and_nothing_after_it_before_it(
    other: Other, client: aiohttp.ClientSession, answer: int | str
) -> None:
    hook = other.hook()
    await hook.turn(client)
    await other.happens(abandoned("a"), abandoned("b"))
    if answer == "away":
        async with aiohttp.ClientSession(connector=Nobody()) as nobody:
            wait = await hook.turn(nobody)
    else:
        other.hang = answer == "silence"
        other.answers = iter([answer] if isinstance(answer, int) else ())
        wait = await hook.turn(client)
        assert other.calls == ["a"]
    assert 0.5 <= wait <= 1.0
    assert (hook.delivered, hook.failed) == (0, 1)
    other.hang = False
    await hook.turn(client)
    assert other.calls[-2:] == ["a", "b"]
    assert {event["id"] for event in other.events[:-1]} == {other.line.journal[0].id}
    assert (hook.delivered, hook.failed) == (2, 1)


class Nobody(aiohttp.TCPConnector):
    """Every connection is refused."""

    async def connect(self, *_args: object, **_more: object) -> Any:
        raise aiohttp.ClientConnectionError("refused")


def test_the_waits_between_tries_double_up_to_five_minutes() -> None:
    waits = [wait_s(failures, random.Random(1)) for failures in range(1, 40)]
    assert 0.5 <= waits[0] <= 1.0
    assert all(150 <= wait <= 300 for wait in waits[10:])
    assert max(waits) <= 300


async def test_another_clerk_goes_on_where_the_last_one_died_and_tells_the_last_event_again_at_most(
    other: Other, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = other.hook("clerk/1")
    await first.turn(client)
    await other.happens(abandoned("a"), abandoned("b"), abandoned("c"))

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(other.line, "shelve", dies)
        with pytest.raises(asyncio.CancelledError):
            await first.turn(client)
    assert other.calls == ["a"]
    second = other.hook("clerk/2")
    await second.turn(client)
    assert other.calls == ["a"], "the lock of the first still stands"
    other.clock.advance(30)
    await second.turn(client)
    assert other.calls == ["a", "a", "b", "c"]


async def test_what_could_not_be_delivered_for_too_long_is_skipped_and_the_next_event_says_so(
    other: Other, client: aiohttp.ClientSession
) -> None:
    hook = other.hook(skip_after_h=1)
    await hook.turn(client)
    await other.happens(abandoned("a"), abandoned("b"))
    other.clock.advance(3_601)
    await other.happens(abandoned("c"), abandoned("d"))
    await hook.turn(client)
    assert [(event["call"], event.get("skipped")) for event in other.events] == [("c", 2), ("d", None)]
    assert hook.skipped == 2


async def test_a_secret_or_a_journal_that_is_not_there_is_waited_for(
    other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LONGEST_WAIT_S", 0.01)
    found: list[str] = []

    def secret() -> str:
        if not found:
            raise SetupError("the environment variable CRM is not set")
        return found[0]

    hook = Hook("crm", Webhook(url=other.url), secret, other.line, Owner("clerk/1"), turn_s=0.01)
    await other.line.shelve(shelf_name("crm"), b"")
    await other.happens(abandoned("a"))
    work = asyncio.create_task(hook.run())
    await asyncio.sleep(0.05)
    assert not work.done()
    assert other.got == []
    found.append("x")
    other.line.down = True
    await asyncio.sleep(0.05)
    other.line.down = False
    async with asyncio.timeout(10):
        while not other.got:
            await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert other.calls == ["a"]
