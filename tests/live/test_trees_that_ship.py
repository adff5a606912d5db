"""The trees that ship answer real calls: a desk of one person, an HR platform, an outsourcer's projects."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from callrouter.app.own import own_centre
from callrouter.app.tree_files import calls_of
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult
from callrouter.reporting.missed import CALLBACK, MESSAGE, Missed, missed

HERE = Path(__file__).parent / "ships"
IVR_TREES = HERE.parents[2] / "ivr_trees"
STORIES = sorted((HERE / "stories").glob("*.yaml"))
CASES = {"+79161110103": "4217"}
TOKEN = "desk-token-7"
ALWAYS, NEVER, LONG_AGO = '{mon-sun: "00:00-24:00"}', "{}", '{"2020-01-01": holiday}'

pytestmark = [pytest.mark.live, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@asynccontextmanager
async def service_desk() -> AsyncIterator[int]:
    """A service desk on loopback that knows one caller with an open case, and nobody without its token."""

    async def cases(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        number = CASES.get(request.query["phone"])
        return web.json_response({"cases": [{"number": number}] if number else []})

    app = web.Application()
    app.router.add_get("/api/cases", cases)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def put_tree(folder: Path, name: str, port: int, *, hours: str = ALWAYS, to: str = "") -> None:
    """A tree as it ships, but for its hours (the test runs at any of them) and its service desk."""
    text = (IVR_TREES / f"{name}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^    open: \{.*\}$", f"    open: {hours}", text, flags=re.MULTILINE)
    text = re.sub(r"^    (holidays: ru|days: \{.*\})$", f"    days: {LONG_AGO}", text, flags=re.MULTILINE)
    text = text.replace("https://servicedesk.example", f"http://127.0.0.1:{port}")
    (folder / f"{to or name}.yaml").write_text(text, encoding="utf-8")


@dataclass
class Played:
    stories: dict[str, StoryResult]
    missed: tuple[Missed, ...]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("ships")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    trees = folder / "trees"
    trees.mkdir()
    async with service_desk() as port:
        for name in ("first_hire", "hr_platform", "outsourcer"):
            put_tree(trees, name, port)
        put_tree(trees, "outsourcer", port, hours=NEVER, to="outsourcer_shut")
        shut = trees / "outsourcer_shut.yaml"  # reached by a number of its own, beside the open clinic
        shut.write_text(shut.read_text(encoding="utf-8").replace("+74950010001", "+74950010003"), encoding="utf-8")
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CALLROUTER_TEST_DESK", TOKEN)
            async with own_centre(folder / "config") as own:
                results = await rehearse(read_stories(STORIES), own.stage, report=lambda _: None)
                to_call = missed(await calls_of(own.line, 1))
    return Played({Path(result.file).stem: result for result in results}, to_call)


@pytest.mark.parametrize("story", [file.stem for file in STORIES])
async def test_it_goes_as_told(played: Played, story: str) -> None:
    result = played.stories[story]
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)


async def test_who_could_not_be_helped_is_in_the_missed_call_list_and_nobody_else(played: Played) -> None:
    assert {(one.ring, one.why, one.queue, len(one.messages)) for one in played.missed} == {
        ("+79161110102", MESSAGE, "desk", 1),
        ("+79161110104", CALLBACK, "hr_employees", 0),
        ("+79161110106", MESSAGE, "", 1),
    }
