"""Tests of trees as sentences: understood, run in virtual time, and covering branches."""

from contextlib import suppress
from datetime import date, time
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.tree.load import load_tree
from callrouter.tree.proof.cases import read_cases, run_case, run_cases
from callrouter.tree.proof.coverage import coverage
from callrouter.tree.proof.deeds import (
    Answers,
    HangsUp,
    LeavesMessage,
    NotConnected,
    Nothing,
    Presses,
    Situation,
    Waits,
    WaitsTooLong,
)
from callrouter.tree.proof.sentence import NotUnderstood, read_case
from callrouter.tree.proof.trial import Outcome, try_out
from tests.tree.proof.every_node import TESTS, every_node
from tests.tree.trees import HEAD, tree

ISSUE = (
    "a caller from +79161112233 on Monday at 19:05 presses 2, then nothing, the crm answers 500 "
    "→ queue merchants, priority 7"
)


def sentences(*texts: str) -> bytes:
    return ("schema: 1\ntests:\n" + "".join(f"  - {text}\n" for text in texts)).encode()


def test_the_sentence_of_a_supervisor_is_understood() -> None:
    case = read_case(ISSUE)
    assert case.situation == Situation(caller="+79161112233", day=date(2026, 6, 1), at=time(19, 5))
    assert case.deeds == (Presses("2"), Nothing(), Answers("crm", failure="HTTP 500"))
    assert len(case.expected) == 2


@pytest.mark.parametrize(
    ("words", "deed"),
    [
        ("presses 12 during the prompt", Presses("12", during=True)),
        ("says nothing", Nothing()),
        ("waits 1.5 s", Waits(1.5)),
        ("waits 2 minutes", Waits(120)),
        ("waits too long", WaitsTooLong()),
        ("hangs up", HangsUp()),
        ("leaves a message of 20s", LeavesMessage(20)),
        ("leaves no message", LeavesMessage(0)),
        ("the crm does not answer", Answers("crm", failure="timeout")),
        (
            'crm answers tier=gold name="Anna P" sum=10.5',
            Answers("crm", {"tier": "gold", "name": "Anna P", "sum": "10.5"}),
        ),
        ('crm answers name="Petrova, then Anna"', Answers("crm", {"name": "Petrova, then Anna"})),
        ("the transfer is busy", NotConnected("busy")),
    ],
)
def test_each_deed_is_understood(words: str, deed: object) -> None:
    assert read_case(f"a caller presses 9, {words} → hangup").deeds == (Presses("9"), deed)


@pytest.mark.parametrize(
    ("words", "situation"),
    [
        ("from a hidden number", Situation(caller="")),
        ("calling +74951234567", Situation(called="+74951234567")),
        ("on 2026-12-31 at 9:00", Situation(day=date(2026, 12, 31), at=time(9, 0))),
        ("on a holiday", Situation(holiday=True)),
        ("in list vip, in English", Situation(lists=frozenset({"vip"}), language="en")),
        ("who called 10 minutes ago with an unfinished call", Situation(called_minutes_ago=10, unfinished=True)),
        ("who rings back in time", Situation(rang_back=True)),
        ("while fire is on", Situation(switches=frozenset({"fire"}))),
    ],
)
def test_each_manner_of_calling_is_understood(words: str, situation: Situation) -> None:
    assert read_case(f"a caller {words} hangs up → hangup").situation == situation


def test_who_calls_may_be_one_word_or_end_with_a_comma() -> None:
    assert read_case("someone from a hidden number presses 1 → hangup").situation.caller == ""
    found = read_case("a very late caller, crm answers 500, presses 1 → hangup")
    assert found.deeds == (Answers("crm", failure="HTTP 500"), Presses("1"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a caller presses 1", "say what must come of it after an arrow"),
        ("presses 1 → queue a", "begin with who calls"),
        ("a caller presess 1 → queue a", "`a caller presess 1` is nothing"),
        ("a caller presses 1 → quue a", "did you mean `queue NAME`"),
        ("a caller on 2026-02-30 presses 1 → queue a", "there is no such day or time"),
        ("a caller at 25:00 presses 1 → queue a", "there is no such day or time"),
        ("a caller waits 5 parsecs → queue a", "is no length of time"),
    ],
)
def test_a_sentence_that_cannot_be_understood_says_which_words(text: str, words: str) -> None:
    with pytest.raises(NotUnderstood) as told:
        read_case(text)
    assert words in str(told.value) or "begin with who calls" in str(told.value)


def test_problems_of_a_test_file_have_their_lines() -> None:
    placed, problems = read_cases(sentences("a caller presses 1 → queue a", "a caller dances → queue a"), "x.test.yaml")
    assert len(placed) == 1
    (problem,) = problems
    assert (problem.line, problem.where) == (4, "tests[2]")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80) | st.text(alphabet="a caller presses 12*#→,.\n-:{}[]'\"&!", max_size=80))
def test_no_text_crashes_the_reader(text: str) -> None:
    read_cases("schema: 1\ntests:\n  - " + text, "x.test.yaml")
    for sentence in (text, f"a caller {text} → {text}"):
        with suppress(NotUnderstood):
            read_case(sentence)


