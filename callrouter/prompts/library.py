"""Every prompt as sound files for the phone, made once and kept in the cache under a name made from its content.

A text with values in it is pieces: its words are made before any call, its values when they are known. Their names are
known before their sound is: `files` never waits, `ready` does, for as long as it is told to.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile
import structlog

from callrouter.audio import Samples
from callrouter.errors import SetupError
from callrouter.prompts import sound
from callrouter.prompts.ahead import Ahead
from callrouter.prompts.source import SAMPLES, Source, keep
from callrouter.prompts.sources import SPOKEN, Recordable, Sources
from callrouter.prompts.speech import Provider
from callrouter.tree.model import Prompt

log = structlog.get_logger(__name__)

AT_ONCE = min(4, os.cpu_count() or 1)


class PromptLibrary:
    """Prompts by key and language. A recorded file wins over text: the one that the tree names, else
    `<trees>/<tree>/<language>/<node>.wav` (also `<node>.invalid.wav`; `system/ru/ready.wav` for our own words).
    The pieces of a text with values are `<node>.1.wav`, `<node>.2.wav` …; values are said by `recorded_values`, a
    language's folder of sounds named as Asterisk names them, where those can say them, and else by the voice.
    """

    def __init__(
        self,
        cache_folder: Path,
        trees_folder: Path,
        provider: Provider,
        recorded_values: Mapping[str, Path] | None = None,
        *,
        spoken_mb: int = 200,
    ) -> None:
        self._provider = provider
        self._sources = Sources(cache_folder, trees_folder, provider, recorded_values or {})
        self._ahead = Ahead(cache_folder.absolute() / SPOKEN, self._make, AT_ONCE, spoken_mb * 1_000_000)

    async def prepare(
        self,
        prompts: Collection[Prompt],
        languages: Collection[str],
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """Make what is not there yet; `progress` hears how many of how many are done. SetupError says what is wrong."""
        self._sources.demand_named_files(prompts, languages)
        self._sources.look_again()
        wanted = chain.from_iterable(
            self._sources.fixed(prompt, language) for prompt in prompts for language in languages
        )
        missing = {source.stem: source for source in wanted if not source.ready}
        progress(0, len(missing))
        room, done = asyncio.Semaphore(AT_ONCE), 0

        async def make(source: Source) -> None:
            nonlocal done
            async with room:
                await self._make(source)
            done += 1
            progress(done, len(missing))

        work = [asyncio.create_task(make(source), name=f"prompt {source.stem.name}") for source in missing.values()]
        try:
            await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    # --- during calls ------------------------------------------------------------------------------------------------

    def files(self, prompt: Prompt, language: str) -> tuple[str, ...]:
        """What to play: absolute paths without extension; another language's if there is none, and then a log line.
        Empty (and an error in the log) if the prompt was never prepared in any language. Of a prompt with values some
        may not be made yet: wait for them with `ready`, or `ready_now` from a thread."""
        for each in _languages(prompt, language):
            sources = self._all_of(prompt, each)
            if sources and all(source.ready or self._sources.is_spoken(source) for source in sources):
                if each != language:
                    log.warning("prompt_in_other_language", prompt=prompt.key, language=language, used=each)
                self._ahead.ask(source for source in sources if self._sources.is_spoken(source))
                return tuple(str(source.stem) for source in sources)
        log.error("prompt_missing", prompt=prompt.key, language=language)
        return ()

    def _all_of(self, prompt: Prompt, language: str) -> list[Source]:
        """A folder that cannot be read any more costs a prompt, not the call."""
        try:
            return self._sources.all_of(prompt, language)
        except (SetupError, OSError) as error:
            log.error("prompt_unreadable", prompt=prompt.key, language=language, why=str(error))
            return []

    def begin(self, prompts: Iterable[Prompt], language: str) -> None:
        """Ahead of their turn: make what these need, in the background of the running loop."""
        for prompt in prompts:
            self._ahead.begin(self.files(prompt, language))

    def is_ready(self, files: Iterable[str]) -> bool:
        """Whether all of it could be played at once."""
        return not self._ahead.missing(files)

    async def made(self, files: Iterable[str], within_s: float) -> bool:
        """Whether all of it is there within so many seconds; for those who go on waiting, so nothing is logged."""
        return await self._ahead.made(files, within_s)

    async def ready(self, files: tuple[str, ...], within_s: float) -> tuple[str, ...]:
        """The files that are there within so many seconds, in order; of what is late or failed, a line in the log.
        What is late is made nevertheless, for the next time."""
        return await self._ahead.ready(files, within_s)

    def ready_now(self, files: tuple[str, ...], within_s: float) -> tuple[str, ...]:
        """The same for a thread without a loop."""
        return self._ahead.ready_now(files, within_s)

    async def speak(self, prompt: Prompt, language: str, within_s: float) -> tuple[str, ...] | None:
        """All files of a prompt, or None if it cannot be said whole within so many seconds."""
        wanted = self.files(prompt, language)
        there = await self.ready(wanted, within_s)
        return there if wanted and len(there) == len(wanted) else None

    async def close(self) -> None:
        """Stop what is being made."""
        await self._ahead.close()

    # --- for people and their ears -----------------------------------------------------------------------------------

    def recordable(self, prompt: Prompt, language: str) -> list[Recordable]:
        """What a person could record of a prompt: all of it, or its pieces of fixed words."""
        return self._sources.recordable(prompt, language)

    def place_of(self, key: str, language: str) -> Path:
        """Where a recording of this key belongs."""
        return self._sources.place_of(key, language)

    def pcm(self, prompt: Prompt, language: str) -> Samples:
        """The prompt as samples, for recognising it in what a caller hears: of a prompt with values its longest piece
        of fixed words. LookupError if it was not prepared."""
        heard = [
            _samples(sources)
            for each in _languages(prompt, language)
            if (sources := [source for source in self._sources.fixed_words(prompt, each) if source.ready])
        ]
        if not heard:
            raise LookupError(f"the prompt {prompt.key} was not prepared in {language}; call prepare first")
        return heard[0]

    async def _make(self, source: Source) -> None:
        if source.file is not None:
            said, rate = await asyncio.to_thread(sound.read_sound, source.file)
        else:
            said, rate = await self._provider.speak(source.text, source.language)
        await asyncio.to_thread(keep, source, said, rate)


def _languages(prompt: Prompt, language: str) -> Iterator[str]:
    """This one first, then whatever else the prompt is in."""
    yield language
    yield from dict.fromkeys(other for other in (*prompt.text, *prompt.file) if other != language)


def _samples(sources: Collection[Source]) -> Samples:
    """Of the longest one."""
    longest = max(sources, key=lambda source: source.stem.with_suffix(SAMPLES).stat().st_size)
    samples, _ = soundfile.read(longest.stem.with_suffix(SAMPLES), dtype="int16")
    return np.asarray(samples, np.int16)
