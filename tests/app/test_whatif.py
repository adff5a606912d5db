"""`simulate` and `whatif` as they are typed: a day made up, its journal kept, played again, judged by a bound."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from callrouter.app.whatif import journal_of
from callrouter.cli import app
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, Word
from callrouter.store.journal_file import read_journal, write_journal
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine

SCENARIO = """
from: "09:00"
to: "12:00"
queues:
  payers: {name: Payers, wrap_up: {seconds: 15}, max_wait_s: 240}
  merchants: {name: Merchants, wrap_up: {seconds: 15}, max_wait_s: 240}
agents:
  anna: {queues: [payers], count: 7}
  vera: {queues: [merchants, payers], count: 3}
callers:
  - {queue: payers, calls: 140/h, talk: lognormal 180 1, patience: exponential 100}
  - {queue: merchants, calls: 20/h, talk: [60, 120, 300], patience: exponential 100}
phones: {answered_after: fixed 3}
"""
DAY = "2026-11-18"


def typed(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario and the journal of its first day."""
    folder = tmp_path_factory.mktemp("what-if")
    (folder / "day.yaml").write_text(SCENARIO)
    made = typed("simulate", folder / "day.yaml", "--days", 2, "--journal", folder / "day.jsonl", "--date", DAY)
    assert made.exit_code == 0, made.output
    return folder


def played_again(place: Path, *words: object) -> Result:
    where = ("--journal", place / "day.jsonl", "--scenario", place / "day.yaml", "--from", DAY, "--days", 3)
    return typed("whatif", *where, *words)


def plain(result: Result) -> dict[str, Any]:
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_options_alone_describe_a_centre_and_its_figures_have_intervals_and_a_named_service_level() -> None:
    words = ("--arrivals", "120/h", "--handle", "exponential:180", "--patience", "exponential:120", "--agents", 7)
    found = typed("simulate", *words, "--hours", 2, "--days", 4, "--within", 30)
    assert found.exit_code == 0, found.output
    for text in ("service level", "ASA", "abandonment", "occupancy", " ± ", "a single day", "offered, within 30 s"):
        assert text in found.output
    assert typed("simulate", *words, "--hours", 2, "--days", 4, "--within", 30).output == found.output


def test_json_tells_means_intervals_and_queues(place: Path) -> None:
    found = plain(typed("simulate", place / "day.yaml", "--days", 3, "--json"))["figures"]
    level = found["whole"]["service_level"]
    assert level["interval"][0] < level["mean"] < level["interval"][1]
    assert set(found["queues"]) == {"payers", "merchants"}


@pytest.mark.parametrize("words", [(), ("--arrivals", "120/h"), ("some.yaml", "--arrivals", "120/h", "--agents", 3)])
def test_without_knowing_what_to_simulate_it_says_so(words: tuple[object, ...]) -> None:
    assert typed("simulate", *words).exit_code == 2


def test_everything_wrong_in_a_scenario_is_told_with_its_line(tmp_path: Path) -> None:
    text = SCENARIO.replace("queue: payers, calls: 140/h", "queue: payer, calls: 140/h").replace("[payers]", "[papers]")
    (tmp_path / "day.yaml").write_text(text)
    found = typed("simulate", tmp_path / "day.yaml")
    assert found.exit_code == 1
    assert "day.yaml:8:" in found.output
    assert "day.yaml:11:" in found.output
    assert "did you mean `payers`?" in found.output
    (tmp_path / "day.yaml").write_text(SCENARIO.replace("exponential 100", "a while").replace("140/h", "140"))
    found = typed("simulate", tmp_path / "day.yaml")
    assert "write it like `exponential 180`" in found.output
    assert "like `480/h`" in found.output


def test_the_day_unchanged_is_that_day_and_with_fewer_agents_it_is_worse(place: Path) -> None:
    found = plain(played_again(place, "--without", "anna1", "--without", "anna2", "--json"))
    day, before, after = found["day"]["whole"], found["before"]["whole"], found["after"]["whole"]
    for name, value in day.items():
        assert before[name]["mean"] == pytest.approx(value, rel=1e-6)
    assert after["service_level"]["interval"][1] < day["service_level"]
    assert found["change"]["occupancy"]["interval"][0] > 0
    assert found["doubt"] == ""


def test_one_more_agent_who_works_like_another_makes_it_better(place: Path) -> None:
    found = plain(played_again(place, "--more", "anna1", "--more", "anna1", "--json"))
    assert found["change"]["service_level"]["mean"] > 0
    assert found["change"]["asa_s"]["mean"] < 0


