"""What all commands share: which centre they are about, errors told as sentences, JSON for programs, exit codes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from callrouter.errors import CallrouterError, ConfigError, StoreDown

if TYPE_CHECKING:
    from rich.console import Console

    from callrouter.app.site import Site
    from callrouter.store.redis_line import RedisLine

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Mask = Annotated[bool, typer.Option("--mask", help="Hide callers' numbers.")]


@dataclass(frozen=True, slots=True)
class Where:
    """Which centre the command is about."""

    config: Path
    run_folder: Path


def where_of(context: typer.Context) -> Where:
    where = context.find_root().obj
    assert isinstance(where, Where)
    return where


def site_of(context: typer.Context) -> Site:
    from callrouter.app.site import open_site

    where = where_of(context)
    with problems_told():
        return open_site(where.config, where.run_folder)


def go(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it to its end."""
    with problems_told():
        try:
            return asyncio.run(work)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def with_line(site: Site, work: Callable[[RedisLine], Coroutine[Any, Any, None]]) -> None:
    """Run something that needs the running centre's line."""

    async def with_open_line() -> None:
        line = site.open_line()
        try:
            await work(line)
        finally:
            await line.close()

    go(with_open_line())


@contextmanager
def problems_told() -> Iterator[None]:
    """Errors that are nobody's bug are a sentence, not a traceback."""
    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise typer.Exit(1) from None
    except StoreDown as error:
        fail(f"The centre's Redis does not answer ({error}). Is it running? `callrouter run` starts it.")
    except CallrouterError as error:
        fail(str(error))


def fail(text: str) -> NoReturn:
    """Problems found: exit code 1."""
    print(text, file=sys.stderr)
    raise typer.Exit(1)


def wrong_use(text: str) -> NoReturn:
    """Wrong use: exit code 2."""
    print(text, file=sys.stderr)
    raise typer.Exit(2)


def print_json(value: Any) -> None:
    import msgspec

    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.flush()


def console() -> Console:
    from rich.console import Console

    return Console()
