"""`callrouter tree …`: check, test, try, draw and compare decision trees, before a caller meets them."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callrouter.cli.terminal import Json, fail, print_json, where_of, wrong_use
from callrouter.errors import ConfigError, Problem

if TYPE_CHECKING:
    from callrouter.app.tree_files import Opened
    from callrouter.config import Config
    from callrouter.tree.model import Tree
    from callrouter.tree.proof.cases import Placed, Verdict
    from callrouter.tree.proof.replayed import Trail
    from callrouter.tree.proof.trial import Crossing

tree_app = typer.Typer(help="Decision trees: check, test, try, draw and compare them. No Asterisk is needed.")

Files = Annotated[list[Path] | None, typer.Argument(help="Trees (YAML); all of the configuration's if none is given.")]
Days = Annotated[int, typer.Option("--days", min=0, help="Also the real calls of so many days, from the journal.")]


@tree_app.command()
def check(context: typer.Context, files: Files = None, json: Json = False) -> None:
    """Check trees and prove that every call ends: all problems at once, and the bound."""
    from callrouter.app.tree_files import advised, open_tree
    from callrouter.app.tree_told import check_lines
    from callrouter.tree.proof.bound import prove

    config = _config(context)
    told: list[dict[str, Any]] = []
    for file in _files(context, config, files):
        opened = open_tree(file, config)
        proof = prove(opened.tree) if opened.tree else None
        problems = [*opened.problems, *advised(opened, config, _now(config))]
        tree = opened.tree
        told.append(
            {
                "file": str(file),
                "tree": tree.name if tree else "",
                "version": tree.version if tree else "",
                "nodes": len(tree.nodes) if tree else 0,
                "problems": problems,
                "loops": proof.loops if proof else (),
                "bounds": proof.bounds if proof else {},
                "bound": proof.bounds.get(tree.start) if proof and tree else None,
            }
        )
    errors = sum(problem.severity == "error" for one in told for problem in one["problems"])
    print_json(told) if json else _print_lines(line for one in told for line in check_lines(one))
    raise typer.Exit(1 if errors or any(one["loops"] for one in told) else 0)


@tree_app.command("test")
def run_tests(
    context: typer.Context,
    files: Files = None,
    draw: Annotated[Path | None, typer.Option(help="Draw what the tests take, into an .svg or .mmd file.")] = None,
    full: Annotated[bool, typer.Option("--full", help="A branch that no test takes is a failure.")] = False,
    json: Json = False,
) -> None:
    """Run the tests beside each tree (NAME.test.yaml) in virtual time; say which branches no test takes."""
    from callrouter.app.tree_told import failures, place_of, tested
    from callrouter.tree.proof.coverage import coverage

    config = _config(context)
    good, told = True, []
    for file in _files(context, config, files):
        opened, tree = _opened(file, config)
        placed, problems = _tests(opened, must=bool(files))
        if not placed and not problems:
            continue
        verdicts = _run(tree, placed, config)
        crossings = [one for verdict in verdicts for one in verdict.outcome.crossings]
        covered = coverage(tree, crossings)
        failed = [verdict for verdict in verdicts if not verdict.good]
        good = good and not problems and not failed and (covered.full or not full)
        told.append(tested(opened, verdicts, problems, covered.missing))
        if not json:
            _print_lines([*map(str, problems), *failures(opened, failed)])
            print(f"{opened.tests}: {len(verdicts) - len(failed)} of {len(verdicts)} tests good, {covered}")
            _print_lines(f"  no test takes {branch}{place_of(opened, branch)}" for branch in covered.missing)
        if draw is not None:
            _write_picture(tree, crossings, draw if len(told) == 1 else draw.with_stem(f"{draw.stem}-{tree.name}"))
    if json:
        print_json(told)
    elif not told:
        print("There are no tests: write NAME.test.yaml beside NAME.yaml.")
    raise typer.Exit(0 if good else 1)


@tree_app.command("try")
def try_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A tree (YAML).", exists=True, dir_okay=False)],
    who: Annotated[
        str, typer.Argument(help='Who calls and when, as in tests: "from +79161112233 on Monday at 19:05 in English".')
    ] = "",
) -> None:
    """Walk a tree in the terminal by typing keys; Enter alone is silence."""
    from callrouter.app.tree_files import world
    from callrouter.app.tree_try import walk_by_hand
    from callrouter.tree.proof.sentence import NotUnderstood, read_situation
    from callrouter.tree.proof.trial import Trial

    config = _config(context)
    _, tree = _opened(file, config)
    try:
        situation, rest = read_situation(" ".join(f"a caller {who} hangs up".split()))
    except NotUnderstood as error:
        wrong_use(str(error))
    if rest != "hangs up":
        wrong_use(f"`{rest.removesuffix(' hangs up')}` is not understood; like: from +79161112233 on Monday at 19:05")
    try:
        walk_by_hand(Trial(tree, situation, world(config, tree)), input, print)
    except EOFError:
        print()


@tree_app.command()
def draw(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A tree (YAML).", exists=True, dir_okay=False)],
    out: Annotated[Path | None, typer.Argument(help="An .svg or .mmd (Mermaid) file; without it: here.")] = None,
    tests: Annotated[bool, typer.Option("--tests", help="With what the tests take on the links.")] = False,
    days: Days = 0,
) -> None:
    """Draw a tree in the terminal, as SVG or as Mermaid; with the tests' branches or real traffic on its links."""
    config = _config(context)
    opened, tree = _opened(file, config)
    crossings: list[Crossing] | None = None
    if days:
        crossings = [one for trail in _trails(context, tree.name, days) for one in trail.crossings]
    elif tests:
        crossings = [
            one for verdict in _run(tree, _tests(opened, must=True)[0], config) for one in verdict.outcome.crossings
        ]
    if out is not None:
        _write_picture(tree, crossings, out, traffic=bool(days))
        return
    from callrouter.tree.proof.links import links
    from callrouter.tree.proof.outline import outline

    _print_lines(outline(tree, links(tree, crossings)))


