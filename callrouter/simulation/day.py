"""One day of a centre, before it is played: who calls when, with what luck; who works when; by what rules.

Rule: all chance is in these values. Playing them draws nothing, so the same day always gives the same calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Protocol

from callrouter.acd.doorkeeper import Holidays
from callrouter.config import AgentPart, Queue
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
    wrap_up_asked: bool = False
    """Whoever talks with them asks for a wrap-up (*14)."""


@dataclass(frozen=True, slots=True)
class Ring:
    """What becomes of an offer that the caller waits for."""

    after_ms: int = 0
    answered: bool = True
    """Picked up, and the call taken."""
    away_ms: int | None = 0
    """Somebody who was set NOT_READY for not answering is back after so long; None: not by themselves."""
    why: str = "missed"
    """Why it was in vain: missed, declined, busy, unreachable."""
    briefed_ms: int = 0
    """From picking up until the call is taken, or is not, in a queue that briefs its agents."""


class People(Protocol):
    """How long who talks with whom, and how phones are answered."""

    def talk_ms(self, caller: Caller, queue: str, agent: str) -> int: ...

    def ring(self, caller: Caller, queue: str, agent: str, time: int) -> Ring:
        """`time` is 0 for the caller's first offer."""
        ...


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the hours of queues are read by."""

    zone: tzinfo = UTC
    holidays: Callable[[int], Holidays] = lambda _: {}
    """The public holidays around a year."""


IN_UTC = Calendar()


@dataclass(frozen=True, slots=True)
class Day:
    floor: Mapping[str, Mapping[str, str]]
    """Queues and agents as the configuration puts them on the floor."""
    rules: Mapping[str, Queue]
    callers: Iterable[Caller]
    """In the order in which they call."""
    people: People
    changes: Sequence[Entry] = ()
    """What people do whoever calls, in order: presence, whether phones answer, switches. `at_ms` says when."""
    from_ms: int = 0
    """Callers and agents' time are counted from here; before, the centre warms up."""
    to_ms: int | None = None
    lines: int | None = None
    """So many calls at once; further callers are turned away."""
    agents: Mapping[str, AgentPart] = field(default_factory=dict)
    """Whose own wrap-up and limits hold; nobody else has any."""
    calendar: Calendar = IN_UTC


class Result(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed out"
    WENT_BACK = "went back"
    MOVED_ON = "moved on"
    """Into another queue's line; what became of them there is another Done."""
    SENT_AWAY = "sent away"
    """By a rule of the queue, with nowhere else to go."""
    REFUSED = "refused"
    """A queue did not take them; what became of them is another Done."""
    TURNED_AWAY = "turned away"
    """They never came into a queue: all lines were taken, or no queue took them."""


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
