"""What happens to an agent on the floor during a call, as changes and the checks that make them safe.

    IDLE ──reserve──▶ RESERVED ──▶ RINGING ──answer──▶ TALKING ──end──▶ WRAP_UP ──timer──▶ IDLE
      ▲                  │            │ └▶ BRIEFING ──▶┘ (calls/briefing.py)  └─ the hour is full ─▶ RESTING
      └─ released ◀──────┴────────────┴─▶ in vain: RESTING for a while, or NOT_READY after too many

RESERVED is written with a check on all that makes an agent free, so no agent is ever in two offers.
"""

from __future__ import annotations

from callrouter.acd.things import Activity, Presence
from callrouter.config import Queue, Vain, WrapUp
from callrouter.journal import NOW

Fields = dict[str, str]

LIMIT = "limit"
"""As a reason: enough calls (acd/limits.py)."""

FREE: Fields = {"presence": Presence.READY, "activity": Activity.IDLE, "reachable": "1", "barred": ""}
"""What the store must hold of an agent at the moment of reservation."""


def reserved(call: str, leg: str) -> Fields:
    return {"activity": Activity.RESERVED, "since": NOW, "call": call, "leg": leg, "offered": NOW}


def ringing() -> Fields:
    return {"activity": Activity.RINGING, "since": NOW}


def briefing() -> Fields:
    return {"activity": Activity.BRIEFING, "since": NOW}


def talking(call: str = "", queue: str = "") -> Fields:
    said = {"missed": "0", "missed_why": "", "wrap_asked": ""}
    return {"activity": Activity.TALKING, "since": NOW, "last_call": call, "last_queue": queue, **said}


def calling_back() -> Fields:
    """The agent has taken a callback and waits for the phone outside: nobody has been talked to yet."""
    return {"activity": Activity.TALKING, "since": NOW}


def released() -> Fields:
    """The offer went away through no fault of the agent: the place among the idle is kept."""
    return {"activity": Activity.IDLE, "since": NOW, "call": "", "leg": ""}


def idle() -> Fields:
    """Free again, last in the line of the idle."""
    return {**released(), "idle_since": NOW, "wrap_until": "0"}


def wrapping_up(until_ms: int, mode: str = "timed", most_ms: int = 0) -> Fields:
    begun = {"wrap_until": str(until_ms), "wrap_mode": mode, "wrap_most": str(max(until_ms, most_ms)), "wrap_asked": ""}
    return {"activity": Activity.WRAP_UP, "since": NOW, "call": "", "leg": "", **begun}


def resting(until_ms: int, why: str) -> Fields:
    """No offers until then, by a rule and not by the agent's word."""
    return {**released(), "activity": Activity.RESTING, "wrap_until": str(until_ms), "rest": why}


def freed(rest_until_ms: int, now_ms: int) -> Fields:
    """The work after a call is over: free, unless the hour has had its calls (acd/limits.py)."""
    return resting(rest_until_ms, LIMIT) if rest_until_ms > now_ms else idle()


def after_talk(rule: WrapUp, asked: bool, rest_until_ms: int, now_ms: int) -> Fields:
    if rule.mode == "none" or (rule.mode == "optional" and not asked):
        return freed(rest_until_ms, now_ms)
    return wrapping_up(now_ms + round(rule.seconds * 1000), rule.mode, now_ms + round(rule.longest_s * 1000))


def in_vain(rules: Queue, why: str, missed_before: int, why_before: str, now_ms: int, *, picked_up: bool) -> Fields:
    """What becomes of an agent whose offer came to nothing, by the queue's rule for why.

    With ring_all a ring that nobody answers says nothing of anybody, because nobody in particular was asked: a short
    rest that never grows, and no count. Else one caller at lunch would send all from their phones. Whoever picked up
    was asked."""
    rule: Vain = getattr(rules.in_vain, why)
    if rules.rings_all and why == "missed" and not picked_up:
        return resting(now_ms + round(rule.rest_s * 1000), why)
    return missed(vain_count(why, missed_before, why_before), rule, now_ms, why)


def vain_count(why: str, missed: int, missed_why: str) -> int:
    """The how-many-eth offer in vain for this reason in a row this one is."""
    return missed + 1 if why == missed_why else 1


def missed(count: int, rule: Vain, now_ms: int, why: str) -> Fields:
    """The agent's phone rang in vain, refused or could not be rung, for the `count`th time in a row: a rest, longer
    each time, so that no phone is rung again in the same breath and no bad one holds the line up for ever."""
    counted = {"missed": str(count), "missed_why": why}
    if 0 < rule.limit <= count:
        return {**idle(), "presence": Presence.NOT_READY, "reason": why, "presence_since": NOW, **counted}
    rest_s = min(rule.rest_s * rule.factor ** min(count - 1, 64), max(rule.rest_s, rule.longest_s))
    return {**resting(now_ms + round(rest_s * 1000), why), **counted}
