"""A menu: a complete option acts at once, the beginning of a longer one waits for the next digit."""

from __future__ import annotations

from dataclasses import replace

from callrouter.tree.model import Menu, Prompt
from callrouter.tree.nodes.moves import At, Go, Move, On, Stay, after, stop_waiting
from callrouter.tree.words import (
    Entered,
    Input,
    KeyPressed,
    Output,
    Phase,
    PromptHeard,
    Resumed,
    Speak,
    StartTimer,
    StopTimer,
    TimeUp,
)

NEXT_DIGIT_S = 3.0


def enter(at: At) -> Move:
    """A menu with no tries left passes the caller on, however it is reached."""
    menu = at.node(Menu)
    if at.asked() >= menu.tries:
        return Go(menu.no_input.then, at.walk)
    return _ask(at)


def listen(at: At, _: Input) -> Move:
    menu = at.node(Menu)
    return Stay(replace(at.walk, phase=Phase.LISTENING, digits=""), (StartTimer(menu.first_digit_s),))


def key(at: At, given: Input) -> Move:
    """Also during the prompt, which ends then, if the menu lets keys cut it."""
    menu = at.node(Menu)
    if at.walk.phase is Phase.SPEAKING and not menu.barge_in:
        return Stay(at.walk)
    listening = replace(at, walk=replace(at.walk, phase=Phase.LISTENING))
    pressed = given.digit if isinstance(given, KeyPressed) else ""
    return after(stop_waiting(at), _take(listening, pressed))


def time_up(at: At, _: Input) -> Move:
    """No key at all, or no further digit: the digits so far are the answer."""
    return _choose(at, at.walk.digits) if at.walk.digits else _ask_again(at, "silence")


def again(at: At, _: Input) -> Move:
    """The same node from its first word; it costs the caller no try."""
    speak = Speak((at.prompt(at.node(Menu).prompt),))
    return Stay(replace(at.walk, phase=Phase.SPEAKING, digits=""), (StopTimer(), speak))


def _take(at: At, pressed: str) -> Move:
    menu, digits = at.node(Menu), at.walk.digits + pressed
    if not at.walk.digits and pressed == menu.repeat_key:
        return _ask_again(at, pressed)
    if not at.walk.digits and pressed == menu.back_key:
        return _go_back(at, pressed)
    if any(option.startswith(digits) and option != digits for option in menu.options):
        return Stay(replace(at.walk, digits=digits), (StartTimer(menu.next_digit_s or NEXT_DIGIT_S),))
    return _choose(at, digits)


def _choose(at: At, digits: str) -> Move:
    target = at.node(Menu).options.get(digits)
    if target is None:
        return _ask_again(at, "invalid")
    return Go(target, replace(at.walk, came_by=(*at.walk.came_by, at.walk.node)), by=digits)


def _ask_again(at: At, by: str) -> Move:
    """The same menu once more, after a word about what went wrong; with no tries left its branch."""
    menu = at.node(Menu)
    branch = menu.invalid if by == "invalid" else menu.no_input
    if at.asked() >= menu.tries:
        return Go(branch.then, at.walk, by)
    word = branch.prompt if by in ("invalid", "silence") else None
    prompts = (at.prompt(word, "invalid" if by == "invalid" else "no_input"),) if word else ()
    return _ask(at, (Entered(at.walk.node, by),), prompts)


def _go_back(at: At, by: str) -> Move:
    if not at.walk.came_by:
        return _ask_again(at, by)
    return Go(at.walk.came_by[-1], replace(at.walk, came_by=at.walk.came_by[:-1]), by)


def _ask(at: At, outputs: tuple[Output, ...] = (), first: tuple[Prompt, ...] = ()) -> Move:
    speak = Speak((*first, at.prompt(at.node(Menu).prompt)))
    asked = replace(at.walk, phase=Phase.SPEAKING, digits="", asked=at.counted())
    return Stay(asked, (*outputs, speak))


ENTER = enter
ON: On = {
    (Phase.SPEAKING, PromptHeard): listen,
    (Phase.SPEAKING, KeyPressed): key,
    (Phase.SPEAKING, Resumed): again,
    (Phase.LISTENING, KeyPressed): key,
    (Phase.LISTENING, TimeUp): time_up,
    (Phase.LISTENING, Resumed): again,
}
