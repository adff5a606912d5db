"""Whole calls on a real Asterisk, told as stories: what each party must hear, and what the journal must say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import OwnCentre, own_centre
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult

HERE = Path(__file__).parent
SERVICE = sorted((HERE / "stories").glob("*.yaml"))
FAULTS = sorted((HERE / "faults").glob("*.yaml"))

pytestmark = [pytest.mark.live, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[OwnCentre]:
    async with own_centre(HERE / "config") as own:
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(centre: OwnCentre) -> dict[str, StoryResult]:
    """All of them in one rehearsal: those that do not need the same people go on at once."""
    stories = read_stories([*SERVICE, *FAULTS])
    results = await rehearse(stories, centre.stage, report=lambda _: None)
    return {Path(result.file).stem: result for result in results}


@pytest.mark.parametrize("story", [file.stem for file in [*SERVICE, *FAULTS]])
async def test_it_goes_as_told(played: dict[str, StoryResult], story: str) -> None:
    result = played[story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)
