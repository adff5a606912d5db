"""Whose turn it is and who takes the call: longest waiting (by priority) meets longest idle.

    whose turn    higher priority first (queue's plus call's own), then who has waited longest, then the call's id
    which agent   free and in the queue; the one idle longest, then the agent's id

A pure function of the floor, so every worker arrives at the same answer, and replaying it on the floor of then
gives the exact reasons of then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from callrouter.acd.floor import Activity, Agent, Floor, Presence, Waiting


@dataclass(frozen=True, slots=True)
class Pairing:
    """This agent should be offered this call."""

    call: str
    agent: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an agent was chosen for a call, or was not."""

    agent: str
    chosen: bool
    text: str


def turn_order(floor: Floor) -> list[Waiting]:
    """The waiting calls, first served first. Calls whose offer is ringing keep their place in it."""

    def turn(call: Waiting) -> tuple[int, int, str]:
        queue = floor.queues.get(call.queue)
        return (-(call.priority + (queue.priority if queue else 0)), call.since, call.call)

    return sorted(floor.waiting.values(), key=turn)


def pairings(floor: Floor, taken: Collection[str] = (), given: Collection[str] = ()) -> list[Pairing]:
    """Who should be offered to whom right now. `taken` agents are being reserved this moment, for the `given` calls."""
    free = sorted(
        (agent for agent in floor.agents.values() if agent.is_free and agent.id not in taken),
        key=lambda agent: (agent.idle_since, agent.id),
    )
    found: list[Pairing] = []
    if not free:
        return found
    for call in turn_order(floor):
        if call.offer or call.call in given:
            continue
        agent = next((agent for agent in free if call.queue in agent.queues), None)
        if agent is not None:
            found.append(Pairing(call.call, agent.id))
            free.remove(agent)
            if not free:
                break
    return found


def reasons(floor: Floor, call: str, now_ms: int) -> Sequence[Reason]:
    """Why each agent is or is not the choice for this waiting call on this floor, the chosen one first."""
    waiting = floor.waiting.get(call)
    if waiting is None:
        return ()
    pairs = pairings(floor)
    given = {pair.agent: pair.call for pair in pairs}
    chosen = next((floor.agents[pair.agent] for pair in pairs if pair.call == call), None)
    found = [_reason(agent, waiting, chosen, given.get(agent.id, ""), now_ms) for agent in floor.agents.values()]
    return sorted(found, key=lambda reason: (not reason.chosen, reason.agent))


def _reason(agent: Agent, waiting: Waiting, chosen: Agent | None, given: str, now_ms: int) -> Reason:
    if chosen is not None and agent.id == chosen.id:
        return Reason(agent.id, True, f"chosen: idle longest among the able ({_ago(agent.idle_since, now_ms)})")
    return Reason(agent.id, False, _obstacle(agent, waiting, chosen, given, now_ms))


def _obstacle(agent: Agent, waiting: Waiting, chosen: Agent | None, given: str, now_ms: int) -> str:
    if waiting.queue not in agent.queues:
        return f"does not serve the queue {waiting.queue}"
    if agent.presence is Presence.LOGGED_OUT:
        return "logged out"
    if agent.presence is Presence.NOT_READY:
        why = f" ({agent.reason})" if agent.reason else ""
        return f"not ready{why} for {_ago(agent.presence_since, now_ms)}"
    if not agent.reachable:
        return "phone not reachable"
    if agent.activity is not Activity.IDLE:
        with_call = f" with {agent.call}" if agent.call else ""
        return f"{agent.activity.replace('_', '-').lower()}{with_call} for {_ago(agent.since, now_ms)}"
    if given:
        return f"taken by {given}, which was ahead"
    if waiting.offer:
        return f"the call was being offered to {waiting.offer}"
    if chosen is not None:
        return f"idle for less time ({_ago(agent.idle_since, now_ms)} against {_ago(chosen.idle_since, now_ms)})"
    return "able, and not needed"


def _ago(since_ms: int, now_ms: int) -> str:
    return f"{max(0, now_ms - since_ms) / 1000:.1f} s"