@pytest.mark.parametrize("piece", ["a=", "a=a ", '"', "a, ", " then ", "a caller ", "1 "])
def test_no_text_holds_the_reader_up(piece: str) -> None:
    for text in (f"a caller crm answers {piece * 400}!", f"a caller presses {piece * 400}", f"a {piece * 400} → x"):
        begin = perf_counter()
        with suppress(NotUnderstood):
            read_case(f"{text} → {piece * 400}")
        assert perf_counter() - begin < 1


def verdict(text: str) -> list[str]:
    placed, problems = read_cases(sentences(text), "x.test.yaml")
    assert not problems
    return list(run_case(every_node(), placed[0]).complaints)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a caller presses 3 → queue shop", "ended in transfer director"),
        (
            "a caller presses 3, the director is busy → queue shop, priority 1",
            "ended in queue shop, not with priority 1",
        ),
        ("a caller presses 3 → transfer director, over back", "did not come over back"),
        ("a caller presses 3 → transfer director, not over top", "came over top"),
        ("a caller presses 3 → transfer director, in Russian", "was spoken to in en, not in ru"),
        ("a caller presses 3 → transfer director, tag north", "no tag north; there was consent greeting"),
        ("a caller presses 3 → transfer director, hears top.invalid", "did not hear top.invalid"),
        ("a caller presses 3 → transfer director, city = Omsk", "city has no value"),
        ("a caller presses 3, crm answers 500 → transfer director", "nothing ever asked for this: crm answers"),
        ("a caller presses 3, then 1 → transfer director", "the call was over before the caller pressed 1"),
        ("a caller presses 1, then 1234#, then 1 → queue shop", "asked crm, and nothing is said of what it answers"),
        ("a caller presses 1, then 1234#, then 1, crm answers paid=perhaps → queue shop", "paid=perhaps is no bool"),
        ("a caller presses 1, then 1234#, then 1, crm answers paid=true q=1 → queue shop", "crm has no variable q"),
        ("a caller hangs up → hangup", "ended in hung up at greeting"),
        ("a caller waits 10s → queue shop", "ended in still asked at top"),
    ],
)
def test_what_is_otherwise_than_demanded_is_told(text: str, complaint: str) -> None:
    assert complaint in verdict(text)


def test_every_kind_of_node_can_be_tested_and_covered() -> None:
    placed, problems = read_cases(TESTS, "shop.test.yaml")
    assert not problems
    verdicts = run_cases(every_node(), placed)
    assert [(one.placed.line, one.complaints) for one in verdicts if not one.good] == []
    assert coverage(every_node(), [one for v in verdicts for one in v.outcome.crossings]).missing == ()


def test_a_branch_that_no_test_takes_is_named_with_its_place() -> None:
    placed, _ = read_cases(TESTS, "shop.test.yaml")
    without = [one for one in placed if "list blocked" not in one.case.text]
    verdicts = run_cases(every_node(), without)
    covered = coverage(every_node(), [one for v in verdicts for one in v.outcome.crossings])
    (missing,) = covered.missing
    assert str(missing) == "who: list blocked"
    assert missing.path == ("nodes", "who", "branches", 0, "then")
    assert str(covered) == "56 of 57 branches (98 %)"


# --- virtual time -----------------------------------------------------------------------------------------------------


def small(*deeds: object) -> Outcome:
    return try_out(tree(), deeds)  # type: ignore[arg-type] # whatever deeds a test wants


def test_waiting_less_than_the_timeout_is_no_silence_and_waiting_longer_is() -> None:
    assert small(Presses("2"), Waits(0.1)).path == ("top", "more")
    waited = small(Waits(0.07 * len("Choose") + 5.9))
    assert waited.path == ("top",)
    assert small(Waits(0.07 * len("Choose") + 6.1)).path == ("top", "top")


def test_a_key_during_a_prompt_that_lets_none_in_is_not_heard() -> None:
    assert small(Presses("2"), Presses("5", during=True)).node == "more"
    assert small(Presses("2"), Presses("5")).node == "top"


def test_the_second_digit_comes_in_time_or_is_not_waited_for() -> None:
    assert small(Presses("12")).ended == "hangup"
    assert small(Presses("1"), Waits(2.1)).ended == "queue shop, priority 4"
    assert small(Presses("1"), Waits(1.9), Presses("2", during=True)).ended == "hangup"


def test_who_has_hung_up_does_nothing_more() -> None:
    gone = small(HangsUp(), Presses("1"))
    assert gone.ended == "hung up at top"
    assert gone.complaints == ("the call was over before the caller pressed 1",)


def test_who_rings_back_in_time_is_known_to_a_caller_node() -> None:
    nodes = "  top: {type: caller, branches: [{rang_back: true, then: shop}], otherwise: bye}\n"
    tree = load_tree(HEAD + nodes + "  shop: {type: queue, queue: shop}\n  bye: {type: hangup}\n", "small.yaml")
    placed, _ = read_cases(
        sentences("a caller who rings back in time → queue shop", "a caller from +79160000001 → hangup"),
        "x.test.yaml",
    )
    assert [run_case(tree, one).complaints for one in placed] == [(), ()]
