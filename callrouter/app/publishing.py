"""`callrouter tree publish` and `versions`: a tree goes live without a call dropped, for all callers or for a share.

What is published lies on the line's shelf with who put it there and when, so that every worker can take it and every
version can be restored. A tree with errors is refused before anything changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from callrouter.app.site import Site
from callrouter.config import Config
from callrouter.config_files import known_to
from callrouter.documents import close_to
from callrouter.engine.canaries import publication
from callrouter.engine.ports import Check, Commit, Line, Refused
from callrouter.engine.trees import KIND, shelf_name
from callrouter.errors import CallrouterError, ConfigError
from callrouter.publishing.lineup import Lineup, from_fields
from callrouter.tree.load import check_tree
from callrouter.tree.model import Tree, prompts

KEPT = 50
"""So many versions of a tree stay on the shelf."""


class Version(msgspec.Struct, frozen=True):
    """What lies on the shelf."""

    version: str
    files: Mapping[str, str]
    """The tree's own text and those of the trees it uses, by name."""
    by: str
    at_ms: int


def read_version(config: Config, name: str, document: bytes) -> Tree:
    """The tree of a version on the shelf; ConfigError if it does not fit this centre."""
    files = msgspec.json.decode(document, type=Version).files

    def other(used: str) -> tuple[str, bytes] | None:
        return (f"{used}.yaml", files[used].encode()) if used in files else None

    return _checked(config, f"{name}.yaml", files[name].encode(), other)


def document_of(config: Config, file: Path, by: str, now_ms: int) -> tuple[Tree, bytes]:
    """A file's tree, checked, and how it is to lie on the shelf; ConfigError with every problem."""
    texts = {file.stem: file.read_bytes()}

    def other(used: str) -> tuple[str, bytes] | None:
        beside = file.with_name(f"{used}.yaml")
        if not beside.is_file():
            return None
        texts[used] = beside.read_bytes()
        return str(beside), texts[used]

    tree = _checked(config, str(file), texts[file.stem], other)
    version = Version(tree.version, {name: text.decode() for name, text in texts.items()}, by, now_ms)
    return tree, msgspec.json.encode(version)


def _checked(config: Config, file: str, text: bytes, other: Callable[[str], tuple[str, bytes] | None]) -> Tree:
    tree, problems = check_tree(text, file, config.queues.keys(), known=replace(known_to(config), tree=other))
    errors = [problem for problem in problems if problem.severity == "error"]
    if tree is None or errors:
        raise ConfigError(errors)
    return tree


async def shelve(line: Line, tree: Tree, document: bytes) -> None:
    """Keep a version, unless it is there already; the oldest beyond KEPT go."""
    if await line.shelved(shelf_name(tree.name, tree.version)) is not None:
        return
    await line.shelve(shelf_name(tree.name, tree.version), document)
    in_use = from_fields((await line.snapshot()).things.get(KIND + tree.name, {})).versions
    for old in (await versions(line, tree.name))[KEPT:]:
        if old.version not in in_use:
            await line.unshelve(shelf_name(tree.name, old.version))


async def versions(line: Line, tree: str) -> list[Version]:
    """The versions on the shelf, newest first."""
    prefix = shelf_name(tree, "")
    documents = [await line.shelved(name) for name in await line.shelf() if name.startswith(prefix)]
    found = [msgspec.json.decode(document, type=Version) for document in documents if document is not None]
    return sorted(found, key=lambda version: -version.at_ms)


async def publish(site: Site, line: Line, file: Path, *, canary: float | None, bound: float, by: str) -> Lineup:
    """The file's tree for all new callers, or as a canary for a share (percent) of them."""
    tree, document = await asyncio.to_thread(document_of, site.config, file, by, await line.now_ms())
    _demand_used(site, tree.name)
    await site.prompt_library().prepare(prompts(tree), tree.languages)
    await shelve(line, tree, document)
    now = await lineup_of(line, tree.name)
    if canary is None:
        return await _change(line, tree.name, now, Lineup(live=tree.version), "live", by)
    if tree.version == now.live:
        raise CallrouterError(f"{file} is what is live already ({now.live}): a canary must differ from it")
    wanted = replace(now, canary=tree.version, share=canary, bound=bound)
    return await _change(line, tree.name, now, wanted, "canary", by)


async def promote(line: Line, tree: str, by: str) -> Lineup:
    """The canary for everybody."""
    now = await lineup_of(line, tree)
    if not now.canary:
        raise CallrouterError(
            f"tree {tree} has no canary to promote; `callrouter tree publish FILE --canary 5` makes one"
        )
    return await _change(line, tree, now, now.promoted(), "promoted", by)


async def roll_back(line: Line, tree: str, by: str) -> Lineup:
    """Away with the canary; without one, back to the version before the live one."""
    now = await lineup_of(line, tree)
    if now.canary:
        return await _change(line, tree, now, now.rolled_back(), "rolled back", by)
    before = [version for version in await versions(line, tree) if version.version != now.live]
    if not before:
        raise CallrouterError(
            f"tree {tree} has no earlier version; `callrouter tree versions {tree}` lists what there is"
        )
    return await _change(line, tree, now, Lineup(live=before[0].version), "rolled back", by)


async def restore(line: Line, tree: str, version: str, by: str) -> Lineup:
    """An earlier version for everybody, by its name or the beginning of it."""
    found = [one.version for one in await versions(line, tree) if one.version.startswith(version)]
    if len(found) != 1:
        raise CallrouterError(f"tree {tree} has {len(found)} versions that begin with {version}; name one exactly")
    return await _change(line, tree, await lineup_of(line, tree), Lineup(live=found[0]), "live", by)


async def lineup_of(line: Line, tree: str) -> Lineup:
    return from_fields((await line.snapshot()).things.get(KIND + tree, {}))


async def _change(line: Line, tree: str, before: Lineup, after: Lineup, what: str, by: str) -> Lineup:
    """Only from the line-up that was seen: two people publishing at once do not undo each other unseen."""
    entry, floor = publication(tree, after, what, by)
    answer = await line.commit(Commit((entry,), floor, (Check(KIND + tree, "canary", before.canary),)))
    if isinstance(answer, Refused):
        raise CallrouterError(f"somebody else has just changed what is live of tree {tree}: look, and try again")
    return after


def _demand_used(site: Site, tree: str) -> None:
    used = sorted({route.tree for route in site.config.numbers})
    if tree not in used:
        raise CallrouterError(
            f"no number leads to a tree {tree}{close_to(tree, used)}; numbers lead to {', '.join(used)}"
        )
