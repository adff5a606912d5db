"""Whole calls through one worker: what callers and agents live through, and what the journal says of it."""

from __future__ import annotations

import asyncio

from callrouter.acd.floor import Activity, Presence
from callrouter.journal import Word
from callrouter.telephony import HangUp, LegHeld, LegUnheld, Play, Ring, StartRecording
from tests.engine.centre import PHONES, Centre


async def test_a_caller_is_routed_talks_and_the_agent_is_free_again_after_the_wrap_up(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    assert centre.activity("anna") is Activity.RINGING
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)
    assert centre.activity("anna") is Activity.TALKING
    await centre.hangs_up(caller)
    assert centre.activity("anna") is Activity.WRAP_UP
    assert centre.exchange.legs == {}
    assert centre.exchange.bridges == set()
    assert [call.talk.agent for call in running.talks_ended if call.talk] == ["anna"]
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.IDLE
    assert centre.words == [
        Word.ARRIVED,
        Word.ENTERQUEUE,
        Word.OFFER,
        Word.RINGING,
        Word.CONNECT,
        Word.COMPLETECALLER,
        Word.ENDED,
    ]
    assert len(running.worker.registry) == 0


async def test_the_agent_may_hang_up_first(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    _, leg = await centre.talking("anna")
    await centre.hangs_up(leg)
    assert centre.exchange.legs == {}
    assert centre.words[-2:] == [Word.COMPLETEAGENT, Word.ENDED]


async def test_a_phone_that_is_not_answered_leads_to_the_next_agent_and_keeps_the_place(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna", "boris")
    caller = await centre.caller("1")
    since = centre.floor.waiting[centre.call_of(caller).id].since
    assert centre.rings("anna")
    assert not centre.rings("boris")
    await centre.hangs_up(centre.exchange.ringing(PHONES["anna"])[0], 19)
    assert centre.rings("boris")
    assert not centre.rings("anna")
    assert centre.floor.waiting[centre.call_of(caller).id].since == since
    leg = await centre.answers("boris")
    assert centre.hear_each_other(caller, leg)


async def test_a_ring_that_the_switch_forgets_to_end_is_ended_by_us(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    await centre.caller("1")
    rung = centre.exchange.ringing(PHONES["anna"])[0]
    await centre.pass_time(12)
    assert HangUp(rung, "no_answer") in centre.done()
    assert centre.entries(Word.RINGNOANSWER)[0].data["why"] == "missed"


async def test_an_agent_who_misses_too_often_is_set_not_ready(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    await centre.caller("1")
    await centre.hangs_up(centre.exchange.ringing(PHONES["anna"])[0], 19)
    assert centre.activity("anna") is Activity.RESTING
    await centre.until(lambda: centre.rings("anna"), within_s=4)
    await centre.hangs_up(centre.exchange.ringing(PHONES["anna"])[0], 19)
    anna = centre.floor.agents["anna"]
    assert (anna.presence, anna.reason) == (Presence.NOT_READY, "missed")
    await centre.pass_time(10)
    assert not centre.rings("anna")


async def test_a_caller_may_leave_while_the_menu_is_read(centre: Centre) -> None:
    await centre.start()
    await centre.hangs_up(await centre.caller())
    assert centre.words == [Word.ARRIVED, Word.ENDED]


async def test_a_caller_may_leave_while_waiting(centre: Centre) -> None:
    await centre.start()
    await centre.hangs_up(await centre.caller("1"))
    assert centre.words == [Word.ARRIVED, Word.ENTERQUEUE, Word.ABANDON, Word.ENDED]
    assert centre.floor.waiting == {}


async def test_a_caller_may_leave_while_a_phone_rings_and_it_stops_at_once(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    idle_since = centre.floor.agents["anna"].idle_since
    caller = await centre.caller("1")
    centre.exchange.hang_up(caller)
    await centre.pass_time(0.02)
    assert not centre.rings("anna")
    assert centre.activity("anna") is Activity.IDLE
    assert centre.floor.agents["anna"].idle_since == idle_since
    assert centre.words[-3:] == [Word.RINGCANCELED, Word.ABANDON, Word.ENDED]


async def test_a_caller_may_leave_in_the_instant_the_agent_answers(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    centre.exchange.answer(PHONES["anna"])
    centre.exchange.hang_up(caller)
    await centre.pass_time(1)
    assert centre.exchange.legs == {}
    assert centre.words.count(Word.ENDED) == 1
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.IDLE


async def test_an_agent_may_answer_in_the_instant_the_caller_leaves(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    centre.exchange.hang_up(caller)
    centre.exchange.answer(PHONES["anna"])
    await centre.pass_time(1)
    assert centre.exchange.legs == {}
    assert centre.words.count(Word.ENDED) == 1
    assert centre.activity("anna") is Activity.IDLE


async def test_a_caller_may_leave_during_the_goodbye(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller("1")
    await centre.pass_time(60)
    assert isinstance(centre.done()[-1], Play)
    await centre.hangs_up(caller)
    assert centre.words == [Word.ARRIVED, Word.ENTERQUEUE, Word.EXITWITHTIMEOUT, Word.ENDED]


async def test_who_has_waited_too_long_hears_a_goodbye_and_is_let_go(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller("1")
    await centre.pass_time(60)
    centre.exchange.hear_out(caller)
    await centre.pass_time(0.1)
    assert centre.exchange.legs == {}
    assert centre.entries(Word.ENDED)[0].data["how"] == "timed_out"


async def test_overflow_brings_the_caller_into_the_other_queue_with_the_time_already_waited(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller("2")
    since = centre.floor.waiting[centre.call_of(caller).id].since
    await centre.pass_time(30)
    waiting = centre.floor.waiting[centre.call_of(caller).id]
    assert waiting.queue == "payers"
    assert abs(waiting.since - since) <= 2  # first on the store's clock, then on ours
    await centre.ready("anna")
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)
    assert int(centre.entries(Word.CONNECT)[0].data["waited_ms"]) > 30_000


async def test_a_conversation_of_a_queue_that_is_not_recorded_is_not_recorded(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("clara")
    caller = await centre.caller("2")
    await centre.answers("clara")
    await centre.hangs_up(caller)
    assert centre.done(StartRecording) == []
    assert running.talks_ended == []
    assert centre.activity("clara") is Activity.IDLE


async def test_the_longest_waiting_caller_and_the_longest_idle_agent_meet(centre: Centre) -> None:
    await centre.start()
    first, second = await centre.caller("1"), await centre.caller("1")
    await centre.ready("boris")
    assert centre.call_of(first).offers
    assert not centre.call_of(second).offers
    await centre.ready("anna")
    (offer,) = centre.call_of(second).offers
    assert offer.agent == "anna"


async def test_a_burst_of_callers_is_spread_over_the_agents_at_once(centre: Centre) -> None:
    """OpenACD#5: the same agent first for a burst of calls."""
    await centre.start()
    await centre.ready("anna", "boris", "clara")
    callers = [centre.exchange.call_in() for _ in range(3)]
    await centre.pass_time(0.1)
    for caller in callers:
        centre.exchange.press(caller, "2")
    await centre.pass_time(0.04)
    assert sorted(ring.phone for ring in centre.done(Ring) if isinstance(ring, Ring)) == sorted(PHONES.values())


async def test_two_callers_and_one_agent_are_served_one_after_the_other(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    first, _ = await centre.talking("anna")
    second = await centre.caller("1")
    assert not centre.rings("anna")
    await centre.hangs_up(first)
    assert not centre.rings("anna")
    await centre.pass_time(5)
    assert centre.rings("anna")
    assert centre.call_of(second).offers


async def test_an_agent_whose_phone_is_not_reachable_or_who_is_not_ready_is_never_rung(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna", "boris")
    centre.exchange.register(PHONES["anna"], reachable=False)
    await centre.says("boris", Presence.NOT_READY)
    await centre.caller("1")
    await centre.pass_time(5)
    assert centre.done(Ring) == []
    centre.exchange.register(PHONES["anna"])
    await centre.until(lambda: centre.rings("anna"), within_s=0.2)


async def test_the_doors_are_shut_before_the_worker_is_open_and_after_it_has_closed(centre: Centre) -> None:
    running = centre.new_worker()
    await running.worker.prepare()
    await running.worker.connected()
    assert not running.switch.takes_calls()
    await running.worker.open()
    await centre.pass_time(0.1)
    assert running.switch.takes_calls()
    await running.worker.close()
    assert not running.switch.takes_calls()
    assert await centre.line.living() == frozenset()


async def test_a_worker_that_starts_before_the_store_waits_for_it(centre: Centre) -> None:
    centre.line.down = True
    starting = centre.new_worker()
    task = asyncio.create_task(starting.worker.prepare())
    await centre.pass_time(3)
    assert not task.done()
    centre.line.down = False
    await centre.pass_time(1)
    assert task.done()
    await starting.worker.close()


async def test_the_agent_s_hold_button_brings_music_to_the_caller_and_takes_it_away(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    caller, leg = await centre.talking("anna")
    centre.exchange.tell(leg, LegHeld(leg))
    await centre.pass_time(0.1)
    assert centre.exchange.legs[caller].music
    centre.exchange.tell(leg, LegUnheld(leg))
    await centre.pass_time(0.1)
    assert not centre.exchange.legs[caller].music
