"""`callrouter recordings`: the recorded conversations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callrouter.cli.terminal import (
    site_of,
)

if TYPE_CHECKING:
    pass

recordings_app = typer.Typer(help="The recorded conversations.")


@recordings_app.command("verify")
def recordings_verify(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Recordings to check; all of them if none is given.")
    ] = None,
) -> None:
    """Check recordings against the checksums written when they were made."""
    from callrouter.store.recording_check import check_all, verify

    found = [(file, verify(file)) for file in files] if files else list(check_all(site_of(context).recordings))
    for file, problem in found:
        print(f"{'PROBLEM' if problem else 'ok     '}  {file}{f': {problem}' if problem else ''}")
    bad = sum(1 for _, problem in found if problem)
    print(f"{len(found)} checked, {bad} with a problem")
    raise typer.Exit(1 if bad else 0)
