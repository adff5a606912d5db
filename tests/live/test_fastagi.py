"""The same stories over ARI with queues of our own, and by FastAGI before a real app_queue: callers notice nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import own_centre
from callrouter.parties.centre import Centre
from callrouter.parties.leg import What
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.stage import Stage
from callrouter.parties.verdict import StoryResult
from tests.live.queue_centre import QueueCentre, queue_centre

HERE = Path(__file__).parent / "both"
FILES = sorted((HERE / "stories").glob("*.yaml"))
FAULTS = sorted((HERE / "faults").glob("*.yaml"))

pytestmark = [pytest.mark.live, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

Played = dict[str, StoryResult]


async def play(files: Sequence[Path], centre: Centre) -> Played:
    results = await rehearse(read_stories(files), centre, report=lambda _: None)
    return {Path(result.file).stem: result for result in results}


async def over_ari() -> Played:
    async with own_centre(HERE / "config") as own:
        return await play(FILES, own.stage)


async def over_agi(gathered: dict[str, list[tuple[str, str]]]) -> Played:
    await asyncio.sleep(2)  # two that look for free ports at once may find the same
    async with queue_centre(HERE / "config") as centre:
        played = await play([*FILES, *FAULTS], centre)
        await hostile_caller(centre)
        gathered["ways"] = centre.ways()
        gathered["agi"] = [(line["event"], line.get("result", "")) for line in centre.agi_lines()]
        gathered["asterisk"] = [("", line) for line in centre.complaints()]
        return played


async def hostile_caller(centre: QueueCentre) -> None:
    """A name that would be a command, a variable or an answer to whoever took it for more than a name."""
    async with Stage(centre) as stage:
        party = stage.outsider("evil", "+79161120031")
        party.phone._name = 'x" ${SHELL(id)} \\ ; HANGUP, 200 result=1 (x) <sip:x> \x01\u202e'
        since = asyncio.get_running_loop().time()
        party.call("+74951234567")
        assert await party.wait_for(What.ANSWERED, since - 0.001, 3) is not None
        await party.press("3")
        await asyncio.sleep(0.5)
        await party.hang_up_and_wait()
        await asyncio.sleep(0.5)
        await stage.take_back(party)


@dataclass
class Worlds:
    """What became of the stories in each world, and what was written down in the second."""

    ari: Played
    agi: Played
    told: dict[str, list[tuple[str, str]]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worlds() -> Worlds:
    told: dict[str, list[tuple[str, str]]] = {}
    ari, agi = await asyncio.gather(over_ari(), over_agi(told))
    return Worlds(ari, agi, told)


@pytest.mark.parametrize("by", ["ari", "agi"])
@pytest.mark.parametrize("story", [file.stem for file in FILES])
async def test_it_goes_alike(worlds: Worlds, story: str, by: str) -> None:
    assert_as_told((worlds.ari if by == "ari" else worlds.agi)[story])


@pytest.mark.parametrize("story", [file.stem for file in FAULTS])
async def test_nobody_is_lost(worlds: Worlds, story: str) -> None:
    assert_as_told(worlds.agi[story])


def assert_as_told(result: StoryResult) -> None:
    assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)


async def test_the_dialplan_has_written_down_every_way_also_of_those_who_hung_up(worlds: Worlds) -> None:
    ways = worlds.told["ways"]
    assert ("queue", "top,partner") in ways
    assert ("ended", "top,top,top,goodbye") in ways
    assert ways.count(("hung_up", "top")) >= 1
    assert ways.count(("", "")) == 1, "the server was away"
    assert ways.count(("", "top")) == 1, "it died while a caller listened"


async def test_a_hostile_name_changes_nothing(worlds: Worlds) -> None:
    assert worlds.told["ways"][-1] == ("hung_up", "top,rules")


async def test_nothing_went_wrong_unnoticed(worlds: Worlds) -> None:
    calls = [result for event, result in worlds.told["agi"] if event == "agi_call"]
    assert len(calls) >= len(FILES)
    assert set(calls) <= {"queue", "ended", "hung_up"}
    assert {event for event, _ in worlds.told["agi"]} <= {"agi_call", "agi_open", "agi_no_call", "agi_answer_lost"}
    complaints = [line for _, line in worlds.told["asterisk"]]
    assert [line for line in complaints if "res_agi.c" not in line] == [], "only of the server that was away"
