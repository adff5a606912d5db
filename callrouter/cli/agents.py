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
    from callrouter.acd.floor import Activity, Floor, Presence
    from callrouter.acd.presence import Wish, presence_change, wish_entry
    from callrouter.acd.why import absence
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
        if wish.presence is Presence.READY:  # whatever kept them from calls: a supervisor's word ends it
            thing = f"agent:{agent}"
            for pause, word in ((Activity.WRAP_UP, Word.WRAPUPEND), (Activity.RESTING, Word.RESTEND)):
                free = {thing: {**activity.idle(), "rest_until": "0"}}
                done = Entry(word, agent=agent, data={"by": "cli"})
                await line.commit(Commit((done,), free, (Check(thing, "activity", pause),)))
        person = Floor((await line.snapshot()).things).agents.get(agent)
        kept = person is not None and wish.presence is Presence.READY and not person.is_free
        but = f", but gets no call now: {absence(person, await line.now_ms())}" if kept and person else ""
        print(f"{agent} is {wish.presence}{f' ({reason})' if reason else ''}{but}.")

    with_line(site, change)


@agents_app.command("wrap-up")
def agents_wrap_up(
    context: typer.Context, agent: Annotated[str, typer.Argument(help="The agent's name in the configuration.")]
) -> None:
    """Give an agent time for notes: after the talk under way or just over, or more of it. As *14 does."""
    from callrouter.acd.floor import Floor
    from callrouter.acd.wrap_up import ask, rule_of
    from callrouter.engine.ports import Written
    from callrouter.engine.wrap_up import as_commit

    site = site_of(context)
    if agent not in site.config.agents:
        wrong_use(f"There is no agent {agent}. Agents: {', '.join(sorted(site.config.agents))}")

    async def change(line: RedisLine) -> None:
        person = Floor((await line.snapshot()).things).agents.get(agent)
        if person is None:
            wrong_use(f"{agent} is not on the floor yet: start the centre with this configuration")
        rule = rule_of(site.config.queues.get(person.last_queue), site.config.agents[agent])
        asked = ask(person, rule, await line.now_ms(), by="cli")
        if asked is None or not isinstance(await line.commit(as_commit(asked)), Written):
            wrong_use(f"No (more) wrap-up to be had for {agent}: `callrouter agents list` shows where {agent} stands")
        print(f"{agent} has (more) time for notes.")

    with_line(site, change)
