"""What `callrouter tree …` prints: lines for people, values for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callrouter.app.tree_files import Opened
from callrouter.errors import Problem
from callrouter.tree.proof.cases import Verdict
from callrouter.tree.proof.coverage import Branch
from callrouter.tree.proof.diff import Difference


def check_lines(told: dict[str, Any]) -> list[str]:
    lines = [str(problem) for problem in told["problems"]]
    bound = told["bound"]
    if bound is not None:
        lines.append(f"{told['file']}: {told['nodes']} nodes, version {told['version']}")
        lines.append(f"  every call ends, whatever the caller does, after {bound}")
        if bound.way:
            lines.append(f"  the longest way: {folded(bound.way)}")
        widest = max(told["bounds"].values(), key=lambda one: one.inputs)
        lines.append(f"  from every node with every try left: {widest}")
    lines += [f"{told['file']}: error: a loop without a counter: {' → '.join(loop)}" for loop in told["loops"]]
    return lines


def folded(way: tuple[str, ...]) -> str:
    """`a → b ×3 → c`."""
    found: list[tuple[str, int]] = []
    for name in way:
        if found and found[-1][0] == name:
            found[-1] = name, found[-1][1] + 1
        else:
            found.append((name, 1))
    shown = [name if times == 1 else f"{name} ×{times}" for name, times in found]
    return " → ".join(shown if len(shown) <= 40 else [*shown[:20], "…", *shown[-19:]])


def tested(
    opened: Opened, verdicts: tuple[Verdict, ...], problems: tuple[Problem, ...], missing: Iterable[Branch]
) -> dict[str, Any]:
    tests = [
        {
            "line": verdict.placed.line,
            "test": verdict.placed.case.text,
            "good": verdict.good,
            "complaints": verdict.complaints,
            "ended": verdict.outcome.ended,
            "path": verdict.outcome.path,
        }
        for verdict in verdicts
    ]
    return {
        "file": str(opened.tests),
        "problems": problems,
        "tests": tests,
        "not_taken": [str(branch) for branch in missing],
    }


def failures(opened: Opened, failed: list[Verdict]) -> list[str]:
    lines = []
    for verdict in failed:
        lines.append(f"{opened.tests}:{verdict.placed.line}: FAILED  {verdict.placed.case.text}")
        lines += [f"    {words}" for words in verdict.complaints]
        lines.append(f"    it went {folded(verdict.outcome.path)} and ended in {verdict.outcome.ended}")
    return lines


def place_of(opened: Opened, branch: Branch) -> str:
    """A branch of another file has no line here."""
    place = opened.document.place(branch.path)
    return f"  ({opened.file}:{place.line})" if branch.path[:2] in opened.document.keys else ""


def difference_lines(found: Difference) -> list[str]:
    """Who would end elsewhere, and the sum."""
    lines = []
    for change in (*found.tests, *found.calls):
        many = f"{len(change.calls)} calls  " if change.calls else ""
        lines += [f"{many}{change.what}", f"    now {change.old}", f"    then {change.new}"]
        lines += [f"    not sure: {words}" for words in change.doubts]
        if change.calls:
            lines.append(f"    {', '.join(call[-8:] for call in change.calls[:5])}{' …' * (len(change.calls) > 5)}")
    moved = sum(len(change.calls) for change in found.calls)
    lines.append(
        f"{len(found.tests)} of {found.tests_seen} tests and {moved} of {found.calls_seen} calls end elsewhere."
    )
    if found.not_understood:
        lines.append(
            f"{len(found.not_understood)} calls came through another version of the old tree and are left out."
        )
    return lines
