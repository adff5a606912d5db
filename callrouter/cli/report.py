"""`callrouter report`: figures from the history; and the process that keeps the history."""

from __future__ import annotations

import sys
import time
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from callrouter.cli.terminal import Json, console, fail, go, print_json, site_of, wrong_use
from callrouter.reporting.figures import Variant
from callrouter.reporting.intervals import midnight_ms
from callrouter.reporting.report import By, Period

app = typer.Typer()


@app.command()
def report(
    context: typer.Context,
    begins: Annotated[str, typer.Option("--from", help="A day (2026-11-21) or a time (2026-11-21T09:00).")] = "",
    ends: Annotated[str, typer.Option("--to", help="A day, which is included, or a time, which is not.")] = "",
    by: Annotated[By, typer.Option(help="What each row is about.")] = By.QUEUE,
    service_level: Annotated[Variant | None, typer.Option(help="Another formula than reports.service_level.")] = None,
    within: Annotated[
        float | None, typer.Option(min=0, help="This limit for every queue, instead of each queue's own.")
    ] = None,
    short: Annotated[float | None, typer.Option(min=0, help="Another one than reports.short_abandon_s.")] = None,
    json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
) -> None:
    """Service level, waits, abandonment, handle times, occupancy and more of today or another period."""
    from callrouter.app.books import make_report, usual_bounds
    from callrouter.report_view import plain_report, report_csv, report_table

    if json and as_csv:
        wrong_use("Say only one of --json and --csv.")
    site = site_of(context)
    period = _period(begins, ends, site.config.centre.zone)
    variant = service_level or Variant(site.config.reports.service_level)
    found, gaps = go(make_report(site, by, period, variant, usual_bounds(site.config, within, short)))
    if json:
        print_json(plain_report(found, gaps))
    elif as_csv:
        sys.stdout.write(report_csv(found))
    else:
        screen = console()
        screen.print(report_table(found, gaps, width=screen.width))


@app.command()
def clerk(context: typer.Context) -> None:
    """Keep the history and serve metrics. `callrouter run` starts it; use this under systemd, beside the workers."""
    from callrouter.app.clerk import run
    from callrouter.log import set_up

    set_up()
    go(run(site_of(context)))


def _period(begins: str, ends: str, zone: ZoneInfo) -> Period:
    """Today so far, unless something else is said."""
    now_ms = time.time_ns() // 1_000_000
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    first = _moment(begins, zone, after=False) if begins else midnight_ms(today, zone)
    last = _moment(ends, zone, after=True) if ends else now_ms
    if last <= first:
        fail("The report's period ends before it begins: look at --from and --to.")
    return Period(first, last, zone, now_ms)


def _moment(text: str, zone: ZoneInfo, *, after: bool) -> int:
    """A time in the centre's zone, or a day's beginning, or (`after`) its end."""
    try:
        if len(text) == len("2026-11-21"):
            return midnight_ms(date.fromisoformat(text) + timedelta(days=after), zone)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        wrong_use(f"{text} is neither a day like 2026-11-21 nor a time like 2026-11-21T09:00")
    return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
