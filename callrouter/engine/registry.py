"""Which session a leg belongs to. The switch's events come in here and go to the right inbox, without waiting."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator

import structlog

from callrouter.calls.call import Call
from callrouter.calls.events import AgentProposed
from callrouter.calls.step import Step
from callrouter.engine.ports import Owner
from callrouter.engine.session import Session, Told, World
from callrouter.errors import CallrouterError
from callrouter.telephony import (
    CallId,
    HangUp,
    LegAnswered,
    LegArrived,
    LegId,
    PhoneReachable,
    RecordingFailed,
    SwitchEvent,
)

log = structlog.get_logger()

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
OUR_ID = re.compile(f"c[{ALPHABET}]{{26}}-")


def new_call_id(now_ms: int) -> CallId:
    """`c`, 10 characters of time, 16 of chance (a lower-case ULID, github.com/ulid/spec): sortable, never guessed."""
    number = (now_ms << 80) | secrets.randbits(80)
    return CallId("c" + "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)))


def is_ours(id: str) -> bool:
    """Made by us for a part of a call; the switch's own ids of callers never look like that."""
    return OUR_ID.match(id) is not None


def call_of(id: str) -> CallId:
    """The call that an id of our own making belongs to."""
    return CallId(id.partition("-")[0])


class Registry:
    """Every session of this worker."""

    def __init__(
        self,
        world: World,
        *,
        on_arrival: Callable[[LegArrived], None],
        on_phone: Callable[[PhoneReachable], None],
        on_other_leg: Callable[[SwitchEvent], None],
        settled: Callable[[str], None],
    ) -> None:
        self._world = world
        self._on_arrival = on_arrival
        self._on_phone = on_phone
        self._on_other_leg = on_other_leg
        self._settled = settled
        self._sessions: dict[CallId, Session] = {}
        self._callers: dict[LegId, CallId] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def in_use(self) -> int:
        """Calls with somebody on the line: an open callback takes no sound port."""
        return sum(1 for session in self._sessions.values() if session.call.legs)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __contains__(self, call: object) -> bool:
        return call in self._sessions

    def call(self, id: CallId) -> Call | None:
        """A call of this worker as it is now."""
        session = self._sessions.get(id)
        return session.call if session else None

    def session(self, id: CallId) -> Session | None:
        return self._sessions.get(id)

    def start(self, call: Call, first: Step, before: Owner, found: bytes | None = None) -> Session:
        """A session for a call that arrived (`before` empty) or is taken over, as it was `found`."""
        session = Session(call, self._world, settled=self._settled)
        self._sessions[call.id] = session
        if call.caller_leg:
            self._callers[call.caller_leg] = call.id
        task = asyncio.create_task(session.run(first, before, found), name=f"session {call.id}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._end(session, call.caller_leg, done))
        return session

    def propose(self, call: CallId, event: AgentProposed) -> bool:
        session = self._sessions.get(call)
        if session is None or session.is_over:
            return False
        session.post(event)
        return True

    def callbacks(self) -> list[tuple[CallId, str]]:
        """Calls that nobody is on the line of, and the keys of their callbacks."""
        calls = (session.call for session in self)
        return [(call.id, call.callback.key) for call in calls if call.callback is not None and not call.caller_leg]

    def tell(self, call: CallId, event: Told) -> bool:
        """False for a call that is not ours."""
        session = self._sessions.get(call)
        if session is None or session.is_over:
            return False
        session.post(event)
        return True

    def on_event(self, event: SwitchEvent) -> None:
        """The switch's callback: never blocks."""
        match event:
            case LegArrived(leg=leg):
                if leg not in self._callers:
                    self._on_arrival(event)
            case PhoneReachable():
                self._on_phone(event)
            case RecordingFailed(recording=recording):
                self._post(call_of(recording), event)
            case _:
                self._post(self._callers.get(event.leg) or call_of(event.leg), event)

    def _post(self, call: CallId, event: SwitchEvent) -> None:
        session = self._sessions.get(call)
        if session is not None and not session.is_over:
            session.post(event)
        elif isinstance(event, LegAnswered):
            self._hang_up_orphan(event.leg)
        else:
            self._on_other_leg(event)

    def _hang_up_orphan(self, leg: LegId) -> None:
        """A phone answered for a call that has ended."""

        async def hang_up() -> None:
            try:
                await self._world.switch.perform(call_of(leg), HangUp(leg, "answered_elsewhere"))
            except CallrouterError as error:
                log.info("orphan_not_hung_up", leg=leg, why=str(error))

        task = asyncio.create_task(hang_up(), name=f"orphan {leg}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self, session: Session, caller: LegId, done: asyncio.Task[None]) -> None:
        self._tasks.discard(done)
        if self._sessions.get(session.call.id) is session:
            self._sessions.pop(session.call.id)
            self._callers.pop(caller, None)
        if not done.cancelled() and done.exception() is not None:
            log.error("session_task_failed", call=session.call.id, exc_info=done.exception())

    async def close(self) -> None:
        """Let go of every call without ending it: it lives on in the switch, for another worker or the next start."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
