"""What can happen in a walk (inputs), what comes of it (outputs), and the walk itself: plain values, all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callrouter.tree.model.lookup import Lookup
from callrouter.tree.model.prompt import Prompt, Value

# --- what happens -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Began:
    """The caller has been answered."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PromptHeard:
    """What was said has been heard to its end; `whole=False`: it could not be played, or not to its end."""

    whole: bool = True


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The walk's timer has run out."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The call was carried over from a worker that died: nobody knows what its caller has heard."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A lookup's answer: values for its variables, or why there are none."""

    values: Mapping[str, Value] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """The caller's message has ended; 0 seconds: nothing was said, or it could not be recorded."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TargetEnded:
    """A transfer did not come to a conversation: busy, no_answer, closed, unknown, forbidden, failed."""

    why: str


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The caller left the line without having been served: `timed_out`, `exit` by the key, or sent away by a rule of
    the queue (`emergency`, `closed`, `nobody`)."""

    how: str


Input = Began | KeyPressed | PromptHeard | TimeUp | Resumed | LookedUp | MessageTaken | TargetEnded | QueueLeft

# --- what comes of it ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entered:
    """The caller came to a node. `by`: the keys pressed, `silence`, `invalid`, the name of the branch that was taken
    (`closed`, `case 2`, `failed` …), or empty when the tree just went on. Never a collected digit."""

    node: str
    by: str


@dataclass(frozen=True, slots=True)
class Speak:
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop what is being said."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Also restarts it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    pass


@dataclass(frozen=True, slots=True)
class SetLanguage:
    language: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A variable has a new value, for the journal and the agent. A secret's value is never told."""

    variable: str
    value: Value
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Tagged:
    """Tags that the call has from now on, beside those it had."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consented:
    """A notice was said. `whole`: heard to its end, as far as the switch can tell."""

    notice: str
    version: str
    whole: bool


@dataclass(frozen=True, slots=True)
class KeepSecret:
    """Keep these digits in memory, and nowhere else; empty: forget them."""

    variable: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask another program, answered by LookedUp within `lookup.timeout_s`. `values` are those the request needs;
    of `secrets` it needs the digits that were kept. Nothing to say meanwhile: music."""

    node: str
    lookup: Lookup
    values: Mapping[str, Value]
    secrets: tuple[str, ...] = ()
    filler: tuple[Prompt, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Record what the caller says, answered by MessageTaken."""

    group: str
    max_s: int
    silence_s: int


@dataclass(frozen=True, slots=True)
class NoteCallback:
    """Somebody of this queue shall call this number back."""

    number: str
    queue: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Put the caller through to an entry of the directory (its id, or one of its numbers); answered by TargetEnded
    unless they talk."""

    target: str
    ring_s: int
    music: str
    record: bool


@dataclass(frozen=True, slots=True)
class JoinQueue:
    queue: str
    priority: int
    prompts: tuple[Prompt, ...] = ()
    """Said while the caller already stands in line; an agent who is free need not wait for the end of it."""
    require: Mapping[str, int] = field(default_factory=dict)
    """Skills an agent must have, and from which level on."""
    prefer: Mapping[str, int] = field(default_factory=dict)
    sticky_agent: bool = False
    """The agent who helped this caller last is asked first."""
    max_wait_s: float | None = None
    music: str | None = None
    announce: Prompt | None = None
    announce_every_s: float = 0
    exit_key: str | None = None
    """This key leaves the line; told by QueueLeft("exit")."""
    returns: bool = False
    """After the longest wait the walk goes on, by QueueLeft("timed_out"); else the queue's own overflow holds."""
    branches: tuple[str, ...] = ()
    """So it does when a rule of the queue sends the caller away for one of these reasons."""
    resumes: bool = False
    """Who drops out of the line and rings back in time comes straight here again."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The queue's line takes nobody now (`emergency`, `closed`, `nobody`, `full`), and the tree has a way for that."""

    queue: str
    why: str


@dataclass(frozen=True, slots=True)
class Leave:
    reason: str


Output = (
    Entered
    | Speak
    | Hush
    | StartTimer
    | StopTimer
    | SetLanguage
    | Answered
    | Tagged
    | Consented
    | KeepSecret
    | LookUp
    | TakeMessage
    | NoteCallback
    | Transfer
    | JoinQueue
    | Refused
    | Leave
)

# --- where a caller is --------------------------------------------------------------------------------------------


class Phase(StrEnum):
    """What the walk waits for."""

    SPEAKING = "SPEAKING"
    """the end of a prompt"""
    LISTENING = "LISTENING"
    """keys, or the timer"""
    LOOKING_UP = "LOOKING_UP"
    """an answer from another program"""
    RECORDING = "RECORDING"
    """the end of the caller's message"""
    TRANSFERRING = "TRANSFERRING"
    """word that nobody could be reached; else they talk, and the walk is over"""
    IN_LINE = "IN_LINE"
    """a queue from which the walk may go on"""
    ENDED = "ENDED"


SECRET_DIGIT = "x"
"""Stands in a walk for each digit of a secret."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a caller is in the tree. Only plain values and nothing secret: it is stored after every step."""

    node: str
    phase: Phase = Phase.SPEAKING
    stage: str = ""
    """Which question of a node that has several: `confirm`, `other`."""
    digits: str = ""
    """The beginning of an option of several digits, or of what is collected; a secret's digits are each an x."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """Node → how often it has asked. Nothing is ever counted down."""
    came_by: tuple[str, ...] = ()
    """Menus whose options led here: the way back."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    priority: int = 0
    require: Mapping[str, int] = field(default_factory=dict)
    prefer: Mapping[str, int] = field(default_factory=dict)
    sticky_agent: bool = False
