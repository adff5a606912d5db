"""The same stories over ARI with queues of our own, and by FastAGI before a real app_queue: callers notice nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import own_centre
from callrouter.parties.centre import Centre
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult
from tests.live.queue_centre import queue_centre

HERE = Path(__file__).parent / "both"
FILES = sorted((HERE / "stories").glob("*.yaml"))

pytestmark = [pytest.mark.live, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

Played = dict[str, StoryResult]


async def play(centre: Centre) -> Played:
    results = await rehearse(read_stories(FILES), centre, report=lambda _: None)
    return {Path(result.file).stem: result for result in results}


async def over_ari() -> Played:
    async with own_centre(HERE / "config") as own:
        return await play(own.stage)


async def over_agi() -> Played:
    async with queue_centre(HERE / "config") as centre:
        return await play(centre)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played() -> dict[str, Played]:
    ari, agi = await asyncio.gather(over_ari(), over_agi())
    return {"ari": ari, "agi": agi}


@pytest.mark.parametrize("by", ["ari", "agi"])
@pytest.mark.parametrize("story", [file.stem for file in FILES])
async def test_it_goes_alike(played: dict[str, Played], story: str, by: str) -> None:
    result = played[by][story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)
