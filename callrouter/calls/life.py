"""One call's life. Rule: everything that changes a call's phase is here, in in_tree.py, in_line.py or outside.py.

              keys, silence, prompts
                    ┌───┐
    arrived ──▶ IN_TREE ┘──────────────── hangup node ─────────────▶ ENDED
                    │  ▲ └─ transfer node ─▶ CALLING_OUT ─▶ TALKING   ▲
         queue node │  │ exit key, longest wait, if the tree says so  │
                    ▼  │                                              │
      ┌────────▶ WAITING ──── waited too long ──▶ LEAVING (sorry) ───▶│
      │             │  └───── ... or another queue, place kept        │
    missed          ▼ agent proposed and reserved                     │
      └──────── OFFERING ──── caller hangs up (in every phase) ──────▶│
                    │ answered                                        │
                    ▼                                                 │
                 TALKING ──── either hangs up ───────────────────────▶│

Handlers are named for what they do for people; late events are normal on the phone and are listed in IGNORED.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from callrouter.acd import activity
from callrouter.calls import aside
from callrouter.calls import events as e
from callrouter.calls.call import Call, Offer, Phase, Place, Talk, Target
from callrouter.calls.in_line import back_to_tree, overflow
from callrouter.calls.in_tree import not_reached, walked
from callrouter.calls.outside import CAUSES, connected
from callrouter.calls.sound import music, silence, speak
from callrouter.calls.step import Moment, Need, Step, ended, entry, next_id, then, with_timer, without_timers
from callrouter.journal import Entry, Word
from callrouter.telephony import (
    Answer,
    BridgeId,
    HangUp,
    InterceptHold,
    Join,
    LegId,
    MakeBridge,
    Play,
    PlaybackId,
    RecordingId,
    Ring,
    StartMusic,
    StartRecording,
    StopMusic,
    StopRecording,
    Unbridge,
)
from callrouter.tree.walk import KeyPressed, LookedUp, MessageTaken, PromptHeard, QueueLeft, Resumed, TimeUp

RING_GRACE_MS = 2_000
"""The switch ends a ring by itself at ring_s; this is the backstop should its word not reach us."""
LEAVE_AFTER_MS = 20_000
"""The longest goodbye."""


# --- in the tree -----------------------------------------------------------------------------------------------------


def press_key(call: Call, event: e.CallerPressed, moment: Moment) -> Step:
    return walked(call, KeyPressed(event.digit), moment)


def go_on_after_prompt(call: Call, event: e.PromptEnded, moment: Moment) -> Step:
    """After the filler of a lookup comes music, until the answer is there."""
    call = replace(call, playback=None)
    if call.lookup:
        return music(Step(call), "default")
    return walked(call, PromptHeard(whole=not event.failed), moment)


def go_on_after_silence(call: Call, _event: e.TreeTimeUp, moment: Moment) -> Step:
    return walked(without_timers(call, "tree"), TimeUp(), moment)


def fill_silence(call: Call, _event: e.FillerDue, moment: Moment) -> Step:
    return aside.fill(call, moment)


def go_on_with_answer(call: Call, event: e.LookupAnswered, moment: Moment) -> Step:
    if event.id != call.lookup:
        return Step(call)
    call, noted = aside.answered(call, event.answer, moment)
    return then(noted, walked(call, event.answer, moment))


def go_on_without_answer(call: Call, _event: e.LookupTimeUp, moment: Moment) -> Step:
    return go_on_with_answer(call, e.LookupAnswered(call.lookup, LookedUp(failure="no answer in time")), moment)


def go_on_after_message(call: Call, event: e.MessageEnded | e.MessageTimeUp, moment: Moment) -> Step:
    if call.message is None:
        return Step(call)
    filed = aside.file_message(call)
    seconds = event.seconds if isinstance(event, e.MessageEnded) else (moment.now_ms - call.message.since_ms) / 1000
    return then(filed, walked(filed.call, MessageTaken(seconds), moment))


def leave_tree(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    """Whoever hangs up after the message has left it."""
    filed = aside.file_message(call) if call.message else Step(call)
    call, last = ended(filed.call, "left_message" if filed.errands else "left_tree", moment.now_ms)
    return then(filed, Step(call, entries=(last,)))


def ask_again(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """Nobody knows what the caller had heard of the prompt when the worker died, or whether the call had even been
    answered: answer (twice is once) and say it again."""
    quiet = (StopMusic(call.caller_leg),) if call.music else ()
    filed = aside.stop_message(call) if call.message else Step(call)
    call = replace(without_timers(filed.call, "lookup", "filler"), playback=None, music=False, lookup="")
    asked = then(replace(filed, call=call), walked(call, Resumed(), moment))
    return replace(asked, commands=(Answer(call.caller_leg), *quiet, *asked.commands))


# --- somebody of the directory is rung -------------------------------------------------------------------------------


def put_through(call: Call, _event: e.OfferAnswered, moment: Moment) -> Step:
    return connected(call, moment)


def go_on_in_tree(call: Call, event: e.OfferEnded | e.RingTimeUp, moment: Moment) -> Step:
    """Nobody was reached; what may still ring is stopped."""
    target = _target(call)
    why = CAUSES.get(event.cause, "failed") if isinstance(event, e.OfferEnded) else "no_answer"
    hang_up = (HangUp(target.leg, "no_answer"),) if isinstance(event, e.RingTimeUp) else ()
    return not_reached(Step(call, hang_up), target.id, why, moment)


def stop_ringing_out(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    target = _target(call)
    note = entry(Word.TRANSFER, call, target=target.id, outcome="caller_left")
    call, last = ended(replace(call, target=None), "left_tree", moment.now_ms)
    return Step(call, (HangUp(target.leg),), (note, last))


def ring_out_again(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """As with agents: a ringing phone cannot be adopted, its answer would go to the dead worker."""
    target = _target(call)
    back = replace(without_timers(call, "ring"), phase=Phase.IN_TREE, target=None)
    return then(Step(back, (HangUp(target.leg),)), ask_again(back, e.Adopted(), moment))


# --- waiting ---------------------------------------------------------------------------------------------------------


def ring_agent(call: Call, event: e.AgentProposed, moment: Moment) -> Step:
    """Reserve the agent (the store may say no, then none of this happens) and ring the phone."""
    place = _place(call)
    rules = moment.setting.queues[place.queue]
    call, leg = next_id(call, "a")
    offer = Offer(event.agent, event.phone, LegId(leg), moment.now_ms, event.missed, event.calls, event.talk_ms)
    call = replace(call, phase=Phase.OFFERING, offer=offer)
    call = with_timer(call, "ring", moment.now_ms + rules.ring_s * 1000 + RING_GRACE_MS)
    return Step(
        call,
        commands=(Ring(offer.leg, call.id, event.phone, call.caller, call.caller_name, rules.ring_s),),
        entries=(_queue_entry(Word.OFFER, call, agent=event.agent, leg=leg, floor=event.saw, ring_s=rules.ring_s),),
        floor={
            f"agent:{event.agent}": activity.reserved(call.id, leg),
            f"waiting:{call.id}": {"offer": event.agent},
        },
        needs=(
            *(Need(f"agent:{event.agent}", field, value) for field, value in activity.FREE.items()),
            Need(f"waiting:{call.id}", "offer", ""),
        ),
    )


def play_music(call: Call, _event: e.MusicDue | e.PromptEnded, moment: Moment) -> Step:
    place = _place(call)
    return music(Step(without_timers(call, "music")), place.music or moment.setting.queues[place.queue].music)


def announce(call: Call, _event: e.AnnounceDue, moment: Moment) -> Step:
    """A word now and then; not while something is still being said, and not in the way of an agent's ringing phone."""
    place = _place(call)
    call = with_timer(call, "announce", moment.now_ms + int(place.announce_every_s * 1000))
    if place.announce is None or call.playback is not None or call.offer is not None:
        return Step(call)
    quiet = (StopMusic(call.caller_leg),) if call.music else ()
    return speak(Step(replace(without_timers(call, "music"), music=False), quiet), (place.announce,), moment)


