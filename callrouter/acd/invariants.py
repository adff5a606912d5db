"""What must be so at every moment, and who breaks it. Told from what has changed, never by a look at everybody.

one_offer_per_agent   nobody is in two offers, nor in one beside a conversation
one_offer_per_call    a call holds one agent at a time; in a ring_all queue those whom its offer names
offer_ends            nobody is RESERVED or RINGING longer than ring_s + 2 s
idle_beside_waiting   no caller waits 100 ms for whom the choice would have somebody
ends_once             every call that came ends, and once (calls/ends.py)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush

from callrouter.acd.floor import Activity, Floor
from callrouter.acd.things import Pairing
from callrouter.journal import FloorChange

LATE_MS = 2_000
"""An offer that its ring does not end is ended by a timer before that (calls/waiting.py)."""
COEXIST_S = 0.1
RINGS = frozenset({Activity.RESERVED, Activity.RINGING})


class Invariant(StrEnum):
    ONE_OFFER_PER_AGENT = "one_offer_per_agent"
    ONE_OFFER_PER_CALL = "one_offer_per_call"
    OFFER_ENDS = "offer_ends"
    IDLE_BESIDE_WAITING = "idle_beside_waiting"
    ENDS_ONCE = "ends_once"


@dataclass(frozen=True, slots=True)
class Breach:
    """`call` holds, or is kept from, this `agent`, and must not be."""

    invariant: Invariant
    call: str
    agent: str
    what: str


class Offers:
    """Offers from both sides: whom a waiting call's offer names, and which call an agent says to be held by."""

    def __init__(self, floor: Floor, ring_s: Mapping[str, int]) -> None:
        """`ring_s` is that of each queue."""
        self._floor = floor
        self._ring_s = ring_s
        self._longest_s = max(ring_s.values(), default=0)
        self._named: dict[str, tuple[str, ...]] = {}
        """Call → the agents whom its offer names."""
        self._held: dict[str, tuple[str, str]] = {}
        """Agent → call and leg of the offer that holds them."""
        self._calls: defaultdict[str, set[str]] = defaultdict(set)
        """Agent → the calls whose offers name them."""
        self._agents: defaultdict[str, set[str]] = defaultdict(set)
        """Call → the agents that are held by it."""
        self._due: list[tuple[int, str, str]] = []
        self._ends: dict[str, int] = {}
        """Agent → when the offer must be over. An offer taken back and made again may have the same leg."""

    def begin_anew(self) -> None:
        """The floor comes whole: what was on it before is not known to be there."""
        for kept in (self._named, self._held, self._calls, self._agents, self._ends):
            kept.clear()
        self._due.clear()

    def changed(self, change: FloorChange) -> list[Breach]:
        """What a change, already on the floor, has broken."""
        agents: dict[str, None] = {}
        calls: dict[str, None] = {}
        for thing in change:
            kind, _, name = thing.partition(":")
            if kind == "agent":
                agents[name] = None
                calls |= dict.fromkeys(self._agent_changed(name))
            elif kind == "waiting":
                calls[name] = None
                agents |= dict.fromkeys(self._call_changed(name))
        found = [breach for agent in agents for breach in self._of_agent(agent)]
        return found + [breach for call in calls for breach in self._of_call(call)]

    def _agent_changed(self, agent: str) -> Iterator[str]:
        fields = self._floor.agents.raw.get(agent, {})
        rings = fields.get("activity") in RINGS
        held = (fields.get("call", ""), fields.get("leg", "")) if rings else None
        before = self._held.get(agent)
        if held == before:
            return
        if before is not None:
            del self._held[agent]
            _drop(self._agents, before[0], agent)
        if held is not None:
            self._held[agent] = held
            self._agents[held[0]].add(agent)
            self._ends[agent] = self._deadline_ms(fields)
            heappush(self._due, (self._ends[agent], agent, held[1]))
            yield held[0]

    def _call_changed(self, call: str) -> Iterator[str]:
        names = offered(self._floor.waiting.raw.get(call, {}))
        before = self._named.get(call, ())
        if names == before:
            return
        for agent in before:
            _drop(self._calls, agent, call)
        for agent in names:
            self._calls[agent].add(call)
        if names:
            self._named[call] = names
            yield from names
        else:
            self._named.pop(call, None)

    def _deadline_ms(self, fields: Mapping[str, str]) -> int:
        queue = self._floor.waiting.raw.get(fields.get("call", ""), {}).get("queue", "")
        since = int(fields.get("offered") or fields.get("since") or 0)
        return since + self._ring_s.get(queue, self._longest_s) * 1000 + LATE_MS

    def _of_agent(self, agent: str) -> Iterator[Breach]:
        fields = self._floor.agents.raw.get(agent, {})
        busy = fields.get("activity") in RINGS or fields.get("activity") in (Activity.BRIEFING, Activity.TALKING)
        own = fields.get("call", "") if busy else ""
        calls = self._calls.get(agent, set())
        if len(calls | {own} - {""}) > 1:
            keeps = own or min(calls)
            for call in sorted(calls - {keeps}):
                yield Breach(Invariant.ONE_OFFER_PER_AGENT, call, agent, f"{agent} is held by {keeps} as well")

    def _of_call(self, call: str) -> Iterator[Breach]:
        names, held = self._named.get(call, ()), self._agents.get(call, set())
        live = held.union(names)
        if len(live) < 2:
            return
        keeps = set(names) if self._rings_all(call) else {*names[:1]} or {min(held)}
        for agent in sorted(live - keeps):
            also = ", ".join(sorted(keeps))
            yield Breach(Invariant.ONE_OFFER_PER_CALL, call, agent, f"{agent} is rung for it beside {also}")

    def _rings_all(self, call: str) -> bool:
        queue = self._floor.waiting.raw.get(call, {}).get("queue", "")
        return self._floor.queues.raw.get(queue, {}).get("strategy") == "ring_all"

    def next_due_ms(self) -> int | None:
        """When the next offer must be over."""
        while self._due:
            at_ms, agent, leg = self._due[0]
            if self._held.get(agent, ("", None))[1] == leg and self._ends[agent] == at_ms:
                return at_ms
            heappop(self._due)
        return None

    def overdue(self, now_ms: int) -> list[Breach]:
        """Whose offer should be over by now. Each is told again LATE_MS later, if it then still holds."""
        found = []
        while (due := self.next_due_ms()) is not None and due <= now_ms:
            _, agent, leg = heappop(self._due)
            call = self._held[agent][0]
            self._ends[agent] = now_ms + LATE_MS
            heappush(self._due, (self._ends[agent], agent, leg))
            found.append(Breach(Invariant.OFFER_ENDS, call, agent, f"{agent} is still held by the offer {leg}"))
        return found


