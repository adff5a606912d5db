"""Offers: an agent is reserved and the phone rings, until it is answered, refused, missed or not needed any more.

With ring_all there may be several, and more may join while the call is `open` on the floor; the first answer wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callrouter.acd import activity
from callrouter.acd.limits import answered
from callrouter.calls import events as e
from callrouter.calls import told
from callrouter.calls.call import Call, Offer, Phase, Talk, offer_of, place_of
from callrouter.calls.callback import stands_again
from callrouter.calls.calling_back import dial
from callrouter.calls.in_line import queue_entry
from callrouter.calls.ring_back import place_kept
from callrouter.calls.sound import silence
from callrouter.calls.step import (
    Moment,
    Need,
    Step,
    ended,
    entry,
    next_id,
    next_recording,
    then,
    with_timer,
    without_timers,
)
from callrouter.config import MaxCalls, Queue
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

UNREACHABLE = frozenset({1, 3, 20, 27, 38, 41, 42})
"""ITU-T Q.850: unallocated number, no route, subscriber absent, destination out of order, network trouble."""
MISSED = frozenset({0, 16, 18, 19})
"""Normal clearing, no user responding, no answer: what a ring that runs out may end with."""
RING_GRACE_MS = 1_000
"""The switch ends a ring by itself at ring_s; this is the backstop should its word not reach us, well before the agent
counts as stuck (acd/invariants.py)."""


def ring_first(call: Call, event: e.AgentProposed, moment: Moment) -> Step:
    """A waiting caller's turn; but after a ring that outlived the longest wait, the caller leaves in this instant."""
    return ring_agent(call, event, moment) if moment.now_ms < place_of(call).leave_at_ms else Step(call)


def ring_agent(call: Call, event: e.AgentProposed, moment: Moment) -> Step:
    """Reserve the agent (the store may say no, then none of this happens) and ring the phone."""
    before, rules = _on_floor(call, moment), moment.setting.queues[place_of(call).queue]
    call, leg = next_id(call, "a")
    offer = Offer(
        event.agent,
        event.phone,
        LegId(leg),
        moment.now_ms,
        event.missed,
        event.calls,
        event.talk_ms,
        until_ms=moment.now_ms + min(round(rules.silent_s * 1000), _longest_ring_ms(rules)),
        missed_why=event.missed_why,
        recent=event.recent,
    )
    call = _ringing(call, (*call.offers, offer))
    return Step(
        call,
        commands=(
            Ring(
                offer.leg,
                call.id,
                event.phone,
                call.caller,
                told.shown(call, rules),
                rules.ring_s,
                told.is_asked_to_answer(event.agent, rules, moment.setting),
            ),
        ),
        entries=(queue_entry(Word.OFFER, call, agent=event.agent, leg=leg, floor=event.saw, ring_s=rules.ring_s),),
        floor={
            f"agent:{event.agent}": activity.reserved(call.id, leg),
            f"waiting:{call.id}": _on_floor(call, moment),
        },
        needs=(
            *(Need(f"agent:{event.agent}", field, value) for field, value in activity.FREE.items()),
            Need(f"waiting:{call.id}", "offer", before["offer"]),
            *_still_counted(event, moment),
        ),
    )


def _still_counted(event: e.AgentProposed, moment: Moment) -> tuple[Need, ...]:
    """For whom a limit counts calls, the choice must have seen the last of them: its news may be on the way."""
    limits = _limits(event.agent, moment)
    counts = limits.shift is not None or limits.hour is not None
    return (Need(f"agent:{event.agent}", "calls", str(event.calls)),) if counts else ()


def _limits(agent: str, moment: Moment) -> MaxCalls:
    part = moment.setting.agents.get(agent)
    return part.max_calls if part is not None else MaxCalls()


def ring_also(call: Call, event: e.AgentProposed, moment: Moment) -> Step:
    """With ring_all another phone joins those that ring; else the choice was faster than the news."""
    return ring_agent(call, event, moment) if _is_open(call, moment) else Step(call)


def ring_nobody_else(call: Call, _event: e.WaitTimeUp, moment: Moment) -> Step:
    """The longest wait is over while phones ring: they are let end first (see waits_again), and none is added."""
    if not moment.setting.queues[place_of(call).queue].rings_all:
        return Step(call)
    note = queue_entry(Word.LASTRING, call, waited_ms=moment.now_ms - place_of(call).since_ms)
    return Step(call, entries=(note,), floor={f"waiting:{call.id}": {"open": ""}})


