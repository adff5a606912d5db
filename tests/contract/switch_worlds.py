"""Two worlds with the same people in them: one in memory, one with a real Asterisk, real SIP and real sound."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from callrouter.asterisk import holdings
from callrouter.asterisk.phones import Phone, provision
from callrouter.asterisk.requests import Request, Requests
from callrouter.asterisk.switch import AsteriskSwitch
from callrouter.audio import tone
from callrouter.centre.sounds import write_both_laws
from callrouter.engine.ports import Switch
from callrouter.errors import LegGone
from callrouter.parties.digest import Credentials
from callrouter.parties.leg import State, What
from callrouter.parties.media import Media
from callrouter.parties.party import Habit, Party
from callrouter.parties.wire import Wire
from callrouter.telephony import LegId, PhoneId, SwitchEvent
from tests.asterisk.private_asterisk import TRUNK, PrivateAsterisk
from tests.fakes.switch import Exchange, FakeSwitch

PATIENCE_S = 4.0
TONES = {"caller": 1150, "anna": 610, "boris": 830}
One = TypeVar("One")


@dataclass
class Heard:
    """What a worker was told, in order; `next` waits for one kind and takes it out."""

    events: list[SwitchEvent] = field(default_factory=list)
    all: list[SwitchEvent] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: SwitchEvent) -> None:
        self.events.append(event)
        self.all.append(event)
        self._more.set()

    async def next(self, kind: type[One], patience_s: float = PATIENCE_S, **fields: object) -> One:
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    for event in self.events:
                        if isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items()):
                            self.events.remove(event)
                            return event
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind.__name__} {fields}; heard {self.all}") from None

    def count(self, kind: type, leg: LegId) -> int:
        return sum(isinstance(event, kind) and getattr(event, "leg", None) == leg for event in self.all)


class Person(Protocol):
    """Somebody with a phone."""

    async def pick_up(self) -> None: ...
    async def refuse(self, status: int) -> None: ...
    async def hang_up(self) -> None: ...
    async def press(self, key: str) -> None: ...
    async def hold(self) -> None: ...
    async def resume(self) -> None: ...
    async def go_away(self) -> None: ...
    async def dial(self, code: str) -> None: ...
    async def hears(self, whom: str) -> bool: ...
    async def meets_fallback(self) -> bool: ...


class World(Protocol):
    prompt: str
    """A prompt's path; it lasts long enough to press a key, and ends soon."""

    async def worker(self, name: str = "w1", *, replaces: bool = False) -> tuple[Switch, Heard]: ...
    async def kill(self, name: str) -> None: ...
    async def caller(self, number: str = "84951234567", shown_name: str = "") -> Person: ...
    async def phone(self, name: str) -> Person: ...
    async def prompts_end(self) -> None: ...
    async def close(self) -> None: ...


class FakePerson:
    def __init__(self, exchange: Exchange, name: str, leg: LegId | None = None) -> None:
        self._exchange, self._name, self._leg = exchange, name, leg

    @property
    def leg(self) -> LegId:
        rung = (leg for leg, known in self._exchange.legs.items() if known.phone == self._name)
        return self._leg or next(rung)

    async def pick_up(self) -> None:
        self._exchange.pick_up(self.leg)

    async def refuse(self, status: int) -> None:
        self._exchange.refuse(self.leg, {486: 17, 603: 21}[status])

    async def hang_up(self) -> None:
        self._exchange.hang_up(self.leg)

    async def press(self, key: str) -> None:
        self._exchange.press(self.leg, key)

    async def hold(self) -> None:
        self._exchange.hold(self.leg)

    async def resume(self) -> None:
        self._exchange.resume(self.leg)

    async def go_away(self) -> None:
        self._exchange.register(PhoneId(self._name), False)

    async def dial(self, code: str) -> None:
        self._leg = self._exchange.dial_code(PhoneId(self._name), code)

    async def hears(self, whom: str) -> bool:
        others = self._exchange.talk_to(self.leg)
        return any((self._exchange.legs[leg].phone or "caller") == whom for leg in others)

    async def meets_fallback(self) -> bool:
        return self.leg in self._exchange.fallback


class FakeWorld:
    prompt = "/prompts/short"

    def __init__(self) -> None:
        self.exchange = Exchange()

    async def worker(self, name: str = "w1", *, replaces: bool = False) -> tuple[Switch, Heard]:
        switch, heard = FakeSwitch(self.exchange, name), Heard()
        switch.listen(heard.take)
        return switch, heard

    async def kill(self, name: str) -> None:
        self.exchange.switches[name].alive = False

    async def caller(self, number: str = "84951234567", shown_name: str = "") -> Person:
        return FakePerson(self.exchange, "caller", self.exchange.arrive(number, "79161112233", shown_name))

    async def phone(self, name: str) -> Person:
        self.exchange.register(PhoneId(name))
        return FakePerson(self.exchange, name)

    async def prompts_end(self) -> None:
        for leg in tuple(self.exchange.legs):
            self.exchange.finish_prompt(leg)

    async def close(self) -> None:
        """Nothing is left behind."""


