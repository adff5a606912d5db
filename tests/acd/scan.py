"""The choice as a plain scan of the whole floor: what the index must agree with. Slow, and short enough to believe."""

from __future__ import annotations

from collections.abc import Collection

from callrouter.acd.floor import Agent, Floor, Waiting
from callrouter.acd.skills import Needs, gap, lacks, mastery, stages, together
from callrouter.acd.strategy import FIELD, Strategy, drawn
from callrouter.acd.turn import GAP_MS, turn


def scan(floor: Floor, now_ms: int, taken: Collection[str] = (), given: Collection[str] = ()) -> list[tuple[str, str]]:
    """Pair after pair: of all calls and agents that can come together, the least turn with the gap."""
    calls = {
        call.call: call
        for call in floor.waiting.values()
        if call.is_open and (call.call not in given or rings_all(floor, call))
    }
    agents = {agent.id: agent for agent in floor.agents.values() if agent.is_free and agent.id not in taken}
    pairs = []
    while ways := [
        (score(floor, call, agent, now_ms), call.call, agent.id)
        for call in calls.values()
        for agent in agents.values()
        if may_take(floor, agent, call, now_ms)
    ]:
        best, name, _ = min(ways)
        alike = [agents[agent] for turn_ms, call, agent in ways if (turn_ms, call) == (best, name)]
        agent = first(floor, calls[name], alike, now_ms)
        pairs.append((name, agent.id))
        del agents[agent.id]
        if not rings_all(floor, calls[name]):
            del calls[name]
    return pairs


def rings_all(floor: Floor, call: Waiting) -> bool:
    return floor.rules(call.queue).strategy is Strategy.RING_ALL


def may_take(floor: Floor, agent: Agent, call: Waiting, now_ms: int) -> bool:
    if own(floor, call, now_ms):
        return agent.id == call.sticky
    return call.queue in agent.queues and not lacks(agent.skills, needs(floor, call, now_ms))


def score(floor: Floor, call: Waiting, agent: Agent, now_ms: int) -> int:
    rules = floor.rules(call.queue)
    begun = turn(call.since, call.priority + rules.priority, rules.target_ms)
    return begun if own(floor, call, now_ms) else begun + GAP_MS * gap(agent.skills, needs(floor, call, now_ms))


def first(floor: Floor, call: Waiting, alike: list[Agent], now_ms: int) -> Agent:
    """Of agents with the same gap: the best, if the queue wants that; then by the strategy."""
    rules = floor.rules(call.queue)
    wanted = needs(floor, call, now_ms)
    if rules.best_level:
        highest = max(mastery(agent.skills, wanted) for agent in alike)
        alike = [agent for agent in alike if mastery(agent.skills, wanted) == highest]
    if rules.strategy is Strategy.RANDOM:
        return sorted(alike, key=standing)[drawn(call.call, len(alike))]
    return min(alike, key=lambda agent: (getattr(agent, FIELD[rules.strategy]), agent.id))


def standing(agent: Agent) -> tuple[str, str]:
    """Where an agent stands for a draw: by queues and skills, then by name."""
    return f"{sorted(set(agent.queues))} {tuple(sorted(agent.skills.items()))}", agent.id


def needs(floor: Floor, call: Waiting, now_ms: int) -> Needs:
    rules = floor.rules(call.queue)
    found = stages(together(rules.require, call.require), call.prefer, rules.relax)
    return [stage.needs for stage in found if stage.after_ms == 0 or now_ms >= call.since + stage.after_ms][-1]


def own(floor: Floor, call: Waiting, now_ms: int) -> bool:
    """Whether the call waits for the agent who helped last, and nobody else."""
    rules = floor.rules(call.queue)
    agent = floor.agents.get(call.sticky)
    if agent is None or now_ms >= call.since + rules.sticky_ms:
        return False
    first_needs = stages(together(rules.require, call.require), call.prefer, rules.relax)[0].needs
    at_work = agent.presence == "READY" and agent.reachable and not agent.barred
    return at_work and call.queue in agent.queues and not lacks(agent.skills, first_needs)
