"""What each kind of node does with a caller, input by input."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.tree.facts import Facts, KeptPlace
from callrouter.tree.load import load_tree
from callrouter.tree.model import Tree
from callrouter.tree.nodes.collect import luhn
from callrouter.tree.walk import (
    Input,
    JoinQueue,
    KeepSecret,
    KeyPressed,
    LookedUp,
    LookUp,
    MessageTaken,
    PromptHeard,
    QueueLeft,
    Resumed,
    Speak,
    TargetEnded,
    step,
)
from tests.tree.trees import FACTS, HEAD, brief, said, walk_through

BYE = "  bye: {type: hangup}\n"
ENDS = "  shop: {type: queue, queue: shop}\n  bye: {type: hangup}\n"


def tree_of(nodes: str, ends: str = ENDS) -> Tree:
    wanted = [line for line in ends.splitlines(keepends=True) if line.split(":")[0].strip() in nodes]
    return load_tree(HEAD + nodes + "".join(wanted), "small.yaml")


def told(tree: Tree, keys: str | list[Input] = "", facts: Facts = FACTS) -> str:
    inputs = said(keys) if isinstance(keys, str) else keys
    return brief(walk_through(tree, inputs, facts)[1])


COLLECT = """\
  top:
    type: collect
    prompt: {en: Number}
    into: order
    length: {least: 2, most: 4}
    tries: 2
    invalid: {prompt: {en: Wrong}, then: shop}
    no_input: {then: bye}
    next: shop
"""
CONFIRMED = COLLECT.replace("    next: shop\n", '    confirm: {prompt: {en: "{order:digits}?"}}\n    next: shop\n')
SECRET = COLLECT.replace("into: order\n", "into: order\n    secret: true\n")


@pytest.mark.parametrize(
    ("keys", "outputs"),
    [
        (".12#", "top speak(top) timer(6) stop timer(4) stop timer(4) stop order=12 shop queue(shop,0)"),
        ("12-", "top speak(top) hush timer(4) stop timer(4) order=12 shop queue(shop,0)"),
        ("1234", "top speak(top) hush timer(4) stop timer(4) stop timer(4) stop order=1234 shop queue(shop,0)"),
        (".1#", "top speak(top) timer(6) stop timer(4) stop top<invalid speak(top.invalid+top)"),
        (".*", "top speak(top) timer(6) stop top<invalid speak(top.invalid+top)"),
        (".#", "top speak(top) timer(6) stop top<invalid speak(top.invalid+top)"),
        (".-.-", "top speak(top) timer(6) top<silence speak(top) timer(6) bye<silence leave(tree)"),
        ("*.*", "top speak(top) hush top<invalid speak(top.invalid+top) timer(6) stop shop<invalid queue(shop,0)"),
    ],
)
def test_digits_are_collected(keys: str, outputs: str) -> None:
    assert told(tree_of(COLLECT), keys) == outputs


@pytest.mark.parametrize(
    ("keys", "end"),
    [
        ("12#.1", "order=12 speak(top.confirm) timer(6) stop shop<1 queue(shop,0)"),
        ("12#.2", "order=12 speak(top.confirm) timer(6) stop top<2 speak(top)"),
        ("12#2", "order=12 speak(top.confirm) hush top<2 speak(top)"),
        ("12#7", "order=12 speak(top.confirm) hush top<invalid speak(top.invalid+top.confirm)"),
        ("12#.-.-", "top<silence speak(top.confirm) timer(6) bye<silence leave(tree)"),
        ("12#.2.13#.2", "order=13 speak(top.confirm) timer(6) stop shop<2 queue(shop,0)"),
    ],
)
def test_digits_are_read_back_and_confirmed(keys: str, end: str) -> None:
    assert told(tree_of(CONFIRMED), keys).endswith(end)


def test_what_is_read_back_is_in_the_prompt() -> None:
    _, outputs = walk_through(tree_of(CONFIRMED), said("12#"))
    speak = [output for output in outputs if isinstance(output, Speak)][-1]
    assert speak.prompts[0].values == {"order": "12"}


def test_what_was_not_confirmed_is_not_known() -> None:
    here, _ = walk_through(tree_of(CONFIRMED), said("12#2"))
    assert here.variables == {}


def test_a_checksum_and_a_pattern_are_demanded() -> None:
    checked = COLLECT.replace("    next: shop\n", '    checksum: luhn\n    pattern: "1.*"\n    next: shop\n')
    for keys, good in (("18#", True), ("12#", False), ("26#", False)):
        assert ("shop queue" in told(tree_of(checked), keys)) is good


def test_luhn_knows_good_cards() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


@given(st.text(alphabet="0123456789", min_size=2, max_size=19), st.data())
def test_luhn_finds_every_single_wrong_digit(digits: str, data: st.DataObject) -> None:
    good = next(digits + last for last in "0123456789" if luhn(digits + last))
    at = data.draw(st.integers(0, len(good) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != good[at]]))
    assert not luhn(good[:at] + wrong + good[at + 1 :])


class Memory:
    """Plays a walk with secrets kept as the engine keeps them."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.facts = tree, FACTS
        self.walk, self.outputs = walk_through(tree, [])

    def then(self, *inputs: Input) -> Memory:
        for given_next in inputs:
            self.walk, outputs = step(self.tree, self.walk, given_next, self.facts)
            self.outputs += outputs
            for output in outputs:
                if isinstance(output, KeepSecret):
                    kept = {**self.facts.secrets, output.variable: output.digits}
                    self.facts = replace(self.facts, secrets={name: held for name, held in kept.items() if held})
        return self


