"""config/*.yaml → one Config, or every problem of all files at once: what each says, and whether it all fits together.

Paths in the files are relative to the project (the folder that holds config/); in the Config they are absolute.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from callrouter.config import Config, Secret
from callrouter.config.briefing import SAID, SHIPPED_IN
from callrouter.config_checks import fits_together
from callrouter.directory import Directory, read_directory
from callrouter.documents import Document, KeyPath, merge, read
from callrouter.errors import ConfigError, Problem, SetupError
from callrouter.public_holidays import countries
from callrouter.tree.known import Known
from callrouter.tree.load import check_tree
from callrouter.tree.model import Reading, Tree, pieces_of

B = TypeVar("B", bound=BaseModel)
_NUMBER = re.compile(r"\+?[0-9]{2,15}")


def load_config(folder: Path) -> Config:
    """The whole configuration, or ConfigError with all problems."""
    config, problems = check_config(folder)
    if config is None:
        raise ConfigError([problem for problem in problems if problem.severity == "error"])
    return config


def check_config(folder: Path) -> tuple[Config | None, tuple[Problem, ...]]:
    """The configuration if it can be used, and every problem; warnings alone do not spoil it."""
    documents = [read(file, _shown(file)) for file in sorted(folder.glob("*.yaml"))]
    if not documents:
        words = f"there is no configuration in {folder.absolute()}: no *.yaml file; start from the example in config/"
        return None, (Problem(_shown(folder), 0, 0, "", words),)
    document = merge(documents, _shown(folder))
    found, problems = document.check(Config)
    if found is None:
        # whether the parts fit together is seen when each is right; the trees can be looked at already
        return None, tuple(sorted([*problems, *_trees_by_themselves(document, folder.absolute().parent)]))
    config = _absolute(found, folder.absolute().parent)
    found_wrong = (*fits_together(config, document), *_briefings_fit(config, document), *_trees_fit(config, document))
    problems = tuple(sorted(found_wrong))
    broken = any(problem.severity == "error" for problem in problems)
    return (None if broken else config), problems


def load_trees(config: Config) -> Mapping[str, Tree]:
    """Every tree that a number leads to, by name, or ConfigError with all their problems."""
    names = sorted({route.tree for route in config.numbers})
    known = known_to(config)
    found = {name: _tree(config.trees, name, config.queues, known) for name in names}
    problems = [problem for _, wrong in found.values() for problem in wrong]
    if problems:
        raise ConfigError(problems)
    return {name: tree for name, (tree, _) in found.items() if tree is not None}


def known_to(config: Config) -> Known:
    """What trees may name."""
    return Known(
        lists=config.lists,
        switches=config.switches,
        secrets=config.secrets,
        groups=config.groups,
        music={"default", *config.music},
        directory=load_directory(config)[0].entries,
        countries=countries(),
        tree=partial(_other_tree, config.trees),
    )


def by_itself(folder: Path) -> Known:
    """What a tree may name while no number leads to it: anything that a configuration could have."""
    return Known(countries=countries(), tree=partial(_other_tree, folder))


def load_directory(config: Config) -> tuple[Directory, tuple[Problem, ...]]:
    """Departments and merchants, and everything wrong with their files."""
    file = config.directory
    if file is None:
        return Directory(), ()
    try:
        text = file.read_bytes()
    except OSError as error:
        return Directory(), (Problem(_shown(file), 0, 0, "", f"the file cannot be read: {error.strerror}"),)
    return read_directory(text, _shown(file), config.trunks, partial(_beside, file.parent))


def load_lists(config: Config) -> tuple[Mapping[str, frozenset[str]], tuple[Problem, ...]]:
    """Number without its plus → the lists it is in; and everything wrong with the lists' files."""
    found: dict[str, set[str]] = defaultdict(set)
    problems: list[Problem] = []
    for name, part in config.lists.items():
        numbers = [*part.numbers, *(_numbers_in(part.file, problems) if part.file else ())]
        for number in numbers:
            found[number.lstrip("+")].add(name)
    return {number: frozenset(names) for number, names in found.items()}, tuple(problems)


def _numbers_in(file: Path, problems: list[Problem]) -> Iterator[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(_shown(file), 0, 0, "", f"the list cannot be read ({error}); make it a UTF-8 text"))
        return
    for line, said in enumerate(text.splitlines(), 1):
        number = "".join(said.partition("#")[0].split())
        if number and not _NUMBER.fullmatch(number):
            problems.append(Problem(_shown(file), line, 1, "", "this is no number: only digits, perhaps after a plus"))
        elif number:
            yield number


def _beside(folder: Path, name: str) -> bytes | None:
    file = folder / name
    return file.read_bytes() if file.is_file() else None


def _other_tree(folder: Path, name: str) -> tuple[str, bytes] | None:
    file = _tree_file(folder, name)
    return (_shown(file), file.read_bytes()) if file.is_file() else None


def resolve(secret: Secret, what: str = "a secret") -> str:
    """The secret itself, from the environment or the first line of its file. SetupError says what to do."""
    if secret.env is not None:
        found = os.environ.get(secret.env, "")
        if not found:
            raise SetupError(f"{what}: the environment variable {secret.env} is not set; set it before starting")
        return found
    if secret.file is None:
        raise SetupError(f"{what}: say where it is found, {{env: NAME}} or {{file: PATH}}")
    try:
        line = secret.file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{what}: {secret.file} cannot be read ({error}); make it readable to this user") from error
    if not line:
        raise SetupError(f"{what}: the first line of {secret.file} is empty; write the secret there")
    return line


