"""One private centre with two numbers on one Asterisk: ours leads into callrouter, the other into app_queue.

Both play the same prompt, take the same key, and have the same phones as agents: no wrap-up, no recording.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from callrouter.acd.floor import Presence
from callrouter.acd.presence import Wish, presence_change, wish_entry
from callrouter.app.centre import children
from callrouter.app.frozen import freeze, write_config
from callrouter.app.own import moved
from callrouter.app.site import Site, open_site, spoken
from callrouter.app.stage import RunningCentre
from callrouter.centre.asterisk_process import asterisk_child
from callrouter.centre.board import switchboard
from callrouter.centre.parent import Child, Parent
from callrouter.centre.ports import wanted_ports
from callrouter.centre.render import Switchboard
from callrouter.config_files import load_config, resolve
from callrouter.engine.ports import Commit
from callrouter.parties.digest import Credentials

ENGINES = {"callrouter": "1001", "app_queue": "1002"}
"""Engine → the number that leads to it."""
MANY, FEW = "many", "few"
KEYS = {MANY: "1", FEW: "2"}
"""Queue → the key that leads to it."""
TREE = {
    "schema": 1,
    "languages": ["en"],
    "start": "menu",
    "nodes": {
        "menu": {
            "type": "menu",
            "prompt": {"en": "Good afternoon. For somebody at once, press one. To wait for one of a few, press two."},
            "options": {key: queue for queue, key in KEYS.items()},
            "invalid": {"prompt": {"en": "That is not one of the choices."}, "then": MANY},
            "no_input": {"prompt": {"en": "We did not hear your choice."}, "then": MANY},
        },
        **{queue: {"type": "queue", "queue": queue} for queue in KEYS},
    },
}
RING_S, LONGEST_WAIT_S = 15, 600


@dataclass(frozen=True)
class BothCentre:
    """It, up, with every agent READY."""

    site: Site
    parent: Parent
    agents: Mapping[str, tuple[Credentials, ...]]
    """Queue → the accounts of its agents' phones."""
    sip: tuple[str, int]
    trunk: tuple[str, int]

    def cpu_s(self) -> dict[str, float]:
        """What each process has used until now."""
        workers = [f"w{number}" for number in range(1, self.site.config.centre.workers + 1)]
        found = {"Asterisk": self._used("asterisk"), "worker": sum(self._used(name) for name in workers)}
        return {**found, "Redis": self._used("redis"), "clerk": self._used("clerk")}

    def _used(self, child: str) -> float:
        pid = self.parent.pid(child)
        if pid is None:
            raise RuntimeError(f"the {child} is not running any more: see {self.site.layout.log}")
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def complaints(self) -> list[str]:
        """What Asterisk and the workers have logged that nobody wants to read."""
        log = self.site.layout.asterisk_messages.read_text(encoding="utf-8", errors="replace").splitlines()
        found = [line for line in log if ("WARNING" in line or "ERROR" in line) and "stir_shaken" not in line]
        for file in sorted(self.site.layout.log.glob("w*.log")):
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            found += [line for line in lines if '"warning"' in line or '"error"' in line]
        return found


@asynccontextmanager
async def both_centre(many: int, few: int, workers: int, keep: Path | None) -> AsyncIterator[BothCentre]:
    """Started on free ports below a folder of its own; wiped at the end, unless its logs are to be kept."""
    with tempfile.TemporaryDirectory(prefix="callrouter-") as name:
        folder = Path(name)
        site = _site(folder, _agents(many, few), workers)
        site.layout.prepare()
        site.recordings.mkdir(parents=True, exist_ok=True)
        library = site.prompt_library()
        await library.prepare(spoken(site), site.languages)
        prompt = next(each for each in spoken(site) if each.key == "bench.menu")
        (stem,) = library.files(prompt, "en")
        line = site.open_line()
        parent = Parent(_children(site, stem), site.layout.log)
        await parent.start()
        try:
            ready = Wish(Presence.READY)
            for agent in site.config.agents:
                await line.commit(Commit((wish_entry(agent, ready, by="bench"),), presence_change(agent, ready)))
            stage = RunningCentre(site, line, library, parent)
            yield BothCentre(site, parent, _accounts(site), stage.sip, (stage.trunk[0], 0))
        finally:
            await parent.stop()
            await line.close()
            if keep is not None:
                shutil.copytree(site.layout.log, keep, dirs_exist_ok=True)
            shutil.rmtree(site.layout.sockets, ignore_errors=True)


