"""Every call ends: no walk exceeds its bound, and that of the payments tree is reached."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from callrouter.tree.known import Known
from callrouter.tree.load import check_tree, load_tree
from callrouter.tree.model import Goto, Say, Tree
from callrouter.tree.proof import bound
from callrouter.tree.proof.advice import advice
from callrouter.tree.proof.bound import prove
from callrouter.tree.proof.deeds import Situation
from callrouter.tree.proof.links import links
from callrouter.tree.proof.pending import possible
from callrouter.tree.proof.svg import svg
from callrouter.tree.proof.trial import Trial
from callrouter.tree.proof.ways import ANY, all_ways, flat
from callrouter.tree.words import KeyPressed, PromptHeard
from tests.tree.proof.every_node import SHOP, beside, every_node
from tests.tree.proof.wild_trees import TooMany, longest_walk, wild_trees
from tests.tree.trees import HEAD, tree

PAYMENTS = Path(__file__).parents[3] / "ivr_trees" / "payments.yaml"


def test_the_bound_of_the_payments_tree_is_the_length_of_its_longest_walk() -> None:
    payments = load_tree(PAYMENTS.read_bytes(), "payments.yaml")
    bounds = prove(payments).bounds
    found = bounds["who_is_calling"]
    assert found.exact
    assert (found.inputs, found.stops) == (19, 10)
    assert longest_walk(payments)[0] == 19
    whole = bounds[payments.start]  # with two prompts more, for a merchant who is known while payments fail
    assert (whole.inputs, whole.exact) == (21, True)


def test_a_bound_names_the_longest_way_with_every_try_in_it() -> None:
    way = prove(tree()).bounds["top"].way
    assert (way[0], way[-1]) == ("top", "bye")
    assert way.count("top") >= 3


def test_the_repeat_key_and_the_back_key_cost_tries() -> None:
    with_keys, without = prove(tree()).bounds["top"], prove(_without_keys(tree())).bounds["top"]
    assert with_keys.inputs >= without.inputs
    assert longest_walk(tree())[0] <= with_keys.inputs


def _without_keys(given: Tree) -> Tree:
    nodes = {
        name: node.model_copy(update={"repeat_key": None, "back_key": None}) if node.type == "menu" else node
        for name, node in given.nodes.items()
    }
    return replace(given, nodes=nodes)


def test_a_loop_without_a_counter_is_named_and_nothing_is_bounded_then() -> None:
    say = Say(type="say", prompt={"en": "words"}, next="b")
    goto = Goto(type="goto", to="a")
    found = prove(replace(tree(), start="a", nodes={"a": say, "b": goto, **tree().nodes}))
    assert found.loops == (("a", "b", "a"),)
    assert not found.bounds


def test_a_used_up_menu_that_only_leads_to_itself_over_silence_is_a_loop() -> None:
    small = tree()
    top = small.nodes["top"]
    assert top.type == "menu"
    caught = top.model_copy(update={"no_input": top.no_input.model_copy(update={"then": "hello"})})
    assert prove(replace(small, nodes={**small.nodes, "top": caught})).loops == (("hello", "top", "hello"),)


def test_every_node_has_a_bound_of_its_own_and_the_end_needs_no_input() -> None:
    bounds = prove(every_node()).bounds
    assert set(bounds) == set(every_node().nodes)
    assert bounds["bye"].inputs == 1
    assert bounds["line"].inputs == 1 + bounds["closed"].inputs


def test_too_many_combinations_of_tries_give_a_bound_from_above(monkeypatch: pytest.MonkeyPatch) -> None:
    exactly = prove(every_node()).bounds
    small, small_exactly = tree(), prove(tree()).bounds
    monkeypatch.setattr(bound, "MAX_STATES", 1)
    for given_tree, exact in ((every_node(), exactly), (small, small_exactly)):
        above = prove(given_tree).bounds
        assert all(above[name].inputs >= exact[name].inputs for name in exact)
        assert all(above[name].stops >= exact[name].stops for name in exact)
    assert not prove(small).bounds["top"].exact
    assert str(prove(small).bounds["top"]).startswith("fewer than")


def test_a_thousand_menus_in_a_circle_of_back_keys_are_proved_at_once() -> None:
    nodes = "".join(
        f"  n{i}: {{type: menu, prompt: {{en: T}}, options: {{'1': n{i + 1}}}, back_key: '*', "
        f"invalid: {{then: end}}, no_input: {{then: end}}}}\n"
        for i in range(1000)
    )
    text = HEAD.replace("start: top", "start: n0") + nodes + "  n1000: {type: hangup}\n  end: {type: hangup}\n"
    assert prove(load_tree(text, "long.yaml")).bounds["n0"].inputs >= 6000


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(wild_trees())
def test_no_walk_through_any_tree_is_longer_than_its_bound_nor_takes_an_unknown_way(wild: Tree) -> None:
    try:
        length, crossings = longest_walk(wild)
    except TooMany:
        assume(False)
    found = prove(wild)
    assert not found.loops
    assert length <= found.bounds[wild.start].inputs
    known = {(way.node, way.by, way.to) for way in flat(all_ways(wild))}
    assert {one for one in crossings if one not in known and (one[0], ANY, one[2]) not in known} == set()


SITUATIONS = st.builds(
    Situation,
    caller=st.sampled_from(["", "+78121112233", "+79160000001", "+79160000002"]),
    day=st.sampled_from([date(2026, 6, 1), date(2026, 6, 7)]),
    lists=st.sampled_from([frozenset(), frozenset({"blocked"})]),
    switches=st.sampled_from([frozenset(), frozenset({"fire"})]),
    called_minutes_ago=st.sampled_from([None, 5]),
)


@settings(deadline=None, max_examples=60)
@given(SITUATIONS, st.randoms(use_true_random=False))
def test_whoever_calls_and_whatever_happens_every_kind_of_node_stays_within_the_bound(
    situation: Situation, chance: Random
) -> None:
    shop, known = every_node(), {(way.node, way.by, way.to) for way in flat(all_ways(every_node()))}
    trial = Trial(shop, situation).begin()
    taken = 0
    for _ in range(500):
        inputs = [*possible(trial.pending), PromptHeard(whole=False), KeyPressed("4")]
        before = trial.walk
        outputs = trial.give(chance.choice(inputs))
        taken += bool(outputs) or trial.walk != before
    assert taken <= prove(shop).bounds[shop.start].inputs
    for node, by, to in trial.crossings[1:]:
        assert (node, by, to) in known or (node, ANY, to) in known


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_damaged_tree_is_refused_or_can_be_proved_advised_and_drawn(data: st.DataObject) -> None:
    lines = SHOP.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at, other = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(st.sampled_from([lines[other], "", lines[at].replace("then", "next"), lines[at][:-1]]))
    found, problems = check_tree("\n".join(lines), "shop.yaml", known=Known(tree=beside))
    assert (found is None) == bool(problems)
    if found is not None:
        assert prove(found).bounds
        list(advice(found, today=date(2026, 6, 1)))
        svg(found, links(found))
