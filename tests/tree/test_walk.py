"""One caller's way through a tree: what is said, what keys do, and that it always ends."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.tree.load import check_tree
from callrouter.tree.model import Hangup, Message, Node, Notice, Say, Subtree, Transfer, Tree
from callrouter.tree.walk import (
    ANSWERS,
    INPUTS,
    PASSING,
    WAITING,
    Began,
    Hush,
    Input,
    JoinQueue,
    KeyPressed,
    Leave,
    Phase,
    PromptHeard,
    Resumed,
    Speak,
    StartTimer,
    StopTimer,
    TimeUp,
    Walk,
    step,
)
from tests.tree.trees import FACTS, HEAD, brief, said, tree, walk_through

BEGIN = "top speak(top) "


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ("", "top speak(top)"),
        (".", BEGIN + "timer(6)"),
        # an unambiguous option acts at once, after the prompt and during it
        (".2", BEGIN + "timer(6) stop more<2 speak(more)"),
        ("2", BEGIN + "hush more<2 speak(more)"),
        # option 1 may still become 12: the second digit, or silence, decides
        (".1", BEGIN + "timer(6) stop timer(2)"),
        (".1-", BEGIN + "timer(6) stop timer(2) shop<1 queue(shop,4)"),
        ("12", BEGIN + "hush timer(2) stop bye<12 speak(bye)"),
        ("13", BEGIN + "hush timer(2) stop top<invalid speak(top.invalid+top)"),
        # the end of a prompt that a key has cut is no news
        ("1.", BEGIN + "hush timer(2)"),
        # invalid keys and silence share the tries, then each has its branch
        (".9", BEGIN + "timer(6) stop top<invalid speak(top.invalid+top)"),
        (".-", BEGIN + "timer(6) top<silence speak(top.no_input+top)"),
        (
            ".9.-.9",
            BEGIN
            + "timer(6) stop top<invalid speak(top.invalid+top) timer(6) top<silence speak(top.no_input+top) "
            + "timer(6) stop shop<invalid queue(shop,4)",
        ),
        (
            "99.-",
            BEGIN + "hush top<invalid speak(top.invalid+top) hush top<invalid speak(top.invalid+top) "
            "timer(6) bye<silence speak(bye)",
        ),
        # the repeat key asks again without a reproach and counts as a try
        ("0", BEGIN + "hush top<0 speak(top)"),
        ("000", BEGIN + "hush top<0 speak(top) hush top<0 speak(top) hush bye<0 speak(bye)"),
        # the back key goes to the menu before; with none before it asks again
        ("*", BEGIN + "hush top<* speak(top)"),
        ("2.*", BEGIN + "hush more<2 speak(more) timer(6) stop top<* speak(top)"),
        # without barge-in keys during the prompt are not heard
        ("25", BEGIN + "hush more<2 speak(more)"),
        ("2.5", BEGIN + "hush more<2 speak(more) timer(6) stop hello<5 speak(hello)"),
        # what a node says is said to its end: keys do not cut it
        ("2.5 1", BEGIN + "hush more<2 speak(more) timer(6) stop hello<5 speak(hello)"),
        ("2.5.", BEGIN + "hush more<2 speak(more) timer(6) stop hello<5 speak(hello) top speak(top)"),
        # a branch without words of its own just asks again
        ("2.7", BEGIN + "hush more<2 speak(more) timer(6) stop more<invalid speak(more)"),
        # a goodbye is heard before the end
        ("12.", BEGIN + "hush timer(2) stop bye<12 speak(bye) leave(tree)"),
        # after the end nothing happens any more
        (".1- .-19!", BEGIN + "timer(6) stop timer(2) shop<1 queue(shop,4)"),
    ],
)
def test_inputs_lead_to_outputs(inputs: str, outputs: str) -> None:
    assert brief(walk_through(tree(), said(inputs))[1]) == outputs


def test_a_menu_used_up_passes_the_caller_on_however_it_is_reached() -> None:
    _, outputs = walk_through(tree(), said("2.* 2.* 2"))
    assert brief(outputs).endswith("more<2 shop queue(shop,4)")


def test_a_prompt_carries_its_words_under_its_key() -> None:
    _, outputs = walk_through(tree(), said("9"))
    (speak,) = (output for output in outputs[2:] if isinstance(output, Speak))
    assert [(prompt.key, prompt.text["en"]) for prompt in speak.prompts] == [
        ("small.top.invalid", "No such key"),
        ("small.top", "Choose"),
    ]


SAID_TO_THE_END = (Say, Notice, Message, Hangup, Transfer)


@pytest.mark.parametrize("kind", WAITING, ids=lambda kind: kind.__name__)
def test_every_input_that_can_come_is_handled_by_every_node_that_waits_for_it(kind: type[Node]) -> None:
    on = WAITING[kind][1]
    for phase in {phase for phase, _ in on}:
        keys_cut_nothing = phase is Phase.SPEAKING and kind in SAID_TO_THE_END
        wanted = ANSWERS[phase] - ({KeyPressed} if keys_cut_nothing else set())
        assert {given for here, given in on if here is phase} == wanted


def test_every_kind_of_node_either_waits_or_leads_on() -> None:
    assert {*WAITING, *PASSING, Subtree} == set(get_args(Node))
    assert not WAITING.keys() & PASSING.keys()
    assert set(INPUTS) == set(get_args(Input))


def test_a_walk_that_another_worker_carries_on_begins_its_node_again_without_costing_a_try() -> None:
    here, _ = walk_through(tree(), said("2.*."))
    resumed, outputs = step(tree(), here, Resumed(), FACTS)
    assert brief(outputs) == "stop speak(top)"
    assert resumed.asked == here.asked


def test_before_it_began_a_walk_does_nothing() -> None:
    assert step(tree(), None, KeyPressed("1"), FACTS) == (Walk("top"), ())


# --- any tree, any caller -----------------------------------------------------------------------------------------

NAMES = ["top", "b", "c", "d", "e"]
name = st.sampled_from(NAMES)


def menu_text(options: dict[str, str], invalid: str, silence: str, tries: int, barge: str) -> str:
    listed = ", ".join(f"'{keys}': {target}" for keys, target in options.items())
    return (
        f"{{type: menu, prompt: {{en: words}}, options: {{{listed}}}, next_digit_s: 1, "
        f"tries: {tries}, barge_in: {barge}, repeat_key: '0', back_key: '*', invalid: {{then: {invalid}}}, "
        f"no_input: {{prompt: {{en: word}}, then: {silence}}}}}"
    )


menu = st.builds(
    menu_text,
    st.dictionaries(st.sampled_from(["1", "12", "123", "2", "3"]), name, min_size=1),
    name,
    name,
    st.integers(1, 3),
    st.sampled_from(["true", "false"]),
)
other = st.one_of(
    name.map(lambda to: f"{{type: say, prompt: {{en: words}}, next: {to}}}"),
    name.map(lambda to: f"{{type: set, language: en, next: {to}}}"),
    st.just("{type: queue, queue: q}"),
    st.just("{type: hangup, prompt: {en: words}}"),
)


@st.composite
def good_trees(draw: st.DrawFn) -> Tree:
    """Random trees without circles of silence; unreachable nodes are dropped until the checks have nothing to say."""
    nodes = {key: draw(menu if draw(st.booleans()) else other) for key in NAMES}
    last = draw(st.sampled_from(["{type: queue, queue: q}", "{type: hangup}"]))
    nodes["e"] = last
    while True:
        text = HEAD + "".join(f"  {key}: {node}\n" for key, node in nodes.items())
        found, problems = check_tree(text, "random.yaml")
        if found is not None:
            return found
        for problem in problems:
            victim = problem.where.split()[1]
            if "nothing leads" in problem.message:
                nodes.pop(victim, None)
            else:
                assert "no way out" in problem.message, problem
                nodes[victim] = last


KEYS = st.sampled_from("0123*9").map(KeyPressed)


@settings(deadline=None)
@given(good_trees(), st.lists(st.one_of(KEYS, st.just(PromptHeard()), st.just(TimeUp())), max_size=60))
def test_a_walk_always_waits_for_something_and_survives_storage(tree: Tree, inputs: list[Input]) -> None:
    walk, outputs = step(tree, None, Began(), FACTS)
    speaking = timer = ended = False
    for given_next in [None, *inputs]:
        if given_next is not None:
            heard = isinstance(given_next, PromptHeard)
            timer = timer and not isinstance(given_next, TimeUp)
            speaking = speaking and not heard
            walk = msgspec.json.decode(msgspec.json.encode(walk), type=Walk)
            walk, outputs = step(tree, walk, given_next, FACTS)
        for output in outputs:
            assert not ended
            speaking = isinstance(output, Speak) or (speaking and not isinstance(output, Hush))
            timer = isinstance(output, StartTimer) or (timer and not isinstance(output, StopTimer))
            ended = isinstance(output, JoinQueue | Leave)
        if given_next is None or isinstance(given_next, KeyPressed) or outputs:
            assert ended or speaking or timer
            assert not (speaking and timer)
        if ended:
            assert walk.phase is Phase.ENDED
            return
        if walk.phase is Phase.SPEAKING and not speaking:
            raise AssertionError("it waits for the end of a prompt that is not being played")
        if walk.phase is Phase.LISTENING and not timer:
            timer = True  # a TimeUp that came twice: the test invents what no engine does


@settings(deadline=None)
@given(good_trees(), st.lists(KEYS | st.none(), min_size=200, max_size=200))
def test_every_walk_ends_whatever_the_caller_does(tree: Tree, presses: list[KeyPressed | None]) -> None:
    """None: the caller does nothing, so what is pending (the prompt's end or the timer) happens."""
    walk, outputs = step(tree, None, Began(), FACTS)
    total = list(outputs)
    presses_left = iter(presses)
    for _ in range(600):
        if walk.phase is Phase.ENDED:
            break
        pending: Input = PromptHeard() if walk.phase is Phase.SPEAKING else TimeUp()
        pressed = next(presses_left, None)
        for given_next in (pressed, pending) if pressed else (pending,):
            walk, outputs = step(tree, walk, given_next, FACTS)
            total += outputs
            if outputs:
                break
    assert walk.phase is Phase.ENDED
    assert sum(isinstance(output, JoinQueue | Leave) for output in total) == 1
