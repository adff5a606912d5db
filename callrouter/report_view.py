"""A report as people and programs get it: a table, CSV, JSON. Rule: which service level it is, is said every time."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from callrouter.reporting.counts import Counts
from callrouter.reporting.figures import FORMULAS, Figures, hang_up_rate, node_s, trouble_rate, words
from callrouter.reporting.report import By, Report, Row
from callrouter.views import duration, plain

WAITING = (
    "entered",
    "answered",
    "abandoned",
    "short",
    "timed out",
    "refused",
    "moved on",
    "SL",
    "promised",
    "ASA",
    "longest",
    "abandonment",
)
SHARED = tuple(name for name in WAITING if name != "promised")
"""What is about several queues together has no promise of its own."""
WORK = ("handled", "AHT", "talk", "ACW", "RNA", "transfers")
TIME = ("occupancy", "free", "not ready")
BACK = ("called back", "first ring", "until called")
COLUMNS: Mapping[By, Sequence[str]] = {
    By.QUEUE: (*WAITING, *WORK, "callbacks", *BACK, "wait error", "in p90", "rang back"),
    By.PROBLEM: (*SHARED, *WORK, "callbacks", *BACK, "rang back"),
    By.INTERVAL: (*SHARED, "handled", "AHT", "RNA", "occupancy"),
    By.AGENT: ("offers", "accepted", "missed", "declined", "busy", *WORK, *TIME),
    By.NODE: ("visits", "silences", "wrong keys", "hung up", "trouble", "hang-ups", "time", "callbacks"),
}


SMALL, NARROW, WIDE, WIDEST = 100, 160, 190, 225
"""Columns of a terminal."""
WIDE_ONLY = (
    dict.fromkeys(
        (
            "short",
            "timed out",
            "refused",
            "moved on",
            "abandonment",
            "talk",
            "transfers",
            "callbacks",
            "declined",
            "busy",
        ),
        NARROW,
    )
    | dict.fromkeys(("wait error", "in p90"), WIDE)
    | dict.fromkeys((*BACK, "rang back"), WIDEST)
    | {"promised": SMALL}
)
"""In a narrower one the table leaves these to --json and --csv."""


def report_table(report: Report, gaps: int = 0, *, width: int = 140) -> RenderableType:
    """The rows, the whole below them, and which service level this is."""
    zone = report.period.zone
    names = [name for name in COLUMNS[report.by] if width >= WIDE_ONLY.get(name, 0)]
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(report.by.value, overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(Text(plain(_key(report.by, row.key, zone))), *_cells(names, row))
    table.add_section()
    table.add_row(Text("all", "bold"), *(Text(cell, "bold") for cell in _cells(names, report.whole)))
    said = [Text(text, "dim") for text in _said(report, gaps)]
    return Group(Text(_period(report), "bold"), table, "", *said)


def _said(report: Report, gaps: int) -> list[str]:
    said = []
    if "SL" in COLUMNS[report.by]:
        said.append("SL: " + words(report.variant, report.bounds))
    if gaps:
        said.append(f"{gaps} times entries were lost before they came into the history: some calls are not whole")
    return said


def _cells(names: Sequence[str], row: Row) -> list[str]:
    return [promised(row) if name == "promised" else _cell(name, row.counts, row.figures) for name in names]


def promised(row: Row) -> str:
    """The queue's promise, and whether it was kept."""
    if row.promise is None:
        return ""
    kept = {True: "kept", False: "broken", None: "–"}[row.kept]
    return f"{row.promise.percent:g}% in {row.promise.within_ms / 1000:g}s {kept}"


def _cell(name: str, counts: Counts, figures: Figures) -> str:
    if name in _COUNTED:
        return str(getattr(counts, _COUNTED[name]) or "·")
    shares: Mapping[str, float | None] = {
        "SL": figures.service_level,
        "abandonment": figures.abandonment,
        "RNA": figures.rna,
        "occupancy": figures.occupancy,
        "transfers": figures.transfer_rate,
        "wait error": figures.expected_error,
        "in p90": figures.expected_within_p90,
        "called back": figures.callback_success,
        "first ring": figures.callback_first,
        "trouble": trouble_rate(counts),
        "hang-ups": hang_up_rate(counts),
    }
    if name in shares:
        share = shares[name]
        return "–" if share is None else f"{share:.1%}"
    seconds: Mapping[str, float | None] = {
        "ASA": figures.asa_s,
        "longest": figures.longest_wait_s,
        "AHT": figures.aht_s,
        "talk": figures.talk_s,
        "ACW": figures.acw_s,
        "until called": figures.callback_s,
        "time": node_s(counts),
        "free": counts.free_ms / 1000,
        "not ready": counts.not_ready_ms / 1000,
    }
    length = seconds[name]
    return "–" if length is None else duration(length * 1000)


