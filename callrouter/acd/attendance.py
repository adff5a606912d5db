"""Who is there for each queue, and who stands in its line: counted as the floor changes, so that asking costs nothing.

Rule: only counts. Whether too few or too many are there is decided elsewhere (doors.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from callrouter.acd.activity import LIMIT
from callrouter.acd.things import Activity, Fields, Presence

RESTING = Activity.RESTING.value

NOWHERE: tuple[tuple[str, ...], int] = ((), -1)
"""Of an agent not counted yet."""


@dataclass(frozen=True, slots=True)
class Staff:
    """How many of a queue's agents are logged in, of these READY (not barred, nor resting because the hour has had its
    calls), and of these with a phone that answers."""

    logged_in: int = 0
    ready: int = 0
    reachable: int = 0


class Attendance:
    def __init__(self) -> None:
        self._agents: dict[str, tuple[tuple[str, ...], int]] = {}
        """Agent → their queues, and how many of the three counts hold for them."""
        self.resting: set[str] = set()
        """Those of them who rest, for whatever reason."""
        self._counts: dict[str, list[int]] = {}
        self._standing: dict[str, str] = {}
        """Call → the queue in whose line it stands."""
        self._lines: dict[str, dict[str, None]] = {}

    def clear(self) -> None:
        for table in (self._agents, self.resting, self._counts, self._standing, self._lines):
            table.clear()

    def agent_changed(self, agent: str, fields: Fields | None, changed: Collection[str]) -> None:
        """`fields` are all of the agent's after the change, None once they are gone."""
        rests = fields is not None and fields.get("activity") == RESTING
        (self.resting.add if rests else self.resting.discard)(agent)
        if fields is not None and "queues" not in changed and self._agents.get(agent, NOWHERE)[1] == _holds(fields):
            return
        self._count(self._agents.pop(agent, ((), 0)), -1)
        if fields is not None:
            queues = tuple(queue for queue in fields.get("queues", "").split(",") if queue)
            self._agents[agent] = (queues, _holds(fields))
            self._count(self._agents[agent], 1)

    def call_changed(self, call: str, fields: Fields | None) -> None:
        """Who waits to be called back is not in the line, though the place is kept in it."""
        stands = fields is not None and not fields.get("callback")
        queue = fields.get("queue", "") if fields is not None and stands else ""
        before = self._standing.get(call, "")
        if queue == before:
            return
        if before:
            self._standing.pop(call)
            self._lines[before].pop(call)
        if queue:
            self._standing[call] = queue
            self._lines.setdefault(queue, {})[call] = None

    def staff(self, queue: str) -> Staff:
        counts = self._counts.get(queue)
        return Staff(*counts) if counts else Staff()

    def line(self, queue: str) -> Mapping[str, None]:
        """The calls that stand in a queue's line, offered or not, in no order of service."""
        return self._lines.get(queue, {})

    def _count(self, there: tuple[tuple[str, ...], int], one: int) -> None:
        queues, holds = there
        for queue in queues:
            counts = self._counts.setdefault(queue, [0, 0, 0])
            for number in range(holds):
                counts[number] += one


def _holds(fields: Fields) -> int:
    presence = fields.get("presence", Presence.LOGGED_OUT)
    if presence == Presence.LOGGED_OUT:
        return 0
    has_enough = fields.get("activity") == RESTING and fields.get("rest") == LIMIT
    if presence != Presence.READY or fields.get("barred") or has_enough:
        return 1
    return 3 if fields.get("reachable") == "1" else 2
