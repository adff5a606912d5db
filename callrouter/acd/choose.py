"""Whose turn it is, who takes the call, and why not somebody else.

    whose turn    the highest score first (acd/turn.py), then the call's id
    which agent   free, in the queue, with every skill that is needed; of these the one who has most of what is
                  preferred; in a queue with `best_level` the best at it; then by the queue's strategy (strategy.py);
                  with ring_all every one of them, but those for whom it is another call's turn

A pure function of the floor and the moment, so every worker arrives at the same answer, and replaying it on the floor
of then gives the exact reasons of then. Fast by an index kept with the floor (acd/index.py).
"""

from __future__ import annotations

from collections.abc import Collection

from callrouter.acd.floor import Floor
from callrouter.acd.things import Pairing, Waiting
from callrouter.acd.turn import turn

__all__ = ["Pairing", "next_change_ms", "pairings", "turn_of", "turn_order"]


def turn_of(floor: Floor, call: Waiting) -> tuple[int, str]:
    """The lower, the earlier is this call's turn, if the agent has all that is preferred."""
    rules = floor.rules(call.queue)
    return turn(call.since, call.priority + rules.priority, rules.target_ms), call.call


def turn_order(floor: Floor) -> list[Waiting]:
    """The waiting calls, first served first. Calls whose offer is ringing keep their place in it."""
    return sorted(floor.waiting.values(), key=lambda call: turn_of(floor, call))


def pairings(
    floor: Floor, taken: Collection[str] = (), given: Collection[str] = (), now_ms: int | None = None
) -> list[Pairing]:
    """Who should be offered to whom at this moment, the first pair first; without `now_ms`: at that of the floor's
    version. `taken` agents are being reserved this moment, for the `given` calls. A call that rings all is in as many
    pairs as there are agents for it."""
    return floor.index.look(floor.at_ms if now_ms is None else now_ms, taken, given)


def next_change_ms(floor: Floor) -> int | None:
    """When the choice changes next though nothing happens: a waiting caller's needs fall at that moment."""
    return floor.index.next_change_ms()
