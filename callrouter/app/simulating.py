"""Scenarios played: the floor as the live configuration would make it, days one after another, what they say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from callrouter.acd.floor import Floor
from callrouter.config import AgentPart, Queue
from callrouter.config_checks import unknown_holidays
from callrouter.documents import Document, read
from callrouter.engine.roster import configured, difference
from callrouter.errors import ConfigError
from callrouter.public_holidays import EveryCountry, countries
from callrouter.reporting.intervals import midnight_ms
from callrouter.simulation.day import Calendar
from callrouter.simulation.outlook import Asked, DayTold, Outlook, outlook, told
from callrouter.simulation.play import play
from callrouter.simulation.scenario import Scenario, people, read_scenario
from callrouter.simulation.staging import days
from callrouter.store.journal_file import writing
from callrouter.telephony import PhoneId

Things = dict[str, dict[str, str]]


def open_scenario(file: Path) -> Scenario:
    """ConfigError with everything that is wrong in it."""
    document = read(file)
    scenario = read_scenario(document)
    refuse_unknown_holidays(scenario.queues, document)
    return scenario


def refuse_unknown_holidays(queues: Mapping[str, Queue], document: Document) -> None:
    problems = [
        document.problem(("queues", name, "hours", "holidays"), unknown_holidays(rules.hours.holidays))
        for name, rules in queues.items()
        if rules.hours is not None and rules.hours.holidays is not None and rules.hours.holidays not in countries()
    ]
    if problems:
        raise ConfigError(problems)


def floor_of(agents: Mapping[str, AgentPart], queues: Mapping[str, Queue]) -> Things:
    """An empty floor on which these agents and queues have just been configured; everybody is logged out."""
    wanted = configured(agents, queues, {name: PhoneId(name) for name in agents})
    return {thing: dict(fields) for thing, fields in difference(Floor(), wanted).items() if fields is not None}


def simulate(
    scenario: Scenario, day: date, zone: ZoneInfo, count: int, seed: int, asked: Asked, journal: Path | None = None
) -> Outlook:
    """`count` days; the first one's journal into a file, if wanted."""
    midnight = midnight_ms(day, zone)
    crews = people(scenario)
    floor = floor_of(crews, scenario.queues)
    found: list[DayTold] = []
    for one in days(scenario, floor, midnight, count, seed, Calendar(zone, EveryCountry)):
        if journal is not None and not found:
            with writing(journal) as writer:
                found.append(told(play(one, writer.write), asked))
        else:
            found.append(told(play(one), asked))
    return outlook(found)
