"""Skills as text, needs that fall in steps, and how well agents fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.acd.skills import (
    Fall,
    Needs,
    falls_text,
    gap,
    lacks,
    levels_text,
    mastery,
    read_falls,
    read_levels,
    stages,
    together,
)

names = st.text("abcdefgh_-", min_size=1, max_size=5).filter(lambda name: not name.startswith("-"))
levels = st.dictionaries(names, st.integers(1, 10), max_size=4)
falls = st.builds(Fall, st.integers(1, 10**7), st.frozensets(names, max_size=3), st.integers(0, 10))


@given(levels)
def test_levels_are_read_as_they_were_written(skills: dict[str, int]) -> None:
    assert dict(read_levels(levels_text(skills))) == skills


@given(st.lists(falls, max_size=4, unique_by=lambda fall: fall.after_ms))
def test_steps_are_read_as_they_were_written_in_the_order_of_time(steps: list[Fall]) -> None:
    effective = sorted((step for step in steps if step.skills or step.lower), key=lambda step: step.after_ms)
    assert read_falls(falls_text(steps)) == tuple(effective)


def test_a_need_falls_and_is_still_preferred_at_its_old_level() -> None:
    steps = read_falls("30000:english,60000:-1,90000:*")
    found = stages(read_levels("english:3,refund:2"), (), steps)
    assert [stage.after_ms for stage in found] == [0, 30_000, 60_000, 90_000]
    assert found[1].needs == Needs(require=(("refund", 2),), prefer=(("english", 3),))
    assert found[2].needs == Needs(require=(("refund", 1),), prefer=(("english", 3), ("refund", 2)))
    assert found[3].needs == Needs(require=(), prefer=(("english", 3), ("refund", 2)))


def test_a_step_that_changes_nothing_for_this_caller_is_no_step() -> None:
    assert len(stages(read_levels("refund:2"), (), read_falls("30000:english"))) == 1


@given(levels, levels, st.lists(falls, max_size=4), levels)
def test_needs_only_ever_fall_and_nobody_able_becomes_unable(
    require: dict[str, int], prefer: dict[str, int], steps: list[Fall], skills: dict[str, int]
) -> None:
    found = stages(
        read_levels(levels_text(require)), read_levels(levels_text(prefer)), sorted(steps, key=lambda one: one.after_ms)
    )
    able = [not lacks(skills, stage.needs) for stage in found]
    assert able == sorted(able)


@pytest.mark.parametrize(
    ("skills", "missing", "gaps", "sum_of_levels"),
    [
        ({"refund": 2}, (), 3, 2),
        ({"refund": 5, "english": 2}, (), 1, 7),
        ({"refund": 1, "english": 9}, (("refund", 2),), 0, 10),
        ({}, (("refund", 2),), 3, 0),
    ],
)
def test_who_lacks_what(
    skills: dict[str, int], missing: tuple[tuple[str, int], ...], gaps: int, sum_of_levels: int
) -> None:
    needs = Needs(require=(("refund", 2),), prefer=(("english", 3),))
    assert (lacks(skills, needs), gap(skills, needs), mastery(skills, needs)) == (missing, gaps, sum_of_levels)


def test_of_two_demands_for_a_skill_the_higher_holds() -> None:
    assert together((("a", 1), ("b", 3)), (("a", 2),)) == (("a", 2), ("b", 3))
