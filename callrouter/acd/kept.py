"""Places of callers whose line dropped while they waited, kept on the floor until they ring back or time is up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from callrouter.acd.things import Fields


@dataclass(frozen=True, slots=True)
class Kept:
    """The place of one call that is over. It is given to one call of the same number, once."""

    call: str
    caller: str
    """The number, without its plus."""
    queues: tuple[str, ...]
    """In whose lines it holds: where the caller stood last, and where they came in."""
    since: int
    until: int
    tree: str
    language: str
    walk: str
    """Where the caller was in the tree and what it knew, as tree/walk.py has it, in JSON."""


def read_kept(call: str, fields: Fields) -> Kept:
    return Kept(
        call,
        fields.get("caller", ""),
        tuple(queue for queue in fields.get("queues", "").split(",") if queue),
        int(fields.get("since") or 0),
        int(fields.get("until") or 0),
        fields.get("tree", ""),
        fields.get("language", ""),
        fields.get("walk", ""),
    )


class KeptPlaces:
    """All of them, found by the number."""

    def __init__(self) -> None:
        self.raw: dict[str, dict[str, str]] = {}
        self._of: dict[str, dict[str, None]] = {}

    def clear(self) -> None:
        self.raw.clear()
        self._of.clear()

    def change(self, call: str, fields: Fields | None) -> None:
        before = self.raw.pop(call, None)
        if before is not None:
            mine = self._of[before.get("caller", "")]
            del mine[call]
            if not mine:
                del self._of[before.get("caller", "")]
        if fields is not None:
            after = self.raw[call] = {**(before or {}), **fields}
            self._of.setdefault(after.get("caller", ""), {})[call] = None

    def of(self, number: str, now_ms: int) -> tuple[Kept, ...]:
        """What is kept for a number, the longest wait first. For a hidden number nothing is."""
        calls = self._of.get(number.lstrip("+"), {}) if number else {}
        found = [read_kept(call, self.raw[call]) for call in calls]
        return tuple(sorted((kept for kept in found if now_ms < kept.until), key=lambda kept: (kept.since, kept.call)))

    def over(self, now_ms: int) -> Iterator[str]:
        """Calls whose callers have not rung back in time."""
        return (call for call, fields in self.raw.items() if int(fields.get("until") or 0) <= now_ms)
