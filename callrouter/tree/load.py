"""A tree from its text: read strictly, checked wholly, all problems at once with file, line and node."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import PurePath

from callrouter.documents import KeyPath, parse
from callrouter.errors import ConfigError, Problem
from callrouter.tree.model import Tree, TreeFile
from callrouter.tree.validate import findings

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def load_tree(text: str | bytes, file: str, queues: Collection[str] | None = None) -> Tree:
    """The tree, named after its file. ConfigError with all problems. With `queues`, it may use no others."""
    tree, problems = check_tree(text, file, queues)
    if tree is None:
        raise ConfigError(problems)
    return tree


def check_tree(
    text: str | bytes, file: str, queues: Collection[str] | None = None
) -> tuple[Tree | None, tuple[Problem, ...]]:
    """The tree if it is good, and every problem."""
    document = parse(text, file)
    found, problems = document.check(TreeFile, node_words)
    if found is not None:
        problems = tuple(
            document.problem(path, message, where=node_words(path), of_key=of_key)
            for path, message, of_key in findings(found, queues)
        )
    name = PurePath(file).stem
    if not _NAME.fullmatch(name):
        words = "name the file like payments.yaml: small letters, digits, _ and -, beginning with a letter"
        problems = (*problems, Problem(file, 0, 0, "", words))
    if found is None or problems:
        return None, tuple(sorted(problems))
    return Tree(name, version_of(text), found.languages, found.start, found.nodes), ()


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
