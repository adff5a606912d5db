"""A day whose truth is known, because it was simulated: two queues, shifts, notes, missed offers, overflow."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from callrouter.app.simulating import floor_of
from callrouter.documents import parse
from callrouter.journal import Entry
from callrouter.reporting.intervals import midnight_ms
from callrouter.simulation.again import Setup
from callrouter.simulation.day import Day
from callrouter.simulation.play import play
from callrouter.simulation.scenario import Scenario, people, read_scenario
from callrouter.simulation.staging import days

TEXT = """
from: "08:00"
to: "16:00"
queues:
  payers: {name: Payers, wrap_up: {seconds: 15}, max_wait_s: 150, overflow: everybody, ring_s: 15}
  merchants: {name: Merchants, wrap_up: {seconds: 30}, max_wait_s: 300, priority: 1}
  everybody: {name: Overflow, max_wait_s: 600, priority: 10, wrap_up: {seconds: 10}}
agents:
  nina: {queues: [payers, everybody], count: 22}
  olga: {queues: [payers, everybody], count: 6, shifts: ["08:00-13:00"]}
  petr: {queues: [payers, everybody], count: 6, shifts: ["12:30-16:00"]}
  rita: {queues: [merchants, payers, everybody], count: 7, talk: {merchants: lognormal 200 0.9}}
callers:
  - {queue: payers, calls: 460/h, talk: lognormal 180 1.0, patience: exponential 150}
  - {queue: merchants, calls: 60/h, talk: lognormal 260 0.8, patience: exponential 300}
phones: {answered_after: exponential 4, missed: 0.01, away_s: 120}
"""
MIDNIGHT_MS = midnight_ms(date(2026, 11, 18), ZoneInfo("UTC"))
PERIOD = (MIDNIGHT_MS + 8 * 3_600_000, MIDNIGHT_MS + 16 * 3_600_000)


def scenario(text: str = TEXT) -> Scenario:
    return read_scenario(parse(text, "day.yaml"))


def one_day(seed: int = 1) -> Day:
    return days_of(1, seed)[0]


def days_of(count: int, seed: int, without: str = "") -> list[Day]:
    """Whether somebody is missing or not, callers and their luck are the same."""
    what = scenario()
    floor = floor_of(people(what), what.queues)
    floor.pop(f"agent:{without}", None)
    return list(days(what, floor, MIDNIGHT_MS, count, seed))


def journal_of(day: Day) -> list[Entry]:
    entries: list[Entry] = []
    play(day, entries.append)
    return entries


def centre(without: str = "") -> Setup:
    what = scenario()
    agents = {name: crew for name, crew in people(what).items() if name != without}
    return Setup(floor_of(agents, what.queues), what.queues, {})
