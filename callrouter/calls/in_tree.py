"""A call in its tree: the walk's outputs become commands, entries, errands and the way into a queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callrouter.acd.doors import Refused
from callrouter.calls import aside, callback, in_line, outside
from callrouter.calls.call import Call
from callrouter.calls.sound import hush, speak
from callrouter.calls.step import Moment, Step, ended, entry, then, with_timer, without_timers
from callrouter.journal import Entry, Word
from callrouter.telephony import CallId, HangUp, LegArrived
from callrouter.tree import walk as tree_walk
from callrouter.tree.address import shown
from callrouter.tree.walk import Input, Output

SECRET = "***"
"""What people see of a secret."""
LONGEST_ANSWER = 200


def arrived(id: CallId, leg: LegArrived, tree: str, language: str, moment: Moment) -> Step:
    """A caller is here: answer, journal the arrival, begin the tree."""
    call = _new(id, leg, tree, moment.setting.tree.version, language, moment.now_ms)
    step = walked(call, tree_walk.Began(), moment)
    return replace(step, entries=(_arrival(call), *step.entries))


def turned_away(id: CallId, leg: LegArrived, language: str, now_ms: int) -> tuple[Entry, ...]:
    """What is journalled of a caller whose number leads to no tree: the fallback has them at once."""
    call = _new(id, leg, "", "", language, now_ms)
    reason = f"no tree for the number {clean_number(leg.number)}"
    _, last = ended(call, "fallback", now_ms)
    return (_arrival(call), entry(Word.FALLBACK, call, reason=reason), last)


def _new(id: CallId, leg: LegArrived, tree: str, version: str, language: str, now_ms: int) -> Call:
    return Call(
        id=id,
        caller_leg=leg.leg,
        number=leg.number,
        caller=clean_number(leg.caller_number),
        caller_name=clean_name(leg.caller_name),
        language=language,
        tree=tree,
        version=version,
        arrived_ms=now_ms,
    )


def _arrival(call: Call) -> Entry:
    about = {"number": call.number, "caller": call.caller, "tree": call.tree, "version": call.version}
    return entry(Word.ARRIVED, call, **about, language=call.language)


def walked(call: Call, event: Input, moment: Moment) -> Step:
    """One step of the walk, carried over to the call."""
    walk, outputs = tree_walk.step(moment.setting.tree, call.walk, event, moment.facts)
    return apply(replace(call, walk=walk), outputs, moment)


def apply(call: Call, outputs: Iterable[Output], moment: Moment) -> Step:
    """Every output of the walk in turn."""
    step = Step(call)
    for output in outputs:
        step = _one(step, output, moment)
    return step


def _one(step: Step, output: Output, moment: Moment) -> Step:
    call = step.call
    match output:
        case tree_walk.Entered(node=node, by=by):
            came = replace(call, path=(*call.path, node))
            return replace(step, call=came, entries=(*step.entries, entry(Word.NODE, call, node=node, by=by)))
        case tree_walk.SetLanguage(language=language):
            return replace(step, call=replace(call, language=language))
        case tree_walk.Speak(prompts=prompts):
            return speak(hush(step), prompts, moment)
        case tree_walk.Hush():
            return hush(step)
        case tree_walk.StartTimer(seconds=seconds):
            return replace(step, call=with_timer(call, "tree", moment.now_ms + int(seconds * 1000)))
        case tree_walk.StopTimer():
            return replace(step, call=without_timers(call, "tree"))
        case tree_walk.JoinQueue():
            return in_line.join(hush(step), output, moment)
        case tree_walk.Refused(queue=queue, why=why):
            return replace(step, entries=(*step.entries, in_line.refusal(call, Refused(queue, why, "tree"))))
        case tree_walk.Leave(reason=reason):
            hushed = hush(step)
            call, last = ended(hushed.call, reason, moment.now_ms)
            hung_up = (*hushed.commands, HangUp(call.caller_leg))
            return replace(hushed, call=call, entries=(*hushed.entries, last), commands=hung_up)
        case tree_walk.Answered() | tree_walk.Tagged() | tree_walk.Consented():
            return _noted(step, output)
        case tree_walk.NoteCallback(number=number, queue=queue):
            return callback.ask(step, number, queue, moment)
        case tree_walk.KeepSecret():
            return replace(step, errands=(*step.errands, output))
        case tree_walk.LookUp():
            return aside.ask(hush(step), output, moment)
        case tree_walk.TakeMessage():
            return aside.take_message(hush(step), output, moment)
        case tree_walk.PutThrough():
            rung = outside.ring(hush(step), output, moment)
            return rung if isinstance(rung, Step) else not_reached(step, output.target, rung, moment)


def not_reached(step: Step, target: str, why: str, moment: Moment) -> Step:
    """Nobody could be put through to: the tree knows what to say."""
    back = then(step, outside.not_reached(step.call, target, why))
    return then(back, walked(back.call, tree_walk.TargetEnded(why), moment))


Told = tree_walk.Answered | tree_walk.Tagged | tree_walk.Consented


def _noted(step: Step, output: Told) -> Step:
    """What is only remembered and journalled."""
    call = step.call
    match output:
        case tree_walk.Answered(variable=variable, value=value, secret=secret):
            told = SECRET if secret else shown(value)[:LONGEST_ANSWER]
            call = replace(call, answers={**call.answers, variable: told})
            note = entry(Word.ANSWER, call, variable=variable, value=told)
        case tree_walk.Tagged(tags=tags):
            call = replace(call, tags=tags)
            note = entry(Word.TAGS, call, tags=",".join(tags))
        case tree_walk.Consented(notice=notice, version=version, whole=whole):
            note = entry(Word.NOTICE, call, node=notice, version=version, whole="1" if whole else "")
    return replace(step, call=call, entries=(*step.entries, note))


def clean_number(text: str) -> str:
    """A caller's number is data from outside: digits and a leading +, at most 32; anything else is dropped."""
    digits = "".join(char for char in text if char in "0123456789")[:32]
    return f"+{digits}" if text.startswith("+") and digits else digits


def clean_name(text: str) -> str:
    """A caller's name is data from outside: printable, one line, at most 64 characters."""
    return "".join(char for char in text if char.isprintable())[:64]
