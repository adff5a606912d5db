"""A day played in virtual time: an event list around the floor and the choice that run live.

    caller joins ──▶ pairings(floor) ──▶ offer ──▶ answered ──▶ talk ──▶ wrap-up ──▶ free ──▶ pairings(floor) …
          └─ patience ends ▶ abandoned     └─ missed ▶ the next agent; ring_all: the first answer of all
          └─ longest wait ends ▶ another queue, or the end

Rule: who is chosen, and what an offer, an answer, a miss or an end does to an agent, is asked of acd/, not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

from callrouter.acd import activity
from callrouter.acd.choose import next_change_ms, pairings
from callrouter.acd.floor import Activity, Floor, Presence
from callrouter.acd.presence import Wish, presence_change, wish_entry
from callrouter.journal import NOW, Entry, FloorChange, Saw, Word
from callrouter.reporting.floor import condition
from callrouter.simulation.day import Caller, Day, Done, Played, Result, Ring

Tell = Callable[[Entry], None]
NOTHING: FloorChange = {}


def play(day: Day, tell: Tell | None = None) -> Played:
    """Every caller to their end. `tell` gets the journal that such a day would have left."""
    return _Play(day, tell).run()


class _Visit:
    """A caller from joining the line until the end."""

    __slots__ = ("agent", "call", "caller", "leave_at", "looks", "offers", "queue", "rings", "talked_ms", "waited_ms")

    def __init__(self, call: str, caller: Caller, leave_at: int) -> None:
        self.call = call
        self.caller = caller
        self.queue = caller.queue
        self.leave_at = leave_at
        self.offers = 0
        self.rings: dict[str, tuple[int, int]] = {}
        """Whose phones ring: the number of the offer, and since when."""
        self.looks = False
        """Whether another phone may ring for it."""
        self.agent = ""
        """Who talks."""
        self.waited_ms = 0
        self.talked_ms = 0


class _Play:
    def __init__(self, day: Day, tell: Tell | None) -> None:
        self._day = day
        self._tell = tell
        self._floor = Floor()
        self._due: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0
        self._now = 0
        self._version = (0, -1)
        self._callers: Iterator[Caller] = iter(day.callers)
        self._line: dict[str, _Visit] = {}
        """Calls that wait, offered or not."""
        self._looking = 0
        """Of those, the ones for which a phone may begin to ring."""
        self._changed = False
        """Since the last look at the floor."""
        self._alarm: int | None = None
        """When a waiting caller's needs fall."""
        self._present = 0
        self._calls = 0
        self._done: list[Done] = []
        self._spent: dict[str, dict[str, int]] = {name[6:]: {} for name in day.floor if name.startswith("agent:")}
        self._since: dict[str, tuple[int, str]] = {}
        """Agent → since when, and the kind of time they spend."""
        self._end = day.to_ms

    def run(self) -> Played:
        events = 0
        self._start()
        while self._due:
            self._now, _, what, given = heappop(self._due)
            what(*given)
            events += 1
            if self._looking and self._changed:
                self._look()
        self._now = self._now if self._end is None else self._end
        counted = self._now - self._day.from_ms
        for agent in self._spent:
            self._count(agent, "out")
        return Played(self._day, self._done, self._spent, counted, events)

    def _start(self) -> None:
        day = self._day
        first = next(self._callers, None)
        self._now = min([*([first.at_ms] if first else ()), *(entry.at_ms for entry in day.changes[:1]), day.from_ms])
        self._write(Word.CONFIG, None, "", day.floor)
        for agent in self._spent:
            self._since[agent] = (self._now, condition(self._floor.fields(f"agent:{agent}")))
        for entry in day.changes:
            self._at(entry.at_ms, self._change, entry)
        if first is not None:
            self._at(first.at_ms, self._arrive, first)

    def _at(self, at_ms: int, what: Callable[..., None], *given: Any) -> None:
        self._number += 1
        heappush(self._due, (at_ms, self._number, what, given))

    # --- the floor and the journal ------------------------------------------------------------------------------------

    def _write(
        self,
        word: Word,
        visit: _Visit | None = None,
        agent: str = "",
        change: FloorChange = NOTHING,
        /,
        **data: object,
    ) -> None:
        """As a commit does: the change of the floor with the entry that tells of it."""
        change = self._timed(change) if change else change
        at, number = self._version
        self._version = (self._now, number + 1 if at == self._now else 0)
        if self._tell is not None:
            self._tell_of(word, visit, agent, change, data)
        if change:
            self._changed = True
            self._floor.apply(change, self._id())

    def _timed(self, change: FloorChange) -> FloorChange:
        now = str(self._now)
        return {
            thing: fields and {name: now if value == NOW else value for name, value in fields.items()}
            for thing, fields in change.items()
        }

    def _tell_of(
        self, word: Word, visit: _Visit | None, agent: str, change: FloorChange, data: dict[str, object]
    ) -> None:
        assert self._tell is not None
        call, queue = (visit.call, visit.queue) if visit else ("", "")
        told = {name: str(value) for name, value in data.items()}
        self._tell(Entry(word, call, agent, queue, told, change, self._id(), self._now))

    def _id(self) -> str:
        return f"{self._version[0]}-{self._version[1]}"

    def _agent(self, agent: str, word: Word, visit: _Visit | None, change: FloorChange, /, **data: object) -> None:
        """Write something that changes an agent, and count what they did until now."""
        self._write(word, visit, agent, change, **data)
        kind = condition(self._floor.fields(f"agent:{agent}"))
        self._count(agent, kind)

    def _count(self, agent: str, kind: str) -> None:
        """The time of one kind is over; from now on it is of this kind."""
        since, before = self._since.get(agent, (self._now, kind))
        self._since[agent] = (self._now, kind)
        ends = self._now if self._end is None else min(self._now, self._end)
        ms = ends - max(since, self._day.from_ms)
        if ms > 0:
            spent = self._spent[agent]
            spent[before] = spent.get(before, 0) + ms

    # --- what happens -------------------------------------------------------------------------------------------------

    def _change(self, entry: Entry) -> None:
        if entry.agent in self._spent:
            self._agent(entry.agent, entry.word, None, entry.floor, **entry.data)

    def _arrive(self, caller: Caller) -> None:
        following = next(self._callers, None)
        if following is not None:
            self._at(following.at_ms, self._arrive, following)
        self._calls += 1
        visit = _Visit(f"c{self._calls:026}", caller, 0)
        self._write(Word.ARRIVED, visit, number=caller.number, caller=caller.number)
        if self._day.lines is not None and self._present >= self._day.lines:
            self._write(Word.FALLBACK, visit, reason="too many calls")
            self._finish(visit, Result.TURNED_AWAY, "fallback")
            return
        self._present += 1
        self._join(visit)
        if caller.patience_ms is not None:
            self._at(caller.at_ms + caller.patience_ms, self._give_up, visit)

    def _join(self, visit: _Visit) -> None:
        """Into a line, with the time already waited."""
        caller = visit.caller
        visit.leave_at = self._now + int(self._day.rules[visit.queue].max_wait_s * 1000)
        place = {"queue": visit.queue, "priority": str(caller.priority), "since": str(caller.at_ms), "offer": ""}
        floor = {f"waiting:{visit.call}": {**place, "owner": "", "caller": caller.number, **caller.needs}}
        self._write(Word.ENTERQUEUE, visit, "", floor, priority=caller.priority, caller=caller.number)
        self._line[visit.call] = visit
        self._looks(visit, True)
        self._at(visit.leave_at, self._wait_over, visit, visit.queue)

    def _look(self) -> None:
        self._changed = False
        saw = Saw(self._floor.version, self._now).text
        for pairing in pairings(self._floor, now_ms=self._now):
            visit = self._line.get(pairing.call)
            if visit is not None:  # not answered by the first of all whose phones ring
                self._offer(visit, pairing.agent, saw)
        due_ms = next_change_ms(self._floor)
        if due_ms is not None and due_ms != self._alarm:
            self._alarm = due_ms
            self._at(max(due_ms, self._now), self._needs_fall)

    def _looks(self, visit: _Visit, looks: bool) -> None:
        self._looking += looks - visit.looks
        visit.looks = looks

    def _needs_fall(self) -> None:
        """Time alone changes the choice at known moments only."""
        self._changed = True

    def _offer(self, visit: _Visit, agent: str, saw: str) -> None:
        ring = self._day.people.ring(visit.caller, visit.queue, agent, visit.offers)
        limit = self._day.rules[visit.queue].ring_s * 1000
        visit.offers += 1
        visit.rings[agent] = (visit.offers, self._now)
        leg = f"{visit.call}-a{visit.offers}"
        floor = {f"agent:{agent}": activity.reserved(visit.call, leg), f"waiting:{visit.call}": self._ringing(visit)}
        self._agent(agent, Word.OFFER, visit, floor, leg=leg, floor=saw, ring_s=self._day.rules[visit.queue].ring_s)
        if ring.answered and ring.after_ms == 0:
            self._connect(visit, agent, visit.offers)
            return
        self._agent(agent, Word.RINGING, visit, {f"agent:{agent}": activity.ringing()})
        if ring.answered and ring.after_ms <= limit:
            self._at(self._now + ring.after_ms, self._connect, visit, agent, visit.offers)
        else:
            self._at(self._now + min(ring.after_ms, limit), self._miss, visit, agent, visit.offers, ring)

    def _ringing(self, visit: _Visit) -> dict[str, str]:
        """Whose phones ring, and whether more may join them: with ring_all, until the longest wait is over."""
        rings_all = self._day.rules[visit.queue].rings_all and self._now < visit.leave_at
        self._looks(visit, rings_all or not visit.rings)
        return {"offer": ",".join(visit.rings), "open": "1" if rings_all and visit.rings else ""}

    def _connect(self, visit: _Visit, agent: str, offer: int) -> None:
        if not self._still_rings(visit, agent, offer):
            return
        call = visit.call
        visit.agent, (_, rang_at) = agent, visit.rings.pop(agent)
        self._stop_ringing(visit, answered_by=agent)
        self._looks(visit, False)
        del self._line[call]
        visit.waited_ms = self._now - visit.caller.at_ms
        visit.talked_ms = self._day.people.talk_ms(visit.caller, visit.queue, agent)
        begun = {**activity.talking(call, visit.queue), "calls": str(self._floor.agents[agent].calls + 1)}
        floor: FloorChange = {f"agent:{agent}": begun, f"waiting:{call}": None}
        rang = self._now - rang_at
        self._agent(agent, Word.CONNECT, visit, floor, waited_ms=visit.waited_ms, ring_ms=rang, recording="")
        self._at(self._now + visit.talked_ms, self._talked, visit)

    def _stop_ringing(self, visit: _Visit, **told: str) -> None:
        for agent, (_, rang_at) in visit.rings.items():
            back = {f"agent:{agent}": activity.released()}
            self._agent(agent, Word.RINGCANCELED, visit, back, ring_ms=self._now - rang_at, **told)
        visit.rings.clear()

    def _miss(self, visit: _Visit, agent: str, offer: int, ring: Ring) -> None:
        """As the call does it live: the caller keeps the place, the agent rests or is set NOT_READY."""
        if not self._still_rings(visit, agent, offer):
            return
        _, rang_at = visit.rings.pop(agent)
        rules, person = self._day.rules[visit.queue], self._floor.agents[agent]
        fields = activity.in_vain(rules, "missed", person.missed, person.missed_why, self._now, picked_up=False)
        floor = {f"agent:{agent}": fields, f"waiting:{visit.call}": self._ringing(visit)}
        self._agent(agent, Word.RINGNOANSWER, visit, floor, ring_ms=self._now - rang_at, cause=19, why="missed")
        if "presence" in fields:
            self._write(Word.PAUSE, visit, agent, reason="missed", by="callrouter")
            if ring.away_ms is not None:
                self._at(self._now + ring.away_ms, self._come_back, agent, self._now)
        else:
            self._at(int(fields["wrap_until"]), self._wrapped_up, agent, int(fields["wrap_until"]))
        if self._now >= visit.leave_at:
            self._wait_over(visit, visit.queue)

    def _still_rings(self, visit: _Visit, agent: str, offer: int) -> bool:
        return visit.call in self._line and visit.rings.get(agent, (0, 0))[0] == offer

    def _come_back(self, agent: str, paused_at: int) -> None:
        person = self._floor.agents[agent]
        if person.presence is Presence.NOT_READY and person.presence_since == paused_at:
            wish = Wish(Presence.READY)
            entry = wish_entry(agent, wish, by="agent")
            self._agent(agent, entry.word, None, presence_change(agent, wish), **entry.data)

    def _talked(self, visit: _Visit) -> None:
        agent = visit.agent
        after = activity.after_talk(self._day.rules[visit.queue].wrap_up, False, 0, self._now)
        after["talk_ms"] = str(self._floor.agents[agent].talk_ms + visit.talked_ms)
        told = {"waited_ms": visit.waited_ms, "talked_ms": visit.talked_ms}
        self._agent(agent, Word.COMPLETECALLER, visit, {f"agent:{agent}": after}, **told)
        if until := int(after["wrap_until"]):
            self._at(until, self._wrapped_up, agent, until)
        self._present -= 1
        self._finish(visit, Result.ANSWERED, "completed")

    def _wrapped_up(self, agent: str, until: int) -> None:
        person = self._floor.agents[agent]
        if person.activity in (Activity.WRAP_UP, Activity.RESTING) and person.wrap_until == until:
            over = Word.WRAPUPEND if person.activity is Activity.WRAP_UP else Word.RESTEND
            self._agent(agent, over, None, {f"agent:{agent}": activity.idle()})

    def _give_up(self, visit: _Visit) -> None:
        if visit.call not in self._line:
            return
        self._stop_ringing(visit)
        if visit.caller.goes_back:
            self._leave_line(visit, Word.EXITWITHKEY)
            self._finish(visit, Result.WENT_BACK, "left_tree")
        else:
            self._leave_line(visit, Word.ABANDON)
            self._finish(visit, Result.ABANDONED, "abandoned")

    def _wait_over(self, visit: _Visit, queue: str) -> None:
        """The longest wait in a queue; a ring under way is let end first, and no other phone joins it."""
        if visit.call not in self._line or visit.queue != queue or self._now < visit.leave_at:
            return
        if visit.rings:
            if visit.looks:
                self._write(Word.LASTRING, visit, "", {f"waiting:{visit.call}": self._ringing(visit)})
            return
        to = self._day.rules[queue].overflow
        self._leave_line(visit, Word.EXITWITHTIMEOUT, to=to)
        if to == "hangup":
            self._finish(visit, Result.TIMED_OUT, "timed_out")
            return
        self._note(visit, Result.MOVED_ON)
        self._present += 1
        visit.queue = to
        self._join(visit)

    def _leave_line(self, visit: _Visit, word: Word, **data: str) -> None:
        del self._line[visit.call]
        self._looks(visit, False)
        self._present -= 1
        visit.waited_ms = self._now - visit.caller.at_ms
        self._write(word, visit, "", {f"waiting:{visit.call}": None}, waited_ms=visit.waited_ms, **data)

    def _finish(self, visit: _Visit, result: Result, how: str) -> None:
        self._write(Word.ENDED, visit, how=how, in_tree_ms=0, waited_ms=visit.waited_ms, talked_ms=visit.talked_ms)
        self._note(visit, result)

    def _note(self, visit: _Visit, result: Result) -> None:
        at = visit.caller.at_ms
        if at >= self._day.from_ms and (self._end is None or at < self._end):
            agent = visit.agent if result is Result.ANSWERED else ""
            self._done.append(Done(visit.caller, result, visit.queue, visit.waited_ms, agent, visit.talked_ms))
