"""`callrouter switch`: emergency switches that `hours` nodes obey."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import Json, console, print_json, site_of, with_line, wrong_use
from callrouter.errors import SetupError

if TYPE_CHECKING:
    from callrouter.store.redis_line import RedisLine

app = typer.Typer()


@app.command("switch")
def switch(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="One of `switches`; without it: how all of them stand.")] = "",
    position: Annotated[str, typer.Argument(help="on or off")] = "",
    json: Json = False,
) -> None:
    """Turn an emergency switch on or off: callers meet the `emergency` branch from their next step on, and leave the
    lines of queues that have this switch."""
    from callrouter.app import switches

    site = site_of(context)
    if name and position not in ("on", "off"):
        wrong_use(f"Say on or off: callrouter switch {name} on")

    async def do(line: RedisLine) -> None:
        if name:
            try:
                await switches.turn(site, line, name, position == "on", getpass.getuser())
            except SetupError as error:
                wrong_use(str(error))
        stand = await switches.state(site, line)
        if json:
            print_json(stand)
        else:
            for each, is_on in stand.items():
                console().print(f"{each}: {'ON' if is_on else 'off'}", highlight=False)

    with_line(site, do)
