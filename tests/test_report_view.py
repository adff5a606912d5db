import csv
import io
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from rich.console import Console

from callrouter.report_view import plain_report, report_csv, report_table
from callrouter.reporting.counts import Bounds, Promise
from callrouter.reporting.facts import Outcome, Stay, Stepped, Talked
from callrouter.reporting.figures import Variant
from callrouter.reporting.report import By, Material, Period, Report, report

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


JOINED = at("2026-10-25T02:40:00+01:00")  # the second time that it is 02:40 on this day
MATERIAL = Material(
    stays=[
        Stay("c1", 0, "payers", JOINED, "payments", "refund", 1, Outcome.ANSWERED, agent="anna", waited_ms=12_000),
        Stay("c2", 0, "\x1b[31mevil", JOINED, "payments", "refund", 1, Outcome.ABANDONED, waited_ms=90_000),
    ],
    talks=[Talked("c1", 0, "anna", "payers", JOINED, "payments", "refund", JOINED + 60_000, wrap_ms=3_000)],
    steps=[Stepped("c1", 0, "payments", "who", JOINED, "", JOINED + 4_000, "silence")],
)


def a_report(by: By) -> Report:
    period = Period(at("2026-10-25T02:00:00+02:00"), at("2026-10-25T03:30:00+01:00"), BERLIN, 0)
    return report(by, period, MATERIAL, Variant.OFFERED, Bounds())


def shown(by: By, width: int = 160, gaps: int = 0) -> str:
    console = Console(width=width, file=io.StringIO(), no_color=True)
    console.print(report_table(a_report(by), gaps, width=width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_service_level_is_named_wherever_one_is_shown() -> None:
    for by in (By.QUEUE, By.PROBLEM, By.INTERVAL):
        assert "SL: service level offered, within 20 s: answered in time / (answered + abandoned" in shown(by)
    assert "service level" not in shown(By.NODE)
    for row in csv.DictReader(io.StringIO(report_csv(a_report(By.QUEUE)))):
        assert (row["service_level_variant"], row["within_s"], row["short_abandon_s"]) == ("offered", "20", "5")
    said = plain_report(a_report(By.AGENT))["service_level"]
    assert isinstance(said, dict)
    assert said["variant"] == "offered"
    assert "answered in time" in said["formula"]


def test_each_queue_is_judged_by_its_own_promise() -> None:
    promises = {"payers": Promise(80, 10_000), "\x1b[31mevil": Promise(90, 100_000)}
    period = Period(at("2026-10-25T02:00:00+02:00"), at("2026-10-25T03:30:00+01:00"), BERLIN, 0)
    answered_in_time = Stay("c3", 0, "payers", JOINED, outcome=Outcome.ANSWERED, waited_ms=9_000)
    found = report(
        By.QUEUE,
        period,
        replace(MATERIAL, stays=(*MATERIAL.stays, answered_in_time)),
        Variant.OFFERED,
        Bounds(promises=promises),
    )
    rows = {row.key: row for row in found.rows}
    assert (rows["payers"].figures.service_level, rows["payers"].kept) == (0.5, False)
    assert rows["\x1b[31mevil"].kept is False
    assert (found.whole.counts.answered_within, found.whole.kept) == (1, None)
    console = Console(width=100, file=io.StringIO(), no_color=True)
    console.print(report_table(found, width=100))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "80% in 10s broken" in text
    assert "SL: service level offered, within 10 s in payers, 100 s in" in text
    limits = {row["queue"]: row["within_s"] for row in csv.DictReader(io.StringIO(report_csv(found)))}
    assert limits["payers"] == "10"
    told = plain_report(found)
    assert isinstance(told["rows"], list)
    payers = next(row for row in told["rows"] if row["queue"] == "payers")
    assert (payers["promised_percent"], payers["promised_within_s"], payers["promise_kept"]) == (80, 10, False)
    assert isinstance(told["service_level"], dict)
    assert told["service_level"]["within_s"] is None


def test_a_promise_is_kept_from_its_percentage_on_and_nobody_breaks_one_without_callers() -> None:
    period = Period(JOINED - 1, JOINED + 1, BERLIN, 0)
    stays = [
        Stay("c1", 0, "payers", JOINED, outcome=Outcome.ANSWERED, waited_ms=1_000 * wait) for wait in (1, 1, 1, 99)
    ]
    still_waits = Stay("c2", 0, "merchants", JOINED)
    bounds = Bounds(promises={"payers": Promise(75, 20_000), "merchants": Promise(99, 1_000)})
    found = report(By.QUEUE, period, Material(stays=[*stays, still_waits]), Variant.OFFERED, bounds)
    assert {row.key: row.kept for row in found.rows} == {"payers": True, "merchants": None}


def test_a_table_has_its_rows_and_the_whole() -> None:
    text = shown(By.QUEUE)
    payers = next(line.split() for line in text.splitlines() if line.startswith("payers"))
    assert payers[1:3] == ["1", "1"]
    assert {"100.0%", "0:12", "1:03", "0:03"} <= set(payers)
    whole = next(line for line in text.splitlines() if line.startswith("all")).split()
    assert "50.0%" in whole
    assert "–" in shown(By.AGENT)


def test_text_from_outside_steers_no_terminal() -> None:
    assert "\x1b" not in shown(By.QUEUE)
    assert r"\x1b[31mevil" in shown(By.QUEUE)


def test_a_narrow_terminal_gets_fewer_columns_and_whole_numbers() -> None:
    text = shown(By.PROBLEM, width=80)
    assert "moved on" not in text
    assert "50.0%" in text
    assert "…" not in text


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    rows = [line.split("  ")[0] for line in shown(By.INTERVAL).splitlines() if line.startswith("25.10. ")]
    assert [row.strip() for row in rows] == [
        "25.10. 02:00 (CEST)",
        "25.10. 02:30 (CEST)",
        "25.10. 02:00 (CET)",
        "25.10. 02:30 (CET)",
        "25.10. 03:00",
    ]
    told = list(csv.DictReader(io.StringIO(report_csv(a_report(By.INTERVAL)))))
    assert [row["interval"] for row in told if row["entered"] == "2"] == ["2026-10-25T02:30:00+01:00"]


def test_entries_that_were_lost_are_told_of() -> None:
    assert "3 times entries were lost" in shown(By.QUEUE, gaps=3)
    assert "lost" not in shown(By.QUEUE).lower()


@pytest.mark.parametrize("by", By)
def test_programs_get_everything(by: By) -> None:
    told = msgspec.json.decode(msgspec.json.encode(plain_report(a_report(by))))
    assert (told["by"], told["from"], told["to"]) == (by, "2026-10-25T02:00:00+02:00", "2026-10-25T03:30:00+01:00")
    assert told["whole"].keys() == {*told["rows"][0].keys()}
    assert len(list(csv.DictReader(io.StringIO(report_csv(a_report(by)))))) == len(told["rows"])
