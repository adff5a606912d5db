"""A queue that rings everybody, in a whole centre: who answers first has the caller, and nobody else stays held."""

from __future__ import annotations

import pytest

from callrouter.acd.floor import Activity
from callrouter.app.history import choice
from callrouter.calls.call import Phase
from callrouter.config import InVain
from callrouter.journal import Word
from callrouter.reporting.calls import fold
from callrouter.reporting.explain import story
from callrouter.reporting.replay import reasons_from
from callrouter.telephony import LegId
from tests.engine.centre import AGENTS, PHONES, QUEUES, Centre

MERCHANTS = QUEUES["merchants"].model_copy(update={"strategy": "ring_all"})
EVERYBODY = ("anna", "boris", "clara")


@pytest.fixture
def centre() -> Centre:
    return Centre(queues={**QUEUES, "merchants": MERCHANTS})


def ringing(centre: Centre) -> list[str]:
    return [agent for agent in EVERYBODY if centre.rings(agent)]


def doing(centre: Centre) -> list[Activity]:
    return [centre.activity(agent) for agent in EVERYBODY]


async def all_ring(centre: Centre) -> LegId:
    """A caller for whom three phones ring."""
    await centre.start()
    await centre.ready(*EVERYBODY)
    caller = await centre.caller("2")
    assert ringing(centre) == [*EVERYBODY]
    return caller


def well(centre: Centre) -> None:
    centre.check_books()
    assert centre.quarrels() == []


async def test_the_first_answer_wins_the_others_stop_and_keep_their_places_among_the_idle(centre: Centre) -> None:
    caller = await all_ring(centre)
    since = {agent: centre.floor.agents[agent].idle_since for agent in EVERYBODY}
    leg = await centre.answers("boris")
    assert centre.hear_each_other(caller, leg)
    assert ringing(centre) == []
    assert doing(centre) == [Activity.IDLE, Activity.TALKING, Activity.IDLE]
    assert {agent: centre.floor.agents[agent].idle_since for agent in EVERYBODY} == since
    well(centre)


async def test_of_two_who_answer_in_the_same_instant_one_talks_and_the_other_is_free_again(centre: Centre) -> None:
    caller = await all_ring(centre)
    anna, clara = (centre.exchange.answer(PHONES[agent]) for agent in ("anna", "clara"))
    await centre.pass_time(1)
    assert centre.hear_each_other(caller, anna)
    assert clara not in centre.exchange.legs
    assert doing(centre) == [Activity.TALKING, Activity.IDLE, Activity.IDLE]
    well(centre)


async def test_one_who_declines_rests_the_others_ring_on_and_the_last_to_go_brings_the_caller_back(
    centre: Centre,
) -> None:
    caller = await all_ring(centre)
    await centre.hangs_up(centre.exchange.ringing(PHONES["boris"])[0], 21)
    assert ringing(centre) == ["anna", "clara"]
    assert centre.activity("boris") is Activity.RESTING
    for agent in ("anna", "clara"):
        centre.exchange.hang_up(centre.exchange.ringing(PHONES[agent])[0], 19)
    await centre.pass_time(0.2)
    assert centre.call_of(caller).phase is Phase.WAITING
    well(centre)
    await centre.pass_time(4)
    assert ringing(centre) == [*EVERYBODY]


async def test_when_nobody_answers_nobody_is_set_not_ready_and_after_a_short_rest_all_ring_again() -> None:
    centre = Centre(queues={**QUEUES, "merchants": MERCHANTS.model_copy(update={"in_vain": InVain()})})
    await all_ring(centre)
    for agent in EVERYBODY * 2:
        await centre.until(lambda agent=agent: centre.rings(agent), within_s=6)  # type: ignore[misc]
        centre.exchange.hang_up(centre.exchange.ringing(PHONES[agent])[0], 19)
        await centre.pass_time(0.2)
    assert doing(centre) == [Activity.RESTING] * 3
    assert centre.entries(Word.PAUSE) == []
    await centre.until(lambda: ringing(centre) == [*EVERYBODY], within_s=6)
    well(centre)


