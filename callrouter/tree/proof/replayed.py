"""A real call's way through a tree, as the journal tells it, turned back into what its caller did.

The journal has keys, silence and branches, but no collected digits and no answers of other programs: those are sought,
until the tree goes the way the caller went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise, product

from callrouter.tree.address import shown
from callrouter.tree.condition import (
    All,
    Among,
    Compare,
    Condition,
    Constant,
    Either,
    Not,
    parse_condition,
    variables_of,
)
from callrouter.tree.model import Caller, CallerBranch, Collect, Hours, Tree, Value, When
from callrouter.tree.nodes.callback import END_KEY, NUMBER
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

Values = Mapping[str, tuple[str, ...]]
ANY_NUMBER = "5550123"
MOST_ANSWERS = 200
"""Of one lookup, when the journal does not have them."""
MOST_TRIES = 2_000
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
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Every value that a variable had, as far as the journal has them."""

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


def situated(tree: Tree, trail: Trail) -> Trail:
    """With what the journal does not have and the caller's way tells: lists, switches, earlier calls, holidays."""
    situation = trail.situation
    for (node, _), (_, by) in pairwise(trail.steps):
        match tree.nodes.get(node):
            case Hours(switch=str(switch)) if by == "emergency":
                situation = replace(situation, switches=situation.switches | {switch})
            case Hours() if by == "holiday":
                situation = replace(situation, holiday=True)
            case Caller(branches=branches) if by.startswith("branch "):
                number = int(by.removeprefix("branch ") or 0) if by[7:].isdecimal() else 0
                if 1 <= number <= len(branches):
                    situation = _fitting(situation, branches[number - 1])
    return replace(trail, situation=situation)


def _fitting(situation: Situation, branch: CallerBranch) -> Situation:
    """A situation for which this branch holds."""
    lists = situation.lists | ({branch.in_list} if branch.in_list else set())
    again = 0 if branch.again_within_m else situation.called_minutes_ago
    unfinished = situation.unfinished if branch.unfinished is None else branch.unfinished
    back = situation.rang_back if branch.rang_back is None else branch.rang_back
    return replace(situation, lists=lists, called_minutes_ago=again, unfinished=unfinished, rang_back=back)


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


def _candidates(trial: Trial, by: str, values: Values) -> Iterator[Deed]:
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


def _good_answers(trial: Trial, values: Values) -> Iterator[Mapping[str, str]]:
    """Those that the journal has; else such that each condition of the tree holds for one and not for another."""
    for answer in answers(trial.pending):
        if isinstance(answer, LookedUp) and not answer.failure:
            compared = _compared(trial.tree)
            each = [
                [*values.get(name, ()), *([] if name in values else [shown(value), *compared.get(name, ())])]
                for name, value in answer.values.items()
            ]
            for some in islice(product(*each), MOST_ANSWERS):
                yield dict(zip(answer.values, some, strict=True))


def _compared(tree: Tree) -> dict[str, list[str]]:
    """Variable → what the conditions of the tree compare it with, and beside it."""
    found: dict[str, list[str]] = {}
    for node in tree.nodes.values():
        for case in node.cases if isinstance(node, When) else ():
            condition = parse_condition(case.condition)
            constants = list(constants_of(condition))
            for name in variables_of(condition):
                found.setdefault(name, []).extend(constants)
    return found


def constants_of(condition: Condition) -> Iterator[str]:
    """Everything a condition compares with; of numbers also the next ones."""
    match condition:
        case All(parts) | Either(parts):
            for part in parts:
                yield from constants_of(part)
        case Not(part):
            yield from constants_of(part)
        case Among(_, values):
            yield from map(shown, values)
        case Compare(left, _, right):
            for side in (left, right):
                if isinstance(side, Constant):
                    yield from _around(side.value)


def _around(value: Value) -> Iterator[str]:
    yield shown(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from (shown(value + 1), shown(value - 1))


def _by_keys(trial: Trial, by: str, values: Values) -> Iterator[Deed]:
    node = trial.tree.nodes[trial.walk.node] if trial.walk else None
    if by == "silence":
        yield Nothing()
    elif by and set(by) <= _KEYS:
        if isinstance(node, Collect) and not (trial.walk and trial.walk.stage):
            yield from _digits(node, values)
        yield Presses(by)
    elif by == "number":
        yield from (Presses(f"{number}{END_KEY}") for number in (*values.get(NUMBER, ()), ANY_NUMBER))
    elif by == "invalid":
        yield from (Presses(key.digit) for key in KEYS)
    elif isinstance(node, Collect):
        yield from _digits(node, values)
    else:
        yield Nothing()


def _digits(collect: Collect, values: Values) -> Iterator[Deed]:
    """The digits themselves if the journal has them, else some that may pass."""
    some = [digits for digits in values.get(collect.into, ()) if digits.isdecimal()]
    for first in "1234567890":
        digits = first * collect.least
        some.append(digits)
        if collect.checksum and len(digits) > 1:
            some += [d for d in (digits[:-1] + last for last in "0123456789") if luhn(d)]
    ends = collect.end_key or ""
    yield from (Presses(digits + (ends if len(digits) < collect.most else "")) for digits in some)
