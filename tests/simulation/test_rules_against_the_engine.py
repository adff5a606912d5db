"""Two hours of the real engine under every rule of queues and agents, then the same by simulation: lines that are full,
close, are left alone or shut by a switch; limits, a mentor and wrap-ups of agents' own; briefings; offers declined."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from callrouter.acd.floor import Activity, Presence
from callrouter.acd.wrap_up import ask, rule_of
from callrouter.app.simulating import floor_of
from callrouter.config import AgentPart, Briefing, Empty, InVain, MaxCalls, Missed, Queue, QueueHours, Vain, WrapUp
from callrouter.engine.ports import Commit
from callrouter.engine.wrap_up import as_commit
from callrouter.journal import Entry, Word
from callrouter.reporting.facts import Outcome
from callrouter.simulation.again import Setup, Who, again, as_recorded
from callrouter.simulation.day import Calendar, Done, Played
from callrouter.simulation.durations import Exponential
from callrouter.simulation.learned import learned
from callrouter.simulation.outlook import Asked, told
from callrouter.simulation.play import play
from callrouter.simulation.recorded import Recorded, recorded
from callrouter.telephony import LegId
from tests.engine.centre import ALL_PHONES, QUEUES, Centre, the_plan
from tests.engine.virtual_time import VirtualLoop

HOURS = 2
A_LOOK_S = 0.1
ANSWERED, DECLINED, KEYS, ASKS = 0.82, 0.9, 0.93, 0.3
AWAY_S = 45
QUEUES_RULED: dict[str, Queue] = {
    "payers": QUEUES["payers"].model_copy(
        update={
            "max_waiting": 4,
            "switch": "evacuation",
            "briefing": Briefing(say=True, accept="key"),
            "wrap_up": WrapUp(mode="optional", seconds=20),
            "in_vain": InVain(missed=Missed(limit=2, rest_s=3), declined=Vain(limit=3, rest_s=5)),
        }
    ),
    "merchants": QUEUES["merchants"].model_copy(
        update={
            "hours": QueueHours(open={"mon-sun": "00:00-02:30"}, at_closing="leave"),
            "max_wait_s": 60,
            "empty": Empty(refuse_when="nobody_logged_in", leave_when="nobody_ready", grace_s=8),
        }
    ),
}
"""It is 01:13:20 in Moscow when the day begins."""
BOTH = ("payers", "merchants")
AGENTS = {
    "anna": AgentPart(name="Anna", queues=BOTH, max_calls=MaxCalls(hour=40)),
    "boris": AgentPart(name="Boris", queues=BOTH, max_calls=MaxCalls(shift=30)),
    "clara": AgentPart(name="Clara", queues=BOTH, wrap_up=WrapUp(mode="strict", seconds=12)),
    "agent0": AgentPart(name="Vera", queues=BOTH, mentors=("anna", "clara")),
}
PHONES = {name: ALL_PHONES[name] for name in AGENTS}
BREAKS = ((1500, 600, ("anna", "clara")), (3100, 150, tuple(AGENTS)))
"""When, how long, who: the trainee is without a mentor, then both queues are left alone."""


async def the_engine_works(seed: int) -> list[Entry]:
    chance = np.random.default_rng(seed)
    centre = Centre(queues=QUEUES_RULED, agents=AGENTS, switches=("evacuation",))
    await centre.start("w1")
    await centre.ready(*AGENTS)
    doing = [_agents_answer(centre, np.random.default_rng(seed + 1)), _evacuation(centre)]
    doing += [_break(centre, *one) for one in BREAKS]
    tasks = [asyncio.create_task(one) for one in doing]
    callers = []
    for pause in np.cumsum(chance.exponential(3600 / 240, HOURS * 240)).tolist():
        callers.append(asyncio.create_task(_calls(centre, pause, chance.random(3).tolist())))
    await asyncio.gather(*callers)
    await centre.pass_time(60)
    tasks[0].cancel()
    await asyncio.gather(*tasks[1:])
    centre.check_books()
    await centre.stop("w1")
    return list(centre.line.journal)


async def _calls(centre: Centre, pause_s: float, luck: Sequence[float]) -> None:
    """As long as they are let, until their patience or their story is over."""
    await centre.pass_time(pause_s)
    leg = await centre.caller("1" if luck[0] < 0.6 else "2")
    patience_s, talk_s = Exponential(60).at(luck[1]), 5 + Exponential(45).at(luck[2])
    waited = 0.0
    while leg in centre.exchange.legs and centre.exchange.legs[leg].bridge is None:
        if waited > patience_s:
            return centre.exchange.hang_up(leg)
        waited += A_LOOK_S
        await centre.pass_time(A_LOOK_S)
    await centre.pass_time(talk_s)
    if leg in centre.exchange.legs:
        centre.exchange.hang_up(leg)
    return None


async def _evacuation(centre: Centre) -> None:
    for pause_s, on in ((5400, "1"), (90, "")):
        await centre.pass_time(pause_s)
        change = {"switch:evacuation": {"on": on}}
        await centre.line.commit(Commit((Entry(Word.SWITCH, data={"switch": "evacuation", "on": on}),), change))


async def _break(centre: Centre, at_s: float, seconds: float, who: Sequence[str]) -> None:
    await centre.pass_time(at_s)
    for agent in who:
        await centre.say(agent, Presence.NOT_READY)
    await centre.pass_time(seconds)
    for agent in who:
        await centre.say(agent, Presence.READY)


async def _agents_answer(centre: Centre, chance: np.random.Generator) -> None:
    heard: set[LegId] = set()
    asked: set[str] = set()
    tasks = set()
    while True:
        await centre.pass_time(A_LOOK_S)
        for agent, phone in PHONES.items():
            for leg in set(centre.exchange.ringing(phone)) - heard:
                heard.add(leg)
                tasks.add(asyncio.create_task(_rings(centre, agent, leg, chance.random(3).tolist())))
        for agent, person in centre.floor.agents.items():
            here = centre.clock.now_ms() - person.presence_since
            if person.presence is Presence.NOT_READY and person.reason in ("missed", "declined", "limit"):
                if here > AWAY_S * 1000:
                    if person.reason == "limit":
                        await centre.says(agent, Presence.LOGGED_OUT)
                    await centre.says(agent, Presence.READY)
            elif person.activity is Activity.TALKING and person.call not in asked:
                asked.add(person.call)
                rule = rule_of(QUEUES_RULED[person.last_queue], AGENTS[agent])
                wish = ask(person, rule, centre.clock.now_ms(), by="phone")
                if wish is not None and chance.random() < ASKS:
                    await centre.line.commit(as_commit(wish))


async def _rings(centre: Centre, agent: str, leg: LegId, luck: Sequence[float]) -> None:
    """Answered, declined, or not answered until the exchange gives up; then the key, or not."""
    missed = luck[0] >= DECLINED
    await centre.pass_time(QUEUES_RULED["payers"].ring_s if missed else 1 + 4 * luck[1])
    if leg not in centre.exchange.ringing(PHONES[agent]):
        return None
    if luck[0] >= ANSWERED:
        return centre.exchange.hang_up(leg, 19 if missed else 21)
    centre.exchange.answer(PHONES[agent])
    await centre.pass_time(2 + 4 * luck[1])
    if leg in centre.exchange.legs and centre.exchange.legs[leg].bridge is None:
        if luck[2] < KEYS:
            centre.exchange.press(leg, "1")
        else:
            centre.exchange.hang_up(leg)
    return None


@cache
def the_journal() -> list[Entry]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(the_engine_works(seed=7))


@cache
def the_day() -> Recorded:
    entries = the_journal()
    return recorded(entries, entries[0].at_ms, entries[-1].at_ms)


@cache
def played(longest_line: int | None = 4, shift_of_boris: int | None = 30) -> tuple[Played, list[Entry]]:
    """Unchanged, or with another bound of the payers' line, or another of Boris's calls."""
    queues = {**QUEUES_RULED, "payers": QUEUES_RULED["payers"].model_copy(update={"max_waiting": longest_line})}
    agents = {**AGENTS, "boris": AGENTS["boris"].model_copy(update={"max_calls": MaxCalls(shift=shift_of_boris)})}
    calendar = Calendar(the_plan().config.centre.zone)
    centre = Setup(floor_of(agents, queues), queues, {}, agents, calendar)
    entries: list[Entry] = []
    one = again(the_day(), learned(the_day(), Exponential(60)), centre, Who.SAME, np.random.default_rng(1))
    return play(one, entries.append), entries


RULES = {
    Word.FULL: "",
    Word.JOINCLOSED: "closed emergency",
    Word.EXITCLOSED: "closed emergency",
    Word.EXITEMPTY: "",
    Word.BARRED: "mentor",
    Word.BRIEFED: "",
    Word.WRAPUP: "",
    Word.RINGNOANSWER: "missed declined",
    Word.PAUSE: "limit",
    Word.RESTEND: "missed declined limit",
}
"""What the day must have held, and why."""


def how_often(entries: Sequence[Entry]) -> Counter[str]:
    """Word and why, of what followed from a rule."""
    ours = (entry for entry in entries if entry.word is not Word.PAUSE or entry.data.get("by") == "callrouter")
    why = ("why", "reason")
    return Counter(
        " ".join((entry.word, *(entry.data[name] for name in why if name in entry.data)))
        for entry in ours
        if entry.word in RULES
    )


def test_every_rule_ruled_that_day() -> None:
    seen = how_often(the_journal())
    wanted = [f"{word} {why}".strip() for word, whys in RULES.items() for why in whys.split() or ("",)]
    assert [one for one in wanted if not seen[one]] == []


def test_the_simulator_keeps_every_rule_as_often_as_the_engine_did() -> None:
    live, simulated = how_often(the_journal()), how_often(played()[1])
    far = {name: (live[name], simulated[name]) for name in live | simulated
           if abs(live[name] - simulated[name]) > max(1, 0.05 * live[name])}  # fmt: skip
    assert far == {}


def test_the_simulator_does_what_the_engine_did() -> None:
    day, (found, _) = the_day(), played()
    live, simulated = as_recorded(day, Asked()), told(found, Asked())
    assert simulated.callers == live.callers > 400
    assert simulated.turned_away == pytest.approx(live.turned_away, abs=2)
    for name, value in live.whole.items():
        assert simulated.whole[name] == pytest.approx(value, rel=0.03, abs=0.01), name
    last = {done.caller.key: done for done in found.done}
    alike = [_ended(last[one.call]) is one.outcome and one.agent == last[one.call].agent for one in day.callers]
    assert sum(alike) / len(alike) > 0.97


def _ended(done: Done) -> Outcome:
    """Whom no queue took was refused by the last one."""
    return Outcome.REFUSED if done.result == "turned away" else Outcome(done.result.value)


def test_a_longer_line_takes_those_whom_that_days_refused_and_a_shorter_one_refuses_more() -> None:
    full = [how_often(played(longest_line)[1])[Word.FULL] for longest_line in (2, 4, None)]
    assert full[0] > full[1] > full[2] == 0
    assert told(played(None)[0], Asked()).callers == len(the_day().callers)


def test_an_agent_with_another_limit_takes_another_number_of_calls() -> None:
    def answered(entries: Sequence[Entry]) -> int:
        return sum(entry.word is Word.CONNECT and entry.agent == "boris" for entry in entries)

    assert answered(played(4, 10)[1]) < answered(played()[1])
    assert how_often(played()[1])["PAUSE limit"] > how_often(played(4, None)[1])["PAUSE limit"] == 0
