"""A stuck state repairs itself, raises an alarm and says so; what is slow for a good reason does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from callrouter.acd import activity
from callrouter.acd.floor import Activity
from callrouter.acd.invariants import LATE_MS, Invariant
from callrouter.calls.call import Phase
from callrouter.engine.ports import Commit
from callrouter.engine.watch import AGAIN_S, UNDER_WAY_S
from callrouter.journal import Entry, FloorChange, Word
from callrouter.telephony import CallId
from tests.engine.centre import PHONES, QUEUES, Centre

RING_S = QUEUES["payers"].ring_s


async def change_floor(centre: Centre, floor: FloorChange) -> None:
    """As a mistake somewhere would."""
    await centre.line.commit(Commit((Entry(Word.CONFIG),), floor))


def breaches(centre: Centre) -> list[tuple[str, str, str]]:
    found = centre.entries(Word.BREACH)
    return [(entry.data["invariant"], entry.agent, entry.data["repair"]) for entry in found]


async def test_a_waiting_caller_whom_the_dispatcher_forgot_is_seen_told_and_served(centre: Centre) -> None:
    running = await centre.start()
    await centre.start("w2")
    caller = await centre.caller("1")
    dispatcher, look = running.worker.dispatcher, running.worker.dispatcher.look_soon
    dispatcher.look_soon = lambda: None  # type: ignore[method-assign]
    with capture_logs() as logs:
        await centre.ready("anna")
        await centre.pass_time(0.3)
    assert breaches(centre) == [(Invariant.IDLE_BESIDE_WAITING, "anna", "looked again")]
    assert [line["call"] for line in logs if line["log_level"] == "error"] == [centre.call_of(caller).id]
    assert not centre.rings("anna")  # the fault goes on
    dispatcher.look_soon = look  # type: ignore[method-assign]
    await centre.pass_time(AGAIN_S + 0.5)
    assert len(breaches(centre)) == 2
    assert centre.rings("anna")


async def test_a_proposal_that_nobody_settles_holds_no_agent_back_for_long(centre: Centre) -> None:
    running = await centre.start()
    caller = await centre.caller("1")
    call = centre.call_of(caller).id
    running.worker.dispatcher._asked["anna"] = call
    await centre.ready("anna")
    await centre.pass_time(UNDER_WAY_S - 1)
    assert breaches(centre) == []
    await centre.pass_time(1.5)
    assert breaches(centre) == [(Invariant.IDLE_BESIDE_WAITING, "anna", "looked again")]
    assert centre.rings("anna")


async def test_a_replica_that_differs_from_the_store_is_fetched_anew(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    running.worker.dispatcher.floor.apply({"agent:anna": {"activity": Activity.WRAP_UP}}, "")
    await centre.line.commit(Commit((Entry(Word.CONFIG),), {"agent:boris": {"reachable": "1", "presence": "READY"}}))
    centre.line._floor["agent:boris"]["reachable"] = ""
    await centre.caller("1")
    await centre.pass_time(UNDER_WAY_S + 1)
    assert [repair for _, _, repair in breaches(centre)] == ["looked again"]
    assert centre.rings("anna")
    assert running.worker.dispatcher.floor.things() == centre.line._floor


@pytest.mark.parametrize(
    "trouble",
    [
        lambda running: setattr(running.line, "slow_s", 0.3),
        lambda running: setattr(running.switch, "holds_back", True),
        lambda running: setattr(running.line, "loses_answers", True),
    ],
    ids=["the store is slow", "events are late", "answers are lost"],
)
async def test_what_is_slow_for_a_good_reason_is_no_breach(centre: Centre, trouble: Callable[[object], None]) -> None:
    running = await centre.start()
    await centre.caller("1")
    trouble(running)
    await centre.ready("anna", "boris")
    await centre.pass_time(5)
    assert breaches(centre) == []


async def test_the_callers_of_a_dead_worker_are_no_breach(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.caller("1")
    centre.kill("w1")
    await centre.ready("anna")
    await centre.pass_time(10)
    assert breaches(centre) == []
    assert centre.rings("anna")


async def test_a_caller_without_an_agent_is_no_breach_nor_is_a_store_that_is_away(centre: Centre) -> None:
    await centre.start()
    await centre.caller("1")
    await centre.ready("clara")
    centre.line.down = True
    await centre.pass_time(3)
    centre.line.down = False
    await centre.ready("anna")
    await centre.pass_time(3)
    assert breaches(centre) == []


async def test_a_call_of_ours_that_nobody_carries_is_taken_up_again(centre: Centre) -> None:
    running = await centre.start()
    caller = await centre.caller("1")
    call = centre.call_of(caller).id
    session = running.worker.registry.session(call)
    assert session is not None
    session.is_over = True
    running.worker.registry._sessions.pop(call)
    await centre.ready("anna")
    await centre.pass_time(0.5)
    assert breaches(centre) == [(Invariant.IDLE_BESIDE_WAITING, "anna", "the call is taken up again")]
    assert centre.rings("anna")


async def test_an_offer_whose_timer_was_lost_is_taken_back(centre: Centre) -> None:
    running = await centre.start()
    await centre.start("w2")
    await centre.ready("anna")
    caller = await centre.caller("1")
    call = centre.call_of(caller).id
    session = running.worker.registry.session(call)
    assert session is not None
    session._timers.pop("ring")[1].cancel()
    await centre.pass_time(RING_S + LATE_MS / 1000 + 0.5)
    assert breaches(centre) == [(Invariant.OFFER_ENDS, "anna", "the offer is taken back")]
    assert [entry.agent for entry in centre.entries(Word.RINGCANCELED)] == ["anna"]
    assert centre.call_of(caller).phase in (Phase.WAITING, Phase.OFFERING)


async def test_an_agent_held_by_a_call_that_does_not_know_is_released_at_once_and_once(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna", "boris")
    caller = await centre.caller("1")
    call = centre.call_of(caller).id
    await change_floor(centre, {"agent:boris": activity.reserved(call, "x")})
    await centre.pass_time(0.1)
    assert breaches(centre) == [(Invariant.ONE_OFFER_PER_CALL, "boris", "the agent is released")]
    assert centre.activity("boris") is Activity.IDLE
    assert centre.rings("anna")


async def test_an_offer_for_an_agent_who_is_held_by_another_call_goes_off_the_floor(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna")
    first, second = await centre.caller("1"), await centre.caller("1")
    await change_floor(centre, {f"waiting:{centre.call_of(second).id}": {"offer": "anna"}})
    await centre.pass_time(0.1)
    assert breaches(centre) == [(Invariant.ONE_OFFER_PER_AGENT, "anna", "the offer is taken off the floor")]
    assert centre.floor.waiting[centre.call_of(second).id].offers == ()
    assert centre.floor.waiting[centre.call_of(first).id].offers == ("anna",)


async def test_a_call_that_is_gone_without_an_end_ends_as_lost(centre: Centre) -> None:
    running = await centre.start()
    await centre.start("w2")
    caller = await centre.caller()
    call = centre.call_of(caller).id
    session = running.worker.registry.session(call)
    assert session is not None
    del centre.line._calls[call]
    session.call = replace(session.call, phase=Phase.ENDED)
    running.worker.registry._sessions.pop(CallId(call))
    await centre.pass_time(25)
    assert breaches(centre) == [(Invariant.ENDS_ONCE, "", "it ends as lost")]
    assert [entry.data["how"] for entry in centre.entries(Word.ENDED)] == ["lost"]


async def test_a_second_end_is_told_once_by_all_workers_together(centre: Centre) -> None:
    for name in ("w1", "w2", "w3"):
        await centre.start(name)
    caller = await centre.caller()
    call = centre.call_of(caller).id
    await centre.hangs_up(caller)
    await centre.line.commit(Commit((Entry(Word.ENDED, call=call, data={"how": "x"}),)))
    await centre.pass_time(0.1)
    assert breaches(centre) == [(Invariant.ENDS_ONCE, "", "")]
    centre.line.journal[:] = [entry for entry in centre.line.journal if entry.data.get("how") != "x"]


async def test_while_the_answers_of_a_take_over_are_lost_nobody_frees_whom_the_call_holds(centre: Centre) -> None:
    """The dead worker's call, as it is stored, still holds anna: it gives her back when somebody carries it, and by
    then she would be in another call."""
    await centre.start("w1")
    cut_off = await centre.start("w2")
    serves = await centre.start("w3")
    await centre.ready("anna")
    first = await centre.caller("1")
    assert centre.rings("anna")
    for busy in ("w1", "w2"):
        centre.workers[busy].worker.admission.close()
    second = await centre.caller("1")
    assert centre.owner_of(second) == serves.worker.owner
    cut_off.line.loses_answers, serves.line.slow_s = True, 0.6  # the slow one takes nobody for dead
    centre.kill("w1")
    await centre.until(lambda: centre.owner_of(first) == cut_off.worker.owner, within_s=5)
    serves.line.slow_s = 0
    for _ in range(40):
        await centre.pass_time(0.5)
        centre.check_books()
    assert centre.call_of(first).offers != ()
    cut_off.line.loses_answers = False
    for _ in range(30):
        await centre.pass_time(0.2)
        centre.check_books()
    assert breaches(centre) == []
    assert len(centre.entries(Word.ADOPTED)) == 1
    assert [entry.agent for entry in centre.entries(Word.RINGCANCELED)] == ["anna"]
    assert {offer.agent for call in centre.calls.values() for offer in call.offers} == {"anna"}


@pytest.mark.parametrize("way", ["the caller leaves", "the agent declines", "the call crashes", "taken over"])
async def test_a_call_frees_nobody_whom_the_floor_has_given_to_another(centre: Centre, way: str) -> None:
    """As after a repair behind the call's back."""
    running = await centre.start()
    await centre.start("w2")
    await centre.ready("anna")
    caller = await centre.caller("1")
    (rung,) = centre.exchange.ringing(PHONES["anna"])
    await change_floor(centre, {"agent:anna": {**activity.reserved("another", "another-a1")}})
    match way:
        case "the caller leaves":
            centre.exchange.hang_up(caller)
        case "the agent declines":
            centre.exchange.hang_up(rung, 21)
        case "the call crashes":
            session = running.worker.registry.session(centre.call_of(caller).id)
            assert session is not None
            session._name = None  # type: ignore[assignment,method-assign]
            centre.exchange.press(caller, "1")
        case _:
            centre.kill("w1")
    await centre.pass_time(4)
    anna = centre.line._floor["agent:anna"]
    assert (anna["activity"], anna["call"], anna["leg"]) == (Activity.RESERVED, "another", "another-a1")
    assert all(call.offers == () for call in centre.calls.values())
    assert all("agent:anna" not in entry.floor for entry in centre.entries(Word.RINGCANCELED, Word.RINGNOANSWER))
    await change_floor(centre, {"agent:anna": activity.idle()})
    centre.books.wrongs.clear()  # the other call does not exist
