"""Why an agent was chosen for a call, or was not: the choice itself is made again, and what it looked at is told.

Rule: nothing here decides. The chosen one comes from `pairings`; the obstacles are the facts and numbers it compares.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from callrouter.acd.choose import pairings, turn_order
from callrouter.acd.floor import Floor
from callrouter.acd.skills import Needs, gap, lacks, mastery
from callrouter.acd.strategy import FIELD, Strategy
from callrouter.acd.things import Activity, Agent, Presence, Waiting
from callrouter.acd.turn import PRIORITY_MS

REST = {
    "missed": "did not answer",
    "declined": "declined",
    "busy": "the phone was busy",
    "unreachable": "the phone could not be rung",
    "limit": "the hour has had its calls",
    "phone": "on the phone with a feature code",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this agent was chosen for this call, or was not. Without a call: why for none at all."""

    agent: str
    chosen: bool
    text: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A floor at a moment, and the pairs that it gives."""

    floor: Floor
    now_ms: int
    agents_of: Mapping[str, Sequence[str]]
    """Call → its agents, several with ring_all, the first in order first."""
    call_of: Mapping[str, str]


def reasons(
    floor: Floor, call: str, now_ms: int, taken: Collection[str] = (), given: Collection[str] = ()
) -> Sequence[Reason]:
    """Why each agent is or is not the choice for this waiting call on this floor, the chosen one first."""
    waiting = floor.waiting.get(call)
    if waiting is None:
        return ()
    scene = _scene(floor, now_ms, taken, given)
    found = [_reason(agent, waiting, scene) for agent in floor.agents.values()]
    return sorted(found, key=lambda reason: (not reason.chosen, reason.agent))


def why_not(
    floor: Floor,
    agent: str,
    call: str | None,
    now_ms: int,
    taken: Collection[str] = (),
    given: Collection[str] = (),
) -> Sequence[Reason]:
    """Why this agent's phone does not ring: for one call, or for each that waits, the first in turn first."""
    person = floor.agents.get(agent)
    if person is None:
        return (Reason(agent, False, "is not on the floor"),)
    scene = _scene(floor, now_ms, taken, given)
    if call is not None:
        waiting = floor.waiting.get(call)
        found = _reason(person, waiting, scene) if waiting else Reason(agent, False, "the call does not wait", call)
        return (found,)
    if not person.is_free:
        return (Reason(agent, False, absence(person, now_ms)),)
    return [_reason(person, waiting, scene) for waiting in turn_order(floor)] or (Reason(agent, False, "nobody waits"),)


def _scene(floor: Floor, now_ms: int, taken: Collection[str], given: Collection[str]) -> Scene:
    pairs = pairings(floor, taken, given, now_ms)
    agents_of: dict[str, list[str]] = {}
    for pair in pairs:
        agents_of.setdefault(pair.call, []).append(pair.agent)
    return Scene(floor, now_ms, agents_of, {pair.agent: pair.call for pair in pairs})


def _reason(agent: Agent, waiting: Waiting, scene: Scene) -> Reason:
    if scene.call_of.get(agent.id) == waiting.call:
        return Reason(agent.id, True, f"chosen: {_merit(agent, waiting, scene)}", waiting.call)
    return Reason(agent.id, False, _obstacle(agent, waiting, scene), waiting.call)


def _merit(agent: Agent, waiting: Waiting, scene: Scene) -> str:
    if scene.floor.index.waits_for_own(waiting.call, scene.now_ms):
        return "helped this caller last"
    strategy = scene.floor.rules(waiting.queue).strategy
    number = _number(agent, strategy, scene.now_ms)
    return {
        Strategy.LONGEST_IDLE: f"idle longest among the able ({number})",
        Strategy.FEWEST_CALLS: f"fewest calls among the able ({number})",
        Strategy.LEAST_TALK_TIME: f"least talk time among the able ({number})",
        Strategy.ROUND_ROBIN: f"offered a call longest ago among the able ({number})",
        Strategy.TOP_DOWN: f"first among the able ({number})",
        Strategy.RANDOM: "drawn among the able",
        Strategy.RING_ALL: "rings with all the able",
    }[strategy]


def _obstacle(agent: Agent, waiting: Waiting, scene: Scene) -> str:
    if waiting.queue not in agent.queues:
        return f"does not serve the queue {waiting.queue}"
    needs = scene.floor.index.needs_of(waiting.call, scene.now_ms)
    if missing := lacks(agent.skills, needs):
        return "lacks " + ", ".join(f"{name} {level} (has {agent.skills.get(name, 0)})" for name, level in missing)
    if not agent.is_free:
        return absence(agent, scene.now_ms)
    if not waiting.is_open:
        return f"the call was being offered to {', '.join(waiting.offers)}"
    if scene.floor.index.waits_for_own(waiting.call, scene.now_ms):
        until = waiting.since + scene.floor.rules(waiting.queue).sticky_ms
        return f"the caller waits for {waiting.sticky}, who helped last, for {_ago(scene.now_ms, until)} more"
    if other := scene.call_of.get(agent.id):
        return _overtaken(agent, waiting, other, scene)
    if scene.floor.rules(waiting.queue).strategy is Strategy.RING_ALL:
        return "was being reserved in that moment"
    chosen = scene.agents_of.get(waiting.call)
    return _second(agent, scene.floor.agents[chosen[0]], waiting, needs, scene) if chosen else "able, and not needed"