def test_a_secret_is_never_in_the_walk() -> None:
    played = Memory(tree_of(SECRET)).then(*said("73"))
    assert played.walk.digits == "xx"
    played.then(*said("19"))
    assert played.facts.secrets == {"order": "7319"}
    assert "7319" not in repr((played.walk, played.outputs))
    assert brief(played.outputs).endswith("keep(order,4) order=secret shop queue(shop,0)")


def test_a_secret_lost_in_the_middle_is_asked_for_again() -> None:
    played = Memory(tree_of(SECRET)).then(*said("73"))
    played.facts = FACTS
    played.then(*said("1"))
    assert brief(played.outputs).endswith("stop top<lost keep(order,0) speak(top)")


LOOKUP = """\
  top:
    type: lookup
    url: http://crm.example/{caller}
    timeout_s: 2
    into: {amount: {path: a, type: number}}
    next: shop
    failed: bye
"""


def test_a_lookup_asks_and_goes_on_with_the_answer_or_without() -> None:
    assert told(tree_of(LOOKUP), [LookedUp({"amount": 5})]) == (
        "top lookup(+79161112233) hush amount=5 shop queue(shop,0)"
    )
    assert told(tree_of(LOOKUP), [LookedUp(failure="500")]).endswith("hush bye<failed leave(tree)")


def test_keys_do_not_disturb_a_lookup_and_a_new_owner_asks_anew() -> None:
    here, outputs = walk_through(tree_of(LOOKUP), [KeyPressed("1"), PromptHeard(), Resumed()])
    assert sum(isinstance(output, LookUp) for output in outputs) == 2
    assert here.node == "top"


def hours(extra: str = "", then: str = "open: shop, closed: bye") -> Tree:
    return tree_of(f'  top: {{type: hours, open: {{mon-fri: "09:00-18:00"}}, {extra}then: {{{then}}}}}\n')


def test_hours_are_those_of_the_facts() -> None:
    assert told(hours()) == "top shop<open queue(shop,0)"
    night = replace(FACTS, now=datetime(2026, 3, 2, 3, tzinfo=UTC))
    assert told(hours(), facts=night) == "top bye<closed leave(tree)"
    assert told(hours("zone: Asia/Vladivostok, "), facts=night) == "top shop<open queue(shop,0)"


def test_a_holiday_and_an_emergency_have_their_branches() -> None:
    ways = "open: shop, closed: bye, holiday: bye, emergency: bye"
    tree = hours("holidays: ru, switch: shut, ", ways)
    holiday = replace(FACTS, holidays={"ru": frozenset({date(2026, 3, 2)})})
    assert told(tree, facts=holiday) == "top bye<holiday leave(tree)"
    assert told(tree, facts=replace(holiday, switches=frozenset({"shut"}))) == "top bye<emergency leave(tree)"


