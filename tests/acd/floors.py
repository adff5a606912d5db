"""Builders of floors that read like speech."""

from __future__ import annotations

from callrouter.acd.floor import Floor


def agent(name: str, *queues: str, **fields: str) -> dict[str, dict[str, str]]:
    """A free agent, idle since 0, unless said otherwise."""
    ready = {
        "name": name.title(),
        "phone": f"phone-{name}",
        "queues": ",".join(queues or ("payers",)),
        "presence": "READY",
        "activity": "IDLE",
        "reachable": "1",
        "idle_since": "0",
    }
    return {f"agent:{name}": ready | fields}


def waiting(call: str, queue: str = "payers", since: int = 0, **fields: str) -> dict[str, dict[str, str]]:
    return {f"waiting:{call}": {"queue": queue, "since": str(since)} | fields}


def queue(name: str, **fields: str) -> dict[str, dict[str, str]]:
    return {f"queue:{name}": {"name": name} | fields}


def floor_of(*things: dict[str, dict[str, str]]) -> Floor:
    merged: dict[str, dict[str, str]] = {}
    for thing in things:
        merged |= thing
    return Floor(merged, "1-0")
