"""`callrouter agents`: who takes calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import (
    Json,
    console,
    print_json,
    site_of,
    with_line,
    wrong_use,
)

if TYPE_CHECKING:
    from callrouter.store.redis_line import RedisLine

agents_app = typer.Typer(help="Who takes calls: list the agents, or set one ready, not ready or logged out.")


@agents_app.command("list")
def agents_list(context: typer.Context, json: Json = False) -> None:
    """List the agents with presence, activity and queues."""
    from callrouter.app import history
    from callrouter.views import floor_view

    site = site_of(context)

    async def show(line: RedisLine) -> None:
        view = await history.live_floor(line)
        if json:
            print_json(view.agents)
        else:
            console().print(floor_view(view, site.config.centre.zone))

    with_line(site, show)


@agents_app.command("set")
def agents_set(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(help="The agent's name in the configuration.")],
    presence: Annotated[str, typer.Argument(help="ready, not_ready or logged_out.")],
    reason: Annotated[str, typer.Option(help="Why not ready, like lunch.")] = "",
) -> None:
    """Set an agent ready, not ready or logged out, as the feature codes *11, *12 and *13 do."""
    from callrouter.acd import activity
    from callrouter.acd.floor import Activity, Presence
    from callrouter.acd.presence import Wish, presence_change, wish_entry
    from callrouter.engine.ports import Check, Commit
    from callrouter.journal import Entry, Word

    site = site_of(context)
    if agent not in site.config.agents:
        wrong_use(f"There is no agent {agent}. Agents: {', '.join(sorted(site.config.agents))}")
    if presence.upper() not in Presence.__members__:
        wrong_use(f"{presence} is none of ready, not_ready, logged_out")
    if reason and reason not in site.config.not_ready_reasons.values():
        wrong_use(f"Unknown reason {reason}. Reasons: {', '.join(site.config.not_ready_reasons.values())}")
    wish = Wish(Presence[presence.upper()], reason)

    async def change(line: RedisLine) -> None:
        await line.commit(Commit((wish_entry(agent, wish, by="cli"),), presence_change(agent, wish)))
        if wish.presence is Presence.READY:  # and done with the last call, if its wrap-up still lasts
            thing = f"agent:{agent}"
            done = (Entry(Word.WRAPUPEND, agent=agent),)
            await line.commit(Commit(done, {thing: activity.idle()}, (Check(thing, "activity", Activity.WRAP_UP),)))
        print(f"{agent} is {wish.presence}{f' ({reason})' if reason else ''}.")

    with_line(site, change)