@pytest.mark.parametrize(
    ("test", "fits"),
    [
        ('number: "+79161112233"', True),
        ('number: "79161112234"', False),
        ('prefix: "+7916"', True),
        ('prefix: ["+7812", "7495"]', False),
        ("list: vip", True),
        ("list: blocked", False),
        ('called: "+74951234567"', True),
        ("again_within_m: 30", True),
        ("again_within_m: 10", False),
        ("unfinished: true", True),
        ("anonymous: true", False),
        ("rang_back: true", True),
        ("rang_back: false", False),
        ('prefix: "+7916", list: blocked', False),
    ],
)
def test_a_caller_is_known_by_what_the_branch_names(test: str, fits: bool) -> None:
    tree = tree_of(f"  top: {{type: caller, branches: [{{{test}, then: shop}}], otherwise: bye}}\n")
    facts = replace(FACTS, lists=frozenset({"vip"}), last_call=FACTS.now - timedelta(minutes=20), unfinished=True)
    facts = replace(facts, kept=(KeptPlace("c0", ("shop",), 0),))
    assert told(tree, facts=facts) == ("top shop<branch 1 queue(shop,0)" if fits else "top bye<otherwise leave(tree)")


def test_a_hidden_number_begins_with_nothing() -> None:
    tree = tree_of('  top: {type: caller, branches: [{prefix: "", then: shop}], otherwise: bye}\n')
    assert "otherwise" in told(tree, facts=replace(FACTS, caller=""))


def test_set_changes_what_the_call_carries() -> None:
    nodes = (
        "  top: {type: set, variables: {who: 'x {caller}', many: 3}, tags: [a, b], priority: 5, require: {women: 2},"
        " prefer: {ru: 1}, sticky_agent: true, problem_type: refund, next: more}\n"
        "  more: {type: set, tags: [b, c], next: shop}\n"
    )
    here, outputs = walk_through(tree_of(nodes), [])
    assert brief(outputs) == (
        "top who=x +79161112233 many=3 problem_type=refund tags(a,b) more tags(a,b,c) shop queue(shop,5)"
    )
    join = outputs[-1]
    assert isinstance(join, JoinQueue)
    assert (join.require, join.prefer, join.sticky_agent) == ({"women": 2}, {"ru": 1}, True)
    assert here.tags == ("a", "b", "c")


def test_when_takes_the_first_case_that_holds() -> None:
    nodes = (
        "  top: {type: set, variables: {many: 5}, next: choose}\n"
        "  choose: {type: when, cases: [{if: many > 9, then: bye}, {if: many > 4, then: shop}], otherwise: bye}\n"
    )
    assert told(tree_of(nodes)) == "top many=5 choose shop<case 2 queue(shop,0)"


def split(percent: float) -> Tree:
    shares = f"[{{percent: {percent}, then: shop}}, {{percent: {100 - percent}, then: bye}}]"
    return tree_of(f"  top: {{type: split, shares: {shares}}}\n")


def test_a_split_sends_the_same_caller_the_same_way_and_so_many_of_all() -> None:
    tree = split(20)
    callers = [f"+7916{number:07}" for number in range(2_000)]
    ways = [told(tree, facts=replace(FACTS, caller=caller)) for caller in callers]
    assert ways == [told(tree, facts=replace(FACTS, caller=caller)) for caller in callers]
    assert 0.17 < sum("shop" in way for way in ways) / len(ways) < 0.23


def test_callers_without_a_number_are_split_by_their_call() -> None:
    tree = split(50)
    ways = {told(tree, facts=replace(FACTS, caller="", call=f"c{number}")) for number in range(50)}
    assert len(ways) == 2


def test_a_notice_is_heard_to_its_end_and_no_key_cuts_it() -> None:
    tree = tree_of('  top: {type: notice, version: "1", prompt: {en: Recorded}, next: shop}\n')
    assert told(tree, "1#.") == "top speak(top) consent(1) shop queue(shop,0)"


def test_a_notice_that_broke_off_is_said_once_more_and_then_told_as_not_heard() -> None:
    tree = tree_of('  top: {type: notice, version: "1", prompt: {en: Recorded}, next: shop}\n')
    broken = PromptHeard(whole=False)
    assert told(tree, [broken]) == "top speak(top) speak(top)"
    assert told(tree, [broken, broken]).endswith("consent(1, not whole) shop queue(shop,0)")


