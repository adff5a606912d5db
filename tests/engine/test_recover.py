"""Two workers on one line: one dies in every phase of a call, the other carries it on and nobody is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from callrouter.acd.floor import Activity
from callrouter.calls.call import Phase
from callrouter.engine.monitor import LEASE_S, PULSE_S, REPAIR_S, TIDY_S
from callrouter.engine.ports import Commit, Owner
from callrouter.errors import CommandRefused, SwitchDown
from callrouter.journal import Word
from callrouter.telephony import Adopt, HangUp, Join, LegId, Play, StopPlayback
from tests.engine.centre import MOMENT_S, PHONES, Centre
from tests.engine.exchange import Leg

WITHIN_S = LEASE_S + PULSE_S + MOMENT_S
"""A lease runs out, a pulse sees it, the call is taken over."""


async def two_workers(centre: Centre) -> None:
    """w1 takes the callers, w2 is there to take over."""
    await centre.start("w1")
    await centre.start("w2")


async def test_each_call_is_owned_by_one_worker_and_no_agent_is_in_two_offers(centre: Centre) -> None:
    await two_workers(centre)
    first = await centre.caller("1")
    centre.workers["w1"].worker.admission.close()
    second = await centre.caller("1")
    assert centre.owner_of(first).startswith("w1/")
    assert centre.owner_of(second).startswith("w2/")
    await centre.ready("anna")
    assert centre.call_of(first).phase is Phase.OFFERING
    assert centre.call_of(second).phase is Phase.WAITING
    await centre.ready("boris")
    assert centre.call_of(second).phase is Phase.OFFERING


async def test_an_agent_who_becomes_free_for_calls_of_two_workers_is_rung_once(centre: Centre) -> None:
    await two_workers(centre)
    await centre.caller("1")
    centre.workers["w1"].worker.admission.close()
    await centre.caller("1")
    for way in centre.workers.values():
        way.line.slow_s = 0.02
    await centre.ready("anna")
    assert len(centre.entries(Word.OFFER)) == 1
    assert len(centre.exchange.ringing(PHONES["anna"])) == 1


async def test_a_caller_in_the_tree_hears_the_question_again(centre: Centre) -> None:
    await two_workers(centre)
    caller = await centre.caller()
    asked = len(centre.done(Play))
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert centre.owner_of(caller).startswith("w2/")
    assert len(centre.done(Play)) == asked + 1
    assert centre.done(StopPlayback) != []
    centre.exchange.press(caller, "1")
    await centre.pass_time(MOMENT_S)
    assert centre.call_of(caller).phase is Phase.WAITING


async def test_a_waiting_caller_keeps_place_wait_time_and_music(centre: Centre) -> None:
    await two_workers(centre)
    first = await centre.caller("1")
    centre.workers["w1"].worker.admission.close()
    second = await centre.caller("1")
    since = centre.floor.waiting[centre.call_of(first).id].since
    leave_at = centre.call_of(first).timers["wait"]
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    waiting = centre.floor.waiting[centre.call_of(first).id]
    assert waiting.owner.startswith("w2/")
    assert waiting.since == since
    assert centre.call_of(first).timers["wait"] == leave_at
    assert centre.exchange.legs[first].music
    await centre.ready("anna")
    assert centre.call_of(first).phase is Phase.OFFERING
    assert centre.call_of(second).phase is Phase.WAITING


async def test_a_ringing_phone_stops_and_the_agent_is_chosen_anew(centre: Centre) -> None:
    await two_workers(centre)
    await centre.ready("anna")
    caller = await centre.caller("1")
    first_ring = centre.exchange.ringing(PHONES["anna"])
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert HangUp(first_ring[0]) in centre.done()
    assert len(centre.exchange.ringing(PHONES["anna"])) == 1
    assert centre.floor.agents["anna"].missed == 0
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)


async def test_two_who_talk_notice_nothing_and_the_wrap_up_begins_and_ends(centre: Centre) -> None:
    await two_workers(centre)
    await centre.ready("anna")
    caller, leg = await centre.talking("anna")
    before = len(centre.done())
    centre.kill("w1")
    await centre.pass_time(30)
    assert centre.hear_each_other(caller, leg)
    assert {type(command) for command in centre.done()[before:]} == {Adopt}
    await centre.hangs_up(caller)
    assert centre.activity("anna") is Activity.WRAP_UP
    assert len(centre.workers["w2"].talks_ended) == 1
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.IDLE


async def test_a_wrap_up_ends_though_the_worker_that_began_it_is_dead(centre: Centre) -> None:
    await two_workers(centre)
    await centre.ready("anna")
    caller, _ = await centre.talking("anna")
    await centre.hangs_up(caller)
    centre.kill("w1")
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.IDLE
    assert len(centre.entries(Word.WRAPUPEND)) == 1


async def test_a_goodbye_that_was_interrupted_ends_the_call(centre: Centre) -> None:
    await two_workers(centre)
    await centre.caller("1")
    await centre.pass_time(60)
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert centre.exchange.legs == {}
    assert centre.words.count(Word.ENDED) == 1


@pytest.mark.parametrize("phase", [Phase.IN_TREE, Phase.WAITING, Phase.OFFERING, Phase.TALKING])
async def test_a_caller_who_leaves_while_nobody_listens_is_missed_at_the_take_over(
    centre: Centre, phase: Phase
) -> None:
    await two_workers(centre)
    caller = await a_caller_in(centre, phase)
    centre.kill("w1")
    centre.exchange.hang_up(caller)
    await centre.pass_time(WITHIN_S)
    assert centre.exchange.legs == {}
    assert centre.calls == {}
    assert centre.words.count(Word.ENDED) == 1
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.IDLE


async def a_caller_in(centre: Centre, phase: Phase) -> LegId:
    if phase in (Phase.OFFERING, Phase.TALKING):
        await centre.ready("anna")
    caller = await centre.caller("" if phase is Phase.IN_TREE else "1")
    if phase is Phase.TALKING:
        await centre.answers("anna")
    assert centre.call_of(caller).phase is phase
    return caller


@pytest.mark.parametrize("after_ms", range(0, 24, 2))
async def test_a_worker_that_dies_at_any_instant_of_connecting_leaves_nobody_alone(
    centre: Centre, after_ms: int
) -> None:
    """Between what was written and what was done: the bridge is made, or the two are not yet in it."""
    await two_workers(centre)
    await centre.ready("anna")
    caller = await centre.caller("1")
    centre.exchange.answer(PHONES["anna"])
    await centre.pass_time(after_ms / 1000)
    centre.kill("w1")
    await centre.until(lambda: centre.quarrels() == [], within_s=WITHIN_S + 25)
    if centre.call_of(caller).phase is Phase.OFFERING:
        await centre.answers("anna")
    call = centre.call_of(caller)
    assert call.talk is not None
    assert centre.hear_each_other(caller, call.talk.leg)


@pytest.mark.parametrize("after_ms", range(0, 12, 1))
async def test_a_worker_that_dies_at_any_instant_of_an_arrival_loses_no_caller(centre: Centre, after_ms: int) -> None:
    await two_workers(centre)
    caller = centre.exchange.call_in()
    await centre.pass_time(after_ms / 2000)
    centre.kill("w1")
    await centre.start("w1")
    await centre.until(lambda: caller in centre.exchange.fallback or centre.quarrels() == [], within_s=25)
    if caller not in centre.exchange.fallback:
        assert centre.exchange.legs[caller].up
        assert centre.exchange.legs[caller].playing


async def test_a_restart_under_the_same_name_takes_its_calls_back_at_once(centre: Centre) -> None:
    await centre.start("w1")
    await centre.ready("anna")
    talker, leg = await centre.talking("anna")
    waiter, walker = await centre.caller("1"), await centre.caller()
    centre.kill("w1")
    await centre.start("w1")
    owner = centre.workers["w1"].worker.owner
    assert {centre.owner_of(caller) for caller in (talker, waiter, walker)} == {owner}
    assert centre.hear_each_other(talker, leg)
    assert centre.exchange.legs[waiter].music
    await centre.hangs_up(talker)
    await centre.pass_time(5)
    assert centre.call_of(waiter).phase is Phase.OFFERING


async def test_a_restart_long_after_both_workers_died_carries_on_what_the_switch_still_holds(centre: Centre) -> None:
    await two_workers(centre)
    await centre.ready("anna")
    stayed = await centre.caller()
    gone, _ = await centre.talking("anna")
    centre.kill("w1")
    centre.kill("w2")
    centre.exchange.hang_up(gone)
    await centre.pass_time(600)
    await centre.start("w1")
    assert centre.call_of(stayed).phase is Phase.IN_TREE
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.IDLE
    assert centre.words.count(Word.ENDED) == 1
    assert list(centre.exchange.legs) == [stayed]


async def test_of_two_that_adopt_at_once_one_wins_and_the_other_keeps_silent(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.start("w3")
    caller = await centre.caller("1")
    centre.kill("w1")
    living = frozenset(running.worker.owner for running in centre.workers.values())
    await asyncio.gather(*(running.worker.recovery.adopt_dead(living) for running in centre.workers.values()))
    await centre.pass_time(MOMENT_S)
    assert len(centre.entries(Word.ADOPTED)) == 1
    assert len(centre.done(Adopt)) == 1
    assert sorted(len(running.worker.registry) for running in centre.workers.values()) == [0, 1]
    await centre.ready("anna")
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)


async def test_the_same_worker_looking_twice_at_once_adopts_once_and_keeps_the_session(centre: Centre) -> None:
    await two_workers(centre)
    caller = await centre.caller("1")
    centre.kill("w1")
    recovery = centre.workers["w2"].worker.recovery
    living = frozenset({centre.workers["w2"].worker.owner})
    await asyncio.gather(recovery.adopt_dead(living), recovery.adopt_dead(living))
    await centre.pass_time(MOMENT_S)
    assert len(centre.entries(Word.ADOPTED)) == 1
    assert len(centre.workers["w2"].worker.registry) == 1
    await centre.hangs_up(caller)
    assert centre.calls == {}


async def test_a_worker_that_stops_in_order_hands_over_without_ending_a_call(centre: Centre) -> None:
    await two_workers(centre)
    await centre.ready("anna")
    caller, leg = await centre.talking("anna")
    waiter = await centre.caller("1")
    await centre.stop("w1")
    await centre.pass_time(PULSE_S + MOMENT_S)
    assert centre.owner_of(caller).startswith("w2/")
    assert centre.owner_of(waiter).startswith("w2/")
    assert centre.hear_each_other(caller, leg)
    assert Word.ENDED not in centre.words


async def test_a_store_that_stood_still_makes_nobody_look_dead(centre: Centre) -> None:
    """All leases ran out while the store was away; the first to ask again sees only itself."""
    await two_workers(centre)
    caller = await centre.caller("1")
    centre.line.down = True
    await centre.pass_time(30)
    centre.line.down = False
    centre.workers["w1"].line.slow_s = 0.7
    await centre.pass_time(10)
    assert centre.entries(Word.ADOPTED) == []
    assert centre.owner_of(caller).startswith("w1/")


async def test_a_store_that_answers_very_late_once_makes_nobody_look_dead(centre: Centre) -> None:
    """Redis stopped for three seconds: no question failed, but every lease ran out meanwhile."""
    await two_workers(centre)
    caller = await centre.caller("1")
    centre.workers["w1"].line.slow_s = 3.2
    await centre.pass_time(0.4)
    centre.workers["w2"].line.slow_s = 3.0
    await centre.pass_time(0.6)
    for running in centre.workers.values():
        running.line.slow_s = 0
    await centre.pass_time(10)
    assert centre.entries(Word.ADOPTED) == []
    assert centre.owner_of(caller).startswith("w1/")


async def test_an_adoption_that_the_store_did_not_confirm_is_tried_again(centre: Centre) -> None:
    await two_workers(centre)
    caller = await centre.caller("1")
    centre.kill("w1")
    way = centre.workers["w2"].line
    await centre.until(lambda: not centre.line._leases.get(Owner("w1/1"), 0) > centre.clock.now_ms(), within_s=3)
    way.loses_answers = True
    await centre.until(lambda: centre.owner_of(caller).startswith("w2/"), within_s=12)
    way.loses_answers = False
    await centre.until(lambda: centre.quarrels() == [], within_s=12)
    await centre.hangs_up(caller)
    assert centre.calls == {}


@pytest.mark.parametrize("fault", [SwitchDown("no answer"), CommandRefused("not now")])
async def test_a_leg_that_could_not_be_adopted_at_first_is_adopted_later(
    centre: Centre, fault: SwitchDown | CommandRefused
) -> None:
    await two_workers(centre)
    caller = await centre.caller()
    centre.workers["w2"].switch.faults.append((Adopt, fault))
    centre.kill("w1")
    await centre.until(lambda: centre.exchange.legs[caller].worker == "w2", within_s=WITHIN_S + 25)
    centre.exchange.press(caller, "1")
    await centre.pass_time(MOMENT_S)
    assert centre.call_of(caller).phase is Phase.WAITING


async def test_a_stored_call_that_cannot_be_read_ends_and_its_caller_goes_to_the_fallback(centre: Centre) -> None:
    await centre.start("w1")
    caller = await centre.caller("1")
    call = centre.call_of(caller)
    owner = Owner(centre.owner_of(caller))
    await centre.line.commit(Commit(call=call.id, owner=owner, state=b'{"of": "another version"}'))
    centre.kill("w1")
    await centre.start("w1")
    await centre.pass_time(25)
    assert centre.exchange.fallback == [caller]
    assert centre.entries(Word.ENDED)[0].data["how"] == "unreadable"
    assert centre.floor.waiting == {}


async def test_legs_that_no_call_knows_are_let_go_after_being_seen_twice(centre: Centre) -> None:
    await centre.start("w1")
    stray = LegId("stray")
    centre.exchange.legs[stray] = Leg(stray, "w1")
    await centre.pass_time(9)
    assert stray in centre.exchange.legs
    await centre.pass_time(12)
    assert centre.exchange.fallback == [stray]


async def test_a_caller_whom_a_worker_claimed_and_then_died_is_not_left_in_silence(centre: Centre) -> None:
    """Nothing of the call was written yet, and the worker never comes back."""
    await two_workers(centre)
    caller = centre.exchange.call_in()
    centre.kill("w1")
    await centre.pass_time(WITHIN_S + 25)
    assert centre.exchange.fallback == [caller]


async def test_a_caller_who_arrives_while_the_switch_is_asked_what_it_holds_is_not_taken_for_gone(
    centre: Centre,
) -> None:
    running = await centre.start("w1")
    switch = running.switch
    old = await switch.held()

    async def slowly() -> list[object]:
        await centre.pass_time(0.1)
        return list(old)

    switch.held = slowly  # type: ignore[method-assign,assignment]
    asking = asyncio.create_task(running.worker.connected())
    await centre.pass_time(0.01)
    caller = centre.exchange.call_in()
    await asking
    await centre.pass_time(MOMENT_S)
    assert centre.call_of(caller).phase is Phase.IN_TREE
    assert centre.done(Join) == []


async def test_a_worker_that_starts_takes_nothing_from_those_who_live(centre: Centre) -> None:
    await two_workers(centre)
    caller = await centre.caller("1")
    await centre.pass_time(11)
    await centre.stop("w2")
    await centre.start("w2")
    await centre.pass_time(20)
    assert centre.owner_of(caller).startswith("w1/")
    assert centre.entries(Word.ADOPTED) == []


async def test_a_worker_whose_calls_were_taken_lets_them_go_and_can_take_them_back(centre: Centre) -> None:
    """As after it was stopped for a while: it believes to own what the other has adopted."""
    await two_workers(centre)
    await centre.ready("anna")
    caller, leg = await centre.talking("anna")
    await centre.workers["w2"].worker.recovery.adopt_dead(frozenset())
    await centre.pass_time(21)
    assert len(centre.workers["w1"].worker.registry) == 0
    centre.kill("w2")
    await centre.until(lambda: centre.quarrels() == [], within_s=WITHIN_S + REPAIR_S)
    assert centre.owner_of(caller).startswith("w1/")
    assert centre.hear_each_other(caller, leg)


async def test_a_caller_whose_time_to_choose_ran_out_while_nobody_was_there_is_asked_once(centre: Centre) -> None:
    await centre.start("w1")
    caller = await centre.caller()
    centre.exchange.hear_out(caller)
    await centre.pass_time(1)
    centre.kill("w1")
    await centre.pass_time(60)
    asked = len(centre.done(Play))
    await centre.start("w1")
    assert len(centre.done(Play)) == asked + 1
    assert centre.exchange.legs[caller].playing is not None


async def test_a_caller_whose_wait_ran_out_while_nobody_was_there_hears_the_goodbye_to_its_end(centre: Centre) -> None:
    await centre.start("w1")
    caller = await centre.caller("1")
    centre.kill("w1")
    await centre.pass_time(100)
    await centre.start("w1")
    assert centre.call_of(caller).phase is Phase.LEAVING
    assert centre.exchange.legs[caller].playing is not None


async def test_an_adoption_told_twice_asks_the_caller_once(centre: Centre) -> None:
    await two_workers(centre)
    await centre.caller()
    asked = len(centre.done(Play))
    centre.workers["w2"].switch.repeats = True
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert len(centre.done(Play)) == asked + 1


async def test_no_phone_is_rung_for_a_call_before_its_caller_reports_to_us(centre: Centre) -> None:
    await two_workers(centre)
    await centre.caller("1")
    centre.workers["w2"].switch.faults.append((Adopt, SwitchDown("no answer")))
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    await centre.ready("anna")
    assert not centre.rings("anna")
    await centre.until(lambda: centre.rings("anna"), within_s=25)


async def test_an_agent_who_answers_while_the_switch_is_asked_what_it_holds_is_not_taken_for_gone(
    centre: Centre,
) -> None:
    """The answer of the switch is older than the leg that talks by the time it comes."""
    running = await centre.start("w1")
    await centre.ready("anna")
    caller = await centre.caller("1")
    rung = centre.exchange.ringing(PHONES["anna"])[0]
    old = [leg for leg in await running.switch.held() if leg.leg != rung]

    async def slowly() -> list[object]:
        await centre.pass_time(0.1)
        return list(old)

    running.switch.held = slowly  # type: ignore[method-assign,assignment]
    asking = asyncio.create_task(running.worker.recovery.agree_with_switch())
    await centre.pass_time(0.01)
    leg = centre.exchange.answer(PHONES["anna"])
    await asking
    await centre.pass_time(MOMENT_S)
    assert centre.hear_each_other(caller, leg)


async def test_who_does_not_see_its_own_lease_believes_nothing_about_the_others(centre: Centre) -> None:
    await two_workers(centre)
    caller = await centre.caller("1")
    centre.line._leases.clear()
    await centre.pass_time(0.001)
    await centre.workers["w2"].worker._monitor.repair()
    assert centre.owner_of(caller).startswith("w1/")
    assert centre.entries(Word.ADOPTED) == []


async def test_a_take_over_that_stood_though_its_answer_was_lost_is_found_by_its_own_worker(centre: Centre) -> None:
    """Whichever worker does the repairs: for all others the call belongs to somebody who lives."""
    running = await centre.start("w2")
    await centre.start("w1")
    caller = await centre.caller()
    call = centre.call_of(caller).id
    assert centre.owner_of(caller) == running.worker.owner
    session = running.worker.registry.session(call)
    assert session is not None
    session.is_over = True
    running.worker.registry._sessions.pop(call)
    await centre.line.try_lock("repair", Owner("another"), 1000)
    await centre.pass_time(TIDY_S + 1)
    assert running.worker.registry.call(call) is not None
    await centre.hangs_up(caller)
    assert centre.calls == {}


async def test_what_a_worker_taken_for_dead_wrote_in_its_last_moment_is_not_lost_by_the_take_over(
    centre: Centre,
) -> None:
    """A worker that stood still for longer than its lease goes on while its calls are being taken over."""
    await two_workers(centre)
    await centre.ready("anna")
    caller = await centre.caller("1")
    heir = centre.workers["w2"]
    heir.line.slow_s = 0.2
    taking = asyncio.create_task(heir.worker.recovery.adopt_dead(frozenset({heir.worker.owner})))
    await centre.pass_time(0.3)  # the list of calls is on its way
    leg = await centre.answers("anna")
    await taking
    for _ in range(40):
        await centre.pass_time(0.1)
        centre.check_books()
    assert centre.hear_each_other(caller, leg)
    assert centre.entries(Word.RINGCANCELED) == []
