"""One round: so many callers dial one engine's number, press a key, are put through, and talk until the agent hangs up.

What callers do is drawn beforehand from a seed, so that both engines get the very same callers.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.versus.centre import KEYS, BothCentre
from bench.versus.phones import LeanMedia, LeanPort, StampedWire
from callrouter.audio import alaw_encode, tone
from callrouter.parties.digest import Credentials
from callrouter.parties.leg import Leg, What
from callrouter.parties.media import Port
from callrouter.parties.message import uri_parts
from callrouter.parties.phone import Phone
from callrouter.parties.rtp import STEP


def _packets(second: bytes) -> Iterator[bytes]:
    return (second[at : at + STEP] for at in range(0, len(second), STEP))


GIVE_UP_S = 60.0
"""A round whose callers have not all talked so long after the last one's talk could have ended is over anyway."""
SETTLE_S = 2.0
"""Asterisk and we clear up after the last call."""
CALLER_HZ, AGENT_HZ = 620, 1150
SAID = {hz: frozenset(_packets(alaw_encode(tone(hz, 1.0)))) for hz in (CALLER_HZ, AGENT_HZ)}
LISTEN_S = 0.3
"""So long before an agent hangs up both begin to listen to each other."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What one caller will do."""

    comes_s: float
    thinks_s: float
    talks_s: float


def draw(count: int, rate: float, talk_s: tuple[float, float], seed: int) -> list[Caller]:
    """Callers at random moments (a Poisson process), with random times of thought and talk."""
    dice = random.Random(seed)
    found, now = [], 0.0
    for _ in range(count):
        now += dice.expovariate(rate)
        found.append(Caller(now, dice.uniform(0.4, 0.9), dice.uniform(*talk_s)))
    return found


@dataclass
class Seen:
    """What the phones saw in one round. Times in seconds."""

    key_to_ring: list[float] = field(default_factory=list)
    free_to_ring: list[float] = field(default_factory=list)
    """Only of agents who became free while somebody stood in line."""
    good: int = 0
    """Calls that were answered, in which both heard each other, and which ended when the agent hung up."""
    lost: list[str] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    lasted_s: float = 0.0


@dataclass
class _Visit:
    """One caller's call."""

    caller: Caller
    phone: Phone
    pressed_at: float = 0.0
    rung_at: float = 0.0
    leg: Leg | None = None
    agent_heard: bool = False
    heard_agent: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Agent:
    """Picks up at once, hangs up when the talk is over."""

    def __init__(self, stage: Rounds, who: Credentials, queue: str) -> None:
        self._stage, self.queue = stage, queue
        self.leg: Leg | None = None
        self.visit: _Visit | None = None
        self.free_at: float | None = None
        """Since when it is free although somebody waits."""
        self.phone = Phone(stage.inside, stage.media, stage.sip, who.user, hz=AGENT_HZ, tell=self._tell, who=who,
                           is_free=lambda: self.leg is None)  # fmt: skip

    def _tell(self, leg: Leg, what: What, _detail: str) -> None:
        loop = self._stage.inside.loop
        if what is What.RINGS:
            self.leg = leg
            self.visit = self._stage.rung(self, uri_parts(leg.dialog.remote.partition("<")[2].partition(">")[0]).user)
            loop.call_soon(leg.answer)
        elif what is What.ANSWERED and self.visit is not None:
            talks = self.visit.caller.talks_s
            loop.call_later(talks - LISTEN_S, self._listen)
            loop.call_later(talks, self._hang_up)
        elif what in (What.ENDED, What.REFUSED):
            self.leg = self.visit = None

    def _listen(self) -> None:
        for leg in self._both():
            assert isinstance(leg.port, LeanPort)
            leg.port.newly_heard()

    def _hang_up(self) -> None:
        if self.leg is None or self.visit is None:
            return
        ours, theirs = (leg.port for leg in self._both())
        self.visit.agent_heard = _hears(ours, CALLER_HZ)
        self.visit.heard_agent = _hears(theirs, AGENT_HZ)
        self.free_at = time.time() if self._stage.somebody_waits(self.queue) else None
        self.leg.hang_up()

    def _both(self) -> tuple[Leg, Leg]:
        assert self.leg is not None
        assert self.visit is not None
        assert self.visit.leg is not None
        return self.leg, self.visit.leg


def _hears(port: Port, hz: int) -> bool:
    """Whether what came lately is a voice with this tone, packet for packet as it was sent."""
    assert isinstance(port, LeanPort)
    return any(payload in SAID[hz] for payload in port.newly_heard())


