"""Real calls to lines that are empty, full, closing or evacuated, and a caller who rings back and keeps the place."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import OwnCentre, own_centre
from callrouter.app.switches import turn
from callrouter.journal import Word
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult

HERE = Path(__file__).parent / "doors"
FILES = sorted((HERE / "stories").glob("*.yaml"))
TIMED = sorted((HERE / "timed").glob("*.yaml"))
"""Something happens to their lines meanwhile: the clock or the test sees to it."""
MUSIC_S = 3
"""So long a caller hears that they wait."""
TIME_TO_JOIN = timedelta(seconds=40)

pytestmark = [pytest.mark.live, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


def window() -> str:
    """Open already, until a full minute that leaves a caller the time to join."""
    now = datetime.now(UTC)
    closes = (now + TIME_TO_JOIN).replace(second=0) + timedelta(minutes=1)
    return f"{now - timedelta(minutes=5):%H:%M}-{closes:%H:%M}"


async def evacuate_while_somebody_waits(own: OwnCentre) -> None:
    while not any(entry.word is Word.ENTERQUEUE and entry.queue == "shelter" for entry in await own.line.entries()):
        await asyncio.sleep(0.2)
    await asyncio.sleep(MUSIC_S)
    await turn(own.site, own.line, "evacuation", on=True, by="test")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StoryResult]:
    folder = tmp_path_factory.mktemp("doors")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    config = folder / "config/centre.yaml"
    text = config.read_text(encoding="utf-8")
    assert "00:00-24:00" in text
    config.write_text(text.replace("00:00-24:00", window()), encoding="utf-8")
    async with own_centre(folder / "config") as own:
        evacuation = asyncio.create_task(evacuate_while_somebody_waits(own))
        results = await rehearse(read_stories([*TIMED, *FILES]), own.stage, report=lambda _: None)
        evacuation.cancel()
        return {Path(result.file).stem: result for result in results}


@pytest.mark.parametrize("story", [file.stem for file in (*FILES, *TIMED)])
async def test_it_goes_as_told(played: dict[str, StoryResult], story: str) -> None:
    result = played[story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)
