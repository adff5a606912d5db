"""Limits of calls in one call's life: what is checked at the offer, and counted at the answer."""

from __future__ import annotations

from dataclasses import replace

from callrouter.calls import events as e
from callrouter.calls.life import step
from callrouter.calls.step import Moment, Step
from callrouter.config import AgentPart, MaxCalls
from callrouter.journal import Word
from callrouter.telephony import PhoneId
from tests.calls.scenes import FACTS, SETTING, a_waiting_caller


def an_offer(limits: MaxCalls, calls: int = 0, recent: str = "") -> tuple[Step, Moment]:
    agents = {"anna": AgentPart(name="Anna", queues=("payers",), max_calls=limits)}
    scene = a_waiting_caller()
    moment = Moment(scene.now_ms, replace(SETTING, agents=agents), FACTS)
    event = e.AgentProposed("anna", PhoneId("phone-anna"), 0, "5-0", calls, recent=recent)
    return step(scene.call, event, moment), moment


def answered(limits: MaxCalls, calls: int = 0, recent: str = "") -> Step:
    offered, moment = an_offer(limits, calls, recent)
    return step(offered.call, e.OfferAnswered(offered.call.offers[0].leg), moment)


def test_whose_calls_are_counted_is_reserved_only_if_the_choice_knew_the_count() -> None:
    offered, _ = an_offer(MaxCalls(hour=3), calls=7)
    assert ("calls", "7") in {(need.field, need.value) for need in offered.needs}
    offered, _ = an_offer(MaxCalls(), calls=7)
    assert "calls" not in {need.field for need in offered.needs}


def test_the_last_call_of_the_shift_is_told_beside_its_answer() -> None:
    step = answered(MaxCalls(shift=2), calls=1)
    assert [entry.word for entry in step.entries] == [Word.CONNECT, Word.PAUSE]
    assert step.entries[-1].data == {"reason": "limit", "by": "callrouter"}
    anna = step.floor["agent:anna"] or {}
    assert (anna["activity"], anna["presence"], anna["calls"]) == ("TALKING", "NOT_READY", "2")


def test_the_call_that_fills_the_hour_knows_until_when() -> None:
    step = answered(MaxCalls(hour=2), recent="400000")
    assert step.call.talk is not None
    assert step.call.talk.rest_until_ms == 400_000 + 3_600_000
    assert [entry.word for entry in step.entries] == [Word.CONNECT]
