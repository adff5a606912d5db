"""The command line. Exit codes: 0 good, 1 problems found, 2 wrong use. Heavy imports wait until they are needed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from callrouter import __version__
from callrouter.errors import CallrouterError, ConfigError, Problem
from callrouter.tree_cli import tree_app

if TYPE_CHECKING:
    from callrouter.app.site import Site
    from callrouter.store.redis_line import RedisLine

app = typer.Typer(
    help="callrouter decides which agent answers which phone call; Asterisk moves the sound.\n\n"
    "Start a centre with `callrouter run`, look at it with `callrouter floor`, `calls` and `explain`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
agents_app = typer.Typer(help="Who takes calls: list the agents, or set one ready, not ready or logged out.")
recordings_app = typer.Typer(help="The recorded conversations.")
app.add_typer(agents_app, name="agents")
app.add_typer(recordings_app, name="recordings")
app.add_typer(tree_app, name="tree")
prompts_app = typer.Typer(help="What callers hear: recorded, synthetic, missing; and recordings into prompts.")
app.add_typer(prompts_app, name="prompts")


@dataclass(frozen=True, slots=True)
class Where:
    """Which centre the command is about."""

    config: Path
    run_folder: Path


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


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Mask = Annotated[bool, typer.Option("--mask", help="Hide callers' numbers.")]


@app.command()
def run(context: typer.Context) -> None:
    """Start the centre (Redis, Asterisk, workers) and keep it running until Ctrl-C."""
    from callrouter.app.centre import run as run_centre

    site = _site(context)
    _go(run_centre(site))


@app.command()
def worker(context: typer.Context, name: Annotated[str, typer.Option(help="This worker's name, like w1.")]) -> None:
    """Run one worker by itself. `callrouter run` starts workers; use this under systemd."""
    from callrouter.app.worker import run as run_worker
    from callrouter.log import set_up

    set_up()
    _go(run_worker(_site(context), name))


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
    with _problems_told():
        run_agi(_site(context), trees or (), host=host, port=port, at_once=at_once, grace_s=grace)


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Check the whole configuration and every tree; all problems at once."""
    problems = _problems(_where(context).config)
    if json:
        _print_json(problems)
    else:
        for problem in problems:
            print(problem)
        if not problems:
            print("The configuration and its trees are good.")
    raise typer.Exit(1 if any(problem.severity == "error" for problem in problems) else 0)


@app.command()
def doctor(context: typer.Context, json: Json = False) -> None:
    """Check every part (programs, versions, ports, permissions, disk, configuration) and say what to do."""
    from callrouter.centre.doctor import examine
    from callrouter.config_files import load_config, resolve

    where = _where(context)
    raise typer.Exit(examine(lambda: load_config(where.config), where.run_folder, resolve, json=json))


@app.command()
def calls(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="So many of the newest calls.")] = 20,
    mask: Mask = False,
    json: Json = False,
) -> None:
    """List the newest calls: path, queue, wait, agent, talk, recording, end."""
    from callrouter.app import history
    from callrouter.views import calls_table

    site = _site(context)

    async def show(line: RedisLine) -> None:
        records = await history.newest_calls(line, count)
        if json:
            _print_json(records)
        else:
            console = _console()
            now_ms = await line.now_ms()
            console.print(calls_table(records, site.config.centre.zone, now_ms, width=console.width, mask=mask))

    _with_line(site, show)


@app.command()
def explain(
    context: typer.Context,
    call: Annotated[str, typer.Argument(help="The call's id, or its beginning or end (4 characters or more).")],
    mask: Mask = False,
    json: Json = False,
) -> None:
    """Tell the story of one call: path, wait, each offer, and why each other agent was passed over."""
    from callrouter.app import history
    from callrouter.views import story_view

    site = _site(context)

    async def show(line: RedisLine) -> None:
        story = await history.explained(line, call)
        if story is None:
            _fail(f"There is no call {call} in the journal. `callrouter calls` lists the newest.")
        if json:
            _print_json(story)
        else:
            _console().print(story_view(story, site.config.centre.zone, mask=mask))

    _with_line(site, show)


@app.command()
def floor(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 1.0,
    mask: Mask = False,
    json: Json = False,
) -> None:
    """Watch the floor live, like top: queues, agents, calls. Ctrl-C ends."""
    from rich.live import Live

    from callrouter.app import history
    from callrouter.views import floor_view

    site = _site(context)
    zone = site.config.centre.zone

    async def show(line: RedisLine) -> None:
        view = await history.live_floor(line)
        if json:
            _print_json(view)
        elif once or not sys.stdout.isatty():
            _console().print(floor_view(view, zone, mask=mask))
        else:
            with Live(floor_view(view, zone, mask=mask), screen=True, auto_refresh=False) as live:
                while True:
                    await asyncio.sleep(every)
                    live.update(floor_view(await history.live_floor(line), zone, mask=mask), refresh=True)

    _with_line(site, show)


