"""One task that owns one call: inbox → step → write → perform. The only writer of that call.

State is written before any command is sent. If the store refuses a step (an agent was taken meanwhile), the step
did not happen; if it says that another worker owns the call, this session ends without a word to the switch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from callrouter.acd import activity
from callrouter.calls import events as e
from callrouter.calls.call import Call, Message, Phase, held_by
from callrouter.calls.callback import off_floor
from callrouter.calls.in_line import queue_entry, to_fallback
from callrouter.calls.life import step
from callrouter.calls.ring_back import as_newcomer, takes_place
from callrouter.calls.step import Ask, Errand, FileMessage, Moment, Setting, Step, ended, entry, of_ours, without_timers
from callrouter.engine.ledger import Ledger, Outcome
from callrouter.engine.ports import Clock, Line, Lookups, Owner, Switch
from callrouter.errors import CommandRefused, LegGone, SwitchDown
from callrouter.journal import FloorChange, Word
from callrouter.telephony import (
    Answer,
    Command,
    HandToFallback,
    HangUp,
    Join,
    LegAdopted,
    LegHungUp,
    LegId,
    MakeBridge,
    MessageRecorded,
    Play,
    PlaybackEnded,
    Ring,
    RingOutside,
    StartMusic,
    StopMessage,
    StopPlayback,
    StopRecording,
    SwitchEvent,
    TakeMessage,
    Unbridge,
)
from callrouter.tree.facts import Facts
from callrouter.tree.walk import KeepSecret, LookedUp

log = structlog.get_logger()

UNREACHABLE = 20
"""Q.850 "subscriber absent": what a phone that cannot even be rung counts as."""
UNTOLD_S = 1.0
"""How long a switch that did not take a ring is left alone before the next phone is tried."""
VITAL = Answer | Play | MakeBridge | Join
"""Refused, these leave a caller in silence, so the fallback must speak; any other refusal the call survives."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    name: str
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class RingUntold:
    """The switch did not answer when it was told to ring this leg. Nobody is to blame for not picking up."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class Again:
    """Commands that the switch has not carried out; void once one of these legs is no longer in the call."""

    legs: tuple[LegId, ...]
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What sessions share: the ports, who we are, and what a call of a tree lives in."""

    line: Line
    switch: Switch
    clock: Clock
    owner: Owner
    setting: Callable[[str, str], Setting]
    """Tree name and version → the setting of a call that began on it."""
    talk_ended: Callable[[Call], None]
    """Told once after every conversation that was recorded."""
    facts: Callable[[str, str, str, Mapping[str, str]], Facts]
    """Call, caller's number, number called, secrets in memory → what a step in the tree may know of the world."""
    lookups: Lookups
    message_left: Callable[[Call, Message], None]
    """Told once about every message that a caller left."""
    wrap_up_asked: Callable[[str], bool] = lambda _: False
    """Whether this agent has asked for a wrap-up after the talk under way."""


@dataclass(frozen=True, slots=True)
class TakenAway:
    """The store says that another worker owns this call."""


Told = e.CallbackWished | e.PlaceChanged | e.LineClosed | e.OfferWithdrawn
"""What somebody at a desk wants of a call, or its queue, or the watch of an offer."""
Inbox = SwitchEvent | e.AgentProposed | e.LookupAnswered | Told | TimerFired | RingUntold | Again | TakenAway


