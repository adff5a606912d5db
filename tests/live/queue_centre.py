"""Somebody else's switchboard: an Asterisk with queues of its own, before which our trees stand by FastAGI.

No worker, no Redis. Its dialplan is the one we ship; agents' codes and queue members are what such a site has itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from callrouter.app.frozen import write_config
from callrouter.app.own import free_ports, moved
from callrouter.app.site import Site, open_site, spoken
from callrouter.asterisk.phones import Phone, provision
from callrouter.asterisk.requests import Requests
from callrouter.audio import Samples, alaw_decode
from callrouter.centre.asterisk_process import asterisk_child, console
from callrouter.centre.board import switchboard
from callrouter.centre.install import music_folder
from callrouter.centre.parent import Child, NotReady, Parent
from callrouter.centre.ports import wanted_ports
from callrouter.centre.render import TEMPLATES, Switchboard
from callrouter.config_files import load_config, resolve
from callrouter.journal import Entry, Word
from callrouter.parties.centre import Account
from callrouter.prompts.library import PromptLibrary

SNIPPET = TEMPLATES.parent / "attach" / "extensions_fastagi.conf"
CODES = """
[from-agent]
exten => *11,1,Answer()
 same => n,UnpauseQueueMember(,PJSIP/${CHANNEL(endpoint)})
 same => n,Hangup()
exten => *12,1,Answer()
 same => n,PauseQueueMember(,PJSIP/${CHANNEL(endpoint)})
 same => n,Hangup()
