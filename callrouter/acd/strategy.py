"""Who of several able agents takes a call: each strategy is one number of the agent, the lowest first; then the id.

    longest_idle      since when idle                        fewest_calls      conversations since the log-in
    least_talk_time   time talked since the log-in           round_robin       when last offered a call
    top_down          place in the configuration             random            by the call's id, every agent alike
    ring_all          everybody at once, the longest idle first of them

Every number stands still while the agent is free, so an order once made holds until something happens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum


class Strategy(StrEnum):
    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    LEAST_TALK_TIME = "least_talk_time"
    ROUND_ROBIN = "round_robin"
    TOP_DOWN = "top_down"
    RANDOM = "random"
    RING_ALL = "ring_all"


FIELD: Mapping[Strategy, str] = {
    Strategy.LONGEST_IDLE: "idle_since",
    Strategy.FEWEST_CALLS: "calls",
    Strategy.LEAST_TALK_TIME: "talk_ms",
    Strategy.ROUND_ROBIN: "offered",
    Strategy.TOP_DOWN: "order",
    Strategy.RING_ALL: "idle_since",
}
"""The agent's field on the floor whose number decides. Random has none."""


def drawn(call: str, count: int) -> int:
    """Which of `count` agents a call draws: the same in every worker and in every replay."""
    digest = hashlib.blake2b(call.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count
