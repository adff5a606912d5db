"""A private centre for a rehearsal, the demo or a test: the same configuration on free ports, in a folder of its own.

Nothing of it is left behind.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from callrouter.app.centre import running
from callrouter.app.frozen import write_config
from callrouter.app.site import Site, open_site, spoken
from callrouter.app.stage import RunningCentre, caller_address
from callrouter.centre.parent import ChildNews, Parent
from callrouter.config import Config, HistoryPart, MetricsPart, Trunk
from callrouter.config_files import load_config
from callrouter.engine.monitor import PORTS_PER_CALL
from callrouter.store.redis_line import RedisLine

RTP_PORTS = 2000
CARRIERS = ip_address("127.0.0.20")
"""Here and at the following addresses are the carriers that a configuration knows by addresses of elsewhere."""
RTP_FIRST, RTP_END = 12_000, 32_000
"""Below where Linux lends ports out (ip_local_port_range begins at 32768)."""


@dataclass(frozen=True)
class OwnCentre:
    """A private centre that is up."""

    site: Site
    config_folder: Path
    parent: Parent
    line: RedisLine
    stage: RunningCentre


@asynccontextmanager
async def own_centre(
    config_folder: Path,
    *,
    change: Callable[[Config], Config] = lambda config: config,
    tell: Callable[[ChildNews], None] = lambda _: None,
) -> AsyncIterator[OwnCentre]:
    """Started from a copy of this configuration, changed a little if wanted; stopped and wiped at the end."""
    with tempfile.TemporaryDirectory(prefix="callrouter-") as folder:
        own_config = Path(folder, "config")
        write_config(moved(change(load_config(config_folder)), Path(folder)), own_config)
        site = open_site(own_config, Path(folder, "run"))
        library = site.prompt_library()
        await library.prepare(spoken(site), site.languages)
        line = site.open_line()
        try:
            async with running(site, tell) as parent:
                yield OwnCentre(site, own_config, parent, line, RunningCentre(site, line, library, parent))
        finally:
            await line.close()
            shutil.rmtree(site.layout.sockets, ignore_errors=True)


def moved(config: Config, folder: Path) -> Config:
    """The same centre where nobody else is: other ports, its own Redis, its own recordings.

    Calls out go to the simulated parties, whatever the configuration says: no rehearsal rings a real phone."""
    sip, http, ami, outside = free_ports(4, config.sip.bind)
    rtp = free_rtp_range(config.sip.bind)
    calls = min(config.limits.calls, RTP_PORTS // PORTS_PER_CALL // config.centre.workers)
    return config.model_copy(
        update={
            "sip": config.sip.model_copy(update={"port": sip, "rtp_first": rtp, "rtp_last": rtp + RTP_PORTS - 1}),
            "asterisk": config.asterisk.model_copy(update={"http_port": http, "ami_port": ami, "attached": None}),
            "limits": config.limits.model_copy(update={"calls": calls}),
            "redis": config.redis.model_copy(update={"url": None}),
            "trunks": {
                name: _to_parties(trunk, str(CARRIERS + number), outside)
                for number, (name, trunk) in enumerate(config.trunks.items())
            },
            "history": HistoryPart(queue_log=folder / "queue_log" if config.history.queue_log else None),
            "metrics": MetricsPart(),
            "webhooks": {},
            "recordings": config.recordings.model_copy(update={"folder": folder / "recordings"}),
        }
    )


def _to_parties(trunk: Trunk, carrier: str, port: int) -> Trunk:
    """The simulated parties are the carrier: known by an address of this computer, registered with by nobody."""
    known = caller_address(trunk)
    address = known if known and ip_address(known).is_loopback else carrier
    out = trunk.out.model_copy(update={"address": address, "port": port}) if trunk.out else None
    return trunk.model_copy(update={"addresses": (address,), "register_with": None, "out": out})


def free_ports(count: int, address: str) -> list[int]:
    """Ports below the lent ones that nobody listens on, UDP nor TCP."""
    with ExitStack() as held:
        found: list[int] = []
        for port in _shuffled(RTP_END, 32_700):
            if len(found) == count:
                break
            if _hold(held, "127.0.0.1", port) and (address == "127.0.0.1" or _hold(held, address, port)):
                found.append(port)
        return found


def free_rtp_range(address: str) -> int:
    """The first port of a range that nobody seems to use: its first, middle and last port are free."""
    for first in _shuffled(RTP_FIRST, RTP_END - RTP_PORTS, RTP_PORTS):
        with ExitStack() as held:
            if all(_hold(held, address, first + step) for step in (0, RTP_PORTS // 2, RTP_PORTS - 1)):
                return first
    raise OSError("no free range of UDP ports for sound")


def _shuffled(first: int, end: int, step: int = 1) -> Iterator[int]:
    """From a random place round: two centres that start together rarely meet."""
    places = list(range(first, end, step))
    start = secrets.randbelow(len(places))
    yield from places[start:] + places[:start]


def _hold(held: ExitStack, address: str, port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        probe = held.enter_context(socket.socket(socket.AF_INET, kind))
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
