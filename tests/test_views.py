from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console, RenderableType

from callrouter.journal import Word
from callrouter.reporting.calls import fold
from callrouter.reporting.explain import story
from callrouter.reporting.floor import view
from callrouter.reporting.replay import reasons_from
from callrouter.reporting.told import masked
from callrouter.views import calls_table, duration, floor_view, plain, story_view
from tests.reporting.diary import Diary, a_call_that_rings_twice
from tests.reporting.test_explain import choice
from tests.reporting.test_floor_view import NOW_MS, an_agent, the_floor

MOSCOW = ZoneInfo("Europe/Moscow")
ESCAPE = "\x1b]0;owned\x07[red]+79161112233"


def printed(what: RenderableType, width: int = 140) -> str:
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(what)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    assert all(len(line) <= width for line in text.splitlines())
    return text


@pytest.mark.parametrize("width", [80, 140])
def test_the_list_of_calls_fits_the_terminal(width: int) -> None:
    records = fold(a_call_that_rings_twice(Diary()).entries).values()
    text = printed(calls_table(records, MOSCOW, NOW_MS, width=width), width)
    flat = " ".join(text.split())
    assert "01:13:20" in flat  # 22:13:20 UTC
    for part in ("aaaaaaaa", "+79161112233", "payers", "boris", "0:18", "1:14", "completed"):
        assert part in flat, part
    wide = ("who_is_calling ›", "hung up", "caller 1:13")
    assert [part in flat for part in wide] == [width == 140] * 3


@pytest.mark.parametrize("width", [80, 140])
def test_the_story_is_readable_at_any_width(width: int) -> None:
    diary = a_call_that_rings_twice(Diary())
    (record,) = fold(diary.entries).values()
    text = printed(story_view(story(record, reasons_from(diary.entries, choice)), MOSCOW), width)
    assert "01:13:27.0  joins the queue payers" in text
    assert "· not boris: idle for less time (17.0 s against 27.0 s)" in text
    assert text.startswith("15.11.2023, Call c01hf7yat00aaaaaaaaaaaaaaaa")


@pytest.mark.parametrize("width", [80, 140])
def test_the_floor_shows_queues_agents_calls_and_alarms(width: int) -> None:
    floor = view(the_floor(), NOW_MS, notes=("Redis memory is at 91 % of its bound",))
    text = printed(floor_view(floor, MOSCOW), width)
    assert "3 calls, 2 waiting   agents: 1 free, 1 talking, 1 not ready" in text
    assert "! Redis memory is at 91 % of its bound" in text
    assert "not ready (lunch)" in text
    assert "…" not in text
    lines = text.splitlines()
    assert next(line for line in lines if line.startswith("payers")).split()[:4] == ["payers", "2", "0:40", "1"]
    assert next(line for line in lines if line.startswith("c2")).split() == ["c2", "+7916", "waiting", "0:40", "payers"]


def test_what_callers_call_themselves_neither_styles_nor_steers_the_terminal() -> None:
    diary = Diary()
    diary.says(Word.ARRIVED, caller=ESCAPE, number=ESCAPE)
    diary.says(Word.NODE, node=ESCAPE)
    records = fold(diary.entries).values()
    (record,) = records
    hostile = view({"waiting:c1": {"caller": ESCAPE, "queue": ESCAPE}, "agent:x": an_agent(name=ESCAPE)}, NOW_MS)
    for shown in (
        calls_table(records, MOSCOW, NOW_MS),
        story_view(story(record, lambda *_: ()), MOSCOW),
        floor_view(hostile, MOSCOW),
    ):
        text = printed(shown)
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[red]" in text


def test_numbers_are_masked_when_asked() -> None:
    diary = a_call_that_rings_twice(Diary())
    records = fold(diary.entries).values()
    (record,) = records
    waiting = view({"waiting:c1": {"caller": "+79161112233", "queue": "payers"}}, NOW_MS)
    for shown in (
        calls_table(records, MOSCOW, NOW_MS, mask=True),
        story_view(story(record, lambda *_: ()), MOSCOW, mask=True),
        floor_view(waiting, MOSCOW, mask=True),
    ):
        text = printed(shown)
        assert "7916111" not in text
        assert "2233" in text
    assert (masked("+79161112233"), masked("12345"), masked("")) == ("••••••••2233", "•••", "")


def test_a_missing_recording_and_one_in_work_are_told_apart() -> None:
    diary = a_call_that_rings_twice(Diary())
    diary.entries.pop()
    assert "in work" in printed(calls_table(fold(diary.entries).values(), MOSCOW, NOW_MS))
    diary.says(Word.RECORDING, problem="no space left")
    assert "no space left" in " ".join(printed(calls_table(fold(diary.entries).values(), MOSCOW, NOW_MS)).split())


def test_durations_and_odd_characters() -> None:
    assert [duration(ms) for ms in (0, 7_900, 61_000, 3_661_000)] == ["0:00", "0:07", "1:01", "1:01:01"]
    assert plain("Анна\n\u202e") == "Анна\\x0a\\x202e"
