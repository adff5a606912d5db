"""What is said of a good tree before it is live."""

from datetime import date

import pytest

from callrouter.tree.load import load_tree
from callrouter.tree.proof.advice import Staff, advice
from tests.tree.proof.every_node import every_node

HEAD = "schema: 1\nlanguages: [en]\nstart: a\nnodes:\n"
END = "  end: {type: hangup}\n"


def told(nodes: str, staff: Staff | None = None, today: date | None = None) -> list[str]:
    found = load_tree(HEAD + nodes + END, "x.yaml")
    return [f"{one.severity} {'.'.join(map(str, one.path))}: {one.message}" for one in advice(found, staff, today)]


def test_a_tree_whose_variables_all_have_values_in_time_gets_no_advice() -> None:
    assert list(advice(every_node(), Staff({"shop": ({"vip": 9},)}, {"shop": ""}))) == []


def test_a_variable_read_before_it_is_set_on_some_way_is_told_with_that_way() -> None:
    nodes = (
        "  a: {type: caller, branches: [{anonymous: true, then: b}], otherwise: c}\n"
        "  b: {type: set, variables: {city: Omsk}, next: c}\n"
        '  c: {type: say, prompt: {en: "In {city}."}, next: end}\n'
    )
    assert told(nodes) == [
        "error nodes.c.prompt.en: `city` may have no value here: a caller can come by a → c, and c reads it aloud"
    ]
    assert told(nodes.replace("otherwise: c", "otherwise: b")) == []


def test_what_was_collected_has_a_value_only_where_it_was_accepted() -> None:
    nodes = (
        "  a: {type: collect, prompt: {en: x}, into: digits, length: 2, "
        "invalid: {then: c}, no_input: {then: end}, next: c}\n"
        "  c: {type: when, cases: [{if: 'digits == \"12\"', then: end}], otherwise: end}\n"
    )
    (one,) = told(nodes)
    assert one == "warning nodes.c.cases.0.if: `digits` may have no value here: a caller can come by a → c"


@pytest.mark.parametrize(
    ("open_", "words"),
    [
        ('mon-fri: "09:00-12:59, 13:00-18:00"', "mon: closed from 12:59 to 13:00 only; is it meant?"),
        ('mon-fri: "09:00-13:00, 12:00-18:00"', "mon: two windows hold 12:00; let the first one end before"),
        ('mon-thu: "09:00-18:00"', "fri is in no line, so it is always closed then; is it meant?"),
        ('mon-fri: "22:00-06:00", sat: "06:05-12:00"', "sat: closed from 06:00 to 06:05 only; is it meant?"),
        ("", "this is never open; give windows"),
    ],
)
def test_odd_hours_are_told(open_: str, words: str) -> None:
    nodes = f"  a: {{type: hours, open: {{{open_}}}, then: {{open: end, closed: end}}}}\n"
    assert told(nodes) == [f"warning nodes.a.open: {words}"]


def test_hours_with_a_lunch_and_a_weekend_are_nothing_odd() -> None:
    assert (
        told('  a: {type: hours, open: {mon-fri: "09:00-13:00, 14:00-18:00"}, then: {open: end, closed: end}}\n') == []
    )


def test_an_exceptional_day_that_is_over_is_told() -> None:
    days = 'days: {"2026-01-01": closed, "2027-01-01": closed}'
    nodes = f'  a: {{type: hours, open: {{mon-sun: "00:00-24:00"}}, {days}, then: {{open: end, closed: end}}}}\n'
    assert told(nodes, today=date(2026, 6, 1)) == ["warning nodes.a.days.2026-01-01: 2026-01-01 is over; delete it"]


QUEUE = "  a: {type: set, require: {vip: 5}, next: q}\n  q: {type: queue, queue: shop, timed_out: end}\n"


def test_a_queue_that_nobody_serves_is_an_error_unless_its_callers_overflow_to_somebody() -> None:
    nobody = Staff({"shop": (), "all": ()}, {"shop": "all", "all": "shop"})
    assert told(QUEUE, nobody) == [
        "error nodes.q.queue: no agent serves shop, nor where its callers overflow to; give it to an agent"
    ]
    somebody = Staff({"shop": (), "all": ({},)}, {"shop": "all", "all": ""})
    assert told(QUEUE, somebody) == [
        "warning nodes.q.queue: no agent serves shop; its callers wait in vain until they overflow to all"
    ]


def test_a_skill_that_no_agent_of_the_queue_has_is_an_error() -> None:
    assert told(QUEUE, Staff({"shop": ({"vip": 4}, {"other": 9})}, {"shop": ""})) == [
        "error nodes.q.queue: callers who need vip 5 come here, and no agent of shop has that"
    ]
    assert told(QUEUE, Staff({"shop": ({"vip": 5},)}, {"shop": ""})) == []


WAYS = (
    "  a: {type: queue, queue: shop, full: end, closed: end, emergency: end, long_wait: end, nobody: end, "
    "resume: {en: Back}}\n"
)


def test_a_way_that_waits_for_a_rule_which_the_queue_does_not_have_is_told() -> None:
    served = Staff({"shop": ({},)}, {"shop": ""}, {"shop": {"hours", "switch"}})
    assert told(WAYS, served) == [
        f"warning nodes.a.{way}: `{way}` never happens: the queue shop has no `{rule}`; give it one, or delete `{way}`"
        for way, rule in (("full", "max_waiting"), ("long_wait", "long_wait_s"), ("resume", "ring_back_s"))
    ]


def test_ways_that_the_rules_of_the_queue_lead_to_and_rules_without_a_way_need_no_word() -> None:
    rules = {"shop": {"max_waiting", "hours", "switch", "long_wait_s", "ring_back_s"}}
    assert told(WAYS, Staff({"shop": ({},)}, {"shop": ""}, rules)) == []
    assert told("  a: {type: queue, queue: shop, nobody: end}\n", Staff({"shop": ({},)}, {"shop": ""}, rules)) == []
