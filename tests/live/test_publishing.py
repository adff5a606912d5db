"""A tree changes while a caller is in it: the caller goes on in the old one, the next caller meets the new one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callrouter.app import publishing
from callrouter.app.own import OwnCentre, own_centre
from callrouter.errors import ConfigError
from callrouter.journal import Word
from callrouter.parties.reading import read_stories
from callrouter.parties.rehearse import rehearse
from callrouter.parties.verdict import StoryResult

HERE = Path(__file__).parent
PAYMENTS = HERE.parents[1] / "ivr_trees" / "payments.yaml"

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

IN_OLD_TREE = """
story: a caller hears the menu to its end while the tree changes, and goes on in it
language: ru
who:
  caller: {calls: "+74951234567", from: "+79161110101"}
scene:
  - caller calls
  - caller hears all of prompt payments.who_is_calling within 30s
  - caller presses 3
  - caller hears all of prompt payments.wrong_number within 15s
  - caller's call ends within 2s
journal: [NODE wrong_number, ENDED tree]
"""
IN_NEW_TREE = """
story: a caller who comes after the change meets the new tree
language: ru
who:
  caller: {calls: "+74951234567", from: "+79161110102"}
scene:
  - caller calls
  - wait 1s
  - caller presses 3
  - caller's call ends within 2s
journal: [NODE away_at_once, ENDED tree]
"""


async def play(own: OwnCentre, folder: Path, name: str, text: str) -> StoryResult:
    file = folder / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    results = await rehearse(read_stories([file]), own.stage, report=lambda _: None)
    return results[0]


def changed(folder: Path) -> Path:
    """The same tree, but who dialled by mistake is let go without a word."""
    text = PAYMENTS.read_text(encoding="utf-8")
    text = text.replace('"3": wrong_number', '"3": away_at_once')
    text = text[: text.index("  wrong_number:")] + "  away_at_once: {type: hangup}\n"
    file = folder / "payments.yaml"
    file.write_text(text, encoding="utf-8")
    return file


async def test_a_published_tree_is_for_new_callers_and_a_broken_one_for_nobody(tmp_path: Path) -> None:
    async with own_centre(HERE / "config") as own:
        old = asyncio.create_task(play(own, tmp_path, "old", IN_OLD_TREE))
        await asyncio.sleep(3)
        file = changed(tmp_path)
        lineup = await publishing.publish(own.site, own.line, file, canary=None, bound=10, by="test")
        broken = tmp_path / "broken" / "payments.yaml"
        broken.parent.mkdir()
        broken.write_text(file.read_text(encoding="utf-8").replace("start: incident", "start: nowhere"))
        with pytest.raises(ConfigError, match="nowhere"):
            await publishing.publish(own.site, own.line, broken, canary=None, bound=10, by="test")
        new = await play(own, tmp_path, "new", IN_NEW_TREE)
        for result in (new, await old):
            assert result.went_as_told, "\n".join(str(verdict) for verdict in result.verdicts)
        entries = await own.line.entries()
        versions = [entry.data["version"] for entry in entries if entry.word is Word.ARRIVED]
        assert versions == [own.site.trees["payments"].version, lineup.live]
        back = await publishing.roll_back(own.line, "payments", by="test")
        assert back.live == versions[0]
