"""Writes one call's steps, in order. A store that is down delays what is written; it never stops a call under way.

While the store is down, steps that reserve nothing go on and their writings are kept here, in order, until it is
back; each under its operation's name, so that one whose answer was lost is not written twice. Steps that must be
checked (offers) are refused: without the store nobody knows who is free. One whose answer was lost may stand all the
same: it is asked for again, and taken back if it does.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import structlog

from callrouter.calls.call import Phase, encode
from callrouter.calls.step import Step
from callrouter.engine.ports import Check, Commit, Line, Owner, Refused
from callrouter.errors import StoreDown

log = structlog.get_logger()

RETRY_S = 0.5
KEEP_S = 120.0
"""How long an ended call's session waits to write its end to a store that is down."""


class Outcome(Enum):
    STANDS = "stands"
    REFUSED = "refused"
    NOT_OURS = "not ours"


@dataclass(frozen=True, slots=True)
class Kept:
    """A writing that the store has not confirmed. `undo` follows it if it turns out to stand."""

    operation: str
    commit: Commit
    undo: Commit | None = None


class Ledger:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._kept: deque[Kept] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._lost = False
        self.is_writing = False

    @property
    def is_behind(self) -> bool:
        """Something written here has not reached the store."""
        return bool(self._kept)

    async def write(
        self,
        step: Step,
        owner: Owner,
        before: Owner | None = None,
        undo: Callable[[], Step] | None = None,
        found: bytes | None = None,
    ) -> Outcome:
        """Write what a step brings. Only an outcome of STANDS allows its commands to be performed.

        `undo` makes the step that takes this one back, should it be refused here and stand in the store. `before` and
        `found`: as in Commit.
        """
        if self._lost:
            return Outcome.NOT_OURS
        kept = Kept(secrets.token_hex(8), _commit(step, owner, before, found))
        may_wait = not kept.commit.checks and before is None
        if self._kept:
            return self._keep(kept, Outcome.STANDS) if may_wait else Outcome.REFUSED
        self.is_writing = True
        try:
            answer = await self._line.commit(kept.commit, operation=kept.operation)
        except StoreDown:
            if undo is not None:
                return self._keep(replace(kept, undo=_commit(undo(), owner)), Outcome.REFUSED)
            if before:  # adopting: whoever looks for calls without an owner finds it again
                return Outcome.REFUSED
            return self._keep(kept, Outcome.STANDS if may_wait else Outcome.REFUSED)
        finally:
            self.is_writing = False
        if isinstance(answer, Refused):
            return Outcome.NOT_OURS if answer.why == "owner" else Outcome.REFUSED
        return Outcome.STANDS

    async def flushed(self) -> None:
        """Wait (bounded) until everything kept is written."""
        if self._writer is not None:
            try:
                await asyncio.wait_for(self._writer, KEEP_S)
            except TimeoutError:
                log.error("writings_lost", count=len(self._kept))

    def close(self) -> None:
        """Let go of what is kept: the call goes on in another process, from what the store has."""
        if self._writer is not None:
            self._writer.cancel()

    def _keep(self, kept: Kept, outcome: Outcome) -> Outcome:
        self._kept.append(kept)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_kept(), name=f"ledger {kept.commit.call}")
        return outcome

    async def _write_kept(self) -> None:
        while self._kept:
            kept = self._kept[0]
            try:
                answer = await self._line.commit(kept.commit, operation=kept.operation)
            except StoreDown:
                await asyncio.sleep(RETRY_S)
                continue
            self._kept.popleft()
            if not isinstance(answer, Refused):
                self._take_back(kept)
            elif answer.why == "owner":
                log.warning("kept_writing_refused", call=kept.commit.call, why=answer.why)
                self._lost = True

    def _take_back(self, kept: Kept) -> None:
        if kept.undo is not None:
            self._kept.appendleft(Kept(secrets.token_hex(8), kept.undo))


def _commit(step: Step, owner: Owner, before: Owner | None = None, found: bytes | None = None) -> Commit:
    over = step.call.phase is Phase.ENDED
    return Commit(
        entries=step.entries,
        floor=step.floor,
        checks=tuple(Check(need.thing, need.field, need.value) for need in step.needs),
        only_if=tuple(Check(need.thing, need.field, need.value) for need in step.only_if),
        call=step.call.id,
        owner=owner,
        before=before,
        found=found,
        state=None if over else encode(step.call),
        ends=over,
    )
