"""A telephone exchange in memory, and each worker's end of it: what Asterisk does, as far as the engine can tell.

A leg reports to one worker; what a dead or deaf worker would have heard is lost. Faults are scripted per worker.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from callrouter.engine.ports import HeldLeg
from callrouter.errors import CallrouterError, LegGone, SwitchDown
from callrouter.telephony import (
    Adopt,
    Answer,
    BridgeId,
    CallId,
    Command,
    DigitPressed,
    HandToFallback,
    HangUp,
    Join,
    LegAdopted,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegId,
    LegRinging,
    MakeBridge,
    MessageRecorded,
    PhoneId,
    PhoneReachable,
    Play,
    PlaybackEnded,
    PlaybackId,
    RecordingId,
    Ring,
    RingOutside,
    StartMusic,
    StopMessage,
    StopMusic,
    StopPlayback,
    SwitchEvent,
    TakeMessage,
    Unbridge,
)

TRAVEL_S = 0.002
"""From a command to its effect."""


@dataclass
class Leg:
    id: LegId
    worker: str
    phone: PhoneId | None = None
    """The phone that we rang; a caller has none."""
    up: bool = False
    bridge: BridgeId | None = None
    playing: PlaybackId | None = None
    voice: ExchangeLine | None = None
    """Who may be blamed if it is not stopped: not a dead worker, nor one whose word did not reach us."""
    music: bool = False
    message: RecordingId | None = None


@dataclass(frozen=True)
class Done:
    """A command that the exchange was asked to carry out, in the diary of all that was written and done."""

    worker: str
    call: CallId
    command: Command


class Exchange:
    def __init__(self, diary: list[object]) -> None:
        self.diary = diary
        self.legs: dict[LegId, Leg] = {}
        self.bridges: set[BridgeId] = set()
        self.fallback: list[LegId] = []
        self.reachable: set[PhoneId] = set()
        self.lines: dict[str, ExchangeLine] = {}
        self.wrongs: list[str] = []
        """What no exchange should ever be asked; the books are checked for it at the end of every test."""
        self._numbers = itertools.count(1)

    # --- people ------------------------------------------------------------------------------------------------------

    def call_in(self, number: str = "100", caller: str = "+79161112233") -> LegId:
        """A caller: the first worker that has room takes the leg, else the fallback does."""
        leg = LegId(f"caller-{next(self._numbers)}")
        takers = [line for line in self.lines.values() if line.takes_calls()]
        if not takers:
            self.fallback.append(leg)
            return leg
        self.legs[leg] = Leg(leg, takers[0].worker)
        self.tell(leg, LegArrived(leg, "in", number, caller, "Ivan"))
        return leg

    def dial_code(self, phone: PhoneId, code: str) -> LegId:
        leg = LegId(f"phone-leg-{next(self._numbers)}")
        worker = next(line.worker for line in self.lines.values() if not line.dead)
        self.legs[leg] = Leg(leg, worker)
        self.tell(leg, LegArrived(leg, "agent", code, "", "", phone))
        return leg

    def press(self, leg: LegId, digits: str) -> None:
        for digit in digits:
            self.tell(leg, DigitPressed(leg, digit))

    def hear_out(self, leg: LegId) -> None:
        """The prompt comes to its end."""
        playing = self.legs[leg].playing
        assert playing is not None, f"nothing is said to {leg}"
        self._stop_playing(self.legs[leg])

    def end_message(self, leg: LegId, seconds: float = 2.0) -> None:
        """The caller has said what was to be said."""
        message, self.legs[leg].message = self.legs[leg].message, None
        assert message is not None, f"nothing is recorded of {leg}"
        self.tell(leg, MessageRecorded(leg, message, seconds))

    def ringing(self, phone: PhoneId) -> list[LegId]:
        return [leg.id for leg in self.legs.values() if leg.phone == phone and not leg.up]

    def answer(self, phone: PhoneId) -> LegId:
        leg = self.ringing(phone)[0]
        self.pick_up(leg)
        return leg

    def pick_up(self, leg: LegId) -> None:
        self.legs[leg].up = True
        self.tell(leg, LegAnswered(leg))

    def hang_up(self, leg: LegId, cause: int = 16) -> None:
        gone = self.legs.pop(leg)
        self._stop_playing(gone)
        self._tell_worker(gone.worker, LegHungUp(leg, cause))

    def register(self, phone: PhoneId, reachable: bool = True) -> None:
        (self.reachable.add if reachable else self.reachable.discard)(phone)
        for line in self.lines.values():
            line.hear(PhoneReachable(phone, reachable))

    # --- the exchange itself -----------------------------------------------------------------------------------------

    def tell(self, leg: LegId, event: SwitchEvent) -> None:
        self._tell_worker(self.legs[leg].worker, event)

    def _tell_worker(self, worker: str, event: SwitchEvent) -> None:
        if worker in self.lines:
            self.lines[worker].hear(event)

    def carry_out(self, worker: str, command: Command) -> None:
        match command:
            case Ring(leg=leg, phone=phone):
                self._ring(worker, leg, phone)
            case RingOutside(leg=leg, number=number):
                self._expect(not self.ringing(PhoneId(number)), f"{number} is rung twice at once")
                self._ring(worker, leg, PhoneId(number))
            case TakeMessage(leg=leg, recording=recording):
                self._expect(self._leg(leg).playing is None, f"{leg} is spoken to while it speaks")
                self._leg(leg).message = recording
            case StopMessage(leg=leg, recording=recording):
                if leg in self.legs and self.legs[leg].message == recording:
                    self.end_message(leg)
            case Adopt(leg=leg):
                if leg not in self.legs:
                    self._tell_worker(worker, LegHungUp(leg))
                self._leg(leg).worker = worker
                self.tell(leg, LegAdopted(leg))
            case MakeBridge(bridge=bridge):
                self.bridges.add(bridge)
            case Join(bridge=bridge, legs=legs):
                self._expect(bridge in self.bridges, f"{bridge} was never made")
                for leg in legs:
                    self._leg(leg).bridge = bridge
            case Unbridge(bridge=bridge):
                self.bridges.discard(bridge)
                for each in self.legs.values():
                    each.bridge = None if each.bridge == bridge else each.bridge
            case HangUp(leg=leg) | HandToFallback(leg=leg):
                self._leg(leg)
                if isinstance(command, HandToFallback):
                    self.fallback.append(leg)
                self.hang_up(leg)
            case _:
                self._do_to_leg(worker, self._leg(command.leg), command)

    def _do_to_leg(self, worker: str, leg: Leg, command: Command) -> None:
        match command:
            case Answer():
                leg.up = True
            case Play(playback=playback):
                self._expect(
                    leg.playing is None or leg.voice is not self.lines[worker], f"{leg.id} is spoken to by two voices"
                )
                leg.playing, leg.voice = playback, self.lines[worker]
            case StopPlayback(playback=playback):
                if leg.playing == playback:
                    self._stop_playing(leg)
            case StartMusic():
                leg.music = True
            case StopMusic():
                leg.music = False
            case _:
                pass

    def _expect(self, holds: bool, wrong: str) -> None:
        if not holds:
            self.wrongs.append(wrong)

    def _leg(self, leg: LegId) -> Leg:
        if leg not in self.legs:
            raise LegGone(f"{leg} has left")
        return self.legs[leg]

    def _ring(self, worker: str, leg: LegId, phone: PhoneId) -> None:
        self._expect(leg not in self.legs, f"{leg} is rung twice")
        if phone not in self.reachable:
            self._tell_worker(worker, LegHungUp(leg, 20))
            return
        self.legs[leg] = Leg(leg, worker, phone)
        self.tell(leg, LegRinging(leg))

    def _stop_playing(self, leg: Leg) -> None:
        playing, leg.playing = leg.playing, None
        if playing is not None:
            self._tell_worker(leg.worker, PlaybackEnded(leg.id, playing))


@dataclass
class ExchangeLine:
    """One worker's end of the exchange: the port `Switch`."""

    exchange: Exchange
    worker: str
    faults: list[tuple[type[Command], CallrouterError]] = field(default_factory=list)
    """Each answers one command of that kind, which is then not carried out."""
    down: bool = False
    """Commands fail and events are lost."""
    dead: bool = False
    """The worker was killed: nothing comes in or goes out any more."""
    holds_back: bool = False
    """Events are late; `let_through` delivers them."""
    repeats: bool = False
    """Every event comes twice."""
    _late: list[SwitchEvent] = field(default_factory=list)
    _on_event: Callable[[SwitchEvent], None] | None = None
    _admit: Callable[[], bool] = lambda: False

    def listen(self, on_event: Callable[[SwitchEvent], None]) -> None:
        self._on_event = on_event
        self.exchange.lines[self.worker] = self

    def set_admission(self, admit: Callable[[], bool]) -> None:
        self._admit = admit

    def takes_calls(self) -> bool:
        return not self.dead and not self.down and self._admit()

    def hear(self, event: SwitchEvent) -> None:
        if self.dead or self.down:
            return
        if self.holds_back:
            self._late.append(event)
            return
        for _ in range(2 if self.repeats and not isinstance(event, LegArrived) else 1):
            asyncio.get_running_loop().call_soon(self._deliver, event)

    def _deliver(self, event: SwitchEvent) -> None:
        if not self.dead and self._on_event is not None:
            self._on_event(event)

    def let_through(self) -> None:
        self.holds_back = False
        late, self._late = self._late, []
        for event in late:
            self.hear(event)

    async def perform(self, call: CallId, command: Command) -> None:
        await asyncio.sleep(TRAVEL_S)
        if self.dead:
            await asyncio.get_running_loop().create_future()
        self.exchange.diary.append(Done(self.worker, call, command))
        if self.down:
            if isinstance(command, StopPlayback) and command.leg in self.exchange.legs:
                self.exchange.legs[command.leg].voice = None
            raise SwitchDown("the test says that the exchange does not answer")
        for fault in self.faults:
            if isinstance(command, fault[0]):
                self.faults.remove(fault)
                raise fault[1]
        self.exchange.carry_out(self.worker, command)

    async def held(self) -> Sequence[HeldLeg]:
        if self.down:
            raise SwitchDown("the test says that the exchange does not answer")
        return [HeldLeg(leg.id, leg.worker, leg.bridge is not None) for leg in self.exchange.legs.values()]

    async def reachable_phones(self) -> frozenset[PhoneId]:
        if self.down:
            raise SwitchDown("the test says that the exchange does not answer")
        return frozenset(self.exchange.reachable)
