"""The wrap-up that an agent asks for: after the talk under way, after the one just over, or longer than it is.

    TALKING ─ asked ─▶ remembered for the end of the talk     WRAP_UP ─ asked ─▶ longer, up to the rule's bound
    IDLE ─ asked soon after a talk, and before the next offer ─▶ WRAP_UP

Rule: what is written depends on the agent as seen (`as_seen`); if that has changed meanwhile, nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from callrouter.acd.activity import wrapping_up
from callrouter.acd.things import Activity, Agent
from callrouter.config import AgentPart, Queue, WrapUp
from callrouter.journal import Entry, FloorChange, Word

NO_WRAP_UP = WrapUp(mode="none")


@dataclass(frozen=True, slots=True)
class Asked:
    """What to write, if these fields of the agent are still so."""

    entry: Entry
    floor: FloorChange
    as_seen: Mapping[str, str]


def rule_of(queue: Queue | None, agent: AgentPart | None) -> WrapUp:
    """The agent's own rule goes before the queue's."""
    if agent is not None and agent.wrap_up is not None:
        return agent.wrap_up
    return queue.wrap_up if queue is not None else NO_WRAP_UP


def ask(agent: Agent, rule: WrapUp, now_ms: int, by: str) -> Asked | None:
    """What the agent's wish for (more) wrap-up comes to; None if it cannot be had."""
    match agent.activity:
        case Activity.TALKING if rule.mode != "none":
            return _asked(agent, by, "asked", {"wrap_asked": "1"}, {"call": agent.call})
        case Activity.WRAP_UP:
            until = min(agent.wrap_most, agent.wrap_until + round(rule.seconds * 1000))
            if until > agent.wrap_until:
                seen = {"wrap_until": str(agent.wrap_until)}
                return _asked(agent, by, "longer", {"wrap_until": str(until)}, seen)
        case Activity.IDLE if rule.mode != "none" and agent.last_call:
            if now_ms - agent.idle_since <= rule.asked_within_s * 1000:
                begun = now_ms + round(rule.seconds * 1000), rule.mode, now_ms + round(rule.longest_s * 1000)
                return _asked(agent, by, "begun", wrapping_up(*begun), {"idle_since": str(agent.idle_since)})
    return None


def _asked(agent: Agent, by: str, what: str, fields: Mapping[str, str], seen: Mapping[str, str]) -> Asked:
    entry = Entry(Word.WRAPUP, agent.last_call, agent.id, agent.last_queue, {"what": what, "by": by})
    return Asked(entry, {f"agent:{agent.id}": fields}, {"activity": agent.activity, **seen})
