"""A real Asterisk of our own for tests and benchmarks: our templates, free ports, ended by its own pid."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from callrouter.asterisk.ami import AmiAccess
from callrouter.asterisk.requests import Access
from callrouter.centre.install import core_sound, music_folder
from callrouter.centre.layout import Layout
from callrouter.centre.programs import asterisk_folders, command
from callrouter.centre.render import FallbackFacts, MusicClass, Switchboard, TrunkFacts, render
from callrouter.config import Sip

TRUNK = "127.0.0.23"
"""Calls from here come from the trunk."""
READY_S = 20.0


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class PrivateAsterisk:
    """One process and its folder; `stop` and `start` keep what was pushed into it."""

    def __init__(self, extra_dialplan: str = "") -> None:
        self._extra_dialplan = extra_dialplan
        self.folder = Path(tempfile.mkdtemp(prefix="switch-"))
        self.layout = Layout(self.folder / "run")
        self.layout.prepare()
        self.sip = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
        self.ari = Access(f"http://127.0.0.1:{free_port()}", "callrouter", "ari-secret")
        self.ami = AmiAccess("127.0.0.1", free_port(), "callrouter", "ami-secret")
        self.recordings = self.layout.monitor
        self._process: subprocess.Popen[bytes] | None = None
        render(self._board(), self.layout, asterisk_folders())
        self.start()

    def _board(self) -> Switchboard:
        return Switchboard(
            sip=Sip(port=self.sip[1], rtp_first=22000, rtp_last=23999),
            http_port=int(self.ari.url.rpartition(":")[2]),
            ami_port=self.ami.port,
            ari_password=self.ari.password,
            ami_password=self.ami.password,
            fallback=FallbackFacts(
                language="en",
                prompt=core_sound("vm-goodbye", "en"),
                goodbye=core_sound("vm-goodbye", "en"),
                message_prompt=core_sound("vm-intro", "en"),
                messages=self.layout.messages,
                message=False,
            ),
            music=(MusicClass("default", music_folder()),),
            trunks=(TrunkFacts("test", addresses=(TRUNK,)),),
            extra_dialplan=self._extra_dialplan,
        )

    def start(self) -> None:
        with (self.folder / "out").open("ab") as out:
            start = (*command("asterisk"), "-C", str(self.layout.asterisk_conf), "-f")
            self._process = subprocess.Popen(start, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + READY_S
        while "fully booted" not in self.console("core waitfullybooted"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Asterisk did not start: {(self.folder / 'out').read_text(errors='replace')}")
            time.sleep(0.1)

    def console(self, line: str) -> str:
        ask = (*command("asterisk"), "-C", str(self.layout.asterisk_conf), "-rx", line)
        return subprocess.run(ask, capture_output=True, text=True, check=False, timeout=20).stdout

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(15)
            self._process = None

    def remove(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)
