"""Tree files with what belongs to them: the configuration they must fit, their tests, and calls that walked them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from callrouter.config import Config
from callrouter.config_files import check_config
from callrouter.documents import Document, read
from callrouter.engine.ports import Line
from callrouter.errors import Problem
from callrouter.journal import Entry
from callrouter.reporting.calls import fold
from callrouter.reporting.record import CallRecord
from callrouter.tree.known import ANYTHING, Known
from callrouter.tree.load import check_tree, node_words
from callrouter.tree.model import Tree
from callrouter.tree.proof.advice import Staff, advice
from callrouter.tree.proof.cases import Placed, read_cases
from callrouter.tree.proof.deeds import Situation
from callrouter.tree.proof.replayed import Trail
from callrouter.tree.proof.world import World

TESTS = ".test.yaml"
PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A tree's file. `tree` is None if it is broken."""

    file: Path
    tree: Tree | None
    document: Document
    problems: tuple[Problem, ...]

    @property
    def tests(self) -> Path:
        return self.file.with_name(self.file.name.removesuffix(".yaml") + TESTS)


def usable_config(folder: Path) -> Config | None:
    """The configuration if there is one that can be used; trees can be looked at without it."""
    return check_config(folder)[0] if folder.is_dir() else None


def tree_files(files: Sequence[Path], folder: Path) -> list[Path]:
    """The trees that are meant: those named (a file of tests stands for its tree), or all of the folder."""
    named = [file.with_name(file.name.removesuffix(TESTS) + ".yaml") for file in files if file.name.endswith(TESTS)]
    others = [file for file in files if not file.name.endswith(TESTS)]
    every = [file for file in sorted(folder.glob("*.yaml")) if "." not in file.stem]
    return list(dict.fromkeys([*others, *named])) if files else every


def open_tree(file: Path, config: Config | None) -> Opened:
    """A tree and every problem of it that does not need a look at the whole of it."""
    document = read(file)
    try:
        text = file.read_bytes()
    except OSError as error:
        words = f"the file cannot be read: {error.strerror}"
        return Opened(file, None, document, (Problem(str(file), 0, 0, "", words),))
    queues = None if config is None else config.queues
    tree, problems = check_tree(text, str(file), queues, known=known(file.parent))
    return Opened(file, tree, document, problems)


def known(folder: Path) -> Known:
    """What this configuration has, and the trees beside this one."""

    def beside(name: str) -> tuple[str, bytes] | None:
        other = folder / f"{name}.yaml"
        return (str(other), other.read_bytes()) if other.is_file() else None

    return replace(ANYTHING, tree=beside)


def advised(opened: Opened, config: Config | None, today: datetime) -> tuple[Problem, ...]:
    """What `advice` says of a good tree, at its lines."""
    if opened.tree is None:
        return ()
    found = advice(opened.tree, None if config is None else staff(config), today.date())
    return tuple(
        sorted(
            opened.document.problem(path, words, where=node_words(path), severity=severity)
            for path, words, severity in found
        )
    )


def staff(config: Config) -> Staff:
    """Who serves which queue."""
    agents: dict[str, list[Mapping[str, int]]] = {queue: [] for queue in config.queues}
    for agent in config.agents.values():
        for queue in agent.queues:
            agents.setdefault(queue, []).append(getattr(agent, "skills", {}))
    overflow = {name: "" if queue.overflow == "hangup" else queue.overflow for name, queue in config.queues.items()}
    return Staff({queue: tuple(skills) for queue, skills in agents.items()}, overflow)


def open_tests(file: Path) -> tuple[tuple[Placed, ...], tuple[Problem, ...]]:
    """The tests in a file, and what is wrong with it."""
    try:
        return read_cases(file.read_bytes(), str(file))
    except OSError as error:
        return (), (Problem(str(file), 0, 0, "", f"the file cannot be read: {error.strerror}"),)


def world(config: Config | None) -> World:
    """The centre's zone and the lists that numbers are in."""
    return World() if config is None else World(zone=config.centre.zone)


async def calls_of(line: Line, days: int) -> list[CallRecord]:
    """The calls of the last so many days, as far as the journal goes back."""
    since = await line.now_ms() - days * 86_400_000
    entries: list[Entry] = []
    while page := await line.entries(entries[-1].id if entries else f"{since}-0", limit=PAGE):
        entries += page
    return list(fold(entries).values())


def trails(records: Iterable[CallRecord], tree: str, config: Config | None) -> Iterator[Trail]:
    """The real calls that walked this tree."""
    zone = world(config).zone
    for record in records:
        if record.tree == tree and record.whole and record.path and record.how:
            begun = datetime.fromtimestamp(record.arrived_ms / 1000, zone)
            situation = Situation(record.caller, record.number, begun.date(), begun.time(), record.language)
            steps = tuple((step.node, step.by) for step in record.path)
            yield Trail(record.call, situation, steps, left=record.how == "left_tree")
