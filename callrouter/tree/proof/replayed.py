"""A real call's way through a tree, as the journal tells it, turned back into what its caller did.

The journal has keys, silence and branches, but no collected digits and no answers of other programs: those are sought,
until the tree goes the way the caller went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field

from callrouter.tree.model import Collect, Tree
from callrouter.tree.nodes.collect import luhn
from callrouter.tree.proof.deeds import (
    Answers,
    Deed,
    HangsUp,
    LeavesMessage,
    NotConnected,
    Nothing,
    Presses,
    Situation,
    WaitsTooLong,
)
from callrouter.tree.proof.pending import KEYS, answers
from callrouter.tree.proof.script import SCRIPTED
from callrouter.tree.proof.trial import Crossing, Trial
from callrouter.tree.proof.world import World
from callrouter.tree.words import JoinQueue, LookedUp, LookUp, TakeMessage, Transfer

MOST_TRIES = 400
"""Of a search: a call that cannot be understood by then is told as such."""
_KEYS = frozenset(key.digit for key in KEYS)


@dataclass(frozen=True, slots=True)
class Trail:
    """A call, from the journal."""

    call: str
    situation: Situation
    steps: tuple[tuple[str, str], ...]
    """Node, and by what the caller came there."""
    left: bool = False
    """The caller hung up in the tree."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Variables, as far as the journal has them."""

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        nodes = ["", *(node for node, _ in self.steps)]
        return tuple((nodes[at], by, node) for at, (node, by) in enumerate(self.steps))


def deeds_of(tree: Tree, trail: Trail, world: World) -> tuple[Deed, ...] | None:
    """What the caller did, and others answered; None if this tree leads nobody this way."""
    if not trail.steps or trail.steps[0][0] != tree.start:
        return None
    begun = Trial(tree, trail.situation, world).begin()
    _go_on(begun)
    open_: list[tuple[Trial, tuple[Deed, ...]]] = [(begun, ())]
    for _ in range(MOST_TRIES):
        if not open_:
            return None
        trial, deeds = open_.pop()
        if not _on_the_way(trial, trail):
            continue
        if len(trial.crossings) == len(trail.steps):
            return (*deeds, HangsUp()) if trail.left else deeds
        by = trail.steps[len(trial.crossings)][1]
        nexts = []
        for deed in _candidates(trial, by, trail.values):
            other = _copy(trial)
            _do(other, deed)
            nexts.append((other, (*deeds, deed)))
        open_ += reversed(nexts)
    return None


def _on_the_way(trial: Trial, trail: Trail) -> bool:
    came = [(to, by) for _, by, to in trial.crossings]
    return tuple(came) == trail.steps[: len(came)]


def _copy(trial: Trial) -> Trial:
    other = copy(trial)
    other.crossings, other.heard, other.done = list(trial.crossings), list(trial.heard), list(trial.done)
    other.script, other.complaints, other.secrets = list(trial.script), list(trial.complaints), dict(trial.secrets)
    return other


def _do(trial: Trial, deed: Deed) -> None:
    """The deed, and what follows by itself."""
    trial.does(deed)
    if isinstance(deed, SCRIPTED):
        trial.happen()
    _go_on(trial)


def _go_on(trial: Trial) -> None:
    while not (trial.over or trial.pending.listening or trial.pending.question) and trial.happen():
        pass


def _candidates(trial: Trial, by: str, values: Mapping[str, str]) -> Iterator[Deed]:
    """What may have led on with this word of the journal, the likeliest first."""
    match trial.pending.end or trial.pending.question:
        case JoinQueue(exit_key=key):
            yield Presses(by) if by == key else WaitsTooLong()
        case Transfer():
            yield NotConnected(by)
        case TakeMessage():
            yield LeavesMessage(0.0 if by == "no message" else 10.0)
        case LookUp(node=node) if by == "failed":
            yield Answers(node, failure="failed")
        case LookUp(node=node):
            yield from (Answers(node, good) for good in _good_answers(trial, values))
        case None:
            yield from _by_keys(trial, by, values)
        case _:
            return


def _good_answers(trial: Trial, values: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    for answer in answers(trial.pending):
        if isinstance(answer, LookedUp) and not answer.failure:
            yield {name: values.get(name, str(value).lower()) for name, value in answer.values.items()}


def _by_keys(trial: Trial, by: str, values: Mapping[str, str]) -> Iterator[Deed]:
    node = trial.tree.nodes[trial.walk.node] if trial.walk else None
    if by == "silence":
        yield Nothing()
    elif by and set(by) <= _KEYS:
        if isinstance(node, Collect) and not (trial.walk and trial.walk.stage):
            yield from _digits(node, values)
        yield Presses(by)
    elif by == "invalid":
        yield from (Presses(key.digit) for key in KEYS)
    elif isinstance(node, Collect):
        yield from _digits(node, values)
    else:
        yield Nothing()


def _digits(collect: Collect, values: Mapping[str, str]) -> Iterator[Deed]:
    """The digits themselves if the journal has them, else some that may pass."""
    known = values.get(collect.into)
    some = [known] if known and known.isdecimal() else []
    for first in "1234567890":
        digits = first * collect.least
        some.append(digits)
        if collect.checksum and len(digits) > 1:
            some += [d for d in (digits[:-1] + last for last in "0123456789") if luhn(d)]
    ends = collect.end_key or ""
    yield from (Presses(digits + (ends if len(digits) < collect.most else "")) for digits in some)
