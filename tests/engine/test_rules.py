"""Agents with rules: wrap-up modes, rests after offers in vain, limits of calls, mentors, in a whole centre."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

from callrouter.acd.floor import Activity, Presence
from callrouter.config import AgentPart, InVain, Queue, Vain, WrapUp
from callrouter.journal import Word
from callrouter.telephony import Play
from tests.engine.centre import PHONES, QUEUES, Centre

HOUR_S = 3600.0
MINUTE = Vain(rest_s=60, longest_s=60)


def a_centre(agents: Mapping[str, AgentPart] | None = None, **rules: object) -> Centre:
    """Everybody serves the payers, whose rules these are."""
    payers = Queue.model_validate({**QUEUES["payers"].model_dump(), **rules})
    named = {name: AgentPart(name=name.title(), queues=("payers",)) for name in PHONES}
    return Centre(queues={**QUEUES, "payers": payers}, agents={**named, **(agents or {})})


def clara(**rules: object) -> dict[str, AgentPart]:
    return {"clara": AgentPart.model_validate({"name": "Clara", "queues": ("payers",), **rules})}


async def talked(centre: Centre, agent: str, seconds: float = 1.0) -> None:
    """A whole conversation, ended by the caller."""
    caller, _ = await centre.talking(agent)
    await centre.pass_time(seconds)
    await centre.hangs_up(caller)


async def dials(centre: Centre, agent: str, code: str) -> str:
    """What the agent hears; then they lay down."""
    leg = centre.exchange.dial_code(PHONES[agent], code)
    await centre.pass_time(0.2)
    said = [play.files[0] for play in centre.done(Play) if isinstance(play, Play)][-1]
    await centre.hangs_up(leg)
    return said.removeprefix("/ru/")


async def declines(centre: Centre, agent: str, cause: int) -> None:
    await centre.until(lambda: centre.rings(agent), within_s=5)
    await centre.hangs_up(centre.exchange.ringing(PHONES[agent])[0], cause)


def why(centre: Centre) -> list[tuple[str, str]]:
    return [(entry.agent, entry.data["why"]) for entry in centre.entries(Word.RINGNOANSWER)]


# --- wrap-up ---------------------------------------------------------------------------------------------------------


async def test_a_timed_wrap_up_is_ended_early_by_the_agent() -> None:
    centre = a_centre(wrap_up=WrapUp(seconds=30))
    await centre.start()
    await centre.ready("anna")
    await talked(centre, "anna")
    assert centre.activity("anna") is Activity.WRAP_UP
    assert await dials(centre, "anna", "*11") == "ready"
    assert centre.activity("anna") is Activity.IDLE


async def test_a_strict_one_is_not_and_ends_by_itself() -> None:
    centre = a_centre(wrap_up=WrapUp(mode="strict", seconds=30))
    await centre.start()
    await centre.ready("anna")
    await talked(centre, "anna")
    before = len(centre.entries(Word.UNPAUSE))
    assert await dials(centre, "anna", "*11") == "wrap_up"
    assert centre.activity("anna") is Activity.WRAP_UP
    assert len(centre.entries(Word.UNPAUSE)) == before
    await centre.until(lambda: centre.activity("anna") is Activity.IDLE, within_s=31)


async def test_who_goes_on_a_break_in_a_strict_wrap_up_and_comes_back_is_ready_when_it_ends() -> None:
    centre = a_centre(wrap_up=WrapUp(mode="strict", seconds=30))
    await centre.start()
    await centre.ready("anna")
    await talked(centre, "anna")
    assert await dials(centre, "anna", "*122") == "not_ready"
    assert await dials(centre, "anna", "*11") == "wrap_up"
    assert (centre.floor.agents["anna"].presence, centre.activity("anna")) == (Presence.READY, Activity.WRAP_UP)


async def test_a_break_or_log_out_said_while_talking_holds_after_the_wrap_up() -> None:
    for code, presence in (("*121", Presence.NOT_READY), ("*13", Presence.LOGGED_OUT)):
        centre = a_centre()
        await centre.start()
        await centre.ready("anna")
        caller, _ = await centre.talking("anna")
        await dials(centre, "anna", code)
        assert centre.activity("anna") is Activity.TALKING
        await centre.hangs_up(caller)
        await centre.pass_time(10)
        assert (centre.floor.agents["anna"].presence, centre.activity("anna")) == (presence, Activity.IDLE)
        await centre.caller("1")
        assert not centre.rings("anna")


async def test_an_optional_wrap_up_asked_for_while_talking_follows_the_talk_at_once() -> None:
    centre = a_centre(wrap_up=WrapUp(mode="optional", seconds=30))
    await centre.start()
    await centre.ready("anna")
    caller, _ = await centre.talking("anna")
    assert await dials(centre, "anna", "*14") == "wrap_up"
    await centre.caller("1")
    await centre.hangs_up(caller)
    assert centre.activity("anna") is Activity.WRAP_UP
    assert not centre.rings("anna")
    await centre.until(lambda: centre.rings("anna"), within_s=31)


async def test_it_is_asked_for_once_and_not_for_the_talk_after_that() -> None:
    centre = a_centre(wrap_up=WrapUp(mode="optional", seconds=5))
    await centre.start()
    await centre.ready("anna")
    caller, _ = await centre.talking("anna")
    await dials(centre, "anna", "*14")
    await centre.hangs_up(caller)
    await centre.pass_time(6)
    await talked(centre, "anna")
    assert centre.activity("anna") is Activity.IDLE


async def test_what_was_asked_for_outlives_the_worker_that_heard_it() -> None:
    centre = a_centre(wrap_up=WrapUp(mode="optional", seconds=30))
    await centre.start("w1")
    await centre.ready("anna")
    caller, _ = await centre.talking("anna")
    await dials(centre, "anna", "*14")
    await centre.start("w2")
    centre.kill("w1")
    await centre.pass_time(10)
    await centre.hangs_up(caller)
    assert centre.activity("anna") is Activity.WRAP_UP


async def test_an_optional_one_is_asked_for_after_the_talk_and_made_longer() -> None:
    centre = a_centre(wrap_up=WrapUp(mode="optional", seconds=30, longest_s=50))
    await centre.start()
    await centre.ready("anna")
    await talked(centre, "anna")
    assert centre.activity("anna") is Activity.IDLE
    assert [await dials(centre, "anna", "*14") for _ in range(3)] == ["wrap_up", "wrap_up", "no_wrap_up"]
    await centre.pass_time(40)
    assert centre.activity("anna") is Activity.WRAP_UP
    await centre.until(lambda: centre.activity("anna") is Activity.IDLE, within_s=10)


# --- offers in vain --------------------------------------------------------------------------------------------------


async def test_who_declines_rests_and_stays_ready_while_the_next_phone_rings() -> None:
    centre = a_centre(in_vain=InVain(declined=MINUTE))
    await centre.start()
    await centre.ready("anna", "boris")
    await centre.caller("1")
    await declines(centre, "anna", 21)
    assert (centre.floor.agents["anna"].presence, centre.activity("anna")) == (Presence.READY, Activity.RESTING)
    assert centre.rings("boris")
    await centre.answers("boris")
    await centre.until(lambda: centre.activity("anna") is Activity.IDLE, within_s=61)
    assert centre.entries(Word.RESTEND)[-1].data["why"] == "declined"
    assert why(centre) == [("anna", "declined")]


async def test_a_phone_that_always_says_busy_is_rung_less_and_less_often() -> None:
    centre = a_centre(in_vain=InVain(busy=Vain(rest_s=2, factor=3, longest_s=15)), max_wait_s=600)
    await centre.start()
    await centre.ready("anna")
    await centre.caller("1")
    rang = []
    for _ in range(5):
        await centre.until(lambda: centre.rings("anna"), within_s=20)
        rang.append(asyncio.get_running_loop().time())
        await centre.hangs_up(centre.exchange.ringing(PHONES["anna"])[0], 17)
    gaps = [round(later - before) for before, later in itertools.pairwise(rang)]
    assert gaps == [2, 6, 15, 15]


async def test_an_unreachable_phone_is_back_with_its_registration_and_not_before() -> None:
    centre = a_centre(in_vain=InVain(unreachable=MINUTE))
    await centre.start()
    await centre.ready("anna")
    await centre.caller("1")
    await declines(centre, "anna", 20)
    centre.exchange.register(PHONES["anna"], reachable=False)
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.RESTING
    centre.exchange.register(PHONES["anna"])
    await centre.until(lambda: centre.rings("anna"), within_s=0.5)


async def test_who_was_set_not_ready_for_an_unreachable_phone_is_ready_again_with_it() -> None:
    centre = a_centre(in_vain=InVain(unreachable=Vain(limit=1)))
    await centre.start()
    await centre.ready("anna")
    await centre.caller("1")
    await declines(centre, "anna", 20)
    assert centre.floor.agents["anna"].reason == "unreachable"
    centre.exchange.register(PHONES["anna"], reachable=False)
    await centre.pass_time(1)
    centre.exchange.register(PHONES["anna"])
    await centre.until(lambda: centre.rings("anna"), within_s=0.5)
    assert centre.entries(Word.UNPAUSE)[-1].data == {"by": "callrouter"}


async def test_a_break_is_not_ended_by_a_phone_that_comes_back() -> None:
    centre = a_centre()
    await centre.start()
    await centre.ready("anna")
    await dials(centre, "anna", "*121")
    centre.exchange.register(PHONES["anna"], reachable=False)
    await centre.pass_time(1)
    centre.exchange.register(PHONES["anna"])
    await centre.pass_time(1)
    assert centre.floor.agents["anna"].presence is Presence.NOT_READY


# --- limits ----------------------------------------------------------------------------------------------------------


async def test_the_last_call_of_the_shift_is_the_last_until_the_next_log_in() -> None:
    centre = a_centre(clara(max_calls={"shift": 2}))
    await centre.start()
    await centre.ready("clara")
    for _ in range(2):
        await talked(centre, "clara")
        await centre.pass_time(6)
    person = centre.floor.agents["clara"]
    assert (person.presence, person.reason, person.calls) == (Presence.NOT_READY, "limit", 2)
    assert await dials(centre, "clara", "*11") == "shift"
    assert await dials(centre, "clara", "*121") == "not_ready"
    assert await dials(centre, "clara", "*11") == "shift"
    await dials(centre, "clara", "*13")
    assert await dials(centre, "clara", "*11") == "ready"
    await talked(centre, "clara")


async def test_a_full_hour_is_rested_out_to_the_minute_and_nothing_shortens_it() -> None:
    centre = a_centre(clara(max_calls={"hour": 2}), wrap_up=WrapUp(seconds=5), max_wait_s=7200)
    await centre.start()
    await centre.ready("clara")
    began = asyncio.get_running_loop().time()
    await talked(centre, "clara")
    await centre.pass_time(600)
    await talked(centre, "clara")
    assert await dials(centre, "clara", "*11") == "hour"
    await centre.pass_time(10)
    assert (centre.activity("clara"), centre.floor.agents["clara"].rest) == (Activity.RESTING, "limit")
    assert await dials(centre, "clara", "*11") == "hour"
    await centre.caller("1")
    await centre.until(lambda: centre.rings("clara"), within_s=HOUR_S)
    assert HOUR_S - 1 < asyncio.get_running_loop().time() - began < HOUR_S + 2


async def test_the_count_of_the_hour_outlives_every_worker() -> None:
    centre = a_centre(clara(max_calls={"hour": 1}))
    await centre.start("w1")
    await centre.ready("clara")
    caller, _ = await centre.talking("clara")
    centre.kill("w1")
    await centre.start("w2")
    await centre.pass_time(5)
    await centre.hangs_up(caller)
    await centre.pass_time(10)
    assert centre.activity("clara") is Activity.RESTING


async def test_a_call_that_vanished_with_its_state_frees_nobody_from_the_limit() -> None:
    centre = a_centre(clara(max_calls={"hour": 1}))
    await centre.start()
    await centre.ready("clara")
    caller, leg = await centre.talking("clara")
    call = centre.call_of(caller).id
    centre.kill("w1")
    del centre.line._calls[call]
    centre.exchange.legs.pop(caller)
    centre.exchange.legs.pop(leg)
    await centre.start("w2")
    await centre.until(lambda: centre.activity("clara") is Activity.RESTING, within_s=30)
    await centre.pass_time(1)


# --- mentors ---------------------------------------------------------------------------------------------------------


def trainee() -> dict[str, AgentPart]:
    return clara(mentors=("anna", "boris"))


async def test_a_trainee_is_rung_only_while_a_mentor_is_at_work() -> None:
    centre = a_centre({**trainee(), "anna": AgentPart(name="Anna", queues=("merchants",))})
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("clara")
    assert centre.floor.agents["clara"].barred == "mentor"
    await centre.caller("1")
    assert not centre.rings("clara")
    await centre.ready("anna")
    await centre.until(lambda: centre.rings("clara"), within_s=0.5)
    assert [entry.data for entry in centre.entries(Word.BARRED)] == [{"why": "mentor"}, {}]


async def test_the_mentor_leaving_keeps_the_next_call_away_but_not_this_one() -> None:
    centre = a_centre({**trainee(), "anna": AgentPart(name="Anna", queues=("merchants",))})
    await centre.start()
    await centre.ready("anna", "clara")
    caller, _ = await centre.talking("clara")
    await centre.says("anna", Presence.LOGGED_OUT)
    assert centre.activity("clara") is Activity.TALKING
    await centre.caller("1")
    await centre.hangs_up(caller)
    await centre.pass_time(20)
    assert not centre.rings("clara")


async def test_a_mentor_on_a_break_is_not_there_but_one_whose_last_call_goes_on_is() -> None:
    centre = a_centre({**trainee(), "anna": AgentPart(name="Anna", queues=("merchants",))})
    await centre.start()
    await centre.ready("anna", "clara")
    caller = await centre.caller("2")
    await centre.answers("anna")
    await centre.says("anna", Presence.NOT_READY)
    assert centre.floor.agents["clara"].barred == ""
    await centre.hangs_up(caller)
    await centre.pass_time(1)
    assert centre.floor.agents["clara"].barred == "mentor"


async def test_mentors_are_looked_at_when_a_store_that_was_away_is_back() -> None:
    centre = a_centre({**trainee(), "anna": AgentPart(name="Anna", queues=("merchants",))})
    await centre.start()
    await centre.ready("clara")
    centre.line.down = True
    await centre.pass_time(3)
    centre.line.down = False
    await centre.ready("anna")
    await centre.until(lambda: centre.floor.agents["clara"].barred == "", within_s=5)