@tree_app.command()
def diff(
    context: typer.Context,
    old: Annotated[Path, typer.Argument(help="The tree as it is.", exists=True, dir_okay=False)],
    new: Annotated[Path, typer.Argument(help="The tree as it shall be.", exists=True, dir_okay=False)],
    days: Days = 0,
    json: Json = False,
) -> None:
    """Say which callers would end elsewhere: by the tests beside both trees, and by real calls played again."""
    from callrouter.app.tree_files import world
    from callrouter.app.tree_told import difference_lines
    from callrouter.tree.proof.diff import difference

    config = _config(context)
    (before, old_tree), (after, new_tree) = _opened(old, config), _opened(new, config)
    cases = [*_tests(before, must=False)[0], *_tests(after, must=False)[0]]
    calls = _trails(context, old_tree.name, days) if days else []
    found = difference(old_tree, new_tree, cases, calls, world(config, old_tree, new_tree))
    if json:
        print_json(found)
    else:
        _print_lines(difference_lines(found))
    raise typer.Exit(0 if found.none else 1)


# --- parts of the above -----------------------------------------------------------------------------------------------


def _config(context: typer.Context) -> Config | None:
    from callrouter.app.tree_files import usable_config

    return usable_config(where_of(context).config)


def _files(context: typer.Context, config: Config | None, files: list[Path] | None) -> list[Path]:
    from callrouter.app.tree_files import tree_files

    folder = config.trees if config is not None else where_of(context).config.absolute().parent / "ivr_trees"
    found = [_shown(file) for file in tree_files(files or [], folder)]
    if not found:
        wrong_use(f"There is no tree in {folder}; name some files.")
    return found


def _shown(file: Path) -> Path:
    here = Path.cwd()
    return file.relative_to(here) if file.is_absolute() and file.is_relative_to(here) else file


def _opened(file: Path, config: Config | None) -> tuple[Opened, Tree]:
    """A good tree, or its problems and the end."""
    from callrouter.app.tree_files import open_tree

    opened = open_tree(file, config)
    if opened.tree is None:
        for problem in opened.problems:
            print(problem, file=sys.stderr)
        raise typer.Exit(1)
    return opened, opened.tree


def _tests(opened: Opened, *, must: bool) -> tuple[tuple[Placed, ...], tuple[Problem, ...]]:
    from callrouter.app.tree_files import open_tests

    return open_tests(opened.tests) if must or opened.tests.exists() else ((), ())


def _run(tree: Tree, placed: tuple[Placed, ...], config: Config | None) -> tuple[Verdict, ...]:
    from callrouter.app.tree_files import world
    from callrouter.tree.proof.cases import run_cases

    return run_cases(tree, placed, world(config, tree))


def _now(config: Config | None) -> datetime:
    return datetime.now(config.centre.zone if config is not None else None)


def _write_picture(tree: Tree, crossings: list[Crossing] | None, out: Path, traffic: bool = False) -> None:
    from callrouter.tree.proof.links import links
    from callrouter.tree.proof.mermaid import mermaid
    from callrouter.tree.proof.svg import busiest, svg

    found = links(tree, crossings)
    if out.suffix == ".svg":
        text = svg(tree, found, f"{tree.name} {tree.version}", busiest(found) if traffic else None)
    elif out.suffix in (".mmd", ".md", ".mermaid"):
        text = mermaid(tree, found)
    else:
        wrong_use(f"{out}: draw into a file that ends in .svg or .mmd")
    out.write_text(text, encoding="utf-8")
    print(f"drawn: {out}", file=sys.stderr)


def _trails(context: typer.Context, tree: str, days: int) -> list[Trail]:
    """Real calls through this tree, from the running centre's journal."""
    import asyncio

    from callrouter.app.site import open_site
    from callrouter.app.tree_files import calls_of, trails
    from callrouter.errors import StoreDown

    async def calls() -> list[Trail]:
        site = open_site(where_of(context).config, where_of(context).run_folder)
        line = site.open_line()
        try:
            return list(trails(await calls_of(line, days), tree, site.config.centre.zone))
        finally:
            await line.close()

    try:
        return asyncio.run(calls())
    except ConfigError as error:
        fail("\n".join(map(str, error.problems)))
    except StoreDown as error:
        fail(f"The centre's Redis does not answer ({error}). Is it running? `callrouter run` starts it.")


def _print_lines(lines: Any) -> None:
    for line in lines:
        print(line)
