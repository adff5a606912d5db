"""`callrouter agi`: trees in front of somebody else's queues. One process, no Redis, no ARI; a dialplan calls it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from types import FrameType
from typing import Any

import structlog

from callrouter.app import tree_needs
from callrouter.app.site import Site
from callrouter.asterisk.agi_call import Desk, serve
from callrouter.asterisk.agi_server import AgiServer
from callrouter.asterisk.agi_walk import Answer
from callrouter.config_files import known_to, load_trees
from callrouter.errors import SetupError
from callrouter.lookups.client import HttpLookups
from callrouter.prompts.library import PromptLibrary
from callrouter.public_holidays import EveryCountry
from callrouter.tree.facts import Facts
from callrouter.tree.load import load_tree
from callrouter.tree.model import Prompt, Tree, prompts
from callrouter.tree.walk import LookUp

log = structlog.get_logger()


def run(site: Site, names: Sequence[str], *, host: str, port: int, at_once: int, grace_s: float) -> None:
    """Until SIGTERM or SIGINT; calls under way then have a while to end."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    lookups = tree_needs.lookups(site)
    with loop_beside() as do:
        try:
            desk = prepared(site, names, lookups, do)
            server = AgiServer(partial(serve, desk=desk), host=host, port=port, at_once=at_once)
            server.start()
            log.info("agi_open", address="{}:{}".format(*server.address), at_once=at_once)
            stop.wait()
            log.info("agi_stopping", calls=server.calls)
            server.stop(grace_s)
        finally:
            do(lookups.close()).result()


@contextmanager
def loop_beside() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Future[Any]]]:
    """An event loop in a thread of its own, for what the calls' threads have done there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="agi loop", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def prepared(
    site: Site,
    names: Sequence[str],
    lookups: HttpLookups,
    do: Callable[[Coroutine[Any, Any, Any]], Future[Any]],
) -> Desk:
    """Trees checked, their prompts spoken, and what they may ask."""
    trees = served(site, names)
    if not trees:
        raise SetupError("there is no tree to serve: name one (callrouter agi payments) or give a number one")
    library = site.prompt_library()
    said = [prompt for tree in trees.values() for prompt in prompts(tree)]
    languages = sorted({language for tree in trees.values() for language in tree.languages})
    do(library.prepare(said, languages)).result()

    def ask(wish: LookUp, secrets: Mapping[str, str]) -> Answer:
        return do(lookups.look_up(wish.lookup, wish.values, secrets))

    files = partial(_files, library, site.config.speech.wait_s)
    return Desk(trees, site.config.numbers, site.config.centre.language, files, world(site), ask)


def _files(library: PromptLibrary, wait_s: float, prompt: Prompt, language: str) -> tuple[str, ...]:
    return library.ready_now(library.files(prompt, language), wait_s)


def world(site: Site) -> Callable[[str, str, str], Facts]:
    """What is known without the centre's Redis: the time, holidays, who calls whom, and the lists a caller is in."""
    lists = tree_needs.lists(site, tree_needs.directory(site))

    def facts(call: str, caller: str, called: str) -> Facts:
        now = datetime.now(site.config.centre.zone)
        in_lists = lists(caller) if caller else frozenset()
        return Facts(now, caller, called, call, lists=in_lists, holidays=EveryCountry(now.year))

    return facts


def served(site: Site, names: Sequence[str]) -> Mapping[str, Tree]:
    """The trees that numbers lead to, and those that are named; ConfigError with their problems."""
    found = dict(load_trees(site.config))
    for name in names:
        file = site.config.trees / f"{name}.yaml"
        if not file.is_file():
            raise SetupError(f"there is no tree {name!r}: no file {file}")
        known = known_to(site.config)
        found[name] = load_tree(file.read_bytes(), str(file), site.config.queues, known=known)
    return found
