"""Plays a story line by line with real calls and gives every line its verdict. Stops at the first miss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from callrouter.errors import CallrouterError
from callrouter.parties.aftermath import facts_of, journal_of, recording_of
from callrouter.parties.deeds import perform
from callrouter.parties.scene import Missed, Scene
from callrouter.parties.stage import Stage
from callrouter.parties.story import Story
from callrouter.parties.verdict import Begins, CallFacts, Ends, Report, StoryResult, Told, Verdict


async def play(story: Story, stage: Stage, report: Report) -> StoryResult:
    """The whole story; everybody has left the stage when it returns."""
    return await _Player(story, stage, report).play()


class _Player:
    def __init__(self, story: Story, stage: Stage, report: Report) -> None:
        self._story, self._report = story, report
        self._now = asyncio.get_running_loop().time
        self._scene = Scene(story, stage, self._now)
        self._verdicts: list[Verdict] = []
        self._facts: tuple[CallFacts, ...] = ()

    async def play(self) -> StoryResult:
        self._report(Begins(self._story.name))
        started = self._now()
        try:
            if await self._judge("the cast takes its place", 1, self._gather(), quiet=True):
                await self._play_lines()
            await self._judge("the facts are told", 1, self._gather_facts(), quiet=True)
        finally:
            await self._judge("everybody goes home", 1, self._dismiss(), quiet=True)
        verdicts, latencies = tuple(self._verdicts), tuple(self._scene.latencies)
        took = self._now() - started
        result = StoryResult(self._story.name, self._story.file, verdicts, took, self._facts, latencies)
        self._report(Ends(result))
        return result

    async def _gather(self) -> str:
        await self._scene.gather()
        return ""

    async def _gather_facts(self) -> str:
        self._facts = await facts_of(self._scene)
        return ""

    async def _dismiss(self) -> str:
        await self._scene.dismiss()
        return ""

    async def _play_lines(self) -> None:
        going = True
        for line in self._story.scene:
            if going:
                going = await self._judge(line.said, line.number, perform(self._scene, line.action))
            else:
                self._skip(line.said, line.number)
        for entry in self._story.journal:
            said = f"journal: {entry.said}"
            if going:
                going = await self._judge(said, entry.number, journal_of(self._scene, entry))
            else:
                self._skip(said, entry.number)
        wish = self._story.recording
        if wish is not None and going:
            await self._judge(wish.said, wish.number, recording_of(self._scene, wish))
        elif wish is not None:
            self._skip(wish.said, wish.number)

    async def _judge(self, said: str, number: int, deed: Awaitable[str], *, quiet: bool = False) -> bool:
        """Do it, note how it went; `quiet`: only if it went wrong."""
        try:
            remark = await deed
        except (Missed, CallrouterError) as wrong:
            self._note(Verdict("MISS", number, said, self._since_start(), str(wrong)))
            return False
        if not quiet:
            self._note(Verdict("ok", number, said, self._since_start(), remark))
        return True

    def _skip(self, said: str, number: int) -> None:
        self._note(Verdict("----", number, said, self._since_start()))

    def _note(self, verdict: Verdict) -> None:
        self._verdicts.append(verdict)
        self._report(Told(self._story.name, verdict))

    def _since_start(self) -> float:
        return self._now() - self._scene.began
