"""The journal's words and its entry: the append-only list of what happened, from which everything else is told.

Words are those of Asterisk's queue_log where it has them (Asterisk documentation, "Queue Logs"), ours where it has
none. The live floor, the call list, `explain` and the figures are all made from these entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

NOW = "$now"
"""Stands for the store's own clock (milliseconds since 1970) in a floor value; filled in when it is written."""


class Word(StrEnum):
    """What happened. The first group are queue_log's words."""

    ENTERQUEUE = "ENTERQUEUE"
    CONNECT = "CONNECT"
    COMPLETEAGENT = "COMPLETEAGENT"
    COMPLETECALLER = "COMPLETECALLER"
    ABANDON = "ABANDON"
    EXITWITHTIMEOUT = "EXITWITHTIMEOUT"
    EXITEMPTY = "EXITEMPTY"
    EXITWITHKEY = "EXITWITHKEY"
    RINGNOANSWER = "RINGNOANSWER"
    RINGCANCELED = "RINGCANCELED"
    PAUSE = "PAUSE"
    UNPAUSE = "UNPAUSE"
    AGENTLOGOFF = "AGENTLOGOFF"

    JOINEMPTY = "JOINEMPTY"
    """Refused, because nobody is there to serve the queue. As QUEUESTATUS, app_queue's answer, has it; so has FULL.
    data: to (the queue that takes the caller instead, tree, or hangup), caller."""
    FULL = "FULL"
    """Refused, because so many wait already. data: as JOINEMPTY."""
    JOINCLOSED = "JOINCLOSED"
    """Refused outside the queue's hours, or while its emergency switch is on. data: as JOINEMPTY, and why (closed,
    emergency)."""
    EXITCLOSED = "EXITCLOSED"
    """Left the line for the same reasons. data: to, why, position, waited_ms; an EXITEMPTY has them too."""
    PLACEGONE = "PLACEGONE"
    """Callers whose line had dropped did not ring back in time, so their places are not kept any more. data: calls."""

    ARRIVED = "ARRIVED"
    """A caller is ours. data: number, caller, tree, version, language."""
    NODE = "NODE"
    """The caller came to a node of the tree. data: node, by (the key, `silence`, `invalid`, or empty)."""
    ANSWER = "ANSWER"
    """A variable of the tree has a value. data: variable, value (a secret's is `***`)."""
    TAGS = "TAGS"
    """data: tags (those the call has now, separated by commas)."""
    NOTICE = "NOTICE"
    """A notice was said. data: node, version, whole (1: heard to its end)."""
    LOOKUP = "LOOKUP"
    """Another program was asked. data: node, outcome (`answered` or why not), took_ms."""
    MESSAGE = "MESSAGE"
    """The caller left a message. data: group, seconds, file; or `problem`."""
    CALLBACK = "CALLBACK"
    """The caller wants to be called back. data: number, since_ms (of the place kept); or `by_hand`: why only people can
    do it."""
    CALLBACKTRY = "CALLBACKTRY"
    """What becomes of that. data: outcome (open, dialled, answered, connected, or why not), attempt, until_ms."""
    TRANSFER = "TRANSFER"
    """Somebody of the directory was rung. data: target, outcome (ringing, connected, or why not), recording."""
    SWITCH = "SWITCH"
    """An emergency switch was turned. data: switch, on (1 or nothing), by."""
    EXPECTED = "EXPECTED"
    """What a waiting call's outlook was when it was first looked at. data: position, p50_ms, p90_ms (from here on)."""
    CHANGED = "CHANGED"
    """A waiting call's priority or skills were changed by somebody. data: by, and what: priority, require, prefer."""
    OFFER = "OFFER"
    """An agent was reserved for a waiting call. data: leg, floor (what the choice saw: `Saw`), ring_s."""
    RINGING = "RINGING"
    BRIEFED = "BRIEFED"
    """The agent has picked up and is told who is coming. data: ring_ms, accept (answer, key). CONNECT follows, or
    RINGNOANSWER if the agent does not want the call."""
    LASTRING = "LASTRING"
    """The longest wait is over while phones ring: no further phone joins them. data: waited_ms."""
    WRAPUP = "WRAPUP"
    """An agent asked for a wrap-up. data: what (asked, begun, longer), by."""
    WRAPUPEND = "WRAPUPEND"
    RESTEND = "RESTEND"
    """The rest after an offer in vain, or after the hour's last call, is over. data: why."""
    BARRED = "BARRED"
    """A rule keeps an agent who is READY from calls. data: why (mentor), or nothing when it does no more."""
    RECORDING = "RECORDING"
    """The finished recording. data: file, sha256, seconds, format; or `problem`."""
    ADOPTED = "ADOPTED"
    """A call went to another worker. data: owner, before."""
    FALLBACK = "FALLBACK"
    """The caller was handed to the dialplan's fallback. data: reason."""
    ENDED = "ENDED"
    """The end of every call, exactly once. data: how, in_tree_ms, waited_ms, talked_ms."""
    REACHABLE = "REACHABLE"
    UNREACHABLE = "UNREACHABLE"
    REPAIRED = "REPAIRED"
    """A state that could not be was put right. data: what."""
    BREACH = "BREACH"
    """What must always be so was not (acd/invariants.py). data: invariant, what, repair."""
    CONFIG = "CONFIG"
    """Queues and agents as configured from here on (in the floor part)."""
    SNAPSHOT = "SNAPSHOT"
    """The whole floor, so that older entries can be trimmed."""
    PUBLISHED = "PUBLISHED"
    """Which versions of a tree new callers get has changed. data: tree, what (live, canary, promoted, rolled back),
    version, by, share, why."""
    STARTED = "STARTED"
    """A worker started. data: worker, version."""


FloorChange = Mapping[str, Mapping[str, str] | None]
"""Things of the live floor and the fields set on them; None takes the thing away. Things are named
`agent:<id>`, `queue:<id>`, `waiting:<call>`, `kept:<call>`, `switch:<name>`, `tree:<name>`,
`callback:<queue>/<number>`. The same values go to Redis and into the
entry, so that a replica made from entries cannot differ from the original."""


@dataclass(frozen=True, slots=True)
class Saw:
    """All that a choice depends on, by reference: making it again on this floor gives the same pair and the reasons.

    As text: `1700000000000-0 1700000000250 anna=call-7`, the pairs last; the version alone stands for its own moment.
    """

    version: str
    now_ms: int
    on_their_way: Mapping[str, str] = field(default_factory=dict)
    """Agent → call: proposed a moment before, and not yet seen on that floor."""

    @property
    def text(self) -> str:
        return " ".join((self.version, str(self.now_ms), *(f"{one}={call}" for one, call in self.on_their_way.items())))


def read_saw(text: str) -> Saw:
    version, *rest = text.split(" ")
    if not rest:
        return Saw(version, int(version.partition("-")[0] or 0))
    pairs = (pair.partition("=") for pair in rest[1:])
    return Saw(version, int(rest[0]), {agent: call for agent, _, call in pairs})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `id` and `at_ms` are given by the store when it is written."""

    word: Word
    call: str = ""
    agent: str = ""
    queue: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    floor: FloorChange = field(default_factory=dict)
    id: str = ""
    at_ms: int = 0
