"""The agents of a played day: how they come and go, what follows a call, and how they spend their time.

    talk ──▶ wrap-up ──▶ free, or a rest while the hour has had its calls     a mentor comes or goes ──▶ their trainees

Rule: what a word, a wrap-up or a rest does to an agent is asked of acd/, not known here.
"""

from __future__ import annotations

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Agent, Presence
from callrouter.acd.mentors import barred, barred_entry, mentors_of
from callrouter.acd.presence import Refusal, Wish, presence_change, refusal, wish_entry
from callrouter.acd.wrap_up import ask, rule_of
from callrouter.config import MaxCalls, WrapUp
from callrouter.journal import Entry, FloorChange, Word
from callrouter.reporting.floor import condition
from callrouter.simulation.agenda import Agenda
from callrouter.simulation.day import Day
from callrouter.simulation.stage import Stage
from callrouter.simulation.visit import Visit

NO_LIMITS = MaxCalls()
PAUSES = (Activity.WRAP_UP, Activity.RESTING)


class Agents:
    def __init__(self, day: Day, agenda: Agenda, stage: Stage) -> None:
        self._day, self._agenda, self._stage = day, agenda, stage
        self.spent: dict[str, dict[str, int]] = {name[6:]: {} for name in day.floor if name.startswith("agent:")}
        """Agent → kind of time → milliseconds."""
        self._since: dict[str, tuple[int, str]] = {}
        """Agent → since when, and the kind of time they spend."""
        self._trainees: dict[str, list[str]] = {}
        """Agent → those who may take calls or not by what this agent does."""

    def begin(self) -> None:
        floor, now = self._stage.floor, self._agenda.now_ms
        for agent in self.spent:
            self._since[agent] = (now, condition(floor.fields(f"agent:{agent}")))
        for agent in self.spent:
            for one in (agent, *floor.agents[agent].mentors) if floor.agents[agent].mentors else ():
                self._trainees.setdefault(one, []).append(agent)
            until = floor.agents[agent].rest_until
            if until > now:
                self.tell(agent, Word.REPAIRED, None, {f"agent:{agent}": activity.freed(until, now)})
                self.rests(agent, until)
        for agent in self._trainees:
            self._look_at_trainees(agent)
        for entry in self._day.changes:
            self._agenda.at(entry.at_ms, self._change, entry)

    def end(self) -> None:
        for agent in self.spent:
            self._count(agent, "out")

    def tell(self, agent: str, word: Word, visit: Visit | None, change: FloorChange, /, **data: object) -> None:
        """Write something that changes an agent, and count what they did until now."""
        self._stage.write(word, visit, agent, change, **data)
        self._count(agent, condition(self._stage.floor.fields(f"agent:{agent}")))
        if agent in self._trainees:  # live too it is another commit, and the choice is quicker
            self._agenda.at(self._agenda.now_ms, self._look_at_trainees, agent)

    def limits(self, agent: str) -> MaxCalls:
        part = self._day.agents.get(agent)
        return part.max_calls if part is not None else NO_LIMITS

    def wrap_up(self, agent: str, queue: str) -> WrapUp:
        return rule_of(self._day.rules[queue], self._day.agents.get(agent))

    def asks_for_wrap_up(self, agent: str, visit: Visit) -> None:
        """While they talk."""
        asked = ask(self._person(agent), self.wrap_up(agent, visit.queue), self._agenda.now_ms, by="phone")
        if asked is not None:
            self.tell(agent, asked.entry.word, visit, asked.floor, **asked.entry.data)

    def rests(self, agent: str, until: int) -> None:
        """A wrap-up or a rest has begun."""
        self._agenda.at(until, self._rested, agent, until)

    def is_away(self, agent: str, away_ms: int | None) -> None:
        """Was set NOT_READY, and comes back after so long, or not by themselves."""
        if away_ms is not None:
            now = self._agenda.now_ms
            self._agenda.at(now + away_ms, self._come_back, agent, now)

    def _person(self, agent: str) -> Agent:
        return self._stage.floor.agents[agent]

    def _change(self, entry: Entry) -> None:
        """Whatever people did: came, went, turned a switch."""
        if entry.word is Word.SWITCH:
            self._stage.write(entry.word, None, "", entry.floor, **entry.data)
        elif entry.agent in self.spent:
            if entry.word is Word.UNPAUSE and entry.data.get("by") == "phone":
                self._say_ready(entry)
            else:
                self.tell(entry.agent, entry.word, None, entry.floor, **entry.data)

    def _say_ready(self, entry: Entry) -> None:
        """By the phone: ends a wrap-up or a rest, unless a rule stands against it."""
        agent, now = entry.agent, self._agenda.now_ms
        person = self._person(agent)
        refused = refusal(person, Wish(Presence.READY), self.limits(agent), now)
        if refused is Refusal.SHIFT:
            return
        self.tell(agent, entry.word, None, entry.floor, **entry.data)
        if refused is None and person.activity in PAUSES:
            self._end_pause(person, activity.idle())

    def _come_back(self, agent: str, paused_at: int) -> None:
        person = self._person(agent)
        if person.presence is Presence.NOT_READY and person.presence_since == paused_at:
            wish = Wish(Presence.READY)
            entry = wish_entry(agent, wish, by="agent")
            self.tell(agent, entry.word, None, presence_change(agent, wish), **entry.data)

    def _rested(self, agent: str, until: int) -> None:
        person = self._person(agent)
        if person.activity in PAUSES and person.wrap_until == until:
            self._end_pause(person, activity.freed(person.rest_until, self._agenda.now_ms))

    def _end_pause(self, person: Agent, after: activity.Fields) -> None:
        rested = person.activity is Activity.RESTING
        over, told = (Word.RESTEND, {"why": person.rest}) if rested else (Word.WRAPUPEND, {})
        self.tell(person.id, over, None, {f"agent:{person.id}": after}, **told)
        if further := int(after["wrap_until"]):
            self.rests(person.id, further)

    def _look_at_trainees(self, agent: str) -> None:
        agents = self._stage.floor.agents
        for name in self._trainees[agent]:
            trainee = agents[name]
            why = barred(trainee, mentors_of(trainee, agents))
            if why != trainee.barred:
                entry = barred_entry(name, why)
                self._stage.write(entry.word, None, name, {f"agent:{name}": {"barred": why}}, **entry.data)
                self._count(name, condition(self._stage.floor.fields(f"agent:{name}")))

    def _count(self, agent: str, kind: str) -> None:
        """The time of one kind is over; from now on it is of this kind."""
        now, to_ms = self._agenda.now_ms, self._day.to_ms
        since, before = self._since.get(agent, (now, kind))
        self._since[agent] = (now, kind)
        ends = now if to_ms is None else min(now, to_ms)
        ms = ends - max(since, self._day.from_ms)
        if ms > 0:
            spent = self.spent[agent]
            spent[before] = spent.get(before, 0) + ms
