"""Conditions: what holds, what is told as a mistake, and that no text can crash or stall them."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.tree.condition import Value, holds, mistakes, parse_condition, variables_of
from callrouter.tree.pattern import Pattern, fits

KNOWN: dict[str, Value] = {"balance": 120.5, "city": "Omsk", "paid": True, "order": "40123456"}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("balance > 100", True),
        ("balance > 100 and city == 'Tomsk'", False),
        ('city == "Tomsk" or balance >= 120.5', True),
        ("not paid", False),
        ("paid and not (balance < 0 or city != 'Omsk')", True),
        ('city in ["Omsk", "Tomsk"]', True),
        ('city not in ["Omsk"]', False),
        ('order matches "40[0-9]{6}"', True),
        ('order matches "40[0-9]"', False),
        ("balance == -3", False),
        ('city == "O\\"k"', False),
        # what has no value makes its comparison false, whatever it is compared with
        ("unknown == 1", False),
        ("unknown != 1", False),
        ("not (unknown == true)", True),
        # no kind is taken for another
        ("order == 40123456", False),
        ("paid == 1", False),
    ],
)
def test_a_condition_holds_or_does_not(text: str, outcome: bool) -> None:
    assert holds(parse_condition(text), KNOWN) is outcome


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("balance >", "ends too early"),
        ("balance = 1", "= 1 cannot stand in a condition"),
        ("balance > 1 balance", "balance is too much here"),
        ("(balance > 1", ") is missing before the end"),
        ("city in []", "the list is empty"),
        ("city in [other]", "not the variable other"),
        ("city matches order", "a pattern in quotes"),
        ('city matches "("', "never closed"),
        ("__import__('os')", "cannot stand in a condition"),
        ("and", "must stand where and stands"),
        ("not " * 50 + "paid", "nested too deep"),
    ],
)
def test_what_is_no_condition_is_told(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_condition(text)


KINDS = {"balance": "number", "city": "text", "paid": "bool"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("balance == 'x'", "balance is number and 'x' is text; they are never =="),
        ("city", "city is text: stands alone, so it must be true or false"),
        ('balance matches "1"', "balance is number: `matches` is for text"),
        ("city in [1]", "city is text: the list holds a number"),
        ("paid < true", "true and false are neither more nor less; use == or !="),
        ("balance > 1 and unknown == 'x'", ""),
    ],
)
def test_kinds_that_never_fit_are_told_when_the_tree_is_loaded(text: str, told: str) -> None:
    assert "; ".join(mistakes(parse_condition(text), KINDS)) == told


def test_the_variables_of_a_condition_are_known() -> None:
    assert list(variables_of(parse_condition("a == b or not (c in [1] and d matches 'x')"))) == ["a", "b", "c", "d"]


@given(st.text(max_size=60))
def test_no_text_crashes_the_reader(text: str) -> None:
    with suppress(ValueError):
        holds(parse_condition(text), KNOWN)


PIECES = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "\\d", "(a|b)", "(ab)", "a?", "b*", "[ab]+", "a{2}", "b{0,2}"])


@given(st.lists(PIECES, max_size=6).map("".join), st.text(alphabet="ab1", max_size=8))
def test_a_pattern_fits_what_regular_expressions_fit(pattern: str, text: str) -> None:
    assert fits(pattern, text) is bool(re.fullmatch(pattern, text))


@given(st.text(alphabet="ab()[]{}?*+|\\^-0,.", max_size=12))
def test_no_pattern_crashes(pattern: str) -> None:
    with suppress(ValueError):
        Pattern(pattern).fits("ab" * 10)


def test_no_text_makes_a_pattern_slow() -> None:
    began = time.monotonic()
    assert not fits("(a|a?)+" * 5 + "b", "a" * 900)
    assert not fits("(a*)(a*)(a*)(a*)b", "a" * 900)
    assert time.monotonic() - began < 2
