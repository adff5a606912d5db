"""Stories played with real calls on a bare Asterisk: told as they went, missed with what was there instead."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callrouter.audio import RATE, tone
from callrouter.documents import parse
from callrouter.errors import ConfigError
from callrouter.journal import Word
from callrouter.parties import aftermath
from callrouter.parties.player import play
from callrouter.parties.reading import understand_story
from callrouter.parties.rehearse import rehearse
from callrouter.parties.stage import Stage
from callrouter.parties.story import Story
from callrouter.parties.verdict import Begins, Ends, StoryResult, Told
from tests.parties.bare_asterisk import BareCentre, entry

pytestmark = pytest.mark.live

CAST = """
story: A test
who:
  caller: {calls: "103", from: "+79161112233"}
  anna: {agent: anna, answers_after: 300ms}
scene:
"""


def story(text: str) -> Story:
    found, problems = understand_story(parse(text, "test.yaml"))
    assert found is not None, problems
    return found


def scene(*lines: str, rest: str = "", cast: str = CAST) -> Story:
    return story(cast + "".join(f"  - {line}\n" for line in lines) + rest)


def quiet(_: Begins | Told | Ends) -> None:
    """Nobody is told."""


def verdicts(result: StoryResult) -> list[str]:
    return [f"{verdict.outcome} {verdict.said}" for verdict in result.verdicts]


async def test_a_whole_call_goes_as_told(stage: Stage, centre: BareCentre) -> None:
    centre.entries = [
        entry(Word.ARRIVED, number="103"), entry(Word.NODE, node="hello"), entry(Word.ENTERQUEUE, "payers"),
        entry(Word.CONNECT, "payers", "anna"), entry(Word.COMPLETECALLER, "payers", "anna"),
        entry(Word.ENDED, how="caller", waited_ms="1500", talked_ms="1100"),
    ]  # fmt: skip
    rest = "journal:\n  - ENTERQUEUE payers\n  - CONNECT anna\n  - COMPLETECALLER\n"
    told = scene(
        "caller calls", "anna's phone rings within 1s", "caller is connected within 1s",
        "caller and anna hear each other for 1s", "anna holds", "caller hears music for 1s within 1s", "anna resumes",
        "caller and anna hear each other for 500ms", "caller hangs up", "anna's call ends within 1s", rest=rest,
    )  # fmt: skip
    events: list[Begins | Told | Ends] = []
    result = await play(told, stage, events.append)
    assert result.went_as_told, [str(verdict) for verdict in result.verdicts]
    assert len(result.verdicts) == 13
    facts = result.calls[0]
    assert (facts.path, facts.queue, facts.agent, facts.waited_s, facts.talked_s) == (
        ("hello",),
        "payers",
        "anna",
        1.5,
        1.1,
    )
    assert set(facts.heard) == {("caller", "anna"), ("anna", "caller")}
    assert isinstance(events[0], Begins)
    assert isinstance(events[-1], Ends)


async def test_prompts_and_keys_go_as_told(stage: Stage) -> None:
    cast = CAST.replace('"103"', '"101"').replace("  anna: {agent: anna, answers_after: 300ms}\n", "")
    told = scene(
        "caller calls", "caller hears prompt bare.first within 1s", "caller presses 4", "caller presses 2",
        "caller hears all of prompt bare.second within 1s", "caller's call ends within 1s", cast=cast,
    )  # fmt: skip
    result = await play(told, stage, quiet)
    assert result.went_as_told, [str(verdict) for verdict in result.verdicts]


async def test_a_wrong_key_is_missed_with_what_was_heard_instead(stage: Stage) -> None:
    cast = CAST.replace('"103"', '"101"').replace("  anna: {agent: anna, answers_after: 300ms}\n", "")
    told = scene(
        "caller calls", "caller hears prompt bare.first", "caller presses 41",
        "caller hears prompt bare.second within 1s", "caller hears prompt bare.third", "caller hangs up", cast=cast,
    )  # fmt: skip
    result = await play(told, stage, quiet)
    assert [line.split()[0] for line in verdicts(result)] == ["ok", "ok", "ok", "MISS", "----", "----"]
    assert re.match(r"heard \d\.\d s of bare.third in ru; caller: ", result.verdicts[3].instead)


async def test_a_phone_that_does_not_ring_is_a_miss_with_what_happened(stage: Stage) -> None:
    told = scene("caller calls", "anna rejects", cast=CAST.replace("300ms", "9s"))
    result = await play(told, stage, quiet)
    assert result.verdicts[1].outcome == "MISS"  # it does not ring yet
    told = scene("caller calls 108", "anna's phone rings within 500ms")
    result = await play(told, stage, quiet)
    assert not result.went_as_told
    assert result.verdicts[1].instead == "not within 0.5 s; nothing has happened to anna"


async def test_what_came_too_late_is_a_miss_even_if_it_came_before_we_looked(stage: Stage) -> None:
    lines = ("caller calls", "caller's phone does not ring for 600ms", "caller is connected within 100ms")
    result = await play(scene(*lines), stage, quiet)
    assert re.match(r"only after 0\.3\d s", result.verdicts[2].instead)


async def test_who_hears_a_stranger_is_told_of_it(stage: Stage) -> None:
    """The agent is promised to hear the shop, but hears the caller."""
    cast = CAST.replace("scene:", '  shop: {outside: "+79995556677"}\nscene:')
    lines = ("caller calls", "anna's phone rings", "caller is connected", "anna hears shop for 500ms within 1s")
    result = await play(scene(*lines, cast=cast), stage, quiet)
    assert result.verdicts[3].instead.startswith("anna does not hear shop")
    lines = ("caller calls", "anna's phone rings", "caller is connected", "anna hears nothing from caller for 500ms")
    result = await play(scene(*lines), stage, quiet)
    assert result.verdicts[3].instead == "heard caller in 100% of the time"


async def test_hanging_up_while_it_rings_and_refusals(stage: Stage) -> None:
    cast = CAST.replace(", answers_after: 300ms", "")
    told = scene(
        "caller calls", "anna's phone rings", "boris's phone does not ring for 300ms", "caller hangs up",
        "anna's phone stops ringing within 1s", "caller calls", "anna's phone rings within 1s", "anna rejects with 603",
        "caller is refused within 1s", "boris's phone does not ring",
        cast=cast.replace("scene:", "  boris: {agent: boris, starts: unregistered}\nscene:"),
    )  # fmt: skip
    result = await play(told, stage, quiet)
    assert result.went_as_told, [str(verdict) for verdict in result.verdicts]


async def test_what_the_journal_lacks_is_missed_with_what_it_has(
    stage: Stage, centre: BareCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aftermath, "_JOURNAL_PATIENCE_S", 0.3)
    centre.entries = [entry(Word.CONNECT, "payers", "anna"), entry(Word.ENTERQUEUE, "payers")]
    rest = "journal:\n  - ENTERQUEUE payers\n  - CONNECT anna\n"
    told = scene("caller calls", "anna's phone rings", "caller hangs up", rest=rest)
    result = await play(told, stage, quiet)
    assert verdicts(result)[3:] == ["ok journal: ENTERQUEUE payers", "MISS journal: CONNECT anna"]
    assert result.verdicts[4].instead == "the journal has CONNECT payers anna, ENTERQUEUE payers"


async def test_a_fault_is_done_by_the_centre_and_an_unknown_one_missed(stage: Stage, centre: BareCentre) -> None:
    result = await play(scene("worker w1 is killed", "redis is killed"), stage, quiet)
    assert centre.broken == [("worker w1", "killed")]
    assert result.verdicts[1].instead == "there is no redis to be killed; there is worker w1"


async def test_the_recording_must_have_each_voice_on_its_side(stage: Stage, centre: BareCentre, tmp_path: Path) -> None:
    """Tones are lent in order, so the next story's voices are known."""
    centre.recorded = tmp_path / "call.flac"
    rest = "recording: {left: caller, right: anna, at least: 1s}\n"
    told = scene("caller calls", "anna's phone rings", "caller hangs up", rest=rest)

    async def with_sides(left: int, right: int, seconds: float) -> StoryResult:
        pair = np.stack([tone(left, seconds), tone(right, seconds)], axis=1)
        soundfile.write(tmp_path / "call.flac", pair, RATE, subtype="PCM_16")
        return await play(told, stage, quiet)

    next_tones = list(stage.tones._free)
    good = await with_sides(next_tones[0], next_tones[1], 1.5)
    assert good.went_as_told, [str(verdict) for verdict in good.verdicts]
    swapped = await with_sides(next_tones[3], next_tones[2], 1.5)
    assert swapped.verdicts[-1].instead == "left has caller in 0% and anna in 100% of the time"
    short = await with_sides(next_tones[4], next_tones[5], 0.5)
    assert short.verdicts[-1].instead == "call.flac is 0.5 s long"