exten => *13,1,Goto(*12,1)
"""


@dataclass
class QueueCentre:
    """It, as the simulated parties see it (`Centre` in parties/centre.py)."""

    site: Site
    library: PromptLibrary
    parent: Parent

    @property
    def sip(self) -> tuple[str, int]:
        return self.site.config.sip.bind, self.site.config.sip.port

    @property
    def trunk(self) -> tuple[str, int]:
        return next(iter(self.site.config.trunks.values())).addresses[0], 0

    @property
    def codes(self) -> Mapping[str, str]:
        return {"ready": "*11", "not ready": "*12", "logged out": "*13"}

    def agent(self, name: str) -> Account:
        account = self.site.secrets.phones[name]
        return Account(account.endpoint, account.password)

    def queues_of(self, agent: str) -> frozenset[str]:
        return frozenset(self.site.config.agents[agent].queues)

    def prompt(self, name: str, language: str) -> Samples:
        prompts = {prompt.key: prompt for prompt in spoken(self.site)}
        return self.library.pcm(prompts[name], language)

    def music(self) -> Sequence[Samples]:
        return [alaw_decode(file.read_bytes()) for file in sorted(music_folder().glob("*.alaw"))]

    async def call_of(self, number: str, since: float) -> str | None:
        """From what app_queue itself has written: the call that came into a queue from this number."""
        wanted = number.removeprefix("+")
        for at, call, _, _, word, *data in reversed(self.queue_log()):
            if word == "ENTERQUEUE" and float(at) + 1 > since and data[1].removeprefix("+") == wanted:
                return call
        return None

    async def journal(self, call: str) -> Sequence[Entry]:
        return [entry for row in self.queue_log() if row[1] == call for entry in self._entries(row)]

    def ways(self) -> list[tuple[str, str]]:
        """What the dialplan wrote down of each call: result and way through the tree."""
        return [(row[5], row[8]) for row in self.queue_log() if row[4] == "CALLROUTER"]

    def agi_lines(self) -> list[dict[str, str]]:
        """What our server has logged."""
        lines = (self.site.layout.log / "agi.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def complaints(self) -> list[str]:
        """What Asterisk has warned of."""
        lines = self.site.layout.asterisk_messages.read_text(encoding="utf-8").splitlines()
        serious = (line for line in lines if "WARNING" in line or "ERROR" in line)
        return [line for line in serious if "stir_shaken" not in line]  # of every endpoint there is

    async def recording(self, call: str) -> Path | None:
        return None

    async def fault(self, thing: str, act: str) -> None:
        pid = self.parent.pid(thing)
        if pid is None or act != "killed":
            raise ValueError(f"{thing} cannot be {act}; the agi can be killed")
        os.kill(pid, signal.SIGKILL)

    def queue_log(self) -> list[list[str]]:
        """What app_queue has written, line by line; whole seconds only."""
        file = self.site.layout.asterisk_log / "queue_log"
        rows = [line.split("|") for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
        return [row for row in rows if len(row) > 5]

    def _entries(self, row: Sequence[str]) -> Sequence[Entry]:
        _, call, queue, agent, word, *data = row
        if word == "CALLROUTER":
            return [Entry(Word.NODE, call, data={"node": node}) for node in data[3].split(",")]
        return [Entry(Word(word), call, agent, queue, {"data": ",".join(data)})] if word in Word.__members__ else []


@asynccontextmanager
async def queue_centre(config_folder: Path) -> AsyncIterator[QueueCentre]:
    """Started on free ports below a folder of its own; wiped at the end."""
    with tempfile.TemporaryDirectory(prefix="callrouter-") as folder:
        own_config = Path(folder, "config")
        write_config(moved(load_config(config_folder), Path(folder)), own_config)
        site = open_site(own_config, Path(folder, "run"))
        site.layout.prepare()
        library = site.prompt_library()
        await library.prepare(spoken(site), site.languages)
        (agi_port,) = free_ports(1, "127.0.0.1")
        children = [_asterisk(site, agi_port), _agi(site, own_config, agi_port)]
        parent = Parent(children, site.layout.log)
        await parent.start()
        try:
            await _people(site)
            yield QueueCentre(site, library, parent)
        finally:
            await parent.stop()


def _asterisk(site: Site, agi_port: int) -> Child:
    def board() -> Switchboard:
        plan = switchboard(site.config, site.layout, site.secrets, resolve, bench=True)
        return replace(plan, extra_dialplan=_dialplan(site, agi_port))

    child = asterisk_child(board, site.layout, wanted_ports(site.config))

    def prepare() -> None:
        child.prepare()
        (site.layout.asterisk_etc / "queues.conf").write_text(_queues(site), encoding="utf-8")

    return replace(child, prepare=prepare)


def _dialplan(site: Site, agi_port: int) -> str:
    """What we ship, word for word but for the port and the longest waits, and what such a site has."""
    snippet = SNIPPET.read_text(encoding="utf-8").replace("127.0.0.1:4573", f"127.0.0.1:{agi_port}")
    for name, queue in site.config.queues.items():
        snippet = snippet.replace(f"Queue({name},,,,300)", f"Queue({name},,,,{round(queue.max_wait_s)})")
    numbers = [f"exten => {route.number},1,Goto(callrouter-agi,${{EXTEN}},1)" for route in site.config.numbers]
    return "\n".join([snippet, CODES, "[from-trunk]", *numbers, ""])


def _queues(site: Site) -> str:
    """Nobody is in a queue before saying so: members begin paused."""
    lines = ["[general]", "persistentmembers = no", "autofill = yes", "log_member_name_as_agent = yes"]
    for name, queue in site.config.queues.items():
        lines += [f"[{name}]", "strategy = leastrecent", f"timeout = {queue.ring_s}", "retry = 1", "ringinuse = no"]
        lines += ["musicclass = default", "autopause = all"]
        for agent, part in site.config.agents.items():
            if name in part.queues:
                lines.append(f"member => PJSIP/{site.phones[agent]},0,{agent},PJSIP/{site.phones[agent]},,,yes")
    return "\n".join([*lines, ""])


def _agi(site: Site, config_folder: Path, port: int) -> Child:
    where = ("--config", str(config_folder), "--run-folder", str(site.layout.root))
    command = (sys.executable, "-m", "callrouter.cli", *where, "agi", "--port", str(port))

    async def ready() -> None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            raise NotReady(f"does not listen yet: {error}") from error
        writer.close()

    return Child(name="agi", command=lambda: command, ready=ready, ready_s=30)


async def _people(site: Site) -> None:
    """The agents' phones, as a site has them."""
    accounts = site.secrets.phones
    phones = [Phone(site.phones[agent], accounts[agent].password, agent) for agent in site.config.agents]
    requests = Requests(site.ari)
    try:
        await provision(requests, phones)
    finally:
        await requests.close()
    members = await console(site.layout, "queue show")
    assert len(re.findall("paused", members)) == len(site.config.agents), members
