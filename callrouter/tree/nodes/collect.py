"""Digits into a variable, checked and perhaps read back. A secret's digits are never in the walk: it holds an x for
each, they themselves go out as KeepSecret and come back in the facts."""

from __future__ import annotations

from dataclasses import replace

from callrouter.tree.model import Collect, Prompt
from callrouter.tree.nodes.moves import At, Go, Move, On, Stay, after, learned, stop_waiting
from callrouter.tree.pattern import fits
from callrouter.tree.words import (
    SECRET_DIGIT,
    Answered,
    Entered,
    Input,
    KeepSecret,
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

CONFIRM = "confirm"


def enter(at: At) -> Move:
    collect = at.node(Collect)
    if at.asked() >= collect.tries:
        return Go(collect.no_input.then, at.walk)
    return _ask(at)


def listen(at: At, _: Input) -> Move:
    collect = at.node(Collect)
    return Stay(replace(at.walk, phase=Phase.LISTENING), (StartTimer(collect.first_digit_s),))


def key(at: At, given: Input) -> Move:
    collect = at.node(Collect)
    if at.walk.phase is Phase.SPEAKING and not collect.barge_in:
        return Stay(at.walk)
    listening = replace(at, walk=replace(at.walk, phase=Phase.LISTENING))
    pressed = given.digit if isinstance(given, KeyPressed) else ""
    take = _confirmed if at.walk.stage == CONFIRM else _take
    return after(stop_waiting(at), take(listening, pressed))


def time_up(at: At, _: Input) -> Move:
    if at.walk.stage == CONFIRM:
        return _confirm_again(at, "silence")
    return _finish(at) if at.walk.digits else _ask_again(at, "silence")


def again(at: At, _: Input) -> Move:
    """From the first word, without costing a try; the digits so far are forgotten."""
    if at.walk.stage == CONFIRM:
        return after((StopTimer(),), _confirm(at))
    collect = at.node(Collect)
    speak = Speak((at.prompt(collect.prompt),))
    asked = replace(at.walk, phase=Phase.SPEAKING, digits="")
    return Stay(asked, (StopTimer(), *_forget(collect), speak))


def luhn(digits: str) -> bool:
    """The checksum of bank cards (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _take(at: At, pressed: str) -> Move:
    """One more digit; the end key, or the longest length, ends them."""
    collect, walk = at.node(Collect), at.walk
    if pressed == collect.end_key:
        return _finish(at) if walk.digits else _ask_again(at, "invalid")
    if not pressed.isdecimal():
        return _ask_again(at, "invalid")
    kept: tuple[Output, ...] = ()
    if collect.secret:
        digits = at.facts.secrets.get(collect.into, "")
        if len(digits) != len(walk.digits):
            return _ask_again(at, "lost")
        kept = (KeepSecret(collect.into, digits + pressed),)
        at = replace(at, facts=replace(at.facts, secrets={**at.facts.secrets, collect.into: digits + pressed}))
        pressed = SECRET_DIGIT
    at = replace(at, walk=replace(walk, digits=walk.digits + pressed))
    if len(at.walk.digits) < collect.most:
        return Stay(at.walk, (*kept, StartTimer(collect.next_digit_s)))
    return after(kept, _finish(at))


def _finish(at: At) -> Move:
    collect, walk = at.node(Collect), at.walk
    digits = at.facts.secrets.get(collect.into, "") if collect.secret else walk.digits
    if len(digits) != len(walk.digits):
        return _ask_again(at, "lost")
    if not _acceptable(collect, digits):
        return _ask_again(at, "invalid")
    if collect.secret:
        known = (Answered(collect.into, "", secret=True),)
        return Go(collect.next, replace(walk, digits=""), outputs=known)
    walk, outputs = learned(replace(walk, digits=""), {collect.into: digits})
    at = replace(at, walk=walk)
    return after(outputs, _confirm(at) if collect.confirm else Go(collect.next, walk))


def _acceptable(collect: Collect, digits: str) -> bool:
    return (
        collect.least <= len(digits) <= collect.most
        and (collect.pattern is None or fits(collect.pattern, digits))
        and (collect.checksum is None or luhn(digits))
    )


# --- asking ----------------------------------------------------------------------------------------------------------


def _ask_again(at: At, by: str) -> Move:
    """Once more after a word about what went wrong; with no tries left its branch."""
    collect = at.node(Collect)
    branch = collect.no_input if by == "silence" else collect.invalid
    walk = replace(at.walk, digits="", stage="")
    if at.asked() >= collect.tries:
        return Go(branch.then, walk, by, _forget(collect))
    word = branch.prompt if by in ("invalid", "silence") else None
    prompts = (at.prompt(word, "no_input" if by == "silence" else "invalid"),) if word else ()
    return after((Entered(walk.node, by),), _ask(at, prompts))


def _ask(at: At, first: tuple[Prompt, ...] = ()) -> Move:
    collect = at.node(Collect)
    walk = replace(at.walk, phase=Phase.SPEAKING, stage="", digits="", asked=at.counted())
    return Stay(walk, (*_forget(collect), Speak((*first, at.prompt(collect.prompt)))))


def _forget(collect: Collect) -> tuple[Output, ...]:
    return (KeepSecret(collect.into, ""),) if collect.secret else ()


def _confirm(at: At, first: tuple[Prompt, ...] = ()) -> Move:
    collect = at.node(Collect)
    assert collect.confirm is not None
    walk = replace(at.walk, phase=Phase.SPEAKING, stage=CONFIRM, digits="")
    return Stay(walk, (Speak((*first, at.prompt(collect.confirm.prompt, CONFIRM))),))


def _confirmed(at: At, pressed: str) -> Move:
    collect = at.node(Collect)
    assert collect.confirm is not None
    if pressed == collect.confirm.yes_key:
        return Go(collect.next, at.walk, by=pressed)
    return _ask_again(_unknown(at), pressed) if pressed == collect.confirm.no_key else _confirm_again(at, "invalid")


def _confirm_again(at: At, by: str) -> Move:
    """The read-back once more; it is counted apart, so that a deaf ear costs no digits."""
    collect = at.node(Collect)
    branch = collect.no_input if by == "silence" else collect.invalid
    if at.asked(CONFIRM) + 1 >= collect.tries:
        return Go(branch.then, _unknown(at).walk, by)
    at = replace(at, walk=replace(at.walk, asked=at.counted(CONFIRM)))
    prompts = (at.prompt(branch.prompt, "no_input" if by == "silence" else "invalid"),) if branch.prompt else ()
    return after((Entered(at.walk.node, by),), _confirm(at, prompts))


def _unknown(at: At) -> At:
    """What was not confirmed is not known."""
    into = at.node(Collect).into
    kept = {name: value for name, value in at.walk.variables.items() if name != into}
    return replace(at, walk=replace(at.walk, variables=kept))


ENTER = enter
ON: On = {
    (Phase.SPEAKING, PromptHeard): listen,
    (Phase.SPEAKING, KeyPressed): key,
    (Phase.SPEAKING, Resumed): again,
    (Phase.LISTENING, KeyPressed): key,
    (Phase.LISTENING, TimeUp): time_up,
    (Phase.LISTENING, Resumed): again,
}
