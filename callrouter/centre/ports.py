"""Is a port free, and if not, what to do: asked before anything starts, because Asterisk only logs and goes on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from callrouter.config import Config


@dataclass(frozen=True, slots=True)
class Port:
    """A port we are about to listen on."""

    address: str
    number: int
    kind: socket.SocketKind
    setting: str
    """Where in the configuration it is said."""


def wanted_ports(config: Config) -> tuple[Port, ...]:
    """What the private Asterisk listens on (sound's ports come and go)."""
    sip = config.sip
    return (
        Port(sip.bind, sip.port, socket.SOCK_DGRAM, "sip.port"),
        Port(sip.bind, sip.port, socket.SOCK_STREAM, "sip.port"),
        Port("127.0.0.1", config.asterisk.http_port, socket.SOCK_STREAM, "asterisk.http_port"),
        Port("127.0.0.1", config.asterisk.ami_port, socket.SOCK_STREAM, "asterisk.ami_port"),
    )


def port_problems(ports: Iterable[Port]) -> list[str]:
    """A sentence for each port that we cannot have."""
    return [problem for port in ports if (problem := _problem(port))]


def _problem(port: Port) -> str | None:
    family = socket.AF_INET6 if ":" in port.address else socket.AF_INET
    kind = "UDP" if port.kind == socket.SOCK_DGRAM else "TCP"
    with socket.socket(family, port.kind) as probe:
        if port.kind == socket.SOCK_STREAM:
            # As Asterisk does: connections still closing are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.address, port.number))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return f"{port.setting.split('.')[0]}.bind: {port.address} is not an address of this computer"
            return f"{kind} port {port.number} is taken: set {port.setting} to a free one, or end what listens there"
    return None