class Session:
    """Runs one call from its first step to its end."""

    def __init__(self, call: Call, world: World, *, settled: Callable[[str], None]) -> None:
        self.call = call
        self.is_over = False
        """Nobody reads the inbox any more; what has been kept for the store may still be on its way there."""
        self._is_here = True
        """The caller's leg reports to us: not yet, while a call is being taken over."""
        self._world = world
        self._settled = settled
        self._ledger = Ledger(world.line)
        self._inbox: asyncio.Queue[Inbox] = asyncio.Queue()
        self._timers: dict[str, tuple[int, asyncio.TimerHandle]] = {}
        self._secrets: dict[str, str] = {}
        """Digits that are nowhere else: not in the call's state, not in the journal, not in the log."""
        self._asking: set[asyncio.Task[None]] = set()
        self._log = log.bind(call=call.id)

    @property
    def is_settled(self) -> bool:
        """The caller's leg reports to us, and the store has all that was written: an agent can be brought."""
        return self._is_here and not self.is_over and not self._ledger.is_behind

    @property
    def is_writing(self) -> bool:
        """What has just happened is on its way to the store."""
        return self._ledger.is_writing

    def rings(self, agent: str) -> LegId | None:
        """The leg by which this agent's phone rings for the call, as far as the call knows."""
        return next((offer.leg for offer in self.call.offers if offer.agent == agent), None)

    def post(self, event: Inbox) -> None:
        """Put an event into the inbox. The one way to affect a call."""
        self._inbox.put_nowait(event)

    async def run(self, first: Step, before: Owner, found: bytes | None = None) -> None:
        """Carry the call through. `first` begins it (`before` empty) or takes it over from there, as it was `found`."""
        try:
            alive = await self._begin(first, before, found)
            while alive and self.call.phase is not Phase.ENDED:
                alive = await self._take(await self._inbox.get())
        except asyncio.CancelledError:
            self._ledger.close()
            raise
        except Exception:
            self._log.exception("session_crashed")
            await self._give_up()
        finally:
            self.is_over = True
            self._set_timers({})
            self._settle_unread()
            self._secrets = {}
            for task in self._asking:
                task.cancel()
        await self._ledger.flushed()

    async def _begin(self, first: Step, before: Owner, found: bytes | None) -> bool:
        """False if the call cannot be ours; a caller who just arrived then goes to the fallback."""
        self._is_here = not before or not first.call.caller_leg
        outcome = await self._carry_out(first, before, found)
        if outcome is Outcome.STANDS:
            return not before or not self._is_here or await self._step(e.Adopted())
        if not before:
            self._log.error("arrival_not_written")
            await self._carry_out(to_fallback(Step(first.call), "the store did not answer", self._moment()))
        return False

    def _settle_unread(self) -> None:
        while not self._inbox.empty():
            event = self._inbox.get_nowait()
            if isinstance(event, e.AgentProposed):
                self._settled(event.agent)

    async def _take(self, event: Inbox) -> bool:
        """One event. False once the call belongs to somebody else."""
        match event:
            case TakenAway():
                self._log.warning("call_was_taken_away")
                return False
            case Again():
                await self._do_again(event)
                return True
            case e.AgentProposed():
                try:
                    return not self._is_here or await self._step(event)
                finally:
                    self._settled(event.agent)
            case e.LineClosed():  # while the caller's leg is on its way to us no command reaches it; we are told again
                return not self._is_here or await self._step(event)
            case LegAdopted(leg=leg) if leg == self.call.caller_leg:
                if self._is_here:  # said twice: the caller must not be asked twice
                    return True
                self._is_here = True
                stands = await self._step(e.Adopted())
                self._set_timers(self.call.timers)
                return stands
            case _:
                named = self._name(event)
                return named is None or await self._step(named)

    async def _step(self, event: e.CallEvent) -> bool:
        taken = step(self.call, event, self._moment())
        if taken.call == self.call and not (taken.commands or taken.entries or taken.errands):
            return True
        return await self._carry_out(taken) is not Outcome.NOT_OURS

    def _moment(self) -> Moment:
        call = self.call
        facts = self._world.facts(call.id, call.caller, call.number, self._secrets)
        asked = call.talk is not None and self._world.wrap_up_asked(call.talk.agent)
        return Moment(self._world.clock.now_ms(), self._world.setting(call.tree, call.version), facts, asked)

    async def _do_again(self, event: Again) -> None:
        if set(event.legs) <= set(self.call.legs):
            for command in event.commands:
                if self.call.music or not isinstance(command, StartMusic):
                    await self._perform(command)

    def _name(self, event: SwitchEvent | e.LookupAnswered | Told | TimerFired | RingUntold) -> e.CallEvent | None:
        match event:
            case e.LookupAnswered() | e.CallbackWished() | e.PlaceChanged() | e.LineClosed():
                return event
            case TimerFired(name=name, deadline_ms=deadline):
                if self.call.timers.get(name) != deadline:
                    return None
                self._timers.pop(name, None)  # or one wanted again for the same instant would be taken for set
                self.call = without_timers(self.call, name)
                return e.TIMERS[name]
            case e.OfferWithdrawn(leg=leg):
                return event if any(offer.leg == leg for offer in self.call.offers) else None
            case RingUntold(leg=leg):  # a phone that was picked up did ring, whatever the switch was able to say
                offered = any(offer.leg == leg and not offer.answered_ms for offer in self.call.offers)
                return e.OfferWithdrawn(leg) if offered else None
            case _:
                return e.named(self.call, event)

    async def _carry_out(self, taken: Step, before: Owner | None = None, found: bytes | None = None) -> Outcome:
        undo = (lambda: self._undone(taken.call)) if taken.needs else None
        outcome = await self._ledger.write(taken, self._world.owner, before, undo, found)
        if outcome is Outcome.REFUSED and takes_place(taken):
            return await self._carry_out(as_newcomer(taken, self._world.clock.now_ms()), before)
        if outcome is not Outcome.STANDS:
            if outcome is Outcome.NOT_OURS:
                self._log.warning("call_belongs_to_another_worker")
            return outcome
        talked = self.call.talk
        self.call = taken.call
        if not self.call.caller_leg:  # hung up on its way to us, with a callback open: nobody is waited for
            self._is_here = True
        if taken.call.phase is not Phase.IN_TREE:
            self._secrets = {}  # a lookup that needs them later has them asked for again
        self._set_timers(taken.call.timers)
        for errand in taken.errands:
            self._run(errand)
        for command in taken.commands:
            await self._perform(command)
        if talked is not None and talked.recording and taken.call.phase is Phase.ENDED:
            self._world.talk_ended(taken.call)
        return outcome

    def _undone(self, call: Call) -> Step:
        """What takes a checked step back: of several phones only the newest stops, the others ring; a callback that was
        not rung stands in the line as before."""
        if call.offers:
            return step(call, e.OfferWithdrawn(call.offers[-1].leg), self._moment())
        return step(self.call, e.CallbackTimeUp(), self._moment())

    def _run(self, errand: Errand) -> None:
        """What is done beside commanding the switch; nothing here waits."""
        match errand:
            case KeepSecret(variable=variable, digits=digits):
                self._secrets = {**self._secrets, variable: digits}
                if not digits:
                    del self._secrets[variable]
            case Ask():
                task = asyncio.create_task(self._ask(errand), name=f"lookup {errand.id}")
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            case FileMessage(message=message):
                self._world.message_left(self.call, message)

    async def _ask(self, question: Ask) -> None:
        """Beside the call, which goes on; the answer comes through the inbox like everything else."""
        what = question.what
        secrets = {name: self._secrets[name] for name in what.secrets if name in self._secrets}
        try:
            answer = await self._world.lookups.look_up(what.lookup, what.values, secrets)
        except Exception as error:
            # its text may hold what was sent
            self._log.error("lookup_crashed", node=what.node, kind=type(error).__name__)
            answer = LookedUp(failure="an error in callrouter")
        self.post(e.LookupAnswered(question.id, answer))

    async def _perform(self, command: Command) -> None:
        try:
            await self._world.switch.perform(self.call.id, command)
        except LegGone:
            self._note_gone(command)
        except CommandRefused as refusal:
            if isinstance(command, Play) and command.leg != self.call.caller_leg:
                self.post(PlaybackEnded(command.leg, command.playback, failed=True))  # what only an agent misses
            elif isinstance(command, VITAL):
                raise
            if isinstance(command, Ring | RingOutside):
                self.post(LegHungUp(command.leg, UNREACHABLE))
            if isinstance(command, TakeMessage):
                self.post(MessageRecorded(command.leg, command.recording, 0))
            self._log.warning("command_refused", command=type(command).__name__, why=str(refusal))
        except SwitchDown as down:
            self._log.warning("switch_down", command=type(command).__name__, why=str(down))
            if (later := _untold(command)) is not None:
                asyncio.get_running_loop().call_later(UNTOLD_S, self.post, later)

    def _note_gone(self, command: Command) -> None:
        """A leg that is gone says so itself; should its word have been lost, ours does no harm (twice is once)."""
        match command:
            case Ring(leg=leg) | RingOutside(leg=leg):
                self.post(LegHungUp(leg, UNREACHABLE))
            case HangUp() | StopPlayback() | StopMessage():
                pass
            case _ if hasattr(command, "leg"):
                self.post(LegHungUp(command.leg))
            case _:
                self._log.info("leg_gone", command=type(command).__name__)

    def _set_timers(self, wanted: Mapping[str, int]) -> None:
        """Have exactly these running; none while the caller's leg is on its way to us, where no command reaches it."""
        wanted = wanted if self._is_here else {}
        for name, (deadline, handle) in list(self._timers.items()):
            if wanted.get(name) != deadline:
                handle.cancel()
                del self._timers[name]
        loop = asyncio.get_running_loop()
        for name, deadline in wanted.items():
            if name not in self._timers:
                delay = max(0, deadline - self._world.clock.now_ms()) / 1000
                self._timers[name] = (deadline, loop.call_later(delay, self.post, TimerFired(name, deadline)))

    async def _give_up(self) -> None:
        """Something in us broke: the caller goes to the fallback, every other leg is let go, the floor is put right."""
        call = self.call
        if call.phase is Phase.ENDED:
            return
        now_ms = self._world.clock.now_ms()
        over, last = ended(call, "crashed", now_ms)
        rang = [
            queue_entry(Word.RINGCANCELED, call, agent=offer.agent, ring_ms=now_ms - offer.since_ms)
            for offer in call.offers
        ]
        sorry = entry(Word.FALLBACK, call, reason="an error in callrouter")
        commands: list[Command] = [HangUp(leg) for leg in call.legs if leg != call.caller_leg]
        if call.talk is not None:
            commands += [StopRecording(call.caller_leg, call.talk.recording)] if call.talk.recording else []
            commands.append(Unbridge(call.talk.bridge))
        caller = (HandToFallback(call.caller_leg),) if call.caller_leg else ()
        final = Step(over, (*commands, *caller), (*rang, sorry, last), _off_floor(call))
        try:
            await self._carry_out(of_ours(call, final))
        except Exception:
            self._log.exception("fallback_failed")
            self.call = over


def _untold(command: Command) -> RingUntold | Again | PlaybackEnded | LegHungUp | MessageRecorded | None:
    """What follows a little later from a command that the switch did not take: nobody may be left in silence for it.
    What is not here is put right by a look at what the switch holds (recover.py)."""
    match command:
        case Ring(leg=leg):
            return RingUntold(leg)
        case RingOutside(leg=leg):
            return LegHungUp(leg, UNREACHABLE)
        case TakeMessage(leg=leg, recording=recording):
            return MessageRecorded(leg, recording, 0)
        case Play(leg=leg, playback=playback):
            return PlaybackEnded(leg, playback, failed=True)
        case Answer(leg=leg) | StartMusic(leg=leg):
            return Again((leg,), (command,))
        case _:
            return None


def _off_floor(call: Call) -> FloorChange:
    """What a call that ends out of turn leaves behind: nothing."""
    floor: dict[str, Mapping[str, str] | None] = {}
    if call.place is not None and call.talk is None:
        floor[f"waiting:{call.id}"] = None
    if call.callback is not None:
        floor |= off_floor(call)
    return floor | {f"agent:{agent}": activity.idle() for agent, _ in held_by(call)}
