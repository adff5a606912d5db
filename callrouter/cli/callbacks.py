"""`callrouter callbacks`: who waits to be called back; cancel one, or have it made without its pause."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import Json, Mask, console, print_json, site_of, with_line

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.table import Table

    from callrouter.app.callbacks import OpenCallback
    from callrouter.store.redis_line import RedisLine

callbacks_app = typer.Typer(help="Who waits to be called back. Without a command: list them.")
Wanted = Annotated[str, typer.Argument(help="The call's id (or the end of it), or the number.")]


@callbacks_app.callback(invoke_without_command=True)
def callbacks(context: typer.Context, mask: Mask = False, json: Json = False) -> None:
    """List the open callbacks, the oldest first."""
    if context.invoked_subcommand is not None:
        return
    from callrouter.app.callbacks import open_callbacks

    site = site_of(context)

    async def show(line: RedisLine) -> None:
        found = await open_callbacks(line)
        if json:
            print_json(found)
        elif found:
            console().print(_table(found, site.config.centre.zone, mask))
        else:
            print("Nobody waits to be called back.")

    with_line(site, show)


@callbacks_app.command()
def cancel(context: typer.Context, wanted: Wanted) -> None:
    """The caller is not called back any more."""
    _wish(context, wanted, "cancel", "is cancelled as soon as nobody is on its line")


@callbacks_app.command()
def now(context: typer.Context, wanted: Wanted) -> None:
    """Its turn may come at once: no pause after the last attempt. Its place in the line and the hours stay."""
    _wish(context, wanted, "now", "stands in the line again")


def _wish(context: typer.Context, wanted: str, what: str, said: str) -> None:
    from callrouter.app.callbacks import wish

    async def tell(line: RedisLine) -> None:
        one = await wish(line, wanted, what, getpass.getuser())
        print(f"The callback of {one.queue} to {one.number} {said}.")

    with_line(site_of(context), tell)


def _table(found: list[OpenCallback], zone: tzinfo, mask: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    from callrouter.reporting.told import masked
    from callrouter.views import plain, short

    table = Table("asked", "number", "queue", "attempts", "state", "call")
    for one in found:
        when = datetime.fromtimestamp(one.asked_ms / 1000, UTC).astimezone(zone).strftime("%d.%m. %H:%M")
        number = plain(masked(one.number) if mask else one.number)
        cells = (when, number, one.queue, str(one.attempts), one.state, short(one.call))
        table.add_row(*(Text(cell) for cell in cells))
    return table
