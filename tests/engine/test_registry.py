"""Which session a leg belongs to, and what becomes of events that belong to none."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from callrouter.calls.events import AgentProposed
from callrouter.engine.registry import call_of, is_ours, new_call_id
from callrouter.errors import LegGone
from callrouter.telephony import HangUp, LegAnswered, LegId, LegRinging, PhoneId, RecordingFailed, RecordingId
from tests.engine.centre import PHONES, Centre
from tests.engine.exchange import Leg


@given(st.integers(0, 2**47), st.sampled_from(["a1", "b22", "p3"]))
def test_every_part_of_a_call_leads_back_to_it(now_ms: int, part: str) -> None:
    call = new_call_id(now_ms)
    assert call_of(f"{call}-{part}") == call
    assert is_ours(f"{call}-{part}")
    assert not is_ours(call)


@given(st.integers(0, 2**47), st.integers(1, 10_000))
def test_later_calls_sort_after_earlier_ones(now_ms: int, later: int) -> None:
    assert new_call_id(now_ms) < new_call_id(now_ms + later)


def test_ids_of_the_switch_are_not_taken_for_ours() -> None:
    assert not any(is_ours(id) for id in ("1763760000.12", "caller-1", "centre-1-1763760000.12", ""))


async def test_a_phone_that_answers_for_a_call_that_is_over_is_hung_up(centre: Centre) -> None:
    await centre.start()
    orphan = LegId(f"{new_call_id(1)}-a1")
    centre.exchange.legs[orphan] = Leg(orphan, "w1", PHONES["anna"], up=True)
    centre.exchange.tell(orphan, LegAnswered(orphan))
    await centre.pass_time(0.1)
    assert centre.done() == [HangUp(orphan, "answered_elsewhere")]
    assert centre.exchange.legs == {}


async def test_an_orphan_that_is_gone_already_harms_nobody(centre: Centre) -> None:
    running = await centre.start()
    running.switch.faults.append((HangUp, LegGone("gone")))
    running.switch.hear(LegAnswered(LegId(f"{new_call_id(1)}-a1")))
    running.switch.hear(LegRinging(LegId(f"{new_call_id(1)}-a1")))
    running.switch.hear(RecordingFailed(RecordingId(f"{new_call_id(1)}-r1"), "full"))
    caller = await centre.caller("1")
    assert centre.call_of(caller)


async def test_a_call_that_has_ended_but_waits_for_the_store_takes_no_proposals(centre: Centre) -> None:
    """Its end is not written yet, so our replica still shows it waiting."""
    running = await centre.start()
    caller = await centre.caller("1")
    call = centre.call_of(caller)
    centre.line.down = True
    await centre.hangs_up(caller)
    assert call.id in running.worker.registry
    assert not running.worker.registry.propose(call.id, AgentProposed("anna", PhoneId("p"), 0, ""))
    centre.line.down = False
    await centre.pass_time(2)
    assert call.id not in running.worker.registry


async def test_proposals_left_in_the_inbox_of_a_call_that_ends_free_their_agents(centre: Centre) -> None:
    running = await centre.start()
    caller = await centre.caller("1")
    session = next(iter(running.worker.registry))
    centre.exchange.hang_up(caller)
    await asyncio.sleep(0)
    session.post(AgentProposed("anna", PHONES["anna"], 0, ""))
    running.worker.dispatcher._asked["anna"] = session.call.id
    await centre.pass_time(1)
    assert running.worker.dispatcher._asked == {}
