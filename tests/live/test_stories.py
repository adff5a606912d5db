"""Whole calls on a real Asterisk, told as stories: what each party must hear, and what the journal must say.

Several centres are played on at once, because stories that need the same agents have to wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import own_centre
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.story import Story
from callrouter.parties.verdict import StoryResult

HERE = Path(__file__).parent
FILES = [*sorted((HERE / "faults").glob("*.yaml")), *sorted((HERE / "stories").glob("*.yaml"))]
CENTRES = 5

pytestmark = [pytest.mark.live, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]


async def play(stories: Sequence[Story], begin_after_s: float) -> list[StoryResult]:
    await asyncio.sleep(begin_after_s)  # five Asterisks that boot at once would be slow enough to miss their time
    async with own_centre(HERE / "config") as own:
        return await rehearse(stories, own.stage, report=lambda _: None)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played() -> dict[str, StoryResult]:
    stories = read_stories(FILES)
    shares = [stories[first::CENTRES] for first in range(CENTRES)]
    results = await asyncio.gather(*(play(share, 2.0 * number) for number, share in enumerate(shares)))
    return {Path(result.file).stem: result for some in results for result in some}


@pytest.mark.parametrize("story", [file.stem for file in FILES])
async def test_it_goes_as_told(played: dict[str, StoryResult], story: str) -> None:
    result = played[story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)
