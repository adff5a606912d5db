"""What happens while a caller is in the tree, or somebody of the directory is rung for them."""

from __future__ import annotations

from dataclasses import replace

from callrouter.calls import aside
from callrouter.calls import events as e
from callrouter.calls.call import Call, Phase, target_of
from callrouter.calls.in_tree import not_reached, walked
from callrouter.calls.outside import CAUSES, connected
from callrouter.calls.sound import music
from callrouter.calls.step import Moment, Step, ended, entry, then, without_timers
from callrouter.journal import Word
from callrouter.telephony import (
    Answer,
    HangUp,
    StopMusic,
)
from callrouter.tree.walk import KeyPressed, LookedUp, MessageTaken, PromptHeard, Resumed, TimeUp


def press_key(call: Call, event: e.CallerPressed, moment: Moment) -> Step:
    return walked(call, KeyPressed(event.digit), moment)


def go_on_after_prompt(call: Call, event: e.PromptEnded, moment: Moment) -> Step:
    """After the filler of a lookup comes music, until the answer is there."""
    call = replace(call, playback=None)
    if call.lookup:
        return music(Step(call), "default")
    return walked(call, PromptHeard(whole=not event.failed), moment)


def go_on_after_silence(call: Call, _event: e.TreeTimeUp, moment: Moment) -> Step:
    return walked(without_timers(call, "tree"), TimeUp(), moment)


def fill_silence(call: Call, _event: e.FillerDue, moment: Moment) -> Step:
    return aside.fill(call, moment)


def go_on_with_answer(call: Call, event: e.LookupAnswered, moment: Moment) -> Step:
    if event.id != call.lookup:
        return Step(call)
    call, noted = aside.answered(call, event.answer, moment)
    return then(noted, walked(call, event.answer, moment))


def go_on_without_answer(call: Call, _event: e.LookupTimeUp, moment: Moment) -> Step:
    return go_on_with_answer(call, e.LookupAnswered(call.lookup, LookedUp(failure="no answer in time")), moment)


def go_on_after_message(call: Call, event: e.MessageEnded | e.MessageTimeUp, moment: Moment) -> Step:
    if call.message is None:
        return Step(call)
    filed = aside.file_message(call)
    seconds = event.seconds if isinstance(event, e.MessageEnded) else (moment.now_ms - call.message.since_ms) / 1000
    return then(filed, walked(filed.call, MessageTaken(seconds), moment))


def leave_tree(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    """Whoever hangs up after the message has left it."""
    filed = aside.file_message(call) if call.message else Step(call)
    call, last = ended(filed.call, "left_message" if filed.errands else "left_tree", moment.now_ms)
    return then(filed, Step(call, entries=(last,)))


def ask_again(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """Nobody knows what the caller had heard of the prompt when the worker died, or whether the call had even been
    answered: answer (twice is once) and say it again."""
    quiet = (StopMusic(call.caller_leg),) if call.music else ()
    filed = aside.stop_message(call) if call.message else Step(call)
    call = replace(without_timers(filed.call, "lookup", "filler"), playback=None, music=False, lookup="")
    asked = then(replace(filed, call=call), walked(call, Resumed(), moment))
    return replace(asked, commands=(Answer(call.caller_leg), *quiet, *asked.commands))


def put_through(call: Call, _event: e.OfferAnswered, moment: Moment) -> Step:
    return connected(call, moment)


def go_on_in_tree(call: Call, event: e.OfferEnded | e.RingTimeUp, moment: Moment) -> Step:
    """Nobody was reached; what may still ring is stopped."""
    target = target_of(call)
    why = CAUSES.get(event.cause, "failed") if isinstance(event, e.OfferEnded) else "no_answer"
    hang_up = (HangUp(target.leg, "no_answer"),) if isinstance(event, e.RingTimeUp) else ()
    return not_reached(Step(call, hang_up), target.id, why, moment)


def stop_ringing_out(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    target = target_of(call)
    note = entry(Word.TRANSFER, call, target=target.id, outcome="caller_left")
    call, last = ended(replace(call, target=None), "left_tree", moment.now_ms)
    return Step(call, (HangUp(target.leg),), (note, last))


def ring_out_again(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """As with agents: a ringing phone cannot be adopted, its answer would go to the dead worker."""
    target = target_of(call)
    back = replace(without_timers(call, "ring"), phase=Phase.IN_TREE, target=None)
    return then(Step(back, (HangUp(target.leg),)), ask_again(back, e.Adopted(), moment))
