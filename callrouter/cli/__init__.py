"""The command line. Exit codes: 0 good, 1 problems found, 2 wrong use. Heavy imports wait until they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callrouter import __version__
from callrouter.cli import calls, centre, events, missed, report, simulate, switch, whatif, why
from callrouter.cli.agents import agents_app
from callrouter.cli.callbacks import callbacks_app
from callrouter.cli.prompts import prompts_app
from callrouter.cli.publish import publish_app
from callrouter.cli.recordings import recordings_app
from callrouter.cli.terminal import Where
from callrouter.cli.tree import tree_app

app = typer.Typer(
    help="callrouter decides which agent answers which phone call; Asterisk moves the sound.\n\n"
    "Start a centre with `callrouter run`, look at it with `callrouter floor`, `calls` and `explain`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(centre.app)
app.add_typer(calls.app)
app.add_typer(events.app)
app.add_typer(why.app)
app.add_typer(report.app)
app.add_typer(missed.app)
app.add_typer(simulate.app)
app.add_typer(whatif.app)
app.add_typer(switch.app)
app.add_typer(agents_app, name="agents")
app.add_typer(callbacks_app, name="callbacks")
tree_app.add_typer(publish_app)
app.add_typer(tree_app, name="tree")
app.add_typer(prompts_app, name="prompts")
app.add_typer(recordings_app, name="recordings")


@app.callback()
def choose_centre(
    context: typer.Context,
    config: Annotated[Path, typer.Option(help="Folder with the configuration.", envvar="CALLROUTER_CONFIG")] = Path(
        "config"
    ),
    run_folder: Annotated[
        Path, typer.Option(help="Folder for everything a running centre writes.", envvar="CALLROUTER_RUN")
    ] = Path("run"),
) -> None:
    context.obj = Where(config, run_folder)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """The entry point of the installed command."""
    app()
