"""`callrouter whatif`: yesterday once more, with other queues, skills or people. Exit 1 when worse than a bound."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callrouter.cli.simulate import (
    NAMES,
    Days,
    Seed,
    Short,
    Which,
    Within,
    asked_for,
    ranges_plainly,
    told_plainly,
    value,
    with_interval,
    words_of,
)
from callrouter.cli.terminal import (
    Json,
    console,
    fail,
    print_json,
    problems_told,
    site_of,
    where_of,
    with_line,
    wrong_use,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from callrouter.config import ReportsPart
    from callrouter.journal import Entry
    from callrouter.simulation.changed import Centre
    from callrouter.simulation.durations import Duration
    from callrouter.simulation.outlook import Asked
    from callrouter.simulation.whatif import Compared

app = typer.Typer()


@app.command()
def whatif(
    context: typer.Context,
    change: Annotated[
        Path | None, typer.Argument(help="What is different (YAML): only the changed words of queues and agents.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="This agent is not there; may be repeated.")] = None,
    more: Annotated[list[str] | None, typer.Option(help="One more who works like this agent; may be repeated.")] = None,
    journal: Annotated[Path | None, typer.Option(help="A journal's file, instead of the running centre's.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep the centre's journal of that time in this file.")] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="The centre is this scenario's, instead of the configuration's.")
    ] = None,
    first: Annotated[str, typer.Option("--from", help="The first day (YYYY-MM-DD); else yesterday.")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day; else the first.")] = "",
    callers: Annotated[
        str, typer.Option(help="same: those of that day; alike: others like them, at the same moments.")
    ] = "same",
    patience: Annotated[
        str, typer.Option(help="How long callers wait, like exponential:120; else learned from the day.")
    ] = "",
    days: Days = 20,
    seed: Seed = 1,
    within: Within = None,
    short: Short = None,
    service_level: Which = None,
    bound: Annotated[
        list[str] | None,
        typer.Option(help="Exit 1 if worse: service_level:80, asa:30, abandonment:5, occupancy:90; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Play a recorded day unchanged and changed, and tell the figures before and after with intervals."""
    from callrouter.app import whatif as work
    from callrouter.simulation.again import Who

    if callers not in list(Who):
        wrong_use(f"Callers are same or alike, not {callers}.")
    bounds = _bounds(bound or [])
    given = _patience(patience)
    centre, zone, usual = _centre(context, scenario)
    asked = asked_for(within, short, service_level, usual)
    day = _date(first) or datetime.now(zone).date() - timedelta(days=1)
    period = work.period_of(day, _date(last) or day, zone)
    with problems_told():
        centres = work.setups(centre, change, zone, without or (), more or ())
        entries = _entries(context, journal, keep, *period)
        found = work.whatif(entries, period, centres, Who(callers), days, seed, asked, given)
    _judge(found, asked, bounds, json=json)


def _judge(found: Compared, asked: Asked, bounds: dict[str, float], *, json: bool) -> None:
    from callrouter.simulation.whatif import worse_than

    worse = worse_than(found.after, bounds)
    if json:
        print_json(_plainly(found, asked, worse))
    else:
        _show(found, asked)
    if found.doubt:
        fail(f"This is not to be judged by: {found.doubt}")
    if worse:
        told = ", ".join(f"{NAMES[name]} is worse than {value(name, bounds[name])}" for name in worse)
        fail(f"Worse than the bound: {told}.")


def _centre(context: typer.Context, scenario: Path | None) -> tuple[Centre, ZoneInfo, ReportsPart | None]:
    """Queues and agents of a scenario (whose days are in UTC), or as configured; how reports count there."""
    from zoneinfo import ZoneInfo

    from callrouter.simulation.changed import Centre

    with problems_told():
        if scenario is not None:
            from callrouter.app.simulating import open_scenario
            from callrouter.simulation.scenario import people

            what = open_scenario(scenario)
            return Centre(what.queues, people(what)), ZoneInfo("UTC"), None
        from callrouter.config_files import load_config

        config = load_config(where_of(context).config)
        return Centre(config.queues, config.agents), config.centre.zone, config.reports


def _entries(context: typer.Context, journal: Path | None, keep: Path | None, from_ms: int, to_ms: int) -> list[Entry]:
    from callrouter.app.whatif import journal_of
    from callrouter.store.journal_file import read_journal, write_journal
    from callrouter.store.redis_line import RedisLine

    if journal is not None:
        return read_journal(journal)
    found: list[Entry] = []

    async def read(line: RedisLine) -> None:
        found.extend(await journal_of(line, from_ms, to_ms))

    with_line(site_of(context), read)
    if keep is not None:
        write_journal(keep, found)
    return found


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        wrong_use(f"{text} is no date; write it like 2026-03-29.")


def _patience(text: str) -> Duration | None:
    from callrouter.simulation.words import duration

    try:
        return duration(text) if text else None
    except ValueError as error:
        wrong_use(str(error))


def _bounds(given: list[str]) -> dict[str, float]:
    """Per cent and seconds, as people say them."""
    names = {"service_level": "service_level", "asa": "asa_s", "abandonment": "abandonment", "occupancy": "occupancy"}
    found = {}
    for text in given:
        name, _, number = text.partition(":")
        try:
            found[names[name]] = float(number.rstrip("%s")) / (1 if name == "asa" else 100)
        except (KeyError, ValueError):
            wrong_use(f"{text} is no bound; write it like service_level:80 or asa:30 ({', '.join(names)}).")
    return found


def _show(found: Compared, asked: Asked) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("", "that day", "unchanged", "changed", "difference"):
        table.add_column(column)
    for name, title in NAMES.items():
        was = found.day.whole.get(name)
        before, after = found.before.whole.get(name), found.after.whole.get(name)
        change = with_interval(name, found.change.get(name), change=True)
        told = value(name, was) if was is not None else "-"
        table.add_row(title, told, with_interval(name, before), with_interval(name, after), change)
    console().print(table, highlight=False)
    print(f"{found.day.callers} callers, played {found.before.days} times in each; means with their 95 % intervals.")
    if found.before.turned_away or found.after.turned_away:
        unchanged, changed = f"{found.before.turned_away:.0f}", f"{found.after.turned_away:.0f}"
        print(f"Turned away: {found.day.turned_away} that day, {unchanged} unchanged, {changed} changed.")
    print(words_of(asked))


def _plainly(found: Compared, asked: Asked, worse: list[str]) -> dict[str, Any]:
    return {
        "day": {
            "callers": found.day.callers,
            "turned_away": found.day.turned_away,
            "whole": found.day.whole,
            "queues": found.day.queues,
        },
        "before": told_plainly(found.before),
        "after": told_plainly(found.after),
        "change": ranges_plainly(found.change),
        "service_level": words_of(asked),
        "doubt": found.doubt,
        "worse": worse,
    }
