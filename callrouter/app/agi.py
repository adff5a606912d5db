"""`callrouter agi`: trees in front of somebody else's queues. One process, no Redis, no ARI; a dialplan calls it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from types import FrameType

import structlog

from callrouter.app.site import Site
from callrouter.asterisk.agi_call import Desk, serve
from callrouter.asterisk.agi_server import AgiServer
from callrouter.config_files import load_trees
from callrouter.errors import SetupError
from callrouter.tree.facts import Facts
from callrouter.tree.load import load_tree
from callrouter.tree.model import Prompt, Tree, prompts

log = structlog.get_logger()


def run(site: Site, names: Sequence[str], *, host: str, port: int, at_once: int, grace_s: float) -> None:
    """Until SIGTERM or SIGINT; calls under way then have a while to end."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server = open_server(site, names, host=host, port=port, at_once=at_once)
    server.start()
    log.info("agi_open", address="{}:{}".format(*server.address), at_once=at_once)
    stop.wait()
    log.info("agi_stopping", calls=server.calls)
    server.stop(grace_s)


def open_server(site: Site, names: Sequence[str], *, host: str, port: int, at_once: int) -> AgiServer:
    """Trees checked and spoken, the port listened on; not started yet."""
    trees = served(site, names)
    if not trees:
        raise SetupError("there is no tree to serve: name one (callrouter agi payments) or give a number one")
    library = site.prompt_library()
    said = [prompt for tree in trees.values() for prompt in prompts(tree)]
    languages = sorted({language for tree in trees.values() for language in tree.languages})
    asyncio.run(library.prepare(said, languages))

    def files(prompt: Prompt, language: str) -> tuple[str, ...]:
        return library.ready_now(library.files(prompt, language), site.config.speech.wait_s)

    desk = Desk(trees, site.config.numbers, site.config.centre.language, files, partial(_facts, site))
    return AgiServer(partial(serve, desk=desk), host=host, port=port, at_once=at_once)


def _facts(site: Site, call: str, caller: str, called: str) -> Facts:
    """What is known without the centre's Redis: the time, and who calls whom."""
    return Facts(now=datetime.now(site.config.centre.zone), caller=caller, called=called, call=call)


def served(site: Site, names: Sequence[str]) -> Mapping[str, Tree]:
    """The trees that numbers lead to, and those that are named; ConfigError with their problems."""
    found = dict(load_trees(site.config))
    for name in names:
        file = site.config.trees / f"{name}.yaml"
        if not file.is_file():
            raise SetupError(f"there is no tree {name!r}: no file {file}")
        found[name] = load_tree(file.read_bytes(), str(file), site.config.queues)
    return found
