"""The clerk as a process, and the report as it is typed, on a real Redis."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callrouter.app.own import moved
from callrouter.app.site import Site, open_site
from callrouter.cli import app
from callrouter.config import Config, HistoryPart, MetricsPart
from tests.store.history.days import a_day
from tests.store.private_redis import private_redis

FILES = {
    "config/callrouter.yaml": """
        redis: {url: "unix://SOCKET"}
        metrics: {port: PORT}
        centre: {language: en}
        reports: {within_s: 30}
        history: {queue_log: run/queue_log}
        webhooks:
        .  crm: {url: "http://127.0.0.1:9/", secret: {env: NOBODY_HAS_SET_THIS}}
        .  desk: {url: "http://127.0.0.1:9/", events: [SWITCH]}
        """,
    "config/trunks.yaml": "trunks: {carrier: {addresses: [127.0.0.2]}}",
    "config/numbers.yaml": 'numbers: [{number: "+4420", tree: shop}]',
    "config/queues.yaml": "queues: {payers: {name: Payers}, merchants: {name: Merchants}}",
    "config/agents.yaml": "agents: {anna: {name: Anna, queues: [payers, merchants]}}",
    "ivr_trees/shop.yaml": "{schema: 1, languages: [en], start: a, nodes: {a: {type: queue, queue: payers}}}",
}


class Place:
    """A centre's configuration, its Redis, and a free port for metrics."""

    def __init__(self, folder: Path, redis: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = int(found.getsockname()[1])
        for name, text in FILES.items():
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            told = text.replace("SOCKET", str(redis)).replace("PORT", str(self.port))
            file.write_text("\n".join(line.strip().removeprefix(".") for line in told.splitlines()))
        (folder / "run").mkdir()
        self.words = ("--config", str(folder / "config"), "--run-folder", str(folder / "run"))
        self.site: Site = open_site(folder / "config", folder / "run")
        self.site.layout.prepare()

    @contextmanager
    def clerk(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen((sys.executable, "-m", "callrouter.cli", *self.words, "clerk"))
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

    def report(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*self.words, "report", *words])

    def entered(self) -> int:
        done = self.report("--json")
        return int(json.loads(done.stdout)["whole"]["entered"]) if done.exit_code == 0 else 0

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as page:
            return str(page.read().decode())

    def a_day(self, calls: int, seed: int) -> None:
        async def write() -> None:
            line = self.site.open_line()
            await a_day(line, calls, seed)
            await line.close()

        asyncio.run(write())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with private_redis() as redis:
        yield Place(tmp_path, redis.socket)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.contract
def test_the_clerk_keeps_the_history_survives_its_death_and_ends_when_told(place: Place) -> None:
    place.a_day(20, seed=1)
    assert place.report().exit_code == 1
    assert "There is no history yet" in place.report().stderr
    with place.clerk():
        wait_until(lambda: place.entered() > 0)
        first = place.entered()
    place.a_day(20, seed=2)
    with place.clerk() as clerk:
        wait_until(lambda: place.entered() > first)
        second = place.entered()
        page = place.metrics()
        assert 'callrouter_waiting{queue="payers"}' not in page, "nobody has put the queues onto the floor"
        assert "callrouter_history_behind_seconds 0.0" in page
        assert "callrouter_history_gaps 0.0" in page
        assert 'le="30.0"' in page
        wait_until(lambda: "callrouter_queue_log_behind_seconds 0.0" in place.metrics())
        wait_until(lambda: 'callrouter_webhook_behind_seconds{hook="desk"} 0.0' in place.metrics())
        clerk.send_signal(signal.SIGTERM)
        assert clerk.wait(10) == 0
    assert place.entered() == second
    _told_in_every_form(place)
    _told_beside_the_floor(place)
    _told_by_the_doctor(place)
    _told_in_the_queue_log(place, second - first)


def _told_beside_the_floor(place: Place) -> None:
    """A day of the past: only `today` may hold it, and only if the test does not run over midnight."""
    done = CliRunner().invoke(app, [*place.words, "floor", "--json"])
    floor = json.loads(done.stdout)
    assert floor["notes"] == ["no worker is running: callers get the fallback"]
    assert "service level offered, within 30 s" in floor["service_level"]
    rows = json.loads(place.report("--json").stdout)["rows"]
    today = {one["queue"]: one for one in floor["served"] if one["span"] == "today"}
    assert {row["queue"]: (row["answered"], row["service_level"]) for row in rows} == {
        queue: (one["answered"], one["service_level"]) for queue, one in today.items()
    }
    shown = CliRunner().invoke(app, [*place.words, "floor", "--once"], env={"COLUMNS": "120"}).stdout
    assert "SL: service level offered" in shown


def _told_in_the_queue_log(place: Place, second_day: int) -> None:
    """It begins with the first day's newest snapshot; of the second it has every call."""
    lines = (place.site.layout.root / "queue_log").read_text().splitlines()
    assert [line.split("|")[4] for line in lines].count("QUEUESTART") == 1
    assert sum(line.split("|")[4] == "ENTERQUEUE" and "|c2-" in line for line in lines) == second_day


def _told_by_the_doctor(place: Place) -> None:
    done = CliRunner().invoke(app, [*place.words, "doctor", "--json"])
    found = {one["part"]: (one["state"], one["found"]) for one in json.loads(done.stdout)["findings"]}
    assert found["history"] == ("ok", "has all that the journal has")
    assert found["queue_log"] == ("ok", "has all that the journal has")
    assert found["webhook crm"] == (
        "problem",
        "webhooks.crm.secret: the environment variable NOBODY_HAS_SET_THIS is not set; set it before starting",
    )
    assert found["webhook desk"] == ("ok", "has all that the journal has")


def _told_in_every_form(place: Place) -> None:
    for by in ("queue", "agent", "problem", "node", "interval"):
        done = place.report("--by", by)
        assert (done.exit_code, "all" in done.stdout) == (0, True), done.stderr
    rows = list(csv.DictReader(io.StringIO(place.report("--csv").stdout)))
    assert {row["queue"] for row in rows} == {"merchants", "payers"}
    assert {(row["service_level_variant"], row["within_s"]) for row in rows} == {("offered", "30")}
    named = json.loads(place.report("--json", "--service-level", "asterisk_sl2", "--within", "7").stdout)
    assert (named["service_level"]["variant"], named["service_level"]["within_s"]) == ("asterisk_sl2", 7)
    assert json.loads(place.report("--json", "--from", "2020-01-01", "--to", "2020-01-01").stdout)["rows"] == []
    for words, code in (
        (["--from", "tomorrow"], 2),
        (["--json", "--csv"], 2),
        (["--by", "moon"], 2),
        (["--from", "2026-01-02", "--to", "2026-01-01"], 1),
    ):
        assert place.report(*words).exit_code == code, words


def test_a_centre_of_ones_own_keeps_its_history_to_itself() -> None:
    theirs = Config(history=HistoryPart(url="postgresql://real/history"), metrics=MetricsPart(port=9464))
    found = moved(theirs, Path("/nowhere"))
    assert (found.history.url, found.metrics.port) == (None, None)
