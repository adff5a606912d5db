"""One call's life. The drawing and the table; what each event does: asked.py, waiting.py, offering.py, talking.py.

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
from typing import Any

from callrouter.calls import asked, offering, talking, waiting
from callrouter.calls import events as e
from callrouter.calls.call import Call, Phase
from callrouter.calls.step import Moment, Step

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
    (P.OFFERING, e.CallerPressed): waiting.leave_by_key,
    (P.OFFERING, e.AnnounceDue): waiting.announce,
    (P.OFFERING, e.OutlookDue): waiting.tell_outlook,
    (P.WAITING, e.AgentProposed): offering.ring_agent,
    (P.WAITING, e.MusicDue): waiting.play_music,
    (P.WAITING, e.PromptEnded): waiting.play_music,
    (P.WAITING, e.WaitTimeUp): waiting.move_on,
    (P.WAITING, e.CallerHungUp): waiting.let_go,
    (P.WAITING, e.Adopted): waiting.stand_on,
    (P.WAITING, e.StrayAnswered): talking.hang_up_stray,
    (P.OFFERING, e.OfferRinging): offering.note_ringing,
    (P.OFFERING, e.OfferAnswered): offering.connect,
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
        (P.TALKING, e.AgentProposed),
        (P.LEAVING, e.AgentProposed),
        # legs that play no part in this phase
        *((phase, event) for phase in (P.IN_TREE, P.WAITING, P.LEAVING) for event in (
            e.OfferRinging, e.OfferAnswered, e.OfferEnded, e.OfferWithdrawn,
            e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost,
        )),
        *((P.OFFERING, event) for event in (e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost)),
        *((P.TALKING, event) for event in (
            e.OfferRinging, e.OfferAnswered, e.OfferEnded, e.OfferWithdrawn,
        )),
        # what a call in the tree waited for, and what only a waiting caller hears
        *((phase, event) for phase in P if phase not in (P.IN_TREE, P.ENDED) for event in (
            e.FillerDue, e.LookupAnswered, e.LookupTimeUp, e.MessageEnded, e.MessageTimeUp,
        )),
        *((phase, event) for phase in P if phase not in (P.WAITING, P.OFFERING, P.ENDED) for event in (
            e.AnnounceDue, e.OutlookDue,
        )),
        # while somebody of the directory is rung: no agent is chosen, and what cannot be now is late
        *((P.CALLING_OUT, event) for event in (
            e.AgentProposed, e.OfferRinging, e.OfferWithdrawn, e.PromptEnded, e.TreeTimeUp, e.WaitTimeUp,
            e.MusicDue, e.LeaveTimeUp, e.AgentHungUp, e.AgentHeld, e.AgentUnheld, e.RecordingLost,
        )),
        # two people talking notice nothing of a worker's death
        (P.TALKING, e.Adopted),
    }
)  # fmt: skip


def step(call: Call, event: e.CallEvent, moment: Moment) -> Step:
    """What this event does to this call now. Nothing, if it is listed as ignored."""
    handler = TRANSITIONS.get((call.phase, type(event)))
    return handler(call, event, moment) if handler else Step(call)
