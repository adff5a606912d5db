"""What is wrong with a tree is said once, at its line, with what to do."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.tree.load import check_tree, load_tree, version_of
from callrouter.tree.model import prompts
from tests.tree.trees import HEAD, MORE, REST, SMALL, TOP


def told(text: str, queues: set[str] | None = None, file: str = "small.yaml") -> list[str]:
    _, problems = check_tree(text, file, queues)
    return [f"{p.line}:{p.column} {p.where}: {p.message}" for p in problems]


def test_a_good_tree_is_named_after_its_file_and_versioned_by_its_content() -> None:
    tree = load_tree(SMALL, "somewhere/small.yaml", {"shop"})
    assert (tree.name, tree.start, tree.languages) == ("small", "top", ("en",))
    assert tree.version == version_of(SMALL)
    assert len(tree.version) == 12
    assert load_tree(SMALL + "# a word\n", "small.yaml").version != tree.version


def test_every_prompt_of_a_tree_has_a_key_of_its_own() -> None:
    keys = [prompt.key for prompt in prompts(load_tree(SMALL, "small.yaml"))]
    assert keys == ["small.top", "small.top.invalid", "small.top.no_input", "small.more", "small.hello", "small.bye"]


SHOP_END = "  shop: {type: queue, queue: shop}\n"


def small(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new)


def in_two_languages() -> str:
    return small("[en]", "[en, ru]").replace("{en: ", "{ru: а, en: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (small("start: top", "start: tpo"), "3:8 start: there is no node `tpo`; did you mean `top`?"),
        (small('"12": bye', '"12": bey'), "8:32 node top, option 12: there is no node `bey`; did you mean `bye`?"),
        (small("next: top", "next: tp"), "24:49 node hello, next: there is no node `tp`; did you mean `top`?"),
        (
            small("there}, then: bye", "there}, then: x"),
            "14:51 node top, no_input, then: there is no node `x`; known are: bye, hello, more, shop, top",
        ),
        (
            SMALL + "  lost: {type: hangup}\n",
            "27:3 node lost: nothing leads to the node `lost`; lead to it or delete it",
        ),
        (
            small("there}, then: bye", "there}, then: top"),
            "5:3 node top: no way out for a caller who stays silent: top → top; "
            "lead one of them to a queue or hangup node",
        ),
        (
            small("no_input: {then: shop}", "no_input: {then: hello}").replace(
                "there}, then: bye", "there}, then: more"
            ),
            "5:3 node top: no way out for a caller who stays silent: top → more → hello → top; "
            "lead one of them to a queue or hangup node",
        ),
        (
            in_two_languages().replace("{ru: а, en: Hello", "{en: Hello"),
            "24:22 node hello, prompt: not said in `ru`, which `languages` promises; add it",
        ),
        (
            small("{en: Hello}", "{en: Hello, de: Hallo}"),
            "24:42 node hello, prompt, de: `de` is not among `languages`; add it there",
        ),
        (
            HEAD + "  top: {type: set, language: ru, next: shop}\n" + SHOP_END,
            "5:30 node top, language: `ru` is not among `languages`; known are: en",
        ),
        (
            small("    next_digit_s: 2\n", ""),
            "8:15 node top, option 1: option 1 begins option 12: give `next_digit_s`, how long to wait for more digits",
        ),
        (
            small('repeat_key: "0"', 'repeat_key: "2"'),
            "10:5 node top, repeat_key: key 2 already begins option 2; choose another",
        ),
        (
            small('repeat_key: "0"', 'repeat_key: "*"'),
            "11:5 node top, back_key: key * is the repeat key too; choose another",
        ),
        (small('"2": more', '"2x": more'), "8:37 node top, option 2x: `2x` does not fit here (keys: 0-9, *, #, A-D)"),
        (small('"12"', '"1"'), "8:26 node top, option 1: the key `1` was already given in line 8; keep one of them"),
        (small("schema: 1", "schema: 2"), "1:9 schema: `2` is not known here"),
        (small("type: say", "type: sya"), "24:17 node hello, type: unknown type `sya`; did you mean `say`?"),
        (small("priority: 4", "prio: 4"), "25:36 node shop, prio: unknown key `prio`; did you mean `priority`?"),
        (
            small("{en: Hello}", "{en: {file: ../../x.wav}}"),
            "24:42 node hello, prompt, en, file: `../../x.wav` does not fit here "
            "(a file below the folder of trees, like payments/ru/hello.wav)",
        ),
        (
            small("{en: Hello}", "{en: {file: hi.wav, say: Hi}}"),
            "24:50 node hello, prompt, en, say: unknown key `say`; known are: file, text",
        ),
        (small("{en: Hello}", "{en: 5}"), '24:35 node hello, prompt, en: this must be text; put it in quotes: "5"'),
        (small("tries: 3", "tries: 0"), "12:12 node top, tries: `0` is out of bounds: greater than or equal to 1"),
        (small("    invalid: {then: shop}\n", ""), "15:3 node more: `invalid` is missing; add it"),
        (small("[en]", "[en, en]"), "2:12 languages: a language is given twice; keep it once"),
        (HEAD.replace("nodes:", "nodes: {}"), "4:8 nodes: at least 1 must be given here"),
    ],
)
def test_each_mistake_is_told_once_at_its_place(text: str, problem: str) -> None:
    assert told(text) == [problem]


def test_a_queue_that_is_not_configured_is_a_problem() -> None:
    (problem,) = told(SMALL, {"shops"})
    assert problem.endswith("node shop, queue: there is no queue `shop`; did you mean `shops`?")


def test_several_mistakes_are_told_together() -> None:
    text = HEAD + TOP.replace("shop}", "sohp}") + MORE.replace("more", "mroe", 1) + REST.replace("next: top", "next: x")
    assert len(told(text)) == 3


def test_a_file_name_that_cannot_name_a_tree_is_a_problem() -> None:
    assert told(SMALL, file="ivr_trees/My Tree.yaml")[0].startswith("0:0 : name the file like payments.yaml")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_trees_never_crash_the_loader(data: st.DataObject) -> None:
    lines = SMALL.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(st.sampled_from([lines[at][2:], "", lines[-2], "  " + lines[at]]) | st.text(max_size=12))
    tree, problems = check_tree("\n".join(lines), "small.yaml")
    assert (tree is None) == bool(problems)


def test_a_big_tree_loads_fast() -> None:
    nodes = "".join(
        f"  n{i}:\n    type: menu\n    prompt: {{en: Text {i}}}\n    options: {{'1': n{i + 1}, '2': shop}}\n"
        f"    invalid: {{then: shop}}\n    no_input: {{then: shop}}\n"
        for i in range(1000)
    )
    text = HEAD.replace("top", "n0") + nodes + "  n1000: {type: hangup}\n" + SHOP_END
    began = time.monotonic()
    assert len(load_tree(text, "big.yaml").nodes) == 1002
    assert time.monotonic() - began < 5


DOCUMENTATION = Path(__file__).parents[2] / "docs" / "trees.md"


def test_the_nodes_in_the_documentation_are_good_ones() -> None:
    """They lead to nodes that are not shown, and that is all that is wrong with them."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    shown = [block.partition("```")[0] for block in text.split("```yaml\n")[2:]]
    nodes = "".join(f"  {line}\n" for block in shown if "  type:" in block for line in block.splitlines())
    said = told(HEAD.replace("top", "order") + nodes)
    assert len(said) > 10
    assert [
        one for one in said if "there is no node" not in one and "nothing sets the variable `city`" not in one
    ] == []


def test_the_example_in_the_documentation_is_a_good_tree() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert load_tree(example, "example.yaml").start == "who_is_calling"
