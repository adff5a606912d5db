"""What happens to an agent on the floor during a call, as changes and the checks that make them safe.

    IDLE ──reserve──▶ RESERVED ──▶ RINGING ──answer──▶ TALKING ──end──▶ WRAP_UP ──timer──▶ IDLE
      ▲                  │            │
      └─ released ◀──────┴────────────┴─▶ missed: WRAP_UP for a moment's rest, or NOT_READY after too many

RESERVED is written with a check on all that makes an agent free, so no agent is ever in two offers.
"""

from __future__ import annotations

from callrouter.acd.floor import Activity, Presence
from callrouter.journal import NOW

Fields = dict[str, str]

FREE: Fields = {"presence": Presence.READY, "activity": Activity.IDLE, "reachable": "1"}
"""What the store must hold of an agent at the moment of reservation."""

REST_MS = 3_000
"""After a missed offer that does not yet set an agent NOT_READY: no phone is rung again in the same breath."""


def reserved(call: str, leg: str) -> Fields:
    return {"activity": Activity.RESERVED, "since": NOW, "call": call, "leg": leg, "offered": NOW}


def ringing() -> Fields:
    return {"activity": Activity.RINGING, "since": NOW}


def talking() -> Fields:
    return {"activity": Activity.TALKING, "since": NOW, "missed": "0"}


def talked(calls: int, talk_ms: int) -> Fields:
    """What this agent has done since the log-in, after one more conversation."""
    return {"calls": str(calls), "talk_ms": str(talk_ms)}


def released() -> Fields:
    """The offer went away through no fault of the agent: the place among the idle is kept."""
    return {"activity": Activity.IDLE, "since": NOW, "call": "", "leg": ""}


def idle() -> Fields:
    """Free again, last in the line of the idle."""
    return {**released(), "idle_since": NOW, "wrap_until": "0"}


def wrapping_up(until_ms: int) -> Fields:
    return {"activity": Activity.WRAP_UP, "since": NOW, "call": "", "leg": "", "wrap_until": str(until_ms)}


def missed(count: int, limit: int, now_ms: int, why: str) -> Fields:
    """The agent's phone rang in vain, refused or could not be rung, for the `count`th time in a row."""
    if count >= limit:
        paused = {"presence": Presence.NOT_READY, "reason": why, "presence_since": NOW}
        return {**idle(), **paused, "missed": str(count)}
    return {**wrapping_up(now_ms + REST_MS), "missed": str(count)}
