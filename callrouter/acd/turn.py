"""Whose turn it is: one number for a waiting caller and an agent, in seconds; the highest is served first.

    score = seconds waited
            + 60 × priority               the queue's and the call's own
            − seconds of the service level's target (20 where a queue states none)
            − 30 × levels of preferred skills that this agent lacks

    priority        one point is worth a minute of waiting, so nobody of low priority waits for ever
    service level   the caller whose target ends first is first (earliest due date): a queue that promises 10 s goes
                    20 s before one that promises 30 s
    skill gap       an agent takes the callers they are best for, unless another has waited so much longer

Every score grows by one each second. So no two change places by themselves, an order once made holds until something
happens, and whoever waits overtakes in the end every caller who comes later: nobody starves. In code it is kept as the
moment at which the score was 0 (`turn`, milliseconds): the earliest is first.
"""

from __future__ import annotations

PRIORITY_MS = 60_000
GAP_MS = 30_000
TARGET_MS = 20_000
"""The habit of 80 % in 20 s, where a queue states no target of its own."""


def turn(since_ms: int, priority: int, target_ms: int) -> int:
    """The moment at which this caller's score was 0, for an agent who has all that is preferred."""
    return since_ms + target_ms - PRIORITY_MS * priority