def _agents(many: int, few: int) -> dict[str, str]:
    """Agent → queue."""
    return {**{f"m{number}": MANY for number in range(many)}, **{f"f{number}": FEW for number in range(few)}}


def _site(folder: Path, agents: Mapping[str, str], workers: int) -> Site:
    (folder / "first").mkdir()
    (folder / "trees").mkdir()
    (folder / "trees" / "bench.yaml").write_text(json.dumps(TREE), encoding="utf-8")
    rules = {"ring_s": RING_S, "wrap_up": {"mode": "none"}, "record": False, "max_wait_s": LONGEST_WAIT_S}
    config = {
        "centre": {"language": "en", "workers": workers},
        "trees": str(folder / "trees"),
        "trunks": {"carrier": {"addresses": ["127.0.0.2"]}},
        "numbers": [{"number": ENGINES["callrouter"], "tree": "bench"}],
        "queues": {queue: {"name": queue, **rules} for queue in KEYS},
        "agents": {agent: {"name": agent, "queues": [queue]} for agent, queue in agents.items()},
        "recordings": {"enabled": False},
        "limits": {"calls": 1000},
    }
    (folder / "first" / "bench.yaml").write_text(json.dumps(config), encoding="utf-8")
    write_config(moved(load_config(folder / "first"), folder), folder / "config")
    return open_site(folder / "config", folder / "run")


def _children(site: Site, prompt: str) -> list[Child]:
    """Those of every centre; its Asterisk also has queues of its own."""

    def board() -> Switchboard:
        plan = switchboard(site.config, site.layout, site.secrets, resolve, bench=True)
        return replace(plan, extra_dialplan=_dialplan(prompt))

    asterisk = asterisk_child(board, site.layout, wanted_ports(site.config))

    def prepare() -> None:
        asterisk.prepare()
        (site.layout.asterisk_etc / "queues.conf").write_text(_queues(site), encoding="utf-8")

    ours = replace(asterisk, prepare=prepare)
    return [ours if child.name == ours.name else child for child in children(site, freeze(site))]


def _dialplan(prompt: str) -> str:
    """The tree, as one writes it for app_queue."""
    lines = ["[from-trunk]", f"exten => {ENGINES['app_queue']},1,Goto(bench-menu,s,1)"]
    lines += ["[bench-menu]", "exten => s,1,Answer()", f" same => n,Background({prompt})", " same => n,WaitExten(7)"]
    lines += [f"exten => {key},1,Queue({queue},,,,{LONGEST_WAIT_S})" for queue, key in KEYS.items()]
    return "\n".join(lines)


def _queues(site: Site) -> str:
    """app_queue at its best: every free member is rung (autofill), the next try after one second, its least."""
    lines = ["[general]", "persistentmembers = no", "autofill = yes"]
    for queue in site.config.queues:
        lines += [f"[{queue}]", "strategy = leastrecent", f"timeout = {RING_S}", "retry = 1", "ringinuse = no"]
        lines += ["autofill = yes", "wrapuptime = 0", "musicclass = default"]
        phones = [site.phones[agent] for agent, part in site.config.agents.items() if queue in part.queues]
        lines += [f"member => PJSIP/{phone}" for phone in phones]
    return "\n".join([*lines, ""])


def _accounts(site: Site) -> dict[str, tuple[Credentials, ...]]:
    found: dict[str, list[Credentials]] = {queue: [] for queue in KEYS}
    for agent, part in site.config.agents.items():
        account = site.secrets.phones[agent]
        found[part.queues[0]].append(Credentials(account.endpoint, account.password))
    return {queue: tuple(accounts) for queue, accounts in found.items()}