def _longest_ring_ms(rules: Queue) -> int:
    return rules.ring_s * 1000 + RING_GRACE_MS


def note_ringing(call: Call, event: e.OfferRinging, moment: Moment) -> Step:
    """It rings: from now on it may do so for as long as the queue says, from the beginning of the offer."""
    offer = offer_of(call, event.leg)
    until_ms = offer.since_ms + _longest_ring_ms(moment.setting.queues[place_of(call).queue])
    rings_now = replace(offer, rang=True, until_ms=until_ms)
    call = _ringing(call, tuple(rings_now if each == offer else each for each in call.offers))
    rings = queue_entry(Word.RINGING, call, agent=offer.agent)
    return Step(call, entries=(rings,), floor={f"agent:{offer.agent}": activity.ringing()})


def connect(call: Call, event: e.OfferAnswered, moment: Moment) -> Step:
    """Whoever else rings stops, and they talk; to call back, the phone outside is rung first."""
    offer = offer_of(call, event.leg)
    alone = let_others_stop(call, offer, moment)
    return then(alone, join(alone.call, offer, moment))


def let_others_stop(call: Call, offer: Offer, moment: Moment) -> Step:
    """This agent has answered first."""
    return let_stop(call, [each for each in call.offers if each != offer], moment, answered_by=offer.agent)


def join(call: Call, offer: Offer, moment: Moment) -> Step:
    """The agent takes the call. To call back, the phone outside is rung now."""
    return connected(call, offer, moment) if call.caller_leg else dial(call, offer, moment)


def connected(call: Call, offer: Offer, moment: Moment) -> Step:
    """Caller and agent into one bridge, recorded from the first word."""
    place = place_of(call)
    call, bridge = next_id(call, "b")
    call, recording = next_recording(call)
    recorded = moment.setting.record and moment.setting.queues[place.queue].record
    counted = answered(offer.calls, offer.recent, _limits(offer.agent, moment), moment.now_ms)
    talk = Talk(
        offer.agent,
        offer.leg,
        BridgeId(bridge),
        recording if recorded else None,
        place.queue,
        moment.now_ms,
        talk_ms=offer.talk_ms,
        rest_until_ms=int(counted.get("rest_until", "0")),
    )
    pause = entry(Word.PAUSE, call, agent=talk.agent, reason=activity.LIMIT, by="callrouter")
    quiet = silence(call)
    waited = moment.now_ms - place.since_ms
    call = replace(without_timers(call), phase=Phase.TALKING, offers=(), talk=talk, waited_ms=waited)
    call = replace(call, music=False, playback=None)
    record = (StartRecording(call.caller_leg, talk.recording),) if talk.recording else ()
    briefed = {"briefed_ms": offer.briefed_ms} if offer.answered_ms else {}
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
                ring_ms=rang_ms(offer, moment),
                recording=talk.recording or "",
                **briefed,
            ),
            *((pause,) if "presence" in counted else ()),
        ),
        floor={
            f"agent:{talk.agent}": {**activity.talking(call.id, place.queue), **counted},
            f"waiting:{call.id}": None,
        },
    )


def try_next_agent(call: Call, event: e.OfferEnded, moment: Moment) -> Step:
    """Refused, or not to be reached: who else rings goes on, or the caller waits again."""
    return _in_vain(call, offer_of(call, event.leg), event.cause, moment)


def end_long_rings(call: Call, _event: e.RingTimeUp, moment: Moment) -> Step:
    """A phone has not begun to ring in time, or the switch has not ended a ring that has lasted long enough."""
    now_ms = max(moment.now_ms, min(offer.until_ms for offer in call.offers))
    step = Step(call)
    for offer in call.offers:
        if offer.until_ms <= now_ms:
            ended_ring = _in_vain(step.call, offer, 19, moment)
            step = then(then(step, Step(step.call, (HangUp(offer.leg, "no_answer"),))), ended_ring)
    return step


def _in_vain(call: Call, offer: Offer, cause: int, moment: Moment) -> Step:
    """Nobody answered there: the caller keeps the place, the agent rests or is set NOT_READY, by the rule for why."""
    why, rules, picked_up = _why(offer, cause), moment.setting.queues[place_of(call).queue], offer.answered_ms > 0
    after = activity.in_vain(rules, why, offer.missed, offer.missed_why, moment.now_ms, picked_up=picked_up)
    ring_ms = rang_ms(offer, moment)
    entries = [queue_entry(Word.RINGNOANSWER, call, agent=offer.agent, ring_ms=ring_ms, cause=cause, why=why)]
    if "presence" in after:
        entries.append(entry(Word.PAUSE, call, agent=offer.agent, reason=why, by="callrouter"))
    call = _without(call, (offer,), moment)
    floor = {f"agent:{offer.agent}": after, f"waiting:{call.id}": _on_floor(call, moment)}
    return Step(call, entries=tuple(entries), floor=floor)


