"""A Redis of our own for tests and benchmarks: on a unix socket in a temporary folder, ended by its own pid."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callrouter.centre.programs import command
from callrouter.store.connect import RedisPlace, on_socket

READY_S = 10.0


class PrivateRedis:
    """One redis-server process and its folder; `stop` and `start` keep the data if it was opened with append-only."""

    def __init__(self, *options: str) -> None:
        # Not pytest's tmp_path: a unix socket's path holds 107 characters at most (unix(7)).
        self.folder = Path(tempfile.mkdtemp(prefix="line-"))
        self.socket = self.folder / "redis.sock"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def place(self) -> RedisPlace:
        return on_socket(self.socket)

    def start(self) -> None:
        where = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--save", "")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen((*command("redis-server"), *where, *self._options), stdout=log, stderr=log)
        deadline = time.monotonic() + READY_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"redis-server did not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        if self._process is not None:
            self.go_on()
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def _signal(self, what: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, what)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith((b"+PONG", b"-NOAUTH"))
            except OSError:
                return False


@contextmanager
def private_redis(*options: str) -> Iterator[PrivateRedis]:
    server = PrivateRedis(*options)
    try:
        yield server
    finally:
        server.remove()
