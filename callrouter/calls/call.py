"""A call as a value: everything another worker needs to carry it on, and nothing secret. Stored after every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import msgspec

from callrouter.telephony import BridgeId, CallId, LegId, PhoneId, PlaybackId, RecordingId
from callrouter.tree.model import Prompt
from callrouter.tree.walk import Walk

NOBODY = LegId("")
"""In the place of a leg that is not there."""


class Phase(StrEnum):
    """Where a call is in its life. The drawing is in calls/life.py."""

    IN_TREE = "IN_TREE"
    CALLING_OUT = "CALLING_OUT"
    WAITING = "WAITING"
    OFFERING = "OFFERING"
    BRIEFING = "BRIEFING"
    TALKING = "TALKING"
    LEAVING = "LEAVING"
    CALLBACK = "CALLBACK"
    CALLING_BACK = "CALLING_BACK"
    CONFIRMING = "CONFIRMING"
    TELLING_AGENT = "TELLING_AGENT"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a queue's line. `since_ms` is kept through overflow: a caller never loses the time already waited."""

    queue: str
    priority: int
    since_ms: int
    leave_at_ms: int
    """When the longest wait of this queue is over."""
    music: str = ""
    """The tree's choice; empty: the queue's own."""
    announce: Prompt | None = None
    """Said to the caller every `announce_every_s`."""
    announce_every_s: float = 0
    told: int = 0
    """The position that the caller was told last."""
    exit_key: str = ""
    """This key leads back into the tree."""
    returns: bool = False
    """So does the longest wait."""
    require: str = ""
    prefer: str = ""
    sticky: str = ""
    """What the tree wished for, as it stands on the floor."""
    branches: tuple[str, ...] = ()
    """And so do rules of the queue that send the caller away for one of these reasons (acd/doors.py)."""
    first: str = ""
    """The queue that the tree meant; others come by overflow."""
    resumes: bool = False
    """Who drops out of this line comes straight back to it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One agent's phone ringing for this call."""

    agent: str
    phone: PhoneId
    leg: LegId
    since_ms: int
    missed: int
    """Offers that this agent had missed in a row before."""
    calls: int = 0
    talk_ms: int = 0
    """Conversations and time talked since the log-in, before this one."""
    until_ms: int = 0
    """When the ring is over, should the switch not end it before."""
    missed_why: str = ""
    """For which reason the `missed` offers were in vain."""
    recent: str = ""
    """When the newest calls were answered."""
    rang: bool = False
    """The phone has said that it rings."""
    answered_ms: int = 0
    """When the agent picked up, who is told who is coming before they talk."""
    playback: PlaybackId | None = None
    """What the agent is being told."""
    briefed_ms: int = 0
    """From picking up to taking the call."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Caller and agent in a bridge."""

    agent: str
    leg: LegId
    bridge: BridgeId
    recording: RecordingId | None
    queue: str
    since_ms: int
    target: str = ""
    """An entry of the directory instead of an agent."""
    talk_ms: int = 0
    """The agent's time talked since the log-in, before this one."""
    rest_until_ms: int = 0
    """The agent's hour is full until then, this conversation counted."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A wish to be called back, and the place in the line it keeps: who has waited never begins anew."""

    number: str
    """As the caller gave it."""
    key: str
    """Which one it is on the floor: `<queue>/<number with country code>`."""
    asked_ms: int
    place: Place
    attempts: int = 0
    """Those in which the phone outside was busy, not answered or hung up."""
    again_ms: int = 0
    """Not before."""
    leg: LegId = NOBODY
    """The phone outside, while it rings."""
    rings_since_ms: int = 0
    agent: Offer | None = None
    """Who has answered, and waits for the phone outside."""
    reached: bool = False
    """Somebody has answered there."""


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody of the directory whose phone rings."""

    id: str
    leg: LegId
    since_ms: int
    record: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What the caller says is being recorded for a group."""

    group: str
    recording: RecordingId
    since_ms: int


