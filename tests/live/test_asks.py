"""Real calls through a tree that asks for everything: digits, a CRM, a secret, a phone outside, messages, callbacks."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
import soundfile
from aiohttp import web

from callrouter.app.own import OwnCentre, own_centre
from callrouter.app.switches import turn
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult

HERE = Path(__file__).parent / "asks"
FILES = sorted((HERE / "stories").glob("*.yaml"))
SHUT = sorted((HERE / "shut").glob("*.yaml"))
SLOW_ORDER, CARD = "265", "7319"

pytestmark = [pytest.mark.live, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Crm:
    """A CRM on loopback: orders are big, one of them is never found in time, cards are good."""

    orders: list[tuple[str, str]] = field(default_factory=list)
    """Path and query, and the Authorization header."""
    cards: list[Mapping[str, str]] = field(default_factory=list)

    async def order(self, request: web.Request) -> web.Response:
        self.orders.append((request.path_qs, request.headers.get("Authorization", "")))
        if request.match_info["id"] == SLOW_ORDER:
            await asyncio.sleep(10)
        return web.json_response({"order": {"amount": 5000}, "customer": {}})

    async def card(self, request: web.Request) -> web.Response:
        self.cards.append(await request.json())
        return web.json_response({})


@asynccontextmanager
async def served(crm: Crm) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_get("/orders/{id}", crm.order)
    app.router.add_post("/card", crm.card)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@dataclass
class Played:
    stories: dict[str, StoryResult]
    crm: Crm
    holds_the_card: list[Path]
    messages: list[tuple[float, str]]
    """Seconds, and the sidecar."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    crm, folder = Crm(), tmp_path_factory.mktemp("asks")
    async with served(crm) as port:
        shutil.copytree(HERE, folder, dirs_exist_ok=True)
        tree = folder / "trees/asks.yaml"
        tree.write_text(tree.read_text(encoding="utf-8").replace("CRM_PORT", str(port)), encoding="utf-8")
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CALLROUTER_TEST_CRM", "token-123")
            async with own_centre(folder / "config") as own:
                results = await rehearse(read_stories(FILES), own.stage, report=lambda _: None)
                await turn(own.site, own.line, "closed-today", on=True, by="test")
                results += await rehearse(read_stories(SHUT), own.stage, report=lambda _: None)
                return Played(
                    {Path(result.file).stem: result for result in results}, crm, holding(own, CARD), messages(own)
                )


def holding(own: OwnCentre, digits: str) -> list[Path]:
    """Every file of the centre with these digits in it: Redis's, Asterisk's, logs, states, recordings."""
    found = [*own.site.layout.root.rglob("*"), *own.site.recordings.rglob("*")]
    return [file for file in found if file.is_file() and digits.encode() in file.read_bytes()]


def messages(own: OwnCentre) -> list[tuple[float, str]]:
    files = sorted((own.site.recordings / "messages/duty").rglob("*.wav"))
    return [(soundfile.info(file).duration, file.with_suffix(".json").read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize("story", [file.stem for file in (*FILES, *SHUT)])
async def test_it_goes_as_told(played: Played, story: str) -> None:
    result = played.stories[story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)


async def test_the_crm_is_asked_by_the_callers_words_and_with_its_secret(played: Played) -> None:
    assert ("/orders/182?from=%2B79161110001", "Bearer token-123") in played.crm.orders


async def test_a_secret_reaches_the_crm_and_is_in_no_file(played: Played) -> None:
    assert played.crm.cards == [{"card": CARD}]
    assert played.holds_the_card == []


async def test_messages_lie_with_their_group_with_all_that_is_known(played: Played) -> None:
    assert [seconds > 2 for seconds, _ in played.messages] == [True, True]
    assert all('"group": "duty"' in told for _, told in played.messages)
