"""Stories in YAML: good ones become values, every mistake is told at its line, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.documents import parse
from callrouter.errors import ConfigError
from callrouter.parties.party import Habit
from callrouter.parties.reading import read_stories, understand_story
from callrouter.parties.sentences import SENTENCES, seconds, understand
from callrouter.parties.story import (
    Action,
    Agent,
    CallEnds,
    Caller,
    Calls,
    Does,
    DoesNotRing,
    Fault,
    HasNotHeard,
    Hears,
    HearsMusic,
    HearsNothing,
    HearsPrompt,
    IsConnected,
    IsRefused,
    Journalled,
    Outside,
    Presses,
    Recorded,
    Rejects,
    Rings,
    Shows,
    Story,
    Transfers,
    Waits,
)

GOOD = """\
story: A payer is served
who:
  caller: {calls: "+74951234567", from: "+79161112233"}
  anna: {agent: anna, answers_after: 1.5s}
  shop: {outside: "+79995556677", rejects_with: 486}
scene:
  - caller calls
  - caller hears prompt payments.who_is_calling
  - caller presses 1
  - anna's phone rings within 1s
  - caller and anna hear each other for 3s
journal:
  - ENTERQUEUE payers
  - CONNECT anna
recording: {left: caller, right: anna, at least: 2.5s}
"""


def understood(text: str) -> Story:
    story, problems = understand_story(parse(text, "one.yaml"))
    assert problems == ()
    assert story is not None
    return story


def told(text: str) -> list[str]:
    story, problems = understand_story(parse(text, "one.yaml"))
    assert story is None
    return [f"{problem.line}: {problem.message}" for problem in problems]


def test_a_story_becomes_a_value() -> None:
    story = understood(GOOD)
    assert story.name == "A payer is served"
    assert story.cast == {
        "caller": Caller("+74951234567", "+79161112233"),
        "anna": Agent("anna", Habit(answers_after_s=1.5), "ready"),
        "shop": Outside("+79995556677", Habit(rejects_with=486)),
    }
    assert [line.number for line in story.scene] == [7, 8, 9, 10, 11]
    assert story.scene[3].action == Rings("anna", 1.0)
    assert story.journal[1] == Journalled("CONNECT anna", 14, "caller", "CONNECT", ("anna",))
    assert story.recording == Recorded(
        "the recording has caller left and anna right, at least 2.5s", 15, "caller", "anna", 2.5
    )
    assert story.agents == {"anna"}
    assert story.numbers == {"+79161112233", "+79995556677"}
    assert story.prompts == {("payments.who_is_calling", "ru")}


EXAMPLES: list[tuple[str, Action]] = [
    ("caller calls", Calls("caller", "")),
    ("caller calls +74951234567", Calls("caller", "+74951234567")),
    ("anna dials *11", Calls("anna", "*11")),
    ("caller presses 1 2 #", Presses("caller", "12#")),
    ("caller hears prompt p.hello", HearsPrompt("caller", "p.hello", "", False, 5.0)),
    ("caller hears prompt p.hello in en within 2s", HearsPrompt("caller", "p.hello", "en", False, 2.0)),
    ("caller hears all of prompt p.hello", HearsPrompt("caller", "p.hello", "", True, 5.0)),
    ("caller has not heard prompt p.hello in en", HasNotHeard("caller", "p.hello", "en")),
    ('anna\'s phone shows "Payers: Ivan"', Shows("anna", "Payers: Ivan")),
    ("caller hears music", HearsMusic("caller", 0.8, 5.0)),
    ("caller hears music for 3s within 500ms", HearsMusic("caller", 3.0, 0.5)),
    ("caller hears nothing for 2s", HearsNothing("caller", "", 2.0)),
    ("caller hears nothing from boris for 2s", HearsNothing("caller", "boris", 2.0)),
    ("chief hears anna for 1s", Hears(("chief",), ("anna",), 1.0, 5.0)),
    ("caller and anna hear each other for 3s", Hears(("caller", "anna"), ("caller", "anna"), 3.0, 5.0)),
    ("caller, anna and shop hear each other", Hears(("caller", "anna", "shop"), ("caller", "anna", "shop"), 2.0, 5.0)),
    ("anna's phone rings within 1.5 s", Rings("anna", 1.5)),
    ("anna’s phone rings", Rings("anna", 5.0)),
    ("boris's phone does not ring", DoesNotRing("boris", None)),
    ("boris's phone does not ring for 2s", DoesNotRing("boris", 2.0)),
    ("anna's phone stops ringing within 1s", CallEnds("anna", 1.0)),
    ("caller is connected", IsConnected("caller", 5.0)),
    ("caller is refused with 486 within 1s", IsRefused("caller", "486", 1.0)),
    ("anna's call ends within 1s", CallEnds("anna", 1.0)),
    ("anna answers", Does("anna", "answers")),
    ("anna does not answer", Does("anna", "lets it ring")),
    ("anna rejects", Rejects("anna", 486)),
    ("anna rejects with 603", Rejects("anna", 603)),
    ("caller hangs up", Does("caller", "hangs up")),
    ("anna holds", Does("anna", "holds")),
    ("anna resumes", Does("anna", "resumes")),
    ("anna transfers to +79995556677", Transfers("anna", "+79995556677")),
    ("anna's phone registers", Does("anna", "registers")),
    ("anna's phone unregisters", Does("anna", "unregisters")),
    ("2 minutes pass", Waits(120.0)),
    ("wait 300ms", Waits(0.3)),
    ("worker w1 is killed", Fault("worker w1", "killed")),
    ("asterisk is stopped", Fault("asterisk", "stopped")),
]


@pytest.mark.parametrize(("said", "meant"), EXAMPLES)
def test_a_sentence_means_what_it_says(said: str, meant: Action) -> None:
    assert understand(said) == meant


def test_every_sentence_has_an_example() -> None:
    assert len(EXAMPLES) >= len(SENTENCES)


@pytest.mark.parametrize(
    "said", ["", "caller", "caller sings", "caller presses x", "Caller calls", "anna rejects with 200"]
)
def test_what_is_no_sentence_is_not_understood(said: str) -> None:
    assert understand(said) is None


def test_lengths_of_time() -> None:
    assert [seconds(text) for text in ("2s", "1.5 s", "300ms", "1 minute", "2m")] == [2, 1.5, 0.3, 60, 120]
    with pytest.raises(ValueError, match="write it like 2s"):
        seconds("soon")


def test_every_mistake_is_told_at_its_line() -> None:
    text = GOOD.replace("caller presses 1", "caller pressses 1").replace("- caller calls", "- calller calls")
    text = text.replace("CONNECT anna", "CONECT anna").replace("right: anna", "right: ann")
    assert told(text) == [
        "7: `calller` is not in `who`; did you mean `caller`?",
        "9: nobody understands `caller pressses 1`; did you mean `{who} presses {keys}`, "
        "`{who} resumes`, `{who} rejects[ with {status}]`?",
        "14: the journal has no word `CONECT`; did you mean `CONNECT`?",
        "15: `ann` is not in `who`; did you mean `anna`?",
    ]


def test_unknown_keys_are_told() -> None:
    assert told(GOOD.replace("answers_after", "answer_after")) == [
        "4: unknown key `answer_after`; did you mean `answers_after`?"
    ]


def test_somebody_who_is_nobody_is_told() -> None:
    assert told(GOOD.replace("{agent: anna, answers_after: 1.5s}", "{answers_after: 1.5s}"))[0].startswith(
        "4: say who this is"
    )


def test_only_a_caller_has_a_number_of_its_own_to_call() -> None:
    assert told(GOOD.replace("- caller calls", "- anna calls"))[0].startswith("7: only a caller has a number")


def test_a_time_that_is_none_is_told() -> None:
    assert told(GOOD.replace("within 1s", "within 1q")) == [
        "10: `1q` is no length of time; write it like 2s, 1.5s or 300ms"
    ]


def test_the_journal_may_be_given_for_each_caller() -> None:
    text = GOOD.replace("journal:\n  - ENTERQUEUE payers\n  - CONNECT anna\n", "journal: {anna: [CONNECT]}\n")
    assert told(text) == ["12: the journal is that of a caller's call, and this is no caller"]
    assert understood(text.replace("{anna:", "{caller:")).journal[0].caller == "caller"


def test_the_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("story: x\n")
    with pytest.raises(ConfigError) as caught:
        read_stories([tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml"])
    assert {Path(problem.file).name for problem in caught.value.problems} == {"a.yaml", "b.yaml", "c.yaml"}
