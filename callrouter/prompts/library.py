"""Every prompt as sound files for the phone, made once and kept in the cache under a name made from its content."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import structlog

from callrouter.audio import RATE, Samples, alaw_encode, ulaw_encode
from callrouter.errors import SetupError
from callrouter.prompts import sound
from callrouter.prompts.speech import Provider, clean_text
from callrouter.tree.model import Prompt

log = structlog.get_logger(__name__)

AT_ONCE = min(4, os.cpu_count() or 1)
RECORDED = (".wav", ".flac", ".ogg", ".mp3")
MADE = (".alaw", ".ulaw", ".wav")
"""What is made of each prompt: the two telephone laws for Asterisk, and the plain samples for ears that compare."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a prompt's sound is made from, and where it goes: `stem` plus each suffix of MADE."""

    stem: Path
    language: str
    text: str = ""
    file: Path | None = None

    @property
    def ready(self) -> bool:
        return all(self.stem.with_suffix(suffix).exists() for suffix in MADE)


class PromptLibrary:
    """Prompts by key and language. A recorded file wins over text: the one that the tree names, else
    `<trees>/<tree>/<language>/<node>.wav` (also `<node>.invalid.wav`; `system/ru/ready.wav` for our own words)."""

    def __init__(self, cache_folder: Path, trees_folder: Path, provider: Provider) -> None:
        self._cache, self._trees, self._provider = cache_folder.absolute(), trees_folder.absolute(), provider
        self._hashes: dict[tuple[Path, int, int], str] = {}

    async def prepare(
        self,
        prompts: Collection[Prompt],
        languages: Collection[str],
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """Make what is not there yet; `progress` hears how many of how many are done. SetupError says what is wrong."""
        self._demand_named_files(prompts, languages)
        wanted = (self._source(prompt, language) for prompt in prompts for language in languages)
        missing = {source.stem: source for source in wanted if source is not None and not source.ready}
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

    def files(self, prompt: Prompt, language: str) -> tuple[str, ...]:
        """What to play: absolute paths without extension; another language's if there is none, and then a log line.
        Empty (and an error in the log) if the prompt was never prepared in any language."""
        source = self._ready(prompt, language)
        if source is None:
            log.error("prompt_missing", prompt=prompt.key, language=language)
            return ()
        if source.language != language:
            log.warning("prompt_in_other_language", prompt=prompt.key, language=language, used=source.language)
        return (str(source.stem),)

    def pcm(self, prompt: Prompt, language: str) -> Samples:
        """The prompt as samples, for recognising it in what a caller hears. LookupError if it was not prepared."""
        source = self._ready(prompt, language)
        if source is None:
            raise LookupError(f"the prompt {prompt.key} was not prepared in {language}; call prepare first")
        samples, _ = soundfile.read(source.stem.with_suffix(".wav"), dtype="int16")
        return np.asarray(samples, np.int16)

    def _ready(self, prompt: Prompt, language: str) -> Source | None:
        others = (other for other in (*prompt.text, *prompt.file) if other != language)
        sources = (self._source(prompt, each) for each in (language, *others))
        return next((source for source in sources if source is not None and source.ready), None)

    def _source(self, prompt: Prompt, language: str) -> Source | None:
        file = self._recorded(prompt, language)
        if file is not None:
            content = self._hash_of(file)
            return Source(self._stem(language, "file", content), language, file=file)
        text = clean_text(prompt.text.get(language, ""))
        if not text:
            return None
        return Source(self._stem(language, "text", self._provider.version, text), language, text=text)

    def _stem(self, language: str, *parts: str) -> Path:
        digest = hashlib.sha256("\n".join((sound.VERSION, language, *parts)).encode())
        return self._cache / language / digest.hexdigest()[:24]

    def _recorded(self, prompt: Prompt, language: str) -> Path | None:
        return next((file for file in self._may_be_recorded(prompt, language) if file.is_file()), None)

    def _may_be_recorded(self, prompt: Prompt, language: str) -> Iterator[Path]:
        if language in prompt.file:
            yield self._trees / prompt.file[language]
        tree, _, rest = prompt.key.partition(".")
        yield from (self._trees / tree / language / f"{rest}{suffix}" for suffix in RECORDED)

    def _demand_named_files(self, prompts: Collection[Prompt], languages: Collection[str]) -> None:
        named = {
            prompt.file[language]: prompt.key for prompt in prompts for language in languages if language in prompt.file
        }
        absent = [f"{file} (for {key})" for file, key in named.items() if not (self._trees / file).is_file()]
        if absent:
            raise SetupError(f"recorded prompts are not in {self._trees}: {', '.join(absent)}; put them there")

    def _hash_of(self, file: Path) -> str:
        facts = file.stat()
        seen = (file, facts.st_mtime_ns, facts.st_size)
        if seen not in self._hashes:
            self._hashes[seen] = hashlib.sha256(file.read_bytes()).hexdigest()
        return self._hashes[seen]

    async def _make(self, source: Source) -> None:
        if source.file is not None:
            spoken, rate = await asyncio.to_thread(sound.read_sound, source.file)
        else:
            spoken, rate = await self._provider.speak(source.text, source.language)
        await asyncio.to_thread(_keep, source.stem, spoken, rate)


def _keep(stem: Path, spoken: sound.Sound, rate: int) -> None:
    """Each file whole or not at all, also when two processes make the same one."""
    samples = sound.for_phone(spoken, rate)
    stem.parent.mkdir(parents=True, exist_ok=True)
    beside = stem.with_name(f".{stem.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        for suffix, encode in ((".alaw", alaw_encode), (".ulaw", ulaw_encode)):
            beside.write_bytes(encode(samples))
            beside.replace(stem.with_suffix(suffix))
        soundfile.write(beside, samples, RATE, subtype="PCM_16", format="WAV")
        beside.replace(stem.with_suffix(".wav"))
    finally:
        beside.unlink(missing_ok=True)
