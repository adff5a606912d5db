"""What a day out of the journal says of rules, and which scenarios and changes are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from callrouter.app.simulating import floor_of, open_scenario
from callrouter.app.whatif import setups
from callrouter.config import AgentPart, Queue
from callrouter.errors import ConfigError
from callrouter.journal import Entry, FloorChange, Word
from callrouter.reporting.facts import Outcome
from callrouter.reporting.record import Result
from callrouter.simulation.again import Again, Setup, Who, again
from callrouter.simulation.changed import Centre
from callrouter.simulation.day import Caller
from callrouter.simulation.durations import Exponential
from callrouter.simulation.learned import learned
from callrouter.simulation.recorded import Rang, Recorded, recorded
from callrouter.simulation.scenario import people
from tests.simulation.known_day import MIDNIGHT_MS, scenario

Told = tuple[Word, str, dict[str, str], FloorChange]
"""The word, the queue, what the entry says and what it changes."""
QUEUES = {"line": Queue(name="Line", overflow="spill"), "spill": Queue(name="Spill")}
AGENTS = {"anna": AgentPart(name="Anna", queues=("line", "spill"))}


def a_day(*told: Told) -> Recorded:
    """A second passes between any two entries. Anna has been there from the beginning."""
    entries = [Entry(Word.CONFIG, floor=floor_of(AGENTS, QUEUES), id=f"{MIDNIGHT_MS}-0", at_ms=MIDNIGHT_MS)]
    for number, (word, queue, data, floor) in enumerate(told, 1):
        at_ms, call = MIDNIGHT_MS + 1000 * number, "c1" if queue else ""
        agent = "anna" if word is Word.UNPAUSE else ""
        entries.append(Entry(word, call, agent, queue, data, floor, f"{at_ms}-0", at_ms))
    return recorded(entries, MIDNIGHT_MS, entries[-1].at_ms + 1)


RECORDED = a_day(
    (Word.ARRIVED, "line", {}, {}), (Word.ENTERQUEUE, "line", {}, {}), (Word.ENDED, "line", {"how": "abandoned"}, {})
)
(SEEN,) = RECORDED.callers


def test_ready_by_the_phone_is_taken_over_without_the_moment_at_the_phone() -> None:
    said = {"presence": "READY", "reason": "", "presence_since": "1", "idle_since": "1"}
    rest = {"activity": "RESTING", "wrap_until": "99", "rest": "phone", "call": "", "leg": ""}
    day = a_day((Word.UNPAUSE, "", {"by": "phone"}, {"agent:anna": {**said, **rest}}))
    assert [entry.floor for entry in day.changes] == [{"agent:anna": said}]


def test_a_switch_turned_that_day_is_turned_again() -> None:
    day = a_day((Word.SWITCH, "", {"switch": "fire", "on": "1"}, {"switch:fire": {"on": "1", "by": "root"}}))
    one = again(day, learned(day, Exponential(60)), Setup(floor_of(AGENTS, QUEUES), QUEUES, {}), Who.SAME,
                np.random.default_rng(1))  # fmt: skip
    assert [(entry.word, entry.floor) for entry in one.changes] == [(Word.SWITCH, {"switch:fire": {"on": "1"}})]


def test_a_caller_whom_a_line_refused_wanted_that_line() -> None:
    arrived: Told = (Word.ARRIVED, "line", {}, {})
    gone: Told = (Word.ENDED, "spill", {"how": "turned_away"}, {})
    full, shut = {"to": "spill"}, {"to": "hangup", "why": "closed"}
    day = a_day(arrived, (Word.FULL, "line", full, {}), (Word.JOINCLOSED, "spill", shut, {}), gone)
    (one,) = day.callers
    assert (one.queue, one.at_ms, one.outcome) == ("line", MIDNIGHT_MS + 2000, Outcome.REFUSED)
    by_tree = a_day(arrived, (Word.FULL, "line", {"to": "tree"}, {}), gone)
    assert by_tree.callers == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('switches: {fire: ["10:00-11:00"]}', "no queue has `switch: fire`"),
        ("phones: {missed: 0.5, declined: 0.5}", "nobody ever answers"),
        ('hours: {open: {mon-sun: "09:00-18:00"}, holidays: xx}', "the public holidays of `xx` are not known"),
        ("mentors: [olgo]", "there is no agent `olgo`"),
        ("mentors: [nina]", "nina cannot be their own mentor"),
    ],
)
def test_a_scenario_that_does_not_fit_together_is_refused(tmp_path: Path, more: str, words: str) -> None:
    kind = more.partition(":")[0]
    of_queue, of_agent = (f", {more}" if kind == wanted else "" for wanted in ("hours", "mentors"))
    text = f"""
queues: {{line: {{name: Line{of_queue}}}}}
agents: {{nina: {{queues: [line]{of_agent}}}, olga: {{queues: [line]}}}}
callers: [{{queue: line, calls: 10/h, talk: fixed 60}}]
{more if kind in ("switches", "phones") else ""}
"""
    file = tmp_path / "day.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words) as raised:
        open_scenario(file)
    assert all(problem.line for problem in raised.value.problems)


def test_a_mentor_of_a_scenario_may_be_several_people() -> None:
    text = """
queues: {line: {name: Line}}
agents: {nina: {queues: [line], mentors: [olga]}, olga: {queues: [line], count: 2}}
callers: [{queue: line, calls: 10/h, talk: fixed 60}]
"""
    assert people(scenario(text))["nina"].mentors == ("olga1", "olga2")


def test_a_change_may_give_rules_and_those_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    centre, change, zone = Centre(QUEUES, AGENTS), tmp_path / "change.yaml", ZoneInfo("Europe/Moscow")
    change.write_text(
        'queues: {line: {max_waiting: 5, hours: {open: {mon-fri: "09:00-18:00"}}}}\n'
        "agents: {anna: {max_calls: {shift: 40}}}\n",
        encoding="utf-8",
    )
    before, after = setups(centre, change, zone)
    assert (before.rules["line"].max_waiting, after.rules["line"].max_waiting) == (None, 5)
    assert (after.agents["anna"].max_calls.shift, after.calendar.zone) == (40, zone)
    change.write_text("agents: {anna: {mentors: [olga]}}", encoding="utf-8")
    with pytest.raises(ConfigError, match="there is no agent `olga`"):
        setups(centre, change, zone)


def test_an_agent_who_had_picked_up_when_the_caller_gave_up_would_have_taken_the_call() -> None:
    """Else who usually misses calls would be thought to have missed this one, and the caller to have waited in vain."""
    missed = tuple(Rang("anna", 15_000, Result.MISSED, False, None) for _ in range(9))
    briefed = Rang("anna", 3_000, Result.TAKEN_BACK, False, None, 2_000)
    found = learned(replace(RECORDED, callers=[replace(SEEN, offers=(*missed, briefed))]), Exponential(60))
    rings = Again(found, {}, {"c1": (briefed,)})
    ring = rings.ring(Caller(0, "line", key="c1"), "line", "anna", 0)
    assert (ring.answered, ring.after_ms, ring.briefed_ms) == (True, 3_000, 3_000)
