"""Asterisk as the engine's switch: ARI for calls, AMI for recordings, one worker's ears and hands.

The worker's application is `callrouter-<worker>`: the dialplan offers calls to every such name, the first to claim
one owns it (Asterisk documentation, "ARI and Broadcast").
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from callrouter.asterisk import holdings
from callrouter.asterisk.ami import Ami, AmiAccess
from callrouter.asterisk.connection import EventSocket
from callrouter.asterisk.events import DISALLOWED, ApplicationReplaced, CallBroadcast, Door
from callrouter.asterisk.hands import Hands
from callrouter.asterisk.legs import Legs, Vanished
from callrouter.asterisk.phone_watch import PhoneWatch
from callrouter.asterisk.recorder import Recorder
from callrouter.asterisk.requests import Access, Request, Requests, Turns
from callrouter.engine.ports import HeldLeg
from callrouter.errors import CallrouterError, CommandRefused, LegGone, SwitchDown
from callrouter.telephony import (
    WENT_DOWN,
    CallId,
    Command,
    LegId,
    PhoneId,
    StartRecording,
    StopPlayback,
    StopRecording,
    SwitchEvent,
)

log = structlog.get_logger(__name__)

_WORKER = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class AsteriskSwitch:
    """The port `Switch` on a real Asterisk. Events come while `run` runs; `up` says whether they do."""

    def __init__(
        self,
        worker: str,
        ari: Access,
        ami: AmiAccess,
        recordings: Path,
        *,
        on_replaced: Callable[[], None] = lambda: None,
        on_connected: Callable[[], None] = lambda: None,
        deadline_s: float = 5.0,
        audit_s: float = 10.0,
    ) -> None:
        """`on_replaced`: another process serves our name now, so this one must end. `on_connected`, after the first and
        every later connection: events may have been lost. What became of legs known here has been told by then; legs
        that nobody here knows are found by `held`."""
        if not _WORKER.fullmatch(worker):
            raise CommandRefused(f"not a worker's name: {worker!r}; use small letters, digits, - and _")
        self.application = holdings.PREFIX + worker
        self.requests = Requests(ari, deadline_s=deadline_s)
        self.door = Door()
        self._legs = Legs()
        self._turns = Turns()
        self._ami = Ami(ami)
        self.recorder = Recorder(self._ami, recordings, self._emit_one)
        self._watch = PhoneWatch(worker, ari, self.requests, self.door, self._emit_one)
        self._socket = EventSocket(
            ari, self.application, self.requests.http, on_message=self._hear, prepare=self._prepare
        )
        self._hands = Hands(self.application, self.requests, self._legs, self._emit, self._socket.up.is_set)
        self._on_event: Callable[[SwitchEvent], None] | None = None
        self._on_replaced, self._on_connected = on_replaced, on_connected
        self._audit_s = audit_s
        self._booted = ""
        """When the Asterisk of the last connection had started."""
        self._admit: Callable[[], bool] = lambda: True
        self._chores: set[asyncio.Task[None]] = set()

    # --- the port --------------------------------------------------------------------------------------------------

    def listen(self, on_event: Callable[[SwitchEvent], None]) -> None:
        self._on_event = on_event

    def set_admission(self, admit: Callable[[], bool]) -> None:
        self._admit = admit

    async def perform(self, call: CallId, command: Command) -> None:
        if self._socket.stepped_down:
            raise SwitchDown(f"another process serves as {self.application}; this one must not act any more")
        match command:
            case StartRecording(leg, recording):
                self.recorder.start(leg, recording)
            case StopRecording(leg, recording):
                self.recorder.stop(leg, recording)
            case StopPlayback():
                turn = AsyncExitStack()
                await turn.enter_async_context(self._turns.turn(call))
                self._spawn(self._stop(command, turn), f"stop:{command.playback}")
            case _:
                async with self._turns.turn(call):
                    await self._hands.carry_out(command)

    async def _stop(self, command: StopPlayback, turn: AsyncExitStack) -> None:
        """Nobody waits to hear that a prompt has stopped: the call's next command has its turn after this one anyway,
        and who pressed a key is looked for an agent meanwhile."""
        async with turn:
            try:
                await self._hands.carry_out(command)
            except (CommandRefused, SwitchDown) as error:
                log.warning("prompt_not_stopped", playback=command.playback, problem=str(error))

    async def held(self) -> Sequence[HeldLeg]:
        return await holdings.held(self.requests)

    async def reachable_phones(self) -> frozenset[PhoneId]:
        return frozenset(phone for phone, online in (await holdings.phones(self.requests)).items() if online)

    # --- its life --------------------------------------------------------------------------------------------------

    @property
    def up(self) -> asyncio.Event:
        """Set while events come and nothing missed is unknown."""
        return self._socket.up

    @property
    def legs(self) -> int:
        """How many legs are remembered at this moment."""
        return len(self._legs)

    async def run(self) -> None:
        """Until cancelled, or until another process takes our name."""
        if self._on_event is None:
            raise CallrouterError("listen() must come before run(): events would be lost")
        beside = [
            asyncio.create_task(self._audit_for_ever(), name=f"ari-audit:{self.application}"),
            asyncio.create_task(self._watch.run(), name=f"ari-phones:{self.application}"),
        ]
        try:
            await self._socket.run()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def close(self) -> None:
        """Let go. Calls go on in Asterisk."""
        for chore in tuple(self._chores):
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self.recorder.close()
        await self._ami.close()
        await self.requests.close()

    # --- events ----------------------------------------------------------------------------------------------------

    def _hear(self, data: str | bytes) -> None:
        match self.door.read(data):
            case None:
                pass
            case CallBroadcast(channel):
                if self._admit():
                    self._spawn(self._claim(LegId(channel.id)), f"claim:{channel.id}")
            case ApplicationReplaced():
                log.warning("ari_replaced", application=self.application)
                self._socket.step_down()
                self._on_replaced()
            case message:
                self._emit(self._legs.hear(message))

    def _emit(self, events: Iterable[SwitchEvent | Vanished]) -> None:
        for event in events:
            if isinstance(event, Vanished):
                self._spawn(self._find(event.leg), f"find:{event.leg}")
            else:
                self._emit_one(event)

    def _emit_one(self, event: SwitchEvent) -> None:
        assert self._on_event is not None
        try:
            self._on_event(event)
        except Exception:  # a fault in one call must not make the worker deaf to all others
            log.exception("event_not_taken", kind=type(event).__name__)

    async def _claim(self, leg: LegId) -> None:
        try:
            query = {"channelId": leg, "application": self.application}
            await self.requests.send(Request("POST", ("events", "claim"), query))
        except LegGone:
            log.debug("not_ours", leg=leg)  # another worker was first, or the caller has hung up
        except (CommandRefused, SwitchDown) as error:
            log.warning("claim_failed", leg=leg, problem=str(error))

    async def _find(self, leg: LegId) -> None:
        """A leg left the application and nobody hung up. Does it live, and with whom?"""
        for pause_s in (0.0, 0.1):  # on its way from one worker to another it is nobody's for an instant
            await asyncio.sleep(pause_s)
            try:
                if await holdings.channel(self.requests, leg) is None:
                    break
                owner = (await holdings.workers(self.requests)).get(leg)
            except (CommandRefused, LegGone, SwitchDown) as error:
                log.warning("leg_not_found_out", leg=leg, problem=str(error))
                continue
            if owner is not None and holdings.PREFIX + owner != self.application:
                log.warning("leg_taken", leg=leg, by=owner)
                return self._legs.forget(leg)
        return self._emit(self._legs.hung_up(leg))

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # --- finding out what was missed -------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """After every connection: the filter (it may have been lost), then the truth about our legs."""
        unwanted = {"disallowed": [{"type": kind} for kind in DISALLOWED]}
        await self.requests.send(Request("PUT", ("applications", self.application, "eventFilter"), body=unwanted))
        before, self._booted = self._booted, await holdings.boot_time(self.requests)
        await self._audit(WENT_DOWN if before not in ("", self._booted) else 0)
        await self._end_playbacks()
        self._on_connected()

    async def _audit_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._audit_s)
            if self.up.is_set():
                try:
                    await self._audit()
                except (CommandRefused, LegGone, SwitchDown) as error:
                    log.warning("audit_failed", problem=str(error))

    async def _audit(self, cause: int = 0) -> None:
        """Legs that have gone, for this cause, or were answered, without our being told."""
        before = self._legs.expected() - self._hands.being_rung
        living = await holdings.channels(self.requests)
        for leg in before:
            channel = living.get(leg)
            if channel is None:
                self._emit(self._legs.hung_up(leg, cause))
            elif channel.state == "Up" and channel.dialplan.app_name == "Stasis":
                self._emit(self._legs.answered(leg, channel.name))

    async def _end_playbacks(self) -> None:
        for leg in self._legs.known():
            for playback in self._legs.playbacks(leg):
                if not await holdings.is_playing(self.requests, playback):
                    self._emit(self._legs.playback_ended(leg, playback))
