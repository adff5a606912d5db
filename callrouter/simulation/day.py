"""One day of a centre, before it is played: who calls when, with what luck; who works when; by what rules.

Rule: all chance is in these values. Playing them draws nothing, so the same day always gives the same calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from callrouter.config import Queue
from callrouter.journal import Entry

NO_NEEDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who joins a queue's line. `talk` and `ring` are their luck, between 0 and 1: see durations.py."""

    at_ms: int
    queue: str
    patience_ms: int | None = None
    """From joining the first line; None: never gives up."""
    talk_ms: int = 0
    """How long they talk with anybody whose talks are not otherwise known."""
    talk: float = 0.5
    ring: float = 0.5
    priority: int = 0
    needs: Mapping[str, str] = field(default_factory=lambda: NO_NEEDS)
    """Further fields of the waiting call on the floor: the skills it asks for."""
    number: str = ""
    key: str = ""
    """Which call of a recorded day this is."""
    goes_back: bool = False
    """When patience ends they press the key that leads back into the tree: they have not given up."""


@dataclass(frozen=True, slots=True)
class Ring:
    """What becomes of an offer that the caller waits for."""

    after_ms: int = 0
    answered: bool = True
    away_ms: int | None = 0
    """Somebody who was set NOT_READY for not answering is back after so long; None: not by themselves."""


class People(Protocol):
    """How long who talks with whom, and how phones are answered."""

    def talk_ms(self, caller: Caller, queue: str, agent: str) -> int: ...

    def ring(self, caller: Caller, queue: str, agent: str, time: int) -> Ring:
        """`time` is 0 for the caller's first offer."""
        ...


@dataclass(frozen=True, slots=True)
class Day:
    floor: Mapping[str, Mapping[str, str]]
    """Queues and agents as the configuration puts them on the floor."""
    rules: Mapping[str, Queue]
    callers: Iterable[Caller]
    """In the order in which they call."""
    people: People
    changes: Sequence[Entry] = ()
    """What happens to agents whoever calls, in order: presence, and whether phones answer. `at_ms` says when."""
    from_ms: int = 0
    """Callers and agents' time are counted from here; before, the centre warms up."""
    to_ms: int | None = None
    lines: int | None = None
    """So many calls at once; further callers are turned away."""


class Result(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed out"
    WENT_BACK = "went back"
    MOVED_ON = "moved on"
    """Into another queue's line; what became of them there is another Done."""
    TURNED_AWAY = "turned away"
    """All lines were taken: they never came into a queue."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a caller's stay in one queue ended."""

    caller: Caller
    result: Result
    queue: str
    waited_ms: int = 0
    """By the caller's one clock: from the first queue on."""
    agent: str = ""
    talked_ms: int = 0


@dataclass(frozen=True, slots=True)
class Played:
    day: Day
    done: Sequence[Done]
    """Those who called within the counted time, as they ended."""
    spent: Mapping[str, Mapping[str, int]]
    """Agent → kind of time (as reporting/stretches.py has them) → milliseconds within the counted time."""
    counted_ms: int
    events: int
