"""What a caller hears outside a conversation: prompts and music, one at a time."""

from __future__ import annotations

from dataclasses import replace

from callrouter.calls.call import Call
from callrouter.calls.step import Moment, Step, next_id
from callrouter.telephony import Command, Play, PlaybackId, StartMusic, StopMusic, StopPlayback
from callrouter.tree.model import Prompt


def speak(step: Step, prompts: tuple[Prompt, ...], moment: Moment) -> Step:
    call, playback = next_id(step.call, "p")
    files = tuple(file for prompt in prompts for file in moment.setting.files(prompt, call.language))
    play = Play(call.caller_leg, PlaybackId(playback), files)
    return replace(step, call=replace(call, playback=play.playback), commands=(*step.commands, play))


def hush(step: Step) -> Step:
    """Stop what is being played: a command for a leg waits behind a prompt that still plays on it."""
    call = step.call
    if call.playback is None and not call.music:
        return step
    return replace(step, call=replace(call, playback=None, music=False), commands=(*step.commands, *silence(call)))


def silence(call: Call) -> tuple[Command, ...]:
    """Whatever the caller hears, stopped."""
    prompt = (StopPlayback(call.caller_leg, call.playback),) if call.playback else ()
    return (*prompt, StopMusic(call.caller_leg)) if call.music else prompt


def music(step: Step, name: str) -> Step:
    """Music instead of silence."""
    begin = StartMusic(step.call.caller_leg, name)
    return replace(step, call=replace(step.call, music=True, playback=None), commands=(*step.commands, begin))
