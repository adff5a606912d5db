"""`callrouter missed`: who is still to be called, from the journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import Json, Mask, console, print_json, site_of, with_line

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.table import Table

    from callrouter.reporting.missed import Missed
    from callrouter.store.redis_line import RedisLine

app = typer.Typer()


@app.command()
def missed(
    context: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, help="So many days back, as far as the journal goes.")] = 7,
    queue: Annotated[str, typer.Option(help="Only this queue's.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="Also who hung up in the tree, before any line.")] = False,
    mask: Mask = False,
    json: Json = False,
) -> None:
    """List callers who could not be helped and have not been talked to since: who hung up, wants a callback, spoke."""
    from callrouter.app.tree_files import calls_of
    from callrouter.reporting.missed import missed as missed_in

    site = site_of(context)

    async def show(line: RedisLine) -> None:
        found = missed_in(await calls_of(line, days), everybody=everybody)
        wanted = [one for one in found if queue in ("", one.queue)]
        if json:
            print_json(wanted)
        elif wanted:
            console().print(_table(wanted, site.config.centre.zone, mask))
        else:
            print("Nobody is waiting for a call.")

    with_line(site, show)


def _table(found: list[Missed], zone: tzinfo, mask: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    from callrouter.reporting.told import masked
    from callrouter.views import plain, short

    table = Table("when", "ring", "times", "why", "queue", "about", "call")
    table.add_column("message", overflow="fold")
    for one in found:
        when = datetime.fromtimestamp(one.at_ms / 1000, UTC).astimezone(zone).strftime("%d.%m. %H:%M")
        ring = plain(masked(one.ring) if mask else one.ring) or "hidden"
        cells = (when, ring, str(one.times), one.why, one.queue, one.node, short(one.call), "\n".join(one.messages))
        table.add_row(*(Text(cell) for cell in cells))
    return table
