"""A call in its tree: the walk's outputs become commands, entries and the way into a queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callrouter.calls.call import Call, Phase, Place
from callrouter.calls.step import Moment, Step, ended, entry, next_id, with_timer, without_timers
from callrouter.journal import NOW, Word
from callrouter.telephony import CallId, HandToFallback, HangUp, LegArrived, Play, PlaybackId, StopPlayback
from callrouter.tree import walk as tree_walk
from callrouter.tree.model import Prompt
from callrouter.tree.walk import Input, Output

MUSIC_AFTER_MS = 250
"""An agent who answers at once is there before music could begin; starting it costs two commands a call."""


def arrived(id: CallId, leg: LegArrived, tree: str, language: str, moment: Moment) -> Step:
    """A caller is here: answer, journal the arrival, begin the tree."""
    call = Call(
        id=id,
        caller_leg=leg.leg,
        number=leg.number,
        caller=clean_number(leg.caller_number),
        caller_name=clean_name(leg.caller_name),
        language=language,
        tree=tree,
        version=moment.setting.tree.version,
        arrived_ms=moment.now_ms,
    )
    first = entry(
        Word.ARRIVED, call, number=call.number, caller=call.caller, tree=tree, version=call.version, language=language
    )
    step = walked(call, tree_walk.Began(), moment)
    return replace(step, entries=(first, *step.entries))


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
            return _speak(_hush(step), prompts, moment)
        case tree_walk.Hush():
            return _hush(step)
        case tree_walk.StartTimer(seconds=seconds):
            return replace(step, call=with_timer(call, "tree", moment.now_ms + int(seconds * 1000)))
        case tree_walk.StopTimer():
            return replace(step, call=without_timers(call, "tree"))
        case tree_walk.JoinQueue(queue=queue, priority=priority, prompts=prompts):
            return joined(_hush(step), queue, priority, moment, prompts=prompts)
        case tree_walk.Leave(reason=reason):
            hushed = _hush(step)
            call, last = ended(hushed.call, reason, moment.now_ms)
            return replace(
                hushed,
                call=call,
                entries=(*hushed.entries, last),
                commands=(*hushed.commands, HangUp(call.caller_leg)),
            )
        case _:
            return to_fallback(_hush(step), f"{type(output).__name__} cannot be done here", moment)


def _speak(step: Step, prompts: tuple[Prompt, ...], moment: Moment) -> Step:
    call, playback = next_id(step.call, "p")
    files = tuple(file for prompt in prompts for file in moment.setting.files(prompt, call.language))
    play = Play(call.caller_leg, PlaybackId(playback), files)
    return replace(step, call=replace(call, playback=play.playback), commands=(*step.commands, play))


def _hush(step: Step) -> Step:
    """Stop what is being played: a command for a leg waits behind a prompt that still plays on it."""
    if step.call.playback is None:
        return step
    stop = StopPlayback(step.call.caller_leg, step.call.playback)
    return replace(step, call=replace(step.call, playback=None), commands=(*step.commands, stop))


def joined(
    step: Step,
    queue: str,
    priority: int,
    moment: Moment,
    *,
    since_ms: int | None = None,
    prompts: tuple[Prompt, ...] = (),
) -> Step:
    """Into a queue's line, with a word to begin with; `since_ms` keeps the time already waited elsewhere."""
    call = without_timers(step.call, "tree", "wait")
    rules = moment.setting.queues.get(queue)
    if rules is None:
        return to_fallback(replace(step, call=call), f"queue {queue} is not configured", moment)
    leave_at = moment.now_ms + int(rules.max_wait_s * 1000)
    place = Place(queue, priority, since_ms or moment.now_ms, leave_at)
    call = replace(call, phase=Phase.WAITING, place=place, walk=None, left_tree_ms=call.left_tree_ms or moment.now_ms)
    call = with_timer(call, "wait", leave_at)
    if not call.music and not prompts:
        call = with_timer(call, "music", moment.now_ms + MUSIC_AFTER_MS)
    fields = {
        "queue": queue,
        "priority": str(priority),
        "since": str(since_ms) if since_ms else NOW,
        "offer": "",
        "owner": moment.setting.owner,
        "caller": call.caller,
    }
    there = replace(
        step,
        call=call,
        entries=(*step.entries, entry(Word.ENTERQUEUE, call, queue=queue, priority=priority, caller=call.caller)),
        floor={**step.floor, f"waiting:{call.id}": fields},
    )
    return _speak(there, prompts, moment) if prompts else there


def to_fallback(step: Step, reason: str, moment: Moment) -> Step:
    """We cannot serve this caller: the dialplan's fallback speaks and rings the emergency phone."""
    call, last = ended(step.call, "fallback", moment.now_ms)
    return replace(
        step,
        call=call,
        entries=(*step.entries, entry(Word.FALLBACK, call, reason=reason), last),
        commands=(*step.commands, HandToFallback(call.caller_leg)),
    )


def clean_number(text: str) -> str:
    """A caller's number is data from outside: digits and a leading +, at most 32; anything else is dropped."""
    digits = "".join(char for char in text if char in "0123456789")[:32]
    return f"+{digits}" if text.startswith("+") and digits else digits


def clean_name(text: str) -> str:
    """A caller's name is data from outside: printable, one line, at most 64 characters."""
    return "".join(char for char in text if char.isprintable())[:64]
