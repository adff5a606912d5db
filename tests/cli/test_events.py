"""`callrouter events` as it is typed, on a real Redis."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callrouter.app.site import Site, open_site
from callrouter.cli import app
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, Word
from tests.store.private_redis import private_redis

pytestmark = pytest.mark.contract


class Place:
    def __init__(self, folder: Path, redis: Path) -> None:
        (folder / "config").mkdir()
        (folder / "config" / "centre.yaml").write_text(f'redis: {{url: "unix://{redis}"}}\ncentre: {{timezone: UTC}}\n')
        self.words = ("--config", str(folder / "config"), "--run-folder", str(folder / "run"), "events")
        self.site: Site = open_site(folder / "config", folder / "run")

    def happens(self, *entries: Entry) -> None:
        async def write() -> None:
            line = self.site.open_line()
            for entry in entries:
                await line.commit(Commit(entries=(entry,)))
            await line.close()

        asyncio.run(write())

    def events(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*self.words, *words])

    def found(self, *words: str) -> list[tuple[str, str]]:
        lines = self.events("--json", *words).stdout.splitlines()
        return [(event["event"], event["call"]) for event in map(json.loads, lines)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with private_redis() as redis:
        found = Place(tmp_path, redis.socket)
        found.happens(
            Entry(Word.ENTERQUEUE, "call-a", "", "payers", {"caller": "+79161112233"}),
            Entry(Word.ENTERQUEUE, "call-b", "", "merchants"),
            Entry(Word.CONNECT, "call-a", "anna", "payers", {"waited_ms": "7000"}),
        )
        yield found


def test_the_newest_are_shown_oldest_first_and_chosen_by_call_agent_queue_and_word(place: Place) -> None:
    all_of_them = [("ENTERQUEUE", "call-a"), ("ENTERQUEUE", "call-b"), ("CONNECT", "call-a")]
    assert place.found() == all_of_them
    assert place.found("-n", "2") == all_of_them[1:]
    assert place.found("--call", "call-a") == [all_of_them[0], all_of_them[2]]
    assert place.found("--agent", "anna") == [all_of_them[2]]
    assert place.found("--queue", "merchants") == [all_of_them[1]]
    assert place.found("--event", "ENTERQUEUE", "-n", "1") == [all_of_them[1]]
    first = json.loads(place.events("--json").stdout.splitlines()[0])["id"]
    assert place.found("--after", first) == all_of_them[1:]


def test_people_read_a_line_each_with_numbers_hidden_if_they_ask(place: Place) -> None:
    shown = place.events("--mask").stdout
    assert "ENTERQUEUE" in shown
    assert "caller=••••••••2233" in shown
    assert "+79161112233" in place.events().stdout


def test_what_is_no_word_and_no_id_is_wrong_use(place: Place) -> None:
    assert place.events("--event", "MOON").exit_code == 2
    assert place.events("--after", "yesterday").exit_code == 2


def test_who_follows_is_told_what_comes(place: Place) -> None:
    words = (sys.executable, "-m", "callrouter.cli", *place.words, "--follow", "--json", "-n", "1")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert json.loads(process.stdout.readline())["event"] == "CONNECT"
            place.happens(Entry(Word.COMPLETECALLER, "call-a", "anna", "payers"))
            assert json.loads(process.stdout.readline())["event"] == "COMPLETECALLER"
        finally:
            process.kill()
