"""What can happen to a call, in its own words: the switch's events named for the part that a leg plays in this call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from callrouter.calls.call import Call, Callback
from callrouter.telephony import (
    WENT_DOWN,
    DigitPressed,
    LegAdopted,
    LegAnswered,
    LegHeld,
    LegHungUp,
    LegId,
    LegRinging,
    LegUnheld,
    MessageRecorded,
    PhoneId,
    PlaybackEnded,
    RecordingFailed,
    SwitchEvent,
)
from callrouter.tree.walk import LookedUp


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    lost: bool = False
    """Nobody did: the switch went down."""


@dataclass(frozen=True, slots=True)
class CallerPressed:
    digit: str


@dataclass(frozen=True, slots=True)
class PromptEnded:
    failed: bool = False


@dataclass(frozen=True, slots=True)
class AgentProposed:
    """The choice fell on this agent."""

    agent: str
    phone: PhoneId
    missed: int
    saw: str
    """All that the choice looked at, by reference (journal.Saw)."""
    calls: int = 0
    talk_ms: int = 0
    """Conversations and time talked since the log-in."""
    missed_why: str = ""
    """For which reason the `missed` offers were in vain."""
    recent: str = ""
    """When the newest calls were answered (acd/limits.py)."""


@dataclass(frozen=True, slots=True)
class OfferRinging:
    """A phone that we rang, an agent's or somebody's of the directory, says that it rings."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    leg: LegId


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """The agent's phone was not answered, refused, or could not be rung. `cause` is Q.850."""

    leg: LegId
    cause: int


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """We take this offer back, and nobody is to blame: its phone was never told to ring."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class AgentPressed:
    """The agent who picked up pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class WordsEnded:
    """What the agent was told is over, or could not be said."""


@dataclass(frozen=True, slots=True)
class AgentAdopted:
    """The leg of the agent who picked up reports to us, after its worker died."""


@dataclass(frozen=True, slots=True)
class AgentHungUp:
    lost: bool = False


@dataclass(frozen=True, slots=True)
class AgentHeld:
    pass


@dataclass(frozen=True, slots=True)
class AgentUnheld:
    pass


@dataclass(frozen=True, slots=True)
class StrayAnswered:
    """A phone answered whose offer is already over."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class RecordingLost:
    reason: str


@dataclass(frozen=True, slots=True)
class LookupAnswered:
    """Another program answered, or it is known that it will not."""

    id: str
    answer: LookedUp


@dataclass(frozen=True, slots=True)
class MessageEnded:
    seconds: float


@dataclass(frozen=True, slots=True)
class FillerDue:
    """An answer takes so long that the caller must hear something."""


@dataclass(frozen=True, slots=True)
class LookupTimeUp:
    pass


@dataclass(frozen=True, slots=True)
class MessageTimeUp:
    pass


@dataclass(frozen=True, slots=True)
class AnnounceDue:
    pass


@dataclass(frozen=True, slots=True)
class OutlookDue:
    """Time to tell the caller how long it will still take."""


@dataclass(frozen=True, slots=True)
class PlaceChanged:
    """Somebody changed what a waiting call is worth or needs; on the floor it stands already. None: left as it was."""

    priority: int | None = None
    require: str | None = None
    prefer: str | None = None


@dataclass(frozen=True, slots=True)
class LineClosed:
    """Who stands in this queue's line must go. `why`: emergency, closed, nobody (acd/doors.py)."""

    queue: str
    why: str
    position: int
    """Of this caller in the line, by the time waited; the first is 1."""


@dataclass(frozen=True, slots=True)
class TreeTimeUp:
    pass


@dataclass(frozen=True, slots=True)
class RingTimeUp:
    pass


@dataclass(frozen=True, slots=True)
class AcceptTimeUp:
    pass


@dataclass(frozen=True, slots=True)
class WaitTimeUp:
    pass


@dataclass(frozen=True, slots=True)
class MusicDue:
    pass


@dataclass(frozen=True, slots=True)
class LeaveTimeUp:
    pass


@dataclass(frozen=True, slots=True)
class CustomerAnswered:
    """The phone outside that we called back."""


@dataclass(frozen=True, slots=True)
class CustomerNotReached:
    cause: int


@dataclass(frozen=True, slots=True)
class CallbackTimeUp:
    """By the phase: its turn may come again, the phone outside rang long enough, no key came, enough was said."""


@dataclass(frozen=True, slots=True)
class CallbackExpired:
    pass


@dataclass(frozen=True, slots=True)
class CallbackWished:
    """cancel, now (no pause any more), missing (on the floor), or what makes it void: served (by another call), again
    (asked for anew)."""

    what: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Adopted:
    """This call was carried over from a worker that died, and its caller reports to us."""


