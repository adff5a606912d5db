"""Trees with what belongs to them: the configuration, their tests, real calls from the journal; walked by hand."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callrouter.app.tree_files import advised, calls_of, open_tests, open_tree, trails, tree_files, usable_config, world
from callrouter.app.tree_try import HELP, walk_by_hand
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, Word
from callrouter.tree.model import Tree
from callrouter.tree.proof.cases import run_cases
from callrouter.tree.proof.coverage import coverage
from callrouter.tree.proof.diff import difference
from callrouter.tree.proof.trial import Trial
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.tree.proof.every_node import every_node
from tests.tree.trees import SMALL, tree

PROJECT = Path(__file__).parents[2]
NEARLY_A_DAY_S = 80_000.0
TODAY = datetime(2026, 6, 1, tzinfo=UTC)


async def journal(calls: Iterable[tuple[str, list[tuple[str, str]], str]], clock: HandClock) -> FakeLine:
    line = FakeLine(clock)
    for call, steps, how in calls:
        data = {"number": "+7495", "caller": "+79161112233", "tree": "small", "version": "1", "language": "en"}
        nodes = [Entry(Word.NODE, call, data={"node": node, "by": by}) for node, by in steps]
        entries = (Entry(Word.ARRIVED, call, data=data), *nodes, Entry(Word.ENDED, call, data={"how": how}))
        await line.commit(Commit(entries))
        clock.advance(NEARLY_A_DAY_S)
    return line


async def test_real_calls_become_trails_of_the_days_that_are_asked_for() -> None:
    ways = [
        ("old", [("top", ""), ("shop", "1")], "completed"),
        ("new", [("top", ""), ("top", "invalid"), ("bye", "12")], "tree"),
        ("gone", [("top", ""), ("more", "2")], "left_tree"),
    ]
    line = await journal(ways, HandClock())
    found = list(trails(await calls_of(line, 3), "small", UTC))
    assert [(one.call, one.left) for one in found] == [("old", False), ("new", False), ("gone", True)]
    assert found[1].steps == (("top", ""), ("top", "invalid"), ("bye", "12"))
    assert found[1].situation.caller == "+79161112233"
    assert [one.call for one in trails(await calls_of(line, 2), "small", UTC)] == ["new", "gone"]
    assert list(trails(await calls_of(line, 3), "other", UTC)) == []


async def test_real_calls_that_would_end_elsewhere_are_found() -> None:
    ways = [(f"c{n}", [("top", ""), ("more", "2"), ("shop", "silence")], "completed") for n in range(2)]
    ways[0][1].insert(2, ("more", "silence"))
    ways[1][1].insert(2, ("more", "invalid"))
    line = await journal(ways, HandClock())
    found = list(trails(await calls_of(line, 9), "small", UTC))
    new = tree(SMALL.replace("no_input: {then: shop}", "no_input: {then: bye}"))
    (one, other) = difference(tree(), new, [], found).calls
    assert {one.calls, other.calls} == {("c0",), ("c1",)}
    assert one.new == "hangup, in en"


async def test_answers_in_the_journal_say_what_was_collected() -> None:
    line = FakeLine(HandClock())
    steps = [("greeting", ""), ("hours", "")]
    arrived = Entry(Word.ARRIVED, "c", data={"tree": "shop", "language": "en", "caller": "", "number": ""})
    answer = Entry(Word.ANSWER, "c", data={"variable": "order", "value": "12345"})
    hidden = Entry(Word.ANSWER, "c", data={"variable": "card", "value": "***"})
    nodes = [Entry(Word.NODE, "c", data={"node": node, "by": by}) for node, by in steps]
    ended = Entry(Word.ENDED, "c", data={"how": "left_tree"})
    await line.commit(Commit((arrived, *nodes, answer, hidden, ended)))
    (trail,) = trails(await calls_of(line, 1), "shop", UTC)
    assert trail.values == {"order": ("12345",)}


def test_a_file_of_tests_stands_for_its_tree_and_no_file_for_all_of_the_folder() -> None:
    folder = PROJECT / "ivr_trees"
    assert tree_files([Path("a/x.test.yaml"), Path("a/x.yaml")], folder) == [Path("a/x.yaml")]
    assert folder / "payments.yaml" in tree_files([], folder)
    assert all("." not in file.stem for file in tree_files([], folder))


def test_nothing_is_wrong_with_the_trees_that_ship() -> None:
    config = usable_config(PROJECT / "config")
    assert config is not None
    for file in tree_files([], PROJECT / "ivr_trees"):
        opened = open_tree(file, config)
        every = [*opened.problems, *advised(opened, config, TODAY)]
        assert [one for one in every if one.severity == "error"] == []


@pytest.mark.parametrize("file", sorted(PROJECT.glob("ivr_trees/*.test.yaml")), ids=lambda file: file.name)
def test_the_tests_of_the_trees_that_ship_are_good_and_take_every_branch(file: Path) -> None:
    config = usable_config(PROJECT / "config")
    opened = open_tree(file.with_name(file.name.replace(".test", "")), config)
    assert opened.tree is not None, opened.problems
    placed, problems = open_tests(opened.tests)
    assert problems == ()
    verdicts = run_cases(opened.tree, placed, world(config, opened.tree))
    assert [(one.placed.line, one.complaints) for one in verdicts if not one.good] == []
    assert coverage(opened.tree, [one for v in verdicts for one in v.outcome.crossings]).missing == ()


def test_a_tree_without_a_number_is_told_in_one_line_what_the_configuration_lacks() -> None:
    config = usable_config(PROJECT / "config")
    (told,) = open_tree(PROJECT / "ivr_trees/first_hire.yaml", config).problems
    lacking = "there is no group `desk`, there is no queue `desk`, there is no switch `away`"
    assert (told.severity, told.message) == ("warning", f"no number leads to this tree; before one does: {lacking}")


def test_a_broken_tree_without_a_number_is_broken(tmp_path: Path) -> None:
    text = (PROJECT / "ivr_trees/first_hire.yaml").read_text(encoding="utf-8")
    file = tmp_path / "draft.yaml"
    file.write_text(text.replace("holidays: ru", "holidays: zz"), encoding="utf-8")
    opened = open_tree(file, usable_config(PROJECT / "config"))
    assert opened.tree is None
    assert any("there is no country `zz`" in one.message and one.severity == "error" for one in opened.problems)


def test_a_file_that_is_not_there_is_a_problem() -> None:
    assert "the file cannot be read" in open_tree(Path("nowhere.yaml"), None).problems[0].message
    assert "the file cannot be read" in open_tests(Path("nowhere.test.yaml"))[1][0].message


def typed(given: Tree, *lines: str) -> list[str]:
    """What is shown when these lines are typed."""
    left = list(lines)
    told: list[str] = []
    walk_by_hand(Trial(given), lambda _: left.pop(0), told.append)
    assert not left
    return told


def test_a_tree_is_walked_by_typing_keys_and_enter_for_silence() -> None:
    told = typed(tree(), "2", "", "5", "1", "")
    assert told[0] == HELP
    assert told[1:5] == ["● top", "  « Choose »", "● more  (2)", "  « More »"]
    assert "● more  (silence)" in told
    assert "● hello  (5)" in told
    assert told[-1] == "═ queue shop, priority 4"


def test_what_is_no_key_is_told_and_q_hangs_up() -> None:
    told = typed(tree(), "hello", "q")
    assert "`hello` is no key" in told[-2]
    assert told[-1] == "═ hung up at top"


def test_answers_of_others_are_asked_for_until_they_are_understood() -> None:
    told = typed(every_node(), "1", "1234#", "1", "paid=what ever", "paid=true sum=2000", "*", "5")
    assert any("« 1234. One: right. Two: again. »" in line for line in told)
    assert "● vip  (case 1)" in told
    assert told[-1] == "═ hangup"
    told = typed(every_node(), "3", "busy", "")
    assert told[-1] == "═ queue shop"
