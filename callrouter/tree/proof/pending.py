"""The one place that says what a walk waits for, read from its outputs, and so which inputs it can get.

Whatever a node's type, a walk waits for a prompt's end, its timer, or somebody's answer; keys may come at any time.
`Resumed` is no input of the caller's: a worker's death costs no try and is left out of exploring.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from callrouter.tree.model import Lookup
from callrouter.tree.words import (
    Hush,
    Input,
    JoinQueue,
    KeyPressed,
    Leave,
    LookedUp,
    LookUp,
    MessageTaken,
    Output,
    PromptHeard,
    QueueLeft,
    Speak,
    StartTimer,
    StopTimer,
    TakeMessage,
    TargetEnded,
    TimeUp,
    Transfer,
)

KEYS = tuple(KeyPressed(key) for key in "0123456789*#ABCD")
End = JoinQueue | Transfer | Leave
"""Outputs with which a walk leaves its tree; from a line and from a transfer it may come back."""
Question = LookUp | TakeMessage
"""Outputs that somebody else than the caller's keys answers."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What is under way for a walk."""

    speaking: bool = False
    timer_s: float | None = None
    question: Question | None = None
    end: End | None = None

    @property
    def listening(self) -> bool:
        """The caller's turn: nothing is being said and silence will be noticed."""
        return not self.speaking and self.timer_s is not None


def after(pending: Pending, outputs: Iterable[Output]) -> Pending:
    """What is under way after these outputs."""
    for output in outputs:
        match output:
            case Speak():
                pending = replace(pending, speaking=True)
            case Hush():
                pending = replace(pending, speaking=False)
            case StartTimer(seconds=seconds):
                pending = replace(pending, timer_s=seconds)
            case StopTimer():
                pending = replace(pending, timer_s=None)
            case LookUp() | TakeMessage():
                pending = replace(pending, question=output)
            case JoinQueue() | Transfer() | Leave():
                pending = Pending(end=output)
            case _:
                pass
    return pending


def happened(pending: Pending, given: Input) -> Pending:
    """What is still under way when this input comes."""
    match given:
        case PromptHeard():
            return replace(pending, speaking=False)
        case TimeUp():
            return replace(pending, timer_s=None)
        case LookedUp() | MessageTaken():
            return replace(pending, question=None)
        case TargetEnded() | QueueLeft():
            return replace(pending, end=None)
        case _:
            return pending


def by_itself(pending: Pending) -> tuple[Input, ...]:
    """What can happen although nobody does anything."""
    if pending.end:
        return ()
    heard = (PromptHeard(),) if pending.speaking else ()
    silence = (TimeUp(),) if pending.timer_s is not None else ()
    return (*heard, *silence)


def answers(pending: Pending) -> tuple[Input, ...]:
    """What somebody else than the caller can bring about."""
    match pending.end or pending.question:
        case LookUp(lookup=lookup):
            return (*(LookedUp(values) for values in _values(lookup)), LookedUp(failure="timeout"))
        case TakeMessage():
            return MessageTaken(10.0), MessageTaken(0.0)
        case Transfer():
            return tuple(TargetEnded(why) for why in ("busy", "unknown"))
        case JoinQueue() as join:
            hows = (*(("timed_out",) if join.returns else ()), *(("exit",) if join.exit_key else ()), *join.branches)
            return tuple(QueueLeft(how) for how in hows)
        case _:
            return ()


def possible(pending: Pending) -> tuple[Input, ...]:
    """Every input that can come next, each key once."""
    keys = () if pending.end else KEYS
    return (*by_itself(pending), *answers(pending), *keys)


def _values(lookup: Lookup) -> Iterable[dict[str, str | float | bool]]:
    """Two good answers of the kinds that the lookup promises."""
    kinds = {name: answer.type for name, answer in lookup.answers().items()}
    for good in ({"text": "1", "number": 1, "bool": True}, {"text": "other", "number": 0, "bool": False}):
        yield {name: good[kind] for name, kind in kinds.items()}  # type: ignore[misc] # keyed by the same three words