async def test_stories_that_need_different_people_are_played_at_once(centre: BareCentre) -> None:
    anna = scene("caller calls", "anna's phone rings", "caller and anna hear each other for 1s", "caller hangs up")
    cast = CAST.replace("anna", "boris").replace('"103"', '"107"').replace("79161112233", "79161112244")
    boris = scene(
        "caller calls", "boris's phone rings", "caller and boris hear each other for 1s", "caller hangs up", cast=cast
    )
    events: list[str] = []

    def tell(event: Begins | Told | Ends) -> None:
        events.append(type(event).__name__)

    results = await rehearse([anna, boris, anna], centre, report=tell)
    assert [result.went_as_told for result in results] == [True] * 3, [result.verdicts for result in results]
    assert events[:2] == ["Begins", "Begins"], "two at once"
    assert events[2:].index("Ends") < events[2:].index("Begins"), "the third waits for anna"


async def test_what_the_centre_does_not_have_is_told_before_anything_is_played(centre: BareCentre) -> None:
    cast = CAST.replace("agent: anna", "agent: zoya")
    wrong = scene("caller calls", "caller hears prompt bare.none", cast=cast)
    with pytest.raises(ConfigError) as caught:
        await rehearse([wrong], centre, report=quiet)
    assert [problem.message for problem in caught.value.problems] == [
        "the centre has no agent `zoya`; name one of its config/",
        "the centre has no prompt `bare.none` in ru; a prompt is named tree.node",
    ]
