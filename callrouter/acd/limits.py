"""How many calls an agent takes in a shift and in an hour.

Rule: counted in the very step in which a call is answered, with what follows from it, so that neither a worker's death
nor the way the call ends can lose one. The hour is any 60 minutes, not the clock's.
"""

from __future__ import annotations

from callrouter.acd.activity import LIMIT
from callrouter.acd.things import Agent, Presence
from callrouter.config import MaxCalls
from callrouter.journal import NOW

HOUR_MS = 3_600_000


def answered(calls: int, recent: str, limits: MaxCalls, now_ms: int) -> dict[str, str]:
    """One more conversation: the counts, and NOT_READY from here on if it was the last of the shift."""
    fields = {"calls": str(calls + 1)}
    if limits.hour:
        begun = [*filter(None, recent.split(",")), str(now_ms)][-limits.hour :]
        full_until = int(begun[0]) + HOUR_MS if len(begun) == limits.hour else 0
        fields |= {"recent": ",".join(begun), "rest_until": str(full_until)}
    elif recent:
        fields |= {"recent": "", "rest_until": "0"}
    if is_last(calls, limits):
        fields |= {"presence": Presence.NOT_READY, "reason": LIMIT, "presence_since": NOW}
    return fields


def is_last(calls: int, limits: MaxCalls) -> bool:
    """After so many calls in this shift, one more is the last."""
    return limits.shift is not None and calls + 1 >= limits.shift


def has_enough(agent: Agent, limits: MaxCalls) -> bool:
    """This agent may not become READY by their own word: the shift has had its calls."""
    return limits.shift is not None and agent.calls >= limits.shift
