"""This worker's trees, version by version. A call keeps the version it began on; new calls get those of the line-up.

    published (floor, tree:<name>) ──▶ taken from the shelf ──▶ read, its prompts made ──▶ ready: new calls may get it

Until a version is ready here, and if it never will be, new calls get the one before. Where nothing was ever published
the trees of the files are live.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from callrouter.acd.floor import Floor
from callrouter.engine.ports import Commit, Line
from callrouter.errors import CallrouterError, StoreDown
from callrouter.journal import Entry, FloorChange, Word
from callrouter.publishing.lineup import Lineup, chosen, from_fields
from callrouter.tree.model import Tree

log = structlog.get_logger()

RETRY_S = 1.0
KIND = "tree:"


def shelf_name(tree: str, version: str) -> str:
    """Where a published version lies on the line's shelf."""
    return f"tree/{tree}/{version}"


class Trees:
    """`read(name, document)` makes a tree of what lies on the shelf (or ConfigError), `prepare` its prompts."""

    def __init__(
        self,
        files: Mapping[str, Tree],
        line: Line,
        floor: Floor,
        *,
        read: Callable[[str, bytes], Tree],
        prepare: Callable[[Tree], Awaitable[None]],
        documents: Mapping[str, bytes],
    ) -> None:
        """`documents` are those of the files, as they are to lie on the shelf."""
        self._files = files
        self._documents = documents
        self._line = line
        self._floor = floor
        self._read = read
        self._prepare = prepare
        self._ready: dict[tuple[str, str], Tree] = {(name, tree.version): tree for name, tree in files.items()}
        self._live: dict[str, Tree] = dict(files)
        """The live version that was ready last, tree by tree."""
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def put_out(self) -> None:
        """Files' versions go to the shelf, for workers that adopt a call begun on them, and onto the floor: live until
        another is published."""
        things = (await self._line.snapshot()).things
        for name, tree in self._files.items():
            document = self._documents.get(name)
            if document is not None and await self._line.shelved(shelf_name(name, tree.version)) is None:
                await self._line.shelve(shelf_name(name, tree.version), document)
            if things.get(KIND + name, {}).get("file") != tree.version:
                started = Entry(Word.PUBLISHED, data={"tree": name, "what": "file", "live": tree.version})
                await self._line.commit(Commit((started,), {KIND + name: {"file": tree.version}}))

    def pick(self, name: str, caller: str) -> Tree:
        """The version that this new caller gets."""
        lineup = self.lineup(name)
        self._note_live(name, lineup)
        return self._ready.get((name, chosen(lineup, caller))) or self._live[name]

    def of(self, name: str, version: str) -> Tree:
        """The version a call began on; if it is gone, the one that is live now."""
        found = self._ready.get((name, version))
        if found is None:
            log.warning("tree_version_gone", tree=name, version=version)
        return found or self._live[name]

    def lineup(self, name: str) -> Lineup:
        found = from_fields(self._floor.fields(KIND + name))
        return found if found.live or name not in self._files else replace(found, live=self._files[name].version)

    def lineups(self) -> Mapping[str, Lineup]:
        """Of every tree that numbers lead to."""
        return {name: self.lineup(name) for name in self._files}

    def on_change(self, change: FloorChange) -> None:
        """Versions named in a line-up are brought here, beside the calls."""
        for thing in change:
            if thing.startswith(KIND) and (name := thing.removeprefix(KIND)) in self._files:
                for version in self.lineup(name).versions:
                    self._bring_soon(name, version)

    def _bring_soon(self, name: str, version: str) -> None:
        key = (name, version)
        if key in self._ready or key in self._tasks:
            return
        task = asyncio.create_task(self.bring(name, version), name=f"tree {name} {version}")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def bring(self, name: str, version: str) -> None:
        """Make one version ready, if it can be."""
        while (name, version) not in self._ready and name in self._files:
            try:
                document = await self._line.shelved(shelf_name(name, version))
                if document is None:
                    log.error("tree_not_on_shelf", tree=name, version=version)
                    return
                tree = self._read(name, document)
                await self._prepare(tree)
            except StoreDown:
                await asyncio.sleep(RETRY_S)
            except CallrouterError as problem:
                log.error("tree_not_usable", tree=name, version=version, why=str(problem))
                return
            else:
                self._ready[name, version] = tree
                self._note_live(name, self.lineup(name))
                log.info("tree_ready", tree=name, version=version)

    def _note_live(self, name: str, lineup: Lineup) -> None:
        ready = self._ready.get((name, lineup.live))
        if ready is not None:
            self._live[name] = ready

    async def close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
