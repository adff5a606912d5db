"""A callback's turn: the choice fell on it as on any waiting call, and somebody is free."""

from __future__ import annotations

from dataclasses import replace

from callrouter.calls import events as e
from callrouter.calls import offering
from callrouter.calls.call import NOBODY, Call, callback_of
from callrouter.calls.callback import over, rules_of, stand, thing_of, waits_until
from callrouter.calls.calling_back import dial, greet, quieted
from callrouter.calls.step import Moment, Need, Step

ELSEWHERE_MS = 30_000
"""Another queue calls the same number at this moment: so long its place rests."""


def serve(call: Call, event: e.AgentProposed, moment: Moment) -> Step:
    """An agent's phone, or the phone outside; at night and after too many rings in a day neither."""
    back, rules, calling = callback_of(call), rules_of(callback_of(call).place.queue, moment), moment.setting.back
    reach = calling.reach(back.number, rules.trunk) if calling and rules else "not configured"
    if calling is None or rules is None or isinstance(reach, str):
        return over(call, "failed", moment, why=reach)
    if waits_until(back, rules, moment) > moment.now_ms:
        return stand(Step(call), "closed", moment)
    if calling.rung_today(reach.id) >= rules.per_day:
        rests = replace(back, again_ms=moment.now_ms + round(rules.retry_s * 1000))
        return stand(Step(replace(call, callback=rests)), "rung_enough_today", moment)
    if calling.is_rung(reach.id, call.id):
        rests = replace(back, again_ms=moment.now_ms + ELSEWHERE_MS)
        return stand(Step(replace(call, callback=rests)), "rung_elsewhere", moment)
    if rules.first == "customer":
        return dial(call, None, moment)
    rung = offering.ring_agent(call, event, moment)
    return replace(rung, needs=(*rung.needs, Need(thing_of(back), "call", call.id)))


def meet(call: Call, _event: e.CustomerAnswered, moment: Moment) -> Step:
    """The phone outside was answered: to the agent who waits for it, or into the line."""
    back = callback_of(call)
    if back.agent is None:
        return greet(call, moment)
    call, quiet = quieted(call, back.agent.leg)
    talk = replace(
        call,
        caller_leg=back.leg,
        offers=(back.agent,),
        place=back.place,
        callback=replace(back, leg=NOBODY, agent=None, reached=True),
    )
    joined = offering.connect(talk, e.OfferAnswered(back.agent.leg), moment)
    return replace(joined, commands=(*quiet, *joined.commands))
