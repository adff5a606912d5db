"""The phone outside rings for a callback, with an agent who waits for it or, customer first, with nobody yet.

    CALLBACK ──its turn──▶ (agent first: OFFERING, answered) ──▶ CALLING_BACK ──answered──▶ TALKING
        ▲                                                          │      │
        │                       customer first, answered: CONFIRMING ──▶ WAITING, next in the line
        └── not reached (the agent is told: TELLING_AGENT) ────────┘

Rule: a ring that cannot be accounted for (its worker died) is stopped before another begins.
"""

from __future__ import annotations

from dataclasses import replace

from callrouter.acd import activity
from callrouter.calls import events as e
from callrouter.calls import in_line
from callrouter.calls.call import NOBODY, Call, Offer, Phase, callback_of
from callrouter.calls.callback import ENDINGS, failed, heed, over, rules_of, stands, thing_of
from callrouter.calls.outside import CAUSES
from callrouter.calls.sound import hush, speak
from callrouter.calls.step import (
    Moment,
    Need,
    Step,
    entry,
    next_id,
    then,
    with_timer,
    without_timers,
)
from callrouter.journal import Entry, Word
from callrouter.telephony import (
    Command,
    HangUp,
    LegId,
    Play,
    PlaybackId,
    RingOutside,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from callrouter.tree.model import Prompt

RING_GRACE_MS = 3_000
CONFIRM_MS = 15_000
"""So long after the question a key may come: a person presses it within seconds, a machine never."""
TELL_MS = 8_000
CONFIRM_KEY = "1"


def dial(call: Call, agent: Offer | None, moment: Moment) -> Step:
    """Ring the phone outside, unless that may not be any more."""
    back, rules = callback_of(call), rules_of(callback_of(call).place.queue, moment)
    calling = moment.setting.back
    reach = calling.reach(back.number, rules.trunk) if calling and rules else "not configured"
    if calling is None or rules is None or isinstance(reach, str):
        freed = _let_go(Step(call), agent, moment) if agent else Step(call)
        return then(freed, over(replace(freed.call, offers=()), "failed", moment, why=reach))
    call, leg = next_id(call, "k")
    back = replace(back, leg=LegId(leg), rings_since_ms=moment.now_ms, agent=agent)
    call = replace(without_timers(call), phase=Phase.CALLING_BACK, callback=back, place=None, offers=())
    call = with_timer(call, "callback", moment.now_ms + rules.ring_s * 1000 + RING_GRACE_MS)
    rung = Step(
        call,
        commands=(RingOutside(back.leg, call.id, reach.number, reach.trunk, reach.caller_number, rules.ring_s),),
        entries=(_tried(call, "dialled", agent=agent.agent if agent else "", number=reach.id),),
        floor={f"waiting:{call.id}": None, thing_of(back): {"state": "ringing"}},
        needs=() if agent else (Need(f"waiting:{call.id}", "offer", ""), Need(thing_of(back), "call", call.id)),
    )
    if agent is None:
        return rung
    rung = replace(rung, floor={**rung.floor, f"agent:{agent.agent}": activity.calling_back()})
    return _tell(rung, agent.leg, calling.ringing, moment)


def _tried(call: Call, outcome: str, **told: object) -> Entry:
    back = callback_of(call)
    return entry(Word.CALLBACKTRY, call, queue=back.place.queue, outcome=outcome, attempt=back.attempts + 1, **told)


# --- the agent, who hears how it goes --------------------------------------------------------------------------------


def _tell(step: Step, leg: LegId, prompt: Prompt, moment: Moment) -> Step:
    call, playback = next_id(step.call, "p")
    calling = moment.setting.back
    files = moment.setting.files(prompt, calling.agents_language if calling else call.language)
    play = Play(leg, PlaybackId(playback), files)
    call = replace(call, playback=play.playback, music=False)
    return replace(step, call=call, commands=(*step.commands, play))


def quieted(call: Call, leg: LegId) -> tuple[Call, tuple[Command, ...]]:
    """Whatever this leg hears, stopped."""
    prompt = (StopPlayback(leg, call.playback),) if call.playback else ()
    music = (StopMusic(leg),) if call.music else ()
    return replace(call, playback=None, music=False), (*prompt, *music)


def keep_company(call: Call, _event: e.PromptEnded, moment: Moment) -> Step:
    """Music for the agent while the phone outside rings."""
    back = callback_of(call)
    if back.agent is None:
        return Step(call)
    music = StartMusic(back.agent.leg, moment.setting.queues[back.place.queue].music)
    return Step(replace(call, playback=None, music=True), (music,))


def _let_go(step: Step, agent: Offer, moment: Moment) -> Step:
    """The agent did nothing wrong: free at once, with the place among the idle."""
    queue = callback_of(step.call).place.queue
    rang = moment.now_ms - agent.since_ms
    freed = entry(Word.RINGCANCELED, step.call, agent=agent.agent, queue=queue, ring_ms=rang)
    return replace(
        step,
        call=replace(step.call, playback=None, music=False),
        commands=(*step.commands, HangUp(agent.leg)),
        entries=(*step.entries, freed),
        floor={**step.floor, f"agent:{agent.agent}": activity.released()},
    )


# --- not reached -----------------------------------------------------------------------------------------------------


def miss(call: Call, event: e.CustomerNotReached | e.CallbackTimeUp, moment: Moment) -> Step:
    """An agent who waits is told so first."""
    back = callback_of(call)
    outcome = CAUSES.get(event.cause, "unreachable") if isinstance(event, e.CustomerNotReached) else "no_answer"
    hang_up = (HangUp(back.leg, "no_answer"),) if isinstance(event, e.CallbackTimeUp) else ()
    calling = moment.setting.back
    if back.agent is None or calling is None:
        freed = _let_go(Step(call, hang_up), back.agent, moment) if back.agent else Step(call, hang_up)
        return failed(freed, outcome, moment)
    call, quiet = quieted(replace(call, callback=replace(back, leg=NOBODY)), back.agent.leg)
    call = with_timer(replace(call, phase=Phase.TELLING_AGENT, outcome=outcome), "callback", moment.now_ms + TELL_MS)
    return _tell(Step(call, (*hang_up, *quiet)), back.agent.leg, calling.not_reached, moment)


def agent_knows(
    call: Call, _event: e.PromptEnded | e.CallbackTimeUp | e.AgentHungUp | e.Adopted, moment: Moment
) -> Step:
    agent = callback_of(call).agent
    assert agent is not None, f"{call.id} tells nobody"
    return failed(_let_go(Step(replace(call, outcome="")), agent, moment), call.outcome, moment)


def agent_left(call: Call, _event: e.AgentHungUp, moment: Moment) -> Step:
    """The agent did not wait for the phone outside, which stops ringing."""
    back = callback_of(call)
    if back.agent is None:
        return Step(call)
    return failed(_let_go(Step(call, (HangUp(back.leg),)), back.agent, moment), "agent_left", moment)


def call_off(call: Call, event: e.CallbackWished, moment: Moment) -> Step:
    """Cancelled, or void, while the phone outside rings."""
    back = callback_of(call)
    if event.what not in ENDINGS:
        return Step(call)
    stopped = Step(call, (HangUp(back.leg),))
    freed = _let_go(stopped, back.agent, moment) if back.agent else stopped
    return then(freed, heed(freed.call, event, moment))


def begin_again(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """A ringing phone cannot be adopted: its answer would go to the dead worker. It is stopped before any other."""
    back = callback_of(call)
    stopped = Step(replace(call, playback=None, music=False), (HangUp(back.leg),))
    freed = _let_go(stopped, back.agent, moment) if back.agent else stopped
    return failed(freed, "lost", moment)


# --- customer first --------------------------------------------------------------------------------------------------


def greet(call: Call, moment: Moment) -> Step:
    """Somebody has answered. A person presses the key, if that is wanted, before an agent is taken."""
    back, calling = callback_of(call), moment.setting.back
    rules = rules_of(back.place.queue, moment)
    call = replace(without_timers(call), caller_leg=back.leg, callback=replace(back, leg=NOBODY, reached=True))
    answered = Step(call, entries=(_tried(call, "answered"),))
    if calling is None or rules is None or not rules.confirm:
        return hold_on(answered, moment)
    call = with_timer(replace(call, phase=Phase.CONFIRMING), "callback", moment.now_ms + CONFIRM_MS)
    return speak(replace(answered, call=call), (calling.confirm,), moment)


def confirm(call: Call, event: e.CallerPressed, moment: Moment) -> Step:
    if event.digit != CONFIRM_KEY:
        return Step(call)
    return hold_on(hush(Step(call, entries=(_tried(call, "confirmed"),))), moment)


def ask_to_confirm(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """Nobody knows what had been heard when the worker died."""
    calling = moment.setting.back
    return speak(Step(call), (calling.confirm,), moment) if calling else Step(call)


def not_confirmed(call: Call, _event: e.CallbackTimeUp, moment: Moment) -> Step:
    leg = call.caller_leg
    quiet = replace(call, playback=None, music=False)
    return failed(Step(quiet, (HangUp(leg),)), "not_confirmed", moment)


def hang_up_unconfirmed(call: Call, event: e.CallerHungUp, moment: Moment) -> Step:
    return failed(Step(replace(call, playback=None)), "lost" if event.lost else "hung_up", moment)


def hold_on(step: Step, moment: Moment) -> Step:
    """Into the line with the old place: first, or nearly so."""
    back = callback_of(step.call)
    rules = moment.setting.queues.get(back.place.queue)
    if rules is None:
        return in_line.to_fallback(step, f"queue {back.place.queue} is not configured", moment)
    place = replace(back.place, leave_at_ms=moment.now_ms + round(rules.max_wait_s * 1000))
    call = replace(without_timers(step.call), phase=Phase.WAITING, place=place)
    call = with_timer(call, "wait", place.leave_at_ms)
    floor = {**step.floor, f"waiting:{call.id}": stands(call, place, moment), thing_of(back): {"state": "reached"}}
    there = replace(step, call=call, floor=floor)
    return speak(there, (moment.setting.back.hold,), moment) if moment.setting.back else there
