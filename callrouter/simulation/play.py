"""A day played in virtual time: the floor, the choice and the rules that run live, and a list of what is to happen.

    callers (line.py) ──▶ pairings(floor) ──▶ offers (offers.py) ──▶ talk ──▶ agents (agents.py) ──▶ pairings(floor) …
         └─ the queue's doors (acd/doorkeeper.py): nobody joins, or all must go

Rule: after everything that happens, first the doors are looked at, then the choice.
"""

from __future__ import annotations

from callrouter.acd.doorkeeper import Doorkeeper
from callrouter.journal import Word
from callrouter.simulation.agenda import Agenda
from callrouter.simulation.agents import Agents
from callrouter.simulation.day import Day, Played
from callrouter.simulation.line import Line
from callrouter.simulation.offers import Offers
from callrouter.simulation.stage import Stage, Tell


def play(day: Day, tell: Tell | None = None) -> Played:
    """Every caller to their end. `tell` gets the journal that such a day would have left."""
    return _Play(day, tell).run()


class _Play:
    def __init__(self, day: Day, tell: Tell | None) -> None:
        self._day = day
        self._agenda = Agenda()
        self._stage = Stage(self._agenda, tell)
        self._agents = Agents(day, self._agenda, self._stage)
        self._doors = Doorkeeper(self._stage.floor, day.rules, day.calendar.zone, day.calendar.holidays)
        self._line = Line(day, self._agenda, self._stage, self._agents, self._doors)
        self._offers = Offers(day, self._agenda, self._stage, self._agents, self._line)
        self._alarm: int | None = None
        """When time alone sends a line away."""

    def run(self) -> Played:
        day, agenda, stage, line = self._day, self._agenda, self._stage, self._line
        self._begin()
        while agenda.happens():
            if stage.changed and self._doors.has_rules:
                self._look_at_doors()
            if stage.changed and line.looking:
                self._offers.look()
        agenda.now_ms = agenda.now_ms if day.to_ms is None else day.to_ms
        self._agents.end()
        return Played(day, line.done, self._agents.spent, agenda.now_ms - day.from_ms, agenda.events)

    def _begin(self) -> None:
        day, first = self._day, self._line.first()
        began = [first.at_ms] if first is not None else []
        self._agenda.now_ms = min([*began, *(entry.at_ms for entry in day.changes[:1]), day.from_ms])
        self._stage.write(Word.CONFIG, None, "", day.floor)
        self._agents.begin()
        self._doors.look(self._agenda.now_ms)
        if first is not None:
            self._agenda.at(first.at_ms, self._line.arrive, first)

    def _look_at_doors(self) -> None:
        now = self._agenda.now_ms
        self._doors.look(now)
        for queue, why in list(self._doors.must_go(now)):
            for position, call in list(self._doors.leaving(queue)):
                self._line.send_away(call, why, position)
        moment = self._doors.next_moment(now)
        if moment is not None and (self._alarm is None or not now < self._alarm <= moment):
            self._alarm = moment
            self._agenda.at(moment, self._time_is_up)

    def _time_is_up(self) -> None:
        self._stage.changed = True
