"""People: those who take calls, those who call, and those for whom messages are taken."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from callrouter.config.queue import WrapUp
from callrouter.config.words import DialPrefix, Language, Level, Name, Part


class MaxCalls(Part):
    """How many conversations are enough."""

    shift: int | None = Field(default=None, ge=1, le=10_000, description="since the log-in; then NOT_READY (limit)")
    hour: int | None = Field(default=None, ge=1, le=1_000, description="in any 60 minutes; then a rest until it allows")


class AgentPart(Part):
    """A person who takes calls."""

    name: str = Field(min_length=1, max_length=80)
    queues: tuple[Name, ...] = Field(min_length=1, description="queues this agent serves")
    skills: dict[Name, Level] = Field(default={}, description="what this agent is good at, 1 to 10")
    wrap_up: WrapUp | None = Field(default=None, description="instead of the queues' own")
    max_calls: MaxCalls = MaxCalls()
    mentors: tuple[Name, ...] = Field(
        default=(), description="a trainee: offered calls only while one of these agents is at work"
    )
    language: Language | None = Field(default=None, description="in which agents are briefed; else centre.language")
    auto_answer: bool | None = Field(default=None, description="instead of the queue's `briefing.auto_answer`")


class CallerList(Part):
    """Callers who are known by their numbers: VIPs, merchants, people who are blocked."""

    numbers: tuple[DialPrefix, ...] = Field(default=(), description="with or without the plus, which is not compared")
    file: Path | None = Field(default=None, description="or a file with a number a line; `#` begins a remark")


class Group(Part):
    """People for whom messages are taken."""

    name: str = Field(min_length=1, max_length=80)
