"""Every prompt as sound files for the phone, made once and kept in the cache under a name made from its content.

A text with values in it is pieces: its words are made before any call, its values when they are known. Their names are
known before their sound is: `files` never waits, `ready` does, for as long as it is told to.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile
import structlog

from callrouter.audio import Samples
from callrouter.errors import SetupError
from callrouter.prompts import sound
from callrouter.prompts.ahead import Ahead
from callrouter.prompts.source import LAWS, PIECE_TAIL_MS, SAMPLES, Source, keep, stem_of, tail_of
from callrouter.prompts.speech import Provider, clean_text
from callrouter.readings import sounds as core
from callrouter.readings.reading import Reading as How
from callrouter.readings.reading import parse_reading
from callrouter.readings.words import readable, words
from callrouter.tree.model import Piece, Prompt, Reading

log = structlog.get_logger(__name__)

AT_ONCE = min(4, os.cpu_count() or 1)
RECORDED = (".wav", ".flac", ".ogg", ".mp3")
SPOKEN = "spoken"
"""The folder of the cache for what is made during calls; the only one with a bound."""


@dataclass(frozen=True, slots=True)
class Recordable:
    """Something that is said and could be recorded. `is_used` is false for a recording that nobody will hear: of the
    whole of a text with values in it."""

    key: str
    language: str
    text: str
    file: Path | None
    is_used: bool = True


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
        self._cache, self._trees, self._provider = cache_folder.absolute(), trees_folder.absolute(), provider
        self._recorded_values = dict(recorded_values or {})
        self._hashes: dict[tuple[Path, int, int], str] = {}
        self._ahead = Ahead(self._cache / SPOKEN, self._make, AT_ONCE, spoken_mb * 1_000_000)

    async def prepare(
        self,
        prompts: Collection[Prompt],
        languages: Collection[str],
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """Make what is not there yet; `progress` hears how many of how many are done. SetupError says what is wrong."""
        self._demand_named_files(prompts, languages)
        wanted = chain.from_iterable(self._fixed(prompt, language) for prompt in prompts for language in languages)
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
        for each in self._languages(prompt, language):
            sources = self._sources(prompt, each)
            if sources and all(source.ready or self._is_spoken(source) for source in sources):
                if each != language:
                    log.warning("prompt_in_other_language", prompt=prompt.key, language=language, used=each)
                self._ahead.ask(source for source in sources if self._is_spoken(source))
                return tuple(str(source.stem) for source in sources)
        log.error("prompt_missing", prompt=prompt.key, language=language)
        return ()

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

    def recordable(self, prompt: Prompt, language: str) -> list[Recordable]:
        """What a person could record of a prompt: all of it, or its pieces of fixed words."""
        if language not in prompt.pieces:
            text = clean_text(prompt.text.get(language, ""))
            return [Recordable(prompt.key, language, text, self._recorded(prompt, language))]
        numbered = [(n, p) for n, p in _numbered(prompt.pieces[language]) if isinstance(p, str)]
        keys = {f"{prompt.key}.{number}": clean_text(piece) for number, piece in numbered}
        found = [Recordable(key, language, text, self._first_beside(key, language)) for key, text in keys.items()]
        whole = self._first_beside(prompt.key, language)
        unused = [Recordable(prompt.key, language, prompt.text[language], whole, is_used=False)] if whole else []
        return [*found, *unused]

    def place_of(self, key: str, language: str) -> Path:
        """Where a recording of this key belongs."""
        tree, _, rest = key.partition(".")
        return self._trees / tree / language / f"{rest}{RECORDED[0]}"

    def pcm(self, prompt: Prompt, language: str) -> Samples:
        """The prompt as samples, for recognising it in what a caller hears: of a prompt with values its longest piece
        of fixed words. LookupError if it was not prepared."""
        heard = [
            self._samples(sources)
            for each in self._languages(prompt, language)
            if (sources := [source for source in self._fixed_words(prompt, each) if source.ready])
        ]
        if not heard:
            raise LookupError(f"the prompt {prompt.key} was not prepared in {language}; call prepare first")
        return heard[0]

    def _samples(self, sources: Collection[Source]) -> Samples:
        longest = max(sources, key=lambda source: source.stem.with_suffix(SAMPLES).stat().st_size)
        samples, _ = soundfile.read(longest.stem.with_suffix(SAMPLES), dtype="int16")
        return np.asarray(samples, np.int16)

    # --- from a prompt to sources ------------------------------------------------------------------------------------

    @staticmethod
    def _languages(prompt: Prompt, language: str) -> Iterator[str]:
        yield language
        yield from dict.fromkeys(other for other in (*prompt.text, *prompt.file) if other != language)

    def _sources(self, prompt: Prompt, language: str) -> list[Source]:
        """All of a prompt in this language, in order; empty if it has nothing in it."""
        if language not in prompt.pieces:
            source = self._whole(prompt, language)
            return [source] if source else []
        found: list[Source] = []
        for number, piece in _numbered(prompt.pieces[language]):
            found += (
                self._value(prompt, piece, language)
                if isinstance(piece, Reading)
                else [self._words(prompt, piece, number, language)]
            )
        return found

    def _fixed(self, prompt: Prompt, language: str) -> Iterator[Source]:
        """What can be made before any call."""
        yield from self._fixed_words(prompt, language)
        for piece in prompt.pieces.get(language, ()):
            if isinstance(piece, Reading):
                yield from self._sounds_for(_how(piece), language)

    def _fixed_words(self, prompt: Prompt, language: str) -> list[Source]:
        if language not in prompt.pieces:
            return self._sources(prompt, language)
        return [
            self._words(prompt, piece, number, language)
            for number, piece in _numbered(prompt.pieces[language])
            if isinstance(piece, str)
        ]

    def _whole(self, prompt: Prompt, language: str) -> Source | None:
        file = self._recorded(prompt, language)
        if file is not None:
            return Source(stem_of(self._cache, language, "file", self._hash_of(file)), language, file=file)
        text = clean_text(prompt.text.get(language, ""))
        return self._text(text, language) if text else None

    def _words(self, prompt: Prompt, piece: str, number: int, language: str) -> Source:
        """A piece of fixed words."""
        text = clean_text(piece)
        tail = tail_of(text)
        file = self._first_beside(f"{prompt.key}.{number}", language)
        if file is not None:
            stem = stem_of(self._cache, language, "piece", str(tail), self._hash_of(file))
            return Source(stem, language, file=file, tail_ms=tail)
        return self._text(text, language, tail)

    def _text(self, text: str, language: str, tail_ms: int = sound.TAIL_MS) -> Source:
        tail = () if tail_ms == sound.TAIL_MS else (f"tail {tail_ms}",)
        stem = stem_of(self._cache, language, "text", self._provider.version, text, *tail)
        return Source(stem, language, text=text, tail_ms=tail_ms)

    def _value(self, prompt: Prompt, piece: Reading, language: str) -> list[Source]:
        how, value = _how(piece), prompt.values.get(piece.variable)
        if value is None:
            log.warning("value_unknown", prompt=prompt.key, variable=piece.variable)
            return []
        if not readable(how, value):
            log.warning("value_unreadable", prompt=prompt.key, variable=piece.variable, kind=str(how.kind))
        names = core.sounds(how, value, language)
        recorded = [self._sound(name, language) for name in names or ()]
        if recorded and all(source is not None and source.ready for source in recorded):
            return [source for source in recorded if source is not None]
        return self._spoken_value(words(how, value, language), language)

    def _spoken_value(self, text: str, language: str) -> list[Source]:
        text = clean_text(text)
        if not any(char.isalnum() for char in text):
            return []
        stem = stem_of(self._cache / SPOKEN, language, self._provider.version, text)
        return [Source(stem, language, text=text, tail_ms=PIECE_TAIL_MS, suffixes=LAWS)]

    def _is_spoken(self, source: Source) -> bool:
        return source.stem.parent.parent == self._cache / SPOKEN

    # --- recorded files ----------------------------------------------------------------------------------------------

    def _sounds_for(self, how: How, language: str) -> Iterator[Source]:
        """Every recorded sound that may be wanted for such a value, as far as it is there."""
        if language in self._recorded_values:
            named = (self._sound(name, language) for name in sorted(core.names_for(how, language)))
            yield from (source for source in named if source is not None)

    def _sound(self, name: str, language: str) -> Source | None:
        """`<trees>/sounds/<language>/digits/4.wav` wins over the shipped one."""
        shipped = self._recorded_values.get(language)
        if shipped is None:
            return None
        own = (self._trees / "sounds" / language / f"{name}{suffix}" for suffix in RECORDED)
        file = next((file for file in (*own, shipped / f"{name}.wav") if file.is_file()), None)
        if file is None:
            return None
        stem = stem_of(self._cache, language, "sound", self._hash_of(file))
        return Source(stem, language, file=file, tail_ms=PIECE_TAIL_MS)

    def _recorded(self, prompt: Prompt, language: str) -> Path | None:
        named = self._trees / prompt.file[language] if language in prompt.file else None
        return named if named is not None and named.is_file() else self._first_beside(prompt.key, language)

    def _first_beside(self, key: str, language: str) -> Path | None:
        tree, _, rest = key.partition(".")
        beside = (self._trees / tree / language / f"{rest}{suffix}" for suffix in RECORDED)
        return next((file for file in beside if file.is_file()), None)

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
            said, rate = await asyncio.to_thread(sound.read_sound, source.file)
        else:
            said, rate = await self._provider.speak(source.text, source.language)
        await asyncio.to_thread(keep, source, said, rate)


def _numbered(pieces: Iterable[Piece]) -> Iterator[tuple[int, Piece]]:
    """Pieces of words that are said are counted from 1: their recordings are called so. A comma alone is not said."""
    number = 0
    for piece in pieces:
        if isinstance(piece, Reading):
            yield 0, piece
        elif any(char.isalnum() for char in piece):
            number += 1
            yield number, piece


def _how(piece: Reading) -> How:
    """The tree's check has refused readings that are none."""
    how = parse_reading(":".join(filter(None, (piece.kind, piece.detail))))
    return how if isinstance(how, How) else How()
