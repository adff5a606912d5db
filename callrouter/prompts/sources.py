"""From a prompt to what its sound is made from: which recording, else which text, piece by piece; values as they are.

Folders are looked at once, when everything is prepared: who changes a recording while the centre runs changes nothing
until it is prepared anew, and no call waits for a disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from callrouter.errors import SetupError
from callrouter.prompts import sound
from callrouter.prompts.source import LAWS, PIECE_TAIL_MS, Source, stem_of, tail_of
from callrouter.prompts.speech import Provider, clean_text
from callrouter.readings import sounds as core
from callrouter.readings.reading import Reading as How
from callrouter.readings.reading import parse_reading
from callrouter.readings.words import readable, words
from callrouter.tree.model import Piece, Prompt, Reading

log = structlog.get_logger(__name__)

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


class Sources:
    """Looks into the folder of trees, and remembers what it saw until `look_again`."""

    def __init__(
        self, cache_folder: Path, trees_folder: Path, provider: Provider, recorded_values: Mapping[str, Path]
    ) -> None:
        self._cache, self._trees = cache_folder.absolute(), trees_folder.absolute()
        self._provider, self._recorded_values = provider, dict(recorded_values)
        self._hashes: dict[tuple[Path, int, int], str] = {}
        self._seen: dict[tuple[str, ...], Source | None] = {}
        self._version = ""

    def look_again(self) -> None:
        """Recordings may have come, gone or changed; another voice may speak."""
        self._seen = {}
        self._version = ""

    # --- for calls ---------------------------------------------------------------------------------------------------

    def all_of(self, prompt: Prompt, language: str) -> list[Source]:
        """All of a prompt in this language, in order; empty if it has nothing in it."""
        if language not in prompt.pieces:
            source = self._whole(prompt, language)
            return [source] if source else []
        found: list[Source] = []
        for number, piece in _numbered(prompt.pieces[language]):
            if isinstance(piece, Reading):
                found += self._value(prompt, piece, language)
            else:
                found.append(self._words(prompt, piece, number, language))
        return found

    def fixed_words(self, prompt: Prompt, language: str) -> list[Source]:
        """What of it is the same in every call."""
        if language not in prompt.pieces:
            return self.all_of(prompt, language)
        return [
            self._words(prompt, piece, number, language)
            for number, piece in _numbered(prompt.pieces[language])
            if isinstance(piece, str)
        ]

    def fixed(self, prompt: Prompt, language: str) -> Iterator[Source]:
        """What can be made before any call: the fixed words, and recorded sounds that its values may want."""
        yield from self.fixed_words(prompt, language)
        for piece in prompt.pieces.get(language, ()):
            if isinstance(piece, Reading):
                named = (self._sound(name, language) for name in sorted(core.names_for(_how(piece), language)))
                yield from (source for source in named if source is not None)

    def is_spoken(self, source: Source) -> bool:
        """Whether it is made during calls."""
        return source.stem.parent.parent == self._cache / SPOKEN

    # --- for people --------------------------------------------------------------------------------------------------

    def recordable(self, prompt: Prompt, language: str) -> list[Recordable]:
        """What a person could record of a prompt: all of it, or its pieces of fixed words."""
        if language not in prompt.pieces:
            text = clean_text(prompt.text.get(language, ""))
            return [Recordable(prompt.key, language, text, self._recorded(prompt, language))]
        numbered = [(n, p) for n, p in _numbered(prompt.pieces[language]) if isinstance(p, str)]
        keys = {f"{prompt.key}.{number}": clean_text(piece) for number, piece in numbered}
        found = [Recordable(key, language, text, self._beside(key, language)) for key, text in keys.items()]
        whole = self._beside(prompt.key, language)
        unused = [Recordable(prompt.key, language, prompt.text[language], whole, is_used=False)] if whole else []
        return [*found, *unused]

    def place_of(self, key: str, language: str) -> Path:
        """Where a recording of this key belongs."""
        tree, _, rest = key.partition(".")
        return self._trees / tree / language / f"{rest}{RECORDED[0]}"

    def demand_named_files(self, prompts: Collection[Prompt], languages: Collection[str]) -> None:
        named = {
            prompt.file[language]: prompt.key for prompt in prompts for language in languages if language in prompt.file
        }
        absent = [f"{file} (for {key})" for file, key in named.items() if not (self._trees / file).is_file()]
        if absent:
            raise SetupError(f"recorded prompts are not in {self._trees}: {', '.join(absent)}; put them there")

    # --- parts of the above ------------------------------------------------------------------------------------------

    def _once(self, identity: tuple[str, ...], look: Callable[[], Source | None]) -> Source | None:
        if identity not in self._seen:
            self._seen[identity] = look()
        return self._seen[identity]

    def _whole(self, prompt: Prompt, language: str) -> Source | None:
        text = clean_text(prompt.text.get(language, ""))

        def look() -> Source | None:
            file = self._recorded(prompt, language)
            if file is not None:
                return Source(stem_of(self._cache, language, "file", self._hash_of(file)), language, file=file)
            return self._text(text, language) if text else None

        return self._once(("whole", prompt.key, language, text, prompt.file.get(language, "")), look)

    def _words(self, prompt: Prompt, piece: str, number: int, language: str) -> Source:
        """A piece of fixed words."""
        text = clean_text(piece)
        key, tail = f"{prompt.key}.{number}", tail_of(text)

        def look() -> Source:
            file = self._beside(key, language)
            if file is not None:
                stem = stem_of(self._cache, language, "piece", str(tail), self._hash_of(file))
                return Source(stem, language, file=file, tail_ms=tail)
            return self._text(text, language, tail)

        return self._once(("words", key, language, text), look) or look()

    def _text(self, text: str, language: str, tail_ms: int = sound.TAIL_MS) -> Source:
        tail = () if tail_ms == sound.TAIL_MS else (f"tail {tail_ms}",)
        stem = stem_of(self._cache, language, "text", self._voice_version(), text, *tail)
        return Source(stem, language, text=text, tail_ms=tail_ms)

    def _voice_version(self) -> str:
        self._version = self._version or self._provider.version
        return self._version

    def _value(self, prompt: Prompt, piece: Reading, language: str) -> list[Source]:
        how, value = _how(piece), prompt.values.get(piece.variable)
        if value is None:
            log.warning("value_unknown", prompt=prompt.key, variable=piece.variable)
            return []
        if not readable(how, value):
            log.warning("value_unreadable", prompt=prompt.key, variable=piece.variable, kind=str(how.kind))
        recorded = [self._sound(name, language) for name in core.sounds(how, value, language) or ()]
        ready = [source for source in recorded if source is not None and source.ready]
        if ready and len(ready) == len(recorded):
            return ready
        return self._spoken_value(words(how, value, language), language)

    def _spoken_value(self, text: str, language: str) -> list[Source]:
        text = clean_text(text)
        if not any(char.isalnum() for char in text):
            return []
        stem = stem_of(self._cache / SPOKEN, language, self._voice_version(), text)
        return [Source(stem, language, text=text, tail_ms=PIECE_TAIL_MS, suffixes=LAWS)]

    def _sound(self, name: str, language: str) -> Source | None:
        """`<trees>/sounds/<language>/digits/4.wav` wins over the shipped one."""
        shipped = self._recorded_values.get(language)
        if shipped is None:
            return None

        def look() -> Source | None:
            own = (self._trees / "sounds" / language / f"{name}{suffix}" for suffix in RECORDED)
            file = next((file for file in (*own, shipped / f"{name}.wav") if file.is_file()), None)
            if file is None:
                return None
            stem = stem_of(self._cache, language, "sound", self._hash_of(file))
            return Source(stem, language, file=file, tail_ms=PIECE_TAIL_MS)

        return self._once(("sound", name, language), look)

    def _recorded(self, prompt: Prompt, language: str) -> Path | None:
        named = self._trees / prompt.file[language] if language in prompt.file else None
        return named if named is not None and named.is_file() else self._beside(prompt.key, language)

    def _beside(self, key: str, language: str) -> Path | None:
        tree, _, rest = key.partition(".")
        beside = (self._trees / tree / language / f"{rest}{suffix}" for suffix in RECORDED)
        return next((file for file in beside if file.is_file()), None)

    def _hash_of(self, file: Path) -> str:
        facts = file.stat()
        seen = (file, facts.st_mtime_ns, facts.st_size)
        if seen not in self._hashes:
            self._hashes[seen] = hashlib.sha256(file.read_bytes()).hexdigest()
        return self._hashes[seen]


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
