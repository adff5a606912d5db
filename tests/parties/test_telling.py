"""What is told of stories: lines, the table, the summary, JSON; and which stories may be played at once."""

from __future__ import annotations

import io
import json
from itertools import count

import pytest
from rich.console import Console

from callrouter.documents import parse
from callrouter.journal import Entry, Word
from callrouter.parties.aftermath import facts
from callrouter.parties.narrate import narrator, summary, table
from callrouter.parties.reading import understand_story
from callrouter.parties.rehearse import _startable, needs_of
from callrouter.parties.story import Story
from callrouter.parties.verdict import Begins, CallFacts, Ends, Latency, StoryResult, Told, Verdict
from tests.parties.bare_asterisk import Bare, BareCentre

OK = Verdict("ok", 3, "caller calls", 0.01)
MISS = Verdict("MISS", 4, "anna's phone rings", 2.5, "not within 1 s; [red]nothing[/red] has happened to anna")
CALL = CallFacts("caller", "c1", ("hello", "payers"), "payers", 1.25, "anna", 3.0, "c1.flac",
                 (("caller", "anna"), ("anna", "caller"), ("chief", "anna")))  # fmt: skip
GOOD = StoryResult(
    "A payer is served", "stories/payer_served.yaml", (OK,), 5.0, (CALL,), (Latency("key", "anna", 0.005),)
)
BAD = StoryResult("Nobody comes", "stories/nobody.yaml", (OK, MISS), 2.6)


def printed(*things: object, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    for thing in things:
        console.print(thing)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_narrative_says_each_line_and_takes_nothing_for_markup() -> None:
    console = Console(file=io.StringIO(), width=200)
    tell = narrator(console)
    for event in (Begins("Nobody comes"), Told("Nobody comes", OK), Told("Nobody comes", MISS), Ends(BAD)):
        tell(event)
    assert isinstance(console.file, io.StringIO)
    begins, good, bad, ends = console.file.getvalue().splitlines()
    assert "Nobody comes" in begins
    assert "ok     0.01s  caller calls" in good
    assert "MISS   2.50s  anna's phone rings   not within 1 s; [red]nothing[/red] has happened to anna" in bad
    assert "NOT as told" in ends


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_has_everything_about_a_call(width: int) -> None:
    text = printed(table([GOOD, BAD]), width=width)
    for word in (
        "payer_served",
        "c1",
        "hello",
        "payers",
        "1.2 s",
        "anna",
        "3.0 s",
        "c1.flac",
        "anna ↔ caller",
        "chief ← anna",
    ):
        assert word in text, word
    assert text.count("MISS") == 1


def test_the_summary_counts_and_measures() -> None:
    assert summary([GOOD, BAD]).splitlines() == [
        "1 of 2 stories went as told",
        "last key → the agent's INVITE: median 5.0 ms, longest 5.0 ms (1 measured)",
    ]


def test_results_are_json() -> None:
    told = json.loads(json.dumps(BAD.as_json()))
    assert told["went_as_told"] is False
    assert told["verdicts"][1] == {
        "outcome": "MISS", "line": 4, "said": "anna's phone rings", "at_s": 2.5, "instead": MISS.instead,
    }  # fmt: skip


def test_a_verdict_can_be_read_alone() -> None:
    assert str(OK) == "ok      0.01s  caller calls"


def test_facts_of_a_call_are_those_of_its_journal() -> None:
    entries = [
        Entry(Word.NODE, "c1", data={"node": "hello"}), Entry(Word.ENTERQUEUE, "c1", queue="payers"),
        Entry(Word.ENTERQUEUE, "c1", queue="overflow"), Entry(Word.CONNECT, "c1", "gleb", "overflow"),
        Entry(Word.ENDED, "c1", data={"waited_ms": "1500", "talked_ms": "oops"}),
    ]  # fmt: skip
    row = facts("caller", "c1", entries, "", ())
    assert (row.path, row.queue, row.agent, row.waited_s, row.talked_s) == (("hello",), "overflow", "gleb", 1.5, None)


NUMBERS = count(1)


def story(who: str, line: str = "caller calls", rest: str = "") -> Story:
    caller = f'caller: {{calls: "100", from: "+7916{next(NUMBERS):07}"}}'
    text = f'story: one\n{rest}who:\n  {caller}\n{who}scene: ["{line}"]\n'
    found, problems = understand_story(parse(text, "x.yaml"))
    assert found is not None, problems
    return found


CENTRE = BareCentre(Bare(("127.0.0.1", 1), 2, {}, []))
ANNA, BORIS = story("  anna: {agent: anna}\n"), story("  boris: {agent: boris}\n")
LINE_OF_ANNA = story("", rest="queues: [payers]\n")
FAULT = story("  nobody: {outside: '123'}\n", line="worker w1 is killed")


def started(waiting: list[Story], playing: list[Story], at_once: int = 8) -> list[int]:
    busy = [needs_of(one, CENTRE) for one in playing]
    return [number for number, _ in _startable(list(enumerate(waiting)), busy, at_once, CENTRE)]


def test_stories_with_different_agents_in_different_queues_go_together() -> None:
    assert started([ANNA, BORIS], []) == [0, 1]


def test_an_agent_a_queue_or_a_number_is_used_by_one_story_at_a_time() -> None:
    assert started([ANNA, LINE_OF_ANNA, ANNA], []) == [0]
    assert started([BORIS], [BORIS]) == []
    assert needs_of(ANNA, CENTRE) & needs_of(LINE_OF_ANNA, CENTRE) == {"queue payers"}


def test_a_story_in_which_something_breaks_is_played_alone() -> None:
    assert started([FAULT], [BORIS]) == []
    assert started([BORIS], [FAULT]) == []
    assert started([FAULT, BORIS], []) == [0]


def test_no_more_are_played_at_once_than_allowed() -> None:
    assert started([ANNA, BORIS], [], at_once=1) == [0]
