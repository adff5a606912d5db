"""The same calls before our own queues and before Asterisk's app_queue, in one run: what each writes into its
queue_log, event by event and field by field."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from callrouter.app.own import own_centre
from callrouter.parties.centre import Centre
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from tests.live.queue_centre import queue_centre

HERE = Path(__file__).parent / "queue_logs"
FILES = sorted((HERE / "stories").glob("*.yaml"))
CALLS = 8
WRITTEN_S = 20
"""The clerk looks once a second."""

pytestmark = [pytest.mark.live, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

Rows = list[list[str]]
ENDS = {"ABANDON", "COMPLETEAGENT", "COMPLETECALLER", "EXITWITHTIMEOUT"}
SECONDS = {"ENTERQUEUE": (), "CONNECT": (0, 2), "ABANDON": (2,), "EXITWITHTIMEOUT": (2,)}
SECONDS |= {"COMPLETEAGENT": (0, 1), "COMPLETECALLER": (0, 1)}
MILLISECONDS = {"RINGNOANSWER": (0,), "RINGCANCELED": (0,)}
IDS = {"CONNECT": (1,)}
"""Which data are lengths of time, and which the id of somebody's own leg; all others must be the same."""


async def play(centre: Centre) -> None:
    results = await rehearse(read_stories(FILES), centre, report=lambda _: None)
    wrong = [str(verdict) for result in results if not result.went_as_told for verdict in result.verdicts]
    assert wrong == [], "\n".join(wrong)


async def ours() -> Rows:
    async with own_centre(HERE / "config") as own:
        await play(own.stage)
        file = own.site.config.history.queue_log
        assert file is not None
        async with asyncio.timeout(WRITTEN_S):
            while sum(row[4] in ENDS for row in _rows(file)) < CALLS:
                await asyncio.sleep(0.2)
        return _rows(file)


async def theirs() -> Rows:
    await asyncio.sleep(2)  # two that look for free ports at once may find the same
    async with queue_centre(HERE / "config") as centre:
        await play(centre)
        return centre.queue_log()


def _rows(file: Path) -> Rows:
    return [line.split("|") for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def by_caller(rows: Rows) -> dict[str, Rows]:
    """Each caller's lines; ids are made by whoever makes them."""
    caller = {row[1]: row[6] for row in rows if row[4] == "ENTERQUEUE"}
    return {number: [row for row in rows if caller.get(row[1]) == number and row[4] != "CALLROUTER"]
            for number in sorted(caller.values())}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def logs() -> tuple[Rows, Rows]:
    our, their = await asyncio.gather(ours(), theirs())
    return our, their


async def test_every_call_has_the_same_events_in_the_same_order(logs: tuple[Rows, Rows]) -> None:
    our, their = map(by_caller, logs)
    assert len(our) == CALLS
    assert {number: _events(rows) for number, rows in our.items()} == {
        number: _events(rows) for number, rows in their.items()
    }


def _events(rows: Rows) -> list[list[str]]:
    """Queue, agent, event."""
    return [row[2:5] for row in rows]


async def test_every_field_is_the_same_or_a_length_in_both(logs: tuple[Rows, Rows]) -> None:
    our, their = map(by_caller, logs)
    wrong = [
        (mine, yours)
        for number in our
        for mine, yours in zip(our[number], their[number], strict=True)
        if not _alike(mine, yours)
    ]
    assert wrong == []


def _alike(mine: Sequence[str], yours: Sequence[str]) -> bool:
    event, count = mine[4], len(mine) - 5
    return len(mine) == len(yours) and all(
        _field_alike(event, place, mine[5 + place], yours[5 + place]) for place in range(count)
    )


def _field_alike(event: str, place: int, mine: str, yours: str) -> bool:
    if place in (*SECONDS.get(event, ()), *MILLISECONDS.get(event, ())):
        return mine.isdigit() and yours.isdigit()
    return (mine != "" and yours != "") if place in IDS.get(event, ()) else mine == yours


async def test_lengths_are_those_between_the_lines_in_both(logs: tuple[Rows, Rows]) -> None:
    """How long a story takes depends on how busy the machine is; what the lengths mean does not. In these stories a
    phone rings as soon as somebody waits for it."""
    for log in logs:
        for rows in by_caller(log).values():
            at = {row[4]: int(row[0]) for row in rows}
            waits = [(row, place) for row in rows for place in WAITS.get(row[4], ())]
            assert [row for row, place in waits if abs(_s(row, place) - (int(row[0]) - at["ENTERQUEUE"])) > 1] == []
            talks = [row for row in rows if row[4].startswith("COMPLETE")]
            assert [row for row in talks if abs(_s(row, 1) - (int(row[0]) - at["CONNECT"])) > 1] == []
            assert [row for row in talks if abs(_s(row, 0) - (at["CONNECT"] - at["ENTERQUEUE"])) > 1] == []


WAITS = {"ABANDON": (2,), "EXITWITHTIMEOUT": (2,), "CONNECT": (0, 2), "RINGNOANSWER": (0,), "RINGCANCELED": (0,)}


def _s(row: Sequence[str], place: int) -> float:
    """A length in seconds."""
    return int(row[5 + place]) / (1_000 if row[4] in MILLISECONDS else 1)


async def test_who_missed_a_call_is_paused_in_the_same_words(logs: tuple[Rows, Rows]) -> None:
    for rows in logs:
        missed = next(number for number, row in enumerate(rows) if row[4] == "RINGNOANSWER")
        after = [row for row in rows[missed + 1 :] if row[3] == "anna" and row[1] == "NONE"]
        assert [row[1:5] for row in after[:2]] == [
            ["NONE", "NONE", "anna", "PAUSEALL"],
            ["NONE", "payers", "anna", "PAUSE"],
        ]
        assert [len(row) for row in after[:2]] == [6, 6]


async def test_both_begin_with_a_queuestart(logs: tuple[Rows, Rows]) -> None:
    assert [rows[0][1:] for rows in logs] == [["NONE", "NONE", "NONE", "QUEUESTART", ""]] * 2