class RealPerson:
    def __init__(self, party: Party) -> None:
        self.party = party

    async def pick_up(self) -> None:
        if not self.party.legs or self.party.legs[-1].state is not State.RINGING:
            assert await self.party.wait_for(What.RINGS, 0, PATIENCE_S)
        self.party.answer()

    async def refuse(self, status: int) -> None:
        self.party.reject(status)

    async def hang_up(self) -> None:
        self.party.hang_up()

    async def press(self, key: str) -> None:
        await self.party.press(key)

    async def hold(self) -> None:
        await self.party.hold()

    async def resume(self) -> None:
        await self.party.resume()

    async def go_away(self) -> None:
        await self.party.phone.unregister()

    async def dial(self, code: str) -> None:
        self.party.call(code)

    async def hears(self, whom: str) -> bool:
        """In at least nine tenths of half a second, and nobody else of those with a tone in more than a tenth."""
        loop = asyncio.get_running_loop()
        for _ in range(4):
            since = loop.time()
            await asyncio.sleep(0.5)
            shares: Mapping[str, float] = self.party.hears(TONES, since, loop.time())
            if shares[whom] >= 0.9 and all(share < 0.1 for name, share in shares.items() if name != whom):
                return True
        return False

    async def meets_fallback(self) -> bool:
        """The fallback answers the call; no worker does."""
        return await self.party.wait_for(What.ANSWERED, 0, PATIENCE_S) is not None


class RealWorld:
    def __init__(self, asterisk: PrivateAsterisk, folder: Path) -> None:
        self._asterisk = asterisk
        self._media = Media()
        self._media.start()
        self._wires: list[Wire] = []
        self._parties: list[Party] = []
        self._workers: dict[str, tuple[AsteriskSwitch, asyncio.Task[None]]] = {}
        self._heard: dict[str, Heard] = {}
        self._replaced: list[tuple[AsteriskSwitch, asyncio.Task[None]]] = []
        write_both_laws(tone(400, 1.0), folder / "prompt")
        self.prompt = str(folder / "prompt")

    async def worker(self, name: str = "w1", *, replaces: bool = False) -> tuple[Switch, Heard]:
        if replaces:
            self._replaced.append(self._workers.pop(name))
        heard = self._heard[name] = Heard()
        switch = AsteriskSwitch(name, self._asterisk.ari, self._asterisk.ami, self._asterisk.recordings)
        switch.listen(heard.take)
        self._workers[name] = (switch, asyncio.create_task(switch.run(), name=f"switch:{name}"))
        async with asyncio.timeout(PATIENCE_S):
            await switch.up.wait()
        return switch, heard

    def at(self, name: str) -> tuple[AsteriskSwitch, Heard]:
        return self._workers[name][0], self._heard[name]

    async def kill(self, name: str) -> None:
        switch, running = self._workers.pop(name)
        await _end(switch, running)

    async def caller(self, number: str = "84951234567", shown_name: str = "") -> Person:
        party = await self._party("caller", TRUNK, "79161112233", None, shown_name)
        party.call(number)
        return RealPerson(party)

    async def phone(self, name: str) -> Person:
        switch, _ = next(iter(self._workers.values()))
        await provision(switch.requests, [Phone(PhoneId(name), "secret-word")])
        party = await self._party(name, "127.0.0.1", name, Credentials(name, "secret-word"))
        await party.phone.register()
        return RealPerson(party)

    async def _party(self, name: str, host: str, user: str, who: Credentials | None, shown: str = "") -> Party:
        wire = await Wire.open(host)
        self._wires.append(wire)
        party = Party(
            name, wire, self._media, self._asterisk.sip, user, hz=TONES[name], habit=Habit(), shown_name=shown, who=who
        )
        self._parties.append(party)
        return party

    async def prompts_end(self) -> None:
        """They do so by themselves."""

    async def close(self) -> None:
        for switch, running in (*self._workers.values(), *self._replaced):
            await _end(switch, running)
        await self._end_calls()
        for party in self._parties:
            if party.is_busy:
                await party.wait_for(What.REFUSED, 0, 0.5) or await party.wait_for(What.ENDED, 0, 0.5)
        for party in self._parties:
            await party.leave()
        for wire in self._wires:
            wire.close()
        self._media.stop()

    async def _end_calls(self) -> None:
        requests = Requests(self._asterisk.ari)
        for leg in await holdings.channels(requests):
            with suppress(LegGone):
                await requests.send(Request("DELETE", ("channels", leg)))
        await requests.close()


async def _end(switch: AsteriskSwitch, running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await switch.close()