def _briefings_fit(config: Config, document: Document) -> Iterator[Problem]:
    """Whether the words can be read, hold nothing that nobody knows, and are in their hearers' languages."""
    for name, queue in config.queues.items():
        path: KeyPath = ("queues", name, "briefing", "say")
        say = queue.briefing.say
        wording = say if isinstance(say, dict) else {}
        for language, words in wording.items():
            yield from (document.problem((*path, language), wrong) for wrong in _wrong_words(words))
            if queue.briefing.accept == "key" and "{key" not in words:
                hint = "the words do not tell which key takes the call; put `{key:digits}` into them"
                yield document.problem((*path, language), hint, severity="warning")
        spoken = tuple(wording) or (SHIPPED_IN if say or queue.briefing.accept == "key" else ())
        for agent, part in config.agents.items():
            language = part.language or config.centre.language
            if spoken and name in part.queues and language not in spoken:
                words = (
                    f"{agent} is briefed in `{language}`, and there are words in {' and '.join(spoken)} only; add it"
                )
                place = path if say else (*path[:-1], "accept")
                yield document.problem(place, words, of_key=True, severity="warning")


def _wrong_words(words: str) -> Iterator[str]:
    try:
        pieces = pieces_of(words)
    except ValueError as wrong:
        yield str(wrong)
        return
    for piece in pieces:
        if isinstance(piece, Reading) and piece.variable not in SAID:
            known = ", ".join(f"{{{one}}}" for one in SAID)
            yield f"an agent cannot be told {{{piece.variable}}}; there are {known}"


def _trees_fit(config: Config, document: Document) -> list[Problem]:
    """The trees' own problems, once each, and whether they speak the languages of their numbers."""
    used = {route.tree for route in config.numbers}
    known = known_to(config)
    problems = [*load_directory(config)[1], *load_lists(config)[1]]
    problems += _all_trees(config.trees, used, config.queues, known)
    for number, route in enumerate(config.numbers):
        file = _tree_file(config.trees, route.tree)
        if not file.is_file():
            words = f"there is no tree `{route.tree}`: no file {_shown(file)}"
            problems.append(document.problem(("numbers", number, "tree"), words))
            continue
        tree, _ = _tree(config.trees, route.tree, config.queues, known)
        if tree is not None and tree.exits:
            words = f"the tree {route.tree} has `exits`: it is part of other trees and cannot answer a number"
            problems.append(document.problem(("numbers", number, "tree"), words))
        language = route.language or config.centre.language
        if tree is not None and language not in tree.languages:
            spoken = " and ".join(tree.languages)
            words = f"the tree {route.tree} does not speak `{language}`, only {spoken}; choose with `language`"
            problems.append(document.problem(("numbers", number), words))
    return problems


def _trees_by_themselves(document: Document, project: Path) -> Iterator[Problem]:
    """The trees' own problems while the configuration is not good enough to say what they must fit."""
    value = document.value if isinstance(document.value, dict) else {}
    folder, routes = value.get("trees"), value.get("numbers")
    used = {str(route.get("tree")) for route in routes if isinstance(route, dict)} if isinstance(routes, list) else ()
    trees = project / (folder if isinstance(folder, str) else "ivr_trees")
    yield from _all_trees(trees, used, None, Known(tree=partial(_other_tree, trees)))


def _all_trees(folder: Path, used: Collection[str], queues: Collection[str] | None, known: Known) -> Iterator[Problem]:
    """A tree that no number leads to may be half written: what is wrong with it is worth a warning. Its queues and
    the like may not be there yet: `callrouter tree check` says which."""
    for file in sorted(folder.glob("*.yaml")):
        if file.stem in used:
            yield from _tree(folder, file.stem, queues, known)[1]
        elif "." not in file.stem:  # payments.test.yaml and the like are no trees
            problems = _tree(folder, file.stem, None, by_itself(folder))[1]
            yield from (replace(each, severity="warning") for each in problems)


def _tree(
    folder: Path, name: str, queues: Collection[str] | None, known: Known
) -> tuple[Tree | None, tuple[Problem, ...]]:
    file = _tree_file(folder, name)
    try:
        return check_tree(file.read_bytes(), _shown(file), queues, known=known)
    except OSError as error:
        return None, (Problem(_shown(file), 0, 0, "", f"the file cannot be read: {error.strerror}"),)


def _tree_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.yaml"


def _absolute(part: B, project: Path) -> B:
    """The same with every relative path taken from the project's folder."""
    changed = {name: _absolute_value(value, project) for name, value in part}
    return part.model_copy(update=changed)


def _absolute_value(value: Any, project: Path) -> Any:
    match value:
        case BaseModel():
            return _absolute(value, project)
        case Path():
            return project / value
        case dict():
            return {key: _absolute_value(item, project) for key, item in value.items()}
        case _:
            return value


def _shown(path: Path) -> str:
    """As short as it can be said: from here if it is below."""
    whole = path.absolute()
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(whole)
