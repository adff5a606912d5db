"""A real private Asterisk and Redis in a folder of their own, on free ports."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callrouter.centre.asterisk_process import asterisk_child
from callrouter.centre.board import switchboard
from callrouter.centre.layout import Layout
from callrouter.centre.parent import Parent
from callrouter.centre.ports import wanted_ports
from callrouter.centre.secrets import Secrets, load_or_make
from callrouter.config import Config
from callrouter.config_files import resolve

TRUNK_ADDRESS = "127.0.0.9"


def free_ports() -> Iterator[int]:
    """Below 32768, where no other program is lent one by chance."""
    for number in random.Random().sample(range(20000, 30000, 10), 500):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", number))
                udp.bind(("127.0.0.1", number))
            except OSError:
                continue
        yield number


def a_config(**more: Any) -> Config:
    """A small centre on free ports."""
    ports = free_ports()
    sip, http, ami, rtp = next(ports), next(ports), next(ports), next(ports)
    return Config.model_validate(
        {
            "sip": {"port": sip, "rtp_first": rtp, "rtp_last": rtp + 200},
            "asterisk": {"http_port": http, "ami_port": ami},
            "trunks": {"city": {"addresses": [TRUNK_ADDRESS]}},
            "fallback": {"text": {"ru": "Минуту."}},
            "queues": {"payers": {"name": "Payers"}},
            "agents": {"anna": {"name": "Anna", "queues": ["payers"]}},
            **more,
        }
    )


@dataclass
class Rig:
    """A running private Asterisk."""

    config: Config
    layout: Layout
    secrets: Secrets
    parent: Parent
    ari: aiohttp.ClientSession

    async def call(self, method: str, path: str, **more: Any) -> Any:
        """One ARI request; its JSON, or None when the answer is empty."""
        async with self.ari.request(method, f"/ari/{path}", **more) as response:
            assert response.status < 300, await response.text()
            return await response.json() if response.status != 204 else None


@pytest.fixture
async def asterisk(tmp_path: Path) -> AsyncIterator[Rig]:
    """Booted from our templates."""
    async with running_asterisk(a_config(), tmp_path) as rig:
        yield rig


@asynccontextmanager
async def running_asterisk(config: Config, folder: Path) -> AsyncIterator[Rig]:
    """A private Asterisk for this configuration, below a folder."""
    layout = Layout(folder / "run")
    layout.prepare()
    secrets = load_or_make(layout.secrets, config.agents)
    board = switchboard(config, layout, secrets, resolve)
    parent = Parent([asterisk_child(lambda: board, layout, wanted_ports(config))], layout.log)
    await parent.start()
    auth = {"Authorization": aiohttp.encode_basic_auth("callrouter", secrets.ari_password)}
    base = f"http://127.0.0.1:{config.asterisk.http_port}"
    try:
        async with aiohttp.ClientSession(base, headers=auth) as session:
            yield Rig(config, layout, secrets, parent, session)
    finally:
        await parent.stop()
