"""A recorded day once more, in the same centre or in a changed one.

The SAME callers bring all that the day told of them: those who gave up lose patience at the same moment, those who
talked have as long a story, phones that were not answered are not answered again; only what the day did not tell is
drawn (whoever was answered has patience beyond that wait). Callers ALIKE come at the same moments, and everything else
is drawn from what the day taught.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from callrouter.config import AgentPart, Queue
from callrouter.journal import Entry, Word
from callrouter.reporting.counts import Counts, of_stay, of_time
from callrouter.reporting.facts import Outcome
from callrouter.reporting.record import Result
from callrouter.simulation.counted import together
from callrouter.simulation.day import IN_UTC, Calendar, Caller, Day, Ring
from callrouter.simulation.durations import Measured
from callrouter.simulation.habits import GOLDEN
from callrouter.simulation.learned import Learned, ring_of
from callrouter.simulation.outlook import Asked, DayTold, measures
from callrouter.simulation.patience import Curve
from callrouter.simulation.recorded import Rang, Recorded, Seen

Things = Mapping[str, Mapping[str, str]]
STATE = (
    "presence",
    "presence_since",
    "reason",
    "reachable",
    "idle_since",
    "missed",
    "missed_why",
    "calls",
    "talk_ms",
    "recent",
    "rest_until",
)
ENDLESS_S = 1e7
A_MOMENT_MS = 1_000


class Who(StrEnum):
    SAME = "same"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True)
class Setup:
    """A centre in which the day is played."""

    floor: Things
    """As the configuration puts it there."""
    rules: Mapping[str, Queue]
    like: Mapping[str, str]
    """Agents who were not there → whom they work like: the same hours, talks and answers."""
    agents: Mapping[str, AgentPart] = field(default_factory=dict)
    calendar: Calendar = IN_UTC


@dataclass(frozen=True, slots=True)
class Again:
    """How people talk and answer, as they did."""

    learned: Learned
    like: Mapping[str, str]
    offers: Mapping[str, Sequence[Rang]]
    """Call → its offers."""

    def talk_ms(self, caller: Caller, queue: str, agent: str) -> int:
        table = self.learned.talks(queue, self.like.get(agent, agent)) or self.learned.talk.get(caller.queue)
        return max(1, round(table.at(caller.talk) * 1000) if table else caller.talk_ms)

    def ring(self, caller: Caller, _queue: str, agent: str, time: int) -> Ring:
        """What this agent did with this caller then; of what was not seen, what this agent does at all."""
        rings = self.learned.rings.get(self.like.get(agent, agent)) or self.learned.rings.get("", ())
        luck = (caller.ring + time * GOLDEN) % 1
        seen = [(place, offer) for place, offer in enumerate(self.offers.get(caller.key, ())) if offer.agent == agent]
        if not seen:
            return _drawn(rings, luck)
        offer = dict(seen).get(time, seen[0][1])
        if offer.result is not Result.TAKEN_BACK:
            return ring_of(offer, self.learned)
        if offer.briefed_ms:  # picked up before the caller was gone: the call would have been taken
            return Ring(offer.after_ms, briefed_ms=max(self.learned.briefed_ms, offer.briefed_ms + A_MOMENT_MS))
        longer = [ring for ring in rings if ring.after_ms > offer.after_ms]
        return _drawn(longer, luck) if longer else Ring(offer.after_ms + A_MOMENT_MS)


def _drawn(rings: Sequence[Ring], luck: float) -> Ring:
    return rings[int(luck * len(rings))] if rings else Ring()


def again(day: Recorded, found: Learned, setup: Setup, who: Who, chance: np.random.Generator) -> Day:
    """The day in this centre; its luck is drawn for each caller, whatever the centre is like."""
    luck = chance.random((len(day.callers), 3)).tolist()
    callers = [_caller(one, found, who, *draws) for one, draws in zip(day.callers, luck, strict=True)]
    offers = {one.call: one.offers for one in day.callers} if who is Who.SAME else {}
    agents = [thing[6:] for thing in setup.floor if thing.startswith("agent:")]
    return Day(
        floor=_as_it_began(day, setup),
        rules=setup.rules,
        callers=callers,
        people=Again(found, setup.like, offers),
        changes=tuple(_changes(day.changes, agents, setup.like)),
        from_ms=day.from_ms,
        to_ms=day.to_ms,
        agents=setup.agents,
        calendar=setup.calendar,
    )


def _caller(one: Seen, found: Learned, who: Who, patience: float, talk: float, ring: float) -> Caller:
    curve, goes_back = found.patience[one.queue], False
    seconds = curve.at(patience)
    asked = (talk + ring) % 1 < found.wrap_up_asked
    if who is Who.SAME:
        asked = one.wrap_up_asked if one.talked_ms else asked
        goes_back = one.outcome in (Outcome.WENT_BACK, Outcome.LOST)
        seconds = _patience_s(one, curve if isinstance(curve, Curve) else None, seconds, patience)
        talk = _talk_share(one, found.talks(one.last_queue, one.agent), talk)
    patience_ms = None if seconds > ENDLESS_S else round(seconds * 1000)
    return Caller(one.at_ms, one.queue, patience_ms, one.talked_ms, talk, ring, one.priority, one.needs, "", one.call,
                  goes_back, asked)  # fmt: skip


def _patience_s(one: Seen, curve: Curve | None, drawn: float, luck: float) -> float:
    """Whoever left by themselves leaves then; the others had patience for more."""
    waited = one.waited_ms / 1000
    if one.outcome in (Outcome.ABANDONED, Outcome.WENT_BACK, Outcome.LOST):
        return waited
    return max(waited + 0.001, curve.beyond(waited, luck) if curve is not None else waited + drawn)


def _talk_share(one: Seen, table: Measured | None, drawn: float) -> float:
    return table.share_of(one.talked_ms / 1000) if one.talked_ms and table is not None else drawn


def _as_it_began(day: Recorded, setup: Setup) -> Things:
    """Presence as it was; whoever was in a call then is taken to be free."""
    found: dict[str, Mapping[str, str]] = {}
    for thing, fields in setup.floor.items():
        kind, _, name = thing.partition(":")
        was = day.floor.get(f"agent:{setup.like.get(name, name)}", {}) if kind == "agent" else {}
        found[thing] = {**fields, **{name: was[name] for name in STATE if name in was}}
    switches = {thing: fields for thing, fields in day.floor.items() if thing.startswith("switch:")}
    return {**found, **switches}


def _changes(changes: Sequence[Entry], agents: Sequence[str], like: Mapping[str, str]) -> Iterator[Entry]:
    """What agents did by themselves, and those like them with them; and the switches."""
    doing: dict[str, list[str]] = {}
    for agent in agents:
        doing.setdefault(like.get(agent, agent), []).append(agent)
    for entry in changes:
        if entry.word is Word.SWITCH:
            yield entry
        for agent in doing.get(entry.agent, ()):
            fields = entry.floor[f"agent:{entry.agent}"]
            yield replace(entry, agent=agent, floor={f"agent:{agent}": fields})


def as_recorded(day: Recorded, asked: Asked) -> DayTold:
    """The day's own figures, as a report has them."""
    queues = {stay.queue for stay in day.stays}
    spent = [
        of_time(one.kind, max(0, min(one.ends_ms, day.to_ms) - max(one.begins_ms, day.from_ms)))
        for one in day.stretches
    ]

    def counts(queue: str = "") -> Counts:
        stays = [of_stay(stay, asked.bounds) for stay in day.stays if queue in ("", stay.queue)]
        return together([*stays, *([] if queue else spent)])

    callers = [one for one in day.callers if day.from_ms <= one.at_ms]
    turned_away = sum(one.outcome in (Outcome.REFUSED, Outcome.SENT_AWAY) for one in callers)
    by_queue = {queue: measures(counts(queue), asked.variant) for queue in sorted(queues)}
    return DayTold(measures(counts(), asked.variant), by_queue, len(callers), turned_away)
