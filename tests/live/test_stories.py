"""Whole calls on a real Asterisk, told as stories: what each party must hear, and what the journal must say.

Several centres are played on at once, because stories that need the same agents have to wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import own_centre
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult

HERE = Path(__file__).parent
AT_ONCE = 3
"""So many centres: more would be slow enough on two cores to miss their time."""
APART_S = 2.0
"""Between two that boot, for the same reason."""


@dataclass(frozen=True)
class Scene:
    """Stories of one configuration, shared among so many centres."""

    config: Path
    files: tuple[Path, ...]
    centres: int = 1


def scene(folder: str, centres: int = 1) -> Scene:
    at = HERE / folder
    return Scene(at / "config", (*sorted(at.glob("faults/*.yaml")), *sorted(at.glob("stories/*.yaml"))), centres)


SCENES = (*map(scene, ("callbacks", "rules", "briefed", "together")), scene("", centres=5))
STORIES = [str(file.relative_to(HERE)) for scene in SCENES for file in scene.files]

pytestmark = [pytest.mark.live, pytest.mark.timeout(900), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played() -> dict[str, StoryResult]:
    """The longest first, so that they do not come last."""
    room, door = asyncio.Semaphore(AT_ONCE), asyncio.Lock()

    async def play(config: Path, files: Sequence[Path]) -> list[StoryResult]:
        async with room:
            async with door:
                await asyncio.sleep(APART_S)
            async with own_centre(config) as own:
                return await rehearse(read_stories(files), own.stage, report=lambda _: None)

    shares = [(scene.config, scene.files[first :: scene.centres]) for scene in SCENES for first in range(scene.centres)]
    results = await asyncio.gather(*(play(config, files) for config, files in shares))
    return {str(Path(result.file).relative_to(HERE)): result for some in results for result in some}


@pytest.mark.parametrize("story", STORIES)
async def test_it_goes_as_told(played: dict[str, StoryResult], story: str) -> None:
    result = played[story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)
