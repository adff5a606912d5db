"""Commands that run or examine a centre as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import (
    Json,
    go,
    print_json,
    problems_told,
    site_of,
    where_of,
)

if TYPE_CHECKING:
    pass

app = typer.Typer()


@app.command()
def run(context: typer.Context) -> None:
    """Start the centre (Redis, Asterisk, workers) and keep it running until Ctrl-C."""
    from callrouter.app.centre import run as run_centre

    site = site_of(context)
    go(run_centre(site))


@app.command()
def worker(context: typer.Context, name: Annotated[str, typer.Option(help="This worker's name, like w1.")]) -> None:
    """Run one worker by itself. `callrouter run` starts workers; use this under systemd."""
    from callrouter.app.worker import run as run_worker
    from callrouter.log import set_up

    set_up()
    go(run_worker(site_of(context), name))


@app.command()
def agi(
    context: typer.Context,
    trees: Annotated[
        list[str] | None, typer.Argument(help="Trees to serve besides those that numbers lead to.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on. AGI has no passwords: keep it local.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 4573,
    at_once: Annotated[int, typer.Option(min=1, max=5000, help="So many calls at once; others go on at once.")] = 500,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that calls under way have when it ends.")] = 20.0,
) -> None:
    """Put trees in front of somebody else's queues: a FastAGI server for FreePBX or app_queue (docs/fastagi.md)."""
    from callrouter.app.agi import run as run_agi
    from callrouter.log import set_up

    set_up()
    with problems_told():
        run_agi(site_of(context), trees or (), host=host, port=port, at_once=at_once, grace_s=grace)


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Check the whole configuration and every tree; all problems at once."""
    from callrouter.app.tree_files import not_in_the_queues
    from callrouter.config_files import check_config

    config, problems = check_config(where_of(context).config)
    if config is not None:
        problems = tuple(sorted([*problems, *not_in_the_queues(config)]))
    if json:
        print_json(problems)
    else:
        for problem in problems:
            print(problem)
        if not problems:
            print("The configuration and its trees are good.")
    raise typer.Exit(1 if any(problem.severity == "error" for problem in problems) else 0)


@app.command()
def doctor(context: typer.Context, json: Json = False) -> None:
    """Check every part (programs, versions, ports, permissions, disk, configuration) and say what to do."""
    from callrouter.app.journal_checks import journal_findings
    from callrouter.centre.doctor import examine
    from callrouter.config_files import load_config, resolve

    where = where_of(context)
    raise typer.Exit(
        examine(
            lambda: load_config(where.config),
            where.run_folder,
            resolve,
            json=json,
            further=lambda config: journal_findings(config, where.run_folder),
        )
    )


@app.command()
def rehearse(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Stories (YAML).", exists=True, dir_okay=False)],
    own: Annotated[bool, typer.Option("--own", help="Start a private centre on free ports for it.")] = False,
    json: Json = False,
) -> None:
    """Play stories with real calls against a running centre and print a verdict per line."""
    from callrouter.app.rehearsal import rehearse_own, rehearse_running

    where = where_of(context)
    if own:
        good = go(rehearse_own(files, where.config, json=json))
    else:
        good = go(rehearse_running(files, site_of(context), json=json))
    raise typer.Exit(0 if good else 1)


@app.command()
def demo(
    context: typer.Context,
    calls: Annotated[int, typer.Option(min=0, help="So many more calls of a busy hour after the stories.")] = 0,
    rate: Annotated[float, typer.Option(min=0.1, max=20, help="Of those, so many a second.")] = 1.0,
    duration: Annotated[float, typer.Option(min=1, help="Of those, seconds of talk on average.")] = 5.0,
    keys: Annotated[str, typer.Option(help="Of those, the keys that each caller presses.")] = "1 1",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the centre running afterwards until Ctrl-C.")] = False,
) -> None:
    """Show it: a private centre, real calls over SIP and RTP, told live, with a table at the end."""
    from callrouter.app.rehearsal import BusyHour
    from callrouter.app.rehearsal import demo as play

    good = go(play(where_of(context).config, BusyHour(calls, rate, duration, keys), keep=keep))
    raise typer.Exit(0 if good else 1)