def leave_by_key(call: Call, event: e.CallerPressed, moment: Moment) -> Step:
    """The tree may have given a key to leave the line; a phone that rings for the caller then stops."""
    place, offer = _place(call), call.offer
    if not place.exit_key or event.digit != place.exit_key:
        return Step(call)
    out = [_queue_entry(Word.EXITWITHKEY, call, key=event.digit, waited_ms=moment.now_ms - place.since_ms)]
    floor: dict[str, Any] = {f"waiting:{call.id}": None}
    hang_up: tuple[HangUp, ...] = ()
    if offer is not None:
        rang = moment.now_ms - offer.since_ms
        out.insert(0, _queue_entry(Word.RINGCANCELED, call, agent=offer.agent, ring_ms=rang))
        floor[f"agent:{offer.agent}"] = activity.released()
        hang_up = (HangUp(offer.leg),)
    back = back_to_tree(call, moment)
    return then(Step(back, hang_up, tuple(out), floor), walked(back, QueueLeft("exit"), moment))


def move_on(call: Call, _event: e.WaitTimeUp, moment: Moment) -> Step:
    """The longest wait is over: another queue with the place kept, or a polite end."""
    place = _place(call)
    rules = moment.setting.queues[place.queue]
    to = "tree" if place.returns else rules.overflow
    out = _queue_entry(Word.EXITWITHTIMEOUT, call, waited_ms=moment.now_ms - place.since_ms, to=to)
    if place.returns:
        back = back_to_tree(call, moment)
        gone = Step(back, entries=(out,), floor={f"waiting:{call.id}": None})
        return then(gone, walked(back, QueueLeft("timed_out"), moment))
    if rules.overflow != "hangup":
        return overflow(Step(call, entries=(out,)), rules.overflow, moment)
    quiet = silence(call)
    call, playback = next_id(_left_line(call, moment), "p")
    call = replace(without_timers(call), phase=Phase.LEAVING, playback=PlaybackId(playback), music=False)
    call = with_timer(call, "leave", moment.now_ms + LEAVE_AFTER_MS)
    files = moment.setting.files(moment.setting.sorry, call.language)
    return Step(
        call,
        commands=(*quiet, Play(call.caller_leg, PlaybackId(playback), files)),
        entries=(out,),
        floor={f"waiting:{call.id}": None},
    )


