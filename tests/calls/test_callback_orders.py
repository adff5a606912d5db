"""Whatever happens to a callback in whatever order: one ring at a time, no leg is stranded, it ends once."""

from __future__ import annotations

from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.calls import events as e
from callrouter.calls.call import Call, Phase
from callrouter.journal import Word
from callrouter.telephony import HangUp, LegId, Ring, RingOutside
from tests.calls.scenes import PHONE, Scene, a_callback, proposed

EVENTS: tuple[e.CallEvent, ...] = (
    e.CallerHungUp(),
    e.CallerPressed("1"),
    e.PromptEnded(),
    proposed(),
    proposed("boris"),
    e.OfferRinging(PHONE),
    e.OfferAnswered(PHONE),
    e.OfferEnded(PHONE, 19),
    e.RingTimeUp(),
    e.AgentHungUp(),
    e.CustomerAnswered(),
    e.CustomerNotReached(17),
    e.CustomerNotReached(38),
    e.CallbackTimeUp(),
    e.WaitTimeUp(),
    e.LeaveTimeUp(),
    e.CallbackWished("now"),
    e.Adopted(),
)
ENDS: tuple[e.CallEvent, ...] = (e.CallbackExpired(), e.CallbackWished("cancel"), e.CallbackWished("served"))


def can_happen(call: Call, event: e.CallEvent) -> bool:
    """Whether a leg is there of which this could be told."""
    back = call.callback
    match event:
        case e.OfferRinging() | e.OfferAnswered() | e.OfferEnded():
            return bool(call.offers)
        case e.AgentHungUp():
            return call.talk is not None or (back is not None and back.agent is not None)
        case e.CustomerAnswered() | e.CustomerNotReached():
            return back is not None and bool(back.leg)
        case e.CallerHungUp() | e.CallerPressed():
            return bool(call.caller_leg)
        case _:
            return True


def gone_by_itself(call: Call, event: e.CallEvent) -> set[LegId]:
    """The legs that this event says have left."""
    back = call.callback
    match event:
        case e.CallerHungUp():
            return {call.caller_leg}
        case e.OfferEnded():
            return {call.offers[0].leg}
        case e.AgentHungUp():
            return {part.leg for part in (call.talk, back.agent if back else None) if part is not None}
        case e.CustomerNotReached():
            return {back.leg} if back else set()
        case _:
            return set()


class Rings:
    """Which legs are alive, as commands and events have it."""

    def __init__(self) -> None:
        self.alive: set[LegId] = set()
        self.outside: set[LegId] = set()

    def follow(self, scene: Scene, gone: set[LegId]) -> None:
        self.alive -= gone
        for command in scene.done:
            match command:
                case HangUp(leg=leg):
                    self.alive.discard(leg)
                case RingOutside(leg=leg):
                    assert not self.alive & self.outside, "the customer is rung while their phone still rings or talks"
                    self.alive.add(leg)
                    self.outside.add(leg)
                case Ring(leg=leg):
                    self.alive.add(leg)


@settings(deadline=None)
@given(st.sampled_from("*#"), st.lists(st.sampled_from(EVENTS), max_size=60), st.sampled_from(ENDS))
def test_in_any_order_there_is_one_ring_at_a_time_and_one_end(
    key: str, order: list[e.CallEvent], end: e.CallEvent
) -> None:
    scene, rings = a_callback(key), Rings()
    for event in (*order, e.Adopted(), e.CallerHungUp(), end):
        call = scene.call
        if can_happen(call, event):
            gone = gone_by_itself(call, event)
            rings.follow(scene.then(event, after_ms=1_000), gone)
            if scene.call.phase is Phase.ENDED:  # what it says of its legs is how it was
                break
            assert set(scene.call.legs) <= rings.alive, "a leg is held that is not there"
            assert rings.alive <= set(scene.call.legs), "a leg is stranded"
    if scene.call.phase is Phase.ENDED:
        assert scene.words.count(Word.ENDED) == 1
        assert not rings.alive


def test_every_event_of_a_callback_is_among_them() -> None:
    kinds = {type(event) for event in (*EVENTS, *ENDS)}
    of_callbacks = {kind for kind in get_args(e.CallEvent) if kind.__name__.startswith(("Callback", "Customer"))}
    assert of_callbacks <= kinds