def offered(waiting: Mapping[str, str]) -> tuple[str, ...]:
    """The agents whose phones ring for a waiting call: several in a ring_all queue."""
    return tuple(name for name in waiting.get("offer", "").split(",") if name)


class Beside:
    """Since when each waiting call might have been served: at every look the choice had somebody for it."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._told: dict[str, float] = {}
        """Until when nothing more is said of a call."""

    def changed(self, change: FloorChange) -> None:
        """What has just happened to a call begins its time anew."""
        if self._since:
            for thing in change:
                self._since.pop(thing.removeprefix("waiting:"), None)

    def begin_anew(self) -> None:
        self._since.clear()

    def begins(self, call: str, at_s: float) -> None:
        """There was a good reason until then."""
        self._since[call] = at_s

    def keep_quiet(self, call: str, until_s: float) -> None:
        """It is known."""
        self._told[call] = until_s

    def look(self, pairs: Iterable[Pairing], at_s: float) -> list[tuple[Breach, float]]:
        """Each breach, and since when; `pairs` is what the choice would pair at this moment, `at_s` a clock that nobody
        sets."""
        found = []
        since: dict[str, float] = {}
        if self._told:
            self._told = {call: until_s for call, until_s in self._told.items() if until_s > at_s}
        for call, agent in pairs:
            began = since[call] = self._since.get(call, at_s)
            if at_s - began >= COEXIST_S and call not in self._told:
                what = f"waits although {agent} is free and able"
                found.append((Breach(Invariant.IDLE_BESIDE_WAITING, call, agent, what), began))
        self._since = since
        return found

    def stands(self, call: str) -> bool:
        """Nothing has happened to it since it was told."""
        return call in self._since


def _drop(sets: dict[str, set[str]], name: str, one: str) -> None:
    sets[name].discard(one)
    if not sets[name]:
        del sets[name]
