"""What the strict reader accepts, refuses, and survives."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.documents import Document, parse
from callrouter.documents.strict_yaml import MAX_DEPTH


def messages(document: Document) -> list[str]:
    return [f"{problem.line}:{problem.column} {problem.message}" for problem in document.problems]


def test_plain_values_are_read_as_they_look() -> None:
    document = parse('a: 12\nb: -0.5\nc: true\nd: null\ne: два слова\nf: "01"\ng: [1, x]\nh: {i: 127.0.0.2}\n', "x")
    assert document.problems == ()
    assert document.value == {
        "a": 12,
        "b": -0.5,
        "c": True,
        "d": None,
        "e": "два слова",
        "f": "01",
        "g": [1, "x"],
        "h": {"i": "127.0.0.2"},
    }


def test_keys_that_are_digits_stay_text_as_written() -> None:
    assert parse("1: one\n12: twelve\n", "x").value == {"1": "one", "12": "twelve"}


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("no", "true or false"),
        ("Yes", "true or false"),
        ("True", "small letters"),
        ("010", "octal"),
        ("00", "octal"),
        ("1:30", "base 60"),
        ("2026-11-21", "date"),
        ("+74951234567", "plus"),
        ("1_000", "12 or 0.5"),
        ("1e3", "12 or 0.5"),
        (".5", "12 or 0.5"),
        ("0x1f", "12 or 0.5"),
        (".inf", "12 or 0.5"),
        ("NULL", "null in small"),
        ("9999999999999999", "12 or 0.5"),
        ("*11", '"*11" in quotes'),
        ("#", 'quotes: "#"'),
        ("&x 1", "references"),
        ("!!python/name:os.system x", "tags"),
    ],
)
def test_a_word_that_programs_read_differently_is_a_problem_at_its_place(written: str, hint: str) -> None:
    found = messages(parse(f"first: 1\nkey: {written}\n", "x"))
    assert len(found) == 1
    assert found[0].startswith("2:6 ") or written == "#"
    assert hint in found[0]


@pytest.mark.parametrize("written", ["no", "010", "1:30", "true", "null", "1.5", "+7495"])
def test_an_unclear_key_is_a_problem(written: str) -> None:
    (found,) = messages(parse(f"{written}: x\n", "x"))
    assert found.startswith("1:1 ")
    assert "not clear" in found


def test_quotes_make_every_word_plain_text() -> None:
    document = parse('a: "no"\nb: \'010\'\n"*": star\n"#": hash\n"1:30": x\n', "x")
    assert document.problems == ()
    assert document.value == {"a": "no", "b": "010", "*": "star", "#": "hash", "1:30": "x"}


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    document = parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", "x")
    assert messages(document) == [
        "4:3 the key `c` was already given in line 3; keep one of them",
        "5:1 the key `a` was already given in line 1; keep one of them",
    ]
    assert document.value == {"a": 1, "b": {"c": 1}}


def test_an_option_lost_to_a_comment_is_a_problem_but_a_comment_is_not() -> None:
    (found,) = messages(parse("options:\n  1: a  # the first\n  #: repeat\n  # 2: b\n", "x"))
    assert found.startswith("3:3 ")


def test_a_hash_inside_a_text_of_several_lines_is_text() -> None:
    assert parse("a: |\n  one\n  #: two\nb: 'x\n  #: y'\n", "x").problems == ()


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("a: *\n", "1:5", '"*"'),
        ("a:\n\t- b\n", "2:1", "spaces"),
        ("a: b: c\n", "1:5", "too many"),
        ("a: 'b\nc: d\n", "1:4", "quotes"),
        ("a: [1, 2\nb: c\n", "1:4", "bracket"),
        ("a: @b\n", "1:4", "quotes"),
        ("a: b\nc\nd: e\n", "3:1", "key: value"),
        ("a: \x00", "1:4", "control character"),
        ("a: b\n\ud800", "2:1", "control character"),
        ("a: 1\n---\nb: 2\n", "2:1", "second document"),
        ("? [a]\n: b\n", "1:3", "a key must be"),
        ("a: " + "[" * 30, f"1:{MAX_DEPTH + 3}", "nested deeper"),
    ],
)
def test_broken_yaml_says_where_and_what_to_do(text: str, place: str, hint: str) -> None:
    found = messages(parse(text, "x"))
    assert found[-1].startswith(place + " ")
    assert hint in found[-1]


def test_bytes_that_are_not_utf8_are_a_problem_at_their_place() -> None:
    assert messages(parse("a: 1\nб: ".encode() + b"\xff", "x")) == [
        "2:4 this is not UTF-8 text; save the file as UTF-8"
    ]


@pytest.mark.parametrize(
    "text", ["[" * 500_000, "{a: " * 400_000, "- " * 900_000, "a: &a [*a, *a]\n" * 50_000, "1" * 1_999_999]
)
@pytest.mark.timeout(60)
def test_bombs_are_refused_and_do_not_go_off(text: str) -> None:
    assert parse(text, "x").problems


def test_a_file_too_long_is_refused_unread() -> None:
    assert "longer than" in messages(parse("#" * 2_000_001, "x"))[0]


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200) | st.text("{}[]:,-?*&!#'\"|>\n \t%@aб01~", max_size=80))
def test_no_bytes_whatever_crash_the_reader(text: str | bytes) -> None:
    document = parse(text, "x")
    lines = (text.decode(errors="replace") if isinstance(text, bytes) else text).splitlines()
    assert all(1 <= problem.line <= len(lines) + 2 for problem in document.problems)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcя_", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(TREES)
def test_what_json_says_is_read_back_the_same(value: object) -> None:
    assert parse(json.dumps(value, ensure_ascii=False), "x").value == value
