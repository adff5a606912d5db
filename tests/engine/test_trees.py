"""Versions of trees: calls keep theirs, new calls get the line-up's, and what cannot be used changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from callrouter.acd.floor import Floor
from callrouter.engine.canaries import Canaries, publication
from callrouter.engine.ports import Commit
from callrouter.engine.trees import KIND, Trees, shelf_name
from callrouter.errors import ConfigError, Problem
from callrouter.journal import Entry, Word
from callrouter.publishing.canary import ENOUGH
from callrouter.publishing.lineup import Lineup
from callrouter.tree.load import load_tree
from callrouter.tree.model import Tree
from tests.fakes.line import FakeLine

TEXT = 'schema: 1\nlanguages: [ru]\nstart: bye\nnodes:\n  bye: {{type: hangup, prompt: {{ru: "{}"}}}}\n'


def tree(words: str) -> Tree:
    return load_tree(TEXT.format(words), "test.yaml")


OLD, NEW = tree("old"), tree("new")


class Scene:
    """One worker's trees on a line in memory; `publish` is what the command does."""

    def __init__(self) -> None:
        self.line = FakeLine()
        self.floor = Floor()
        self.prepared: list[str] = []
        self.trees = self.another_worker(OLD)

    def another_worker(self, file: Tree) -> Trees:
        return Trees(
            {"test": file},
            self.line,
            self.floor,
            read=self._read,
            prepare=self._prepare,
            documents={"test": file.version.encode()},
        )

    def _read(self, name: str, document: bytes) -> Tree:
        found = {tree.version: tree for tree in (OLD, NEW)}.get(document.decode())
        if found is None:
            raise ConfigError([Problem(f"{name}.yaml", 1, 1, "", "broken")])
        return found

    async def _prepare(self, tree: Tree) -> None:
        self.prepared.append(tree.version)

    async def publish(self, lineup: Lineup, *, document: bytes | None = None) -> None:
        for version in lineup.versions:
            await self.line.shelve(shelf_name("test", version), document or version.encode())
        entry, floor = publication("test", lineup, "live", "anna")
        await self.line.commit(Commit((entry,), floor))
        await self.news()

    async def news(self, *others: Trees) -> None:
        """The floor as the dispatcher brings it, and what that sets going done."""
        snapshot = await self.line.snapshot()
        self.floor.replace(snapshot.things, snapshot.version)
        for trees in (self.trees, *others):
            trees.on_change(snapshot.things)
            for version in self.trees.lineup("test").versions:
                await trees.bring("test", version)

    def versions(self, callers: Sequence[str]) -> set[str]:
        return {self.trees.pick("test", caller).version for caller in callers}


CALLERS = [f"+7{number:010}" for number in range(300)]


async def test_until_something_is_published_the_file_is_live() -> None:
    scene = Scene()
    await scene.trees.put_out()
    await scene.news()
    assert scene.versions(CALLERS) == {OLD.version}
    assert scene.floor.fields(KIND + "test")["file"] == OLD.version


async def test_a_published_version_is_live_for_new_calls_and_old_calls_keep_theirs() -> None:
    scene = Scene()
    await scene.publish(Lineup(live=NEW.version))
    assert scene.versions(CALLERS) == {NEW.version}
    assert scene.trees.of("test", OLD.version) == OLD
    assert scene.prepared == [NEW.version]


async def test_a_canary_is_for_some_callers_only() -> None:
    scene = Scene()
    await scene.publish(Lineup(live=OLD.version, canary=NEW.version, share=30))
    got = [scene.trees.pick("test", caller).version for caller in CALLERS]
    assert 60 <= got.count(NEW.version) <= 120


@pytest.mark.parametrize("document", [b"not a tree", b""])
async def test_a_version_that_cannot_be_used_leaves_the_one_before_live(document: bytes) -> None:
    scene = Scene()
    await scene.publish(Lineup(live="f" * 12), document=document or b"-")
    assert scene.versions(CALLERS) == {OLD.version}


async def test_a_version_that_is_not_on_the_shelf_leaves_the_one_before_live() -> None:
    scene = Scene()
    entry, floor = publication("test", Lineup(live=NEW.version), "live", "anna")
    await scene.line.commit(Commit((entry,), floor))
    await scene.news()
    assert scene.versions(CALLERS) == {OLD.version}


async def test_a_worker_with_another_file_can_carry_on_a_call_begun_on_this_one() -> None:
    scene = Scene()
    await scene.trees.put_out()
    other = scene.another_worker(NEW)
    await other.bring("test", OLD.version)
    assert other.of("test", OLD.version) == OLD


async def test_a_version_gone_for_good_is_followed_by_the_live_one() -> None:
    assert Scene().trees.of("test", "0" * 12) == OLD


def calls(version: str, how: str) -> list[Entry]:
    return [
        entry
        for number in range(ENOUGH)
        for entry in (
            Entry(Word.ARRIVED, call=f"{version}{number}", data={"tree": "test", "version": version}),
            Entry(Word.ENDED, call=f"{version}{number}", data={"how": how}),
        )
    ]


async def test_a_canary_that_does_worse_is_rolled_back_once_and_told() -> None:
    scene = Scene()
    await scene.publish(Lineup(live=OLD.version, canary=NEW.version, share=50))
    watchers = [Canaries(scene.line, scene.trees) for _ in range(2)]
    for watcher in watchers:
        for entry in [*calls(OLD.version, "completed"), *calls(NEW.version, "left_tree")]:
            watcher.hear(entry)
        await watcher.judge()
    await scene.news()
    assert scene.versions(CALLERS) == {OLD.version}
    told = [entry for entry in scene.line.journal if entry.data.get("what") == "rolled back"]
    assert len(told) == 1
    assert told[0].data["by"] == "callrouter"
    assert told[0].data["why"].startswith("left: 100 %")


async def test_a_canary_that_does_no_worse_stays() -> None:
    scene = Scene()
    await scene.publish(Lineup(live=OLD.version, canary=NEW.version, share=50))
    watcher = Canaries(scene.line, scene.trees)
    for entry in [*calls(OLD.version, "completed"), *calls(NEW.version, "completed")]:
        watcher.hear(entry)
    await watcher.judge()
    await scene.news()
    assert scene.trees.lineup("test").canary == NEW.version