@agents_app.command("list")
def agents_list(context: typer.Context, json: Json = False) -> None:
    """List the agents with presence, activity and queues."""
    from callrouter.app import history
    from callrouter.views import floor_view

    site = _site(context)

    async def show(line: RedisLine) -> None:
        view = await history.live_floor(line)
        if json:
            _print_json(view.agents)
        else:
            _console().print(floor_view(view, site.config.centre.zone))

    _with_line(site, show)


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

    site = _site(context)
    if agent not in site.config.agents:
        _wrong_use(f"There is no agent {agent}. Agents: {', '.join(sorted(site.config.agents))}")
    if presence.upper() not in Presence.__members__:
        _wrong_use(f"{presence} is none of ready, not_ready, logged_out")
    if reason and reason not in site.config.not_ready_reasons.values():
        _wrong_use(f"Unknown reason {reason}. Reasons: {', '.join(site.config.not_ready_reasons.values())}")
    wish = Wish(Presence[presence.upper()], reason)

    async def change(line: RedisLine) -> None:
        await line.commit(Commit((wish_entry(agent, wish, by="cli"),), presence_change(agent, wish)))
        if wish.presence is Presence.READY:  # and done with the last call, if its wrap-up still lasts
            thing = f"agent:{agent}"
            done = (Entry(Word.WRAPUPEND, agent=agent),)
            await line.commit(Commit(done, {thing: activity.idle()}, (Check(thing, "activity", Activity.WRAP_UP),)))
        print(f"{agent} is {wish.presence}{f' ({reason})' if reason else ''}.")

    _with_line(site, change)


@recordings_app.command("verify")
def recordings_verify(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Recordings to check; all of them if none is given.")
    ] = None,
) -> None:
    """Check recordings against the checksums written when they were made."""
    from callrouter.store.recording_check import check_all, verify

    found = [(file, verify(file)) for file in files] if files else list(check_all(_site(context).recordings))
    for file, problem in found:
        print(f"{'PROBLEM' if problem else 'ok     '}  {file}{f': {problem}' if problem else ''}")
    bad = sum(1 for _, problem in found if problem)
    print(f"{len(found)} checked, {bad} with a problem")
    raise typer.Exit(1 if bad else 0)


@prompts_app.command("list")
def prompts_list(
    context: typer.Context,
    problems: Annotated[bool, typer.Option("--problems", help="Only what is missing or badly recorded.")] = False,
    json: Json = False,
) -> None:
    """List every prompt: recorded (and what is wrong with it: too loud, too quiet, clipped …), synthetic or missing."""
    from callrouter.app import prompt_commands as commands

    site = _site(context)
    with _problems_told():
        lines = commands.listed(site)
    shown = [line for line in lines if commands.is_bad(line) or not problems]
    if json:
        _print_json(shown)
    else:
        width = _console().width
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

    site = _site(context)
    with _problems_told():
        done = imported(site, files, language, tree=tree, key=key, replace=replace)
    for one in done:
        print(f"{one.key} ({language}) ← {one.source}: {one.target}")
        for warning in one.warnings:
            print(f"  warning: {warning}")


@app.command()
def rehearse(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Stories (YAML).", exists=True, dir_okay=False)],
    own: Annotated[bool, typer.Option("--own", help="Start a private centre on free ports for it.")] = False,
    json: Json = False,
) -> None:
    """Play stories with real calls against a running centre and print a verdict per line."""
    from callrouter.app.rehearsal import rehearse_own, rehearse_running

    where = _where(context)
    if own:
        good = _go(rehearse_own(files, where.config, json=json))
    else:
        good = _go(rehearse_running(files, _site(context), json=json))
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

    good = _go(play(_where(context).config, BusyHour(calls, rate, duration, keys), keep=keep))
    raise typer.Exit(0 if good else 1)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


# --- parts of the above ----------------------------------------------------------------------------------------------


def _where(context: typer.Context) -> Where:
    where = context.find_root().obj
    assert isinstance(where, Where)
    return where


def _site(context: typer.Context) -> Site:
    from callrouter.app.site import open_site

    where = _where(context)
    with _problems_told():
        return open_site(where.config, where.run_folder)


def _problems(config: Path) -> list[Problem]:
    from callrouter.config_files import check_config

    return list(check_config(config)[1])


def _go(work: Coroutine[Any, Any, Any]) -> Any:
    with _problems_told():
        try:
            return asyncio.run(work)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _with_line(site: Site, work: Callable[[RedisLine], Coroutine[Any, Any, None]]) -> None:
    async def with_line() -> None:
        line = site.open_line()
        try:
            await work(line)
        finally:
            await line.close()

    _go(with_line())


@contextmanager
def _problems_told() -> Iterator[None]:
    """Errors that are nobody's bug are a sentence, not a traceback."""
    from callrouter.errors import StoreDown

    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise typer.Exit(1) from None
    except StoreDown as error:
        _fail(f"The centre's Redis does not answer ({error}). Is it running? `callrouter run` starts it.")
    except CallrouterError as error:
        _fail(str(error))


def _fail(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(1)


def _wrong_use(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(2)


def _print_json(value: Any) -> None:
    import msgspec

    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.flush()


def _console() -> Any:
    from rich.console import Console

    return Console()


def main() -> None:
    """The entry point of the installed command."""
    app()


if __name__ == "__main__":
    main()
