"""The lines of a scene about what is heard: prompts, music, silence, one another. Each gives a remark or is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from callrouter.audio import RATE
from callrouter.parties.ears import Ears
from callrouter.parties.leg import State, What
from callrouter.parties.party import Party
from callrouter.parties.scene import Missed, Scene
from callrouter.parties.search import MusicSearch, PromptHeard, PromptSearch, distinguishing_s
from callrouter.parties.story import HasNotHeard, Hears, HearsMusic, HearsNothing, HearsPrompt

T = TypeVar("T")
POLL_S = 0.1
_ALWAYS, _NEVER = 0.9, 0.05
"""Heard: in nine of ten windows of 100 ms. Not heard: in fewer than one of twenty (the edges of a change)."""
_MOMENT_S = 0.8


async def _look(scene: Scene, party: Party, question: Callable[[], T | None], deadline: float) -> T | None:
    """Ask again and again until there is an answer, no time, or nothing more to hear."""
    while True:
        over, late = not party.is_busy, scene.now() > deadline
        found = await scene.stage.listen(question)
        if found is not None or over or late:
            return found
        await asyncio.sleep(POLL_S)


async def hears_prompt(scene: Scene, line: HearsPrompt) -> str:
    party, start = scene.party(line.who), scene.last.at
    language = line.language or scene.story.language
    wanted = scene.stage.prompt(line.prompt, language)
    others = [scene.stage.prompt(*other) for other in scene.story.prompts if other != (line.prompt, language)]
    at_least = min(distinguishing_s(wanted, others), len(wanted) / RATE)
    ears = await _ears(scene, party, start + line.within_s)
    since = scene.heard_since.get(line.who, scene.began)
    search = PromptSearch(ears, wanted, since, at_least=at_least)

    def whole_enough() -> PromptHeard | None:
        found = search.look()
        return found if found is not None and (found.complete or not line.whole) else None

    length = len(wanted) / RATE if line.whole else at_least
    found = await _look(scene, party, whole_enough, start + line.within_s + length + 0.6)
    if found is None:
        raise Missed(await _heard_instead(scene, line, ears, since))
    if found.at - start > line.within_s:
        raise Missed(f"it began only after {found.at - start:.2f} s")
    scene.heard_since[line.who] = found.at + found.heard_s
    scene.happened(max(scene.last.at, found.at + found.heard_s), "other")
    return f"began after {max(found.at - start, 0.0):.2f} s"


async def has_not_heard(scene: Scene, line: HasNotHeard) -> str:
    wanted = scene.stage.prompt(line.prompt, line.language or scene.story.language)
    ears = await _ears(scene, scene.party(line.who), scene.now())
    at_least = min(1.0, len(wanted) / RATE)
    search = PromptSearch(ears, wanted, scene.began, at_least=at_least)
    found = await scene.stage.listen(search.look)
    if found is not None:
        raise Missed(f"heard {found.heard_s:.1f} s of it at {found.at - scene.began:.2f} s")
    return f"the most alike moment fits {search.best:.0%}"


async def _ears(scene: Scene, party: Party, deadline: float) -> Ears:
    if not party.legs:  # one who is called has a leg when the phone rings
        await party.wait_for(What.RINGS, scene.began, max(deadline - scene.now(), 0.0))
    if not party.legs:
        raise Missed(f"{party.name} is in no call")
    return party.ears


async def _heard_instead(scene: Scene, line: HearsPrompt, ears: Ears, since: float) -> str:
    """For the reader of a miss: another prompt, music, a voice, silence."""

    def listen() -> str:
        heard = []
        for name, language in scene.story.prompts:
            found = PromptSearch(ears, scene.stage.prompt(name, language), since, at_least=0.6).look()
            heard += [(found.heard_s, name, language)] if found is not None else []
        if heard:  # of several that begin alike the one that goes on
            seconds, name, language = max(heard)
            return f"heard {seconds:.1f} s of {name} in {language}"
        if MusicSearch(ears, scene.stage.melodies, since).look() is not None:
            return "heard music"
        voices = scene.party(line.who).hears(_voices(scene), since, scene.now())
        loud = [name for name, share in voices.items() if share > _NEVER]
        if loud:
            return f"heard {', '.join(loud)}"
        return "heard silence" if ears.is_silent(since, scene.now()) else "heard something else"

    return f"{await scene.stage.listen(listen)}; {scene.story_of(line.who)}"


async def hears_music(scene: Scene, line: HearsMusic) -> str:
    party, start = scene.party(line.who), scene.last.at
    ears = await _ears(scene, party, start + line.within_s)
    since = scene.heard_since.get(line.who, scene.began)
    search = MusicSearch(ears, scene.stage.melodies, since)
    found = await _look(scene, party, search.look, start + line.within_s + 2 * _MOMENT_S)
    if found is None:
        raise Missed(f"no music; {scene.story_of(line.who)}")
    if found - start > line.within_s:
        raise Missed(f"it began only after {found - start:.2f} s")
    await asyncio.sleep(max(found + line.for_s - scene.now(), 0.0))
    share = await scene.stage.listen(lambda: _music_share(scene, ears, found, found + line.for_s))
    if share < 0.7:
        raise Missed(f"music in {share:.0%} of the time only")
    scene.heard_since[line.who] = found + line.for_s
    scene.happened(max(start, found + line.for_s))
    return f"began after {max(found - start, 0.0):.2f} s"


def _music_share(scene: Scene, ears: Ears, since: float, until: float) -> float:
    sound, size = ears.samples(since, until), round(_MOMENT_S * RATE)
    moments = [sound[at : at + size] for at in range(0, len(sound) - size + 1, size)]
    known = [any(melody.contains(moment) for melody in scene.stage.melodies) for moment in moments]
    return float(np.mean(known)) if known else 1.0


async def hears_nothing(scene: Scene, line: HearsNothing) -> str:
    party, start = scene.party(line.who), scene.now()
    ears = await _ears(scene, party, start)
    await asyncio.sleep(line.for_s)
    end = scene.now()
    if line.of:
        voice = {line.of: scene.party(line.of).hz}
        share = (await scene.stage.listen(lambda: party.hears(voice, start, end)))[line.of]
        if share > _NEVER:
            raise Missed(f"heard {line.of} in {share:.0%} of the time")
    elif not await scene.stage.listen(lambda: ears.is_silent(start, end)):
        raise Missed("there was something to hear")
    scene.happened(end)
    return ""


async def hear_each_other(scene: Scene, line: Hears) -> str:
    deadline = scene.last.at + line.within_s
    pairs = [(one, other) for one in line.who for other in line.whom if one != other]
    while not await scene.stage.listen(lambda: all(_hears_now(scene, *pair) for pair in pairs)):
        if scene.now() > deadline:
            deaf = await scene.stage.listen(lambda: _deaf(scene, pairs))
            raise Missed("; ".join([*deaf, *(scene.story_of(name) for name in line.who)]))
        await asyncio.sleep(POLL_S)
    start = scene.now()
    await asyncio.sleep(line.for_s)
    wrong, gap = await scene.stage.listen(lambda: _judge(scene, line, pairs, start, scene.now()))
    if wrong:
        raise Missed("; ".join(wrong))
    scene.heard += [pair for pair in pairs if pair not in scene.heard]
    scene.happened(scene.now())
    return f"largest gap {gap * 1000:.0f} ms"


def _deaf(scene: Scene, pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{one} does not hear {other}" for one, other in pairs if not _hears_now(scene, one, other)]


def _hears_now(scene: Scene, one: str, other: str) -> bool:
    party, now = scene.party(one), scene.now()
    if not party.legs or party.legs[-1].state is not State.TALKING:
        return False
    voice = scene.party(other).hz
    return party.ears.tones([voice], now - 0.35, now)[voice] > 0.6


def _judge(
    scene: Scene, line: Hears, pairs: Sequence[tuple[str, str]], start: float, end: float
) -> tuple[list[str], float]:
    """What is wrong with what they heard, and the longest pause between packets."""
    wrong: list[str] = []
    gap = 0.0
    for name in line.who:
        voices = scene.party(name).hears(_voices(scene), start, end)
        wanted = {other for one, other in pairs if one == name}
        wrong += [f"{name} heard {other} in {voices[other]:.0%} of the time" for other in sorted(wanted)
                  if voices[other] < _ALWAYS]  # fmt: skip
        wrong += [f"{name} also heard {other} ({share:.0%})" for other, share in voices.items()
                  if other not in wanted and share > _NEVER]  # fmt: skip
        gap = max(gap, scene.party(name).ears.largest_gap(start, end))
    return wrong, gap


def _voices(scene: Scene) -> dict[str, int]:
    """Everybody's tone, those of other stories too: they must not be heard here."""
    ours = {name: party.hz for name, party in scene.parties.items()}
    strangers = {f"a stranger ({hz} Hz)": hz for hz in scene.stage.tones.lent if hz not in ours.values()}
    return {**ours, **strangers}
