"""Everything about the world that a step of a walk may look at. The engine gathers it before each step, from memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from callrouter.tree.words import Walk


@dataclass(frozen=True, slots=True)
class KeptPlace:
    """A place in line that this number lost when its line dropped a moment ago."""

    call: str
    """The call that is over."""
    queues: tuple[str, ...]
    """Where it holds."""
    since_ms: int
    tree: str = ""
    language: str = ""
    walk: Walk | None = None
    """Where that caller was in the tree."""


@dataclass(frozen=True, slots=True)
class Facts:
    """No clock and no chance: the same walk, input and facts give the same outcome."""

    now: datetime
    """Aware, in the centre's time zone."""
    caller: str = ""
    """The caller's number: digits, perhaps with a plus; empty if hidden."""
    called: str = ""
    """The number that was dialled."""
    call: str = ""
    """The call's id, which tells callers without a number apart."""
    lists: frozenset[str] = frozenset()
    """Named lists of the configuration and the directory that the caller is in."""
    last_call: datetime | None = None
    """When this number called before."""
    unfinished: bool = False
    """That call ended before anybody could help."""
    last_agent: str = ""
    """Who talked with this caller last."""
    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)
    """Country (`ru`, `de-by`) → its public holidays, at least of this year and the two beside it."""
    switches: frozenset[str] = frozenset()
    """Emergency switches that are on."""
    long_waits: frozenset[str] = frozenset()
    """Queues in which a new caller would probably wait longer than their long_wait_s."""
    unstaffed: frozenset[str] = frozenset()
    """Queues in which nobody is logged in."""
    callbacks: frozenset[tuple[str, str]] = frozenset()
    """Open callbacks: queue and number."""
    callbacks_full: frozenset[str] = frozenset()
    """Queues that promise no more of them."""
    refusing: Mapping[str, str] = field(default_factory=dict)
    """Queues whose line takes nobody now → why: emergency, closed, nobody, full."""
    kept: tuple[KeptPlace, ...] = ()
    """The longest wait first."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Digits of secret `collect` nodes, as far as this worker has them in memory."""
