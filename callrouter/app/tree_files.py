"""Tree files with what belongs to them: the configuration they must fit, their tests, and calls that walked them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path

from callrouter.calls.in_tree import SECRET
from callrouter.config import Config
from callrouter.config_files import by_itself, check_config, known_to, load_directory, load_lists
from callrouter.documents import Document, read
from callrouter.engine.ports import Line
from callrouter.errors import Problem
from callrouter.journal import Entry, Word
from callrouter.public_holidays import around
from callrouter.reporting.calls import fold
from callrouter.tree.known import Known
from callrouter.tree.load import check_tree, node_words
from callrouter.tree.model import Hours, Tree
from callrouter.tree.proof.advice import RULES, Advice, Staff, advice, never_taken
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
    """A tree and every problem of it that does not need a look at the whole of it. A good tree to which no number
    leads may name what the configuration does not have yet: that is a warning."""
    document = read(file)
    try:
        text = file.read_bytes()
    except OSError as error:
        words = f"the file cannot be read: {error.strerror}"
        return Opened(file, None, document, (Problem(str(file), 0, 0, "", words),))
    queues = None if config is None else config.queues
    tree, problems = check_tree(text, str(file), queues, known=known(file.parent, config))
    if tree is None and config is not None and file.stem not in {route.tree for route in config.numbers}:
        tree, _ = check_tree(text, str(file), known=known(file.parent, None))
        problems = (_not_there_yet(file, problems),) if tree is not None else problems
    return Opened(file, tree, document, problems)


def _not_there_yet(file: Path, problems: Sequence[Problem]) -> Problem:
    """All of it in one line."""
    missing = sorted({problem.message.partition(";")[0] for problem in problems})
    words = f"no number leads to this tree; before one does: {', '.join(missing)}"
    return Problem(str(file), 0, 0, "", words, severity="warning")


def known(folder: Path, config: Config | None) -> Known:
    """What this configuration has, and the trees beside this one."""
    here = by_itself(folder) if config is None else known_to(config)

    def other(name: str) -> tuple[str, bytes] | None:
        file = folder / f"{name}.yaml"
        return (str(file), file.read_bytes()) if file.is_file() else here.tree(name)

    return replace(here, tree=other)


def advised(opened: Opened, config: Config | None, today: datetime) -> tuple[Problem, ...]:
    """What `advice` says of a good tree, at its lines."""
    if opened.tree is None:
        return ()
    return _placed(opened, advice(opened.tree, None if config is None else staff(config), today.date()))


def not_in_the_queues(config: Config) -> tuple[Problem, ...]:
    """Of every tree that a number leads to: ways that wait for a rule which their queue does not have."""
    rules = staff(config).rules
    trees = [open_tree(config.trees / f"{name}.yaml", config) for name in sorted({one.tree for one in config.numbers})]
    return tuple(p for one in trees if one.tree is not None for p in _placed(one, never_taken(one.tree, rules)))


def _placed(opened: Opened, found: Iterable[Advice]) -> tuple[Problem, ...]:
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
    rules = {
        name: frozenset(rule for rule in RULES.values() if getattr(queue, rule) not in (None, 0))
        for name, queue in config.queues.items()
    }
    return Staff({queue: tuple(skills) for queue, skills in agents.items()}, overflow, rules)


def open_tests(file: Path) -> tuple[tuple[Placed, ...], tuple[Problem, ...]]:
    """The tests in a file, and what is wrong with it."""
    try:
        return read_cases(file.read_bytes(), str(file))
    except OSError as error:
        return (), (Problem(str(file), 0, 0, "", f"the file cannot be read: {error.strerror}"),)


def world(config: Config | None, *trees: Tree) -> World:
    """The centre's zone, the lists that numbers are in, and the holidays that these trees ask about."""
    nodes = (node for tree in trees for node in tree.nodes.values())
    holidays = around(node.holidays for node in nodes if isinstance(node, Hours) and node.holidays)
    if config is None:
        return World(holidays=holidays)
    lists, directory = load_lists(config)[0], load_directory(config)[0]

    def lists_of(number: str) -> frozenset[str]:
        kind = directory.kind_of(number) if number else None
        return lists.get(number.lstrip("+"), frozenset()) | (frozenset({kind}) if kind else frozenset())

    return World(config.centre.zone, holidays, lists_of)


async def calls_of(line: Line, days: int) -> list[Entry]:
    """What the journal has of the last so many days, as far as it goes back."""
    since = await line.now_ms() - days * 86_400_000
    entries: list[Entry] = []
    while page := await line.entries(entries[-1].id if entries else f"{since}-0", limit=PAGE):
        entries += page
    return entries


def trails(entries: Sequence[Entry], tree: str, zone: tzinfo) -> Iterator[Trail]:
    """The real calls that walked this tree to its end, or hung up in it."""
    values = _answers(entries)
    for record in fold(entries).values():
        if record.tree == tree and record.whole and record.path and record.how:
            begun = datetime.fromtimestamp(record.arrived_ms / 1000, zone)
            situation = Situation(
                record.caller, record.number, begun.date(), begun.time(), record.language, call=record.call
            )
            steps = tuple((step.node, step.by) for step in record.path)
            left = record.how == "left_tree"
            yield Trail(record.call, situation, steps, left, values.get(record.call, {}))


def _answers(entries: Sequence[Entry]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Call → variable → the values it had. Secret ones are not in the journal."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for entry in entries:
        if entry.word is Word.ANSWER and entry.data.get("value") != SECRET:
            of_call, variable = found.setdefault(entry.call, {}), entry.data.get("variable", "")
            of_call[variable] = (*of_call.get(variable, ()), entry.data.get("value", ""))
    return found
