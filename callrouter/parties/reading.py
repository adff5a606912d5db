"""Stories from YAML: unknown keys, unknown people, sentences nobody understands are all told at once, with lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from callrouter.documents import Document, KeyPath, close_to, read
from callrouter.errors import ConfigError, Problem
from callrouter.journal import Word
from callrouter.parties.party import Habit
from callrouter.parties.sentences import closest, seconds, understand
from callrouter.parties.story import (
    Agent,
    Caller,
    Calls,
    Journalled,
    Line,
    Outside,
    Presence,
    Recorded,
    Role,
    Story,
)

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
_Number = Annotated[str, StringConstraints(pattern=r"^(\+?[0-9*#]{1,20}|anonymous)$")]
_Time = Annotated[str, StringConstraints(pattern=r"^\d{1,4}(\.\d{1,3})? ?(ms|s|seconds?|m|minutes?)$"),
                  Field(json_schema_extra={"x-words": "like 2s, 1.5s or 300ms"})]  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Who(_Part):
    calls: _Number | None = None
    from_: _Number | None = Field(None, alias="from")
    agent: _Name | None = None
    outside: _Number | None = None
    answers_after: _Time | None = None
    rejects_with: int | None = Field(None, ge=400, le=699)
    answers_if_asked: bool = False
    starts: Presence = "ready"


class _Recording(_Part):
    left: _Name
    right: _Name
    at_least: _Time = Field("1s", alias="at least")


class _Story(_Part):
    story: str = Field(min_length=3, max_length=120)
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "ru"
    queues: tuple[_Name, ...] = ()
    who: dict[_Name, _Who] = Field(min_length=1)
    scene: tuple[str, ...] = Field(min_length=1)
    journal: tuple[str, ...] | dict[_Name, tuple[str, ...]] = ()
    recording: _Recording | None = None


def read_stories(files: Sequence[Path]) -> tuple[Story, ...]:
    """The stories of these files, or ConfigError with everything that is wrong in any of them."""
    stories: list[Story] = []
    problems: list[Problem] = []
    for file in files:
        story, wrong = understand_story(read(file))
        problems += wrong
        stories += [story] if story is not None else []
    if problems:
        raise ConfigError(problems)
    return tuple(stories)


def understand_story(document: Document) -> tuple[Story | None, tuple[Problem, ...]]:
    """The story in a document, or what is wrong with it."""
    written, found = document.check(_Story)
    problems = list(found)
    if written is None:
        return None, tuple(problems)
    cast = dict(_cast(written, document, problems))
    scene = dict(_scene(written, document, problems))
    _check_people(document, scene, written, problems)
    journal = tuple(_journal(written, document, problems))
    story = Story(
        written.story, document.file, written.language, cast, tuple(scene.values()), journal,
        _recording(written, document), frozenset(written.queues),
    )  # fmt: skip
    return (None if problems else story), tuple(sorted(problems))


def _cast(written: _Story, document: Document, problems: list[Problem]) -> Iterator[tuple[str, Role]]:
    for name, who in written.who.items():
        role = _role(who)
        if role is None:
            words = ("say who this is: {calls: number, from: number} for a caller, {agent: name} for an agent, "
                     "{outside: number} for somebody we call")  # fmt: skip
            problems.append(document.problem(("who", name), words, of_key=True))
        else:
            yield name, role


def _role(who: _Who) -> Role | None:
    after_s = seconds(who.answers_after) if who.answers_after else None
    habit = Habit(after_s, who.rejects_with, who.answers_if_asked)
    match who:
        case _Who(calls=str(calls), from_=str(number), agent=None, outside=None):
            return Caller(calls, number, habit)
        case _Who(agent=str(agent), calls=None, from_=None, outside=None):
            return Agent(agent, habit, who.starts)
        case _Who(outside=str(number), calls=None, from_=None, agent=None):
            return Outside(number, habit)
    return None


def _scene(written: _Story, document: Document, problems: list[Problem]) -> Iterator[tuple[int, Line]]:
    for number, said in enumerate(written.scene):
        path = ("scene", number)
        try:
            action = understand(said)
        except ValueError as wrong:
            problems.append(document.problem(path, str(wrong)))
            continue
        if action is None:
            problems.append(document.problem(path, f"nobody understands `{said[:80]}`; did you mean {closest(said)}?"))
        else:
            yield number, Line(said, document.place(path).line, action)


def _people(line: Line) -> tuple[str, ...]:
    """The names in a line."""
    action = line.action
    found: list[str] = []
    for field in ("who", "whom", "of"):
        value = getattr(action, field, ())
        found += [value] if isinstance(value, str) else list(value)
    return tuple(dict.fromkeys(name for name in found if name))


def _check_people(document: Document, scene: Mapping[int, Line], written: _Story, problems: list[Problem]) -> None:
    for number, line in scene.items():
        path = ("scene", number)
        for name in _people(line):
            if name not in written.who:
                words = f"`{name}` is not in `who`{close_to(name, list(written.who))}"
                problems.append(document.problem(path, words))
        if _has_no_number(line, written):
            problems.append(document.problem(path, "only a caller has a number to call; say which: `anna calls *11`"))
    _check_recording(document, written, problems)


def _has_no_number(line: Line, written: _Story) -> bool:
    action = line.action
    if not isinstance(action, Calls) or action.number or action.who not in written.who:
        return False
    return written.who[action.who].calls is None


def _check_recording(document: Document, written: _Story, problems: list[Problem]) -> None:
    sides = [("left", written.recording.left), ("right", written.recording.right)] if written.recording else []
    for side, name in sides:
        if name not in written.who:
            words = f"`{name}` is not in `who`{close_to(name, list(written.who))}"
            problems.append(document.problem(("recording", side), words))


def _journal(written: _Story, document: Document, problems: list[Problem]) -> Iterator[Journalled]:
    callers = [name for name, who in written.who.items() if who.calls is not None]
    wanted: list[tuple[str, KeyPath, str]]
    if isinstance(written.journal, dict):
        wanted = [(caller, ("journal", caller, at), said) for caller, lines in written.journal.items()
                  for at, said in enumerate(lines)]  # fmt: skip
    else:
        wanted = [(callers[0] if callers else "", ("journal", at), said) for at, said in enumerate(written.journal)]
    for caller, path, said in wanted:
        word, *mentions = said.split() or [""]
        if caller not in callers:
            problems.append(document.problem(path, "the journal is that of a caller's call, and this is no caller"))
        elif word not in Word.__members__:
            problems.append(document.problem(path, f"the journal has no word `{word}`{close_to(word, list(Word))}"))
        else:
            yield Journalled(said, document.place(path).line, caller, word, tuple(mentions))


def _recording(written: _Story, document: Document) -> Recorded | None:
    wish = written.recording
    if wish is None:
        return None
    said = f"the recording has {wish.left} left and {wish.right} right, at least {wish.at_least}"
    return Recorded(said, document.place(("recording",)).line, wish.left, wish.right, seconds(wish.at_least))
