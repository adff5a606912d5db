"""Commands that show what happens and what has happened: calls, explain, floor."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import (
    Json,
    Mask,
    console,
    fail,
    print_json,
    site_of,
    with_line,
    wrong_use,
)

if TYPE_CHECKING:
    from callrouter.acd.skills import Levels
    from callrouter.store.redis_line import RedisLine

app = typer.Typer()


@app.command()
def calls(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="So many of the newest calls.")] = 20,
    mask: Mask = False,
    json: Json = False,
) -> None:
    """List the newest calls: path, queue, wait, agent, talk, recording, end."""
    from callrouter.app import history
    from callrouter.views import calls_table

    site = site_of(context)

    async def show(line: RedisLine) -> None:
        records = await history.newest_calls(line, count)
        if json:
            print_json(records)
        else:
            screen = console()
            now_ms = await line.now_ms()
            screen.print(calls_table(records, site.config.centre.zone, now_ms, width=screen.width, mask=mask))

    with_line(site, show)


@app.command()
def explain(
    context: typer.Context,
    call: Annotated[str, typer.Argument(help="The call's id, or its beginning or end (4 characters or more).")],
    mask: Mask = False,
    json: Json = False,
) -> None:
    """Tell the story of one call: path, wait, each offer, and why each other agent was passed over."""
    from callrouter.app import history
    from callrouter.views import story_view

    site = site_of(context)

    async def show(line: RedisLine) -> None:
        story = await history.explained(line, call)
        if story is None:
            fail(f"There is no call {call} in the journal. `callrouter calls` lists the newest.")
        if json:
            print_json(story)
        else:
            console().print(story_view(story, site.config.centre.zone, mask=mask))

    with_line(site, show)


@app.command()
def change(
    context: typer.Context,
    call: Annotated[str, typer.Argument(help="The waiting call's id, or its beginning or end (4 characters or more).")],
    priority: Annotated[
        int | None, typer.Option(min=-100, max=100, help="One point is worth a minute of waiting.")
    ] = None,
    require: Annotated[
        str | None, typer.Option(help="Skills an agent must have, like refund:2,english. Empty: none.")
    ] = None,
    prefer: Annotated[str | None, typer.Option(help="Skills an agent should have.")] = None,
) -> None:
    """Give a waiting call another priority or other skills. The line is looked at anew at once."""
    from callrouter.acd.skills import levels_text
    from callrouter.app import changing

    changes = {} if priority is None else {"priority": str(priority)}
    for name, text in (("require", require), ("prefer", prefer)):
        if text is not None:
            changes[name] = levels_text(dict(_levels(text)))
    if not changes:
        wrong_use("Say what to change: --priority, --require or --prefer.")

    async def work(line: RedisLine) -> None:
        found = await changing.change(line, call, changes, by="cli")
        told = ", ".join(f"{name} {value or 'none'}" for name, value in changes.items())
        print(f"{found}: {told}.")

    with_line(site_of(context), work)


@app.command()
def floor(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 1.0,
    mask: Mask = False,
    json: Json = False,
) -> None:
    """Watch the floor live, like top: queues and how their callers have fared, agents, calls. Ctrl-C ends."""
    from rich.live import Live

    from callrouter.app import history
    from callrouter.app.served import Figures
    from callrouter.views import floor_view

    site = site_of(context)
    zone = site.config.centre.zone

    async def show(line: RedisLine) -> None:
        figures = Figures(site)
        try:
            await look(line, figures)
        finally:
            await figures.close()

    async def look(line: RedisLine, figures: Figures) -> None:
        view = await figures.beside(await history.live_floor(line))
        if json:
            print_json(view)
        elif once or not sys.stdout.isatty():
            console().print(floor_view(view, zone, mask=mask))
        else:
            with Live(floor_view(view, zone, mask=mask), screen=True, auto_refresh=False) as live:
                while True:
                    await asyncio.sleep(every)
                    view = await figures.beside(await history.live_floor(line))
                    live.update(floor_view(view, zone, mask=mask), refresh=True)

    with_line(site, show)


def _levels(text: str) -> Levels:
    """Skills as people write them; what is no skill is told."""
    from callrouter.acd.skills import read_levels

    if not re.fullmatch(r"([a-z][a-z0-9_-]{0,39}(:([1-9]|10))?(,|$))*", text.replace(" ", "")):
        wrong_use(f"{text} is no list of skills; write it like refund:2,english")
    return read_levels(text.replace(" ", ""))
