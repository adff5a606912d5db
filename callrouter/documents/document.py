"""A document: its value, the place of everything in it, and its check against a model with all problems at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from callrouter.documents.plain_words import Complaint, complaints
from callrouter.documents.strict_yaml import MAX_CHARACTERS, KeyPath, Note, Place, Value, compose, dotted
from callrouter.errors import ConfigError, Problem

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file, or several merged. `notes` of what is wrong are kept, so that they are told with all others."""

    file: str
    value: Value = None
    notes: tuple[Note, ...] = ()
    keys: Mapping[KeyPath, Place] = field(default_factory=dict)
    values: Mapping[KeyPath, Place] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the YAML itself."""
        return self._noted(dotted)

    def _noted(self, where: Callable[[KeyPath], str]) -> tuple[Problem, ...]:
        return tuple(_problem(note.place, where(note.path) if note.path else "", note.message) for note in self.notes)

    def place(self, path: KeyPath, *, of_key: bool = False) -> Place:
        """Where a value (or its key) stands; for one that is not there, the key that should hold it."""
        while path and path not in self.values and path not in self.keys:
            path, of_key = path[:-1], True
        first, second = (self.keys, self.values) if of_key else (self.values, self.keys)
        return first.get(path) or second.get(path) or Place(self.file, 1, 1)

    def problem(
        self,
        path: KeyPath,
        message: str,
        *,
        where: str | None = None,
        of_key: bool = False,
        severity: Literal["error", "warning"] = "error",
    ) -> Problem:
        """A problem at a key path; `where` is the place in the writer's words."""
        at = self.place(path, of_key=of_key)
        return _problem(at, dotted(path) if where is None else where, message, severity)

    def check(self, model: type[M], where: Callable[[KeyPath], str] = dotted) -> tuple[M | None, tuple[Problem, ...]]:
        """The model's value if there is one, and every problem of reading and of the model, in the file's order."""
        problems = list(self._noted(where))
        found: M | None = None
        if self.value is None and not problems:
            problems.append(Problem(self.file, 1, 1, "", "the file is empty; write something or delete it"))
        elif self.value is not None or not problems:
            try:
                found = model.model_validate_json(json.dumps(self.value), strict=True)
            except ValidationError as error:
                problems += self._told(error, model, where)
        return (None if problems else found), tuple(sorted(problems))

    def validate(self, model: type[M], where: Callable[[KeyPath], str] = dotted) -> M:
        """The model's value, or ConfigError with all problems."""
        found, problems = self.check(model, where)
        if found is None:
            raise ConfigError(problems)
        return found

    def _told(
        self, error: ValidationError, model: type[BaseModel], where: Callable[[KeyPath], str]
    ) -> Iterator[Problem]:
        details = error.errors(include_url=False, include_input=False)
        for told in complaints(details, self.value, _schema(model)):
            if not self._known_broken(told):
                yield self.problem(told.path, told.message, where=where(told.path), of_key=told.about_key)

    def _known_broken(self, told: Complaint) -> bool:
        return any(note.path == told.path[: len(note.path)] for note in self.notes if note.path)


def _problem(at: Place, where: str, message: str, severity: Literal["error", "warning"] = "error") -> Problem:
    """What the file says is data: nothing in it can steer the terminal that shows the problem."""
    return Problem(at.file, at.line, at.column, _printable(where), _printable(message), severity)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in text)


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def parse(text: str | bytes, file: str) -> Document:
    """Read YAML text. Never raises: problems are in the document, told by `check` and `validate`."""
    if isinstance(text, str):
        return _composed(text, file)
    try:
        return _composed(text.decode("utf-8-sig"), file)
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        words = "this is not UTF-8 text; save the file as UTF-8"
        return Document(file, notes=(Note(Place(file, line, column), words),))


def _composed(text: str, file: str) -> Document:
    made = compose(text, file)
    value = made.value if made.whole else None
    return Document(file, value, tuple(made.notes), made.keys, made.values)


def read(path: Path, shown_as: str | None = None) -> Document:
    """Read a YAML file. Never raises: a file that cannot be read is a problem too."""
    file = shown_as or str(path)
    try:
        if not path.is_file():
            words = "there is no such file" if not path.exists() else "this is not an ordinary file"
            return Document(file, notes=(Note(Place(file, 0, 0), words),))
        with path.open("rb") as stream:
            return parse(stream.read(4 * MAX_CHARACTERS + 1), file)
    except OSError as error:
        words = f"the file cannot be read: {error.strerror}"
        return Document(file, notes=(Note(Place(file, 0, 0), words),))


def merge(documents: Sequence[Document], file: str) -> Document:
    """Several documents as one: each top-level key may be given in one of them only."""
    value: dict[str, Value] = {}
    keys: dict[KeyPath, Place] = {}
    values: dict[KeyPath, Place] = {}
    notes = [note for document in documents for note in document.notes]
    for document in documents:
        if document.value is not None and not isinstance(document.value, dict):
            notes.append(Note(document.place(()), "this must hold keys: lines like `key: value`"))
        for key, part in document.value.items() if isinstance(document.value, dict) else ():
            if key in value:
                words = f"`{key[:60]}` was already given in {keys[(key,)].file}; keep it in one file"
                notes.append(Note(document.place((key,), of_key=True), words))
                continue
            value[key] = part
            keys.update({path: place for path, place in document.keys.items() if path[:1] == (key,)})
            values.update({path: place for path, place in document.values.items() if path[:1] == (key,)})
    return Document(file, value, tuple(notes), keys, values)
