"""`callrouter prompts`: what callers hear."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import (
    Json,
    console,
    print_json,
    problems_told,
    site_of,
)

if TYPE_CHECKING:
    pass

prompts_app = typer.Typer(help="What callers hear: recorded, synthetic, missing; and recordings into prompts.")


@prompts_app.command("list")
def prompts_list(
    context: typer.Context,
    problems: Annotated[bool, typer.Option("--problems", help="Only what is missing or badly recorded.")] = False,
    json: Json = False,
) -> None:
    """List every prompt: recorded (and what is wrong with it: too loud, too quiet, clipped …), synthetic or missing."""
    from callrouter.app import prompt_commands as commands

    site = site_of(context)
    with problems_told():
        lines = commands.listed(site)
    shown = [line for line in lines if commands.is_bad(line) or not problems]
    if json:
        print_json(shown)
    else:
        width = console().width
        for line in shown:
            print(commands.row(line, width))
        print(commands.summary(lines))
    raise typer.Exit(1 if any(commands.is_bad(line) for line in lines) else 0)


@prompts_app.command("import")
def prompts_import(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Recordings, named for their prompts: payments.hello.mp3.")],
    language: Annotated[str, typer.Option(help="The language spoken in them, like ru.")],
    tree: Annotated[str | None, typer.Option(help="The tree they belong to: then hello.mp3 is enough.")] = None,
    key: Annotated[str | None, typer.Option("--as", help="The prompt, for one file of any name.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Record anew what is recorded already.")] = False,
) -> None:
    """Convert recordings to 8 kHz mono, equally loud, without silence around, and put them beside their tree."""
    from callrouter.app.prompt_commands import imported

    site = site_of(context)
    with problems_told():
        done = imported(site, files, language, tree=tree, key=key, replace=replace)
    for one in done:
        print(f"{one.key} ({language}) ← {one.source}: {one.target}")
        for warning in one.warnings:
            print(f"  warning: {warning}")
