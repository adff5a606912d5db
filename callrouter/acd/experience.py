"""What the journal teaches about waiting: how long agents are taken by a call, and how soon callers give up.

Rule: the newest conversations only, so that the figures are those of now; a queue that has had few borrows from all.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callrouter.journal import Entry, Word

NEWEST = 400
"""Conversations and waits remembered of each queue."""
ENOUGH = 30
"""Fewer conversations than these say too little of a queue: those of all queues are taken with them."""
COMPLETED = frozenset({Word.COMPLETEAGENT, Word.COMPLETECALLER})

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Handling:
    """How long an agent is taken by a call of a queue, in milliseconds; row by row one conversation."""

    ring: Times
    talk: Times
    wrap_up: Times
    gives_up: float
    """Callers who give up, per millisecond of waiting: the maximum-likelihood rate where answered waits are censored
    (events by time at risk: Lawless, "Statistical Models and Methods for Lifetime Data", 2nd edition, section 4.1)."""


@dataclass(slots=True)
class _Talk:
    """A conversation of which not everything is known yet."""

    queue: str
    ring_ms: int
    talked_ms: int = 0
    ended_ms: int = 0


class Experience:
    """Hears every entry of the journal once, in order."""

    def __init__(self) -> None:
        self._open: dict[str, _Talk] = {}
        """Agent → the conversation, from its beginning to the end of the wrap-up."""
        self._rows: dict[str, deque[tuple[int, int, int]]] = defaultdict(lambda: deque(maxlen=NEWEST))
        self._waits: dict[str, deque[tuple[int, bool]]] = defaultdict(lambda: deque(maxlen=NEWEST))
        """How long, and whether the caller gave up."""
        self._made: dict[str, Handling | None] = {}

    def hear(self, entry: Entry) -> None:
        if entry.word is Word.CONNECT and entry.agent:
            self._open[entry.agent] = _Talk(entry.queue, _number(entry, "ring_ms"))
            self._waited(entry, gave_up=False)
        elif entry.word is Word.ABANDON:
            self._waited(entry, gave_up=True)
        elif entry.word in COMPLETED and (talk := self._open.get(entry.agent)):
            talk.talked_ms, talk.ended_ms = _number(entry, "talked_ms"), entry.at_ms
        if self._open:
            self._free_again(entry)

    def of(self, queues: Iterable[str]) -> Handling | None:
        """What is known of calls of these queues together; None while that is too little."""
        key = ",".join(sorted(queues))
        if key not in self._made:
            self._made[key] = self._handling(key.split(","))
        return self._made[key]

    def _waited(self, entry: Entry, *, gave_up: bool) -> None:
        self._waits[entry.queue].append((_number(entry, "waited_ms"), gave_up))
        self._made.clear()

    def _free_again(self, entry: Entry) -> None:
        """A conversation is whole when its agent is idle again, or was never seen to end."""
        for thing, fields in entry.floor.items():
            kind, _, agent = thing.partition(":")
            if kind != "agent" or (fields and fields.get("activity") not in ("IDLE", "RESTING")):
                continue
            talk = self._open.pop(agent, None)
            if talk is not None and talk.ended_ms and fields:
                row = (talk.ring_ms, talk.talked_ms, max(0, entry.at_ms - talk.ended_ms))
                self._rows[talk.queue].append(row)
                self._made.clear()

    def _handling(self, queues: list[str]) -> Handling | None:
        rows = [row for queue in queues for row in self._rows.get(queue, ())]
        waits = [wait for queue in queues for wait in self._waits.get(queue, ())]
        if len(rows) < ENOUGH:
            rows = [row for some in self._rows.values() for row in some]
        if len(rows) < ENOUGH:
            return None
        at_risk = sum(waited for waited, _ in waits)
        gave_up = sum(gave_up for _, gave_up in waits)
        ring, talk, wrap_up = np.array(rows, dtype=float).T
        return Handling(ring, talk, wrap_up, gave_up / at_risk if at_risk else 0.0)


def _number(entry: Entry, name: str) -> int:
    return int(entry.data.get(name) or 0)
