"""A tree from its text: read strictly, checked wholly, all problems at once with file, line and node."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from callrouter.documents import Document, KeyPath, parse
from callrouter.errors import ConfigError, Problem
from callrouter.tree.fits import fits
from callrouter.tree.known import ANYTHING, Known
from callrouter.tree.model import Goto, Subtree, Tree, TreeFile
from callrouter.tree.together import TooLarge, together
from callrouter.tree.validate import Finding, circles, findings

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def load_tree(text: str | bytes, file: str, queues: Collection[str] | None = None, *, known: Known = ANYTHING) -> Tree:
    """The tree, named after its file. ConfigError with all problems. With `queues`, it may use no others."""
    tree, problems = check_tree(text, file, queues, known=known)
    if tree is None:
        raise ConfigError(problems)
    return tree


def check_tree(
    text: str | bytes, file: str, queues: Collection[str] | None = None, *, known: Known = ANYTHING
) -> tuple[Tree | None, tuple[Problem, ...]]:
    """The tree if it is good, and every problem of it and of the trees it uses."""
    family = _Family(PurePath(file).stem, known)
    family.read(family.root, file, text, ())
    problems = list(family.problems)
    if not _NAME.fullmatch(family.root):
        words = "name the file like payments.yaml: small letters, digits, _ and -, beginning with a letter"
        problems.append(Problem(file, 0, 0, "", words))
    for name, tree in family.files.items():
        checks = (*findings(tree), *fits(tree, family.files, queues, known, alone=bool(family.main.exits)))
        problems += [family.problem(name, finding) for finding in checks]
    if not problems and not family.broken:
        found = family.together()
        problems = [family.problem(family.root, finding) for finding in circles(found.nodes)]
        if not problems:
            return found, ()
    return None, tuple(sorted(set(problems)))


@dataclass
class _Family:
    """A tree and those it uses, as far as they could be read."""

    root: str
    known: Known
    files: dict[str, TreeFile] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: bool = False

    @property
    def main(self) -> TreeFile | _Nothing:
        return self.files.get(self.root, _NOTHING)

    def read(self, name: str, file: str, text: str | bytes, trail: tuple[str, ...]) -> None:
        document = parse(text, file)
        found, problems = document.check(TreeFile, node_words)
        self.documents[name] = document
        self.texts[name] = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        self.problems += problems
        if found is None:
            self.broken = True
            return
        self.files[name] = found
        for node, path, other, comes_back in _used(found):
            words = self._use(found, other, comes_back, (*trail, name))
            if words:
                self.problems.append(document.problem(("nodes", node, *path), words, where=f"node {node}"))

    def _use(self, tree: TreeFile, other: str, comes_back: bool, trail: tuple[str, ...]) -> str:
        """Why this tree cannot be used here, or nothing."""
        if comes_back and other in trail:
            return f"the trees walk through each other without an end: {' → '.join((*trail, other))}"
        if other not in self.documents:
            found = self.known.tree(other)
            if found is None:
                return f"there is no tree `{other}`: no file {other}.yaml beside this one"
            self.read(other, *found, trail if comes_back else ())
        used = self.files.get(other)
        if used is None:
            return ""
        if missing := [language for language in tree.languages if language not in used.languages]:
            return f"the tree {other} does not speak {' and '.join(missing)}; add it there"
        if comes_back and not used.exits:
            return f"the tree {other} has no `exits`, so nobody comes back; use goto"
        if not comes_back and used.exits:
            return f"the tree {other} has `exits`, so it wants to be walked through; use subtree"
        return ""

    def problem(self, name: str, finding: Finding) -> Problem:
        path, message, of_key = finding
        return self.documents[name].problem(path, message, where=node_words(path), of_key=of_key)

    def together(self) -> Tree:
        main = self.files[self.root]
        nodes, keys = together(self.root, self.files)
        return Tree(self.root, self._version(), main.languages, main.start, nodes, keys, main.exits)

    def _version(self) -> str:
        if len(self.texts) == 1:
            return version_of(self.texts[self.root])
        return version_of("\n".join(f"{name} {version_of(text)}" for name, text in sorted(self.texts.items())))


@dataclass(frozen=True)
class _Nothing:
    exits: tuple[str, ...] = ()


_NOTHING = _Nothing()


def _used(tree: TreeFile) -> Iterator[tuple[str, KeyPath, str, bool]]:
    """Node, key path in it, the other tree, and whether the caller comes back."""
    for name, node in tree.nodes.items():
        if isinstance(node, Subtree):
            yield name, ("tree",), node.tree, True
        elif isinstance(node, Goto) and node.tree is not None:
            yield name, ("tree",), node.tree, False


def version_of(text: str | bytes) -> str:
    """A tree's version: the beginning of its content's SHA-256."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()[:12]


def node_words(path: KeyPath) -> str:
    """`node who_is_calling, option 3`: a place in a tree as its writer would say it."""
    steps = [str(step)[:60] for step in path]
    match steps:
        case ["nodes", name, "options", keys]:
            return f"node {name}, option {keys}"
        case ["nodes", name, *rest]:
            return ", ".join([f"node {name}", *rest])
        case _:
            return ", ".join(steps)


__all__ = ["TooLarge", "check_tree", "load_tree", "node_words", "version_of"]
