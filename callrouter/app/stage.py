"""A running centre as the simulated parties see it (`Centre` in parties/centre.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path

from callrouter.app.history import entries_of
from callrouter.app.site import Site, spoken
from callrouter.audio import Samples, alaw_decode
from callrouter.centre.install import music_folder
from callrouter.centre.parent import Parent
from callrouter.config import Trunk
from callrouter.engine.ports import Line
from callrouter.journal import Entry, Word
from callrouter.parties.centre import Account
from callrouter.prompts.library import PromptLibrary

PAGE = 1_000
FALLBACK = "system.fallback"
"""The dialplan says this by itself, when nobody of us is there."""
SIGNALS = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP, "started": signal.SIGCONT}


def caller_address(trunk: Trunk) -> str | None:
    """The first address from which the trunk's calls may come."""
    for address in trunk.addresses:
        network = ip_network(address, strict=False)
        return str(network[0] if network.num_addresses == 1 else network[1])
    return None


class RunningCentre:
    """`parent` only where this process is the parent: faults can be made there and nowhere else."""

    def __init__(self, site: Site, line: Line, library: PromptLibrary, parent: Parent | None = None) -> None:
        self._site, self._line, self._library, self._parent = site, line, library, parent
        self._prompts = {prompt.key: prompt for prompt in spoken(site)}

    @property
    def sip(self) -> tuple[str, int]:
        bind = self._site.config.sip.bind
        return ("127.0.0.1" if bind == "0.0.0.0" else bind, self._site.config.sip.port)

    @property
    def trunk(self) -> tuple[str, int]:
        """Callers come from the first address of the first trunk that is known by one."""
        for trunk in self._site.config.trunks.values():
            if (address := caller_address(trunk)) is not None:
                return address, trunk.out.port if self._parent and trunk.out else 0
        raise ValueError("no trunk is known by an address: simulated callers have nowhere to call from")

    @property
    def codes(self) -> Mapping[str, str]:
        reasons = {f"not ready ({name})": f"*12{digit}" for digit, name in self._site.config.not_ready_reasons.items()}
        return {"ready": "*11", "not ready": "*12", "logged out": "*13", **reasons}

    def agent(self, name: str) -> Account:
        account = self._site.secrets.phones[name]
        return Account(account.endpoint, account.password)

    def queues_of(self, agent: str) -> frozenset[str]:
        return frozenset(self._site.config.agents[agent].queues)

    def prompt(self, name: str, language: str) -> Samples:
        if name == FALLBACK:
            return alaw_decode(next(self._site.layout.prompts.glob(f"fallback-{language}-*.alaw")).read_bytes())
        return self._library.pcm(self._prompts[name], language)

    def music(self) -> Sequence[Samples]:
        folders = [self._site.layout.music / name for name in self._site.config.music]
        if "default" not in self._site.config.music:
            folders.append(music_folder())
        return [alaw_decode(file.read_bytes()) for folder in folders for file in sorted(folder.glob("*.alaw"))]

    async def call_of(self, number: str, since: float) -> str | None:
        entries = await self._line.entries_back(limit=PAGE)
        wanted = number.lstrip("+")
        for entry in entries:
            if entry.at_ms < since * 1000:
                return None
            if entry.word is Word.ARRIVED and entry.data.get("caller", "").lstrip("+") == wanted:
                return entry.call
        return None

    async def journal(self, call: str) -> Sequence[Entry]:
        return await entries_of(self._line, call)

    async def recording(self, call: str) -> Path | None:
        for entry in await self.journal(call):
            if entry.word is Word.RECORDING and "file" in entry.data:
                return self._site.recordings / entry.data["file"]
        return None

    async def fault(self, thing: str, act: str) -> None:
        """Only in a centre of our own. A stopped process is frozen, a started one goes on."""
        if self._parent is None:
            raise ValueError("faults can be made only in a centre of our own: use `rehearse --own`")
        name = await self._busy_worker() if thing == "worker of-the-newest-call" else self._child(thing)
        pid = self._parent.pid(name)
        if pid is None or act not in SIGNALS:
            raise ValueError(f"{thing} cannot be {act}: it is not running, or not one of {', '.join(SIGNALS)}")
        os.kill(pid, SIGNALS[act])

    @staticmethod
    def _child(thing: str) -> str:
        kind, _, name = thing.partition(" ")
        return name if kind == "worker" else kind

    async def _busy_worker(self) -> str:
        calls = sorted(await self._line.calls(), key=lambda stored: stored.call)
        if not calls:
            raise ValueError("there is no call, so no worker of one")
        return calls[-1].owner.partition("/")[0]
