"""The words exchanged with any switch: ids, events in (past tense), commands out (imperative).

Ids of everything we make are chosen by us before the command is sent, because an event about a thing may
arrive before the reply to the command that made it. Times are seconds; `None` means "the switch's default".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

CallId = NewType("CallId", str)
"""One caller's visit. `c` + 26 characters, sortable by time; legs and bridges of the call begin with it."""
LegId = NewType("LegId", str)
"""One phone in a call. The switch's own id for an arriving caller, ours for legs that we ring."""
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
RecordingId = NewType("RecordingId", str)
"""Also the stem of the recording's two raw files: one side each."""
PhoneId = NewType("PhoneId", str)
"""The switch's name for a registered phone: an endpoint name out of our own tables, never text from a caller."""


def same_number(one: str, other: str) -> bool:
    """Whether two numbers are one phone's: +7 916 111 22 33 is 8 916 111 22 33."""
    one, other = one.lstrip("+"), other.lstrip("+")
    return one == other or (min(len(one), len(other)) >= TELLING_DIGITS and one[-10:] == other[-10:])


TELLING_DIGITS = 10
"""So many last digits tell a phone, whatever prefix a carrier puts before them."""


# --- events: something has happened -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegArrived:
    """A phone has called us and is ours now (claimed). `kind` is `in` (trunk) or `agent` (an agent's phone)."""

    leg: LegId
    kind: str
    number: str
    """What was dialled, digits, `*` and `#` only."""
    caller_number: str
    """As the network gave it: data from outside, may be empty or hostile."""
    caller_name: str
    phone: PhoneId | None = None
    """For kind `agent`: which of our own phones calls."""


@dataclass(frozen=True, slots=True)
class LegRinging:
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """A leg that we rang was answered and may be joined to a bridge from now on."""

    leg: LegId


WENT_DOWN = -1
"""Instead of a cause of Q.850: the switch itself went down, and took the leg with it."""


@dataclass(frozen=True, slots=True)
class LegHungUp:
    """A leg has left for good. `cause` is ITU-T Q.850 (16 normal, 17 busy, 18/19 no answer, 21 rejected); 0 unknown;
    or WENT_DOWN."""

    leg: LegId
    cause: int = 0


@dataclass(frozen=True, slots=True)
class LegAdopted:
    """A leg that belonged to another (dead) worker sends its events to this one from now on."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class DigitPressed:
    leg: LegId
    digit: str
    """One of 0-9 * # A-D."""


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """A playback is over: heard to its end, or cut short, or it could not be played (`failed`)."""

    leg: LegId
    playback: PlaybackId
    failed: bool = False


@dataclass(frozen=True, slots=True)
class LegHeld:
    """The phone's own hold button was pressed."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegUnheld:
    leg: LegId


@dataclass(frozen=True, slots=True)
class PhoneReachable:
    """A phone has registered and answers, or has stopped doing so."""

    phone: PhoneId
    reachable: bool


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """The sound of a call could not be recorded (or no longer); the call itself goes on."""

    recording: RecordingId
    reason: str


@dataclass(frozen=True, slots=True)
class MessageRecorded:
    """What the caller said after TakeMessage is kept by the switch under the recording's name."""

    leg: LegId
    recording: RecordingId
    seconds: float
    """0 if nothing could be recorded."""


LegEvent = (
    LegArrived
    | LegRinging
    | LegAnswered
    | LegHungUp
    | LegAdopted
    | DigitPressed
    | PlaybackEnded
    | LegHeld
    | LegUnheld
    | MessageRecorded
)
SwitchEvent = LegEvent | PhoneReachable | RecordingFailed


# --- commands: something we want done -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    leg: LegId


@dataclass(frozen=True, slots=True)
class Play:
    """Play sound files one after another. `files` are absolute paths without extension; the switch picks the law."""

    leg: LegId
    playback: PlaybackId
    files: tuple[str, ...]
    within_s: float | None = None
    """What is not made by then is left out, without a word of patience; None: as callers are asked to wait."""


@dataclass(frozen=True, slots=True)
class StopPlayback:
    leg: LegId
    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class StartMusic:
    leg: LegId
    music: str
    """The music class, a name from our configuration."""


@dataclass(frozen=True, slots=True)
class StopMusic:
    leg: LegId


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring one of our own phones with a new leg. Its answer comes as LegAnswered, its refusal as LegHungUp."""

    leg: LegId
    call: CallId
    phone: PhoneId
    caller_number: str
    caller_name: str
    timeout_s: int
    auto_answer: bool = False
    """Ask the phone to pick up by itself; one that does not know how rings as ever."""


@dataclass(frozen=True, slots=True)
class RingOutside:
    """Ring somebody through a trunk. Answer and refusal come as for Ring."""

    leg: LegId
    call: CallId
    number: str
    """As the trunk wants it dialled: of our own directory, or a callback's, digits only and allowed by the trunk."""
    trunk: str
    caller_number: str
    """What the outside party sees: the trunk's number."""
    timeout_s: int


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Record what a leg says after a beep, until #, silence or the longest time. Ends with MessageRecorded."""

    leg: LegId
    recording: RecordingId
    max_s: int
    silence_s: int


@dataclass(frozen=True, slots=True)
class StopMessage:
    """End TakeMessage; what was said so far is kept."""

    leg: LegId
    recording: RecordingId


@dataclass(frozen=True, slots=True)
class MakeBridge:
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class Join:
    """Put legs into a bridge: they hear each other and nobody else."""

    bridge: BridgeId
    legs: tuple[LegId, ...]


@dataclass(frozen=True, slots=True)
class Unbridge:
    """Take the bridge away; its legs stay alive, alone."""

    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class InterceptHold:
    """Make the phone's hold button an event (LegHeld) instead of something the switch acts on by itself."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record what `leg` says and what it hears into two raw files; merged into one stereo file afterwards."""

    leg: LegId
    recording: RecordingId


@dataclass(frozen=True, slots=True)
class StopRecording:
    leg: LegId
    recording: RecordingId


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a leg. `reason`: normal, busy, congestion, no_answer, answered_elsewhere, rejected, failure."""

    leg: LegId
    reason: str = "normal"


@dataclass(frozen=True, slots=True)
class HandToFallback:
    """Give the caller back to the dialplan's fallback: it speaks and rings the emergency phone or takes a message."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class Adopt:
    """Make a leg of a dead worker's call send its events to this worker (answered by LegAdopted or LegHungUp)."""

    leg: LegId


Command = (
    Answer
    | Play
    | StopPlayback
    | StartMusic
    | StopMusic
    | Ring
    | RingOutside
    | TakeMessage
    | StopMessage
    | MakeBridge
    | Join
    | Unbridge
    | InterceptHold
    | StartRecording
    | StopRecording
    | HangUp
    | HandToFallback
    | Adopt
)
