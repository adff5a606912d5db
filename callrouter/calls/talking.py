"""What happens while caller and agent talk, and while a caller is let go."""

from __future__ import annotations

from dataclasses import replace

from callrouter.acd import activity
from callrouter.acd.wrap_up import rule_of
from callrouter.calls import events as e
from callrouter.calls.call import Call, talk_of
from callrouter.calls.step import Moment, Step, ended, entry
from callrouter.journal import Word
from callrouter.telephony import (
    HangUp,
    StartMusic,
    StopMusic,
    StopRecording,
    Unbridge,
)


def caller_is_done(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    talk = talk_of(call)
    return _talked(call, Word.COMPLETECALLER, (HangUp(talk.leg),), moment)


def agent_is_done(call: Call, _event: e.AgentHungUp, moment: Moment) -> Step:
    return _talked(call, Word.COMPLETEAGENT, (HangUp(call.caller_leg),), moment)


def _talked(call: Call, word: Word, hang_up: tuple[HangUp, ...], moment: Moment) -> Step:
    talk = talk_of(call)
    talked = moment.now_ms - talk.since_ms
    rule = rule_of(moment.setting.queues.get(talk.queue), moment.setting.agents.get(talk.agent))
    after = activity.after_talk(rule, moment.wrap_up_asked, talk.rest_until_ms, moment.now_ms)
    sums = {"talk_ms": str(talk.talk_ms + talked)}
    target = {"target": talk.target} if talk.target else {}
    done = entry(word, call, agent=talk.agent, queue=talk.queue, waited_ms=call.waited_ms, talked_ms=talked, **target)
    call, last = ended(call, "completed", moment.now_ms, talked)
    stop = (StopRecording(call.caller_leg, talk.recording),) if talk.recording else ()
    return Step(
        call,
        commands=(*hang_up, *stop, Unbridge(talk.bridge)),
        entries=(done, last),
        floor={f"agent:{talk.agent}": {**after, **sums}} if talk.agent else {},
    )


def hold_caller(call: Call, _event: e.AgentHeld, moment: Moment) -> Step:
    queue = moment.setting.queues.get(talk_of(call).queue)
    return Step(replace(call, music=True), commands=(StartMusic(call.caller_leg, queue.music if queue else "default"),))


def take_caller_back(call: Call, _event: e.AgentUnheld, _moment: Moment) -> Step:
    return Step(replace(call, music=False), commands=(StopMusic(call.caller_leg),))


def note_lost_recording(call: Call, event: e.RecordingLost, _moment: Moment) -> Step:
    talk = talk_of(call)
    lost = entry(Word.RECORDING, call, agent=talk.agent, queue=talk.queue, problem=event.reason)
    return Step(replace(call, talk=replace(talk, recording=None)), entries=(lost,))


def say_goodbye(call: Call, _event: e.PromptEnded | e.LeaveTimeUp | e.Adopted, moment: Moment) -> Step:
    call, last = ended(replace(call, playback=None), call.leaves, moment.now_ms)
    return Step(call, commands=(HangUp(call.caller_leg),), entries=(last,))


def leave_early(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    call, last = ended(call, call.leaves, moment.now_ms)
    return Step(call, entries=(last,))


def hang_up_stray(call: Call, event: e.StrayAnswered, _moment: Moment) -> Step:
    """An agent picked up in the very moment the offer ended."""
    return Step(call, commands=(HangUp(event.leg, "answered_elsewhere"),))
