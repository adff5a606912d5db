"""Which legs are ours and what has become of each: ARI's messages in, telephony events out. No I/O.

A leg is remembered from its arrival (or from the command that rings it) until its one LegHungUp, and not longer.
The end may show as StasisEnd, as ChannelDestroyed, or as both: either may be missing, the first one counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from callrouter.asterisk.events import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelHold,
    ChannelStateChange,
    ChannelUnhold,
    Message,
    PlaybackFinished,
    Recording,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from callrouter.telephony import (
    DigitPressed,
    LegAdopted,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegId,
    LegRinging,
    LegUnheld,
    MessageRecorded,
    PhoneId,
    PlaybackEnded,
    PlaybackId,
    RecordingId,
    SwitchEvent,
)

NORMAL = 16
"""Q.850: somebody hung up."""
EXPLICIT = 32
"""AST_SOFTHANGUP_EXPLICIT (Asterisk's channel.h), which a ChannelHangupRequest gives as its cause."""
REMEMBERED = 1000
"""So many legs that have ended are still known as such."""
DIGITS = frozenset("0123456789*#ABCD")
DIALLED = frozenset("0123456789*#+")


@dataclass(slots=True)
class Leg:
    """What must be known of one leg to name its end and to stop its prompts."""

    channel: str = ""
    rung: bool = False
    """We rang it, and it has not answered yet."""
    intercepts: bool = False
    """Its hold is told to us instead of being served by Asterisk."""
    alerting: bool = False
    cause: int = 0
    """Why it will end, as far as known before the end: from the hang-up request, or because we ended it."""
    ours_to_end: bool = False
    """We hung it up or gave it away: its end is no riddle."""
    playbacks: set[PlaybackId] = field(default_factory=set)
    """Begun by us and not over yet."""
    over: deque[PlaybackId] = field(default_factory=lambda: deque(maxlen=8))
    """The last ones that ended: a stop that comes a moment too late makes Asterisk announce the end again."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """A leg left the application and nobody hung up: another worker has it, or its end was not announced."""

    leg: LegId


class Legs:
    """Every leg that is ours now."""

    def __init__(self) -> None:
        self._legs: dict[LegId, Leg] = {}
        self._moving: set[LegId] = set()
        self._ended: dict[LegId, None] = {}

    # --- what we ourselves are doing, told before the command is sent ---------------------------------------------

    def ringing(self, leg: LegId, *, intercepts: bool = True) -> None:
        self._legs[leg] = Leg(rung=True, intercepts=intercepts)

    def playing(self, leg: LegId, playback: PlaybackId) -> None:
        if leg in self._legs:
            self._legs[leg].playbacks.add(playback)

    def ending(self, leg: LegId, cause: int) -> None:
        """We end the leg, so its cause is the one we gave."""
        if leg in self._legs:
            self._legs[leg].cause = cause
            self._legs[leg].ours_to_end = True

    def adopting(self, leg: LegId) -> None:
        """A move within one application name shows as StasisEnd and StasisStart: no end of the leg."""
        self._moving.add(leg)

    def not_adopting(self, leg: LegId) -> None:
        self._moving.discard(leg)

    def hung_up(self, leg: LegId, cause: int = 0) -> Iterator[LegHungUp]:
        """The leg is known to be gone; once."""
        expected = leg in self._legs or leg in self._moving
        gone = self._legs.pop(leg, None) or Leg()
        self._moving.discard(leg)
        if expected:
            self._ended[leg] = None
            if len(self._ended) > REMEMBERED:
                del self._ended[next(iter(self._ended))]
            yield LegHungUp(leg, gone.cause if gone.ours_to_end else cause or gone.cause)

    def forget(self, leg: LegId) -> None:
        """The leg lives on, but under another worker."""
        self._legs.pop(leg, None)

    # --- questions -------------------------------------------------------------------------------------------------

    def intercepts_hold(self, leg: LegId) -> bool:
        """It was rung so by this very process; of a leg taken over from another nobody knows."""
        return leg in self._legs and self._legs[leg].intercepts

    def __len__(self) -> int:
        return len(self._legs)

    def __contains__(self, leg: LegId) -> bool:
        return leg in self._legs

    def known(self) -> frozenset[LegId]:
        return frozenset(self._legs)

    def ended(self, leg: LegId) -> bool:
        """Told as hung up not long ago. Asterisk may still carry out commands for it, on a channel about to vanish."""
        return leg in self._ended

    def expected(self) -> frozenset[LegId]:
        """Known ones, and those whose adoption has not been confirmed yet."""
        return self.known() | self._moving

    def unanswered(self, leg: LegId) -> bool:
        return leg in self._legs and self._legs[leg].rung

    def playbacks(self, leg: LegId) -> tuple[PlaybackId, ...]:
        return tuple(self._legs[leg].playbacks) if leg in self._legs else ()

    def channel(self, leg: LegId) -> str:
        """Asterisk's own name of the leg's channel, or nothing if it has not been told yet."""
        return self._legs[leg].channel if leg in self._legs else ""

    # --- messages --------------------------------------------------------------------------------------------------

    def hear(self, message: Message) -> Iterator[SwitchEvent | Vanished]:
        """What this message means for our legs; nothing for legs that are not ours."""
        match message:
            case StasisStart(channel, args):
                yield from self._started(channel, args)
            case StasisEnd(channel):
                yield from self._left(LegId(channel.id))
            case ChannelHangupRequest(channel, cause):
                self._note_cause(LegId(channel.id), cause)
            case ChannelDestroyed(channel, cause):
                yield from self.hung_up(LegId(channel.id), cause)
            case PlaybackFinished(playback):
                yield from self.playback_ended(
                    LegId(playback.target_uri.removeprefix("channel:")), PlaybackId(playback.id), playback.state
                )
            case RecordingFinished(told) | RecordingFailed(told):
                yield from self._recorded(message, told)
            case ChannelStateChange(channel) | ChannelDtmfReceived(channel) | ChannelHold(channel):
                yield from self._on_leg(LegId(channel.id), message)
            case ChannelUnhold(channel):
                yield from self._on_leg(LegId(channel.id), message)
            case _:
                pass  # not about our legs

    def _started(self, channel: Channel, args: tuple[str, ...]) -> Iterator[SwitchEvent]:
        leg = LegId(channel.id)
        moving = leg in self._moving
        self._moving.discard(leg)
        known = self._legs.setdefault(leg, Leg())
        known.channel = channel.name
        caller = channel.caller
        match args:
            case ("in", number):
                yield LegArrived(leg, "in", _dialled(number), caller.number, caller.name)
            case ("agent", phone, number):
                yield LegArrived(leg, "agent", _dialled(number), caller.number, caller.name, PhoneId(phone))
            case ("ring", *_):
                known.rung = False
                yield LegAnswered(leg)
            case _:
                if moving:
                    yield LegAdopted(leg)
                else:  # sent to us by a dialplan that is not ours: nobody will ever serve it
                    yield LegArrived(leg, "in", "", caller.number, caller.name)

    def answered(self, leg: LegId, channel: str) -> Iterator[SwitchEvent]:
        """Seen to be up although nobody told us (the message was lost with a connection)."""
        if self.unanswered(leg):
            self._legs[leg].rung = False
            self._legs[leg].channel = channel
            yield LegAnswered(leg)

    def _left(self, leg: LegId) -> Iterator[SwitchEvent | Vanished]:
        known = self._legs.get(leg)
        if known is None or leg in self._moving:
            return
        if known.ours_to_end or known.cause:
            yield from self.hung_up(leg)
        else:
            yield Vanished(leg)

    def _note_cause(self, leg: LegId, cause: int) -> None:
        known = self._legs.get(leg)
        if known is not None and not known.ours_to_end and not known.cause:
            # a plain BYE carries no cause, and a hang-up from inside Asterisk its own flag instead of one
            known.cause = NORMAL if cause in (0, EXPLICIT) else cause

    def playback_ended(self, leg: LegId, playback: PlaybackId, state: str = "done") -> Iterator[SwitchEvent]:
        known = self._legs.get(leg)
        if known is not None and playback not in known.over:
            known.playbacks.discard(playback)
            known.over.append(playback)
            yield PlaybackEnded(leg, playback, failed=state == "failed")

    def _recorded(self, message: Message, told: Recording) -> Iterator[SwitchEvent]:
        """A message of silence is no message."""
        leg = LegId(told.target_uri.removeprefix("channel:"))
        if leg in self._legs:
            said = told.duration if told.talking_duration is None else told.talking_duration
            seconds = told.duration if said and isinstance(message, RecordingFinished) else 0
            yield MessageRecorded(leg, RecordingId(told.name), seconds)

    def _on_leg(self, leg: LegId, message: Message) -> Iterator[SwitchEvent]:
        known = self._legs.get(leg)
        if known is None:
            return
        match message:
            case ChannelStateChange(channel) if channel.state == "Ringing" and known.rung and not known.alerting:
                known.alerting = True
                yield LegRinging(leg)
            case ChannelDtmfReceived(_, digit) if digit in DIGITS:
                yield DigitPressed(leg, digit)
            case ChannelHold():
                yield LegHeld(leg)
            case ChannelUnhold():
                yield LegUnheld(leg)
            case _:
                pass


def _dialled(number: str) -> str:
    """Only what a phone's keys can dial, whatever a dialplan let through."""
    return "".join(sign for sign in number if sign in DIALLED)[:32]
