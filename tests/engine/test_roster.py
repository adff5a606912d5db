"""The configured people and their phones on the floor."""

from __future__ import annotations

import asyncio

from callrouter.acd.floor import Floor, Presence
from callrouter.acd.skills import Fall
from callrouter.acd.strategy import Strategy
from callrouter.config import AgentPart, Queue, Relax, ServiceLevel
from callrouter.engine.roster import Phones, bring_up_to_date, configured, difference
from callrouter.journal import Word
from callrouter.telephony import PhoneId, PhoneReachable
from tests.engine.centre import PHONES, Centre
from tests.engine.virtual_time import LoopClock
from tests.fakes.line import FakeLine

ANNA = AgentPart(name="Anna", queues=("q",))
QUEUES = {"q": Queue(name="Q")}
TEAM = configured({"anna": ANNA}, QUEUES, {"anna": PhoneId("p1")})


def test_skills_strategies_and_steps_reach_the_choice_as_they_are_configured() -> None:
    steps = (Relax(after_s=30, drop=("english",), lower=1), Relax(after_s=60, drop="all"))
    queue = Queue(
        name="Q",
        strategy="top_down",
        best_level_first=True,
        priority=2,
        skills={"refund": 3},
        relax=steps,
        service_level=ServiceLevel(within_s=10),
        sticky_s=5,
    )
    agents = {name: AgentPart(name=name, queues=("q",), skills={"refund": 4}) for name in ("zoe", "anna")}
    floor = Floor(configured(agents, {"q": queue}, {name: PhoneId(name) for name in agents}))
    rules = floor.queues["q"]
    assert (rules.strategy, rules.best_level, rules.priority) == (Strategy.TOP_DOWN, True, 2)
    assert (rules.target_ms, rules.sticky_ms, rules.require) == (10_000, 5_000, (("refund", 3),))
    assert rules.relax == (Fall(30_000, frozenset({"english"}), 1), Fall(60_000, frozenset({"*"})))
    assert [(floor.agents[name].order, floor.agents[name].skills) for name in agents] == [
        (0, {"refund": 4}),
        (1, {"refund": 4}),
    ]


async def test_a_newcomer_is_logged_out_and_a_second_look_changes_nothing() -> None:
    line = FakeLine(LoopClock())
    await bring_up_to_date(line, TEAM)
    await bring_up_to_date(line, TEAM)
    assert [entry.word for entry in line.journal] == [Word.CONFIG]
    anna = Floor(line._floor).agents["anna"]
    assert (anna.presence, anna.reachable, anna.queues) == (Presence.LOGGED_OUT, False, ("q",))


def test_who_was_there_before_keeps_presence_and_activity() -> None:
    busy = {**TEAM["agent:anna"], "presence": "READY", "activity": "TALKING", "call": "c1", "name": "Old name"}
    assert difference(Floor({**TEAM, "agent:anna": busy}), TEAM) == {"agent:anna": {"name": "Anna"}}


def test_who_left_is_taken_off_the_floor_but_not_out_of_a_call() -> None:
    gone, busy = {"name": "Gone"}, {"name": "Busy", "call": "c1"}
    floor = Floor({**TEAM, "agent:gone": gone, "agent:busy": busy, "queue:old": {"name": "Old"}})
    assert difference(floor, TEAM) == {"agent:gone": None, "queue:old": None}


async def test_two_workers_tell_of_a_phone_once(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    centre.exchange.register(PHONES["anna"])
    await centre.pass_time(1)
    centre.exchange.register(PHONES["anna"], reachable=False)
    await centre.pass_time(1)
    words = [entry.word for entry in centre.entries(Word.REACHABLE, Word.UNREACHABLE)]
    assert words == [Word.REACHABLE, Word.UNREACHABLE]


async def test_a_phone_that_goes_and_comes_in_one_breath_is_reachable(centre: Centre) -> None:
    """The second word comes before our own replica knows of the first."""
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna")
    centre.exchange.register(PHONES["anna"], reachable=False)
    centre.exchange.register(PHONES["anna"])
    await centre.pass_time(1)
    assert centre.floor.agents["anna"].reachable
    centre.exchange.register(PHONES["anna"], reachable=False)
    await centre.pass_time(0.0005)
    centre.exchange.register(PHONES["anna"])
    await centre.pass_time(1)
    assert centre.floor.agents["anna"].reachable


async def test_what_phones_did_while_the_store_was_away_is_told_when_it_is_back(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    centre.line.down = True
    centre.exchange.register(PHONES["anna"], reachable=False)
    centre.exchange.register(PHONES["boris"])
    await centre.pass_time(10)
    centre.line.down = False
    await centre.pass_time(1)
    assert not centre.floor.agents["anna"].reachable
    assert centre.floor.agents["boris"].reachable


async def test_after_a_connection_the_whole_truth_about_phones_is_told(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna", "boris")
    running.switch.down = True
    centre.exchange.register(PHONES["anna"], reachable=False)
    running.switch.down = False
    await running.worker.connected()
    await centre.pass_time(0.2)
    assert not centre.floor.agents["anna"].reachable
    assert centre.floor.agents["boris"].reachable


async def test_an_agent_who_is_new_on_the_floor_has_the_phone_that_was_known_before() -> None:
    line, floor = FakeLine(LoopClock()), Floor()
    phones = Phones(line, floor)
    phones.on_phone(PhoneReachable(PhoneId("p1"), reachable=True))
    await asyncio.sleep(0.1)
    assert line.journal == []
    await bring_up_to_date(line, TEAM)
    floor.apply(line.journal[-1].floor, line.journal[-1].id)
    phones.on_change(line.journal[-1].floor)
    await asyncio.sleep(0.1)
    assert line._floor["agent:anna"]["reachable"] == "1"
    await phones.close()