def absence(agent: Agent, now_ms: int) -> str:
    """Why no call is offered to this agent, whatever waits; `free` if nothing is against it."""
    if agent.presence is Presence.LOGGED_OUT:
        return "logged out"
    if agent.presence is Presence.NOT_READY:
        why = f" ({agent.reason})" if agent.reason else ""
        return f"not ready{why} for {_ago(agent.presence_since, now_ms)}"
    if not agent.reachable:
        return "phone not reachable"
    if agent.activity is Activity.RESTING:
        return f"resting ({REST[agent.rest]}) for {_left(now_ms, agent.wrap_until)} more"
    if agent.activity is Activity.IDLE:
        return f"trainee, and none of the mentors is at work ({', '.join(agent.mentors)})" if agent.barred else "free"
    with_call = f" with {agent.call}" if agent.call else ""
    return f"{agent.activity.replace('_', '-').lower()}{with_call} for {_ago(agent.since, now_ms)}"


def _overtaken(agent: Agent, waiting: Waiting, other: str, scene: Scene) -> str:
    """Another call takes this agent: why it was ahead is told only where waiting longer was not enough."""
    ahead = scene.floor.waiting[other]
    if ahead.since <= waiting.since:
        return f"taken by {other}, which was ahead"
    before, after = (scene.floor.rules(call.queue) for call in (ahead, waiting))
    needs = [scene.floor.index.needs_of(call.call, scene.now_ms) for call in (ahead, waiting)]
    points = ahead.priority + before.priority - waiting.priority - after.priority
    causes = (
        (points > 0, f"its priority is {points} higher: worth {points * PRIORITY_MS // 1000} s of waiting"),
        (before.target_ms < after.target_ms, f"its service level promises {before.target_ms / 1000:g} s"),
        (gap(agent.skills, needs[0]) < gap(agent.skills, needs[1]), f"{agent.id} is better for it"),
    )
    told = "; ".join(text for holds, text in causes if holds)
    return f"taken by {other}, which was ahead" + (f" ({told})" if told else "")


def _second(agent: Agent, chosen: Agent, waiting: Waiting, needs: Needs, scene: Scene) -> str:
    rules = scene.floor.rules(waiting.queue)
    if gap(agent.skills, needs) > gap(chosen.skills, needs):
        wished = ", ".join(f"{name} {level}" for name, level in needs.prefer if agent.skills.get(name, 0) < level)
        return f"has less of what is preferred ({wished}) than {chosen.id}"
    if rules.best_level and mastery(agent.skills, needs) < mastery(chosen.skills, needs):
        return f"has lower levels than {chosen.id} ({mastery(agent.skills, needs)}, {mastery(chosen.skills, needs)})"
    own, theirs = (_number(one, rules.strategy, scene.now_ms) for one in (agent, chosen))
    return {
        Strategy.LONGEST_IDLE: f"idle for less time ({own} against {theirs})",
        Strategy.FEWEST_CALLS: f"has had more calls ({own} against {theirs})",
        Strategy.LEAST_TALK_TIME: f"has talked longer ({own} against {theirs})",
        Strategy.ROUND_ROBIN: f"was offered a call more recently ({own} against {theirs})",
        Strategy.TOP_DOWN: f"comes later in the order ({own} against {theirs})",
        Strategy.RANDOM: f"{chosen.id} was drawn",
    }[rules.strategy]


def _number(agent: Agent, strategy: Strategy, now_ms: int) -> str:
    """What the strategy compares, for people."""
    if strategy is Strategy.RANDOM:
        return ""
    number = int(getattr(agent, FIELD[strategy]))
    if strategy is Strategy.LEAST_TALK_TIME:
        return f"{number / 1000:.1f} s"
    if strategy is Strategy.ROUND_ROBIN and not number:
        return "never"
    return str(number) if strategy in (Strategy.FEWEST_CALLS, Strategy.TOP_DOWN) else _ago(number, now_ms)


def _ago(since_ms: int, now_ms: int) -> str:
    return f"{max(0, now_ms - since_ms) / 1000:.1f} s"


def _left(now_ms: int, until_ms: int) -> str:
    """Until a rest is over: one of an hour in minutes, a short one in seconds."""
    left_ms = until_ms - now_ms
    return f"{-(-left_ms // 60_000)} min" if left_ms >= 120_000 else _ago(now_ms, until_ms)
