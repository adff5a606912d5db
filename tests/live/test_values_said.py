"""Real calls that are told values: digits by recorded sounds, money by the voice; a slow voice holds nobody up."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from callrouter.app.own import OwnCentre, own_centre
from callrouter.audio import Samples, alaw_decode, locate
from callrouter.centre.programs import command
from callrouter.parties.leg import What
from callrouter.parties.party import Party
from callrouter.parties.search import MusicSearch
from callrouter.parties.stage import Stage
from callrouter.prompts import system
from callrouter.prompts.library import PromptLibrary
from callrouter.tree.model import prompt_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

WORDS = {"ru": "Ваш номер {caller:digits}, на счёте {caller:money}."}
CALLER = "+7916"
TREE = {
    "schema": 1,
    "languages": ["ru"],
    "start": "told",
    "nodes": {
        "told": {"type": "say", "prompt": WORDS, "next": "bye"},
        "bye": {"type": "hangup", "prompt": {"ru": "Всего доброго!"}},
    },
}
SLOW = """import subprocess, sys, time
text = sys.stdin.read()
if "рубл" in text:
    time.sleep({slow})
sys.stdout.buffer.write(subprocess.run({espeak!r}, input=text.encode(), capture_output=True, check=True).stdout)
"""


def a_config(folder: Path, speech: dict[str, object]) -> Path:
    (folder / "config").mkdir()
    (folder / "ivr_trees").mkdir()
    config = {
        "centre": {"language": "ru"},
        "trunks": {"test": {"addresses": ["127.0.0.2"]}},
        "numbers": [{"number": "+74951234567", "tree": "shop"}],
        "speech": speech,
    }
    (folder / "config/callrouter.yaml").write_text(json.dumps(config), encoding="utf-8")
    (folder / "ivr_trees/shop.yaml").write_text(json.dumps(TREE), encoding="utf-8")
    return folder / "config"


def slow_voice(folder: Path, seconds: float) -> dict[str, object]:
    espeak = [*command("espeak-ng"), "-v", "ru", "--stdin", "--stdout"]
    (folder / "voice.py").write_text(SLOW.format(slow=seconds, espeak=espeak), encoding="utf-8")
    return {"command": [sys.executable, str(folder / "voice.py"), "{language}"]}


async def heard_of_a_whole_call(stage: Stage) -> Samples:
    caller = stage.outsider("caller", CALLER)
    start = caller.now()
    caller.call("+74951234567")
    assert await caller.wait_for(What.ENDED, start, 30) is not None
    heard = caller.ears.samples(start)
    await stage.take_back(caller)
    return heard


async def said(own: OwnCentre) -> list[Samples]:
    """What should be heard, file by file."""
    library: PromptLibrary = own.site.prompt_library()
    prompt = prompt_of("shop.told", WORDS, {"caller": CALLER})
    files = await library.speak(prompt, "ru", 30)
    assert files is not None
    await library.close()
    return [alaw_decode(Path(f"{file}.alaw").read_bytes()) for file in files]


def places(wanted: Sequence[Samples], heard: Samples) -> list[float]:
    """Where each begins, in seconds; each is looked for after the beginning of the one before."""
    found: list[float] = []
    start = 0
    for sound in wanted:
        match = locate(sound, heard[start:])
        assert match.score > 0.8, (len(found), match)
        start += match.offset
        found.append(start / 8000)
        start += len(sound) // 2
    return found


async def test_digits_are_said_by_recorded_sounds_and_money_by_the_voice(tmp_path: Path) -> None:
    async with own_centre(a_config(tmp_path, {})) as own, Stage(own.stage) as stage:
        heard = await heard_of_a_whole_call(stage)
        wanted = await said(own)
        assert len(wanted) == 1 + 5 + 1 + 1
        begins = places(wanted, heard)
    gaps = [
        after - before - len(sound) / 8000 for before, after, sound in zip(begins, begins[1:], wanted, strict=False)
    ]
    assert all(-0.05 < gap < 0.3 for gap in gaps), gaps


async def test_a_slow_voice_is_waited_for_behind_a_word_and_music_and_then_heard(tmp_path: Path) -> None:
    config = a_config(tmp_path, {**slow_voice(tmp_path, 6), "wait_s": 10})
    async with own_centre(config) as own, Stage(own.stage) as stage:
        caller = stage.outsider("caller", CALLER)
        start = caller.now()
        caller.call("+74951234567")
        music = MusicSearch(caller.ears, stage.melodies, start)
        playing = None
        while playing is None and caller.now() - start < 15:
            await asyncio.sleep(0.2)
            playing = await stage.listen(music.look)
        assert playing is not None
        assert await caller.wait_for(What.ENDED, start, 30) is not None
        heard = caller.ears.samples(start)
        patience = own.site.prompt_library().pcm(system.ONE_MOMENT, "ru")
        assert places([patience, *await said(own)], heard)
        await stage.take_back(caller)


async def test_a_caller_who_hangs_up_while_the_voice_works_is_let_go_at_once(tmp_path: Path) -> None:
    config = a_config(tmp_path, {**slow_voice(tmp_path, 10), "wait_s": 12})
    async with own_centre(config) as own, Stage(own.stage) as stage:
        caller: Party = stage.outsider("caller", CALLER)
        start = caller.now()
        caller.call("+74951234567")
        assert await caller.wait_for(What.ANSWERED, start, 10) is not None
        await asyncio.sleep(1.5)
        caller.hang_up()
        async with asyncio.timeout(2):
            while not any(entry.word == "ENDED" for entry in await own.line.entries()):
                await asyncio.sleep(0.05)
        await stage.take_back(caller)
