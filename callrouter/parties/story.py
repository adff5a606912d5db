"""A story as a value: who is there, what happens line by line, what must have been journalled and recorded. Pure.

Read from YAML by `read_story` (reading.py), played by the player. Seconds everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from callrouter.parties.party import Habit

Presence = Literal["ready", "not ready", "logged out", "unregistered"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody outside who calls us through the trunk."""

    calls: str
    number: str
    """The number shown to us."""
    habit: Habit = field(default_factory=Habit)
    """Of a caller who is called back."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One of our agents at a phone."""

    agent: str
    habit: Habit
    starts: Presence


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody outside whom we call: a merchant, a department, a mobile phone."""

    number: str
    habit: Habit


Role = Caller | Agent | Outside


# -- what a line of the scene can say --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Calls:
    who: str
    number: str
    """Empty: the number of the cast list."""


@dataclass(frozen=True, slots=True)
class Presses:
    who: str
    keys: str


@dataclass(frozen=True, slots=True)
class HearsPrompt:
    who: str
    prompt: str
    language: str
    """Empty: the story's language."""
    whole: bool
    within_s: float


@dataclass(frozen=True, slots=True)
class HasNotHeard:
    """A prompt, from the beginning until now."""

    who: str
    prompt: str
    language: str


@dataclass(frozen=True, slots=True)
class HearsMusic:
    who: str
    for_s: float
    within_s: float


@dataclass(frozen=True, slots=True)
class HearsNothing:
    """Silence, or only nothing of somebody."""

    who: str
    of: str
    for_s: float


@dataclass(frozen=True, slots=True)
class Hears:
    """One way: each of `who` hears all of `whom`, and nobody else."""

    who: tuple[str, ...]
    whom: tuple[str, ...]
    for_s: float
    within_s: float


@dataclass(frozen=True, slots=True)
class Rings:
    who: str
    within_s: float


@dataclass(frozen=True, slots=True)
class Shows:
    """What stands on the display of the phone that rings, or rang last."""

    who: str
    text: str


@dataclass(frozen=True, slots=True)
class DoesNotRing:
    who: str
    for_s: float | None
    """None: from the beginning until now."""


@dataclass(frozen=True, slots=True)
class IsConnected:
    who: str
    within_s: float


@dataclass(frozen=True, slots=True)
class IsRefused:
    who: str
    status: str
    """Empty: any."""
    within_s: float


@dataclass(frozen=True, slots=True)
class CallEnds:
    who: str
    within_s: float
    how: str = ""
    """Empty: however."""


@dataclass(frozen=True, slots=True)
class Does:
    """Something with the phone that needs no more words."""

    who: str
    what: Literal[
        "answers",
        "lets it ring",
        "hangs up",
        "holds",
        "resumes",
        "registers",
        "unregisters",
        "is unplugged",
        "is plugged in",
    ]


@dataclass(frozen=True, slots=True)
class Rejects:
    who: str
    status: int


@dataclass(frozen=True, slots=True)
class Transfers:
    who: str
    number: str


@dataclass(frozen=True, slots=True)
class Waits:
    seconds: float


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of the centre breaks: `worker w1 is killed`."""

    thing: str
    act: str


Action = (
    Calls | Presses | HearsPrompt | HasNotHeard | HearsMusic | HearsNothing | Hears | Rings | Shows | DoesNotRing
    | IsConnected | IsRefused    | CallEnds | Does | Rejects | Transfers | Waits | Fault
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the scene, as it was written and as we understand it."""

    said: str
    number: int
    """In the file, from 1."""
    action: Action


@dataclass(frozen=True, slots=True)
class Journalled:
    """An entry that must be in the journal of somebody's call: in this order, others may be between."""

    said: str
    number: int
    caller: str
    word: str
    mentions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the recording of a call must be: two channels, one voice in each."""

    said: str
    number: int
    left: str
    right: str
    at_least_s: float


@dataclass(frozen=True, slots=True)
class Story:
    """One scene to be played."""

    name: str
    file: str
    language: str
    cast: Mapping[str, Role]
    scene: tuple[Line, ...]
    journal: tuple[Journalled, ...] = ()
    recording: Recorded | None = None
    queues: frozenset[str] = field(default=frozenset())
    """Queues it wants for itself besides those of its agents."""

    @property
    def agents(self) -> frozenset[str]:
        return frozenset(role.agent for role in self.cast.values() if isinstance(role, Agent))

    @property
    def numbers(self) -> frozenset[str]:
        """Numbers outside that can be used by one story at a time."""
        return frozenset(role.number for role in self.cast.values() if isinstance(role, Caller | Outside))

    @property
    def prompts(self) -> frozenset[tuple[str, str]]:
        """Name and language of each prompt that must be recognised, and told from the others."""
        spoken = [line.action for line in self.scene if isinstance(line.action, HearsPrompt | HasNotHeard)]
        return frozenset((action.prompt, action.language or self.language) for action in spoken)
