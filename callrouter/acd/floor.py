"""The live floor as a value: agents, queues and waiting calls, folded from the journal's floor changes.

Rule: nothing is decided here. The same changes in the same order give the same floor in every worker.

    agent:<id>      name, phone, queues, skills, order, presence, reason, presence_since, activity, since, idle_since,
                    wrap_until, wrap_mode, wrap_most, wrap_asked, rest, rest_until, recent, barred, mentors, reachable,
                    call, leg, missed, missed_why, calls, talk_ms, offered, last_call, last_queue
    queue:<id>      name, strategy, best_level, priority, target_ms, require, relax, sticky_ms
    waiting:<call>  queue, priority, since, require, prefer, sticky, offer (whose phones ring, with commas between),
                    open (1: more may join them), owner, caller
    callback:<queue>/<number>   call, queue, number, asked, attempts, state, wish, by
    kept:<call>     caller, queues, since, until, tree, language, walk
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from callrouter.acd.attendance import RESTING, Attendance
from callrouter.acd.index import Index
from callrouter.acd.kept import KeptPlaces
from callrouter.acd.things import (
    Activity,
    Agent,
    Fields,
    Presence,
    QueueRules,
    Waiting,
    read_agent,
    read_queue,
    read_waiting,
)
from callrouter.journal import FloorChange

__all__ = ["Activity", "Agent", "Floor", "Presence", "QueueRules", "Waiting"]

T = TypeVar("T")


class Table(Mapping[str, T], Generic[T]):
    """Things of one kind by their names; a value is made when somebody looks at it."""

    def __init__(self, read: Callable[[str, Fields], T]) -> None:
        self.raw: dict[str, dict[str, str]] = {}
        self._made: dict[str, T] = {}
        self._read = read

    def change(self, name: str, fields: Fields | None) -> Fields | None:
        """Set fields of a thing, or take it away; all its fields after that."""
        if self._made:
            self._made.pop(name, None)
        held = self.raw.get(name)
        if fields is None:
            self.raw.pop(name, None)
            return None
        if held is None:
            held = self.raw[name] = dict(fields)
        else:
            held.update(fields)
        return held

    def clear(self) -> None:
        self.raw.clear()
        self._made.clear()

    def __getitem__(self, name: str) -> T:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._read(name, self.raw[name])
        return made

    def __contains__(self, name: object) -> bool:
        return name in self.raw

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)


class Floor:
    """The floor at one version; `apply` moves it on, and the index for the choice with it."""

    def __init__(self, things: Mapping[str, Fields] | None = None, version: str = "") -> None:
        self.version = version
        self.agents: Table[Agent] = Table(read_agent)
        self.queues: Table[QueueRules] = Table(read_queue)
        self.waiting: Table[Waiting] = Table(read_waiting)
        self.index = Index(self.agents.raw, self.queues.raw, self.waiting.raw)
        self.attendance = Attendance()
        self.kept = KeptPlaces()
        self._others: Table[Fields] = Table(lambda _, fields: fields)
        self.apply(things or {}, version)

    @property
    def at_ms(self) -> int:
        """The moment of this version, on the store's clock."""
        return int(self.version.partition("-")[0] or 0)

    def rules(self, queue: str) -> QueueRules:
        """The rules of a queue; those of a new one if the floor does not have it."""
        return self.queues.get(queue) or read_queue(queue, {})

    def apply(self, change: FloorChange, version: str) -> None:
        """Take over what an entry changed. Unknown kinds of things are kept and otherwise ignored."""
        for thing, fields in change.items():
            kind, _, name = thing.partition(":")
            if kind == "agent":
                agent = self.agents.change(name, fields)
                self.index.agent_changed(name, agent, fields or {})
                # most changes tell only what the agent does: of those a rest alone matters, and a call costs time
                if (
                    fields is None
                    or "presence" in fields
                    or "reachable" in fields
                    or "barred" in fields
                    or "queues" in fields
                    or fields.get("activity") == RESTING
                    or name in self.attendance.resting
                ):
                    self.attendance.agent_changed(name, agent, fields or ())
            elif kind == "waiting":
                waiting = self.waiting.change(name, fields)
                self.index.call_changed(name, waiting, fields or {})
                if fields is None or "queue" in fields or "callback" in fields:
                    self.attendance.call_changed(name, waiting)
            elif kind == "queue":
                self.queues.change(name, fields)
                self.index.queues_changed()
            elif kind == "kept":
                self.kept.change(name, fields)
            else:
                self._others.change(thing, fields)
        self.version = version or self.version

    def replace(self, things: Mapping[str, Fields], version: str) -> None:
        """Begin anew from a snapshot."""
        for table in (self.agents, self.queues, self.waiting, self.attendance, self.kept, self._others):
            table.clear()
        self.index.queues_changed()
        self.apply(things, version)

    def things(self) -> dict[str, dict[str, str]]:
        """Every thing with its fields, as the store holds them."""
        kinds = (
            ("agent:", self.agents.raw),
            ("queue:", self.queues.raw),
            ("waiting:", self.waiting.raw),
            ("kept:", self.kept.raw),
        )
        known = {kind + name: dict(fields) for kind, raw in kinds for name, fields in raw.items()}
        return known | {thing: dict(fields) for thing, fields in self._others.raw.items()}

    def others(self, kind: str) -> dict[str, Fields]:
        """The things of a kind that the choice knows nothing of, by name."""
        begin = f"{kind}:"
        return {name.removeprefix(begin): it for name, it in self._others.raw.items() if name.startswith(begin)}

    def fields(self, thing: str) -> Fields:
        """The fields of one thing; empty if there is no such thing."""
        kind, _, name = thing.partition(":")
        tables = {
            "agent": self.agents.raw,
            "queue": self.queues.raw,
            "waiting": self.waiting.raw,
            "kept": self.kept.raw,
        }
        return tables[kind].get(name, {}) if kind in tables else self._others.raw.get(thing, {})