def let_go(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    place = _place(call)
    gone = _queue_entry(Word.ABANDON, call, waited_ms=moment.now_ms - place.since_ms)
    call, last = ended(call, "abandoned", moment.now_ms)
    return Step(call, entries=(gone, last), floor={f"waiting:{call.id}": None})


def stand_on(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """Adopted while waiting: the place is kept, the music made sure of."""
    return Step(with_timer(replace(call, music=False, playback=None), "music", moment.now_ms))


# --- offering --------------------------------------------------------------------------------------------------------


def note_ringing(call: Call, _event: e.OfferRinging, _moment: Moment) -> Step:
    offer = _offer(call)
    rings = _queue_entry(Word.RINGING, call, agent=offer.agent)
    return Step(call, entries=(rings,), floor={f"agent:{offer.agent}": activity.ringing()})


def connect(call: Call, _event: e.OfferAnswered, moment: Moment) -> Step:
    """Caller and agent into one bridge, recorded from the first word."""
    offer, place = _offer(call), _place(call)
    call, bridge = next_id(call, "b")
    call, recording = next_id(call, "r")
    recorded = moment.setting.record and moment.setting.queues[place.queue].record
    talk = Talk(
        offer.agent,
        offer.leg,
        BridgeId(bridge),
        RecordingId(recording) if recorded else None,
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
            _queue_entry(
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
    offer, place = _offer(call), _place(call)
    rules = moment.setting.queues[place.queue]
    cause = event.cause if isinstance(event, e.OfferEnded) else 19
    why = "declined" if cause in (17, 21) else "unreachable" if cause in (1, 3, 20, 27) else "missed"
    floor = {
        f"agent:{offer.agent}": activity.missed(offer.missed + 1, rules.missed_limit, moment.now_ms, why),
        f"waiting:{call.id}": {"offer": ""},
    }
    vain = _queue_entry(
        Word.RINGNOANSWER, call, agent=offer.agent, ring_ms=moment.now_ms - offer.since_ms, cause=cause, why=why
    )
    entries = [vain]
    if offer.missed + 1 >= rules.missed_limit:
        entries.append(entry(Word.PAUSE, call, agent=offer.agent, reason=why, by="callrouter"))
    hang_up = (HangUp(offer.leg, "no_answer"),) if isinstance(event, e.RingTimeUp) else ()
    waiting = _waits_again(call, moment)
    return Step(waiting, commands=hang_up, entries=tuple(entries), floor=floor)


def abandon_ringing(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    """The caller left while a phone rang: it stops at once, and its agent keeps the place among the idle."""
    offer, place = _offer(call), _place(call)
    waited = moment.now_ms - place.since_ms
    entries = (
        _queue_entry(Word.RINGCANCELED, call, agent=offer.agent, ring_ms=moment.now_ms - offer.since_ms),
        _queue_entry(Word.ABANDON, call, waited_ms=waited),
    )
    floor = {f"agent:{offer.agent}": activity.released(), f"waiting:{call.id}": None}
    call, last = ended(call, "abandoned", moment.now_ms)
    return Step(replace(call, offer=None), (HangUp(offer.leg),), (*entries, last), floor)


def take_offer_back(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """A ringing phone cannot be adopted: its answer would go to the dead worker. Stop it and choose anew."""
    offer = _offer(call)
    back = _queue_entry(Word.RINGCANCELED, call, agent=offer.agent, ring_ms=moment.now_ms - offer.since_ms)
    waiting = with_timer(replace(_waits_again(call, moment), music=False, playback=None), "music", moment.now_ms)
    floor = {
        f"agent:{offer.agent}": activity.released(),
        f"waiting:{call.id}": {"offer": ""},
    }
    return Step(waiting, (HangUp(offer.leg),), (back,), floor)


# --- talking ---------------------------------------------------------------------------------------------------------


def caller_is_done(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    talk = _talk(call)
    return _talked(call, Word.COMPLETECALLER, (HangUp(talk.leg),), moment)


def agent_is_done(call: Call, _event: e.AgentHungUp, moment: Moment) -> Step:
    return _talked(call, Word.COMPLETEAGENT, (HangUp(call.caller_leg),), moment)


def _talked(call: Call, word: Word, hang_up: tuple[HangUp, ...], moment: Moment) -> Step:
    talk = _talk(call)
    talked = moment.now_ms - talk.since_ms
    wrap_up_s = moment.setting.queues[talk.queue].wrap_up_s if talk.queue in moment.setting.queues else 0
    after = activity.wrapping_up(moment.now_ms + int(wrap_up_s * 1000)) if wrap_up_s else activity.idle()
    sums = activity.talked(talk.calls + 1, talk.talk_ms + talked)
    target = {"target": talk.target} if talk.target else {}
    done = entry(word, call, agent=talk.agent, queue=talk.queue, waited_ms=call.waited_ms, talked_ms=talked, **target)
    call, last = ended(call, "completed", moment.now_ms, talked)
    stop = (StopRecording(call.caller_leg, talk.recording),) if talk.recording else ()
    return Step(
        call,
        commands=(*hang_up, *stop, Unbridge(talk.bridge)),
        entries=(done, last),
        floor={f"agent:{talk.agent}": {**after, **sums}} if talk.agent else {},
    )


def hold_caller(call: Call, _event: e.AgentHeld, moment: Moment) -> Step:
    queue = moment.setting.queues.get(_talk(call).queue)
    return Step(replace(call, music=True), commands=(StartMusic(call.caller_leg, queue.music if queue else "default"),))


def take_caller_back(call: Call, _event: e.AgentUnheld, _moment: Moment) -> Step:
    return Step(replace(call, music=False), commands=(StopMusic(call.caller_leg),))


def note_lost_recording(call: Call, event: e.RecordingLost, _moment: Moment) -> Step:
    talk = _talk(call)
    lost = entry(Word.RECORDING, call, agent=talk.agent, queue=talk.queue, problem=event.reason)
    return Step(replace(call, talk=replace(talk, recording=None)), entries=(lost,))


# --- leaving ---------------------------------------------------------------------------------------------------------


def say_goodbye(call: Call, _event: e.PromptEnded | e.LeaveTimeUp | e.Adopted, moment: Moment) -> Step:
    call, last = ended(replace(call, playback=None), "timed_out", moment.now_ms)
    return Step(call, commands=(HangUp(call.caller_leg),), entries=(last,))


def leave_early(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    call, last = ended(call, "timed_out", moment.now_ms)
    return Step(call, entries=(last,))


def hang_up_stray(call: Call, event: e.StrayAnswered, _moment: Moment) -> Step:
    """An agent picked up in the very moment the offer ended."""
    return Step(call, commands=(HangUp(event.leg, "answered_elsewhere"),))


# --- parts of the above ----------------------------------------------------------------------------------------------


def _waits_again(call: Call, moment: Moment) -> Call:
    """Back from an offer; if the longest wait ran out meanwhile, the timer fires at once."""
    call = replace(without_timers(call, "ring"), phase=Phase.WAITING, offer=None)
    return with_timer(call, "wait", max(moment.now_ms, _place(call).leave_at_ms))


def _left_line(call: Call, moment: Moment) -> Call:
    return replace(call, place=None, waited_ms=moment.now_ms - _place(call).since_ms)


def _queue_entry(word: Word, call: Call, **data: object) -> Entry:
    return entry(word, call, queue=_place(call).queue, **data)


def _place(call: Call) -> Place:
    assert call.place is not None, f"{call.id} is {call.phase} without a place in a line"
    return call.place


def _offer(call: Call) -> Offer:
    assert call.offer is not None, f"{call.id} is {call.phase} without an offer"
    return call.offer


def _target(call: Call) -> Target:
    assert call.target is not None, f"{call.id} is {call.phase} without a target"
    return call.target


def _talk(call: Call) -> Talk:
    assert call.talk is not None, f"{call.id} is {call.phase} without a talk"
    return call.talk


Handler = Callable[[Call, Any, Moment], Step]
P = Phase

TRANSITIONS: dict[tuple[Phase, type[e.CallEvent]], Handler] = {
    (P.IN_TREE, e.CallerPressed): press_key,
    (P.IN_TREE, e.PromptEnded): go_on_after_prompt,
    (P.IN_TREE, e.TreeTimeUp): go_on_after_silence,
    (P.IN_TREE, e.CallerHungUp): leave_tree,
    (P.IN_TREE, e.Adopted): ask_again,
    (P.IN_TREE, e.StrayAnswered): hang_up_stray,
    (P.IN_TREE, e.FillerDue): fill_silence,
    (P.IN_TREE, e.LookupAnswered): go_on_with_answer,
    (P.IN_TREE, e.LookupTimeUp): go_on_without_answer,
    (P.IN_TREE, e.MessageEnded): go_on_after_message,
    (P.IN_TREE, e.MessageTimeUp): go_on_after_message,
    (P.CALLING_OUT, e.OfferAnswered): put_through,
    (P.CALLING_OUT, e.OfferEnded): go_on_in_tree,
    (P.CALLING_OUT, e.RingTimeUp): go_on_in_tree,
    (P.CALLING_OUT, e.CallerHungUp): stop_ringing_out,
    (P.CALLING_OUT, e.Adopted): ring_out_again,
    (P.CALLING_OUT, e.StrayAnswered): hang_up_stray,
    (P.WAITING, e.CallerPressed): leave_by_key,
    (P.WAITING, e.AnnounceDue): announce,
    (P.OFFERING, e.CallerPressed): leave_by_key,
    (P.OFFERING, e.AnnounceDue): announce,
    (P.WAITING, e.AgentProposed): ring_agent,
    (P.WAITING, e.MusicDue): play_music,
    (P.WAITING, e.PromptEnded): play_music,
    (P.WAITING, e.WaitTimeUp): move_on,
    (P.WAITING, e.CallerHungUp): let_go,
    (P.WAITING, e.Adopted): stand_on,
    (P.WAITING, e.StrayAnswered): hang_up_stray,
    (P.OFFERING, e.OfferRinging): note_ringing,
    (P.OFFERING, e.OfferAnswered): connect,
    (P.OFFERING, e.OfferEnded): try_next_agent,
    (P.OFFERING, e.RingTimeUp): try_next_agent,
    (P.OFFERING, e.MusicDue): play_music,
    (P.OFFERING, e.PromptEnded): play_music,
    (P.OFFERING, e.CallerHungUp): abandon_ringing,
    (P.OFFERING, e.Adopted): take_offer_back,
    (P.OFFERING, e.StrayAnswered): hang_up_stray,
    (P.TALKING, e.CallerHungUp): caller_is_done,
    (P.TALKING, e.AgentHungUp): agent_is_done,
    (P.TALKING, e.AgentHeld): hold_caller,
    (P.TALKING, e.AgentUnheld): take_caller_back,
    (P.TALKING, e.RecordingLost): note_lost_recording,
    (P.TALKING, e.StrayAnswered): hang_up_stray,
    (P.LEAVING, e.PromptEnded): say_goodbye,
    (P.LEAVING, e.LeaveTimeUp): say_goodbye,
    (P.LEAVING, e.Adopted): say_goodbye,
    (P.LEAVING, e.CallerHungUp): leave_early,
    (P.LEAVING, e.StrayAnswered): hang_up_stray,
}

IGNORED: frozenset[tuple[Phase, type[e.CallEvent]]] = frozenset(
    {
        # timers that were cancelled while they fired, and offers of a line already left
        (P.IN_TREE, e.AgentProposed),
        (P.IN_TREE, e.RingTimeUp),
        (P.IN_TREE, e.WaitTimeUp),
        (P.IN_TREE, e.MusicDue),
        (P.IN_TREE, e.LeaveTimeUp),
        (P.WAITING, e.TreeTimeUp),
        (P.WAITING, e.RingTimeUp),
        (P.WAITING, e.LeaveTimeUp),
        (P.OFFERING, e.TreeTimeUp),
        (P.OFFERING, e.LeaveTimeUp),
        (P.TALKING, e.TreeTimeUp),
        (P.TALKING, e.RingTimeUp),
        (P.TALKING, e.WaitTimeUp),
        (P.TALKING, e.MusicDue),
        (P.TALKING, e.LeaveTimeUp),
        (P.LEAVING, e.TreeTimeUp),
        (P.LEAVING, e.RingTimeUp),
        (P.LEAVING, e.WaitTimeUp),
        (P.LEAVING, e.MusicDue),
        # keys that nobody asked for
        (P.CALLING_OUT, e.CallerPressed),
        (P.TALKING, e.CallerPressed),
        (P.LEAVING, e.CallerPressed),
        # a prompt that was stopped reports its end after all
        (P.TALKING, e.PromptEnded),
        # the choice was faster than the news
        (P.OFFERING, e.AgentProposed),
        (P.TALKING, e.AgentProposed),
        (P.LEAVING, e.AgentProposed),
        # while a phone rings the wait may run out: the ring is let end first (see _waits_again)
        (P.OFFERING, e.WaitTimeUp),
        # legs that play no part in this phase
        *((phase, event) for phase in (P.IN_TREE, P.WAITING, P.LEAVING) for event in (
            e.OfferRinging, e.OfferAnswered, e.OfferEnded, e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost,
        )),
        *((P.OFFERING, event) for event in (e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost)),
        *((P.TALKING, event) for event in (e.OfferRinging, e.OfferAnswered, e.OfferEnded)),
        # what a call in the tree waited for, and what only a waiting caller hears
        *((phase, event) for phase in P if phase not in (P.IN_TREE, P.ENDED) for event in (
            e.FillerDue, e.LookupAnswered, e.LookupTimeUp, e.MessageEnded, e.MessageTimeUp,
        )),
        *((phase, e.AnnounceDue) for phase in P if phase not in (P.WAITING, P.OFFERING, P.ENDED)),
        # while somebody of the directory is rung: no agent is chosen, and what cannot be now is late
        *((P.CALLING_OUT, event) for event in (
            e.AgentProposed, e.OfferRinging, e.PromptEnded, e.TreeTimeUp, e.WaitTimeUp, e.MusicDue, e.LeaveTimeUp,
            e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost,
        )),
        # two people talking notice nothing of a worker's death
        (P.TALKING, e.Adopted),
    }
)  # fmt: skip


def step(call: Call, event: e.CallEvent, moment: Moment) -> Step:
    """What this event does to this call now. Nothing, if it is listed as ignored."""
    handler = TRANSITIONS.get((call.phase, type(event)))
    return handler(call, event, moment) if handler else Step(call)
