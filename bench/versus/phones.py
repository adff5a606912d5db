"""Phones for hundreds of calls at once in one process: real SIP, real sound both ways, one loop and no thread.

When a message came is what the kernel says, so a loop that is late does not make the measured engine look late. Of the
sound only a few packets of a port are ever read: enough to tell who is heard, and the rest costs us
nothing while Asterisk still sends every packet.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Self

from callrouter.parties.media import Media, Port
from callrouter.parties.rtp import STEP_S
from callrouter.parties.wire import Wire

SO_TIMESTAMPNS = 35
"""Linux, asm-generic/socket.h; the time comes as a `struct timespec` beside the datagram. Not in Python's socket."""
_TIMESPEC = struct.Struct("@ll")
_PHASES = 4
"""Phones do not speak in step: each 20 ms are divided among so many groups."""


class StampedWire(Wire):
    """`heard_at`: when (time.time) the message that is being dealt with reached this machine's socket."""

    heard_at = 0.0
    _socket: socket.socket

    @classmethod
    async def open(cls, host: str, port: int = 0) -> Self:
        wire = cls()
        wire._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wire._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        wire._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        wire._socket.setblocking(False)
        wire._socket.bind((host, port))
        wire.host, wire.port = wire._socket.getsockname()
        wire.loop.add_reader(wire._socket, wire._read)
        return wire

    def _read(self) -> None:
        while True:
            try:
                data, beside, _, address = self._socket.recvmsg(65536, 64)
            except BlockingIOError:
                return
            except OSError:  # port unreachable: the retransmission timers decide what it means
                self.socket_errors += 1
                continue
            for level, kind, stamp in beside:
                if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                    seconds, nanoseconds = _TIMESPEC.unpack(stamp[: _TIMESPEC.size])
                    self.heard_at = seconds + nanoseconds / 1e9
            self.transactions.receive(data, address)

    def _send(self, data: bytes, peer: tuple[str, int]) -> None:
        try:
            self._socket.sendto(data, peer)
        except OSError:
            self.socket_errors += 1

    def close(self) -> None:
        self.transactions.close()
        self.loop.remove_reader(self._socket)
        self._socket.close()


class LeanPort(Port):
    """Speaks; what it is told, the kernel drops but for a few packets, read when somebody asks who is heard."""

    def __init__(self, host: str, hz: int) -> None:
        super().__init__(host, hz)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the kernel makes it its least

    def newly_heard(self) -> list[bytes]:
        """The first payloads that came since the last time of asking."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(2048)[12:])
            except BlockingIOError:
                return found
            except OSError:
                continue


class LeanMedia(Media):
    """Sends every port's sound from the loop itself."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: list[set[Port]] = [set() for _ in range(_PHASES)]
        self._next = 0
        self._ticking: asyncio.Task[None] | None = None
        self.late_steps = 0

    def start(self) -> None:
        self._ticking = asyncio.create_task(self._tick(), name="phones' sound")

    def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        for port in set().union(*self._groups):
            port.socket.close()
        self._selector.close()

    def open(self, host: str, hz: int) -> Port:
        port = LeanPort(host, hz)
        self._groups[self._next].add(port)
        self._next = (self._next + 1) % _PHASES
        return port

    def close(self, port: Port) -> None:
        for group in self._groups:
            group.discard(port)
        port.socket.close()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        following = loop.time()
        while True:
            for group in self._groups:
                following += STEP_S / _PHASES
                await asyncio.sleep(max(0.0, following - loop.time()))
                self.late_steps += loop.time() - following > 0.01
                for port in tuple(group):
                    port.send_step(time.time())