CallEvent = (
    CallerHungUp
    | CallerPressed
    | PromptEnded
    | AgentProposed
    | OfferRinging
    | OfferAnswered
    | OfferEnded
    | OfferWithdrawn
    | AgentPressed
    | WordsEnded
    | AgentAdopted
    | AgentHungUp
    | AgentHeld
    | AgentUnheld
    | StrayAnswered
    | RecordingLost
    | LookupAnswered
    | MessageEnded
    | FillerDue
    | LookupTimeUp
    | MessageTimeUp
    | AnnounceDue
    | OutlookDue
    | PlaceChanged
    | LineClosed
    | TreeTimeUp
    | RingTimeUp
    | AcceptTimeUp
    | WaitTimeUp
    | MusicDue
    | LeaveTimeUp
    | CustomerAnswered
    | CustomerNotReached
    | CallbackTimeUp
    | CallbackExpired
    | CallbackWished
    | Adopted
)

TIMERS: dict[str, CallEvent] = {
    "tree": TreeTimeUp(),
    "ring": RingTimeUp(),
    "accept": AcceptTimeUp(),
    "wait": WaitTimeUp(),
    "music": MusicDue(),
    "leave": LeaveTimeUp(),
    "filler": FillerDue(),
    "lookup": LookupTimeUp(),
    "message": MessageTimeUp(),
    "announce": AnnounceDue(),
    "outlook": OutlookDue(),
    "callback": CallbackTimeUp(),
    "expire": CallbackExpired(),
}
"""What it means when a timer of that name fires."""


def named(call: Call, event: SwitchEvent) -> CallEvent | None:
    """The event in the words of this call; None for one that means nothing to it (late, or of a leg long gone)."""
    match event:
        case RecordingFailed(recording=recording, reason=reason):
            return RecordingLost(reason) if call.talk and call.talk.recording == recording else None
        case PlaybackEnded(playback=playback, failed=failed):
            if any(playback == offer.playback for offer in call.offers):
                return WordsEnded()
            return PromptEnded(failed) if playback == call.playback else None
        case MessageRecorded(recording=recording, seconds=seconds):
            return MessageEnded(seconds) if call.message and call.message.recording == recording else None
        case LegHungUp(leg=leg, cause=cause) if leg == call.caller_leg:
            return CallerHungUp(lost=cause == WENT_DOWN)
        case LegAdopted(leg=leg) if leg == call.caller_leg:
            return Adopted()
        case DigitPressed(leg=leg, digit=digit) if leg == call.caller_leg:
            return CallerPressed(digit)
        case _ if any(part and getattr(event, "leg", None) == part.leg for part in (*call.offers, call.target)):
            return _of_offer(event)
        case _ if call.talk is not None and getattr(event, "leg", None) == call.talk.leg:
            return _of_agent(event)
        case _ if call.callback is not None and (back := _of_callback(call.callback, event)) is not None:
            return back
        case LegAnswered(leg=leg) if leg not in call.legs:
            return StrayAnswered(leg)
        case _:
            return None


def _of_callback(back: Callback, event: SwitchEvent) -> CallEvent | None:
    leg = getattr(event, "leg", None)
    if back.agent is not None and leg == back.agent.leg:
        return _of_agent(event)
    match event:
        case LegAnswered() if leg == back.leg:
            return CustomerAnswered()
        case LegHungUp(cause=cause) if leg == back.leg:
            return CustomerNotReached(cause)
        case _:
            return None


def _of_offer(event: SwitchEvent) -> CallEvent | None:
    match event:
        case LegRinging(leg=leg):
            return OfferRinging(leg)
        case LegAnswered(leg=leg):
            return OfferAnswered(leg)
        case LegHungUp(leg=leg, cause=cause):
            return OfferEnded(leg, cause)
        case DigitPressed(digit=digit):
            return AgentPressed(digit)
        case LegAdopted():
            return AgentAdopted()
        case _:
            return None


def _of_agent(event: SwitchEvent) -> CallEvent | None:
    match event:
        case LegHungUp(cause=cause):
            return AgentHungUp(lost=cause == WENT_DOWN)
        case LegHeld():
            return AgentHeld()
        case LegUnheld():
            return AgentUnheld()
        case _:
            return None


def place_changed(data: Mapping[str, str]) -> PlaceChanged:
    """From the journal's CHANGED."""
    priority = data.get("priority")
    return PlaceChanged(None if priority is None else int(priority), data.get("require"), data.get("prefer"))
