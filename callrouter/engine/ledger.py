"""Writes one call's steps, in order. A store that is down delays what is written; it never stops a call under way.

While the store is down, steps that reserve nothing go on and their writings are kept here, in order, until it is
back; each under its operation's name, so that one whose answer was lost is not written twice. Steps that must be
checked (offers) are refused: without the store nobody knows who is free.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
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


class Ledger:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._kept: deque[tuple[str, Commit]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._lost = False

    async def write(self, step: Step, owner: Owner, before: Owner | None = None) -> Outcome:
        """Write what a step brings. Only an outcome of STANDS allows its commands to be performed."""
        if self._lost:
            return Outcome.NOT_OURS
        commit, operation = _commit(step, owner, before), secrets.token_hex(8)
        may_wait = not commit.checks and before is None
        if self._kept:
            return self._keep(operation, commit) if may_wait else Outcome.REFUSED
        try:
            answer = await self._line.commit(commit, operation=operation)
        except StoreDown:
            return self._keep(operation, commit) if may_wait else Outcome.REFUSED
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

    def _keep(self, operation: str, commit: Commit) -> Outcome:
        self._kept.append((operation, commit))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_kept(), name=f"ledger {commit.call}")
        return Outcome.STANDS

    async def _write_kept(self) -> None:
        while self._kept:
            operation, commit = self._kept[0]
            try:
                answer = await self._line.commit(commit, operation=operation)
            except StoreDown:
                await asyncio.sleep(RETRY_S)
                continue
            if isinstance(answer, Refused):
                log.warning("kept_writing_refused", call=commit.call, why=answer.why)
                self._lost = answer.why == "owner"
            self._kept.popleft()


def _commit(step: Step, owner: Owner, before: Owner | None) -> Commit:
    over = step.call.phase is Phase.ENDED
    return Commit(
        entries=step.entries,
        floor=step.floor,
        checks=tuple(Check(need.thing, need.field, need.value) for need in step.needs),
        call=step.call.id,
        owner=owner,
        before=before,
        state=None if over else encode(step.call),
        ends=over,
    )
