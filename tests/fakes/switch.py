"""A telephone exchange in memory, as seen by one or more workers: it passes the same contract suite as Asterisk.

`Exchange` is the world outside (callers, phones, keys); `FakeSwitch` is one worker's port into it. Everything happens
at once and in order, an event even before the reply to the command that caused it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from callrouter.engine.ports import HeldLeg
from callrouter.errors import CommandRefused, LegGone, SwitchDown
from callrouter.telephony import (
    Adopt,
    Answer,
    BridgeId,
    CallId,
    Command,
    DigitPressed,
    HandToFallback,
    HangUp,
    InterceptHold,
    Join,
    LegAdopted,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegId,
    LegRinging,
    LegUnheld,
    MakeBridge,
    MessageRecorded,
    PhoneId,
    PhoneReachable,
    Play,
    PlaybackEnded,
    PlaybackId,
    RecordingFailed,
    RecordingId,
    Ring,
    RingOutside,
    StartMusic,
    StartRecording,
    StopMessage,
    StopMusic,
    StopPlayback,
    StopRecording,
    SwitchEvent,
    TakeMessage,
    Unbridge,
)

CAUSES = {"normal": 16, "busy": 17, "no_answer": 19, "rejected": 21, "answered_elsewhere": 26, "congestion": 34}


@dataclass
class FakeLeg:
    """One phone in a call, as the exchange knows it."""

    owner: str
    phone: PhoneId | None = None
    up: bool = False
    rung: bool = False
    intercepted: bool = False
    playback: PlaybackId | None = None
    files: tuple[str, ...] = ()
    music: str | None = None
    recording: RecordingId | None = None
    message: RecordingId | None = None


@dataclass
class Exchange:
    """What all workers share. Its methods are what people do."""

    switches: dict[str, FakeSwitch] = field(default_factory=dict)
    legs: dict[LegId, FakeLeg] = field(default_factory=dict)
    bridges: dict[BridgeId, set[LegId]] = field(default_factory=dict)
    phones: dict[PhoneId, bool] = field(default_factory=dict)
    fallback: list[LegId] = field(default_factory=list)
    """Callers that nobody took or that were given back."""
    recorded: list[RecordingId] = field(default_factory=list)
    _number: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def arrive(self, number: str, caller_number: str = "+79161112233", caller_name: str = "") -> LegId:
        """A caller dials a number of ours."""
        return self._enter("in", number, caller_number, caller_name, None)

    def dial_code(self, phone: PhoneId, number: str) -> LegId:
        """An agent dials a feature code."""
        return self._enter("agent", number, phone, "", phone)

    def _enter(self, kind: str, number: str, caller: str, name: str, phone: PhoneId | None) -> LegId:
        leg = LegId(f"1700000000.{next(self._number)}")
        for switch in self.switches.values():
            if switch.alive and switch.admit():
                self.legs[leg] = FakeLeg(switch.worker, phone)
                self.tell(leg, LegArrived(leg, kind, number, caller, name, phone))
                return leg
        self.fallback.append(leg)
        return leg

    def pick_up(self, leg: LegId) -> None:
        """A phone that we rang is answered."""
        known = self.legs[leg]
        known.up, known.rung = True, False
        self.tell(leg, LegAnswered(leg))

    def refuse(self, leg: LegId, cause: int = 21) -> None:
        self.leave(leg, cause)

    def hang_up(self, leg: LegId) -> None:
        """The person on this leg hangs up."""
        self.leave(leg, 16)

    def press(self, leg: LegId, digit: str) -> None:
        self.tell(leg, DigitPressed(leg, digit))

    def hold(self, leg: LegId) -> None:
        self.tell(leg, LegHeld(leg))

    def resume(self, leg: LegId) -> None:
        self.tell(leg, LegUnheld(leg))

    def finish_prompt(self, leg: LegId, *, failed: bool = False) -> None:
        """The prompt that this leg hears comes to its end."""
        known = self.legs[leg]
        if known.playback is not None:
            playback, known.playback, known.files = known.playback, None, ()
            self.tell(leg, PlaybackEnded(leg, playback, failed))

    def end_message(self, leg: LegId, seconds: float = 2.0) -> None:
        """The caller has said what was to be said."""
        known = self.legs[leg]
        if known.message is not None:
            message, known.message = known.message, None
            self.tell(leg, MessageRecorded(leg, message, seconds))

    def register(self, phone: PhoneId, reachable: bool = True) -> None:
        """A phone appears, or goes away."""
        if self.phones.get(phone) != reachable:
            self.phones[phone] = reachable
            for switch in self.switches.values():
                switch.hear(PhoneReachable(phone, reachable))

    def leave(self, leg: LegId, cause: int) -> None:
        known = self.legs.get(leg)
        if known is not None:
            self.finish_prompt(leg, failed=True)
            del self.legs[leg]
            for members in self.bridges.values():
                members.discard(leg)
            self.switches[known.owner].hear(LegHungUp(leg, cause))

    def tell(self, leg: LegId, event: SwitchEvent) -> None:
        if leg in self.legs:
            self.switches[self.legs[leg].owner].hear(event)

    def bridge_of(self, leg: LegId) -> BridgeId | None:
        return next((bridge for bridge, members in self.bridges.items() if leg in members), None)

    def talk_to(self, leg: LegId) -> frozenset[LegId]:
        """Who hears this leg now."""
        bridge = self.bridge_of(leg)
        return frozenset(self.bridges[bridge] - {leg}) if bridge is not None else frozenset()


class FakeSwitch:
    """The port `Switch` of one worker."""

    def __init__(self, exchange: Exchange | None = None, worker: str = "w1") -> None:
        self.exchange = exchange if exchange is not None else Exchange()
        self.worker = worker
        self.performed: list[Command] = []
        self.alive = True
        """False: the worker's process is dead, nothing reaches it and nothing it owns is told to anybody."""
        self.down = False
        """True: the exchange does not answer this worker's commands."""
        self.admit: Callable[[], bool] = lambda: True
        self._on_event: Callable[[SwitchEvent], None] = lambda _: None
        self.exchange.switches[worker] = self

    def listen(self, on_event: Callable[[SwitchEvent], None]) -> None:
        self._on_event = on_event

    def set_admission(self, admit: Callable[[], bool]) -> None:
        self.admit = admit

    def hear(self, event: SwitchEvent) -> None:
        if self.alive:
            self._on_event(event)

    async def held(self) -> Sequence[HeldLeg]:
        self._demand_up()
        return tuple(
            HeldLeg(leg, known.owner, self.exchange.bridge_of(leg) is not None)
            for leg, known in self.exchange.legs.items()
        )

    async def reachable_phones(self) -> frozenset[PhoneId]:
        self._demand_up()
        return frozenset(phone for phone, reachable in self.exchange.phones.items() if reachable)

    async def perform(self, call: CallId, command: Command) -> None:
        self._demand_up()
        self.performed.append(command)
        match command:
            case Ring(leg=leg, phone=phone):
                self._ring(leg, phone)
            case RingOutside(leg=leg, number=number):
                self._ring(leg, PhoneId(number))
            case TakeMessage(leg, recording):
                self._leg(leg).message = recording
            case StopMessage(leg, recording):
                self._end_message(leg, recording)
            case MakeBridge(bridge):
                self.exchange.bridges[bridge] = set()
            case Join(bridge, legs):
                self._join(bridge, legs)
            case Unbridge(bridge):
                self.exchange.bridges.pop(bridge, None)
            case StopPlayback(leg, playback):
                if leg in self.exchange.legs and self.exchange.legs[leg].playback == playback:
                    self.exchange.finish_prompt(leg)
            case StopRecording(leg, recording):
                self._stop_recording(leg, recording)
            case StartRecording(leg, recording):
                self._start_recording(leg, recording)
            case Adopt(leg):
                self._adopt(leg)
            case _:
                self._on_leg(command, self._leg(command.leg))

    def _on_leg(
        self,
        command: Answer | Play | StartMusic | StopMusic | InterceptHold | HangUp | HandToFallback,
        known: FakeLeg,
    ) -> None:
        match command:
            case Answer():
                known.up = True
            case Play(leg, playback, files):
                self.exchange.finish_prompt(leg)
                known.playback, known.files, known.music = playback, files, None
            case StartMusic(_, music):
                known.music = music
            case StopMusic():
                known.music = None
            case InterceptHold():
                known.intercepted = True
            case HangUp(leg, reason):
                if reason not in CAUSES and reason != "failure":
                    raise CommandRefused(f"unknown reason to hang up: {reason!r}")
                self.exchange.leave(leg, CAUSES.get(reason, 38))
            case HandToFallback(leg):
                self.exchange.leave(leg, 0)
                self.exchange.fallback.append(leg)

    def _ring(self, leg: LegId, phone: PhoneId) -> None:
        self.exchange.legs[leg] = FakeLeg(self.worker, phone, rung=True)
        if self.exchange.phones.get(phone):
            self.exchange.tell(leg, LegRinging(leg))
        else:
            self.exchange.leave(leg, 20)

    def _end_message(self, leg: LegId, recording: RecordingId) -> None:
        if leg in self.exchange.legs and self.exchange.legs[leg].message == recording:
            self.exchange.end_message(leg)

    def _join(self, bridge: BridgeId, legs: tuple[LegId, ...]) -> None:
        if bridge not in self.exchange.bridges:
            raise LegGone(f"there is no bridge {bridge}")
        for leg in legs:
            if self._leg(leg).rung:
                raise LegGone(f"{leg} has not answered")
        for leg in legs:
            self.exchange.finish_prompt(leg)
            self.exchange.legs[leg].music = None
            for members in self.exchange.bridges.values():
                members.discard(leg)
            self.exchange.bridges[bridge].add(leg)

    def _start_recording(self, leg: LegId, recording: RecordingId) -> None:
        if leg in self.exchange.legs:
            self.exchange.legs[leg].recording = recording
            self.exchange.recorded.append(recording)
        else:
            self.hear(RecordingFailed(recording, "the leg had left"))

    def _stop_recording(self, leg: LegId, recording: RecordingId) -> None:
        if leg in self.exchange.legs and self.exchange.legs[leg].recording == recording:
            self.exchange.legs[leg].recording = None

    def _adopt(self, leg: LegId) -> None:
        if leg not in self.exchange.legs:
            self.hear(LegHungUp(leg))
            raise LegGone(f"{leg} has left before it could be adopted")
        known = self.exchange.legs[leg]
        if known.rung and known.owner != self.worker:  # it would report to the dead worker when answered
            del self.exchange.legs[leg]
            self.hear(LegHungUp(leg, 19))
        else:
            known.owner = self.worker
            self.hear(LegAdopted(leg))

    def _leg(self, leg: LegId) -> FakeLeg:
        if leg not in self.exchange.legs:
            raise LegGone(f"{leg} has left")
        return self.exchange.legs[leg]

    def _demand_up(self) -> None:
        if self.down:
            raise SwitchDown("the exchange does not answer")
