"""Callbacks in a whole centre: the place is kept, nobody is rung twice at once, whoever dies or does not answer."""

from __future__ import annotations

import pytest

from callrouter.acd.floor import Activity
from callrouter.app.callbacks import open_callbacks, wish
from callrouter.calls.call import Call, Phase
from callrouter.engine.monitor import LEASE_S, PULSE_S, TIDY_S
from callrouter.engine.ports import Commit
from callrouter.errors import SetupError, SwitchDown
from callrouter.journal import Entry, Word
from callrouter.telephony import LegId, PhoneId, RingOutside, StartRecording
from tests.engine.centre import MOMENT_S, Centre

OUTSIDE = PhoneId("+79161112233")
WITHIN_S = LEASE_S + PULSE_S + MOMENT_S
RETRY_S = 60


async def asks(centre: Centre, key: str = "4") -> Call:
    """A caller asks to be called back, and hangs up."""
    centre.exchange.reachable.add(OUTSIDE)
    leg = await centre.caller(key)
    centre.exchange.press(leg, "1")
    await centre.pass_time(MOMENT_S)
    call = centre.call_of(leg).id
    await centre.hangs_up(leg)
    return centre.calls[call]


def now(centre: Centre, call: Call) -> Call:
    return centre.calls[call.id]


def outcomes(centre: Centre) -> list[str]:
    return [entry.data["outcome"] for entry in centre.entries(Word.CALLBACKTRY)]


async def picks_up(centre: Centre) -> LegId:
    leg = centre.exchange.answer(OUTSIDE)
    await centre.pass_time(MOMENT_S)
    return leg


async def test_agent_first_both_are_brought_together_and_recorded(centre: Centre) -> None:
    await centre.start()
    call = await asks(centre)
    assert now(centre, call).phase is Phase.CALLBACK
    await centre.ready("anna")
    anna = await centre.answers("anna")
    outside = await picks_up(centre)
    assert centre.hear_each_other(anna, outside)
    assert centre.done(StartRecording)
    await centre.hangs_up(outside)
    assert not centre.calls
    assert centre.activity("anna") is Activity.WRAP_UP
    assert not centre.floor.others("callback")
    assert centre.words[-2:] == [Word.COMPLETECALLER, Word.ENDED]


async def test_who_asked_first_is_called_before_those_who_came_later(centre: Centre) -> None:
    await centre.start()
    await asks(centre)
    later = await centre.caller("1")
    await centre.ready("anna")
    await centre.answers("anna")
    assert centre.exchange.ringing(OUTSIDE)
    assert centre.call_of(later).phase is Phase.WAITING


async def test_customer_first_holds_no_agent_until_they_are_there(centre: Centre) -> None:
    await centre.start()
    call = await asks(centre, "5")
    await centre.ready("clara")
    assert centre.exchange.ringing(OUTSIDE)
    assert centre.activity("clara") is Activity.IDLE
    outside = await picks_up(centre)
    assert centre.rings("clara")
    clara = await centre.answers("clara")
    assert centre.hear_each_other(clara, outside)
    assert now(centre, call).callback is None


async def test_who_does_not_answer_is_rung_again_after_the_pause_and_the_agent_is_free(centre: Centre) -> None:
    await centre.start()
    call = await asks(centre)
    await centre.ready("anna")
    leg = await centre.answers("anna")
    await centre.hangs_up(centre.exchange.ringing(OUTSIDE)[0], 19)
    assert now(centre, call).phase is Phase.TELLING_AGENT
    centre.exchange.hear_out(leg)
    await centre.pass_time(MOMENT_S)
    assert centre.activity("anna") is Activity.IDLE
    assert leg not in centre.exchange.legs
    await centre.pass_time(RETRY_S - 2)
    assert not centre.rings("anna")
    await centre.pass_time(3)
    assert centre.rings("anna")


