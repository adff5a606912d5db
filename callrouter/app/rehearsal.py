"""`callrouter rehearse` and `callrouter demo`: stories played with real calls, told while they happen."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from callrouter.app.centre import banner
from callrouter.app.own import OwnCentre, own_centre
from callrouter.app.site import Site, spoken
from callrouter.app.stage import RunningCentre
from callrouter.centre.parent import ChildNews
from callrouter.config import AgentPart, Config
from callrouter.parties.centre import Centre
from callrouter.parties.crowd import Plan as CrowdPlan
from callrouter.parties.crowd import crowd
from callrouter.parties.narrate import narrator, summary, table
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.story import Story
from callrouter.parties.verdict import StoryResult

RING_S = 2
"""How long a simulated agent takes to answer, generously."""
CROWD_AGENTS = 90
"""More tones than this cannot be told apart on one line."""
STORIES = Path(__file__).resolve().parents[2] / "stories"


async def rehearse_own(files: Sequence[Path], config: Path, *, json: bool) -> bool:
    """Start a centre, play, stop it."""
    stories = read_stories(files)
    console = Console(stderr=json)
    async with own_centre(config, tell=teller(console)) as own:
        return finish(await _played(stories, own.stage, console), console, json=json)


async def rehearse_running(files: Sequence[Path], site: Site, *, json: bool) -> bool:
    """Play against the centre that is running."""
    stories = read_stories(files)
    console = Console(stderr=json)
    library = site.prompt_library()
    await library.prepare(spoken(site), site.languages)
    line = site.open_line()
    try:
        return finish(await _played(stories, RunningCentre(site, line, library), console), console, json=json)
    finally:
        await line.close()


@dataclass(frozen=True, slots=True)
class BusyHour:
    """So many more callers after the stories, at such a rate, who press these keys and talk so long."""

    calls: int
    rate: float
    talk_s: float
    keys: str

    def agents_needed(self, config: Config) -> int:
        """Enough that nobody waits for long: Little's law, and a third more."""
        after = (queue.wrap_up.seconds for queue in config.queues.values() if queue.wrap_up.mode in ("timed", "strict"))
        busy_s = self.talk_s + max(after, default=0) + RING_S
        return min(CROWD_AGENTS, math.ceil(self.rate * busy_s * 4 / 3))


async def demo(config: Path, busy: BusyHour, *, keep: bool) -> bool:
    """The shipped stories at once, told live; then, if wanted, a busy hour."""
    console = Console()
    began = time.monotonic()
    stories = read_stories(sorted(STORIES.glob("*.yaml")))
    console.print(f"A private centre starts: Redis, Asterisk, workers. Then {len(stories)} stories with real calls.")

    def crowded(shipped: Config) -> Config:
        """With agents for the busy hour, who are logged out until it begins."""
        newcomers = range(busy.agents_needed(shipped) if busy.calls else 0)
        crowd_agents = {f"crowd{n}": AgentPart(name=f"Crowd {n}", queues=tuple(shipped.queues)) for n in newcomers}
        return shipped.model_copy(update={"agents": {**shipped.agents, **crowd_agents}})

    async with own_centre(config, change=crowded, tell=teller(console)) as own:
        results = await _played(stories, own.stage, console)
        if busy.calls:
            results += await _busy_hour(own, busy, console)
        good = finish(results, console, json=False)
        console.print(f"{time.monotonic() - began:.1f} s in all, the centre's start included.")
        if keep:
            console.print("\n".join(banner(own.site)), markup=False)
            await asyncio.Event().wait()
        return good


async def _busy_hour(own: OwnCentre, busy: BusyHour, console: Console) -> list[StoryResult]:
    plan = CrowdPlan(
        number=own.site.config.numbers[0].number,
        keys=busy.keys.split(),
        agents=[agent for agent in own.site.config.agents if agent.startswith("crowd")],
        calls=busy.calls,
        rate=busy.rate,
        talk_s=busy.talk_s,
    )
    return await crowd(own.stage, plan, report=narrator(console))


async def _played(stories: Sequence[Story], centre: Centre, console: Console) -> list[StoryResult]:
    return await rehearse(stories, centre, report=narrator(console))


def finish(results: Sequence[StoryResult], console: Console, *, json: bool) -> bool:
    """The table, or JSON; whether all went as told."""
    if json:
        sys.stdout.buffer.write(msgspec.json.encode([result.as_json() for result in results]) + b"\n")
    else:
        console.print(table(results))
    console.print(summary(results))
    return all(result.went_as_told for result in results)


def teller(console: Console) -> Callable[[ChildNews], None]:
    """Tells what becomes of the centre's processes."""

    def tell(news: ChildNews) -> None:
        if news.what in ("ready", "died", "failed", "killed"):
            console.print(f"  {news.child} is {news.what} {news.detail}".rstrip(), style="dim", markup=False)

    return tell
