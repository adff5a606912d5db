"""Trees that walk through other trees: put together, checked together, versioned together."""

from __future__ import annotations

import pytest

from callrouter.tree.known import Known
from callrouter.tree.load import check_tree, load_tree
from callrouter.tree.model import Goto, Tree, prompts
from tests.tree.trees import HEAD, brief, said, walk_through

VERIFY = """\
schema: 1
languages: [en]
start: ask
exits: [known, unknown]
nodes:
  ask:
    type: menu
    prompt: {en: Are you known}
    options: {"1": known}
    tries: 1
    invalid: {then: unknown}
    no_input: {then: unknown}
"""
MAIN = (
    HEAD
    + "  top: {type: subtree, tree: verify, exits: {known: again, unknown: bye}}\n"
    + "  again: {type: subtree, tree: verify, exits: {known: shop, unknown: bye}}\n"
    + "  shop: {type: queue, queue: shop}\n  bye: {type: hangup}\n"
)


def known(**files: str) -> Known:
    return Known(tree=lambda name: (f"{name}.yaml", files[name].encode()) if name in files else None)


def main(text: str = MAIN, **files: str) -> Tree:
    return load_tree(text, "main.yaml", known=known(**{"verify": VERIFY, **files}))


def told(text: str = MAIN, **files: str) -> list[str]:
    _, problems = check_tree(text, "main.yaml", known=known(**{"verify": VERIFY, **files}))
    return [f"{problem.file} {problem.where}: {problem.message}" for problem in problems]


def test_a_caller_walks_through_a_subtree_and_comes_back_by_its_exit() -> None:
    _, outputs = walk_through(main(), said("1.-"))
    assert brief(outputs) == (
        "top top/ask speak(ask) hush again<1 again/ask speak(ask) timer(6) bye<silence leave(tree)"
    ).replace("speak(ask)", "speak(ask)")


def test_each_use_of_a_subtree_counts_its_own_tries() -> None:
    here, _ = walk_through(main(), said("1"))
    assert here.asked == {"top/ask": 1, "again/ask": 1}


def test_what_a_subtree_says_is_said_once_for_all() -> None:
    assert [prompt.key for prompt in prompts(main())] == ["verify.ask"]


def test_the_version_is_that_of_all_its_files() -> None:
    assert main().version == main().version
    assert main().version != main(verify=VERIFY + "# changed\n").version


def test_a_subtree_by_itself_ends_at_its_exits() -> None:
    tree = load_tree(VERIFY, "verify.yaml")
    assert tree.exits == ("known", "unknown")
    assert brief(walk_through(tree, said("1"))[1]).endswith("known<1 leave(tree)")


def test_goto_leads_to_another_tree_and_back_to_the_beginning() -> None:
    text = HEAD + (
        '  top: {type: menu, prompt: {en: x}, options: {"1": other}, invalid: {then: bye}, no_input: {then: bye}}\n'
        "  other: {type: goto, tree: second}\n  bye: {type: hangup}\n"
    )
    second = text.replace("tree: second", "tree: main")
    tree = main(text, second=second)
    assert tree.nodes["second:other"] == Goto(type="goto", to="top")
    assert brief(walk_through(tree, said("11"))[1]) == (
        "top speak(top) hush other<1 second:top speak(top) hush second:other<1 top speak(top)"
    )


@pytest.mark.parametrize(
    ("text", "files", "problem"),
    [
        (MAIN.replace("tree: verify", "tree: verfy", 1), {}, "main.yaml node top: there is no tree `verfy`"),
        (
            MAIN.replace("known: again, ", ""),
            {},
            "main.yaml node top, exits: the tree verify also has the exit `known`; say where it leads",
        ),
        (
            MAIN.replace("{known: shop,", "{known: shop, no_one: bye,"),
            {},
            "main.yaml node again, exits, no_one: the tree verify has no exit `no_one`",
        ),
        (
            MAIN,
            {"verify": VERIFY.replace("[en]", "[ru]").replace("{en:", "{ru:")},
            "main.yaml node top: the tree verify does not speak en; add it there",
        ),
        (MAIN, {"verify": VERIFY.replace("then: unknown", "then: unkown", 1)}, "verify.yaml node ask, invalid, then:"),
        (
            MAIN,
            {"verify": VERIFY + "  more: {type: subtree, tree: verify, exits: {known: known, unknown: unknown}}\n"},
            "verify.yaml node more: the trees walk through each other without an end: main → verify → verify",
        ),
        (
            MAIN.replace("type: subtree, tree: verify, exits: {known: shop, unknown: bye}", "type: goto, tree: verify"),
            {},
            "main.yaml node again: the tree verify has `exits`, so it wants to be walked through; use subtree",
        ),
        (
            MAIN.replace("unknown: bye}}\n  shop", "unknown: again}}\n  shop"),
            {"verify": VERIFY},
            "main.yaml node again: no way out for a caller who stays silent: again → again/ask → again;",
        ),
    ],
)
def test_what_is_wrong_between_trees_is_told(text: str, files: dict[str, str], problem: str) -> None:
    assert any(one.startswith(problem) for one in told(text, **files)), told(text, **files)


def test_a_file_that_is_broken_is_told_in_its_own_place() -> None:
    (problem,) = told(MAIN, verify="schema: 1\nnodes: [")
    assert problem.startswith("verify.yaml ")
