"""Real calls for which several phones ring at once: who hears whom, and that all other phones stop, whatever breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import own_centre
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult

HERE = Path(__file__).parent / "together"
FILES = [*sorted((HERE / "stories").glob("*.yaml")), *sorted((HERE / "faults").glob("*.yaml"))]

pytestmark = [pytest.mark.live, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played() -> dict[str, StoryResult]:
    async with own_centre(HERE / "config") as own:
        results = await rehearse(read_stories(FILES), own.stage, report=lambda _: None)
    return {Path(result.file).stem: result for result in results}


@pytest.mark.parametrize("story", [file.stem for file in FILES])
async def test_it_goes_as_told(played: dict[str, StoryResult], story: str) -> None:
    result = played[story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)
