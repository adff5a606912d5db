"""One worker's hands: each telephony command carried out through ARI, with what must be done around it.

What we are about to do is noted in `Legs` before the command is sent: its events may come before its reply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from callrouter.asterisk import holdings
from callrouter.asterisk.commands import AriCommand, cause_of, legs_of, request
from callrouter.asterisk.legs import Legs, Vanished
from callrouter.asterisk.requests import PhoneUnknown, Request, Requests
from callrouter.errors import CommandRefused, LegGone, SwitchDown
from callrouter.telephony import (
    Adopt,
    HandToFallback,
    HangUp,
    InterceptHold,
    Join,
    LegAdopted,
    LegHungUp,
    LegId,
    Play,
    Ring,
    RingOutside,
    StopMessage,
    StopPlayback,
    SwitchEvent,
    Unbridge,
)

ABSENT = 20
"""Q.850: subscriber absent; the phone has no address to ring."""


class Hands:
    """Carries out one command at a time as told; the order is its caller's business."""

    def __init__(
        self,
        application: str,
        requests: Requests,
        legs: Legs,
        emit: Callable[[Iterable[SwitchEvent | Vanished]], None],
        hears: Callable[[], bool],
    ) -> None:
        """`hears`: whether events come at this moment."""
        self._application = application
        self._requests = requests
        self._legs = legs
        self._emit = emit
        self._hears = hears
        self.being_rung: set[LegId] = set()
        """Legs that Asterisk may not have made yet."""

    async def carry_out(self, command: AriCommand) -> None:
        for leg in legs_of(command):
            if self._legs.ended(leg):
                raise LegGone(f"{leg} has hung up")
        match command:
            case Ring() | RingOutside():
                await self._ring(command)
            case Adopt(leg):
                await self._adopt(leg)
            case Play(leg, playback):
                to_send = request(command, self._application)
                self._legs.playing(leg, playback)
                await self._requests.send(to_send)
            case StopPlayback() | StopMessage() | Unbridge():
                with suppress(LegGone):  # it was over already, which is what was wanted
                    await self._send(command)
            case HangUp(leg, reason):
                self._legs.ending(leg, cause_of(reason))
                await self._send(command)
            case HandToFallback(leg):
                await self._silence(leg)
                self._legs.ending(leg, 0)
                await self._send(command)
            case Join(_, legs):
                await self._silence(*legs)
                await self._send(command)
            case InterceptHold(leg):
                if not self._legs.intercepts_hold(leg):
                    await self._silence(leg)
                    await self._send(command)
            case _:
                await self._send(command)

    async def _send(self, command: AriCommand) -> None:
        await self._requests.send(request(command, self._application))

    async def _silence(self, *legs: LegId) -> None:
        """A channel that plays a prompt carries out nothing else until the prompt has ended."""
        for leg in legs:
            for playback in self._legs.playbacks(leg):
                with suppress(LegGone):
                    await self._requests.send(Request("DELETE", ("playbacks", playback)))

    async def _ring(self, command: Ring | RingOutside) -> None:
        leg = command.leg
        to_send = request(command, self._application)
        if not self._hears():
            raise SwitchDown("no events come from Asterisk: nobody would notice that the phone was answered")
        self._legs.ringing(leg)
        self.being_rung.add(leg)
        try:
            await self._requests.send(to_send)
        except PhoneUnknown:
            self._emit(self._legs.hung_up(leg, ABSENT))
        except (CommandRefused, LegGone):
            self._legs.forget(leg)
            raise
        finally:
            self.being_rung.discard(leg)

    async def _adopt(self, leg: LegId) -> None:
        if leg in self._legs:
            return self._emit((LegAdopted(leg),))
        self._legs.adopting(leg)
        try:
            await self._send(Adopt(leg))
        except LegGone:
            self._legs.not_adopting(leg)
            await self._adopt_ringing(leg)
        except (CommandRefused, SwitchDown):
            self._legs.not_adopting(leg)
            raise
        return None

    async def _adopt_ringing(self, leg: LegId) -> None:
        """Not in Stasis: it has left, or it is still ringing and will report to whoever's name it was rung under."""
        if await holdings.channel(self._requests, leg) is None:
            self._emit((LegHungUp(leg),))
            raise LegGone(f"{leg} has left before it could be adopted")
        if holdings.PREFIX + (await holdings.workers(self._requests)).get(leg, "") == self._application:
            self._legs.ringing(leg, intercepts=False)
            self._emit((LegAdopted(leg),))
        else:
            with suppress(LegGone):
                await self._requests.send(request(HangUp(leg, "no_answer"), self._application))
            self._emit((LegHungUp(leg, cause_of("no_answer")),))