@dataclass(frozen=True, slots=True)
class Call:
    id: CallId
    caller_leg: LegId
    """Empty while nobody is on the line: a callback is open."""
    number: str
    """What the caller dialled."""
    caller: str
    """The caller's number as the network gave it, only characters that a number may have."""
    caller_name: str
    language: str
    tree: str
    version: str
    arrived_ms: int
    phase: Phase = Phase.IN_TREE
    walk: Walk | None = None
    path: tuple[str, ...] = ()
    """The nodes of the tree that the caller came to."""
    place: Place | None = None
    offers: tuple[Offer, ...] = ()
    """The phones that ring: one, or with ring_all several, in the order in which they began. While an agent is
    briefed, that one."""
    talk: Talk | None = None
    target: Target | None = None
    message: Message | None = None
    callback: Callback | None = None
    outcome: str = ""
    """Of a callback's attempt, while its agent is told that nobody answered."""
    left: Place | None = None
    """The place that the caller last left for the tree: theirs again if they come back, and a callback keeps it."""
    left_by_wish: bool = False
    """By a key: then it is theirs in its own line only. Whom a rule sent away has it in any."""
    lookup: str = ""
    """The question to another program whose answer is awaited."""
    lookup_since_ms: int = 0
    answers: Mapping[str, str] = field(default_factory=dict)
    """What the tree has learned, for people to read; of a secret only that it was given."""
    tags: tuple[str, ...] = ()
    playback: PlaybackId | None = None
    """What is being played to the caller, if its end matters."""
    music: bool = False
    timers: Mapping[str, int] = field(default_factory=dict)
    """Name → deadline in milliseconds since 1970. The engine keeps exactly these running."""
    talks: int = 0
    """Conversations so far: recordings are numbered by them."""
    made: int = 0
    """How many ids this call has made, so that none is ever used twice."""
    left_tree_ms: int = 0
    waited_ms: int = 0
    leaves: str = "timed_out"
    """How the call is said to have ended, once the goodbye is over."""

    @property
    def legs(self) -> tuple[LegId, ...]:
        """Every leg that lives in this call."""
        back = (self.callback.agent, self.callback) if self.callback else ()
        others = [part.leg for part in (*self.offers, self.target, self.talk, *back) if part is not None]
        return tuple(leg for leg in (self.caller_leg, *others) if leg)


def encode(call: Call) -> bytes:
    return msgspec.json.encode(call)


def decode(state: bytes) -> Call:
    """A stored call; raises msgspec.ValidationError for a state this version cannot read."""
    call = msgspec.json.decode(state, type=Call)
    if call.phase is Phase.OFFERING and not call.offers:  # written when a call had one offer at most
        call = replace(call, offers=(msgspec.json.decode(state, type=_OneOffer).offer,))
    return call


@dataclass(frozen=True, slots=True)
class _OneOffer:
    offer: Offer


def held_by(call: Call) -> Iterator[tuple[str, LegId]]:
    """Every agent whom the call holds, and the leg by which the floor knows that."""
    for part in (*call.offers, call.talk, call.callback.agent if call.callback else None):
        if part is not None and part.agent:
            yield part.agent, part.leg


def place_of(call: Call) -> Place:
    assert call.place is not None, f"{call.id} is {call.phase} without a place in a line"
    return call.place


def offer_of(call: Call, leg: LegId) -> Offer:
    found = next((offer for offer in call.offers if offer.leg == leg), None)
    assert found is not None, f"{call.id} is {call.phase} without an offer {leg}"
    return found


def target_of(call: Call) -> Target:
    assert call.target is not None, f"{call.id} is {call.phase} without a target"
    return call.target


def callback_of(call: Call) -> Callback:
    assert call.callback is not None, f"{call.id} is {call.phase} without a callback"
    return call.callback


def talk_of(call: Call) -> Talk:
    assert call.talk is not None, f"{call.id} is {call.phase} without a talk"
    return call.talk
