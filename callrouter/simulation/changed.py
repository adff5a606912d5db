"""A centre with something changed: a document that says only what is different, laid over what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from callrouter.config import AgentPart, Queue
from callrouter.config.words import Name, Part
from callrouter.documents import Document, KeyPath, Value, close_to
from callrouter.errors import ConfigError, Problem


class Member(AgentPart):
    """An agent; one who was not there says whom they work like."""

    name: str = Field(default="", max_length=80)
    like: Name | None = Field(default=None, description="works the same hours, talks and answers like this agent")


class Changed(Part):
    """Queues and agents after the change."""

    queues: dict[Name, Queue] = Field(default={})
    agents: dict[Name, Member] = Field(default={})
    without: tuple[Name, ...] = Field(default=(), description="agents who are not there")


@dataclass(frozen=True, slots=True)
class Centre:
    """Who takes calls by what rules."""

    queues: Mapping[str, Queue]
    agents: Mapping[str, AgentPart]


def changed(centre: Centre, document: Document, without: Sequence[str] = (), more: Sequence[str] = ()) -> Changed:
    """The centre with the document's words laid over it, without some agents, and with one more for each of `more`, who
    works like that agent. ConfigError with everything that is wrong."""
    there = replace(document, value=_laid_over(centre, document.value, without, more))
    found = there.validate(Changed)
    problems = list(_unfit(found, centre, there))
    if problems:
        raise ConfigError(problems)
    agents = {name: agent for name, agent in found.agents.items() if name not in found.without}
    return found.model_copy(update={"agents": agents})


def likes(found: Changed) -> dict[str, str]:
    return {name: agent.like for name, agent in found.agents.items() if agent.like is not None}


def _laid_over(centre: Centre, given: Value, without: Sequence[str], more: Sequence[str]) -> Value:
    said = dict(given) if isinstance(given, dict) else {}
    agents: dict[str, Value] = {name: _dumped(part, Member.model_fields) for name, part in centre.agents.items()}
    queues: dict[str, Value] = {name: _dumped(part, Queue.model_fields) for name, part in centre.queues.items()}
    for name in more:
        twin = agents.get(name)
        if isinstance(twin, dict):
            agents[_new_name(name, agents)] = {**twin, "like": name}
    return {
        **said,
        "queues": _over(queues, said.get("queues")),
        "agents": _over(agents, said.get("agents")),
        "without": [*_list(said.get("without")), *without],
    }


def _dumped(part: Part, fields: Mapping[str, object]) -> Value:
    dumped = part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {name: value for name, value in dumped.items() if name in fields}


def _new_name(name: str, taken: Mapping[str, object]) -> str:
    return next(new for number in range(2, 100_000) if (new := f"{name[:30]}-{number}") not in taken)


def _over(there: dict[str, Value], said: Value) -> Value:
    """Each named part gets the new words; what is not understood is left for the check to tell."""
    if not isinstance(said, dict):
        return there if said is None else said
    for name, words in said.items():
        before = there.get(name)
        there[name] = {**before, **words} if isinstance(before, dict) and isinstance(words, dict) else words
    return there


def _list(said: Value) -> list[Value]:
    return said if isinstance(said, list) else [] if said is None else [said]


def _unfit(found: Changed, centre: Centre, document: Document) -> Iterator[Problem]:
    queues, agents = list(found.queues), list(found.agents)
    for name, agent in found.agents.items():
        for n, queue in enumerate(agent.queues):
            if queue not in found.queues:
                yield _unknown(document, ("agents", name, "queues", n), "queue", queue, queues)
        for n, mentor in enumerate(agent.mentors):
            if mentor not in found.agents:
                yield _unknown(document, ("agents", name, "mentors", n), "agent", mentor, agents)
        if agent.like is not None and agent.like not in centre.agents:
            yield _unknown(document, ("agents", name, "like"), "agent", agent.like, list(centre.agents))
        if agent.like is None and name not in centre.agents:
            words = f"`{name}` was not there that day; say whom they work like: `like: {next(iter(centre.agents), '')}`"
            yield document.problem(("agents", name), words)
    for name, rules in found.queues.items():
        if rules.overflow != "hangup" and rules.overflow not in found.queues:
            yield _unknown(document, ("queues", name, "overflow"), "queue", rules.overflow, queues)
    for n, name in enumerate(found.without):
        if name not in found.agents:
            yield _unknown(document, ("without", n), "agent", name, agents)


def _unknown(document: Document, path: KeyPath, kind: str, name: str, known: Sequence[str]) -> Problem:
    return document.problem(path, f"there is no {kind} `{name}`{close_to(name, known)}")
