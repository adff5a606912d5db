"""Agents' phones ring for callers of a played day, until one is answered and they talk.

    offer ──▶ picked up ──(briefing)──▶ talk ──▶ wrap-up (agents.py)
      └─ in vain (missed, declined, busy, unreachable) ▶ the next agent; ring_all: the first answer of all

Rule: who is chosen, and what an offer, an answer, a miss or an end does to an agent, is asked of acd/, not known here.
"""

from __future__ import annotations

from callrouter.acd import activity, limits
from callrouter.acd.choose import next_change_ms, pairings
from callrouter.journal import FloorChange, Saw, Word
from callrouter.simulation.agenda import Agenda
from callrouter.simulation.agents import Agents
from callrouter.simulation.day import Day, Result, Ring
from callrouter.simulation.line import Line
from callrouter.simulation.stage import Stage
from callrouter.simulation.visit import Visit

CAUSES = {"missed": 19, "declined": 21, "busy": 17, "unreachable": 20}
"""ITU-T Q.850: no answer, call rejected, user busy, subscriber absent."""


class Offers:
    def __init__(self, day: Day, agenda: Agenda, stage: Stage, agents: Agents, line: Line) -> None:
        self._day, self._agenda, self._stage, self._agents, self._line = day, agenda, stage, agents, line
        self._alarm: int | None = None
        """When a waiting caller's needs fall."""

    def look(self) -> None:
        """Whom the choice brings together now."""
        floor, now = self._stage.floor, self._agenda.now_ms
        self._stage.changed = False
        saw = Saw(floor.version, now).text
        for pairing in pairings(floor, now_ms=now):
            visit = self._line.visits.get(pairing.call)
            if visit is not None:  # not answered by the first of all whose phones ring
                self._offer(visit, pairing.agent, saw)
        due_ms = next_change_ms(floor)
        if due_ms is not None and due_ms != self._alarm:
            self._alarm = due_ms
            self._agenda.at(max(due_ms, now), self._needs_fall)

    def _needs_fall(self) -> None:
        """Time alone changes the choice at known moments only."""
        self._stage.changed = True

    def _offer(self, visit: Visit, agent: str, saw: str) -> None:
        rules, now = self._day.rules[visit.queue], self._agenda.now_ms
        ring = self._day.people.ring(visit.caller, visit.queue, agent, visit.offers)
        visit.offers += 1
        offer = visit.offers
        visit.rings[agent] = (offer, now)
        leg = f"{visit.call}-a{offer}"
        ringing = self._line.ringing(visit)
        floor = {f"agent:{agent}": activity.reserved(visit.call, leg), f"waiting:{visit.call}": ringing}
        self._agents.tell(agent, Word.OFFER, visit, floor, leg=leg, floor=saw, ring_s=rules.ring_s)
        if ring.why == "unreachable":
            silent_ms = round(min(rules.silent_s, rules.ring_s) * 1000)
            self._agenda.at(now + min(ring.after_ms, silent_ms), self._end_ring, visit, agent, offer, ring, ring.why)
            return
        if ring.answered and ring.after_ms == 0:
            self._pick_up(visit, agent, offer, ring)
            return
        self._agents.tell(agent, Word.RINGING, visit, {f"agent:{agent}": activity.ringing()})
        limit = rules.ring_s * 1000
        if ring.after_ms > limit:
            self._agenda.at(now + limit, self._end_ring, visit, agent, offer, ring, "missed")
        elif ring.answered or ring.briefed_ms:
            self._agenda.at(now + ring.after_ms, self._pick_up, visit, agent, offer, ring)
        else:
            self._agenda.at(now + ring.after_ms, self._end_ring, visit, agent, offer, ring, ring.why)

    def _still_rings(self, visit: Visit, agent: str, offer: int) -> bool:
        return visit.call in self._line.visits and visit.rings.get(agent, (0, 0))[0] == offer

    def _pick_up(self, visit: Visit, agent: str, offer: int, ring: Ring) -> None:
        """Whoever else rings stops. The agent is told who is coming, if the queue wants it; else they talk at once."""
        if not self._still_rings(visit, agent, offer):
            return
        mine = visit.rings.pop(agent)
        self._line.stop_ringing(visit, answered_by=agent)
        visit.rings[agent] = mine
        rules = self._day.rules[visit.queue]
        if rules.briefing.precedes_talk:
            visit.picked_up = self._agenda.now_ms
            floor = {f"agent:{agent}": activity.briefing(), f"waiting:{visit.call}": self._line.ringing(visit)}
            told = {"ring_ms": visit.picked_up - mine[1], "accept": rules.briefing.accept}
            self._agents.tell(agent, Word.BRIEFED, visit, floor, **told)
            self._agenda.at(visit.picked_up + ring.briefed_ms, self._end_briefing, visit, agent, offer, ring)
        else:
            self._accept(visit, agent, offer, ring)

    def _end_briefing(self, visit: Visit, agent: str, offer: int, ring: Ring) -> None:
        if self._still_rings(visit, agent, offer):
            self._accept(visit, agent, offer, ring)

    def _accept(self, visit: Visit, agent: str, offer: int, ring: Ring) -> None:
        if ring.answered:
            self._connect(visit, agent)
        else:
            self._end_ring(visit, agent, offer, ring, ring.why)

    def _connect(self, visit: Visit, agent: str) -> None:
        call, now = visit.call, self._agenda.now_ms
        visit.agent, (_, rang_at) = agent, visit.rings.pop(agent)
        self._line.is_answered(visit)
        visit.talked_ms = self._day.people.talk_ms(visit.caller, visit.queue, agent)
        person = self._stage.floor.fields(f"agent:{agent}")
        calls, recent = int(person.get("calls") or 0), person.get("recent", "")
        counted = limits.answered(calls, recent, self._agents.limits(agent), now)
        visit.rest_until = int(counted.get("rest_until", "0"))
        begun = {**activity.talking(call, visit.queue), **counted}
        floor: FloorChange = {f"agent:{agent}": begun, f"waiting:{call}": None}
        told = {"waited_ms": visit.waited_ms, "ring_ms": (visit.picked_up or now) - rang_at, "recording": ""}
        briefed = {"briefed_ms": now - visit.picked_up} if visit.picked_up else {}
        self._agents.tell(agent, Word.CONNECT, visit, floor, **told, **briefed)
        if "presence" in counted:
            self._stage.write(Word.PAUSE, visit, agent, reason=activity.LIMIT, by="callrouter")
        if visit.caller.wrap_up_asked:
            self._agents.asks_for_wrap_up(agent, visit)
        self._agenda.at(now + visit.talked_ms, self._talked, visit)

    def _end_ring(self, visit: Visit, agent: str, offer: int, ring: Ring, why: str) -> None:
        """As the call does it live: the caller keeps the place, the agent rests or is set NOT_READY."""
        if not self._still_rings(visit, agent, offer):
            return
        now, person = self._agenda.now_ms, self._stage.floor.agents[agent]
        _, rang_at = visit.rings.pop(agent)
        rules, picked_up, visit.picked_up = self._day.rules[visit.queue], visit.picked_up, 0
        after = activity.in_vain(rules, why, person.missed, person.missed_why, now, picked_up=picked_up > 0)
        floor = {f"agent:{agent}": after, f"waiting:{visit.call}": self._line.ringing(visit)}
        told = {"ring_ms": (picked_up or now) - rang_at, "cause": CAUSES[why], "why": why}
        self._agents.tell(agent, Word.RINGNOANSWER, visit, floor, **told)
        if "presence" in after:
            self._stage.write(Word.PAUSE, visit, agent, reason=why, by="callrouter")
            self._agents.is_away(agent, ring.away_ms)
        else:
            self._agents.rests(agent, int(after["wrap_until"]))
        if now >= visit.leave_at:
            self._line.wait_over(visit, visit.queue)

    def _talked(self, visit: Visit) -> None:
        agent, now = visit.agent, self._agenda.now_ms
        person = self._stage.floor.agents[agent]
        rule = self._agents.wrap_up(agent, visit.queue)
        after = activity.after_talk(rule, person.wrap_asked, visit.rest_until, now)
        after["talk_ms"] = str(person.talk_ms + visit.talked_ms)
        told = {"waited_ms": visit.waited_ms, "talked_ms": visit.talked_ms}
        self._agents.tell(agent, Word.COMPLETECALLER, visit, {f"agent:{agent}": after}, **told)
        if until := int(after["wrap_until"]):
            self._agents.rests(agent, until)
        self._line.finish(visit, Result.ANSWERED, "completed")
