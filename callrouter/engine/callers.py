"""Who called before, as far as the journal tells and memory bounds allow: for callers who call again."""

from __future__ import annotations

from dataclasses import dataclass

from callrouter.journal import Entry, Word

MOST_NUMBERS = 50_000
UNFINISHED = frozenset(
    {"abandoned", "timed_out", "turned_away", "crashed", "lost", "callback_failed", "callback_expired"}
)
"""How calls end whose callers wanted help and got none."""


@dataclass(frozen=True, slots=True)
class LastCall:
    at_ms: int
    """When it ended."""
    unfinished: bool


class Callers:
    """The last call of each number. Hears every entry of the journal once."""

    def __init__(self) -> None:
        self._calling: dict[str, str] = {}
        self._last: dict[str, LastCall] = {}
        self._helped: dict[str, str] = {}

    def hear(self, entry: Entry) -> None:
        match entry.word:
            case Word.ARRIVED if number := entry.data.get("caller", "").lstrip("+"):
                self._calling[entry.call] = number
                _bound(self._calling)
            case Word.CONNECT if entry.agent and (number := self._calling.get(entry.call, "")):
                self._helped.pop(number, None)
                self._helped[number] = entry.agent
                _bound(self._helped)
            case Word.CALLBACKTRY if entry.data.get("outcome") == "open" and entry.call in self._calling:
                number = self._calling[entry.call]  # they have left, and nobody has helped them yet
                self._last.pop(number, None)
                self._last[number] = LastCall(entry.at_ms, unfinished=True)
                _bound(self._last)
            case Word.ENDED if number := self._calling.pop(entry.call, ""):
                self._last.pop(number, None)
                self._last[number] = LastCall(entry.at_ms, entry.data.get("how") in UNFINISHED)
                _bound(self._last)

    def number_of(self, call: str) -> str:
        """The number of a call that has not ended; empty if it is not known."""
        return self._calling.get(call, "")

    def last_agent(self, number: str) -> str:
        """Who helped this caller last; empty if nobody is known."""
        return self._helped.get(number.lstrip("+"), "")

    def last_call(self, number: str) -> LastCall | None:
        return self._last.get(number.lstrip("+")) if number else None


def _bound(table: dict[str, str] | dict[str, LastCall]) -> None:
    """Who has not called for the longest time is forgotten first."""
    if len(table) > MOST_NUMBERS:
        del table[next(iter(table))]
