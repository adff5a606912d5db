"""Pictures of trees: every node and link in them, nothing that can break out, and readable."""

from itertools import combinations
from xml.etree import ElementTree

from hypothesis import given, settings

from callrouter.tree.model import Tree
from callrouter.tree.proof.deeds import Presses
from callrouter.tree.proof.layout import lay_out
from callrouter.tree.proof.links import links
from callrouter.tree.proof.mermaid import mermaid
from callrouter.tree.proof.outline import outline
from callrouter.tree.proof.svg import busiest, svg
from callrouter.tree.proof.trial import try_out
from tests.tree.proof.every_node import SHOP, every_node
from tests.tree.proof.wild_trees import wild_trees
from tests.tree.trees import tree

SVG = "{http://www.w3.org/2000/svg}"


def classes(drawn: str) -> list[str]:
    return [one.get("class", "") for one in ElementTree.fromstring(drawn).iter(f"{SVG}g")]


def test_every_node_and_every_link_is_in_the_picture() -> None:
    found = links(tree())
    drawn = classes(svg(tree(), found))
    assert sum(one.startswith("node") for one in drawn) == len(tree().nodes)
    assert sum(one.startswith("link") for one in drawn) == len(found)


def test_links_say_what_was_taken_never_taken_and_taken_in_part() -> None:
    crossings = try_out(tree(), [Presses("9"), Presses("2")]).crossings
    found = {(one.source, one.target): one for one in links(tree(), crossings)}
    assert found["more", "top"].covered is False
    assert found["top", "more"].never == ("* back",)
    assert found["top", "top"].times == 1
    assert found["top", "top"].covered is False
    assert found["more", "hello"].times == 0
    drawn = classes(svg(tree(), list(found.values())))
    assert {"link partly", "link never"} <= set(drawn)
    plain = links(every_node(), [("closed", "message", "bye")])
    assert "link taken" in classes(svg(every_node(), plain))


def test_traffic_makes_links_as_wide_as_their_calls() -> None:
    crossings = [("top", "2", "more")] * 90 + [("top", "1", "shop")] * 10
    found = links(tree(), crossings)
    drawn = svg(tree(), found, most=busiest(found))
    assert "stroke-width:10.0" in drawn
    assert "stroke-width:2.0" in drawn
    assert "· 90" in drawn


def test_words_of_a_tree_cannot_break_out_of_a_picture() -> None:
    wild = every_node(SHOP.replace('"paid and sum > 1000"', "'paid and order != \"</g><script>|]\"'"))
    drawn = svg(wild, links(wild))
    ElementTree.fromstring(drawn)
    assert "<script" not in drawn
    flow = mermaid(wild, links(wild))
    assert "script>" not in flow
    assert all(line.count('"') % 2 == 0 for line in flow.splitlines())


def test_the_terminal_shows_each_node_once_and_points_back() -> None:
    lines = list(outline(tree(), links(tree())))
    assert lines[0] == "top  [menu]"
    for name in tree().nodes:
        assert sum(f"{name}  [" in line for line in lines) == 1
    assert any("* back → top ↩" in line for line in lines)


def test_the_terminal_marks_what_was_taken() -> None:
    crossings = try_out(tree(), [Presses("12")]).crossings
    lines = list(outline(tree(), links(tree(), crossings)))
    assert any("     1  12" in line and "→ bye" in line for line in lines)
    assert any("✗     0  5 → hello" in line for line in lines)


@settings(max_examples=60, deadline=None)
@given(wild_trees())
def test_any_tree_can_be_drawn_and_nodes_never_overlap(wild: Tree) -> None:
    found = links(wild)
    ElementTree.fromstring(svg(wild, found))
    assert mermaid(wild, found).startswith("flowchart TD")
    assert len(list(outline(wild, found))) == 1 + len(found)
    places = lay_out(list(wild.nodes), [(one.source, one.target) for one in found], wild.start).places
    for (x, layer), (other_x, other_layer) in combinations(places.values(), 2):
        assert layer != other_layer or abs(x - other_x) >= 0.999


def test_links_lead_downwards_but_for_those_that_lead_back() -> None:
    pairs = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "a"), ("a", "d"), ("d", "c")]
    found = lay_out(["a", "b", "c", "d"], pairs, "a")
    assert {name: layer for name, (_, layer) in found.places.items()} == {"a": 0, "b": 1, "d": 1, "c": 2}
    assert found.layers == 3
    assert len(found.bends["a", "c"]) == 1
    assert len(found.bends["c", "a"]) == 1
