"""Tests of a tree: the file beside it (payments.test.yaml), read strictly, and run in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from callrouter.config.words import Part
from callrouter.documents import parse
from callrouter.errors import Problem
from callrouter.tree.model import Tree
from callrouter.tree.proof.sentence import Case, NotUnderstood, read_case
from callrouter.tree.proof.trial import Outcome, try_out
from callrouter.tree.proof.world import World

Sentence = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        json_schema_extra={"x-words": "a sentence like: a caller presses 1, then nothing → queue payers, priority 5"},
    ),
]


class CaseFile(Part):
    """A file of tests beside a tree: `NAME.test.yaml` for `NAME.yaml`."""

    schema_: Literal[1] = Field(alias="schema", description="version of this language; 1")
    tests: tuple[Sentence, ...] = Field(min_length=1, description="one sentence a test")


@dataclass(frozen=True, slots=True)
class Placed:
    """A test and the line it stands in."""

    case: Case
    line: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A test, what came of it, and what is otherwise than it should be."""

    placed: Placed
    outcome: Outcome
    complaints: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.complaints


def read_cases(text: str | bytes, file: str) -> tuple[tuple[Placed, ...], tuple[Problem, ...]]:
    """Every test that can be understood, and every problem."""
    document = parse(text, file)
    found, problems = document.check(CaseFile)
    placed: list[Placed] = []
    wrong = list(problems)
    for number, sentence in enumerate(found.tests if found else ()):
        path = ("tests", number)
        try:
            placed.append(Placed(read_case(sentence), document.place(path).line))
        except NotUnderstood as error:
            wrong.append(document.problem(path, str(error)))
    return tuple(placed), tuple(sorted(wrong))


def run_cases(tree: Tree, cases: Sequence[Placed], world: World | None = None) -> tuple[Verdict, ...]:
    """Each test by itself; no test knows of another."""
    return tuple(run_case(tree, placed, world) for placed in cases)


def run_case(tree: Tree, placed: Placed, world: World | None = None) -> Verdict:
    case = placed.case
    outcome = try_out(tree, case.deeds, case.situation, world)
    complaints = [*(words for expected in case.expected if (words := expected(outcome))), *outcome.complaints]
    return Verdict(placed, outcome, tuple(dict.fromkeys(complaints)))
