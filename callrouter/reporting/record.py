"""One call as the list of calls shows it: values that calls.py folds. Times are milliseconds since 1970.

Rule: the SQL history keeps records as JSON and reads those of earlier versions: a new field has a default, and no field
changes its name or type without a step of migration there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """What became of an offer."""

    OPEN = "ringing"
    ACCEPTED = "accepted"
    MISSED = "missed"
    DECLINED = "declined"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    TAKEN_BACK = "taken back"
    """The caller left, another phone was faster, or the worker died, while the phone rang."""


@dataclass(frozen=True, slots=True)
class Step:
    """The caller came to a node of the tree, by a key, by silence or of itself."""

    at_ms: int
    node: str
    by: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A stay in one queue's line."""

    at_ms: int
    queue: str
    version: str
    """The floor's version when the caller joined."""
    left_ms: int = 0
    how: str = ""
    """connected · abandoned · timed out · left by key · sent away · lost; empty while waiting."""
    to: str = ""
    """After a time-out, or for who was sent away: the next queue, or `hangup`, or `tree`."""
    waited_ms: int = 0
    """By the caller's clock, which an overflow does not set back."""
    expected_at_ms: int = 0
    """When the expected wait was first looked at; 0: never, or nobody knew."""
    p50_ms: int = 0
    p90_ms: int = 0
    """From then on."""
    last_ring_ms: int = 0
    """When the longest wait was over while phones rang: no other phone joined them."""
    why: str = ""
    """For who was sent away: emergency, closed, nobody."""
    since_ms: int = 0
    """The place is kept from then on: of another queue, of an earlier stay, or of a call whose line dropped."""
    back: str = ""
    """That call."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A queue's line took nobody, and the caller did not come to stand in it."""

    at_ms: int
    queue: str
    why: str
    """emergency, closed, nobody, full."""
    to: str
    """The queue that was tried next, or `tree`, or `hangup`."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One agent's phone for this call."""

    at_ms: int
    agent: str
    queue: str
    version: str
    """The floor's version that the choice saw."""
    rang_ms: int = 0
    """When the phone said that it rings; 0 if it never did."""
    ended_ms: int = 0
    result: Result = Result.OPEN
    answered_by: str = ""
    """With ring_all: who was faster."""
    answered_ms: int = 0
    """When it was picked up by an agent who was then told who is coming."""


@dataclass(frozen=True, slots=True)
class Talk:
    at_ms: int
    agent: str
    queue: str
    waited_ms: int
    recording: str = ""
    """The recording's id; empty if the conversation is not recorded."""
    ended_ms: int = 0
    ended_by: str = ""
    """caller or agent."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What the journal says of a recording: a file, or a problem."""

    at_ms: int
    recording: str
    file: str = ""
    seconds: float = 0.0
    sha256: str = ""
    problem: str = ""
    """Why there is no file."""
    remarks: str = ""
    """What is missing in the file, if it is partial."""


@dataclass(frozen=True, slots=True)
class Try:
    """Something that became of a callback."""

    at_ms: int
    outcome: str
    """The journal's: open, dialled, answered, connected, busy, no_answer …"""
    until_ms: int = 0
    """When its turn may come again."""
    agent: str = ""
    """Who waited for the phone outside."""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The caller wants to be called back by this queue."""

    at_ms: int
    queue: str
    number: str = ""
    by_hand: str = ""
    """Why we cannot do it, and people must."""
    tries: tuple[Try, ...] = ()

    @property
    def dialled(self) -> tuple[int, ...]:
        """When the phone outside was rung."""
        return tuple(one.at_ms for one in self.tries if one.outcome == "dialled")

    @property
    def reached_ms(self) -> int:
        """When they talked with an agent, having been called; 0 if they have not."""
        talked = next((one.at_ms for one in self.tries if one.outcome == "connected"), 0)
        return talked if self.dialled else 0

    @property
    def is_open(self) -> bool:
        return bool(self.tries) and self.tries[-1].outcome not in CLOSED


CLOSED = frozenset({"connected", "failed", "expired", "cancelled", "served", "asked_again"})
"""The last word of a callback."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    call: str
    arrived_ms: int
    number: str = ""
    caller: str = ""
    language: str = ""
    tree: str = ""
    version: str = ""
    path: tuple[Step, ...] = ()
    visits: tuple[Visit, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    offers: tuple[Offer, ...] = ()
    talks: tuple[Talk, ...] = ()
    sounds: tuple[Sound, ...] = ()
    adopted: tuple[tuple[int, str], ...] = ()
    """When, and the worker that carried on."""
    changed: tuple[tuple[int, str], ...] = ()
    """When somebody changed its place in the line, and how."""
    repaired: tuple[tuple[int, str], ...] = ()
    """When something about it could not be, and what."""
    fallback: str = ""
    """Why the caller was handed to the dialplan's fallback."""
    fallback_ms: int = 0
    asked_back: tuple[Asked, ...] = ()
    how: str = ""
    """How it ended, in the journal's word; empty while it lives."""
    ended_ms: int = 0
    in_tree_ms: int = 0
    waited_ms: int = 0
    talked_ms: int = 0
    whole: bool = True
    """False when the journal no longer holds the call's beginning."""

    @property
    def queues(self) -> tuple[str, ...]:
        return tuple(visit.queue for visit in self.visits)

    @property
    def agent(self) -> str:
        """Who talked with the caller, the last one if several."""
        return self.talks[-1].agent if self.talks else ""

    @property
    def state(self) -> str:
        """in tree · waiting · talking · leaving · callback while it lives, then how it ended."""
        if self.how:
            return self.how.replace("_", " ")
        if self.talks and not self.talks[-1].ended_ms:
            return "talking"
        if self.asked_back and self.asked_back[-1].is_open:
            return "callback"
        if self.visits and not self.visits[-1].left_ms:
            return "waiting"
        return "leaving" if self.visits else "in tree"

    @property
    def hung_up(self) -> str:
        """Who hung up: caller, agent, or callrouter; empty while the call lives."""
        if self.talks and self.talks[-1].ended_by:
            return self.talks[-1].ended_by
        return {"": "", "left_tree": "caller", "abandoned": "caller"}.get(self.how, "callrouter")

    def waited_at(self, now_ms: int) -> int:
        """Milliseconds waited in lines so far, for a living call as for an ended one."""
        if self.how or self.talks:
            return self.waited_ms
        return now_ms - self.visits[0].at_ms if self.visits else 0

    def talked_at(self, now_ms: int) -> int:
        """Milliseconds talked so far."""
        if self.how:
            return self.talked_ms
        return sum((talk.ended_ms or now_ms) - talk.at_ms for talk in self.talks)
