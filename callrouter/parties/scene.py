"""A scene while it is played: who is on stage, when the last thing happened, what has been seen already.

`within 2s` counts from the last thing that happened, by the loop's clock; each happening is used up by one line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from callrouter.errors import CallrouterError
from callrouter.parties.leg import What
from callrouter.parties.party import Party
from callrouter.parties.stage import Stage
from callrouter.parties.story import Agent, Caller, Outside, Story
from callrouter.parties.verdict import Latency

Kind = Literal["start", "key", "bye", "other"]


class Missed(Exception):
    """The line was not as told; the text says what was there instead."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When the last thing happened, and whether it was a key or a hang-up (those are measured from)."""

    at: float
    kind: Kind


AT_ONCE_S = 0.02
"""What is caused by a key may be seen this much before the key is over."""


class Scene:
    """Made for one playing of one story."""

    def __init__(self, story: Story, stage: Stage, now: Callable[[], float]) -> None:
        self.story, self.stage, self.now = story, stage, now
        self.parties: dict[str, Party] = {}
        self.began = now()
        self.last = Moment(self.began, "start")
        self.heard: list[tuple[str, str]] = []
        self.heard_since: dict[str, float] = {}
        self.latencies: list[Latency] = []
        self.called_at: dict[str, float] = {}
        """Seconds since 1970, for finding the calls in the journal."""
        self._seen: dict[tuple[str, What], float] = {}
        self._acted_at = self.began

    # -- the cast ------------------------------------------------------------------------------------------------

    async def gather(self) -> None:
        """Everybody takes their place: phones registered, agents in the presence they start with."""
        for name, role in self.story.cast.items():
            match role:
                case Caller():
                    self.parties[name] = self.stage.outsider(name, role.number, role.habit)
                case Outside():
                    self.parties[name] = self.stage.outsider(name, role.number, role.habit)
                case Agent():
                    self.parties[name] = party = await self.stage.agent(name, role.agent, role.habit)
                    await self._prepare(party, role)
        self.began = self.now()
        self.happened(self.began, "start")

    async def _prepare(self, party: Party, role: Agent) -> None:
        if role.starts != "unregistered":
            await party.phone.register()
        if role.starts in self.stage.centre.codes and role.starts != "logged out":
            await self.stage.dial_code(party, role.starts)

    async def dismiss(self) -> None:
        """Everybody goes home; whatever goes wrong is told after all have left."""
        wrong: list[str] = []
        for name, party in self.parties.items():
            role = self.story.cast[name]
            agent = role.agent if isinstance(role, Agent) else ""
            try:
                await self.stage.take_back(party, agent)
            except CallrouterError as error:
                wrong.append(str(error))
        if wrong:
            raise Missed("; ".join(wrong))

    # -- time ----------------------------------------------------------------------------------------------------

    def happened(self, at: float, kind: Kind = "other") -> None:
        """Something happened: the next `within` counts from here."""
        self.last = Moment(at, kind)

    def acted(self, at: float, kind: Kind = "other") -> None:
        """Somebody did something: what was heard or seen before it does not count for lines after it."""
        self._acted_at = at
        self.passed(at, kind)

    def passed(self, at: float, kind: Kind = "other") -> None:
        """Time went by: what was heard before does not count, what happened meanwhile does."""
        self.happened(at, kind)
        for name in self.parties:
            self.heard_since[name] = at

    async def expect(self, name: str, what: What, within_s: float) -> str:
        """The next such thing that happens to somebody, in time; after how long."""
        start = self.last
        seen = max(self._seen.get((name, what), self.began), self._acted_at - AT_ONCE_S)
        patience = max(start.at + within_s - self.now(), 0.0) + 0.02
        found = await self.party(name).wait_for(what, seen, patience)
        if found is None:
            raise Missed(f"not within {within_s:g} s; {self.story_of(name)}")
        took = found.at - start.at
        if took > within_s:
            raise Missed(f"only after {took:.2f} s")
        self._seen[name, what] = found.at
        if what is What.RINGS and start.kind in ("key", "bye"):
            self.latencies.append(Latency("key" if start.kind == "key" else "bye", name, took))
        if took > 0:
            self.happened(found.at, "bye" if what is What.ENDED else "other")
        return f"after {max(took, 0.0):.3f} s"

    def party(self, name: str) -> Party:
        return self.parties[name]

    def story_of(self, name: str) -> str:
        """What happened to somebody last, for the one who reads why a line was missed."""
        log = [one for one in self.parties[name].log if one.at >= self.began][-3:]
        told = [f"{one.what}{f' ({one.detail})' if one.detail else ''} at {one.at - self.began:.2f} s" for one in log]
        return f"{name}: {', '.join(told)}" if told else f"nothing has happened to {name}"

    def called(self, name: str) -> None:
        """Somebody dials now: remember when, as the journal counts time."""
        self.called_at[name] = time.time() - 0.5
        for what in What:  # what ended in this very instant was the call before
            self._seen[name, what] = max(self._seen.get((name, what), self.began), self.now() - 0.001)
