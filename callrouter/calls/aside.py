"""While a caller is in the tree: another program is asked, a message is recorded. The walk waits for the outcome."""

from __future__ import annotations

from dataclasses import replace

from callrouter.calls.call import Call, Message
from callrouter.calls.sound import music, speak
from callrouter.calls.step import Ask, FileMessage, Moment, Step, entry, next_id, with_timer, without_timers
from callrouter.journal import Word
from callrouter.telephony import RecordingId, StopMessage, TakeMessage
from callrouter.tree import walk as tree_walk
from callrouter.tree.model import Lookup

FILLER_AFTER_MS = 700
"""Silence up to here is taken for thinking; beyond it a caller doubts that anybody is there."""
LOOKUP_GRACE_MS = 1_000
"""The engine's own deadline comes first; this is the backstop should its word be lost."""
MESSAGE_GRACE_MS = 10_000


def ask(step: Step, wish: tree_walk.LookUp, moment: Moment) -> Step:
    call, question = next_id(step.call, "l")
    call = replace(call, lookup=question, lookup_since_ms=moment.now_ms)
    call = with_timer(call, "lookup", moment.now_ms + int(wish.lookup.timeout_s * 1000) + LOOKUP_GRACE_MS)
    call = with_timer(call, "filler", moment.now_ms + FILLER_AFTER_MS)
    return replace(step, call=call, errands=(*step.errands, Ask(question, wish)))


def fill(call: Call, moment: Moment) -> Step:
    """The answer is not there yet: the filler, or music."""
    step = Step(without_timers(call, "filler"))
    node = moment.setting.tree.nodes.get(call.walk.node) if call.walk else None
    if not call.lookup:
        return step
    if isinstance(node, Lookup) and node.filler is not None and call.walk is not None:
        prompt = moment.setting.tree.prompt(call.walk.node, node.filler, "filler", call.walk.variables)
        return speak(step, (prompt,), moment)
    return music(step, "default")


def answered(call: Call, answer: tree_walk.LookedUp, moment: Moment) -> tuple[Call, Step]:
    """The call without the question, and what is journalled of it."""
    node = call.walk.node if call.walk else ""
    note = entry(
        Word.LOOKUP,
        call,
        node=node,
        outcome=answer.failure or "answered",
        took_ms=moment.now_ms - call.lookup_since_ms,
    )
    call = replace(without_timers(call, "lookup", "filler"), lookup="", lookup_since_ms=0)
    return call, Step(call, entries=(note,))


def take_message(step: Step, wish: tree_walk.TakeMessage, moment: Moment) -> Step:
    call, recording = next_id(step.call, f"m-{wish.group}-")  # tells whose it is even when all else is lost
    message = Message(wish.group, RecordingId(recording), moment.now_ms)
    call = with_timer(replace(call, message=message), "message", moment.now_ms + wish.max_s * 1000 + MESSAGE_GRACE_MS)
    take = TakeMessage(call.caller_leg, message.recording, wish.max_s, wish.silence_s)
    return replace(step, call=call, commands=(*step.commands, take))


def file_message(call: Call) -> Step:
    """Whatever has been said is kept, also when the caller hung up in the middle of it."""
    assert call.message is not None
    errand = FileMessage(call.message)
    return Step(without_timers(replace(call, message=None), "message"), errands=(errand,))


def stop_message(call: Call) -> Step:
    """The same while it may still be recorded."""
    assert call.message is not None
    stop = StopMessage(call.caller_leg, call.message.recording)
    return replace(file_message(call), commands=(stop,))
