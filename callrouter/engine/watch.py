"""Watches the invariants (acd/invariants.py) as the floor changes: a breach is journalled, counted, logged, repaired.

Two halves of an offer that do not fit are seen by every worker in the same entry, and written once. What takes time
is judged by the call's owner alone, and only when the replica is known to be current: a dead owner, a slow store, a
proposal or a writing on its way is no breach but what recovery, ledger and dispatcher are for.

    a call waits beside somebody idle   the floor is fetched anew and looked at again
    an offer too many, or too long      taken back; the agent keeps the place among the idle
    a call of ours that nobody carries  taken up; what it holds it gives back itself, as its stored state says
    a call without an end               ends as `lost`
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from callrouter.acd import activity
from callrouter.acd.choose import pairings
from callrouter.acd.invariants import COEXIST_S, Beside, Breach, Offers, offered
from callrouter.calls.ends import Ends
from callrouter.calls.events import OfferWithdrawn
from callrouter.engine.dispatcher import Dispatcher
from callrouter.engine.ports import Check, Clock, Commit, Line, Owner, Written
from callrouter.engine.recover import Recovery
from callrouter.engine.registry import Registry
from callrouter.errors import StoreDown
from callrouter.journal import Entry, FloorChange, Word
from callrouter.reporting.calls import journal_order
from callrouter.telephony import CallId, LegId

log = structlog.get_logger()

LOOK_S = COEXIST_S / 2
UNDER_WAY_S = 3.0
"""Longer than a store that is asked twice needs to answer: so long may a proposal be on its way."""
AGAIN_S = 5.0
"""A breach that repair did not end is told again after this."""
LAG_S = 2.0
ENDS_S = 9.0


class Watch:
    """One worker's eyes on the floor."""

    def __init__(
        self,
        line: Line,
        owner: Owner,
        clock: Clock,
        dispatcher: Dispatcher,
        registry: Registry,
        recovery: Recovery,
        ring_s: Mapping[str, int],
    ) -> None:
        self._line, self._owner, self._clock = line, owner, clock
        self._dispatcher, self._floor = dispatcher, dispatcher.floor
        self._registry, self._recovery = registry, recovery
        self._offers = Offers(self._floor, ring_s)
        self._beside = Beside()
        self._ends = Ends()
        self._looks: asyncio.TimerHandle | None = None
        self._rings: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what happens ------------------------------------------------------------------------------------------------

    def begin_anew(self) -> None:
        """The floor comes whole: entries were missed."""
        for part in (self._offers, self._beside, self._ends):
            part.begin_anew()

    def hear(self, entry: Entry) -> None:
        breach = self._ends.hear(entry)
        if breach is not None:
            self._do(self._tell(breach, "", f"{breach.call} {entry.id}"), "ends")

    def on_change(self, change: FloorChange) -> None:
        self._beside.changed(change)
        for breach in self._offers.changed(change):
            self._do(self._take_back(breach, self._floor.version), "offers")
        self._look_soon()
        self._mind_rings()

    # --- a caller beside somebody idle -------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        if self._looks is None and self._floor.waiting:
            self._looks = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._looks = None
        if self._dispatcher.caught_up.is_set():
            at_s = asyncio.get_running_loop().time()
            ours = [
                pair
                for pair in pairings(self._floor, now_ms=self._clock.now_ms())
                if self._floor.waiting.raw[pair.call].get("owner") == self._owner
            ]
            for breach, began_s in self._beside.look(ours, at_s):
                if not self._is_excused(breach.call, began_s):
                    self._beside.keep_quiet(breach.call, at_s + AGAIN_S)
                    self._do(self._judge_waiting(breach, began_s), "waiting")
        else:
            self._beside.begin_anew()
        self._look_soon()

    def _is_excused(self, call: str, began_s: float) -> bool:
        """Whether this call is on its way: its writings or the caller's leg to us, or an agent to it, for a while."""
        session = self._registry.session(CallId(call))
        if session is not None and not session.is_settled:
            self._beside.begins(call, asyncio.get_running_loop().time())
            return True
        waited_s = asyncio.get_running_loop().time() - began_s
        return self._dispatcher.has_proposed(call) and waited_s < UNDER_WAY_S

    async def _judge_waiting(self, breach: Breach, began_s: float) -> None:
        """A breach only if the store has nothing newer that explains it."""
        if not await self._is_current() or not self._beside.stands(breach.call):
            return
        if self._is_excused(breach.call, began_s):
            self._beside.keep_quiet(breach.call, 0)
            return
        cause = self._floor.version
        if CallId(breach.call) not in self._registry and await self._will_be_carried(breach, cause):
            return
        self._dispatcher.start_over()
        await self._tell(breach, "looked again", f"{breach.call} {cause}")

    async def _will_be_carried(self, breach: Breach, cause: str) -> bool:
        """False for a call that does not exist. While nobody carries one that does, its stored state is what counts:
        the floor must not be put right behind its back. Another worker's is that one's matter, or its successor's."""
        stored = next((each for each in await self._line.calls() if each.call == breach.call), None)
        if stored is not None and stored.owner == self._owner and stored.call not in self._registry:
            if not self._recovery.has_begun(breach.call):  # else an answer of the store was lost: it is asked again
                await self._tell(breach, "the call is taken up again", f"{breach.call} {breach.agent} {cause}")
            await self._recovery.take_up(stored)
        return stored is not None

    # --- an offer too many, or too long ------------------------------------------------------------------------------

    def _mind_rings(self) -> None:
        if self._rings is None and (due_ms := self._offers.next_due_ms()) is not None:
            wait_s = max(0, due_ms - self._clock.now_ms()) / 1000
            self._rings = asyncio.get_running_loop().call_later(wait_s, self._ring_over)

    def _ring_over(self) -> None:
        self._rings = None
        for breach in self._offers.overdue(self._clock.now_ms()):
            if self._floor.waiting.raw.get(breach.call, {}).get("owner") == self._owner:
                self._do(self._judge_ring(breach), "ring")
        self._mind_rings()

    async def _judge_ring(self, breach: Breach) -> None:
        leg = self._floor.agents.raw.get(breach.agent, {}).get("leg", "")
        session = self._registry.session(CallId(breach.call))
        if session is not None and (session.is_writing or not session.is_settled):
            return
        if await self._is_current() and self._floor.agents.raw.get(breach.agent, {}).get("leg") == leg:
            await self._take_back(breach, leg)

    async def _take_back(self, breach: Breach, cause: str) -> None:
        """The session takes its offer back, if it knows of it; else the floor is put right. A call that nobody carries
        gives back all that it holds once somebody does (Adopted)."""
        session = self._registry.session(CallId(breach.call))
        leg = session.rings(breach.agent) if session is not None else None
        if session is not None and leg is not None:
            await self._tell(breach, "the offer is taken back", f"{breach.call} {breach.agent} {cause}")
            session.post(OfferWithdrawn(LegId(leg)))
        elif session is not None or not await self._will_be_carried(breach, cause):
            await self._clear(breach, cause)

    async def _clear(self, breach: Breach, cause: str) -> None:
        """Both halves of an offer that no session knows of, each if it still is what it was."""
        call, agent = breach.call, breach.agent
        name = f"{call} {agent} {cause}"
        held = self._floor.agents.raw.get(agent, {})
        if held.get("call") == call and held.get("activity") in ("RESERVED", "RINGING", "BRIEFING"):
            checks = tuple(Check(f"agent:{agent}", field, held[field]) for field in ("call", "activity"))
            await self._tell(breach, "the agent is released", name, {f"agent:{agent}": activity.released()}, checks)
            name += " offer"
        waiting = self._floor.waiting.raw.get(call, {})
        if agent in offered(waiting):
            others = ",".join(other for other in offered(waiting) if other != agent)
            check = Check(f"waiting:{call}", "offer", waiting["offer"])
            change: FloorChange = {f"waiting:{call}": {"offer": others}}
            await self._tell(breach, "the offer is taken off the floor", name, change, (check,))

    # --- a call without an end ---------------------------------------------------------------------------------------

    async def find_lost(self) -> None:
        """A chore for one worker: what lives according to the journal, and what according to the store."""
        if not await self._line.try_lock("ends", self._owner, ENDS_S):
            return
        before = self._ends.open
        alive = {str(stored.call) for stored in await self._line.calls()}
        if await self._is_current():
            for breach in self._ends.lost(before, alive):
                await self._end(breach)

    async def _end(self, breach: Breach) -> None:
        """Only if the store does not know the call: `before` nobody, and gone in the same writing."""
        last = Entry(Word.ENDED, call=breach.call, data={"how": "lost"})
        commit = Commit(
            (_entry(breach, "it ends as lost"), last),
            call=CallId(breach.call),
            owner=self._owner,
            before=Owner(""),
            state=b"",
            ends=True,
        )
        await self._write(commit, breach, breach.call)

    # --- telling -----------------------------------------------------------------------------------------------------

    async def _tell(
        self,
        breach: Breach,
        repair: str,
        name: str,
        change: FloorChange | None = None,
        checks: tuple[Check, ...] = (),
    ) -> None:
        """Journalled with its repair, all of it or nothing, and once, whoever saw it: `name` is the same for all."""
        await self._write(Commit((_entry(breach, repair),), change or {}, checks), breach, name)

    async def _write(self, commit: Commit, breach: Breach, name: str) -> None:
        if isinstance(await self._line.commit(commit, operation=f"breach:{breach.invariant} {name}"), Written):
            fields = {"call": breach.call, "agent": breach.agent, "what": breach.what}
            log.error("breach", invariant=str(breach.invariant), repair=commit.entries[0].data["repair"], **fields)

    async def _is_current(self) -> bool:
        """Whether the replica comes to hold all that is written by now."""
        newest = await self._line.entries_back(limit=1)
        loop = asyncio.get_running_loop()
        until = loop.time() + LAG_S
        while newest and journal_order(self._floor.version) < journal_order(newest[0].id):
            if loop.time() > until:
                return False
            await asyncio.sleep(0.01)
        return True

    def _do(self, work: Coroutine[Any, Any, None], what: str) -> None:
        task = asyncio.create_task(_survive(work), name=f"watch {what}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for handle in (self._looks, self._rings):
            if handle is not None:
                handle.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _survive(work: Coroutine[Any, Any, None]) -> None:
    """Without the store nothing can be judged; a mistake of ours here must not harm a call."""
    try:
        await work
    except StoreDown as down:
        log.warning("watch_without_store", why=str(down))
    except Exception:
        log.exception("watch_crashed")


def _entry(breach: Breach, repair: str) -> Entry:
    data = {"invariant": str(breach.invariant), "what": breach.what, "repair": repair}
    return Entry(Word.BREACH, call=breach.call, agent=breach.agent, data=data)
