"""`callrouter tree …` as it is typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callrouter.cli import app
from tests.tree.proof.every_node import CARD, SHOP, TESTS
from tests.tree.trees import SMALL

TEST = "schema: 1\ntests:\n  - a caller presses 12 → hangup\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("small.yaml", SMALL),
        ("small.test.yaml", TEST),
        ("shop.yaml", SHOP),
        ("shop.test.yaml", TESTS),
        ("card.yaml", CARD),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path


def tree(*words: object, typed: str = "") -> Result:
    """Without a configuration: trees alone."""
    return CliRunner().invoke(app, ["--config", "nowhere", "tree", *map(str, words)], input=typed)


def test_check_prints_the_bound_and_the_longest_way(folder: Path) -> None:
    done = tree("check", folder / "small.yaml")
    assert done.exit_code == 0
    assert "every call ends, whatever the caller does, after at most" in done.output
    assert "the longest way: top" in done.output


def test_check_tells_problems_of_all_files_and_fails(folder: Path) -> None:
    (folder / "bad.yaml").write_text(SMALL.replace("next: top", "next: tpo"))
    (folder / "loop.yaml").write_text(SMALL.replace("there}, then: bye", "there}, then: hello"))
    done = tree("check", folder / "bad.yaml", folder / "loop.yaml", folder / "shop.yaml")
    assert done.exit_code == 1
    assert "bad.yaml:24:49: error: there is no node `tpo`; did you mean `top`?" in done.output
    assert "top → hello → top" in done.output
    assert "shop.yaml: 23 nodes" in done.output


def test_check_gives_a_program_the_bound_of_every_node(folder: Path) -> None:
    (one,) = json.loads(tree("check", folder / "shop.yaml", "--json").output)
    assert one["bound"]["inputs"] == one["bounds"]["greeting"]["inputs"]
    assert one["bounds"]["card/number"]["exact"] is True


def test_test_runs_the_tests_beside_a_tree_and_names_what_none_takes(folder: Path) -> None:
    good = tree("test", folder / "shop.yaml", "--full")
    assert good.exit_code == 0, good.output
    assert "28 of 28 tests good, 57 of 57 branches (100 %)" in good.output
    some = tree("test", folder / "small.test.yaml")
    assert some.exit_code == 0
    assert "no test takes top: 2  (" in some.output
    assert "small.yaml:8)" in some.output
    assert tree("test", folder / "small.yaml", "--full").exit_code == 1


def test_a_failed_test_tells_its_line_what_was_wrong_and_how_it_went(folder: Path) -> None:
    (folder / "small.test.yaml").write_text(TEST + "  - a caller presses 2, then 9, then 9 → hangup, over hello\n")
    done = tree("test", folder / "small.yaml")
    assert done.exit_code == 1
    assert "small.test.yaml:4: FAILED  a caller presses 2" in done.output
    assert "ended in queue shop, priority 4" in done.output
    assert "did not come over hello" in done.output
    assert "it went top → more ×2 → shop" in done.output
    (told,) = json.loads(tree("test", folder / "small.yaml", "--json").output)
    assert [one["good"] for one in told["tests"]] == [True, False]


def test_a_sentence_that_cannot_be_understood_fails(folder: Path) -> None:
    (folder / "small.test.yaml").write_text(TEST + "  - a caller dances → hangup\n")
    done = tree("test", folder / "small.yaml")
    assert done.exit_code == 1
    assert "small.test.yaml:4:5: error: begin with who calls" in done.output


def test_a_tree_is_tried_by_typing(folder: Path) -> None:
    done = tree("try", folder / "shop.yaml", "from +78121112233 on Monday at 10:00", typed="3\n\n")
    assert done.exit_code == 0
    assert "● petersburg  (branch 2)" in done.output
    assert "« Один, два, три. »" in done.output
    assert "═ transfer director" in done.output
    assert tree("try", folder / "shop.yaml", "from the moon").exit_code == 2
    assert tree("try", folder / "small.yaml", typed="2\n").exit_code == 0


@pytest.mark.parametrize(("name", "begin"), [("x.svg", "<svg"), ("x.mmd", "flowchart TD")])
def test_a_tree_is_drawn_into_a_file(folder: Path, name: str, begin: str) -> None:
    assert tree("draw", folder / "shop.yaml", folder / name, "--tests").exit_code == 0
    assert (folder / name).read_text().startswith(begin)


def test_a_tree_is_drawn_here_with_what_its_tests_take(folder: Path) -> None:
    done = tree("draw", folder / "small.yaml", "--tests")
    assert done.exit_code == 0
    assert "✗" in done.output
    assert "[queue shop +4]" in done.output
    assert tree("draw", folder / "small.yaml", folder / "x.png").exit_code == 2


def test_diff_says_which_tests_would_end_elsewhere(folder: Path) -> None:
    other = folder / "small2.yaml"
    other.write_text(SMALL.replace('"12": bye', '"12": shop'))
    done = tree("diff", folder / "small.yaml", other)
    assert done.exit_code == 1
    assert "now hangup, in en" in done.output
    assert "then queue shop, priority 4, in en" in done.output
    assert "1 of 1 tests and 0 of 0 calls end elsewhere." in done.output
    same = tree("diff", folder / "small.yaml", folder / "small.yaml", "--json")
    assert same.exit_code == 0
    assert json.loads(same.output)["tests"] == []
