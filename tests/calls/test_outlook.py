"""What a waiting caller is told of position and time, and when nothing is said."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from callrouter.acd.expected import Expected
from callrouter.calls import events as e
from callrouter.calls.call import Phase
from callrouter.calls.outlook import Waits, outlook_words
from callrouter.config import Announce
from callrouter.telephony import Play, StartMusic, StopMusic
from callrouter.tree.model import Prompt
from tests.calls.scenes import QUEUES, SETTING, Scene, a_waiting_caller, proposed

Said = tuple[str, dict[str, object]]
WORDS = Waits(*(Prompt(part.name, {"en": part.name}, {}) for part in fields(Waits)))


def told(expected: Expected, before: int = 0, *, position: bool = True, wait: bool = True) -> list[Said]:
    said = outlook_words(expected, WORDS, before, position=position, expected_wait=wait)
    return [(prompt.key, dict(prompt.values)) for prompt in said]


def test_the_position_is_how_many_are_before() -> None:
    assert told(Expected(1)) == [("next_in_line", {})]
    assert told(Expected(4)) == [("callers_before", {"before": 3})]


def test_who_was_overtaken_hears_no_worse_position() -> None:
    assert told(Expected(4), before=3) == []
    assert told(Expected(3), before=3) == [("callers_before", {"before": 2})]


@pytest.mark.parametrize(
    ("p50_s", "p90_s", "said"),
    [
        (10, 60, [("within_a_minute", {})]),
        (61, 119, [("about", {"low": 2})]),
        (0, 61, [("between", {"low": 1, "high": 2})]),
        (200, 500, [("between", {"low": 4, "high": 9})]),
        (3601, 9000, [("over_an_hour", {})]),
    ],
)
def test_the_wait_is_told_in_whole_minutes_rounded_up(p50_s: int, p90_s: int, said: list[Said]) -> None:
    assert told(Expected(1, p50_s * 1000, p90_s * 1000), position=False) == said


def test_a_time_that_nobody_knows_is_not_told() -> None:
    assert told(Expected(2), position=False) == []


def a_caller_who_is_told(expected: Expected | None, **rules: object) -> Scene:
    queue = QUEUES["payers"].model_copy(update={"announce": Announce.model_validate(rules)})
    setting = replace(SETTING, queues={**QUEUES, "payers": queue}, outlook=lambda _: expected, waits=WORDS)
    scene = a_waiting_caller()
    scene.setting = setting
    return scene.then(e.MusicDue())


def test_who_waits_is_told_between_music_and_music() -> None:
    scene = a_caller_who_is_told(Expected(3, 60_000, 60_000), position=True, expected_wait=True, every_s=30)
    scene.then(e.OutlookDue(), after_ms=20_000)
    stopped, said = scene.done
    assert isinstance(stopped, StopMusic)
    assert isinstance(said, Play)
    assert said.files == ("/ru/callers_before", "/ru/within_a_minute")
    assert scene.call.timers["outlook"] == scene.now_ms + 30_000
    assert scene.call.place is not None
    assert scene.call.place.told == 3
    scene.then(e.PromptEnded())
    assert isinstance(scene.done[0], StartMusic)


def test_the_music_plays_on_when_there_is_nothing_to_tell() -> None:
    for expected in (None, Expected(2)):
        scene = a_caller_who_is_told(expected, expected_wait=True)
        scene.then(e.OutlookDue(), after_ms=20_000)
        assert scene.done == ()
        assert "outlook" in scene.call.timers


def test_nothing_is_said_while_a_phone_rings_for_the_caller() -> None:
    scene = a_caller_who_is_told(Expected(1), position=True).then(proposed(), e.OutlookDue())
    assert scene.call.phase is Phase.OFFERING
    assert scene.done == ()
    assert scene.call.place is not None
    assert scene.call.place.told == 0


def test_a_queue_that_tells_nothing_sets_no_clock_for_it() -> None:
    assert "outlook" not in a_waiting_caller().call.timers


def test_a_word_that_comes_while_another_is_said_is_tried_again_soon() -> None:
    scene = a_caller_who_is_told(Expected(1), position=True)
    scene.then(e.OutlookDue(), after_ms=20_000)
    scene.then(e.OutlookDue(), after_ms=100)
    assert scene.done == ()
    assert scene.call.timers["outlook"] == scene.now_ms + 3_000
