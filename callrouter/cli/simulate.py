"""`callrouter simulate`: a centre that does not exist yet, played by the choice that runs live."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callrouter.cli.terminal import Json, console, print_json, problems_told, wrong_use
from callrouter.reporting.figures import Variant

if TYPE_CHECKING:
    from callrouter.config import ReportsPart
    from callrouter.simulation.intervals import Estimate
    from callrouter.simulation.outlook import Asked, Outlook
    from callrouter.simulation.scenario import Scenario

app = typer.Typer()

Days = Annotated[int, typer.Option(min=2, max=10_000, help="How many days are played; more give narrower intervals.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same days.")]
Within = Annotated[float | None, typer.Option(min=0, help="Service level: answered within so many seconds.")]
Short = Annotated[float | None, typer.Option(min=0, help="Who hangs up sooner (seconds) has not waited.")]
Which = Annotated[Variant | None, typer.Option(help="Which formula of the service level.")]


@app.command()
def simulate(
    scenario: Annotated[Path | None, typer.Argument(help="A scenario (YAML); without it, the options say all.")] = None,
    arrivals: Annotated[str, typer.Option(help="Calls, like 480/h, 8/min or 100/30min.")] = "",
    handle: Annotated[
        str, typer.Option(help="How long agents talk, like exponential:180 or lognormal:240:1.2 (mean, variation).")
    ] = "exponential:180",
    patience: Annotated[str, typer.Option(help="How long callers wait, like exponential:120, or never.")] = "never",
    agents: Annotated[int, typer.Option(min=0, max=20_000, help="How many agents.")] = 0,
    wrap_up: Annotated[float, typer.Option(min=0, help="Seconds for notes after a call.")] = 0,
    answer: Annotated[str, typer.Option(help="How long an agent's phone rings, like fixed:3.")] = "fixed:0",
    missed: Annotated[float, typer.Option(min=0, max=0.99, help="The share of offers nobody answers.")] = 0,
    hours: Annotated[float, typer.Option(min=0.1, max=24, help="Hours that count, after a warm-up of one.")] = 8,
    lines: Annotated[int | None, typer.Option(min=1, help="Calls at once; further ones are turned away.")] = None,
    days: Days = 20,
    seed: Seed = 1,
    within: Within = None,
    short: Short = None,
    service_level: Which = None,
    on: Annotated[str, typer.Option("--date", help="Which day it is to be (YYYY-MM-DD), for the journal.")] = "",
    journal: Annotated[Path | None, typer.Option(help="Write the first day's journal into this file.")] = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Play days of a centre and tell service level, speed of answer, abandonment and occupancy with intervals."""
    from zoneinfo import ZoneInfo

    from callrouter.app import simulating

    if (scenario is None) == (not arrivals):
        wrong_use("Say what is to be simulated: a scenario's file, or --arrivals and --agents (see --help).")
    asked = asked_for(within, short, service_level)
    day = _day(on)
    with problems_told():
        if scenario is not None:
            what = simulating.open_scenario(scenario)
        else:
            what = _of_options(arrivals, handle, patience, agents, wrap_up, answer, missed, hours, lines)
        found = simulating.simulate(what, day, ZoneInfo("UTC"), days, seed, asked, journal)
    if json:
        print_json({"figures": told_plainly(found), "service_level": words_of(asked), "seed": seed})
        return
    _show(found, asked)
    if journal is not None:
        print(f"The first day's journal is in {journal}: callrouter whatif --journal {journal} --from {day} …")


def asked_for(
    within: float | None, short: float | None, service_level: Variant | None, usual: ReportsPart | None = None
) -> Asked:
    """As asked, else as reports have it."""
    from dataclasses import replace

    from callrouter.config import ReportsPart
    from callrouter.reporting.counts import Bounds
    from callrouter.simulation.outlook import Asked

    usual = usual or ReportsPart()
    within_s = usual.within_s if within is None else within
    short_s = usual.short_abandon_s if short is None else short
    bounds = Bounds(short_ms=round(short_s * 1000))
    if within_s is not None:
        bounds = replace(bounds, within_ms=round(within_s * 1000))
    return Asked(bounds, service_level or Variant(usual.service_level))


