"""Damaged files of a tree with every kind of node: the loader tells what is wrong and never crashes or hangs."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.tree.load import check_tree
from callrouter.tree.model import Tree

EVERYTHING = (Path(__file__).parents[1] / "live/asks/trees/asks.yaml").read_text(encoding="utf-8")
EVERYTHING = EVERYTHING.replace("CRM_PORT", "80")
BITS = st.sampled_from(
    [
        "",
        "{",
        "}",
        "[",
        "- ",
        ": ",
        "#",
        "*",
        "\t",
        "null",
        "010",
        "1:30",
        '"',
        "type: when",
        "if: (",
        "{a:",
        "\\",
        "\0",
        "٣",
    ]
)


def checked(text: str) -> Tree | None:
    began = time.monotonic()
    tree, problems = check_tree(text, "wild.yaml")
    assert (tree is None) == bool(problems)
    assert all(problem.message for problem in problems)
    assert time.monotonic() - began < 2
    return tree


def test_the_file_itself_is_good() -> None:
    assert checked(EVERYTHING) is not None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_lines_moved_cut_and_exchanged(data: st.DataObject) -> None:
    lines = EVERYTHING.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[at] = data.draw(st.sampled_from([lines[other], lines[at][2:], "  " + lines[at], "", lines[at][:-1]]))
    checked("\n".join(lines))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_bits_put_in_anywhere(data: st.DataObject) -> None:
    text = EVERYTHING
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(BITS | st.text(max_size=5)) + text[at + data.draw(st.integers(0, 5)) :]
    checked(text)