def let_stop(call: Call, offers: Sequence[Offer], moment: Moment, *, answered_by: str = "") -> Step:
    """These phones stop at once through no fault of their agents, who keep their places among the idle."""
    reason = "answered_elsewhere" if answered_by else "normal"
    answer = {"answered_by": answered_by} if answered_by else {}
    return Step(
        replace(call, offers=tuple(offer for offer in call.offers if offer not in offers)),
        commands=tuple(HangUp(offer.leg, reason) for offer in offers),
        entries=tuple(
            queue_entry(Word.RINGCANCELED, call, agent=offer.agent, ring_ms=rang_ms(offer, moment), **answer)
            for offer in offers
        ),
        floor={f"agent:{offer.agent}": activity.released() for offer in offers},
    )


def _why(offer: Offer, cause: int) -> str:
    """missed · declined · busy · unreachable, by the Q.850 cause; a phone that never rang cannot have been missed."""
    if cause in UNREACHABLE or (cause in MISSED and not offer.rang):
        return "unreachable"
    return {17: "busy", 21: "declined"}.get(cause, "missed")


def abandon_ringing(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    """The caller left while phones rang."""
    quiet = let_stop(call, call.offers, moment)
    gone = queue_entry(Word.ABANDON, call, waited_ms=moment.now_ms - place_of(call).since_ms)
    over, last = ended(quiet.call, "abandoned", moment.now_ms)
    floor = {f"waiting:{over.id}": None, **place_kept(call, moment)}
    return then(quiet, Step(over, entries=(gone, last), floor=floor))


def take_offers_back(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """A ringing phone cannot be adopted: its answer would go to the dead worker. Stop all and choose anew."""
    quiet = let_stop(call, call.offers, moment)
    waiting = waits_again(replace(call, music=False, playback=None), moment)
    if call.caller_leg:
        waiting = with_timer(waiting, "music", moment.now_ms)
    return then(quiet, Step(waiting, floor={f"waiting:{call.id}": _on_floor(waiting, moment)}))


def withdraw_offer(call: Call, event: e.OfferWithdrawn, moment: Moment) -> Step:
    """This offer alone is taken back; who else rings goes on."""
    gone = (offer_of(call, event.leg),)
    call = _without(call, gone, moment)
    stopped = let_stop(call, gone, moment)
    return then(stopped, Step(call, floor={f"waiting:{call.id}": _on_floor(call, moment)}))


def rang_ms(offer: Offer, moment: Moment) -> int:
    """How long the phone rang: until it was picked up, whatever came of that."""
    return (offer.answered_ms or moment.now_ms) - offer.since_ms


def _without(call: Call, gone: Sequence[Offer], moment: Moment) -> Call:
    left = tuple(offer for offer in call.offers if offer not in gone)
    return _ringing(call, left) if left else waits_again(call, moment)


def _ringing(call: Call, offers: tuple[Offer, ...]) -> Call:
    """The phones that ring from now on; one timer ends whichever has to end first."""
    call = replace(call, phase=Phase.OFFERING, offers=offers)
    return with_timer(call, "ring", min(offer.until_ms for offer in offers))


def waits_again(call: Call, moment: Moment) -> Call:
    """Back from the offers; if the longest wait ran out meanwhile, the timer fires at once."""
    if not call.caller_leg:
        return stands_again(call, moment)
    call = replace(without_timers(call, "ring", "accept"), phase=Phase.WAITING, offers=())
    return with_timer(call, "wait", max(moment.now_ms, place_of(call).leave_at_ms))


def _on_floor(call: Call, moment: Moment) -> dict[str, str]:
    """Whose phones ring, and whether more may join them."""
    names = ",".join(offer.agent for offer in call.offers)
    return {"offer": names, "open": "1" if call.offers and _is_open(call, moment) else ""}


def _is_open(call: Call, moment: Moment) -> bool:
    """With ring_all, until the longest wait is over; a callback has none."""
    place = place_of(call)
    may_wait = not call.caller_leg or moment.now_ms < place.leave_at_ms
    return moment.setting.queues[place.queue].rings_all and may_wait
