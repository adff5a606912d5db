"""A line that takes nobody, and one to which a caller comes back: what the tree does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.tree.facts import Facts, KeptPlace
from callrouter.tree.walk import Began, JoinQueue, Phase, QueueLeft, Walk, step
from tests.tree.test_nodes import BYE, told, tree_of
from tests.tree.trees import FACTS, brief


@pytest.mark.parametrize("why", ["nobody", "full", "closed", "emergency"])
def test_a_line_that_takes_nobody_leads_on_by_its_own_way(why: str) -> None:
    tree = tree_of(f"  top: {{type: queue, queue: shop, {why}: bye}}\n", BYE)
    shut = replace(FACTS, refusing={"shop": why})
    assert told(tree, facts=shut) == f"top refused(shop,{why}) bye<{why} leave(tree)"
    assert told(tree, facts=replace(FACTS, refusing={"other": why})) == "top queue(shop,0)"
    if why != "full":
        assert told(tree, [QueueLeft(why)]).endswith(f"bye<{why} leave(tree)")


def test_who_would_wait_long_may_be_led_elsewhere_but_not_who_has_a_place() -> None:
    tree = tree_of("  top: {type: queue, queue: shop, long_wait: bye, full: bye}\n", BYE)
    slow = replace(FACTS, long_waits=frozenset({"shop"}))
    assert told(tree, facts=slow) == "top refused(shop,long_wait) bye<long_wait leave(tree)"
    assert told(tree, facts=replace(slow, kept=kept().kept)) == "top queue(shop,0)"
    assert told(tree, facts=replace(slow, refusing={"shop": "full"})) == "top refused(shop,full) bye<full leave(tree)"
    assert told(tree_of("  top: {type: queue, queue: shop}\n", BYE), facts=slow) == "top queue(shop,0)"


def test_a_line_without_such_a_way_is_joined_and_the_queue_s_own_overflow_holds() -> None:
    tree = tree_of("  top: {type: queue, queue: shop, full: bye}\n", BYE)
    assert told(tree, facts=replace(FACTS, refusing={"shop": "closed"})) == "top queue(shop,0)"


RESUMES = """
  top: {type: collect, into: order, prompt: {en: "Order"}, length: 2, invalid: {then: bye}, no_input: {then: bye},
    next: line}
  line: {type: queue, queue: shop, full: bye, prompt: {en: "One moment"}, resume: {en: "You keep your place"}}
"""


def kept(**changes: object) -> Facts:
    """The place of a call that dropped out of `line`."""
    walk = Walk("line", Phase.ENDED, variables={"order": "41"}, tags=("vip",), priority=3)
    place = KeptPlace("c9", ("shop",), 1, tree="small", language="en", walk=walk)
    return replace(FACTS, kept=(replace(place, **changes),))  # type: ignore[arg-type]


def test_who_rings_back_in_time_comes_straight_to_the_line_with_all_that_was_known() -> None:
    tree = tree_of(RESUMES, BYE)
    walk, outputs = step(tree, None, Began(), kept())
    assert brief(outputs) == "language(en) order=41 tags(vip) line<rang_back queue(shop,3)"
    joined = outputs[-1]
    assert isinstance(joined, JoinQueue)
    assert [prompt.key for prompt in joined.prompts] == ["small.line.resume", "small.line"]
    assert walk.variables == {"order": "41"}


@pytest.mark.parametrize(
    "changes",
    [{"tree": "another"}, {"queues": ("another",)}, {"walk": Walk("top")}, {"walk": Walk("gone")}, {"walk": None}],
)
def test_a_place_of_another_tree_or_node_is_asked_for_by_the_tree_as_ever(changes: dict[str, object]) -> None:
    assert told(tree_of(RESUMES, BYE), facts=kept(**changes)).startswith("top speak(top)")


def test_a_place_in_a_full_line_is_still_theirs() -> None:
    tree = tree_of(RESUMES, BYE)
    assert told(tree, facts=replace(kept(), refusing={"shop": "full"})).endswith("line<rang_back queue(shop,3)")
    closed = replace(kept(), refusing={"shop": "closed"})
    assert told(tree, facts=closed).endswith("line<rang_back queue(shop,3)")  # no way for that: overflow holds
