"""The stage: the wires, the media thread and the tones that all parties of all stories share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from callrouter.audio import Samples
from callrouter.parties.centre import Centre
from callrouter.parties.digest import Credentials
from callrouter.parties.leg import What
from callrouter.parties.media import Media
from callrouter.parties.party import Habit, Party
from callrouter.parties.phone import PhoneError
from callrouter.parties.search import Melody
from callrouter.parties.tones import Tones
from callrouter.parties.wire import Wire

T = TypeVar("T")
_CODE_PATIENCE_S, _CONFIRMED_S = 10.0, 0.4


class Stage:
    """`async with Stage(centre) as stage`: lends parties out and takes them back."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.media = Media()
        self.tones = Tones()
        self._listening = ThreadPoolExecutor(1, thread_name_prefix="parties-listening")
        self._melodies: list[Melody] = []
        self._wires: dict[str, Wire] = {}
        self._prompts: dict[tuple[str, str], Samples] = {}

    async def __aenter__(self) -> Self:
        host, port = self.centre.trunk
        self._trunk = await Wire.open(host, port)
        self.media.start()
        self._melodies = await self.listen(lambda: [Melody(piece) for piece in self.centre.music()])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, wrong: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        for wire in [self._trunk, *self._wires.values()]:
            wire.close()
        self._listening.shutdown(wait=True)
        self.media.stop()
        await asyncio.sleep(0)  # lets the loop close the sockets

    async def listen(self, question: Callable[[], T]) -> T:
        """Ask ears something, beside the loop; one question at a time, for ears are not shared by threads."""
        return await asyncio.get_running_loop().run_in_executor(self._listening, question)

    @property
    def melodies(self) -> list[Melody]:
        return self._melodies

    def prompt(self, name: str, language: str) -> Samples:
        """A prompt's sound, fetched once."""
        key = (name, language)
        if key not in self._prompts:
            self._prompts[key] = self.centre.prompt(name, language)
        return self._prompts[key]

    def outsider(self, name: str, number: str, habit: Habit | None = None) -> Party:
        """Somebody who is reached, and reaches us, through the trunk."""
        if number in self._trunk.phones:
            raise PhoneError(f"the number {number} is in use by another party; give {name} another one")
        return Party(
            name, self._trunk, self.media, self.centre.sip, number, hz=self.tones.lend(), habit=habit or Habit()
        )

    async def agent(self, name: str, agent: str, habit: Habit | None = None) -> Party:
        """An agent at a phone of their own, not yet registered."""
        if agent in self._wires:
            raise PhoneError(f"the agent {agent} is on stage already")
        account = self.centre.agent(agent)
        wire = self._wires[agent] = await Wire.open(_own_address(self.centre.sip))
        return Party(
            name, wire, self.media, self.centre.sip, account.user, hz=self.tones.lend(), habit=habit or Habit(),
            who=Credentials(account.user, account.password),
        )  # fmt: skip

    async def dial_code(self, party: Party, wish: str) -> None:
        """An agent dials the feature code for a presence, hears that it is confirmed, and hangs up."""
        code = self.centre.codes[wish]
        start = party.now()
        party.call(code)
        if await party.wait_for(What.ANSWERED, start - 0.001, _CODE_PATIENCE_S) is None:
            refusal = party.happened(What.REFUSED, start - 0.001)
            raise PhoneError(f"{party.name} dialled {code} to be {wish}: {refusal.detail if refusal else 'no answer'}")
        if await party.wait_for(What.ENDED, start, _CONFIRMED_S) is None and party.is_busy:
            await party.hang_up_and_wait()

    async def take_back(self, party: Party, agent: str = "") -> None:
        """A party leaves: hangs up, logs out (nobody is to ring in an empty room), unregisters, gives its tone back."""
        try:
            if party.is_busy:
                await party.hang_up_and_wait()
            if party.phone.is_registered and "logged out" in self.centre.codes:
                await self.dial_code(party, "logged out")
        finally:
            await self._clear_away(party, agent)

    async def _clear_away(self, party: Party, agent: str) -> None:
        try:
            await party.leave()
        finally:
            self.tones.give_back(party.hz)
            wire = self._wires.pop(agent, None)
            if wire is not None:
                wire.close()


def _own_address(centre: tuple[str, int]) -> str:
    """The address of this computer that the centre sees. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(centre)
        host: str = probe.getsockname()[0]
        return host
