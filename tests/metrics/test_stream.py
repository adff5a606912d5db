"""The stream of events over real HTTP; the journal is the one in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from callrouter.engine.ports import Commit
from callrouter.journal import Entry, Word
from callrouter.metrics import stream
from callrouter.metrics.stream import Events
from tests.fakes.line import FakeLine


class Place:
    """The line, the page, and somebody who listens."""

    def __init__(self, line: FakeLine, url: str, client: aiohttp.ClientSession, events: Events) -> None:
        self.line, self.url, self.client, self.events = line, url, client, events

    async def happens(self, *calls: str, word: Word = Word.ABANDON) -> None:
        for call in calls:
            entry = Entry(word, call, "", "payers", {"caller": "+79161112233"})
            await self.line.commit(Commit(entries=(entry,)))

    async def listen(self, count: int, asked: str = "", since: str = "") -> list[dict[str, Any]]:
        """So many events (or pings), as any client would read them."""
        found: list[dict[str, Any]] = []
        headers = {"Last-Event-ID": since} if since else {}
        async with asyncio.timeout(10), self.client.get(f"{self.url}{asked}", headers=headers) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
            event: dict[str, Any] = {}
            while len(found) < count:
                name, _, value = (await answer.content.readline()).decode().rstrip("\n").partition(":")
                if name:
                    event[name] = json.loads(value) if name == "data" else value.strip()
                elif event:
                    found.append(event)
                    event = {}
                elif not value:
                    continue
        return found


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    line = FakeLine()
    events = Events(line, whole_numbers=False, look_s=0.01, ping_s=0.05)
    application = web.Application()
    application.router.add_get("/events", events.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as client:
        yield Place(line, f"http://127.0.0.1:{runner.addresses[0][1]}/events", client, events)
    await runner.cleanup()


async def test_what_happens_comes_as_it_happens(place: Place) -> None:
    await place.happens("before")
    listening = asyncio.create_task(place.listen(2))
    async with asyncio.timeout(5):
        while not place.events._listeners:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    await place.happens("a", "b")
    first, second = await listening
    assert first["event"] == "ABANDON"
    assert first["id"] == first["data"]["id"] == place.line.journal[1].id
    assert (first["data"]["call"], second["data"]["call"]) == ("a", "b")
    assert first["data"]["data"] == {"caller": "••••••••2233"}


async def test_who_comes_back_misses_nothing(place: Place) -> None:
    await place.happens("a", "b", "c")
    since = place.line.journal[0].id
    assert [event["data"]["call"] for event in await place.listen(2, since=since)] == ["b", "c"]
    assert [event["data"]["call"] for event in await place.listen(2, f"?after={since}")] == ["b", "c"]


async def test_who_comes_back_too_late_is_told_of_the_gap(place: Place) -> None:
    await place.happens("a", "b", "c")
    since = place.line.journal[0].id
    place.line.trim(1)
    gap, event = await place.listen(2, since=since)
    assert (gap["event"], gap["data"]) == ("GAP", {"after": since, "before": place.line.journal[0].id})
    assert event["data"]["call"] == "c"


async def test_a_listener_may_choose(place: Place) -> None:
    await place.happens("start", "call-a", "call-b")
    await place.happens("call-a", word=Word.CONNECT)
    await place.happens("call-b", word=Word.ENDED)
    since = f"?after={place.line.journal[0].id}"
    found = await place.listen(2, f"{since}&event=CONNECT,ENDED")
    assert [event["event"] for event in found] == ["CONNECT", "ENDED"]
    found = await place.listen(2, f"{since}&call=call-a")
    assert [event["event"] for event in found] == ["ABANDON", "CONNECT"]


@pytest.mark.parametrize(("asked", "status"), [("?event=MOON", 400), ("?after=yesterday", 400)])
async def test_wrong_questions_are_told_so(place: Place, asked: str, status: int) -> None:
    async with place.client.get(place.url + asked) as answer:
        assert answer.status == status


async def test_a_name_that_leads_here_from_outside_is_refused(place: Place) -> None:
    async with place.client.get(place.url, headers={"Host": "evil.example.org"}) as answer:
        assert answer.status == 403


async def test_there_are_never_too_many_listeners_and_who_goes_makes_room(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LISTENERS", 1)
    async with place.client.get(place.url) as first:
        assert first.status == 200
        async with place.client.get(place.url) as second:
            assert second.status == 503
    async with asyncio.timeout(5):
        while place.events._listeners:
            await asyncio.sleep(0.01)


async def test_a_store_that_is_away_for_a_while_is_silence(place: Place) -> None:
    await place.happens("a")
    listening = asyncio.create_task(place.listen(1, since=place.line.journal[0].id))
    async with asyncio.timeout(5):
        while not place.events._listeners:
            await asyncio.sleep(0.01)
    place.line.down = True
    await asyncio.sleep(0.05)
    place.line.down = False
    await place.happens("b")
    assert [event["data"]["call"] for event in await listening] == ["b"]
    place.line.down = True
    async with place.client.get(place.url) as answer:
        assert answer.status == 503
