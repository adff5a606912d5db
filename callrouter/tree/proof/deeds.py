"""What people and programs do in a trial of a tree. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time


@dataclass(frozen=True, slots=True)
class Presses:
    keys: str
    during: bool = False
    """While something is being said, not after it."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The caller lets the time run out, once."""


@dataclass(frozen=True, slots=True)
class Waits:
    seconds: float


@dataclass(frozen=True, slots=True)
class HangsUp:
    pass


@dataclass(frozen=True, slots=True)
class Answers:
    """A lookup's answer, for the next time that this node asks; `failure` instead of values."""

    lookup: str
    values: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class LeavesMessage:
    """Into the next message that is taken."""

    seconds: float


@dataclass(frozen=True, slots=True)
class NotConnected:
    """The next transfer does not come to a conversation."""

    why: str


@dataclass(frozen=True, slots=True)
class WaitsTooLong:
    """Nobody takes the call in the next line."""


Deed = Presses | Nothing | Waits | HangsUp | Answers | LeavesMessage | NotConnected | WaitsTooLong


@dataclass(frozen=True, slots=True)
class Situation:
    """Who calls, when, and what is true of the world then."""

    caller: str = "+79160000000"
    """Empty: hidden."""
    called: str = ""
    day: date = date(2026, 6, 1)
    at: time = time(12, 0)
    language: str = ""
    """Empty: the tree's first."""
    lists: frozenset[str] = frozenset()
    called_minutes_ago: int | None = None
    unfinished: bool = False
    rang_back: bool = False
    """A place is kept for this number in every line."""
    switches: frozenset[str] = frozenset()
    unstaffed: frozenset[str] = frozenset()
    """Queues in which nobody is logged in."""
    long_waits: frozenset[str] = frozenset()
    """Queues in which a new caller would wait long."""
    refusing: Mapping[str, str] = field(default_factory=dict)
    """Queues whose line takes nobody → why: emergency, closed, nobody, full."""
    holiday: bool = False
    """The day is a public holiday everywhere, whatever the calendar says."""
    call: str = "trial"
    """Its id, which tells callers with hidden numbers apart."""