async def test_a_worker_that_dies_with_an_open_callback_loses_nothing(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    call = await asks(centre)
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert now(centre, call).phase is Phase.CALLBACK
    await centre.ready("anna")
    anna = await centre.answers("anna")
    outside = await picks_up(centre)
    assert centre.hear_each_other(anna, outside)
    assert len(centre.done(RingOutside)) == 1


async def test_who_hangs_up_while_the_call_is_taken_over_is_called_back_all_the_same(centre: Centre) -> None:
    await centre.start("w1")
    centre.exchange.reachable.add(OUTSIDE)
    leg = await centre.caller("5")
    centre.exchange.press(leg, "1")
    await centre.pass_time(MOMENT_S)
    centre.kill("w1")
    centre.exchange.hang_up(leg)
    await centre.start("w1")
    await centre.ready("clara")
    assert len(centre.exchange.ringing(OUTSIDE)) == 1


async def test_a_pause_goes_on_in_the_worker_that_takes_over(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await asks(centre, "5")
    await centre.ready("clara")
    await centre.hangs_up(centre.exchange.ringing(OUTSIDE)[0], 17)
    centre.kill("w1")
    await centre.pass_time(RETRY_S - 5)
    assert len(centre.done(RingOutside)) == 1
    await centre.pass_time(6)
    assert len(centre.done(RingOutside)) == 2


@pytest.mark.parametrize("key", ["4", "5"])
async def test_a_worker_that_dies_while_it_rings_leaves_one_ring_at_a_time(centre: Centre, key: str) -> None:
    await centre.start("w1")
    await centre.start("w2")
    call = await asks(centre, key)
    await centre.ready("anna" if key == "4" else "clara")
    if key == "4":
        await centre.answers("anna")
    assert centre.exchange.ringing(OUTSIDE)
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert not centre.exchange.ringing(OUTSIDE)
    assert now(centre, call).phase is Phase.CALLBACK
    assert all(centre.activity(agent) is Activity.IDLE for agent in ("anna", "clara"))
    await centre.pass_time(RETRY_S + 1)
    if key == "4":
        await centre.answers("anna")
    assert centre.exchange.ringing(OUTSIDE)


async def test_a_worker_that_dies_while_they_talk_is_not_noticed(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await asks(centre)
    await centre.ready("anna")
    anna = await centre.answers("anna")
    outside = await picks_up(centre)
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert centre.hear_each_other(anna, outside)
    await centre.hangs_up(outside)
    assert not centre.calls


async def test_without_the_store_nobody_is_rung(centre: Centre) -> None:
    await centre.start()
    await asks(centre, "5")
    centre.line.down = True
    centre.exchange.register(PhoneId("phone-clara"))
    await centre.pass_time(5)
    assert not centre.done(RingOutside)
    centre.line.down = False
    await centre.pass_time(2)
    await centre.ready("clara")
    await centre.pass_time(2)
    assert len(centre.exchange.ringing(OUTSIDE)) == 1


async def test_a_ring_whose_writing_is_unsure_does_not_happen_and_comes_later(centre: Centre) -> None:
    running = await centre.start()
    call = await asks(centre, "5")
    running.line.loses_answers = True
    await centre.ready("clara")
    assert not centre.done(RingOutside)
    running.line.loses_answers = False
    await centre.pass_time(2)
    assert len(centre.exchange.ringing(OUTSIDE)) == 1
    assert now(centre, call).callback is not None


async def test_a_switch_that_does_not_take_the_ring_costs_no_attempt(centre: Centre) -> None:
    running = await centre.start()
    call = await asks(centre, "5")
    running.switch.faults.append((RingOutside, SwitchDown("not now")))
    await centre.ready("clara")
    await centre.pass_time(2)
    back = now(centre, call).callback
    assert back is not None
    assert (back.attempts, outcomes(centre)[-1]) == (0, "unreachable")
    await centre.pass_time(RETRY_S)
    assert centre.exchange.ringing(OUTSIDE)


async def test_who_calls_again_and_is_helped_is_not_called_back(centre: Centre) -> None:
    await centre.start()
    await asks(centre)
    await centre.caller("2")
    await centre.ready("clara")  # of the merchants alone
    await centre.answers("clara")
    await centre.pass_time(MOMENT_S)
    assert centre.entries(Word.ENDED)[-1].data["how"] == "callback_served"
    assert not centre.floor.others("callback")


async def test_people_may_cancel_it_at_whichever_worker_it_is(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    call = await asks(centre)
    (one,) = await open_callbacks(centre.line)
    assert (one.call, one.queue, one.number, one.state) == (call.id, "payers", "79161112233", "waiting")
    centre.kill("w1")
    await wish(centre.line, "+79161112233", "cancel", "mia")
    await centre.pass_time(WITHIN_S + TIDY_S)
    assert not centre.calls
    assert centre.entries(Word.ENDED)[-1].data["how"] == "callback_cancelled"
    with pytest.raises(SetupError, match="no open callback"):
        await wish(centre.line, call.id, "cancel", "mia")


async def test_people_may_have_it_made_without_the_pause(centre: Centre) -> None:
    await centre.start()
    call = await asks(centre, "5")
    await centre.ready("clara")
    await centre.hangs_up(centre.exchange.ringing(OUTSIDE)[0], 17)
    await wish(centre.line, call.id, "now", "mia")
    await centre.pass_time(MOMENT_S)
    assert centre.exchange.ringing(OUTSIDE)


async def test_an_open_callback_takes_no_room_from_callers(centre: Centre) -> None:
    running = await centre.start()
    await asks(centre)
    assert (len(running.worker.registry), running.worker.registry.in_use) == (1, 0)


async def test_two_queues_never_ring_the_same_phone_at_once(centre: Centre) -> None:
    await centre.start()
    await asks(centre)
    other = await asks(centre, "5")
    await centre.ready("clara")
    assert centre.exchange.ringing(OUTSIDE)
    await centre.ready("anna")
    await centre.pass_time(5)
    assert not centre.rings("anna")
    assert "rung_elsewhere" in outcomes(centre)
    await centre.hangs_up(centre.exchange.ringing(OUTSIDE)[0], 17)
    assert now(centre, other).phase is Phase.CALLBACK
    await centre.pass_time(30)
    assert centre.rings("anna")


async def test_of_two_wishes_in_the_same_moment_one_is_void_even_if_all_workers_died_before_it_was_told(
    centre: Centre,
) -> None:
    await centre.start("w1")
    first = await asks(centre)
    (entry,) = [one for one in centre.entries(Word.CALLBACK)]
    await centre.stop("w1")
    thing = {"callback:payers/79161112233": {"call": "c01hf7yat00aaaaaaaaaaaaaaaa"}}
    await centre.line.commit(Commit((entry,), thing))
    await centre.start("w1")
    await centre.pass_time(3 * TIDY_S)
    assert first.id not in centre.calls
    assert centre.entries(Word.ENDED)[-1].data["how"] == "callback_asked_again"


async def test_a_callback_that_the_floor_has_lost_is_put_back(centre: Centre) -> None:
    await centre.start()
    call = await asks(centre)
    await centre.line.commit(
        Commit((Entry(Word.REPAIRED),), {"callback:payers/79161112233": None, f"waiting:{call.id}": None})
    )
    await centre.pass_time(3 * TIDY_S)
    (one,) = await open_callbacks(centre.line)
    assert (one.call, one.number, one.queue, one.state) == (call.id, "79161112233", "payers", "waiting")
    assert call.id in centre.floor.waiting
