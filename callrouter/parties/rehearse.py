"""Plays stories against a running centre, several at once where they do not need the same people, queues or numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from callrouter.errors import ConfigError, Problem
from callrouter.parties.centre import Centre
from callrouter.parties.player import play
from callrouter.parties.stage import Stage
from callrouter.parties.story import Fault, Story
from callrouter.parties.verdict import Report, StoryResult

_EVERYTHING = "everything"
Needs = frozenset[str]


async def rehearse(stories: Sequence[Story], centre: Centre, *, report: Report, at_once: int = 8) -> list[StoryResult]:
    """Play them all; their results in the order of the stories. ConfigError if one names what the centre has not."""
    problems = [problem for story in stories for problem in check(story, centre)]
    if problems:
        raise ConfigError(problems)
    async with Stage(centre) as stage:
        return await _play_all(stories, stage, report, at_once)


async def _play_all(stories: Sequence[Story], stage: Stage, report: Report, at_once: int) -> list[StoryResult]:
    waiting = list(enumerate(stories))
    playing: dict[asyncio.Task[StoryResult], tuple[int, Needs]] = {}
    results: dict[int, StoryResult] = {}
    try:
        while waiting or playing:
            for number, story in _startable(waiting, [needs for _, needs in playing.values()], at_once, stage.centre):
                waiting.remove((number, story))
                task = asyncio.create_task(play(story, stage, report), name=f"story {story.name}")
                playing[task] = (number, needs_of(story, stage.centre))
            done, _ = await asyncio.wait(playing, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                results[playing.pop(task)[0]] = task.result()
    finally:
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
    return [results[number] for number in sorted(results)]


def _startable(
    waiting: Sequence[tuple[int, Story]], busy: Sequence[Needs], at_once: int, centre: Centre
) -> list[tuple[int, Story]]:
    """Those that need nothing that is in use, in their order."""
    taken = list(busy)
    chosen = []
    for number, story in waiting:
        needs = needs_of(story, centre)
        if len(taken) < at_once and all(_go_together(needs, other) for other in taken):
            taken.append(needs)
            chosen.append((number, story))
    return chosen


def _go_together(one: Needs, other: Needs) -> bool:
    return _EVERYTHING not in one | other and not one & other


def needs_of(story: Story, centre: Centre) -> Needs:
    """What a story must have to itself: its agents, the queues they serve, its numbers; all, if something breaks."""
    if any(isinstance(line.action, Fault) for line in story.scene):
        return frozenset({_EVERYTHING})
    queues = story.queues.union(*(centre.queues_of(agent) for agent in story.agents))
    named = {"agent": story.agents, "queue": queues, "number": story.numbers}
    return frozenset(f"{kind} {name}" for kind, names in named.items() for name in names)


def check(story: Story, centre: Centre) -> Iterator[Problem]:
    """What a story names and the centre does not have."""
    for agent in sorted(story.agents):
        if not _has(lambda: centre.agent(agent)):  # noqa: B023 - asked at once
            yield Problem(story.file, 1, 1, "who", f"the centre has no agent `{agent}`; name one of its config/")
    for name, language in sorted(story.prompts):
        if not _has(lambda: centre.prompt(name, language)):  # noqa: B023 - asked at once
            words = f"the centre has no prompt `{name}` in {language}; a prompt is named tree.node"
            yield Problem(story.file, 1, 1, "scene", words)


def _has(question: Callable[[], object]) -> bool:
    try:
        question()
    except KeyError:
        return False
    return True
