"""Who would end elsewhere with another version: tests and real calls, played on both trees."""

from callrouter.tree.proof.cases import read_cases, run_cases
from callrouter.tree.proof.deeds import HangsUp, Presses
from callrouter.tree.proof.diff import difference
from callrouter.tree.proof.replayed import Trail, deeds_of, situated
from callrouter.tree.proof.trial import try_out
from callrouter.tree.proof.world import World
from tests.tree.proof.every_node import SHOP, TESTS, every_node

OTHER = every_node(
    SHOP.replace('if: "paid and sum > 1000"', 'if: "paid and sum > 5000"').replace(
        '"3": director', '"3": line, "77": director'
    )
)


def trails() -> list[Trail]:
    """What the journal would have of every test: nodes and by what, no digits, no answers of lookups."""
    placed, _ = read_cases(TESTS, "shop.test.yaml")
    return [
        Trail(
            f"call{number}",
            verdict.placed.case.situation,
            tuple((to, by) for _, by, to in verdict.outcome.crossings),
            left=verdict.outcome.hung_up,
        )
        for number, verdict in enumerate(run_cases(every_node(), placed))
    ]


def test_a_tree_does_not_differ_from_itself() -> None:
    placed, _ = read_cases(TESTS, "shop.test.yaml")
    found = difference(every_node(), every_node(), placed, trails())
    assert found.none
    assert (found.tests_seen, found.calls_seen) == (len(placed), len(placed))


def test_every_call_is_understood_from_its_journal_and_goes_the_same_way_again() -> None:
    for trail in trails():
        deeds = deeds_of(every_node(), situated(every_node(), trail), World())
        assert deeds is not None, trail
        again = try_out(every_node(), deeds, situated(every_node(), trail).situation)
        assert tuple((to, by) for _, by, to in again.crossings) == trail.steps


def test_tests_and_calls_that_would_end_elsewhere_are_named() -> None:
    placed, _ = read_cases(TESTS, "shop.test.yaml")
    found = difference(every_node(), OTHER, placed, trails())
    directors = [one for one in found.tests if one.what.endswith("presses nothing, then 3 → transfer director")]
    assert [(one.old, one.new) for one in directors] == [
        ("transfer director, in en; consent greeting", "queue shop, in en; consent greeting")
    ]
    assert any("priority 7" in one.old and "priority" not in one.new for one in found.tests)
    moved = [one for one in found.calls if one.what.endswith("3 director") and one.new.startswith("queue shop, in en")]
    assert moved
    assert all(call.startswith("call") for one in moved for call in one.calls)


def test_equal_calls_are_told_together_and_calls_of_another_version_apart() -> None:
    (one, *_) = [trail for trail in trails() if trail.steps[-1] == ("director", "3")]
    strange = Trail("strange", one.situation, (("greeting", ""), ("attic", "")))
    found = difference(every_node(), OTHER, [], [one, one, strange])
    assert [change.calls for change in found.calls] == [(one.call, one.call)]
    assert found.not_understood == ("strange",)


def test_who_hung_up_in_the_tree_still_does() -> None:
    trail = Trail("gone", trails()[0].situation, (("greeting", ""), ("hours", "")), left=True)
    deeds = deeds_of(every_node(), situated(every_node(), trail), World())
    assert deeds is None or deeds[-1] == HangsUp()
    small = Trail("gone", trails()[1].situation, trails()[1].steps, left=True)
    found = deeds_of(every_node(), small, World())
    assert found is not None
    assert found[-1] == HangsUp()
    assert Presses("1") not in found
