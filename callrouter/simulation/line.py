"""The lines of a played day: callers come, join the line of a queue that takes them, and leave it.

    calls ──▶ joins ──▶ waits ──▶ (offers.py)
      │         │        ├─ patience ends ▶ abandoned
      │         │        └─ the longest wait ends, or a rule of the queue ▶ along the overflow, or the end
      │         └─ nobody joins now ▶ along the overflow, or the end
      └─ all lines taken ▶ the end

Rule: whom a queue takes or sends away, and where to, is asked of acd/, not known here.
"""

from __future__ import annotations

from collections.abc import Iterator

from callrouter.acd import activity
from callrouter.acd.doorkeeper import Doorkeeper
from callrouter.acd.doors import HANGUP, Refused, leaving_words, refusal_words, way_in
from callrouter.journal import Word
from callrouter.simulation.agenda import Agenda
from callrouter.simulation.agents import Agents
from callrouter.simulation.day import Caller, Day, Done, Result
from callrouter.simulation.stage import Stage
from callrouter.simulation.visit import Visit


class Line:
    def __init__(self, day: Day, agenda: Agenda, stage: Stage, agents: Agents, doors: Doorkeeper) -> None:
        self._day, self._agenda, self._stage, self._agents, self._doors = day, agenda, stage, agents, doors
        self._callers: Iterator[Caller] = iter(day.callers)
        self.visits: dict[str, Visit] = {}
        """Calls that wait, offered or not."""
        self.looking = 0
        """Of those, the ones for which a phone may begin to ring."""
        self.done: list[Done] = []
        self._present = 0
        self._calls = 0

    def first(self) -> Caller | None:
        return next(self._callers, None)

    def arrive(self, caller: Caller) -> None:
        following = next(self._callers, None)
        if following is not None:
            self._agenda.at(following.at_ms, self.arrive, following)
        self._calls += 1
        visit = Visit(f"c{self._calls:026}", caller)
        self._stage.write(Word.ARRIVED, visit, number=caller.number, caller=caller.number)
        self._present += 1
        if self._day.lines is not None and self._present > self._day.lines:
            self._stage.write(Word.FALLBACK, visit, reason="too many calls")
            self.finish(visit, Result.TURNED_AWAY, "fallback")
            return
        to, refused = self._way_in(caller.queue)
        self._tell_refused(visit, refused)
        if to == HANGUP:
            self.finish(visit, Result.TURNED_AWAY, "turned_away")
            return
        self._join(visit, to)
        if caller.patience_ms is not None:
            self._agenda.at(caller.at_ms + caller.patience_ms, self._give_up, visit)

    def _join(self, visit: Visit, queue: str) -> None:
        """Into a line, with the time already waited."""
        caller = visit.caller
        visit.queue = queue
        visit.leave_at = self._agenda.now_ms + int(self._day.rules[queue].max_wait_s * 1000)
        place = {"queue": queue, "priority": str(caller.priority), "since": str(caller.at_ms), "offer": ""}
        floor = {f"waiting:{visit.call}": {**place, "owner": "", "caller": caller.number, **caller.needs}}
        self._stage.write(Word.ENTERQUEUE, visit, "", floor, priority=caller.priority, caller=caller.number)
        self.visits[visit.call] = visit
        self._looks(visit, True)
        self._agenda.at(visit.leave_at, self.wait_over, visit, queue)

    def _way_in(self, queue: str) -> tuple[str, tuple[Refused, ...]]:
        return way_in(queue, self._doors.refusing(self._agenda.now_ms), self._day.rules)

    def _tell_refused(self, visit: Visit, refused: tuple[Refused, ...]) -> None:
        for one in refused:
            word, data = refusal_words(one)
            self._stage.write(word, visit, "", {}, one.queue, **data, caller=visit.caller.number)
            self._note(visit, Result.REFUSED, one.queue)

    # --- phones that ring for them ------------------------------------------------------------------------------------

    def ringing(self, visit: Visit) -> dict[str, str]:
        """Whose phones ring, and whether more may join them: with ring_all, until the longest wait is over."""
        rings_all = self._day.rules[visit.queue].rings_all and self._agenda.now_ms < visit.leave_at
        may_join = rings_all and not visit.picked_up
        self._looks(visit, may_join or not visit.rings)
        return {"offer": ",".join(visit.rings), "open": "1" if may_join and visit.rings else ""}

    def stop_ringing(self, visit: Visit, **told: str) -> None:
        until = visit.picked_up or self._agenda.now_ms
        for agent, (_, rang_at) in visit.rings.items():
            back = {f"agent:{agent}": activity.released()}
            self._agents.tell(agent, Word.RINGCANCELED, visit, back, ring_ms=until - rang_at, **told)
        visit.rings.clear()

    def is_answered(self, visit: Visit) -> None:
        self._looks(visit, False)
        del self.visits[visit.call]
        visit.waited_ms = self._agenda.now_ms - visit.caller.at_ms

    def _looks(self, visit: Visit, looks: bool) -> None:
        self.looking += looks - visit.looks
        visit.looks = looks

    # --- out of the line ----------------------------------------------------------------------------------------------

    def wait_over(self, visit: Visit, queue: str) -> None:
        """The longest wait in a queue; a ring under way is let end first, and no other phone joins it."""
        if visit.call not in self.visits or visit.queue != queue or self._agenda.now_ms < visit.leave_at:
            return
        if not visit.rings:
            self._go_on(visit, Word.EXITWITHTIMEOUT, Result.TIMED_OUT)
        elif visit.looks:
            self._stage.write(Word.LASTRING, visit, "", {f"waiting:{visit.call}": self.ringing(visit)})

    def send_away(self, call: str, why: str, position: int) -> None:
        """A rule of the queue."""
        word, data = leaving_words(why, position)
        self._go_on(self.visits[call], word, Result.SENT_AWAY, **data)

    def _go_on(self, visit: Visit, word: Word, let_go: Result, **data: str) -> None:
        """Along the overflow to a queue that takes callers, or let go."""
        to, refused = self._way_in(self._day.rules[visit.queue].overflow)
        self._leave(visit, word, to=to, **data)
        self._tell_refused(visit, refused)
        if to == HANGUP:
            self.finish(visit, let_go, "timed_out" if let_go is Result.TIMED_OUT else "turned_away")
            return
        self._note(visit, Result.MOVED_ON, visit.queue)
        self._join(visit, to)

    def _give_up(self, visit: Visit) -> None:
        if visit.call not in self.visits:
            return
        self.stop_ringing(visit)
        if visit.caller.goes_back:
            self._leave(visit, Word.EXITWITHKEY)
            self.finish(visit, Result.WENT_BACK, "left_tree")
        else:
            self._leave(visit, Word.ABANDON)
            self.finish(visit, Result.ABANDONED, "abandoned")

    def _leave(self, visit: Visit, word: Word, **data: str) -> None:
        del self.visits[visit.call]
        self._looks(visit, False)
        visit.waited_ms = self._agenda.now_ms - visit.caller.at_ms
        self._stage.write(word, visit, "", {f"waiting:{visit.call}": None}, waited_ms=visit.waited_ms, **data)

    def finish(self, visit: Visit, result: Result, how: str) -> None:
        self._present -= 1
        times = {"in_tree_ms": 0, "waited_ms": visit.waited_ms, "talked_ms": visit.talked_ms}
        self._stage.write(Word.ENDED, visit, how=how, **times)
        self._note(visit, result, visit.queue)

    def _note(self, visit: Visit, result: Result, queue: str) -> None:
        at, to_ms = visit.caller.at_ms, self._day.to_ms
        if at >= self._day.from_ms and (to_ms is None or at < to_ms):
            agent = visit.agent if result is Result.ANSWERED else ""
            waited_ms = 0 if result is Result.REFUSED else visit.waited_ms
            self.done.append(Done(visit.caller, result, queue, waited_ms, agent, visit.talked_ms))