def test_a_message_is_taken_after_its_prompt() -> None:
    tree = tree_of("  top: {type: message, prompt: {en: Speak}, group: duty, next: bye}\n")
    assert told(tree, [PromptHeard(), MessageTaken(3)]) == "top speak(top) message(duty) bye<message leave(tree)"
    assert told(tree, [PromptHeard(), MessageTaken(0)]).endswith("bye<no message leave(tree)")


def test_a_transfer_goes_on_when_nobody_is_reached() -> None:
    tree = tree_of("  top: {type: transfer, to: accounting, failed: bye}\n")
    assert told(tree, [TargetEnded("busy")]) == "top transfer(accounting) bye<busy leave(tree)"


def test_a_transfer_to_a_variable_without_value_fails_at_once() -> None:
    nodes = (
        "  top: {type: lookup, url: 'http://x/', into: {shop_id: id}, next: put, failed: put}\n"
        "  put: {type: transfer, to: '{shop_id}', failed: bye}\n"
    )
    assert told(tree_of(nodes, BYE), [LookedUp({"shop_id": "s17"})]).endswith("transfer(s17)")
    assert told(tree_of(nodes, BYE), [LookedUp(failure="x")]).endswith("bye<unknown leave(tree)")


CALLBACK = """\
  top:
    type: callback
    queue: shop
    prompt: {en: "{number:phone}?"}
    other: {en: Which}
    tries: 3
    invalid: {then: bye}
    no_input: {then: bye}
    next: bye
"""


def test_the_callers_own_number_is_confirmed_for_a_callback() -> None:
    assert told(tree_of(CALLBACK, BYE), ".1") == (
        "top callback_number=+79161112233 speak(top) timer(6) stop callback(+79161112233,shop) bye<1 leave(tree)"
    )


def test_another_number_is_taken_and_confirmed() -> None:
    end = told(tree_of(CALLBACK, BYE), "274951#1")
    assert end.endswith("callback_number=74951 top<number speak(top) hush callback(74951,shop) bye<1 leave(tree)")


def test_another_number_costs_no_try() -> None:
    once = CALLBACK.replace("tries: 3", "tries: 1")
    assert told(tree_of(once, BYE), "274951#1").endswith("callback(74951,shop) bye<1 leave(tree)")
    assert told(tree_of(once, BYE), "274951#2").endswith("bye<invalid leave(tree)")  # and once is enough


def test_who_is_going_to_be_called_there_anyway_is_told_so_and_keeps_the_first_place() -> None:
    known = replace(FACTS, callbacks=frozenset({("shop", "79161112233"), ("desk", "74951")}))
    spoken = CALLBACK.replace("    tries: 3\n", "    tries: 3\n    already: {en: 'We call {number:phone} anyway.'}\n")
    assert told(tree_of(spoken, BYE), "1.", known).endswith("hush speak(top.already) bye leave(tree)")
    assert told(tree_of(CALLBACK, BYE), "1", known).endswith("hush bye<1 leave(tree)")
    assert "callback(74951,shop)" in told(tree_of(spoken, BYE), "274951#1", known)


def test_who_hides_the_number_is_asked_for_one() -> None:
    hidden = replace(FACTS, caller="")
    assert told(tree_of(CALLBACK, BYE), "", hidden) == "top speak(top.other)"


def test_a_line_in_which_nobody_serves_is_not_joined_where_the_tree_says_so() -> None:
    tree = tree_of("  top: {type: queue, queue: shop, nobody: bye}\n", BYE)
    assert told(tree) == "top queue(shop,0)"
    assert (
        told(tree, facts=replace(FACTS, unstaffed=frozenset({"shop"})))
        == "top refused(shop,nobody) bye<nobody leave(tree)"
    )


def test_the_line_gives_a_caller_back_by_key_and_after_the_longest_wait() -> None:
    tree = tree_of('  top: {type: queue, queue: shop, exit: {key: "9", then: bye}, timed_out: bye}\n', BYE)
    assert told(tree, [QueueLeft("exit")]).endswith("bye<9 leave(tree)")
    assert told(tree, [QueueLeft("timed_out")]).endswith("bye<timed_out leave(tree)")
