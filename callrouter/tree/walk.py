"""One caller's way through a tree, pure: step(tree, walk, input, facts) → (walk, outputs). The walk has one timer.

    no walk ──Began──▶ SPEAKING ──PromptHeard──▶ menu, collect: LISTENING · say: its next · hangup: ENDED
                        │      ▲
               key, if the     │  asked again, or the next node speaks      LOOKING_UP ──LookedUp──▶ next or failed
               node lets it    │                                            RECORDING ──MessageTaken──▶ next
                        ▼      │                                            TRANSFERRING ──TargetEnded──▶ failed
                       LISTENING ──keys, TimeUp──▶ an answer, `invalid`     IN_LINE ──QueueLeft──▶ exit, timed_out …
                                                   or `no_input`

What asks (menu, collect, callback) does so at most `tries` times in one walk, however it is reached, and with none left
passes the caller on to its `no_input` branch. validate.py refuses circles of the other ways, so every walk ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from callrouter.tree.facts import Facts
from callrouter.tree.model import (
    Callback,
    Caller,
    Collect,
    Goto,
    Hangup,
    Hours,
    Lookup,
    Menu,
    Message,
    Node,
    Notice,
    Queue,
    Say,
    Set,
    Split,
    Transfer,
    Tree,
    When,
)
from callrouter.tree.nodes import callback, choosing, collect, leaving, menu, saying
from callrouter.tree.nodes.moves import At, Enter, Go, Move, On
from callrouter.tree.words import (
    Answered,
    Began,
    Consented,
    Entered,
    Hush,
    Input,
    JoinQueue,
    KeepSecret,
    KeyPressed,
    Leave,
    LookedUp,
    LookUp,
    MessageTaken,
    NoteCallback,
    Output,
    Phase,
    PromptHeard,
    QueueLeft,
    Refused,
    Resumed,
    SetLanguage,
    Speak,
    StartTimer,
    StopTimer,
    Tagged,
    TakeMessage,
    TargetEnded,
    TimeUp,
    Walk,
)
from callrouter.tree.words import Transfer as PutThrough

Result = tuple[Walk, tuple[Output, ...]]

WAITING: dict[type[Node], tuple[Enter, On]] = {
    Menu: (menu.ENTER, menu.ON),
    Collect: (collect.ENTER, collect.ON),
    Callback: (callback.ENTER, callback.ON),
    Say: (saying.enter_say, saying.ON_SAY),
    Notice: (saying.enter_notice, saying.ON_NOTICE),
    Message: (saying.enter_message, saying.ON_MESSAGE),
    Hangup: (saying.enter_hangup, saying.ON_HANGUP),
    Queue: (leaving.join, leaving.ON_QUEUE),
    Transfer: (leaving.announce_transfer, leaving.ON_TRANSFER),
    Lookup: (leaving.look_up, leaving.ON_LOOKUP),
}
"""Nodes at which a caller can be found: what they do when one comes, and what they do with what happens."""

PASSING: Mapping[type[Node], Enter] = {
    Hours: choosing.by_hours,
    Caller: choosing.by_caller,
    Set: choosing.change,
    When: choosing.by_variables,
    Split: choosing.by_share,
    Goto: choosing.on,
}
"""Nodes that lead on at once. (A subtree node is a goto by the time it is walked.)"""

INPUTS: tuple[type[Input], ...] = (
    Began,
    KeyPressed,
    PromptHeard,
    TimeUp,
    Resumed,
    LookedUp,
    MessageTaken,
    TargetEnded,
    QueueLeft,
)
ANSWERS: Mapping[Phase, frozenset[type[Input]]] = {
    Phase.SPEAKING: frozenset({PromptHeard, KeyPressed, Resumed}),
    Phase.LISTENING: frozenset({KeyPressed, TimeUp, Resumed}),
    Phase.LOOKING_UP: frozenset({LookedUp, Resumed}),
    Phase.RECORDING: frozenset({MessageTaken, Resumed}),
    Phase.TRANSFERRING: frozenset({TargetEnded, Resumed}),
    Phase.IN_LINE: frozenset({QueueLeft}),
    Phase.ENDED: frozenset(),
}
"""What can mean something in each phase. All others come too late (a prompt's end that a key has cut, a timer that ran
out as a key was taken) and change nothing; so do keys during what is said to its end."""


def step(tree: Tree, walk: Walk | None, given: Input, facts: Facts) -> Result:
    """What comes of an input. A walk begins with none and `Began`; inputs that come too late change nothing."""
    if walk is None:
        begun = Walk(tree.start)
        return _begin(tree, facts) if isinstance(given, Began) else (begun, ())
    kind = WAITING.get(type(tree.nodes[walk.node]))
    handler = kind[1].get((walk.phase, type(given))) if kind else None
    return _follow(tree, handler(At(tree, walk, facts), given), facts) if handler else (walk, ())


def enter(at: At) -> Move:
    """A caller comes to a node."""
    kind = type(at.tree.nodes[at.walk.node])
    return WAITING[kind][0](at) if kind in WAITING else PASSING[kind](at)


def _begin(tree: Tree, facts: Facts) -> Result:
    back = leaving.resumed(tree, facts)
    if back is None:
        return _follow(tree, Go(tree.start, Walk(tree.start)), facts)
    walk, outputs = _follow(tree, back, facts)
    return walk, leaving.welcomed(tree, walk, facts, outputs)


def _follow(tree: Tree, move: Move, facts: Facts) -> Result:
    """Enter a node, and the next ones, until one waits for something."""
    outputs: tuple[Output, ...] = ()
    while isinstance(move, Go):
        outputs = (*outputs, *move.outputs, Entered(move.to, move.by))
        move = enter(At(tree, replace(move.walk, node=move.to, digits="", stage=""), facts))
    return move.walk, (*outputs, *move.outputs)


__all__ = [
    "ANSWERS",
    "INPUTS",
    "PASSING",
    "WAITING",
    "Answered",
    "Began",
    "Consented",
    "Entered",
    "Facts",
    "Hush",
    "Input",
    "JoinQueue",
    "KeepSecret",
    "KeyPressed",
    "Leave",
    "LookUp",
    "LookedUp",
    "MessageTaken",
    "NoteCallback",
    "Output",
    "Phase",
    "PromptHeard",
    "PutThrough",
    "QueueLeft",
    "Refused",
    "Resumed",
    "SetLanguage",
    "Speak",
    "StartTimer",
    "StopTimer",
    "Tagged",
    "TakeMessage",
    "TargetEnded",
    "TimeUp",
    "Walk",
    "step",
]
