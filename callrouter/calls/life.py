"""One call's life. The drawing and the table; what each event does: asked.py, waiting.py, offering.py and so on.

              keys, silence, prompts
                    ┌───┐
    arrived ──▶ IN_TREE ┘──────────────── hangup node ─────────────▶ ENDED
                    │  ▲ └─ transfer node ─▶ CALLING_OUT ─▶ TALKING   ▲
         queue node │  │ exit key, and what follows, if the tree      │
                    ▼  │ says so                                      │
      ┌────────▶ WAITING ──── waited too long, line empty or closed   │
      │             │  └───── ... another queue, place kept, or ──▶ LEAVING (sorry)
    missed          ▼ agent proposed and reserved                     │
      ├──────── OFFERING ──── caller hangs up (in every phase) ──────▶│
      │             │ answered                                        │
      └──────── BRIEFING (if the queue wants it)                      │
                    │ accepted                                        │
                    ▼                                                 │
                 TALKING ──── either hangs up ───────────────────────▶│

Whoever asked to be called back and leaves in any phase goes to CALLBACK instead: callback.py and calling_back.py.
Handlers are named for what they do for people; late events are normal on the phone and are listed in IGNORED.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callrouter.calls import asked, briefing, callback, calling_back, offering, talking, turn, waiting
from callrouter.calls import events as e
from callrouter.calls.call import Call, Phase
from callrouter.calls.step import Moment, Step, by_accident, of_ours

Handler = Callable[[Call, Any, Moment], Step]
P = Phase

TRANSITIONS: dict[tuple[Phase, type[e.CallEvent]], Handler] = {
    (P.IN_TREE, e.CallerPressed): asked.press_key,
    (P.IN_TREE, e.PromptEnded): asked.go_on_after_prompt,
    (P.IN_TREE, e.TreeTimeUp): asked.go_on_after_silence,
    (P.IN_TREE, e.CallerHungUp): asked.leave_tree,
    (P.IN_TREE, e.Adopted): asked.ask_again,
    (P.IN_TREE, e.StrayAnswered): talking.hang_up_stray,
    (P.IN_TREE, e.FillerDue): asked.fill_silence,
    (P.IN_TREE, e.LookupAnswered): asked.go_on_with_answer,
    (P.IN_TREE, e.LookupTimeUp): asked.go_on_without_answer,
    (P.IN_TREE, e.MessageEnded): asked.go_on_after_message,
    (P.IN_TREE, e.MessageTimeUp): asked.go_on_after_message,
    (P.CALLING_OUT, e.OfferAnswered): asked.put_through,
    (P.CALLING_OUT, e.OfferEnded): asked.go_on_in_tree,
    (P.CALLING_OUT, e.RingTimeUp): asked.go_on_in_tree,
    (P.CALLING_OUT, e.CallerHungUp): asked.stop_ringing_out,
    (P.CALLING_OUT, e.Adopted): asked.ring_out_again,
    (P.CALLING_OUT, e.StrayAnswered): talking.hang_up_stray,
    (P.WAITING, e.CallerPressed): waiting.leave_by_key,
    (P.WAITING, e.AnnounceDue): waiting.announce,
    (P.WAITING, e.OutlookDue): waiting.tell_outlook,
    (P.WAITING, e.PlaceChanged): waiting.change_place,
    (P.OFFERING, e.CallerPressed): waiting.leave_by_key,
    (P.OFFERING, e.AnnounceDue): waiting.announce,
    (P.OFFERING, e.OutlookDue): waiting.tell_outlook,
    (P.OFFERING, e.PlaceChanged): waiting.change_place,
    (P.WAITING, e.AgentProposed): offering.ring_first,
    (P.WAITING, e.MusicDue): waiting.play_music,
    (P.WAITING, e.PromptEnded): waiting.play_music,
    (P.WAITING, e.WaitTimeUp): waiting.move_on,
    (P.WAITING, e.LineClosed): waiting.leave_line,
    (P.WAITING, e.CallerHungUp): waiting.let_go,
    (P.WAITING, e.Adopted): waiting.stand_on,
    (P.WAITING, e.StrayAnswered): talking.hang_up_stray,
    (P.OFFERING, e.OfferRinging): offering.note_ringing,
    (P.OFFERING, e.OfferAnswered): briefing.pick_up,
    (P.OFFERING, e.OfferEnded): offering.try_next_agent,
    (P.OFFERING, e.RingTimeUp): offering.end_long_rings,
    (P.OFFERING, e.OfferWithdrawn): offering.withdraw_offer,
    (P.OFFERING, e.AgentProposed): offering.ring_also,
    (P.OFFERING, e.WaitTimeUp): offering.ring_nobody_else,
    (P.OFFERING, e.MusicDue): waiting.play_music,
    (P.OFFERING, e.PromptEnded): waiting.play_music,
    (P.OFFERING, e.CallerHungUp): offering.abandon_ringing,
    (P.OFFERING, e.Adopted): offering.take_offers_back,
    (P.OFFERING, e.StrayAnswered): talking.hang_up_stray,
    (P.BRIEFING, e.WordsEnded): briefing.end_words,
    (P.BRIEFING, e.AgentPressed): briefing.press_key,
    (P.BRIEFING, e.AcceptTimeUp): briefing.go_without_answer,
    (P.BRIEFING, e.OfferEnded): briefing.decline,
    (P.BRIEFING, e.OfferWithdrawn): briefing.withdraw,
    (P.BRIEFING, e.Adopted): briefing.take_over,
    (P.BRIEFING, e.AgentAdopted): briefing.say_again,
    (P.BRIEFING, e.CallerPressed): waiting.leave_by_key,
    (P.BRIEFING, e.AnnounceDue): waiting.announce,
    (P.BRIEFING, e.OutlookDue): waiting.tell_outlook,
    (P.BRIEFING, e.MusicDue): waiting.play_music,
    (P.BRIEFING, e.PromptEnded): waiting.play_music,
    (P.BRIEFING, e.CallerHungUp): offering.abandon_ringing,
    (P.BRIEFING, e.StrayAnswered): talking.hang_up_stray,
    (P.TALKING, e.CallerHungUp): talking.caller_is_done,
    (P.TALKING, e.AgentHungUp): talking.agent_is_done,
    (P.TALKING, e.AgentHeld): talking.hold_caller,
    (P.TALKING, e.AgentUnheld): talking.take_caller_back,
    (P.TALKING, e.RecordingLost): talking.note_lost_recording,
    (P.TALKING, e.StrayAnswered): talking.hang_up_stray,
    (P.LEAVING, e.PromptEnded): talking.say_goodbye,
    (P.LEAVING, e.LeaveTimeUp): talking.say_goodbye,
    (P.LEAVING, e.Adopted): talking.say_goodbye,
    (P.LEAVING, e.CallerHungUp): talking.leave_early,
    (P.LEAVING, e.StrayAnswered): talking.hang_up_stray,
    (P.CALLBACK, e.AgentProposed): turn.serve,
    (P.CALLBACK, e.CallbackTimeUp): callback.come_back,
    (P.CALLBACK, e.CallbackExpired): callback.expire,
    (P.CALLBACK, e.CallbackWished): callback.heed,
    (P.CALLBACK, e.PlaceChanged): waiting.change_place,
    (P.CALLBACK, e.StrayAnswered): talking.hang_up_stray,
    (P.CALLING_BACK, e.CustomerAnswered): turn.meet,
    (P.CALLING_BACK, e.CustomerNotReached): calling_back.miss,
    (P.CALLING_BACK, e.CallbackTimeUp): calling_back.miss,
    (P.CALLING_BACK, e.CallbackWished): calling_back.call_off,
    (P.CALLING_BACK, e.PromptEnded): calling_back.keep_company,
    (P.CALLING_BACK, e.AgentHungUp): calling_back.agent_left,
    (P.CALLING_BACK, e.Adopted): calling_back.begin_again,
    (P.CALLING_BACK, e.StrayAnswered): talking.hang_up_stray,
    (P.CONFIRMING, e.CallerPressed): calling_back.confirm,
    (P.CONFIRMING, e.CallbackTimeUp): calling_back.not_confirmed,
    (P.CONFIRMING, e.CallerHungUp): calling_back.hang_up_unconfirmed,
    (P.CONFIRMING, e.Adopted): calling_back.ask_to_confirm,
    (P.CONFIRMING, e.StrayAnswered): talking.hang_up_stray,
    (P.TELLING_AGENT, e.PromptEnded): calling_back.agent_knows,
    (P.TELLING_AGENT, e.CallbackTimeUp): calling_back.agent_knows,
    (P.TELLING_AGENT, e.AgentHungUp): calling_back.agent_knows,
    (P.TELLING_AGENT, e.Adopted): calling_back.agent_knows,
    (P.TELLING_AGENT, e.StrayAnswered): talking.hang_up_stray,
}

CALLED_BACK = (P.CALLBACK, P.CALLING_BACK, P.CONFIRMING, P.TELLING_AGENT)

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
        (P.TALKING, e.AgentProposed),
        (P.LEAVING, e.AgentProposed),
        # while a phone rings the line need not be left: whoever watches the doors tells the call again then
        *((phase, e.LineClosed) for phase in P if phase not in (P.WAITING, P.ENDED)),
        # legs that play no part in this phase
        *((phase, event) for phase in (P.IN_TREE, P.WAITING, P.LEAVING) for event in (
            e.OfferRinging, e.OfferAnswered, e.OfferEnded, e.OfferWithdrawn,
            e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost,
        )),
        *((P.OFFERING, event) for event in (e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost)),
        *((P.TALKING, event) for event in (
            e.OfferRinging, e.OfferAnswered, e.OfferEnded, e.OfferWithdrawn,
        )),
        # what only an agent who is being briefed does, and what they cannot do yet
        *((phase, event) for phase in P if phase not in (P.BRIEFING, P.ENDED) for event in (
            e.AgentPressed, e.WordsEnded, e.AgentAdopted, e.AcceptTimeUp,
        )),
        *((P.BRIEFING, event) for event in (
            e.OfferRinging, e.OfferAnswered, e.AgentProposed, e.RingTimeUp,
            e.TreeTimeUp, e.LeaveTimeUp, e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost,
            e.WaitTimeUp,  # see offering.waits_again
        )),
        # what a call in the tree waited for, and what only a waiting caller hears
        *((phase, event) for phase in P if phase not in (P.IN_TREE, P.ENDED) for event in (
            e.FillerDue, e.LookupAnswered, e.LookupTimeUp, e.MessageEnded, e.MessageTimeUp,
        )),
        *((phase, event) for phase in P if phase not in (P.WAITING, P.OFFERING, P.BRIEFING, P.ENDED) for event in (
            e.AnnounceDue, e.OutlookDue,
        )),
        # who has left the line has no place any more
        *((phase, e.PlaceChanged) for phase in P if phase not in (P.WAITING, P.OFFERING, P.CALLBACK, P.ENDED)),
        # while somebody of the directory is rung: no agent is chosen, and what cannot be now is late
        *((P.CALLING_OUT, event) for event in (
            e.AgentProposed, e.OfferRinging, e.OfferWithdrawn, e.PromptEnded, e.TreeTimeUp, e.WaitTimeUp,
            e.MusicDue, e.LeaveTimeUp, e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost,
        )),
        # two people talking notice nothing of a worker's death, and nobody waits on the line of an open callback
        (P.TALKING, e.Adopted),
        (P.CALLBACK, e.Adopted),
        # a callback is wanted while its caller is still here: it begins when they leave (wishes are told again)
        *((phase, event) for phase in P if phase not in (*CALLED_BACK, P.ENDED) for event in (
            e.CustomerAnswered, e.CustomerNotReached, e.CallbackTimeUp, e.CallbackExpired, e.CallbackWished,
        )),
        # while it is called back, what belongs to the tree, to the line and to offers is late
        *((phase, event) for phase in CALLED_BACK for event in (
            e.OfferRinging, e.OfferAnswered, e.OfferEnded, e.OfferWithdrawn, e.AgentHeld, e.AgentUnheld,
            e.RecordingLost, e.TreeTimeUp, e.RingTimeUp, e.WaitTimeUp, e.MusicDue, e.LeaveTimeUp,
        )),
        *((phase, event) for phase in (P.CALLING_BACK, P.CONFIRMING, P.TELLING_AGENT) for event in (
            e.AgentProposed, e.CallbackExpired,
        )),
        (P.CONFIRMING, e.CallbackWished),
        (P.TELLING_AGENT, e.CallbackWished),
        *((phase, event) for phase in (P.CALLBACK, P.CALLING_BACK, P.TELLING_AGENT) for event in (
            e.CallerHungUp, e.CallerPressed,
        )),
        *((phase, event) for phase in (P.CALLBACK, P.CONFIRMING, P.TELLING_AGENT) for event in (
            e.CustomerAnswered, e.CustomerNotReached,
        )),
        *((phase, event) for phase in (P.CALLBACK, P.CONFIRMING) for event in (e.PromptEnded, e.AgentHungUp)),
    }
)  # fmt: skip


def step(call: Call, event: e.CallEvent, moment: Moment) -> Step:
    """What this event does to this call now. Nothing, if it is listed as ignored."""
    handler = TRANSITIONS.get((call.phase, type(event)))
    if handler is None:
        return Step(call)
    taken = handler(call, event, moment)
    if isinstance(event, e.CallerHungUp | e.AgentHungUp) and event.lost:
        taken = by_accident(taken)
    return of_ours(call, callback.after(taken, moment))
