"""Somebody in a story: a phone, a habit of answering, a tone, a memory of what happened and was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from callrouter.parties.digest import Credentials
from callrouter.parties.ears import Ears
from callrouter.parties.leg import Leg, State, What
from callrouter.parties.media import Media
from callrouter.parties.phone import Phone, PhoneError
from callrouter.parties.rtp import KeySent
from callrouter.parties.transaction import Peer
from callrouter.parties.wire import Wire

_GOODBYE_S = 2.0


@dataclass(frozen=True, slots=True)
class Habit:
    """What one does when the phone rings: pick up after a while, let it ring (None), or refuse with a SIP status."""

    answers_after_s: float | None = None
    rejects_with: int | None = None
    answers_if_asked: bool = False
    """The phone picks up by itself when the call asks it to, and only then."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something happened to a party: loop time, what, a detail (a status, `us` or `them`), on which of its legs."""

    at: float
    what: What
    detail: str
    leg: Leg


class Party:
    """One person with one phone. All times are the loop's."""

    def __init__(self, name: str, wire: Wire, media: Media, centre: Peer, user: str, *, hz: int,
                 habit: Habit = Habit(), shown_name: str = "", who: Credentials | None = None) -> None:  # fmt: skip
        self.name, self.hz, self.habit = name, hz, habit
        self.log: list[Happening] = []
        self.legs: list[Leg] = []
        self._loop = wire.loop
        self._changed = asyncio.Event()
        self._picking_up: asyncio.TimerHandle | None = None
        self.phone = Phone(wire, media, centre, user, hz=hz, tell=self._note, name=shown_name, who=who,
                           is_free=lambda: not self.is_busy)  # fmt: skip

    # -- what it does --------------------------------------------------------------------------------------------

    def call(self, number: str) -> Leg:
        """Dial; a phone has one call at a time."""
        if self.is_busy:
            raise PhoneError(f"{self.name} is in a call already and must hang up first")
        return self.phone.call(number)

    def answer(self) -> None:
        self._ringing_leg("answer").answer()

    def reject(self, status: int = 486) -> None:
        self._ringing_leg("reject").reject(status)

    def hang_up(self) -> None:
        self._live_leg("hang up").hang_up()

    async def hang_up_and_wait(self) -> None:
        """A CANCEL needs its 487 before the leg has ended."""
        start = self._loop.time()
        self.hang_up()
        if self.is_busy:
            await self.wait_for(What.ENDED, start - 0.001, _GOODBYE_S)

    async def hold(self) -> None:
        _must_be_ok(self.name, "hold", await self._live_leg("hold").hold())

    async def resume(self) -> None:
        _must_be_ok(self.name, "resume", await self._live_leg("resume").resume())

    async def refer(self, target: str) -> int:
        return await self._live_leg("transfer").refer(target)

    async def press(self, keys: str) -> tuple[KeySent, ...]:
        """Press keys and wait until the last has been sent; when each was."""
        voice = self._live_leg("press keys").port.voice
        before = len(voice.keys_sent)
        try:
            voice.press(keys)
        except ValueError as wrong:
            raise PhoneError(f"{self.name} cannot press {keys}: {wrong}") from wrong
        while voice.is_pressing and self.is_busy:  # noqa: ASYNC110 - the media thread knows no loop to wake
            await asyncio.sleep(0.01)
        return tuple(voice.keys_sent[before:])

    async def leave(self) -> None:
        """Hang up whatever is left, wait for our goodbyes to be heard, take the registration back."""
        if self._picking_up is not None:
            self._picking_up.cancel()
        if self.is_busy:
            await self.hang_up_and_wait()
        for leg in self.legs:
            await leg.said_goodbye()
        await self.phone.unregister()
        await self.phone.close()

    # -- what happened to it -------------------------------------------------------------------------------------

    def now(self) -> float:
        return self._loop.time()

    @property
    def is_busy(self) -> bool:
        return bool(self.legs) and self.legs[-1].state is not State.ENDED

    @property
    def ears(self) -> Ears:
        """What it hears in its present or last call."""
        if not self.legs:
            raise PhoneError(f"{self.name} has not been in a call yet")
        return self.legs[-1].port.ears

    def hears(self, others: Mapping[str, int], since: float, until: float) -> Mapping[str, float]:
        """For each of the others (name → tone) in how much of a time it was heard."""
        shares = self.ears.tones(list(others.values()), since, until)
        return {name: shares[hz] for name, hz in others.items()}

    def happened(self, what: What, after: float) -> Happening | None:
        """The first such thing after a time."""
        return next((one for one in self.log if one.what is what and one.at > after), None)

    async def wait_for(self, what: What, after: float, patience: float) -> Happening | None:
        """The first such thing after a time, waiting so long for it."""
        deadline = self._loop.time() + patience
        while (found := self.happened(what, after)) is None:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return None
        return found

    def _note(self, leg: Leg, what: What, detail: str) -> None:
        if leg not in self.legs:
            self.legs.append(leg)
        self.log.append(Happening(self._loop.time(), what, detail, leg))
        self._changed.set()
        if what is What.RINGS:
            self._follow_habit(leg)

    def _follow_habit(self, leg: Leg) -> None:
        habit = self.habit
        after_s = leg.asked_to_answer_after_s if habit.answers_if_asked else habit.answers_after_s
        if habit.rejects_with is not None:
            self._loop.call_soon(leg.reject, habit.rejects_with)
        elif after_s is not None:
            self._picking_up = self._loop.call_later(after_s, leg.answer)

    def _live_leg(self, purpose: str) -> Leg:
        if not self.is_busy:
            raise PhoneError(f"{self.name} is not in a call and cannot {purpose}")
        return self.legs[-1]

    def _ringing_leg(self, purpose: str) -> Leg:
        leg = self._live_leg(purpose)
        if leg.state is not State.RINGING:
            raise PhoneError(f"{self.name}'s phone is not ringing: nothing to {purpose}")
        return leg


def _must_be_ok(name: str, wish: str, status: int) -> None:
    if status >= 300:
        raise PhoneError(f"{name} cannot {wish}: the centre answered {status}")
