"""The far end of an AGI connection: what Asterisk will say is written beforehand, what we said is read afterwards."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from callrouter.asterisk.agi import Agi

GREETING = {
    "agi_network": "yes",
    "agi_network_script": "small",
    "agi_uniqueid": "1700000000.1",
    "agi_callerid": "79161112233",
    "agi_calleridname": "unknown",
    "agi_extension": "s",
}


@dataclass
class FarEnd:
    """Asterisk's side of the connection."""

    near: socket.socket
    far: socket.socket

    def say(self, *lines: str | bytes) -> None:
        for line in lines:
            self.far.sendall((line.encode() if isinstance(line, str) else line) + b"\n")

    def greet(self, **more: str) -> None:
        variables: Mapping[str, str] = {**GREETING, **more}
        self.say(*(f"{name}: {value}" for name, value in variables.items()), "")

    def end(self) -> None:
        """Asterisk says no more; it still takes what we say."""
        self.far.shutdown(socket.SHUT_WR)

    def heard(self) -> list[str]:
        """Every line we have said so far."""
        self.far.settimeout(0.05)
        said = b""
        try:
            while chunk := self.far.recv(65536):
                said += chunk
        except TimeoutError:
            pass
        return said.decode().splitlines()


@contextmanager
def connection() -> Iterator[FarEnd]:
    near, far = socket.socketpair()
    with near, far:
        yield FarEnd(near, far)


@contextmanager
def talking(*answers: str | bytes, **greeting: str) -> Iterator[tuple[Agi, FarEnd]]:
    """Greeted, and these answers to come."""
    with connection() as end:
        end.greet(**greeting)
        end.say(*answers)
        end.end()
        agi = Agi(end.near)
        try:
            yield agi, end
        finally:
            agi.close()