class Rounds:
    """All phones of both sides; plays round after round."""

    def __init__(self, centre: BothCentre) -> None:
        self.centre, self.sip = centre, centre.sip
        self.media = LeanMedia()
        self._visits: dict[str, _Visit] = {}
        self._seen = Seen()
        self._numbers = 79_000_000_000

    async def begin(self) -> None:
        """The agents' phones are registered."""
        self.inside = await StampedWire.open("127.0.0.1")
        self._outside = await StampedWire.open(*self.centre.trunk)
        self.media.start()
        self._agents = {
            queue: [Agent(self, who, queue) for who in accounts] for queue, accounts in self.centre.agents.items()
        }
        for agents in self._agents.values():
            for agent in agents:
                await agent.phone.register(3600)

    async def end(self) -> None:
        for agents in self._agents.values():
            for agent in agents:
                await agent.phone.unregister()
                await agent.phone.close()
        self.media.stop()
        self.inside.close()
        self._outside.close()

    async def play(self, number: str, queue: str, callers: Sequence[Caller]) -> Seen:
        """These callers, at this number, into this queue."""
        self._seen = Seen()
        for agent in self._due(queue):
            agent.free_at = None
        before, began = self.centre.cpu_s(), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for caller in callers:
                group.create_task(self._visit(number, queue, caller, began))
        await asyncio.sleep(SETTLE_S)
        self._seen.lasted_s = time.monotonic() - began
        self._seen.cpu_s = {name: used - before[name] for name, used in self.centre.cpu_s().items()}
        return self._seen

    def rung(self, agent: Agent, number: str) -> _Visit | None:
        """An agent's phone rings for this caller."""
        at = self.inside.heard_at
        visit = self._visits.get(number.lstrip("+"))
        if visit is None:
            self._seen.lost.append(f"a phone rang for {number}, who has not called")
            return None
        self._note_free(agent, at)
        visit.rung_at = at
        return visit

    def _note_free(self, agent: Agent, at: float) -> None:
        """How long it was free beside a waiting caller; who rings another phone meanwhile took that caller."""
        if agent.free_at is not None:
            self._seen.free_to_ring.append(at - agent.free_at)
            agent.free_at = None
        elif due := self._due(agent.queue):
            min(due, key=lambda other: other.free_at or 0.0).free_at = None

    def _due(self, queue: str) -> list[Agent]:
        """Who is free although somebody waits."""
        return [agent for agent in self._agents[queue] if agent.free_at is not None]

    def somebody_waits(self, queue: str) -> bool:
        """More callers in line than other agents are due to get."""
        now = time.time()
        in_line = [
            visit
            for visit in self._visits.values()
            if visit.pressed_at and not visit.rung_at and now - visit.pressed_at > 0.1
        ]
        return len(in_line) > len(self._due(queue))

    async def _visit(self, number: str, queue: str, caller: Caller, began: float) -> None:
        await asyncio.sleep(max(0.0, began + caller.comes_s - time.monotonic()))
        self._numbers += 1
        name = str(self._numbers)
        answered = asyncio.Event()
        visit = _Visit(caller, Phone(self._outside, self.media, self.sip, name, hz=CALLER_HZ,
                                     tell=lambda _, what, __: self._tell(visit, answered, what)))  # fmt: skip
        self._visits[name] = visit
        try:
            async with asyncio.timeout(GIVE_UP_S + caller.talks_s):
                visit.leg = visit.phone.call(number)
                await answered.wait()
                if visit.over.is_set():
                    return
                await asyncio.sleep(caller.thinks_s)
                visit.leg.port.voice.press(KEYS[queue])
                while not (sent := visit.leg.port.voice.keys_sent):  # noqa: ASYNC110 - a voice knows no loop
                    await asyncio.sleep(0.005)
                visit.pressed_at = sent[0].at
                await visit.over.wait()
        except TimeoutError:
            if visit.leg is not None:
                visit.leg.hang_up()
        finally:
            del self._visits[name]
            self._judge(visit, queue)
            await visit.phone.close()

    def _tell(self, visit: _Visit, answered: asyncio.Event, what: What) -> None:
        if what is What.ANSWERED:
            answered.set()
        elif what in (What.ENDED, What.REFUSED):
            answered.set()
            visit.over.set()

    def _judge(self, visit: _Visit, queue: str) -> None:
        by = visit.leg.ended_by if visit.leg is not None else "nobody"
        if not visit.rung_at:
            self._seen.lost.append(f"never put through, ended by {by}")
        elif not (visit.agent_heard and visit.heard_agent):
            self._seen.lost.append("they did not hear each other")
        elif by != "them":
            self._seen.lost.append(f"ended by {by}, not when the agent hung up")
        else:
            self._seen.good += 1
        if visit.rung_at and queue == "many":
            self._seen.key_to_ring.append(visit.rung_at - visit.pressed_at)


def per_call(rounds: Sequence[Seen], idle: Mapping[str, float]) -> dict[str, float]:
    """CPU milliseconds for each call beyond what an idle centre uses."""
    calls = sum(seen.good for seen in rounds)
    return {name: 1000 * sum(seen.cpu_s[name] - idle[name] * seen.lasted_s for seen in rounds) / calls for name in idle}
