"""Everything that can go wrong, drawn once. Expected outcomes are values, not exceptions.

    CallrouterError
    ├── ConfigError        the configuration or a tree has problems; carries all of them
    ├── StoreDown          Redis does not answer (or is full); a commit may stand or not: read again before acting
    │   └── JournalGap     entries that should have been followed are gone: take a new snapshot
    ├── HistoryDown        the SQL history does not answer; routing does not need it
    ├── SwitchDown         Asterisk does not answer
    ├── LegGone            the leg a command was for has left (normal on the phone)
    ├── CommandRefused     Asterisk said no for another reason than "gone"
    └── SetupError         something on this machine is missing; the message says what to do

A broken document is a list of Problem values, so that all of them are shown at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a document: where it is, what is wrong, what to do."""

    file: str
    line: int
    column: int
    where: str
    """The place in words a writer knows: `node who_is_calling, option 3`, `agents.anna.queues`."""
    message: str
    """What is wrong and what to do about it, one sentence each."""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f" ({self.where})" if self.where else ""
        return f"{place}: {self.severity}: {self.message}{where}"


class CallrouterError(Exception):
    """The root of all errors raised on purpose."""


class ConfigError(CallrouterError):
    """The configuration or a tree has problems: every one of them, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StoreDown(CallrouterError):
    """Redis does not answer in time, or is full. A commit it cut short may stand or not: nobody knows which."""


class JournalGap(StoreDown):
    """Entries after the version one wanted to follow are gone (trimmed, or lost by the store): take a new snapshot."""


class HistoryDown(CallrouterError):
    """The history's database does not answer, or refuses."""


class SwitchDown(CallrouterError):
    """Asterisk does not answer."""


class LegGone(CallrouterError):
    """The leg that a command was for has left. Normal on the phone: the outcome comes as an event."""


class CommandRefused(CallrouterError):
    """Asterisk refused a command for another reason than a leg that has left."""


class SetupError(CallrouterError):
    """Something on this machine is missing; the message says what to do."""
