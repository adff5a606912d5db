"""What a tree names must be there, variables must fit their use, and no secret gets out: told at its place."""

from __future__ import annotations

import pytest

from callrouter.tree.known import Known
from callrouter.tree.load import check_tree
from tests.tree.trees import HEAD

END = "  bye: {type: hangup}\n"
KNOWN = Known(
    lists={"vip"},
    switches={"shut"},
    secrets={"crm"},
    groups={"duty"},
    music={"default"},
    directory={"accounting"},
    countries={"ru"},
)
PIN = (
    "  top: {type: collect, secret: true, prompt: {en: PIN}, into: pin, length: 4, invalid: {then: bye},"
    " no_input: {then: bye}, next: after}\n"
)
LOOKUP = "  after: {{type: lookup, url: 'http://x/{path}', {more}next: bye, failed: bye}}\n"


def told(nodes: str, known: Known = KNOWN) -> list[str]:
    _, problems = check_tree(HEAD + nodes + END, "small.yaml", {"shop"}, known=known)
    return [f"{problem.where}: {problem.message}" for problem in problems]


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (
            "{type: caller, branches: [{list: vips, then: bye}], otherwise: bye}",
            "node top, branches, 0, list: there is no list `vips`; did you mean `vip`?",
        ),
        (
            "{type: hours, open: {mon: '09:00-10:00'}, switch: shot, then: {open: bye, closed: bye, emergency: bye}}",
            "node top, switch: there is no switch `shot`; did you mean `shut`?",
        ),
        (
            "{type: hours, open: {mon: '09:00-10:00'}, holidays: xx, then: {open: bye, closed: bye}}",
            "node top, holidays: there is no country `xx`; known are: ru",
        ),
        (
            "{type: hours, open: {mon: '09:00-10:00'}, switch: shut, then: {open: bye, closed: bye}}",
            "node top: `switch` and `then.emergency` belong together; give both or none",
        ),
        (
            "{type: hours, open: {mon: '9-10'}, then: {open: bye, closed: bye}}",
            "node top, open, mon: `9-10` does not fit here "
            '(in quotes, like "09:00-18:00" or "09:00-13:00, 14:00-18:00")',
        ),
        (
            "{type: hours, open: {mon: '09:00-10:00'}, days: {'2026-02-30': closed}, then: {open: bye, closed: bye}}",
            "node top, days, 2026-02-30: there is no day 2026-02-30; write it like 2026-12-31 "
            '(in quotes, like "2026-12-31")',
        ),
        (
            "{type: transfer, to: acounting, failed: bye}",
            "node top, to: there is no entry of the directory `acounting`; did you mean `accounting`?",
        ),
        (
            "{type: message, prompt: {en: x}, group: dusty, next: bye}",
            "node top, group: there is no group `dusty`; did you mean `duty`?",
        ),
        (
            "{type: queue, queue: shop, music: jazz}",
            "node top, music: there is no music `jazz`; known are: default",
        ),
        (
            "{type: lookup, url: 'http://x/', headers: {A: 'B {secret:crn}'}, next: bye, failed: bye}",
            "node top, headers, A: there is no secret `crn`; did you mean `crm`?",
        ),
        (
            "{type: lookup, url: 'http://x/', headers: {A: '{caller}'}, next: bye, failed: bye}",
            "node top, headers, A: only {secret:name} may stand in a header, no variable of the call",
        ),
        (
            "{type: lookup, url: 'http://{caller}.x/', next: bye, failed: bye}",
            "node top, url: the host must be fixed: a name or address, perhaps with a port; no variable, no user name",
        ),
        (
            "{type: lookup, url: 'http://x/a{caller}', next: bye, failed: bye}",
            "node top, url: a{caller} is no path segment; a variable must be a whole one: /customers/{caller}",
        ),
        (
            "{type: say, prompt: {en: 'Hi {name}'}, next: bye}",
            "node top, prompt, en: nothing sets the variable `name`; known are: called, caller",
        ),
        (
            "{type: say, prompt: {en: 'Hi {caller:phone'}, next: bye}",
            "node top, prompt, en: a lone {; write {{ for the sign itself",
        ),
        (
            "{type: say, prompt: {en: 'Hi {caller:fone}'}, next: bye}",
            "node top, prompt, en: {caller:fone}: nothing is read as `fone`; known are: text, number, ordinal, count, "
            "digits, date, time, money, duration, phone",
        ),
        (
            "{type: set, variables: {caller: x}, next: bye}",
            "node top, variables, caller: `caller` is there in every call and cannot be set; choose another name",
        ),
        (
            "{type: set, next: bye}",
            "node top: nothing is set here: give language, variables, tags, priority …; or use goto",
        ),
        (
            "{type: when, cases: [{if: caller > 5, then: bye}], otherwise: bye}",
            "node top, cases, 0, if: caller is text and 5 is number; they are never >",
        ),
        (
            "{type: when, cases: [{if: 'caller =', then: bye}], otherwise: bye}",
            "node top, cases, 0, if: = cannot stand in a condition; text goes in quotes, and == compares "
            '(like balance > 100 and city == "Omsk")',
        ),
        (
            "{type: split, shares: [{percent: 10, then: bye}, {percent: 80, then: bye}]}",
            "node top: the shares make 90 percent; they must make 100",
        ),
        (
            "{type: goto, to: bye, tree: other}",
            "node top: give either `to`, a node of this tree, or `tree`, another tree",
        ),
    ],
)
def test_each_mistake_is_told_once_at_its_place(node: str, problem: str) -> None:
    found = told(f"  top: {node}\n")
    assert [one.partition(" (")[0] for one in found if "nothing leads" not in one] == [problem.partition(" (")[0]]


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        (
            "  after: {type: say, prompt: {en: '{pin:digits}'}, next: bye}\n",
            "node after, prompt, en: `pin` is secret and never read aloud",
        ),
        (
            "  after: {type: set, variables: {copy: '{pin}'}, next: bye}\n",
            "node after, variables, copy: `pin` is secret; only a lookup may send it",
        ),
        (
            "  after: {type: when, cases: [{if: pin == '1', then: bye}], otherwise: bye}\n",
            "node after, cases, 0, if: `pin` is secret; only a lookup may send it",
        ),
        (
            "  after: {type: transfer, to: '{pin}', failed: bye}\n",
            "node after, to: `pin` is secret; only a lookup may send it",
        ),
        (
            LOOKUP.format(path="{pin}", more="ask_again: top, "),
            "node after, url: `pin` is secret, and addresses are logged: use `body`",
        ),
        (
            LOOKUP.format(path="a", more="body: {p: '{pin}'}, "),
            "node after, body: `pin` is secret and may be lost: give `ask_again`, the collect node that asks for it",
        ),
        (
            LOOKUP.format(path="a", more="body: {p: '{pin}'}, ask_again: bye, "),
            "node after, ask_again: bye is no collect node with `secret: true`",
        ),
        (
            LOOKUP.format(path="a", more="body: {p: '{pin}'}, ask_again: top, cache_s: 5, "),
            "node after, cache_s: `pin` is secret, so the answer cannot be kept; delete `cache_s`",
        ),
    ],
)
def test_a_secret_goes_nowhere_but_into_the_body_of_a_lookup(after: str, problem: str) -> None:
    assert told(PIN + after) == [problem]


def test_a_secret_that_only_a_lookup_sends_is_fine() -> None:
    assert told(PIN + LOOKUP.format(path="a", more="method: POST, body: {p: '{pin}'}, ask_again: top, ")) == []


def test_a_secret_is_never_read_back() -> None:
    (problem,) = told(
        "  top: {type: collect, secret: true, prompt: {en: PIN}, into: pin, length: 4, invalid: {then: bye},"
        " no_input: {then: bye}, confirm: {prompt: {en: 'x'}}, next: bye}\n"
    )
    assert problem == "node top: a secret is never read back; delete `confirm` or `secret`"


def test_a_variable_is_of_one_kind_everywhere() -> None:
    nodes = (
        "  top: {type: set, variables: {amount: 5}, next: more}\n"
        "  more: {type: set, variables: {amount: five}, next: bye}\n"
    )
    assert told(nodes) == [
        "node more, variables, amount: `amount` is number elsewhere and text here; choose another name"
    ]


def test_what_is_not_known_is_not_checked() -> None:
    assert told("  top: {type: transfer, to: anybody, failed: bye}\n", Known()) == []
