"""A queue: who takes its calls, and what its callers go through while they wait."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from callrouter.config.briefing import Briefing
from callrouter.config.callback import CallbackRules
from callrouter.config.doors import Empty, QueueHours
from callrouter.config.words import Level, Name, Part, Seconds, moved


class Relax(Part):
    """After this length of waiting less is needed; what has fallen is still preferred."""

    after_s: Seconds
    drop: tuple[Name, ...] | Literal["all"] = Field(default=(), description="skills no longer needed, or `all`")
    lower: int = Field(default=0, ge=0, le=10, description="every needed level falls by so much")


class ServiceLevel(Part):
    """What the queue promises: so many per cent answered within so many seconds."""

    percent: float = Field(default=80, gt=0, le=100, description="for reports")
    within_s: Seconds = Field(default=20, description="callers of a queue that promises less time go so much earlier")


class Announce(Part):
    """What the queue tells its callers now and then, in the words of system.* prompts (docs/prompts.md)."""

    position: bool = Field(default=False, description="how many are before them; never more than they were told before")
    expected_wait: bool = Field(
        default=False, description="how long it will probably take; nothing while that has proved wrong, or is untested"
    )
    first_s: float = Field(default=20, ge=1, le=3600, description="so long after joining, if they still wait")
    every_s: float = Field(default=60, ge=10, le=3600)
    most_error: float = Field(
        default=0.75, gt=0, le=10, description="median error beyond which no time is told: 0.75 is 75 % of the wait"
    )


class WrapUp(Part):
    """An agent's time for notes after a call."""

    mode: Literal["none", "optional", "timed", "strict"] = Field(
        default="timed",
        description="optional: only if the agent asks (*14); timed: *11 ends it early; strict: nothing ends it early",
    )
    seconds: float = Field(default=10, gt=0, le=3600, description="how long, and by how much *14 makes it longer")
    longest_s: float = Field(default=120, gt=0, le=7200, description="with all that was asked for")
    asked_within_s: float = Field(
        default=15, ge=0, le=600, description="optional: so long after a call the agent may still ask, if no call came"
    )


class Vain(Part):
    """What an offer in vain means for its agent: a rest that grows with each in a row, or NOT_READY."""

    limit: int = Field(default=0, ge=0, le=20, description="so many in a row set the agent NOT_READY; 0: never")
    rest_s: float = Field(default=5, ge=1, le=3600, description="no offers for so long after the first")
    factor: float = Field(default=2, ge=1, le=10, description="each further one in a row makes the rest so much longer")
    longest_s: float = Field(default=120, ge=1, le=7200, description="the longest that the rest grows")


class Missed(Vain):
    """A phone that rang and was not answered is probably a phone without anybody."""

    limit: int = Field(default=1, ge=0, le=20, description="so many in a row set the agent NOT_READY; 0: never")


class InVain(Part):
    """The four ways in which an offer comes to nothing, each with its own rule."""

    missed: Missed = Field(default=Missed(), description="the phone rang, nobody answered")
    declined: Vain = Field(default=Vain(), description="the agent refused it (SIP 603)")
    busy: Vain = Field(default=Vain(), description="the phone was busy (SIP 486, which many phones send for `decline`)")
    unreachable: Vain = Field(default=Vain(), description="the phone could not be rung, or did not ring in time")


class Queue(Part):
    """A line of waiting callers."""

    model_config = ConfigDict(
        json_schema_extra=moved(
            wrap_up_s="`wrap_up: {seconds: 10}`, or `wrap_up: {mode: none}` for 0",
            missed_limit="`in_vain: {missed: {limit: 1}}`",
        )
    )

    name: str = Field(min_length=1, max_length=80)
    strategy: Literal[
        "longest_idle", "fewest_calls", "least_talk_time", "round_robin", "top_down", "random", "ring_all"
    ] = Field(
        default="longest_idle",
        description="which of the able agents gets a call; with ring_all the phones of all of them ring at once",
    )
    best_level_first: bool = Field(
        default=False,
        description="the highest levels of what the caller needs first; the strategy decides among equals",
    )
    priority: int = Field(default=0, ge=-100, le=100, description="one point is worth a minute of waiting")
    skills: dict[Name, Level] = Field(default={}, description="what every agent must have for callers here, from level")
    relax: tuple[Relax, ...] = Field(default=(), description="needs that fall while a caller waits")
    service_level: ServiceLevel = ServiceLevel()
    sticky_s: float = Field(
        default=20,
        ge=0,
        le=3600,
        description="so long a caller waits for the agent who helped last, if the tree wants it",
    )
    ring_s: int = Field(default=15, ge=3, le=120, description="how long one agent's phone rings")
    silent_s: float = Field(
        default=5, ge=1, le=120, description="a phone that does not even begin to ring for so long is unreachable"
    )
    max_wait_s: Seconds = Field(default=600, description="then `overflow`")
    overflow: Name | Literal["hangup"] = Field(
        default="hangup",
        description="another queue, or hangup (after a polite word): after the longest wait, and for those whom a rule "
        "below sends away, unless the tree has a way for them",
    )
    max_waiting: int | None = Field(
        default=None, ge=1, le=100_000, description="nobody joins a line of so many callers"
    )
    long_wait_s: Seconds | None = Field(
        default=None,
        description="a tree may lead elsewhere (`long_wait`) while somebody new would wait longer",
    )
    empty: Empty = Empty()
    hours: QueueHours | None = Field(default=None, description="nothing: served at any time")
    switch: Name | None = Field(
        default=None, description="while this emergency switch is on nobody joins, and who waits leaves the line"
    )
    ring_back_s: float = Field(
        default=0, ge=0, le=3600, description="who drops out of the line and rings again in time has the place back"
    )
    music: Name = "default"
    announce: Announce = Announce()
    wrap_up: WrapUp = WrapUp()
    in_vain: InVain = InVain()
    record: bool = True
    briefing: Briefing = Field(default=Briefing(), description="what an agent sees, hears and does before talking")
    callback: CallbackRules | None = Field(
        default=None, description="calls people back who asked for it; without it they are only noted"
    )

    @property
    def rings_all(self) -> bool:
        return self.strategy == "ring_all"
