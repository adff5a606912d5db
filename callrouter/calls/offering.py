"""An offer: an agent is reserved and the phone rings, until it is answered, refused, missed or not needed any more."""

from __future__ import annotations

from dataclasses import replace

from callrouter.acd import activity
from callrouter.calls import events as e
from callrouter.calls.call import Call, Offer, Phase, Talk, offer_of, place_of
from callrouter.calls.in_line import queue_entry
from callrouter.calls.sound import silence
from callrouter.calls.step import (
    Moment,
    Need,
    Step,
    ended,
    entry,
    next_id,
    next_recording,
    with_timer,
    without_timers,
)
from callrouter.journal import Word
from callrouter.telephony import (
    BridgeId,
    HangUp,
    InterceptHold,
    Join,
    LegId,
    MakeBridge,
    Ring,
    StartRecording,
)

RING_GRACE_MS = 2_000
"""The switch ends a ring by itself at ring_s; this is the backstop should its word not reach us."""


def ring_agent(call: Call, event: e.AgentProposed, moment: Moment) -> Step:
    """Reserve the agent (the store may say no, then none of this happens) and ring the phone."""
    place = place_of(call)
    rules = moment.setting.queues[place.queue]
    call, leg = next_id(call, "a")
    offer = Offer(event.agent, event.phone, LegId(leg), moment.now_ms, event.missed, event.calls, event.talk_ms)
    call = replace(call, phase=Phase.OFFERING, offer=offer)
    call = with_timer(call, "ring", moment.now_ms + rules.ring_s * 1000 + RING_GRACE_MS)
    return Step(
        call,
        commands=(Ring(offer.leg, call.id, event.phone, call.caller, call.caller_name, rules.ring_s),),
        entries=(queue_entry(Word.OFFER, call, agent=event.agent, leg=leg, floor=event.saw, ring_s=rules.ring_s),),
        floor={
            f"agent:{event.agent}": activity.reserved(call.id, leg),
            f"waiting:{call.id}": {"offer": event.agent},
        },
        needs=(
            *(Need(f"agent:{event.agent}", field, value) for field, value in activity.FREE.items()),
            Need(f"waiting:{call.id}", "offer", ""),
        ),
    )


def note_ringing(call: Call, _event: e.OfferRinging, _moment: Moment) -> Step:
    offer = offer_of(call)
    rings = queue_entry(Word.RINGING, call, agent=offer.agent)
    return Step(call, entries=(rings,), floor={f"agent:{offer.agent}": activity.ringing()})


def connect(call: Call, _event: e.OfferAnswered, moment: Moment) -> Step:
    """Caller and agent into one bridge, recorded from the first word."""
    offer, place = offer_of(call), place_of(call)
    call, bridge = next_id(call, "b")
    call, recording = next_recording(call)
    recorded = moment.setting.record and moment.setting.queues[place.queue].record
    talk = Talk(
        offer.agent,
        offer.leg,
        BridgeId(bridge),
        recording if recorded else None,
        place.queue,
        moment.now_ms,
        calls=offer.calls,
        talk_ms=offer.talk_ms,
    )
    quiet = silence(call)
    waited = moment.now_ms - place.since_ms
    call = replace(without_timers(call), phase=Phase.TALKING, offer=None, talk=talk, waited_ms=waited)
    call = replace(call, music=False, playback=None)
    record = (StartRecording(call.caller_leg, talk.recording),) if talk.recording else ()
    return Step(
        call,
        commands=(
            *quiet,
            MakeBridge(talk.bridge),
            InterceptHold(talk.leg),
            *record,
            Join(talk.bridge, (call.caller_leg, talk.leg)),
        ),
        entries=(
            queue_entry(
                Word.CONNECT,
                call,
                agent=talk.agent,
                waited_ms=waited,
                ring_ms=moment.now_ms - offer.since_ms,
                recording=talk.recording or "",
            ),
        ),
        floor={f"agent:{talk.agent}": activity.talking(), f"waiting:{call.id}": None},
    )


def try_next_agent(call: Call, event: e.OfferEnded | e.RingTimeUp, moment: Moment) -> Step:
    """Nobody answered there: the caller keeps the place, the agent rests or is set NOT_READY."""
    offer, place = offer_of(call), place_of(call)
    rules = moment.setting.queues[place.queue]
    cause = event.cause if isinstance(event, e.OfferEnded) else 19
    why = "declined" if cause in (17, 21) else "unreachable" if cause in (1, 3, 20, 27) else "missed"
    floor = {
        f"agent:{offer.agent}": activity.missed(offer.missed + 1, rules.missed_limit, moment.now_ms, why),
        f"waiting:{call.id}": {"offer": ""},
    }
    vain = queue_entry(
        Word.RINGNOANSWER, call, agent=offer.agent, ring_ms=moment.now_ms - offer.since_ms, cause=cause, why=why
    )
    entries = [vain]
    if offer.missed + 1 >= rules.missed_limit:
        entries.append(entry(Word.PAUSE, call, agent=offer.agent, reason=why, by="callrouter"))
    hang_up = (HangUp(offer.leg, "no_answer"),) if isinstance(event, e.RingTimeUp) else ()
    waiting = waits_again(call, moment)
    return Step(waiting, commands=hang_up, entries=tuple(entries), floor=floor)


def abandon_ringing(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    """The caller left while a phone rang: it stops at once, and its agent keeps the place among the idle."""
    offer, place = offer_of(call), place_of(call)
    waited = moment.now_ms - place.since_ms
    entries = (
        queue_entry(Word.RINGCANCELED, call, agent=offer.agent, ring_ms=moment.now_ms - offer.since_ms),
        queue_entry(Word.ABANDON, call, waited_ms=waited),
    )
    floor = {f"agent:{offer.agent}": activity.released(), f"waiting:{call.id}": None}
    call, last = ended(call, "abandoned", moment.now_ms)
    return Step(replace(call, offer=None), (HangUp(offer.leg),), (*entries, last), floor)


def take_offer_back(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """A ringing phone cannot be adopted: its answer would go to the dead worker. Stop it and choose anew."""
    offer = offer_of(call)
    back = queue_entry(Word.RINGCANCELED, call, agent=offer.agent, ring_ms=moment.now_ms - offer.since_ms)
    waiting = with_timer(replace(waits_again(call, moment), music=False, playback=None), "music", moment.now_ms)
    floor = {
        f"agent:{offer.agent}": activity.released(),
        f"waiting:{call.id}": {"offer": ""},
    }
    return Step(waiting, (HangUp(offer.leg),), (back,), floor)


def waits_again(call: Call, moment: Moment) -> Call:
    """Back from an offer; if the longest wait ran out meanwhile, the timer fires at once."""
    call = replace(without_timers(call, "ring"), phase=Phase.WAITING, offer=None)
    return with_timer(call, "wait", max(moment.now_ms, place_of(call).leave_at_ms))
