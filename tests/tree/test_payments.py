"""The payments tree that ships: every way through it, in both languages."""

from dataclasses import replace
from pathlib import Path

import pytest

from callrouter.tree.load import load_tree
from callrouter.tree.model import Queue, Tree, prompts
from callrouter.tree.walk import Entered, JoinQueue, Leave, Output, SetLanguage, Speak
from tests.tree.trees import FACTS, said, walk_through

FILE = Path(__file__).parents[2] / "ivr_trees" / "payments.yaml"


@pytest.fixture(scope="module")
def payments() -> Tree:
    return load_tree(FILE.read_bytes(), str(FILE), {"payers", "merchants"})


def path_and_end(outputs: list[Output]) -> tuple[str, JoinQueue | Leave]:
    """The way from the first question on, and where it ends."""
    end = outputs[-1]
    assert isinstance(end, JoinQueue | Leave)
    end = replace(end, prompts=()) if isinstance(end, JoinQueue) else end
    path = " ".join(output.node for output in outputs if isinstance(output, Entered))
    assert path.startswith(BEFORE)
    return path.removeprefix(BEFORE), end


BEFORE = "incident caller_known "
"""What nobody hears of, if nothing is wrong and the caller is nobody we know."""
KNOWN = [
    replace(FACTS, lists=frozenset({"merchants"})),
    replace(FACTS, last_call=FACTS.now, unfinished=True),
    replace(FACTS, switches=frozenset({"payments-down"})),
]
"""A merchant of the directory; somebody who gave up before; payments fail for everybody."""
WAYS = {
    "1 1": ("who_is_calling payer_problem payment_failed", JoinQueue("payers", 5)),
    "1 2": ("who_is_calling payer_problem trouble_while_paying", JoinQueue("payers", 3)),
    "1 3": ("who_is_calling payer_problem refund", JoinQueue("payers", 0)),
    "1 4": ("who_is_calling payer_problem payment_data_error", JoinQueue("payers", 0)),
    "2 1": ("who_is_calling merchant_problem customers_payment_failed", JoinQueue("merchants", 0)),
    "2 2": ("who_is_calling merchant_problem customers_trouble_while_paying", JoinQueue("merchants", 5)),
    "2 3": ("who_is_calling merchant_problem refund_to_customer", JoinQueue("merchants", 0)),
    "2 4": ("who_is_calling merchant_problem customers_payment_data_error", JoinQueue("merchants", 0)),
    "3": ("who_is_calling wrong_number", Leave("tree")),
    ".-.-.-": ("who_is_calling who_is_calling who_is_calling any_question", JoinQueue("payers", 0)),
    "5 5 5": ("who_is_calling who_is_calling who_is_calling any_question", JoinQueue("payers", 0)),
    "1 .-.-.-": ("who_is_calling" + " payer_problem" * 3 + " other_payer_problem", JoinQueue("payers", 0)),
    "2 7 7 7": ("who_is_calling" + " merchant_problem" * 3 + " other_merchant_problem", JoinQueue("merchants", 0)),
    "1 * 2 4": (
        "who_is_calling payer_problem who_is_calling merchant_problem customers_payment_data_error",
        JoinQueue("merchants", 0),
    ),
    "0 1 0 1": ("who_is_calling who_is_calling payer_problem payer_problem payment_failed", JoinQueue("payers", 5)),
}


@pytest.mark.parametrize("keys", WAYS)
def test_every_branch_leads_where_it_should(payments: Tree, keys: str) -> None:
    _, outputs = walk_through(payments, said(keys + "."))
    assert path_and_end(outputs) == WAYS[keys]


@pytest.mark.parametrize(("key", "node", "language"), [("9", "in_english", "en"), ("8", "in_russian", "ru")])
@pytest.mark.parametrize("keys", ["1 1", "1 2", "1 3", "1 4", "2 1", "2 2", "2 3", "2 4", "3"])
def test_every_branch_is_there_after_a_change_of_language(
    payments: Tree, keys: str, key: str, node: str, language: str
) -> None:
    _, outputs = walk_through(payments, said(key + keys + "."))
    path, end = path_and_end(outputs)
    assert SetLanguage(language) in outputs
    assert (path, end) == (f"who_is_calling {node} {WAYS[keys][0]}", WAYS[keys][1])


def test_the_ways_above_cover_every_node(payments: Tree) -> None:
    walks = [*((keys, FACTS) for keys in [*WAYS, "9", "8"]), *(("..", facts) for facts in KNOWN)]
    seen = {
        output.node
        for keys, facts in walks
        for output in walk_through(payments, said(keys), facts)[1]
        if isinstance(output, Entered)
    }
    assert seen == set(payments.nodes)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_nothing_is_left_unsaid_in_either_language(payments: Tree, language: str) -> None:
    walks = [*((keys, FACTS) for keys in [*WAYS, "1 7", "2 .-", "1 .-", "5"]), *((".", facts) for facts in KNOWN)]
    spoken = {
        prompt.key
        for keys, facts in walks
        for output in walk_through(payments, said(keys), facts)[1]
        if isinstance(output, Speak | JoinQueue)
        for prompt in output.prompts
        if prompt.text[language].strip()
    }
    assert spoken == {prompt.key for prompt in prompts(payments)}


def test_nobody_joins_a_line_without_a_warm_word(payments: Tree) -> None:
    assert all(node.prompt for node in payments.nodes.values() if isinstance(node, Queue))