_COUNTED = {
    "entered": "entered",
    "answered": "answered",
    "abandoned": "abandoned",
    "short": "abandoned_short",
    "timed out": "timed_out",
    "refused": "refused",
    "moved on": "moved_on",
    "rang back": "rang_back",
    "handled": "handled",
    "callbacks": "callbacks",
    "offers": "offers",
    "accepted": "accepted",
    "missed": "missed",
    "declined": "declined",
    "busy": "busy",
    "visits": "visits",
    "silences": "silences",
    "wrong keys": "wrong_keys",
    "hung up": "hung_up",
}


def plain_report(report: Report, gaps: int = 0) -> dict[str, object]:
    """For programs: shares from 0 to 1, seconds, milliseconds; nothing rounded."""
    period = report.period
    return {
        "by": report.by.value,
        "from": _iso(period.begins_ms, period.zone),
        "to": _iso(period.ends_ms, period.zone),
        "service_level": {
            "variant": report.variant.value,
            "formula": FORMULAS[report.variant],
            "within_s": _limit_s(report),
            "short_abandon_s": report.bounds.short_ms / 1000,
        },
        "gaps": gaps,
        "rows": [_plain_row(report, row) for row in report.rows],
        "whole": _plain_row(report, report.whole),
    }


def _limit_s(report: Report) -> float | None:
    """Of all queues; None where each has its own, which stands in its row."""
    return None if report.bounds.promises else report.bounds.within_ms / 1000


def _plain_row(report: Report, row: Row) -> dict[str, object]:
    key = _iso(int(row.key), report.period.zone) if report.by is By.INTERVAL and row.key else row.key
    nodes = {
        "hang_up_rate": hang_up_rate(row.counts),
        "trouble_rate": trouble_rate(row.counts),
        "node_s": node_s(row.counts),
    }
    promise = {
        "promised_percent": row.promise.percent if row.promise else None,
        "promised_within_s": row.promise.within_ms / 1000 if row.promise else None,
        "promise_kept": row.kept,
    }
    return {report.by.value: key, **asdict(row.figures), **promise, **nodes, **asdict(row.counts)}


def report_csv(report: Report) -> str:
    """A line a row, without the whole, which a spreadsheet adds up by itself."""
    named = {
        "service_level_variant": report.variant.value,
        "short_abandon_s": f"{report.bounds.short_ms / 1000:g}",
    }
    out = io.StringIO()
    writer = csv.DictWriter(out, [*_plain_row(report, report.whole), *named, "within_s"], lineterminator="\r\n")
    writer.writeheader()
    limit = report.bounds.limit_ms
    for row in report.rows:
        within_ms = limit(row.key) if report.by is By.QUEUE else None
        within_s = _limit_s(report) if within_ms is None else within_ms / 1000
        writer.writerow({**_plain_row(report, row), **named, "within_s": "" if within_s is None else f"{within_s:g}"})
    return out.getvalue()


def _key(by: By, key: str, zone: ZoneInfo) -> str:
    if by is not By.INTERVAL:
        return key or "(none)"
    local = _local(int(key), zone)
    return f"{local:%d.%m. %H:%M}" + (
        f" ({local:%Z})" if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() else ""
    )


def _period(report: Report) -> str:
    begins, ends = (_local(ms, report.period.zone) for ms in (report.period.begins_ms, report.period.ends_ms))
    return f"{begins:%d.%m.%Y %H:%M} to {ends:%d.%m.%Y %H:%M} ({report.period.zone.key})"


def _local(ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def _iso(ms: int, zone: ZoneInfo) -> str:
    return _local(ms, zone).isoformat()
