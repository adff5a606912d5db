"""Models checked against documents: every problem once, at its line, in words that say what to do."""

import os
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from callrouter.documents import merge, parse, read
from callrouter.errors import ConfigError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Say(Strict):
    type: Literal["say"]
    text: str


class Ring(Strict):
    type: Literal["ring"]
    times: int = Field(ge=1, le=9)
    phone: Annotated[str, Field(pattern="^[a-z]+$", json_schema_extra={"x-words": "small letters"})] = "desk"
    loud: bool = False
    wait: float = 1


class Scene(Strict):
    name: str
    kind: Literal["short", "long"] = "short"
    steps: dict[str, Annotated[Say | Ring, Field(discriminator="type")]]
    people: tuple[str, ...] = ()


GOOD = "name: x\nsteps:\n  a: {type: say, text: hello}\n  b: {type: ring, times: 2}\npeople: [anna, boris]\n"


def told(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "scene.yaml").validate(Scene)
    return [f"{p.line}:{p.column} {p.where}: {p.message}" for p in caught.value.problems]


def test_a_good_document_becomes_its_model() -> None:
    scene = parse(GOOD, "scene.yaml").validate(Scene)
    assert scene.steps["b"] == Ring(type="ring", times=2)
    assert scene.people == ("anna", "boris")


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        "nmae: x\n"
        "kind: shrot\n"
        "steps:\n"
        "  a: {type: say, txt: hello}\n"
        "  b:\n"
        "    type: rign\n"
        "  c:\n"
        "    type: ring\n"
        "    times: 12\n"
        '    loud: "on"\n'
        "    phone: Desk 1\n"
        "    wait: 2 s\n"
        "  d:\n"
        "    text: no type\n"
        "people: anna\n"
    )
    assert told(text) == [
        "1:1 : `name` is missing; add it",
        "1:1 nmae: unknown key `nmae`; did you mean `name`?",
        "2:7 kind: `shrot` is not known here; did you mean `short`?",
        "4:3 steps.a: `text` is missing; add it",
        "4:18 steps.a.txt: unknown key `txt`; did you mean `text`?",
        "6:11 steps.b.type: unknown type `rign`; did you mean `ring`?",
        "9:12 steps.c.times: `12` is out of bounds: less than or equal to 9",
        "10:11 steps.c.loud: `on` is not true or false; write one of them, without quotes",
        "11:12 steps.c.phone: `Desk 1` does not fit here (small letters)",
        "12:11 steps.c.wait: `2 s` is not a number; write it without quotes and units",
        "13:3 steps.d: `type` is missing; add it",
        "15:9 people: this must be a list: [one, two], or lines that begin with `- `",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: 5\nsteps: {}\n", '1:7 name: this must be text; put it in quotes: "5"'),
        ("name:\nsteps: {}\n", "1:6 name: nothing is written here; write a value or delete the key"),
        (
            "name: x\nsteps: 3\n",
            "2:8 steps: this must hold keys of its own: lines like `key: value`, indented below it",
        ),
        ("name: x\nsteps: {}\npeople: [a, 2]\n", '3:13 people[2]: this must be text; put it in quotes: "2"'),
        (
            GOOD.replace("2}", "2.5}"),
            "4:26 steps.b.times: `2.5` is not a whole number; write it without quotes and fraction",
        ),
        (
            GOOD.replace("2}", '"2"}'),
            "4:26 steps.b.times: `2` is not a whole number; write it without quotes and fraction",
        ),
        ("- a\n", "1:1 : this must hold keys of its own: lines like `key: value`, indented below it"),
        ("", "1:1 : the file is empty; write something or delete it"),
    ],
)
def test_each_mistake_has_its_words(text: str, said: str) -> None:
    assert told(text) == [said]


def test_a_value_with_a_problem_of_reading_is_not_complained_about_twice() -> None:
    (problem,) = told("name: 010\nsteps: {a: {type: ring, times: 1, loud: yes}}\n".replace("010", "x"))
    assert "`yes` is not clear" in problem


def test_a_file_that_is_not_yaml_is_not_blamed_for_missing_keys() -> None:
    assert len(told("steps: [\n")) == 1


def test_a_missing_file_a_folder_and_a_pipe_are_problems_not_crashes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent.yaml", "", "pipe"):
        with pytest.raises(ConfigError, match=r"no such file|not an ordinary file"):
            read(tmp_path / name).validate(Scene)


def test_a_cross_check_can_point_at_any_path_even_a_missing_one() -> None:
    document = parse(GOOD, "scene.yaml")
    assert document.problem(("people", 1), "who?").line == 5
    assert document.problem(("people", 1), "who?").where == "people[2]"
    assert document.problem(("steps", "a", "colour"), "none").line == 3
    assert document.place(("steps", "b"), of_key=True)[1:] == (4, 3)


def test_a_hostile_document_cannot_steer_the_terminal_that_shows_its_problems() -> None:
    problems = told('name: x\nkind: "\\e[2J\\a"\nsteps: {"\\e]0;x": {type: say, text: 1}}\n')
    assert len(problems) == 2
    assert all(problem.isprintable() for problem in problems)


def test_merged_documents_keep_the_files_of_their_parts() -> None:
    one, two = parse("name: x\nkind: long\n", "one.yaml"), parse("kind: long\nsteps: {}\npeople: [1]\n", "two.yaml")
    with pytest.raises(ConfigError) as caught:
        merge([one, two], "all").validate(Scene)
    assert [(p.file, p.line, p.message) for p in caught.value.problems] == [
        ("two.yaml", 1, "`kind` was already given in one.yaml; keep it in one file"),
        ("two.yaml", 3, 'this must be text; put it in quotes: "1"'),
    ]
