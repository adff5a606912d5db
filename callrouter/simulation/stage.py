"""The floor of a played day and the journal that it would have left: changed together, as a commit does."""

from __future__ import annotations

from collections.abc import Callable

from callrouter.acd.floor import Floor
from callrouter.journal import NOW, Entry, FloorChange, Word
from callrouter.simulation.agenda import Agenda
from callrouter.simulation.visit import Visit

Tell = Callable[[Entry], None]
NOTHING: FloorChange = {}


class Stage:
    def __init__(self, agenda: Agenda, tell: Tell | None) -> None:
        self.floor = Floor()
        self.changed = False
        """Since somebody last looked at the floor."""
        self._agenda, self._tell = agenda, tell
        self._version = (0, -1)

    def write(
        self,
        word: Word,
        visit: Visit | None = None,
        agent: str = "",
        change: FloorChange = NOTHING,
        queue: str = "",
        /,
        **data: object,
    ) -> None:
        """The change of the floor with the entry that tells of it; without a `queue`, of the call's own."""
        change = self._timed(change) if change else change
        (at, number), now = self._version, self._agenda.now_ms
        self._version = (now, number + 1 if at == now else 0)
        if self._tell is not None:
            call, there = (visit.call, queue or visit.queue) if visit else ("", "")
            told = {name: str(value) for name, value in data.items()}
            self._tell(Entry(word, call, agent, there, told, change, self._id(), now))
        if change:
            self.changed = True
            self.floor.apply(change, self._id())

    def _timed(self, change: FloorChange) -> FloorChange:
        now = str(self._agenda.now_ms)
        return {
            thing: fields and {name: now if value == NOW else value for name, value in fields.items()}
            for thing, fields in change.items()
        }

    def _id(self) -> str:
        return f"{self._version[0]}-{self._version[1]}"