def words_of(asked: Asked) -> str:
    from callrouter.reporting.figures import words

    return words(asked.variant, asked.bounds)


def _day(text: str) -> date:
    if not text:
        return datetime.now().date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong_use(f"{text} is no date; write it like 2026-03-29.")


def _of_options(
    arrivals: str,
    handle: str,
    patience: str,
    agents: int,
    wrap_up: float,
    answer: str,
    missed: float,
    hours: float,
    lines: int | None,
) -> Scenario:
    """The scenario that the options describe: one queue, alike agents, counted after an hour of warm-up."""
    from callrouter.documents import parse
    from callrouter.simulation.scenario import read_scenario

    if not agents:
        wrong_use("Say how many agents there are: --agents 12.")
    ends = min(24 * 60, round(hours * 60))
    notes = {"seconds": wrap_up} if wrap_up else {"mode": "none"}
    wanted: dict[str, Any] = {
        "to": f"{ends // 60:02}:{ends % 60:02}",
        "warm_up_h": 1,
        "queues": {"line": {"name": "Line", "wrap_up": notes, "max_wait_s": 86_400}},
        "agents": {"agent": {"queues": ["line"], "count": agents}},
        "callers": [{"queue": "line", "calls": arrivals, "talk": handle, "patience": patience}],
        "phones": {"answered_after": answer, "missed": missed},
        **({"lines": lines} if lines is not None else {}),
    }
    import msgspec

    return read_scenario(parse(msgspec.json.encode(wanted), "options"))


# --- shown ------------------------------------------------------------------------------------------------------------

NAMES = {"service_level": "service level", "asa_s": "ASA", "abandonment": "abandonment", "occupancy": "occupancy"}


def value(name: str, number: float) -> str:
    """A share as per cent, a time in seconds."""
    return f"{number:.1f} s" if name == "asa_s" else f"{number * 100:.1f} %"


def with_interval(name: str, one: Estimate | None, *, change: bool = False) -> str:
    """`91.7 ± 1.0 %`; a change of a share in points."""
    if one is None:
        return "-"
    scale, unit = (1, "s") if name == "asa_s" else (100, "points" if change else "%")
    mean, width = one.mean * scale, (one.high - one.mean) * scale
    if math.isinf(width):
        return f"{mean:.1f} {unit}, one day"
    return f"{mean:{'+' if change else ''}.1f} ± {width:.1f} {unit}"


def _show(found: Outlook, asked: Asked) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("", *NAMES.values()):
        table.add_column(column)
    table.add_row("all", *(with_interval(name, found.whole.get(name)) for name in NAMES))
    table.add_row("a single day", *(_single_day(name, found.whole.get(name)) for name in NAMES))
    for queue, ranges in found.queues.items() if len(found.queues) > 1 else ():
        table.add_row(queue, *(with_interval(name, ranges.get(name)) for name in NAMES))
    console().print(table, highlight=False)
    away = f", {found.turned_away:.0f} of them turned away" if found.turned_away else ""
    print(f"{found.days} days of {found.callers:.0f} callers{away}. Means with 95 % intervals; 95 % of single days.")
    print(words_of(asked))


def _single_day(name: str, one: Estimate | None) -> str:
    if one is None or one.days < 2:
        return "-"
    most = math.inf if name == "asa_s" else 1.0
    low, high = value(name, max(0.0, one.day_low)), value(name, min(most, one.day_high))
    return f"{low.rpartition(' ')[0]} … {high}"


def told_plainly(found: Outlook) -> dict[str, Any]:
    return {
        "days": found.days,
        "callers": found.callers,
        "turned_away": found.turned_away,
        "whole": ranges_plainly(found.whole),
        "queues": {queue: ranges_plainly(one) for queue, one in found.queues.items()},
    }


def ranges_plainly(ranges: Any) -> dict[str, Any]:
    return {
        name: {
            "mean": one.mean,
            "interval": [one.low, one.high],
            "single_day": [one.day_low, one.day_high],
        }
        for name, one in ranges.items()
    }
