"""People: those who take calls, those who call, and those for whom messages are taken."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from callrouter.config.words import DialPrefix, Level, Name, Part


class AgentPart(Part):
    """A person who takes calls."""

    name: str = Field(min_length=1, max_length=80)
    queues: tuple[Name, ...] = Field(min_length=1, description="queues this agent serves")
    skills: dict[Name, Level] = Field(default={}, description="what this agent is good at, 1 to 10")


class CallerList(Part):
    """Callers who are known by their numbers: VIPs, merchants, people who are blocked."""

    numbers: tuple[DialPrefix, ...] = Field(default=(), description="with or without the plus, which is not compared")
    file: Path | None = Field(default=None, description="or a file with a number a line; `#` begins a remark")


class Group(Part):
    """People for whom messages are taken."""

    name: str = Field(min_length=1, max_length=80)
