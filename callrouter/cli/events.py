"""`callrouter events`: the journal as it is written, for people and, line by line, for programs."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import Mask, console, print_json, site_of, with_line, wrong_use
from callrouter.journal import Word

if TYPE_CHECKING:
    from callrouter.journal import Entry
    from callrouter.store.redis_line import RedisLine

app = typer.Typer()
VERSION = re.compile(r"[0-9]{1,15}-[0-9]{1,20}")


@app.command()
def events(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="So many of the newest to begin with.")] = 20,
    call: Annotated[str, typer.Option(help="Of this call: its id, or the beginning or end of it.")] = "",
    agent: Annotated[str, typer.Option(help="Of this agent.")] = "",
    queue: Annotated[str, typer.Option(help="Of this queue.")] = "",
    event: Annotated[list[str] | None, typer.Option(help="Only these words of the journal; may be repeated.")] = None,
    after: Annotated[str, typer.Option(help="Those after the event of this id, instead of the newest.")] = "",
    mask: Mask = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, for programs.")] = False,
) -> None:
    """Show what happens as the journal has it: calls, offers, agents, one line each."""
    from callrouter.app.events import coming_events, events_since, newest_events
    from callrouter.reporting.told import Wanted, told
    from callrouter.views import event_line

    if after and not VERSION.fullmatch(after):
        wrong_use("--after is the id of an event, like 1763766000000-0")
    if unknown := set(event or ()) - set(Word):
        wrong_use(f"The journal has no words {', '.join(sorted(unknown))}; docs/events.md lists them.")
    wanted = Wanted(frozenset(event or ()), call, agent, queue)
    site = site_of(context)
    screen = console()

    def show(entry: Entry) -> None:
        if json:
            print_json(told(entry, whole_numbers=not mask))
        else:
            screen.print(event_line(entry, site.config.centre.zone, mask=mask), soft_wrap=True)

    def gap() -> None:
        print("Entries were lost before they could be shown.", file=sys.stderr)

    async def tell(line: RedisLine) -> None:
        position = after
        if not after:
            found, position = await newest_events(line, wanted, count)
            for entry in found:
                show(entry)
        if follow:
            async for entry in coming_events(line, wanted, position, gap):
                show(entry)
        elif after:
            async for entry in events_since(line, wanted, after, gap):
                show(entry)

    with_line(site, tell)
