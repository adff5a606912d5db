"""Takes over the calls of workers that died, and puts sessions and switch in agreement after a (re)connection.

a lease runs out ──▶ every living worker sees it ──▶ the store gives each call to one of them ──▶ its legs
are adopted ──▶ a leg that the switch no longer holds counts as hung up
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
import structlog

from callrouter.calls.call import NOBODY, Call, decode
from callrouter.calls.step import Step, entry
from callrouter.engine.ports import Commit, HeldLeg, Owner, StoredCall
from callrouter.engine.registry import Registry, call_of, is_ours
from callrouter.engine.session import Again, TakenAway, World
from callrouter.errors import CallrouterError
from callrouter.journal import Entry, Word
from callrouter.telephony import (
    Adopt,
    CallId,
    Command,
    HandToFallback,
    HangUp,
    InterceptHold,
    Join,
    LegHungUp,
    LegId,
    MakeBridge,
    StopPlayback,
)

log = structlog.get_logger()


class Recovery:
    """One worker's part in it; `worker` is the name under which the switch knows us."""

    def __init__(
        self,
        world: World,
        registry: Registry,
        worker: str,
        bring: Callable[[str, str], Awaitable[None]],
        look: Callable[[], None],
    ) -> None:
        """`bring` makes the version of a tree ready on which an adopted call began, if it can; `look` has the choice
        made again, for a call that could not be proposed to while nobody carried it."""
        self._world = world
        self._bring = bring
        self._look = look
        self._registry = registry
        self._worker = worker
        self._strangers: set[str] = set()
        self._to_tell: set[tuple[CallId, Again]] = set()
        self._lost: set[CallId] = set()
        self._begun: set[str] = set()

    async def adopt_dead(self, living: frozenset[Owner]) -> int:
        """Take over every stored call that nobody carries. Returns for how many we have begun to."""
        taken = 0
        found = await self._world.line.calls()
        self._begun &= {stored.call for stored in found}
        for stored in found:
            if stored.call not in self._registry and not self._lives(stored.owner, living):
                taken += await self._adopt(stored)
        return taken

    async def take_up(self, stored: StoredCall) -> None:
        """A call that is ours in the store and that nobody carries."""
        if stored.owner == self._world.owner and stored.call not in self._registry:
            await self._adopt(stored)

    def has_begun(self, call: str) -> bool:
        """Whether we have begun to take this call over, whatever the store answered."""
        return call in self._begun

    def _lives(self, owner: Owner, living: frozenset[Owner]) -> bool:
        """Nobody of our own name but we ourselves: an earlier process is dead to the switch, whatever its lease says,
        and a call of ours without a session is one whose first writing or adoption we believed to have failed."""
        return owner in living and owner.partition("/")[0] != self._worker

    async def _adopt(self, stored: StoredCall) -> bool:
        try:
            call = decode(stored.state)
        except msgspec.ValidationError as error:
            log.error("stored_call_unreadable", call=stored.call, why=str(error))
            return await self._drop(stored)
        await self._bring(call.tree, call.version)
        if stored.call in self._registry:  # found twice at once
            return False
        self._begun.add(stored.call)
        self._registry.start(call, self._first_step(call, stored.owner), stored.owner, stored.state)
        self._look()
        return True

    def _first_step(self, call: Call, before: Owner) -> Step:
        """Ours in the store first; then the legs, whose word (LegAdopted, or LegHungUp) moves the call on.

        A prompt that still plays is stopped before: the switch does nothing else to a leg until it has ended.
        What is ours already was told by whoever wrote that (its answer was lost), and is not told again.
        """
        legs = [leg for leg in (call.caller_leg, call.talk.leg if call.talk else NOBODY) if leg]
        stands_in_line = call.place is not None and call.talk is None
        floor = {f"waiting:{call.id}": {"owner": str(self._world.owner)}} if stands_in_line else {}
        note = entry(Word.ADOPTED, call, owner=self._world.owner, before=before)
        hush = (StopPlayback(call.caller_leg, call.playback),) if call.playback and call.caller_leg else ()
        taken = Step(call, (*hush, *(Adopt(leg) for leg in legs)))
        return taken if before == self._world.owner else replace(taken, entries=(note,), floor=floor)

    async def _drop(self, stored: StoredCall) -> bool:
        """A call that this version cannot read ends here; its caller, if still there, is found by `tidy`."""
        last = Entry(Word.ENDED, call=stored.call, data={"how": "unreadable"})
        await self._world.line.commit(
            Commit((last,), call=stored.call, owner=self._world.owner, before=stored.owner, ends=True)
        )
        return False

    async def agree_with_switch(self) -> None:
        """After a (re)connection: what the switch no longer holds has hung up while nobody listened, and who should
        talk is joined. Only of legs that were known before the switch was asked can it be said that they are gone."""
        before = [(session, _lasting(session.call)) for session in self._registry]
        held = {leg.leg: leg for leg in await self._world.switch.held()}
        for session, legs in before:
            for leg in _lasting(session.call):
                if leg in legs and leg not in held:
                    session.post(LegHungUp(leg))
            if (again := _unjoined(session.call, held)) is not None:
                session.post(again)

    async def tidy(self) -> None:
        """What the switch holds otherwise than we think, twice in a row: it is told again, or let go."""
        held = await self._world.switch.held()
        stored = await self._world.line.calls()
        self._tell_again({leg.leg: leg for leg in held})
        self._give_up_lost(stored)
        await self._take_up_all(stored)
        await self._let_strangers_go(held, stored)

    def _tell_again(self, held: Mapping[LegId, HeldLeg]) -> None:
        """Legs that still report to a dead worker, talks that were never joined: an outage swallowed the command."""
        found: set[tuple[CallId, Again]] = set()
        for session in self._registry:
            call = session.call
            abroad = [leg for leg in _lasting(call) if leg in held and held[leg].worker != self._worker]
            adopt = Again(call.legs, tuple(Adopt(leg) for leg in abroad)) if abroad else None
            for again in (adopt, _unjoined(call, held)):
                if again is not None:
                    found.add((call.id, again))
                    if (call.id, again) in self._to_tell:
                        session.post(again)
        self._to_tell = found

    def _give_up_lost(self, stored: Sequence[StoredCall]) -> None:
        """Calls that others took over while we were stopped or cut off. Ours would stand in the way of the next."""
        lost = {each.call for each in stored if each.owner != self._world.owner and each.call in self._registry}
        for session in self._registry:
            if session.call.id in lost & self._lost:
                session.post(TakenAway())
        self._lost = lost

    async def _take_up_all(self, stored: Sequence[StoredCall]) -> None:
        """Calls that are ours in the store and that nobody carries: our first writing or take-over stood after all.

        Each worker for itself: for the others we live, so none of them will."""
        for each in stored:
            await self.take_up(each)

    async def _let_strangers_go(self, held: Sequence[HeldLeg], stored: Sequence[StoredCall]) -> None:
        """Legs that no call knows, of ours or of a worker that is dead: callers to the fallback, others hung up."""
        known = self._known_legs(stored)
        others = {owner.partition("/")[0] for owner in await self._world.line.living()} - {self._worker}
        strangers = [leg for leg in held if leg.worker not in others and leg.leg not in known]
        for leg in strangers:
            if leg.leg in self._strangers:
                await self._let_go(leg)
        self._strangers = {leg.leg for leg in strangers}

    def _known_legs(self, stored: Sequence[StoredCall]) -> set[str]:
        known: set[str] = {leg for session in self._registry for leg in session.call.legs}
        for each in stored:
            try:
                known.update(decode(each.state).legs)
            except msgspec.ValidationError:
                continue
        return known

    async def _let_go(self, leg: HeldLeg) -> None:
        command: Command = HangUp(leg.leg) if is_ours(leg.leg) or leg.bridged else HandToFallback(leg.leg)
        log.warning("stray_leg", leg=leg.leg, done=type(command).__name__)
        try:
            await self._world.switch.perform(call_of(leg.leg), command)
        except CallrouterError as error:
            log.info("stray_leg_not_let_go", leg=leg.leg, why=str(error))


def _lasting(call: Call) -> tuple[LegId, ...]:
    """The legs that the switch must hold: all but those that still ring, which it may not hold yet."""
    ringing = {offer.leg for offer in call.offers if not offer.answered_ms}
    ringing |= {part.leg for part in (call.target, call.callback) if part is not None}
    return tuple(leg for leg in call.legs if leg not in ringing)


def _unjoined(call: Call, held: Mapping[LegId, HeldLeg]) -> Again | None:
    """Two who should talk and are both there, each alone."""
    if call.talk is None or any(leg not in held or held[leg].bridged for leg in call.legs):
        return None
    join = Join(call.talk.bridge, (call.caller_leg, call.talk.leg))
    return Again(call.legs, (MakeBridge(call.talk.bridge), InterceptHold(call.talk.leg), join))
