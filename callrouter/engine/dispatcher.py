"""Follows the journal, keeps a replica of the floor, and proposes the pure choice to the sessions of our own calls.

Everyone computes, the owner acts, the store arbitrates: a proposal that comes too late is refused there, and the
news that made it late brings the next look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from callrouter.acd.choose import next_change_ms, pairings
from callrouter.acd.floor import Floor
from callrouter.calls.events import AgentProposed
from callrouter.engine.ports import Clock, Line
from callrouter.errors import JournalGap, StoreDown
from callrouter.journal import Entry, FloorChange, Saw
from callrouter.telephony import CallId, PhoneId

log = structlog.get_logger()

BACK_OFF_S = 0.2
NEWS_S = 0.05
"""How long a settled proposal is waited for on the replica: the journal brings its outcome in about a millisecond."""


class Dispatcher:
    """`propose(call, event)` is asked to deliver; it says False for a call that is not ours."""

    def __init__(
        self,
        line: Line,
        propose: Callable[[CallId, AgentProposed], bool],
        changed: Callable[[FloorChange], None],
        heard: Callable[[Entry], None] = lambda _: None,
        *,
        clock: Clock,
        begins: Callable[[], None] = lambda: None,
    ) -> None:
        """`heard` is told every entry of the journal; `begins`, that some may have been missed before the next."""
        self.floor = Floor()
        self.caught_up = asyncio.Event()
        self._line = line
        self._propose = propose
        self._changed = changed
        self._heard = heard
        self._begins = begins
        self._starts_over = False
        self._asked: dict[str, str] = {}
        """Agent → call: proposals whose outcome is not yet on the replica."""
        self._settled: set[str] = set()
        """Of those, the agents whose session has done with it."""
        self._look_due = False
        self._clock = clock
        self._alarm: asyncio.TimerHandle | None = None
        """Rings when a waiting caller's needs fall."""

    async def run(self) -> None:
        """For as long as the worker lives: snapshot, then every entry; anew after a gap or a lost store.

        A mistake of ours does not end it either: with a dead dispatcher every queue would stand still.
        """
        while True:
            try:
                await self._follow()
            except JournalGap:
                log.warning("journal_gap")
            except StoreDown as down:
                self.caught_up.clear()
                log.warning("store_down", why=str(down))
                await asyncio.sleep(BACK_OFF_S)
            except Exception:
                log.exception("dispatcher_crashed")
                await asyncio.sleep(BACK_OFF_S)

    def start_over(self) -> None:
        """Forget what is believed: with the next entry the floor is fetched anew, and looked at."""
        self._starts_over = True
        self._asked.clear()
        self._settled.clear()

    def has_proposed(self, call: str) -> bool:
        """Whether somebody is on the way to this call, as far as the replica knows."""
        return call in self._asked.values()

    def settled(self, agent: str) -> None:
        """A proposal has become an offer, or nothing. Until the replica knows, it must not be made again."""
        if agent in self._asked:
            self._settled.add(agent)
            asyncio.get_running_loop().call_later(NEWS_S, self._release, agent, self._asked[agent])
            self._release_known()

    def _release_known(self) -> None:
        """Those whose outcome the replica shows: the agent is not free any more, or the call takes no offer."""
        for agent in list(self._settled):
            person, call = self.floor.agents.get(agent), self.floor.waiting.get(self._asked[agent])
            if person is None or not person.is_free or call is None or not call.is_open:
                self._release(agent, self._asked[agent])

    def _release(self, agent: str, call: str) -> None:
        if self._asked.get(agent) == call:
            del self._asked[agent]
            self._settled.discard(agent)
            self.look_soon()

    def look_soon(self) -> None:
        """Look once in this turn of the loop, however many changes came."""
        if not self._look_due:
            self._look_due = True
            asyncio.get_running_loop().call_soon(self._look)

    async def _follow(self) -> None:
        self._starts_over = False
        snapshot = await self._line.snapshot()
        self._begins()
        self.floor.replace(snapshot.things, snapshot.version)
        self.floor.index.build()
        self._changed(snapshot.things)
        self.caught_up.set()
        self.look_soon()
        async for entry in self._line.follow(snapshot.version):
            self.floor.apply(entry.floor, entry.id)
            self.floor.index.build()
            self._heard(entry)
            if entry.floor:
                self._changed(entry.floor)
                self._release_known()
                self.look_soon()
            if self._starts_over:
                return

    def _look(self) -> None:
        self._look_due = False
        if not self.caught_up.is_set():
            return
        now_ms = self._clock.now_ms()
        saw = Saw(self.floor.version, now_ms, dict(self._asked)).text
        for pairing in pairings(self.floor, self._asked.keys(), self._asked.values(), now_ms):
            agent = self.floor.agents[pairing.agent]
            phone = PhoneId(agent.phone)
            so_far = agent.calls, agent.talk_ms, agent.missed_why, agent.recent
            proposal = AgentProposed(agent.id, phone, agent.missed, saw, *so_far)
            if self._propose(CallId(pairing.call), proposal):
                self._asked[agent.id] = pairing.call
        self._look_again_when_needs_fall(now_ms)

    def _look_again_when_needs_fall(self, now_ms: int) -> None:
        """Time alone changes the choice at known moments only."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due_ms = next_change_ms(self.floor)
        if due_ms is not None:
            wait_s = max(0, due_ms - now_ms) / 1000
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self.look_soon)
