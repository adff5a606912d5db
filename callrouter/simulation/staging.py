"""A scenario made into days to be played, each with callers and luck of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from callrouter.acd.floor import Presence
from callrouter.acd.presence import Wish, presence_change, wish_entry
from callrouter.journal import Entry, Word
from callrouter.simulation.arrivals import Rate, Stream, callers
from callrouter.simulation.day import IN_UTC, Calendar, Day
from callrouter.simulation.habits import Habits
from callrouter.simulation.scenario import CallersPart, Scenario, lasting, people
from callrouter.simulation.words import clock_ms, per_second, shift_ms

Things = Mapping[str, Mapping[str, str]]
HOUR_MS = 3_600_000


def days(
    scenario: Scenario,
    floor: Things,
    midnight_ms: int,
    count: int,
    seed: int,
    calendar: Calendar = IN_UTC,
) -> Iterator[Day]:
    """`floor` holds the scenario's queues and agents as the configuration would put them there. Each day's luck is its
    own; the same seed gives the same days again."""
    for chance in np.random.default_rng(seed).spawn(count):
        yield day(scenario, floor, midnight_ms, chance, calendar)


def day(
    scenario: Scenario,
    floor: Things,
    midnight_ms: int,
    chance: np.random.Generator,
    calendar: Calendar = IN_UTC,
) -> Day:
    from_ms = midnight_ms + clock_ms(scenario.from_)
    to_ms = midnight_ms + clock_ms(scenario.to)
    begins_ms = from_ms - round(scenario.warm_up_h * HOUR_MS)
    streams = [_stream(part, midnight_ms, begins_ms, to_ms) for part in scenario.callers]
    return Day(
        floor=_at_the_beginning(scenario, floor, begins_ms),
        rules=scenario.queues,
        callers=callers(streams, chance),
        people=_habits(scenario),
        changes=_changes(scenario, midnight_ms),
        from_ms=from_ms,
        to_ms=to_ms,
        lines=scenario.lines,
        agents=people(scenario),
        calendar=calendar,
    )


def _stream(part: CallersPart, midnight_ms: int, begins_ms: int, to_ms: int) -> Stream:
    return Stream(
        part.queue,
        rates=tuple(_rates(part, midnight_ms, begins_ms, to_ms)),
        times=tuple(at for second in part.at if begins_ms <= (at := midnight_ms + round(second * 1000)) < to_ms),
        talk=lasting(part.talk),
        patience=lasting(part.patience),
        priority=part.priority,
        needs={name: levels for name, levels in _needs(part) if levels},
        wrap_up_asked=part.wrap_up_asked,
    )


def _needs(part: CallersPart) -> Iterator[tuple[str, str]]:
    """As a call's own fields on the floor have them."""
    for name, skills in (("require", part.require), ("prefer", part.prefer)):
        yield name, ",".join(f"{skill}:{level}" for skill, level in skills.items())


def _rates(part: CallersPart, midnight_ms: int, begins_ms: int, to_ms: int) -> Iterator[Rate]:
    """Within the time that is played; a warm-up before the first interval has that interval's rate."""
    if part.calls is not None:
        yield Rate(begins_ms, to_ms, per_second(part.calls))
    length = part.minutes * 60_000
    for n, calls in enumerate(part.by_interval):
        begins = begins_ms if n == 0 else midnight_ms + n * length
        ends = min(midnight_ms + (n + 1) * length, to_ms)
        if max(begins, begins_ms) < ends:
            yield Rate(max(begins, begins_ms), ends, calls * 1000 / length)


def _at_the_beginning(scenario: Scenario, floor: Things, begins_ms: int) -> Things:
    """Phones answer; whoever has no shifts is ready, free for as long as everybody else."""
    crews = people(scenario)
    found: dict[str, Mapping[str, str]] = {}
    for thing, fields in floor.items():
        kind, _, name = thing.partition(":")
        if kind == "agent":
            presence = Presence.LOGGED_OUT if crews[name].shifts else Presence.READY
            since = dict.fromkeys(("presence_since", "since", "idle_since"), str(begins_ms))
            found[thing] = {**fields, **since, "presence": presence, "reachable": "1"}
        else:
            found[thing] = fields
    return found


def _changes(scenario: Scenario, midnight_ms: int) -> tuple[Entry, ...]:
    """Agents come and go, switches are turned."""
    found = []
    for switch, times in scenario.switches.items():
        for begins, ends in map(shift_ms, times):
            found.append(_turned(switch, "1", midnight_ms + begins))
            found.append(_turned(switch, "", midnight_ms + ends))
    for agent, crew in people(scenario).items():
        for begins, ends in map(shift_ms, crew.shifts):
            found.append(came_or_went(agent, Wish(Presence.READY), midnight_ms + begins))
            found.append(came_or_went(agent, Wish(Presence.LOGGED_OUT), midnight_ms + ends))
    return tuple(sorted(found, key=lambda entry: entry.at_ms))


def came_or_went(agent: str, wish: Wish, at_ms: int) -> Entry:
    return replace(wish_entry(agent, wish, by="agent"), floor=presence_change(agent, wish), at_ms=at_ms)


def _turned(switch: str, on: str, at_ms: int) -> Entry:
    data = {"switch": switch, "on": on, "by": "scenario"}
    return Entry(Word.SWITCH, data=data, floor={f"switch:{switch}": {"on": on}}, at_ms=at_ms)


def _habits(scenario: Scenario) -> Habits:
    talk_with = {
        (queue, agent): lasting(written)
        for agent, crew in people(scenario).items()
        for queue, written in crew.talk.items()
    }
    phones = scenario.phones
    return Habits(
        talk_with,
        lasting(phones.answered_after),
        phones.missed,
        phones.away_s,
        phones.unreachable,
        phones.declined,
        lasting(phones.briefing),
    )
