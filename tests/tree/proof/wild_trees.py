"""Random good trees of many kinds of nodes, and walks through them that are as long as they can be."""

from datetime import datetime
from itertools import pairwise

import msgspec
from hypothesis import strategies as st

from callrouter.tree.load import check_tree
from callrouter.tree.model import Tree
from callrouter.tree.proof.deeds import Situation
from callrouter.tree.proof.pending import Pending, after, happened, possible
from callrouter.tree.proof.trial import Crossing
from callrouter.tree.proof.world import World, facts_at
from callrouter.tree.walk import step
from callrouter.tree.words import Began, Entered, Input, KeyPressed, Walk

HEAD = "schema: 1\nlanguages: [en]\nstart: a\nnodes:\n"
NAMES = ["a", "b", "c", "d", "e"]
USED_KEYS = "0123*#9"
name = st.sampled_from(NAMES)
branches = "invalid: {{then: {0}}}, no_input: {{prompt: {{en: word}}, then: {1}}}"


def _menu(options: dict[str, str], invalid: str, silence: str, tries: int, barge: str) -> str:
    listed = ", ".join(f"'{keys}': {target}" for keys, target in options.items())
    return (
        f"{{type: menu, prompt: {{en: words}}, options: {{{listed}}}, next_digit_s: 1, tries: {tries}, "
        f"barge_in: {barge}, repeat_key: '0', back_key: '*', {branches.format(invalid, silence)}}}"
    )


def _collect(to: str, invalid: str, silence: str, tries: int, confirm: bool) -> str:
    asks = ", confirm: {prompt: {en: right}, no_key: '3'}" if confirm else ""
    return (
        f"{{type: collect, prompt: {{en: words}}, into: x, length: {{least: 2, most: 2}}, pattern: '[12]+', "
        f"tries: {tries}{asks}, next: {to}, {branches.format(invalid, silence)}}}"
    )


asking = st.one_of(
    st.builds(
        _menu,
        st.dictionaries(st.sampled_from(["1", "12", "2", "3"]), name, min_size=1),
        name,
        name,
        st.integers(1, 3),
        st.sampled_from(["true", "false"]),
    ),
    st.builds(_collect, name, name, name, st.integers(1, 2), st.booleans()),
    st.builds(
        lambda to, invalid, silence: (
            f"{{type: callback, queue: q, prompt: {{en: words}}, other: {{en: words}}, tries: 2, "
            f"next: {to}, {branches.format(invalid, silence)}}}"
        ),
        name,
        name,
        name,
    ),
)
passing = st.one_of(
    name.map(lambda to: f"{{type: say, prompt: {{en: words}}, next: {to}}}"),
    name.map(lambda to: f"{{type: set, priority: 1, next: {to}}}"),
    name.map(lambda to: f"{{type: notice, prompt: {{en: words}}, version: '1', next: {to}}}"),
    name.map(lambda to: f"{{type: message, prompt: {{en: words}}, group: g, next: {to}}}"),
    name.map(lambda to: f"{{type: transfer, to: someone, failed: {to}}}"),
    st.tuples(name, name).map(
        lambda two: f"{{type: queue, queue: q, exit: {{key: '*', then: {two[0]}}}, timed_out: {two[1]}}}"
    ),
    st.tuples(name, name).map(
        lambda two: (
            f"{{type: lookup, url: 'https://x.example/', into: {{found: found}}, next: {two[0]}, failed: {two[1]}}}"
        )
    ),
    st.tuples(name, name).map(
        lambda two: f"{{type: when, cases: [{{if: 'called == \"1\"', then: {two[0]}}}], otherwise: {two[1]}}}"
    ),
)
LAST = ["{type: queue, queue: q}", "{type: hangup}", "{type: hangup, prompt: {en: words}}"]


@st.composite
def wild_trees(draw: st.DrawFn) -> Tree:
    """What the checks complain of is taken out until they have nothing to say."""
    nodes = {key: draw(asking if draw(st.booleans()) else passing) for key in NAMES}
    nodes["e"] = last = draw(st.sampled_from(LAST))
    while True:
        text = HEAD + "".join(f"  {key}: {node}\n" for key, node in nodes.items())
        found, problems = check_tree(text, "random.yaml")
        if found is not None:
            return found
        for problem in problems:
            victim = problem.where.removeprefix("node ").partition(",")[0]
            if "nothing leads" in problem.message:
                nodes.pop(victim, None)
            else:
                assert "no way out" in problem.message, problem
                nodes[victim] = last


class TooMany(Exception):
    """The tree has more states than a test has time for."""


def longest_walk(tree: Tree, most_states: int = 3_000) -> tuple[int, set[Crossing]]:
    """Every walk there is, by step: the most inputs that change anything, and every way taken."""
    world = World()
    facts = facts_at(datetime(2026, 6, 1, 12, tzinfo=world.zone), tree, Situation(), world)
    known: dict[bytes, int] = {}
    crossings: set[Crossing] = set()

    def go(walk: Walk, pending: Pending) -> int:
        state = msgspec.json.encode((walk, pending.speaking, pending.timer_s, pending.question is None))
        if state not in known:
            if len(known) > most_states:
                raise TooMany
            known[state] = max((1 + go(*there) for there in _nexts(walk, pending)), default=0)
        return known[state]

    def _nexts(walk: Walk, pending: Pending) -> list[tuple[Walk, Pending]]:
        found = []
        for given in _inputs(pending):
            there, outputs = step(tree, walk, given, facts)
            here = walk.node
            for output in outputs:
                if isinstance(output, Entered):
                    crossings.add((here, output.by, output.node))
                    here = output.node
            if there != walk or outputs:
                found.append((there, after(happened(pending, given), outputs)))
        return found

    walk, outputs = step(tree, None, Began(), facts)
    entered = [output for output in outputs if isinstance(output, Entered)]
    for one, other in pairwise(entered):
        crossings.add((one.node, other.by, other.node))
    return go(walk, after(Pending(), outputs)), crossings


def _inputs(pending: Pending) -> list[Input]:
    return [one for one in possible(pending) if not isinstance(one, KeyPressed) or one.digit in USED_KEYS]
