"""A call back: the caller's own number is confirmed, or another one taken and confirmed, and noted for a queue.

Rule: to ask for another number, and to hear it read back, costs none of the tries; it may be done `tries` times.
"""

from __future__ import annotations

import re
from dataclasses import replace

from callrouter.telephony import same_number
from callrouter.tree.model import Callback, Prompt
from callrouter.tree.nodes.moves import At, Go, Move, On, Stay, after, learned, stop_waiting
from callrouter.tree.words import (
    Entered,
    Input,
    KeyPressed,
    NoteCallback,
    Phase,
    PromptHeard,
    Resumed,
    Speak,
    StartTimer,
    StopTimer,
    TimeUp,
)

NUMBER = "callback_number"
"""The variable that holds it."""
OTHER = "other"
ALREADY = "already"
END_KEY = "#"
_CALLABLE = re.compile(r"\+?[0-9]{5,15}")


def enter(at: At) -> Move:
    callback = at.node(Callback)
    if at.asked() >= callback.tries:
        return Go(callback.no_input.then, at.walk)
    if not _CALLABLE.fullmatch(at.facts.caller):
        return _ask(replace(at, walk=replace(at.walk, stage=OTHER)))
    walk, outputs = learned(at.walk, {NUMBER: at.facts.caller})
    return after(outputs, _ask(replace(at, walk=walk)))


def listen(at: At, _: Input) -> Move:
    if at.walk.stage == ALREADY:
        return Go(at.node(Callback).next, at.walk)
    return Stay(replace(at.walk, phase=Phase.LISTENING, digits=""), (StartTimer(at.node(Callback).first_digit_s),))


def key(at: At, given: Input) -> Move:
    pressed = given.digit if isinstance(given, KeyPressed) else ""
    if at.walk.stage == ALREADY:
        return after(stop_waiting(at), Go(at.node(Callback).next, at.walk, by=pressed))
    listening = replace(at, walk=replace(at.walk, phase=Phase.LISTENING))
    take = _digit if at.walk.stage == OTHER else _choose
    return after(stop_waiting(at), take(listening, pressed))


def time_up(at: At, _: Input) -> Move:
    return _finish(at) if at.walk.digits else _ask_again(at, "silence")


def again(at: At, _: Input) -> Move:
    walk = replace(at.walk, phase=Phase.SPEAKING, digits="")
    return Stay(walk, (StopTimer(), Speak((_question(at),))))


def _choose(at: At, pressed: str) -> Move:
    callback = at.node(Callback)
    if pressed == callback.yes_key:
        number = str(at.walk.variables.get(NUMBER, ""))
        if any(queue == callback.queue and same_number(number, other) for queue, other in at.facts.callbacks):
            return _tell_already(at, pressed)
        return Go(callback.next, at.walk, by=pressed, outputs=(NoteCallback(number, callback.queue),))
    if pressed == callback.other_key and at.asked(OTHER) < callback.tries:
        walk = replace(at.walk, stage=OTHER, asked=at.counted(OTHER))
        return after((Entered(walk.node, pressed),), _say(replace(at, walk=walk)))
    return _ask_again(at, "invalid")


def _tell_already(at: At, pressed: str) -> Move:
    """The first wish keeps its place; a second one changes nothing."""
    callback = at.node(Callback)
    if callback.already is None:
        return Go(callback.next, at.walk, by=pressed)
    number = at.walk.variables.get(NUMBER, "")
    walk = replace(at.walk, phase=Phase.SPEAKING, stage=ALREADY)
    return Stay(walk, (Speak((at.prompt(callback.already, ALREADY, number=number),)),))


def _digit(at: At, pressed: str) -> Move:
    if pressed == END_KEY:
        return _finish(at)
    if not pressed.isdecimal():
        return _ask_again(at, "invalid")
    at = replace(at, walk=replace(at.walk, digits=at.walk.digits + pressed))
    if len(at.walk.digits) == 15:
        return _finish(at)
    return Stay(at.walk, (StartTimer(at.node(Callback).next_digit_s),))


def _finish(at: At) -> Move:
    """The other number is read back like the first one."""
    if not _CALLABLE.fullmatch(at.walk.digits):
        return _ask_again(at, "invalid")
    walk, outputs = learned(replace(at.walk, stage="", digits=""), {NUMBER: at.walk.digits})
    return after((*outputs, Entered(walk.node, "number")), _say(replace(at, walk=walk)))


def _ask_again(at: At, by: str) -> Move:
    callback = at.node(Callback)
    branch = callback.no_input if by == "silence" else callback.invalid
    if at.asked() >= callback.tries:
        return Go(branch.then, replace(at.walk, digits=""), by)
    word = branch.prompt if by in ("invalid", "silence") else None
    prompts = (at.prompt(word, "no_input" if by == "silence" else "invalid"),) if word else ()
    return after((Entered(at.walk.node, by),), _ask(at, prompts))


def _ask(at: At, first: tuple[Prompt, ...] = ()) -> Move:
    return _say(replace(at, walk=replace(at.walk, asked=at.counted())), first)


def _say(at: At, first: tuple[Prompt, ...] = ()) -> Move:
    walk = replace(at.walk, phase=Phase.SPEAKING, digits="")
    return Stay(walk, (Speak((*first, _question(at))),))


def _question(at: At) -> Prompt:
    callback = at.node(Callback)
    if at.walk.stage == OTHER:
        return at.prompt(callback.other, OTHER)
    if at.walk.stage == ALREADY and callback.already is not None:
        return at.prompt(callback.already, ALREADY, number=at.walk.variables.get(NUMBER, ""))
    return at.prompt(callback.prompt, number=at.walk.variables.get(NUMBER, ""))


ENTER = enter
ON: On = {
    (Phase.SPEAKING, PromptHeard): listen,
    (Phase.SPEAKING, KeyPressed): key,
    (Phase.SPEAKING, Resumed): again,
    (Phase.LISTENING, KeyPressed): key,
    (Phase.LISTENING, TimeUp): time_up,
    (Phase.LISTENING, Resumed): again,
}
