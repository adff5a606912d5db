"""Commands that show what happens and what has happened: calls, explain, floor."""

from __future__ import annotations

import asyncio
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
)

if TYPE_CHECKING:
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
def floor(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 1.0,
    mask: Mask = False,
    json: Json = False,
) -> None:
    """Watch the floor live, like top: queues, agents, calls. Ctrl-C ends."""
    from rich.live import Live

    from callrouter.app import history
    from callrouter.views import floor_view

    site = site_of(context)
    zone = site.config.centre.zone

    async def show(line: RedisLine) -> None:
        view = await history.live_floor(line)
        if json:
            print_json(view)
        elif once or not sys.stdout.isatty():
            console().print(floor_view(view, zone, mask=mask))
        else:
            with Live(floor_view(view, zone, mask=mask), screen=True, auto_refresh=False) as live:
                while True:
                    await asyncio.sleep(every)
                    live.update(floor_view(await history.live_floor(line), zone, mask=mask), refresh=True)

    with_line(site, show)
