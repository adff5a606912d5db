"""A centre to be simulated, as people write it: queues and agents in the configuration's own words, callers, habits.

See docs/simulation.md. What fits together is checked here, everything wrong at once, each with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, JsonValue, model_validator

from callrouter.config import AgentPart, Queue
from callrouter.config.words import Name, Part, Seconds
from callrouter.documents import Document, close_to
from callrouter.errors import ConfigError, Problem
from callrouter.simulation.durations import Duration, measured
from callrouter.simulation.words import DURATION, RATE, clock_ms, duration, per_second, shift_ms

T = TypeVar("T")


def _written(read: Callable[[str], T], words: str) -> tuple[AfterValidator, object]:
    def check(text: str) -> str:
        read(text)
        return text

    extra: dict[str, JsonValue] = {"x-words": words}
    return AfterValidator(check), Field(json_schema_extra=extra)


Lasting = Annotated[str, *_written(duration, DURATION)] | Annotated[tuple[Seconds, ...], Field(min_length=1)]
"""A law, or a list of seconds that were measured."""
PerTime = Annotated[str, *_written(per_second, RATE)]
Clock = Annotated[str, *_written(clock_ms, "like 08:30")]
Shift = Annotated[str, *_written(shift_ms, "like 08:00-16:30")]
Levels = dict[Name, Annotated[int, Field(ge=1, le=100)]]


class CallersPart(Part):
    """Callers of one queue. Exactly one of `calls`, `by_interval` and `at` says when they come."""

    queue: Name
    calls: PerTime | None = Field(default=None, description="at one rate all day")
    by_interval: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        default=(), description="calls in each half hour (or `minutes`), from the beginning of the day"
    )
    minutes: int = Field(default=30, ge=1, le=1440)
    at: tuple[Annotated[float, Field(ge=0, le=86_400)], ...] = Field(
        default=(), description="recorded: seconds since the beginning of the day"
    )
    talk: Lasting = Field(description="how long they talk")
    patience: Lasting = Field(default="never", description="how long they are ready to wait")
    priority: int = Field(default=0, ge=-100, le=100)
    require: Levels = Field(default={}, description="skills an agent must have, with the lowest level")
    prefer: Levels = Field(default={}, description="skills that are better had")
    wrap_up_asked: float = Field(
        default=0, ge=0, le=1, description="share of them after whom the agent asks for an optional wrap-up"
    )

    @model_validator(mode="after")
    def comes_in_one_way(self) -> Self:
        if sum(map(bool, (self.calls, self.by_interval, self.at))) != 1:
            raise ValueError("say when they call: one of `calls`, `by_interval` and `at`")
        return self


class Crew(AgentPart):
    """An agent, or several alike."""

    name: str = Field(default="", max_length=80)
    count: int = Field(default=1, ge=1, le=20_000, description="so many alike")
    shifts: tuple[Shift, ...] = Field(default=(), description="ready at these times; without it: always")
    talk: dict[Name, Lasting] = Field(default={}, description="queue → how long this agent's talks last there")


class Phones(Part):
    """How agents answer."""

    answered_after: Lasting = "fixed 0"
    missed: float = Field(default=0, ge=0, lt=1, description="share of offers that nobody answers")
    declined: float = Field(default=0, ge=0, lt=1, description="share of offers that are refused")
    unreachable: float = Field(default=0, ge=0, lt=1, description="share of phones that do not even ring")
    away_s: Seconds = Field(default=60, description="who was set NOT_READY for that is back after so long")
    briefing: Lasting = Field(default="fixed 4", description="being told who is coming takes so long, where it is done")

    @model_validator(mode="after")
    def somebody_answers(self) -> Self:
        if self.missed + self.declined + self.unreachable >= 1:
            raise ValueError("nobody ever answers: `missed`, `declined` and `unreachable` are shares of one whole")
        return self


class Scenario(Part):
    """All of it."""

    from_: Clock = Field(default="00:00", alias="from", description="callers count from here …")
    to: Clock = Field(default="24:00", description="… to here; agents' time too")
    warm_up_h: float = Field(
        default=0, ge=0, le=48, description="hours played before `from` and not counted; 0: the day begins empty"
    )
    queues: dict[Name, Queue] = Field(min_length=1)
    agents: dict[Name, Crew] = Field(min_length=1)
    callers: tuple[CallersPart, ...] = Field(min_length=1)
    phones: Phones = Phones()
    lines: int | None = Field(default=None, ge=1, description="calls at once; further callers are turned away")
    switches: dict[Name, tuple[Shift, ...]] = Field(default={}, description="emergency switches, and when they are on")


def read_scenario(document: Document) -> Scenario:
    """The scenario, or ConfigError with everything that is wrong."""
    scenario = document.validate(Scenario)
    problems = [*_unknown_queues(scenario, document), *_unfit(scenario, document)]
    if clock_ms(scenario.to) <= clock_ms(scenario.from_):
        problems.append(document.problem(("to",), "the day ends before it begins; make `to` later than `from`"))
    if problems:
        raise ConfigError(problems)
    return scenario


def _unknown_queues(scenario: Scenario, document: Document) -> Iterator[Problem]:
    for path, queue in _named_queues(scenario):
        if queue not in scenario.queues:
            words = f"there is no queue `{queue}` under `queues`{close_to(queue, list(scenario.queues))}"
            yield document.problem(path, words)


def _unfit(scenario: Scenario, document: Document) -> Iterator[Problem]:
    crews = list(scenario.agents)
    for name, crew in scenario.agents.items():
        for n, mentor in enumerate(crew.mentors):
            path = ("agents", name, "mentors", n)
            if mentor == name:
                yield document.problem(path, f"{name} cannot be their own mentor; name somebody else")
            elif mentor not in crews:
                words = f"there is no agent `{mentor}` under `agents`{close_to(mentor, crews)}"
                yield document.problem(path, words)
    obeyed = [queue.switch for queue in scenario.queues.values() if queue.switch is not None]
    for name in scenario.switches:
        if name not in obeyed:
            words = f"no queue has `switch: {name}`{close_to(name, obeyed)}"
            yield document.problem(("switches", name), words)


def _named_queues(scenario: Scenario) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, queue in scenario.queues.items():
        if queue.overflow != "hangup":
            yield ("queues", name, "overflow"), queue.overflow
    for name, crew in scenario.agents.items():
        yield from ((("agents", name, "queues", n), queue) for n, queue in enumerate(crew.queues))
        yield from ((("agents", name, "talk", queue), queue) for queue in crew.talk)
    for n, callers in enumerate(scenario.callers):
        yield ("callers", n, "queue"), callers.queue


def lasting(written: str | tuple[float, ...]) -> Duration:
    return duration(written) if isinstance(written, str) else measured(written)


def people(scenario: Scenario) -> Mapping[str, Crew]:
    """Agent → what they are; `nina` with a count of 3 is nina1, nina2 and nina3, and a mentor `nina` is any of them."""
    names = {name: tuple(_names(name, crew.count)) for name, crew in scenario.agents.items()}
    found: dict[str, Crew] = {}
    for name, crew in scenario.agents.items():
        mentors = tuple(one for mentor in crew.mentors for one in names[mentor])
        each = crew.model_copy(update={"mentors": mentors}) if mentors else crew
        found |= dict.fromkeys(names[name], each)
    return found


def _names(name: str, count: int) -> Iterator[str]:
    for number in range(1, count + 1):
        yield name if count == 1 else f"{name}{number:0{len(str(count))}}"
