"""`callrouter prompts`: what is recorded, synthetic, missing or badly recorded; and uploads into prompts."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from callrouter.app.site import Site, spoken
from callrouter.errors import SetupError
from callrouter.prompts.library import PromptLibrary
from callrouter.prompts.quality import OTHER_FORMAT, quality_of
from callrouter.prompts.sources import Recordable
from callrouter.prompts.uploads import convert

UNUSED = "not heard: the text has values in it, record its pieces"


@dataclass(frozen=True, slots=True)
class PromptLine:
    """One line of the list. `state` is recorded, synthetic or missing."""

    key: str
    language: str
    state: str
    flaws: tuple[str, ...]
    seconds: float
    loudness_db: float | None
    text: str
    file: str
    """Where the recording is, or where it belongs."""


def listed(site: Site) -> list[PromptLine]:
    """Every prompt in every language that somebody may hear it in."""
    library = site.prompt_library()
    everything = [
        part
        for prompt in sorted(spoken(site), key=lambda prompt: prompt.key)
        for language in _languages_of(site, prompt.key)
        for part in library.recordable(prompt, language)
    ]
    return [_line(part, library) for part in everything]


def _languages_of(site: Site, key: str) -> tuple[str, ...]:
    tree = site.trees.get(key.partition(".")[0])
    return tree.languages if tree else site.languages


def _line(part: Recordable, library: PromptLibrary) -> PromptLine:
    place = str(part.file or library.place_of(part.key, part.language))
    if part.file is None:
        state = "synthetic" if part.text else "missing"
        return PromptLine(part.key, part.language, state, (), 0.0, None, part.text, place)
    quality = quality_of(part.file)
    flaws = quality.flaws if part.is_used else (*quality.flaws, UNUSED)
    loudness = quality.loudness_db if quality.loudness_db > -200 else None
    return PromptLine(part.key, part.language, "recorded", flaws, quality.seconds, loudness, part.text, place)


def summary(lines: Sequence[PromptLine]) -> str:
    states = Counter(line.state for line in lines)
    flawed = sum(1 for line in lines if line.state == "recorded" and is_bad(line))
    said = ", ".join(f"{states[state]} {state}" for state in ("recorded", "synthetic", "missing"))
    return f"{len(lines)} prompts: {said}; {flawed} of the recorded have something to mend"


def is_bad(line: PromptLine) -> bool:
    """Whether callers hear it badly, or not at all."""
    return line.state == "missing" or any(flaw != OTHER_FORMAT for flaw in line.flaws)


def row(line: PromptLine, width: int = 120) -> str:
    """One line for people."""
    state = f"{line.state}, {', '.join(line.flaws)}" if line.flaws else line.state
    said = line.text or line.file
    start = f"{line.key:<36} {line.language}  {state:<10}  "
    return start + (said if len(said) <= width - len(start) else said[: max(10, width - len(start) - 1)] + "…")


@dataclass(frozen=True, slots=True)
class Imported:
    """An upload and what became of it."""

    source: Path
    key: str
    target: Path
    warnings: tuple[str, ...]


def imported(
    site: Site, files: Sequence[Path], language: str, *, tree: str | None, key: str | None, replace: bool
) -> list[Imported]:
    """Each file becomes the prompt that its name says: payments.hello.mp3, or hello.mp3 with `tree`; or `key`, for one
    file. Nothing is written if any of the names is wrong. SetupError says what to do."""
    if language not in site.languages:
        raise SetupError(f"nobody hears `{language}` here; languages are {', '.join(site.languages)}")
    if key is not None and len(files) != 1:
        raise SetupError("one --as is for one file; name several files for their prompts: payments.hello.wav")
    library = site.prompt_library()
    known = {part.key: part for prompt in spoken(site) for part in library.recordable(prompt, language) if part.is_used}
    keys = [key or (f"{tree}.{file.stem}" if tree else file.stem) for file in files]
    _demand_known(keys, known.keys())
    _demand_once(keys)
    targets = [library.place_of(each, language) for each in keys]
    there = [str(known[each].file) for each in keys if known[each].file is not None]
    if there and not replace:
        raise SetupError(f"already recorded: {', '.join(there)}; give --replace to record anew")
    return [
        Imported(file, each, target, _written(file, target, known[each].file))
        for file, each, target in zip(files, keys, targets, strict=True)
    ]


def _written(file: Path, target: Path, before: Path | None) -> tuple[str, ...]:
    """A recording of another kind that lay there would otherwise win or lose by its suffix."""
    warnings = convert(file, target)
    if before is not None and before != target and before.parent == target.parent and before.stem == target.stem:
        before.unlink()
    elif before is not None and before != target:
        warnings = (*warnings, f"the tree names {before}: that one is still heard")
    return warnings


def _demand_known(keys: Sequence[str], known: Collection[str]) -> None:
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "`callrouter prompts list` shows them all"
            raise SetupError(f"there is no prompt {key[:80]!r}; {hint}")


def _demand_once(keys: Sequence[str]) -> None:
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise SetupError(f"several files for {', '.join(twice)}; give one")
