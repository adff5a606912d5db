"""`callrouter why-not AGENT [CALL]`: why an agent's phone does not ring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import Json, fail, print_json, site_of, with_line, wrong_use

if TYPE_CHECKING:
    from callrouter.store.redis_line import RedisLine

app = typer.Typer()


@app.command("why-not")
def why_not(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(help="The agent's name in the configuration.")],
    call: Annotated[
        str, typer.Argument(help="A call's id, or its beginning or end; without it: every call that waits now.")
    ] = "",
    json: Json = False,
) -> None:
    """Tell why an agent's phone does not ring: the choice is made again, and what stood in the way is told."""
    from callrouter.app.why_not import Moment, why_not_for, why_not_now

    site = site_of(context)
    if agent not in site.config.agents:
        wrong_use(f"There is no agent {agent}. Agents: {', '.join(sorted(site.config.agents))}")

    async def show(line: RedisLine) -> None:
        moments = await why_not_for(line, agent, call) if call else [await why_not_now(line, agent)]
        if moments is None:
            fail(f"There is no call {call} in the journal. `callrouter calls` lists the newest.")
        if json:
            print_json(moments)
        else:
            print("\n".join(text for moment in moments for text in told(moment)))

    def told(moment: Moment) -> list[str]:
        from callrouter.views import plain, short

        at = datetime.fromtimestamp(moment.at_ms / 1000, UTC).astimezone(site.config.centre.zone)
        head = f"{at:%H:%M:%S}  {moment.what}"
        if not moment.reasons:
            return [f"{head}: the journal holds the floor of that moment no more"]
        return [
            f"{head}{f'  {short(reason.call)}' if reason.call and not call else ''}: {agent} {plain(reason.text)}"
            for reason in moment.reasons
        ]

    with_line(site, show)