def test_a_change_says_only_what_is_different(place: Path) -> None:
    change = place / "change.yaml"
    change.write_text(
        "queues: {payers: {wrap_up: {mode: none}}}\nagents: {zoe: {queues: [payers], like: anna3}}\nwithout: [anna1]"
    )
    found = played_again(place, change)
    assert found.exit_code == 0, found.output
    for text in ("that day", "unchanged", "changed", "difference", "points"):
        assert text in found.output


def test_a_change_that_cannot_be_is_told_with_its_line(place: Path, tmp_path: Path) -> None:
    change = tmp_path / "change.yaml"
    change.write_text("agents:\n  anna1: {queues: [papers]}\n  zoe: {queues: [payers]}\nwithout: [nobody]\n")
    found = played_again(place, change)
    assert found.exit_code == 1
    assert "change.yaml:2:" in found.output
    assert "say whom they work like" in found.output
    assert "there is no agent `nobody`" in found.output


def test_a_change_worse_than_its_bound_is_an_exit_code_for_a_gate(place: Path) -> None:
    fewer = ("--without", "anna1", "--without", "anna2", "--without", "anna3")
    assert played_again(place, "--bound", "service_level:10", "--bound", "asa:600", *fewer).exit_code == 0
    broken = played_again(place, "--bound", "service_level:99", "--bound", "abandonment:0.1", *fewer)
    assert broken.exit_code == 1
    assert "service level is worse than 99.0 %, abandonment is worse than 0.1 %" in broken.output
    assert played_again(place, "--bound", "speed:3").exit_code == 2


def test_too_little_is_refused(place: Path, tmp_path: Path) -> None:
    entries = read_journal(place / "day.jsonl")
    write_journal(tmp_path / "morning.jsonl", [one for one in entries if one.at_ms < entries[0].at_ms + 900_000])
    found = typed("whatif", "--journal", tmp_path / "morning.jsonl", "--scenario", place / "day.yaml", "--from", DAY)
    assert found.exit_code == 1
    assert "100 are needed" in found.output


def test_a_day_under_other_rules_is_not_judged_by(place: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(SCENARIO.replace("wrap_up: {seconds: 15}", "wrap_up: {seconds: 60}"))
    found = typed(
        *("whatif", "--journal", place / "day.jsonl", "--scenario", tmp_path / "other.yaml"),
        *("--from", DAY, "--days", 2),
    )
    assert found.exit_code == 1
    assert "not to be judged by" in found.output


def test_callers_like_them_are_drawn_anew(place: Path) -> None:
    found = plain(played_again(place, "--callers", "alike", "--json"))
    low, high = found["before"]["whole"]["asa_s"]["interval"]
    assert low < high


def test_a_journal_comes_back_from_its_file_and_a_broken_one_is_told(tmp_path: Path) -> None:
    entry = Entry(
        Word.ENTERQUEUE, "call-1", queue="payers", data={"caller": '"\x00\u2028'}, floor={"waiting:call-1": None}
    )
    entries = [replace(entry, id="5-0", at_ms=5), Entry(Word.ENDED, "call-1", id="6-0", at_ms=6)]
    write_journal(tmp_path / "a.jsonl", entries)
    assert read_journal(tmp_path / "a.jsonl") == entries
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    with (tmp_path / "a.jsonl").open("ab") as stream:
        stream.write(b'{"word": "ENT')
    found = typed("whatif", "--journal", tmp_path / "a.jsonl", "--from", DAY)
    assert found.exit_code == 1
    assert "a.jsonl:3: this is no journal entry" in found.output


async def test_a_running_centres_journal_is_read_back_to_a_whole_floor_before_the_day() -> None:
    clock = HandClock()
    line = FakeLine(clock)
    hour = 3_600_000
    began = clock.now_ms()
    for hours in range(30):
        await line.commit(Commit((Entry(Word.UNPAUSE, agent="anna"),), {"agent:anna": {"presence": "READY"}}))
        if hours in (2, 20):
            await line.write_snapshot_entry()
        clock.advance(hour / 1000)
    found = await journal_of(line, began + 5 * hour, began + 9 * hour)
    assert found[-1].at_ms <= began + 10 * hour
    assert any(entry.word is Word.SNAPSHOT and entry.at_ms == began + 2 * hour for entry in found)
