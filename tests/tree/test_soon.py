"""What is spoken ahead of its turn: near, with values, and all of them known."""

from callrouter.tree.load import load_tree
from callrouter.tree.soon import soon
from callrouter.tree.walk import Walk

TREE = load_tree(
    """schema: 1
languages: [en]
start: top
nodes:
  top:
    type: collect
    prompt: {en: "Your order number, please."}
    into: order
    length: 4
    confirm: {prompt: {en: "You said {order:digits}. One: right. Two: again."}}
    invalid: {then: far}
    no_input: {then: bye}
    next: thanks
  thanks: {type: say, prompt: {en: "Thank you."}, next: tag}
  tag: {type: set, tags: [known], next: told}
  told: {type: say, prompt: {en: "Order {order:digits}, we call {caller:phone}."}, next: far}
  far: {type: say, prompt: {en: "Your number is {caller:phone}."}, next: farther}
  farther: {type: say, prompt: {en: "Your number ends in {caller:digits}."}, next: bye}
  bye: {type: hangup, prompt: {en: "Goodbye."}}
""",
    "shop.yaml",
)


def keys(node: str, **variables: str) -> list[str]:
    return [prompt.key for prompt in soon(TREE, Walk(node), variables)]


def test_nearest_first_and_only_what_is_known() -> None:
    assert keys("top", caller="+7495") == ["shop.far", "shop.farther"]
    assert keys("top", caller="+7495", order="1234") == ["shop.top.confirm", "shop.far", "shop.farther", "shop.told"]


def test_not_farther_than_two_nodes_that_speak() -> None:
    assert keys("thanks", caller="+7495", order="1") == ["shop.told", "shop.far"]
    assert keys("bye", caller="+7495", order="1") == []


def test_fixed_prompts_are_not_among_them_for_they_are_there_already() -> None:
    assert "shop.thanks" not in keys("top", caller="+7495", order="1234")


def test_the_values_are_in_it() -> None:
    [told, _] = soon(TREE, Walk("tag"), {"caller": "+7495", "order": "1234", "other": "x"})
    assert dict(told.values) == {"caller": "+7495", "order": "1234"}