async def test_who_becomes_ready_while_others_ring_is_rung_too_and_the_second_caller_waits(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna", "boris")
    first = await centre.caller("2")
    second = await centre.caller("2")
    await centre.ready("clara")
    assert [offer.agent for offer in centre.call_of(first).offers] == [*EVERYBODY]
    assert centre.call_of(second).offers == ()
    well(centre)
    leg = await centre.answers("clara")
    assert centre.hear_each_other(first, leg)
    assert ringing(centre) == ["anna", "boris"]
    assert {offer.agent for offer in centre.call_of(second).offers} == {"anna", "boris"}
    well(centre)


async def test_a_queue_of_another_strategy_takes_its_turn_by_the_same_score(centre: Centre) -> None:
    """The payer came first and takes one of the two who serve both; the merchant rings all who are left."""
    await centre.start()
    payer = await centre.caller("1")
    await centre.pass_time(15)
    merchant = await centre.caller("2")
    for agent in EVERYBODY:
        centre.exchange.register(PHONES[agent])
    await centre.ready(*EVERYBODY)
    assert [offer.agent for offer in centre.call_of(payer).offers] == ["anna"]
    assert [offer.agent for offer in centre.call_of(merchant).offers] == ["boris", "clara"]
    well(centre)


async def test_when_the_worker_dies_all_phones_stop_and_ring_anew_for_another(centre: Centre) -> None:
    caller = await all_ring(centre)
    await centre.start("w2")
    owner = centre.owner_of(caller).partition("/")[0]
    legs = set(centre.call_of(caller).legs[1:])
    centre.kill(owner)
    await centre.until(lambda: centre.owner_of(caller).partition("/")[0] != owner, within_s=30)
    await centre.until(lambda: ringing(centre) == [*EVERYBODY], within_s=10)
    assert legs.isdisjoint(centre.exchange.legs)
    leg = await centre.answers("clara")
    assert centre.hear_each_other(caller, leg)
    well(centre)


async def test_when_the_caller_hangs_up_all_phones_stop(centre: Centre) -> None:
    caller = await all_ring(centre)
    await centre.hangs_up(caller)
    assert ringing(centre) == []
    assert doing(centre) == [Activity.IDLE] * 3
    well(centre)


async def test_with_the_store_away_the_first_answer_wins_all_the_same(centre: Centre) -> None:
    caller = await all_ring(centre)
    centre.line.down = True
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)
    assert ringing(centre) == []
    centre.line.down = False
    await centre.pass_time(2)
    assert doing(centre) == [Activity.TALKING, Activity.IDLE, Activity.IDLE]
    well(centre)


async def test_a_further_offer_whose_confirmation_was_lost_is_taken_back_alone(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna", "boris")
    caller = await centre.caller("2")
    legs = centre.call_of(caller).legs[1:]
    running.line.loses_answers = True
    await centre.ready("clara")
    assert ringing(centre) == ["anna", "boris"]
    running.line.loses_answers = False
    await centre.until(lambda: centre.rings("clara"), within_s=9)
    assert centre.call_of(caller).legs[1:3] == legs
    assert ringing(centre) == [*EVERYBODY]
    well(centre)


async def test_of_two_workers_callers_no_agent_rings_for_both(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    callers = [await centre.caller("2") for _ in range(4)]
    await centre.ready(*EVERYBODY)
    offered = [offer.agent for caller in callers for offer in centre.call_of(caller).offers]
    assert sorted(offered) == [*EVERYBODY]
    well(centre)


async def test_once_the_longest_wait_is_over_nobody_is_added_and_the_caller_moves_on_with_the_last_ring() -> None:
    """Anna rings from the 25th second, the longest wait is over in the 30th, boris comes in the 31st."""
    centre = Centre(
        queues={**QUEUES, "merchants": MERCHANTS.model_copy(update={"ring_s": 10, "overflow": "payers"})},
        agents={**AGENTS, "boris": AGENTS["boris"].model_copy(update={"queues": ("merchants",)})},
    )
    await centre.start()
    caller = await centre.caller("2")
    await centre.pass_time(25)
    await centre.ready("anna")
    assert centre.rings("anna")
    await centre.pass_time(6)
    await centre.ready("boris")
    assert not centre.rings("boris")
    assert centre.entries(Word.LASTRING)
    well(centre)
    await centre.until(
        lambda: [entry.queue for entry in centre.entries(Word.ENTERQUEUE)] == ["merchants", "payers"], 10
    )
    assert centre.call_of(caller).phase in (Phase.WAITING, Phase.OFFERING)


async def test_the_story_tells_each_phone_and_who_was_faster(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna", "boris")
    caller = await centre.caller("2")
    call = centre.call_of(caller).id
    await centre.pass_time(2)
    await centre.answers("boris")
    lines = story(fold(centre.line.journal)[call], reasons_from(centre.line.journal, choice)).lines
    told = [(line.text, line.remarks) for line in lines if "anna" in line.text or "boris" in line.text]
    assert told[:2] == [
        ("is offered to anna (chosen: rings with all the able)", ("not clara: logged out",)),
        ("is offered to boris (chosen: rings with all the able)", ()),
    ]
    assert any(text.startswith("anna's phone stops after 2.") and text.endswith("boris was faster") for text, _ in told)


async def test_rings_whose_ends_are_on_their_way_to_a_very_slow_store_are_no_breach(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna", "boris")
    await centre.caller("2")
    running.line.slow_s = 0.7
    await centre.pass_time(16)
    assert [entry.agent for entry in centre.entries(Word.RINGNOANSWER)] == ["anna", "boris"]
    assert centre.entries(Word.BREACH) == []
    running.line.slow_s = 0
    await centre.pass_time(1)
    well(centre)
