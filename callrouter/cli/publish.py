"""`callrouter tree publish` and `callrouter tree versions`: what new callers get, and who changed it when."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import Json, console, print_json, site_of, with_line, wrong_use

if TYPE_CHECKING:
    from callrouter.app.publishing import Version
    from callrouter.app.site import Site
    from callrouter.publishing.lineup import Lineup
    from callrouter.store.redis_line import RedisLine

publish_app = typer.Typer()


@publish_app.command()
def publish(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="The tree's file; or its name with --promote, --roll-back, --restore.")],
    canary: Annotated[str, typer.Option(help="Only for such a share of the callers, like 5%.")] = "",
    bound: Annotated[
        float,
        typer.Option(min=0, max=100, help="The canary goes by itself when its rate of wrong keys, of callers leaving "
        "in the tree or of fallbacks is so many points above the live version's."),
    ] = 10.0,
    promote: Annotated[bool, typer.Option("--promote", help="The canary becomes live for everybody.")] = False,
    roll_back: Annotated[
        bool, typer.Option("--roll-back", help="Away with the canary; without one, back to the version before.")
    ] = False,
    restore: Annotated[str, typer.Option(help="Make this earlier version live again.")] = "",
    by: Annotated[str, typer.Option(help="Who publishes; kept with the version.")] = "",
    json: Json = False,
) -> None:  # fmt: skip
    """Make a tree live for new calls, all or a share of them; calls under way keep theirs, bad trees are refused."""
    from callrouter.app import publishing

    if sum(map(bool, (canary, promote, roll_back, restore))) > 1:
        wrong_use("Say only one of --canary, --promote, --roll-back and --restore.")
    site, share, name = site_of(context), _percent(canary), Path(what).stem
    who = by or getpass.getuser()

    async def change(line: RedisLine) -> None:
        if promote:
            lineup = await publishing.promote(line, name, who)
        elif roll_back:
            lineup = await publishing.roll_back(line, name, who)
        elif restore:
            lineup = await publishing.restore(line, name, restore, who)
        else:
            lineup = await publishing.publish(site, line, Path(what), canary=share, bound=bound, by=who)
        print_json({"tree": name, **_plain(lineup)}) if json else print(_told(name, lineup))

    if not (promote or roll_back or restore) and not Path(what).is_file():
        wrong_use(f"There is no file {what}.")
    with_line(site, change)


@publish_app.command()
def versions(
    context: typer.Context, tree: Annotated[str, typer.Argument(help="The tree's name.")], json: Json = False
) -> None:
    """List the versions of a tree that can be restored: when, by whom, and which one callers get."""
    from callrouter.app import publishing

    site = site_of(context)

    async def show(line: RedisLine) -> None:
        found, lineup = await publishing.versions(line, tree), await publishing.lineup_of(line, tree)
        if json:
            print_json([{**_row(site, one, lineup), "at_ms": one.at_ms} for one in found])
            return
        for row in (_row(site, one, lineup) for one in found):
            console().print(f"{row['version']}  {row['when']}  {row['by']:<12}  {row['is']}", highlight=False)

    with_line(site, show)


def _row(site: Site, one: Version, lineup: Lineup) -> dict[str, str]:
    when = datetime.fromtimestamp(one.at_ms / 1000, UTC).astimezone(site.config.centre.zone)
    states = {lineup.live: "live", lineup.canary: f"canary for {lineup.share:g} % of the callers"}
    return {
        "version": one.version,
        "when": f"{when:%d.%m.%Y %H:%M:%S}",
        "by": one.by,
        "is": states.get(one.version, ""),
    }


def _percent(text: str) -> float | None:
    if not text:
        return None
    try:
        share = float(text.rstrip("%"))
    except ValueError:
        wrong_use(f"{text} is no share of the callers; write it like 5%")
    if not 0 < share <= 100:
        wrong_use(f"{text} is no share of the callers; it must be above 0 and at most 100%")
    return share


def _plain(lineup: Lineup) -> dict[str, object]:
    return {"live": lineup.live, "canary": lineup.canary, "share": lineup.share, "bound": lineup.bound}


def _told(name: str, lineup: Lineup) -> str:
    if not lineup.canary:
        return f"New callers of {name} get version {lineup.live}; calls under way go on in theirs."
    return (
        f"{lineup.share:g} % of the new callers of {name} get version {lineup.canary}, the others {lineup.live}.\n"
        f"It goes by itself when it does more than {lineup.bound:g} points worse.\n"
        f"`callrouter tree publish {name} --promote` makes it live, `--roll-back` takes it away."
    )
