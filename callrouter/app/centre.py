"""`callrouter run`: the parent of the private Redis, the private Asterisk and the workers."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from callrouter.app.frozen import freeze
from callrouter.app.site import Site
from callrouter.centre.asterisk_process import asterisk_child, trim_log
from callrouter.centre.board import switchboard
from callrouter.centre.lock import sole_parent
from callrouter.centre.parent import Child, ChildNews, NotReady, Parent
from callrouter.centre.ports import wanted_ports
from callrouter.centre.redis_process import redis_child
from callrouter.config_files import resolve
from callrouter.errors import StoreDown

TRIM_S = 60.0


def worker_names(site: Site) -> list[str]:
    return [f"w{number}" for number in range(1, site.config.centre.workers + 1)]


def children(site: Site, config_folder: Path) -> list[Child]:
    """What has to run for this centre, in the order in which it must start."""
    found: list[Child] = []
    if site.config.redis.url is None:
        found.append(redis_child(site.config.redis, site.layout))
    if site.attached is None:
        found.append(
            asterisk_child(
                lambda: switchboard(site.config, site.layout, site.secrets, resolve),
                site.layout,
                wanted_ports(site.config),
            )
        )
    return [
        *found,
        *(worker_child(site, name, config_folder) for name in worker_names(site)),
        clerk(site, config_folder),
    ]


def _own_command(site: Site, config_folder: Path, *words: str) -> tuple[str, ...]:
    where = ("--config", str(config_folder), "--run-folder", str(site.layout.root))
    return (sys.executable, "-m", "callrouter.cli", *where, *words)


def clerk(site: Site, config_folder: Path) -> Child:
    """Nobody waits for it: calls are served without a history."""
    return Child(name="clerk", command=lambda: _own_command(site, config_folder, "clerk"))


def worker_child(site: Site, name: str, config_folder: Path) -> Child:
    command = _own_command(site, config_folder, "worker", "--name", name)

    async def ready() -> None:
        if not await lives(site, name):
            raise NotReady("is not open for calls yet")

    return Child(name=name, command=lambda: command, ready=ready, ready_s=60)


async def lives(site: Site, worker: str) -> bool:
    """Whether a worker of this name is open for calls."""
    line = site.open_line()
    try:
        return any(owner.partition("/")[0] == worker for owner in await line.living())
    except StoreDown:
        return False
    finally:
        await line.close()


def say(news: ChildNews) -> None:
    """One line on the terminal for what became of a child."""
    print(f"  {news.child:<10} {news.what:<9} {news.detail}", flush=True)


@asynccontextmanager
async def running(site: Site, tell: Callable[[ChildNews], None] = lambda _: None) -> AsyncIterator[Parent]:
    """The whole centre up and ready; stopped in order at the end, whatever happens."""
    site.layout.prepare()
    site.recordings.mkdir(parents=True, exist_ok=True)
    with sole_parent(site.layout):
        parent = Parent(children(site, freeze(site)), site.layout.log, tell=tell)
        await parent.start()
        chores = asyncio.create_task(_keep_logs_short(parent, site), name="logs")
        try:
            yield parent
        finally:
            chores.cancel()
            await asyncio.gather(chores, return_exceptions=True)
            await parent.stop()


async def _keep_logs_short(parent: Parent, site: Site) -> None:
    while True:
        await asyncio.sleep(TRIM_S)
        parent.trim_logs()
        if site.attached is None:
            await trim_log(site.layout)


async def run(site: Site) -> None:
    """`callrouter run`: until Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(site, say):
        print("\n".join(banner(site)), flush=True)
        await stop.wait()
        print("\nStopping: calls under way end now.", flush=True)


def banner(site: Site) -> Sequence[str]:
    """What to dial, the agents' accounts, and what to do next."""
    sip = site.config.sip
    width = max((len(agent) for agent in site.config.agents), default=5)
    phones = site.secrets.phones
    accounts = [
        f"    {agent:<{width}}  user {phones[agent].endpoint}  password {phones[agent].password}"
        for agent in site.config.agents
    ]
    numbers = [f"    {route.number} → tree {route.tree}" for route in site.config.numbers]
    trunks = [
        f"    {name}: {', '.join(trunk.addresses) or 'registered with the carrier'}"
        for name, trunk in site.config.trunks.items()
    ]
    return (
        "",
        f"callrouter is open. SIP (UDP and TCP) on {sip.bind}:{sip.port}.",
        "  Numbers that callers dial:",
        *numbers,
        "  Trunks they come through:",
        *trunks,
        "  Agents' phones (any SIP softphone; server as above):",
        *accounts,
        "  Next: register a phone, dial *11 from it to take calls (*12 not ready, *13 log out),",
        "        watch with `callrouter floor`, afterwards `callrouter calls` and `callrouter explain CALL`.",
        "  Ctrl-C stops everything in order.",
    )
