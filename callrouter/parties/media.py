"""One thread that sends and receives the sound of all parties: a step every 20 ms, arrival times true to the clock.

A thread of its own, because a loop that is busy measuring or drawing would tear holes into everybody's sound.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time

from callrouter.parties.ears import Ears
from callrouter.parties.rtp import STEP_S, Voice, read_packet

_BURST = 64
"""Packets read from one socket before the next one gets its turn."""


class Port:
    """One leg's sound: a socket, a voice, ears."""

    def __init__(self, host: str, hz: int) -> None:
        self.socket = _even_socket(host)
        self.host, self.number = self.socket.getsockname()
        self.voice = Voice(hz, int.from_bytes(os.urandom(4), "big"))
        self.ears = Ears()
        self.far: tuple[str, int] | None = None
        """Where sound goes; nowhere until the other side has said so."""
        self.unsent = 0

    def send_step(self, now: float) -> None:
        packet = self.voice.step(now)
        if packet is None or self.far is None:
            return
        try:
            self.socket.sendto(packet, self.far)
        except OSError:  # the other side has closed its port, or the buffer is full: lost like any packet, but counted
            self.unsent += 1

    def receive(self, now: float) -> None:
        for _ in range(_BURST):
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:  # a port-unreachable for something we sent
                continue
            packet = read_packet(data, now)
            if packet is not None:
                self.ears.take(packet)


class Media:
    """The thread. `open` and `close` ports from the loop; everything else happens here."""

    def __init__(self) -> None:
        self._ports: frozenset[Port] = frozenset()
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="parties-media", daemon=True)
        self.late_steps = 0
        """Steps begun more than 10 ms late: if there are many, this machine is too busy for measurements to count."""
        self.crash: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._thread.join(timeout=5)
        for port in self._ports:
            port.socket.close()
        self._selector.close()
        if self.crash is not None:
            raise self.crash

    def open(self, host: str, hz: int) -> Port:
        """A port on a local address, speaking a tone as soon as it knows where to."""
        port = Port(host, hz)
        with self._lock:
            self._ports |= {port}
            self._selector.register(port.socket, selectors.EVENT_READ, port)
        return port

    def close(self, port: Port) -> None:
        """Take a port out of service; what it heard stays."""
        with self._lock:
            if port in self._ports:
                self._ports -= {port}
                self._selector.unregister(port.socket)
                port.socket.close()

    def _run(self) -> None:
        try:
            following = time.monotonic() + STEP_S
            while not self._stopping:
                self._receive(max(following - time.monotonic(), 0.0))
                now = time.monotonic()
                if now >= following:
                    self._send(now)
                    self.late_steps += now - following > 0.01
                    following = following + STEP_S if now - following < 0.5 else now + STEP_S
        except BaseException as wrong:
            self.crash = wrong
            raise

    def _receive(self, patience: float) -> None:
        ready = self._selector.select(patience)
        now = time.monotonic()
        with self._lock:
            for key, _ in ready:
                if key.data in self._ports:
                    key.data.receive(now)

    def _send(self, now: float) -> None:
        with self._lock:
            for port in self._ports:
                port.send_step(now)


def _even_socket(host: str) -> socket.socket:
    """A free even port (RFC 3550 section 11: RTCP goes to the odd one above)."""
    for _ in range(200):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((host, 0))
        if one.getsockname()[1] % 2 == 0:
            one.setblocking(False)
            return one
        one.close()
    raise OSError(f"no free even UDP port on {host}")
