"""A tree walked by AGI: the same keys count at the same moments as over ARI, whatever a caller presses and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callrouter.asterisk.agi import NotPlayed
from callrouter.asterisk.agi_walk import KEYS, AgiWalk, Outcome, Result
from callrouter.tree import walk as tree_walk
from callrouter.tree.facts import Facts
from callrouter.tree.model import Tree
from callrouter.tree.walk import Input, JoinQueue, KeyPressed, LookedUp, Walk
from tests.asterisk.agi_caller import SOUND_S, Caller, by_events, facts, files
from tests.tree.trees import SMALL, tree

TWO_LANGUAGES = (
    SMALL.replace("[en]", "[en, ru]").replace("{en: ", "{ru: Да, en: ").replace('"2": more', '"2": more, "9": russian')
    + "  russian: {type: set, language: ru, next: top}\n"
)


def walked(tree: Tree, caller: Caller) -> Outcome:
    return AgiWalk(caller, tree, "en", files, facts, caller.clock).run()


def test_a_key_during_the_prompt_cuts_it_and_acts_at_once() -> None:
    caller = Caller([(1.0, "2")], hangs_up_at=1.5)
    assert walked(tree(), caller).path == ("top", "more")
    assert caller.heard == ["answer", "en/small.top", "en/small.more"]


def test_keys_are_not_heard_where_the_tree_forbids_it_and_the_prompt_goes_on() -> None:
    caller = Caller([(1.0, "2"), (2.0, "5"), (6.0, "5")], hangs_up_at=6.5)
    outcome = walked(tree(), caller)
    assert outcome.path == ("top", "more", "hello")
    assert caller.heard[2:] == ["en/small.more", "en/small.hello"]


def test_a_key_that_begins_a_longer_choice_waits_for_the_next_and_no_longer() -> None:
    assert walked(tree(), Caller([(1.0, "1"), (2.9, "2")])).path == ("top", "bye")
    caller = Caller([(1.0, "1"), (3.1, "2")])
    outcome = walked(tree(), caller)
    assert outcome == Outcome(Result.QUEUE, "en", ("top", "shop"), join=JoinQueue("shop", 4))
    assert caller.now == 3.0


def test_silence_is_counted_from_the_end_of_the_prompt() -> None:
    caller = Caller([], hangs_up_at=SOUND_S + 6.01)
    assert walked(tree(), caller).path == ("top", "top")
    assert caller.heard[2:] == ["en/small.top.no_input"]


def test_a_key_that_means_nothing_there_does_not_begin_the_wait_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No node does so today; a later one may ignore keys while it listens."""
    steps = tree_walk.step

    def deaf_to_nine(tree: Tree, walk: Walk | None, given: Input, facts: Facts) -> tree_walk.Result:
        if walk is not None and given == KeyPressed("9"):
            return walk, ()
        return steps(tree, walk, given, facts)

    monkeypatch.setattr(tree_walk, "step", deaf_to_nine)
    caller = Caller([(1.0, "9"), (SOUND_S + 3, "9")], hangs_up_at=SOUND_S + 6.01)
    assert walked(tree(), caller).path == ("top", "top")
    assert caller.heard == ["answer", "en/small.top", "en/small.top.no_input"]


def test_the_words_of_a_queue_are_said_to_their_end_before_the_queue_is_joined() -> None:
    spoken = tree(SMALL.replace("queue: shop, priority: 4", "queue: shop, prompt: {en: One moment}"))
    caller = Caller([(1.0, "1"), (3.5, "2")])
    assert walked(spoken, caller).result is Result.QUEUE
    assert caller.heard[-1] == "en/small.shop"
    assert caller.now == 3.0 + SOUND_S


def test_who_hangs_up_leaves_the_way_so_far() -> None:
    assert walked(tree(), Caller([(1.0, "2")], hangs_up_at=2.0)) == Outcome(Result.HUNG_UP, "en", ("top", "more"))


def test_a_sound_that_cannot_be_played_does_not_end_the_call() -> None:
    class Deaf(Caller):
        def stream_file(self, filename: str, escape_digits: str = "") -> str:
            if filename.endswith("top"):
                raise NotPlayed(filename)
            return super().stream_file(filename, escape_digits)

    caller = Deaf([(1.0, "2")], hangs_up_at=2.0)
    assert walked(tree(), caller).path == ("top", "more")


ASKING = """schema: 1
languages: [en]
start: crm
nodes:
  crm:
    type: lookup
    url: http://127.0.0.1/{caller}
    timeout_s: 5
    filler: {en: One moment}
    into: {name: name}
    next: shop
    failed: bye
  shop: {type: queue, queue: shop}
  bye: {type: hangup}
"""


@dataclass
class Slow:
    """An answer that is there at a time; waiting for it turns the caller's clock."""

    caller: Caller
    at: float
    answer: LookedUp

    def result(self, timeout: float) -> LookedUp:
        if self.at > self.caller.now + timeout:
            self.caller.now += timeout
            raise TimeoutError
        self.caller.now = max(self.caller.now, self.at)
        return self.answer


def asked(caller: Caller, at: float, answer: LookedUp) -> Outcome:
    def ask(wish: tree_walk.LookUp, secrets: Mapping[str, str]) -> Slow:
        assert (wish.node, secrets) == ("crm", {})
        return Slow(caller, at, answer)

    return AgiWalk(caller, tree(ASKING), "en", files, facts, caller.clock, ask=ask).run()


def test_a_quick_answer_is_waited_for_in_silence() -> None:
    caller = Caller()
    outcome = asked(caller, 0.2, LookedUp({"name": "Ann"}))
    assert (outcome.result, outcome.answers) == (Result.QUEUE, {"name": "Ann"})
    assert caller.heard == ["answer"]


def test_a_slow_answer_is_waited_for_behind_filler_and_music_and_no_longer_than_its_time() -> None:
    caller = Caller()
    assert asked(caller, 4.9, LookedUp({"name": "Ann"})).result is Result.QUEUE
    assert caller.heard == ["answer", "en/small.crm.filler", "music", "no music"]
    assert caller.now == 4.9
    never = Caller()
    assert asked(never, 99, LookedUp()).path == ("crm", "bye")
    assert never.now == 5.5


def test_a_lookup_that_fails_goes_where_the_tree_says() -> None:
    assert asked(Caller(), 0, LookedUp(failure="status 500")).path == ("crm", "bye")


def test_what_only_the_whole_callrouter_can_do_is_told_to_the_dialplan() -> None:
    outcome = walked(tree(ASKING), Caller())
    assert (outcome.result, outcome.reason) == (Result.UNSUPPORTED, "LookUp at node crm")


def test_a_walk_that_waits_for_nothing_we_know_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_walk, "step", lambda *_: (Walk("top"), (tree_walk.Entered("top", ""),)))
    assert walked(tree(), Caller()).result is Result.UNSUPPORTED


RICH = """schema: 1
languages: [en]
start: order
nodes:
  order:
    type: collect
    into: order
    prompt: {en: Your order}
    length: 4
    invalid: {then: bye}
    no_input: {then: bye}
    next: known
  known: {type: set, tags: [order_known], require: {repairs: 3}, next: notice}
  notice: {type: notice, prompt: {en: We record this}, version: "2", next: shop}
  shop: {type: queue, queue: shop, priority: 4, max_wait_s: 90, music: calm}
  bye: {type: hangup}
"""


def test_what_was_learned_on_the_way_is_in_the_outcome() -> None:
    outcome = walked(tree(RICH), Caller([(1.0, "1"), (1.5, "2"), (2.0, "3"), (2.5, "4")]))
    assert outcome.join is not None
    assert (outcome.join.queue, outcome.join.require, outcome.join.max_wait_s) == ("shop", {"repairs": 3}, 90)
    assert (outcome.answers, outcome.tags) == ({"order": "1234"}, ("order_known",))
    assert outcome.notices == ("notice 2 heard",)


def test_a_secret_stays_here_and_is_in_nothing_that_is_told() -> None:
    secret = tree(RICH.replace("    length: 4\n", "    length: 4\n    secret: true\n"))
    caller = Caller([(1.0, "1"), (1.5, "2"), (2.0, "3"), (2.5, "4")])
    walk = AgiWalk(caller, secret, "en", files, facts, caller.clock)
    outcome = walk.run()
    assert "1234" not in repr(outcome)
    assert outcome.answers == {}
    assert outcome.result is Result.QUEUE


def by_agi(tree: Tree, caller: Caller) -> tuple[list[str], str]:
    """In the same words as `by_events`."""
    outcome = walked(tree, caller)
    said = {
        Result.QUEUE: f"queue {outcome.join.queue} {outcome.join.priority}" if outcome.join else "",
        Result.ENDED: f"ended {outcome.reason}",
        Result.HUNG_UP: "hung_up",
    }
    return caller.heard, f"{outcome.language} {said[outcome.result]} {','.join(outcome.path)}"


KEYINGS = st.lists(st.tuples(st.integers(1, 3000), st.sampled_from("0123459*#" + KEYS)), max_size=12)
TREES = st.sampled_from([tree(), tree(TWO_LANGUAGES)])


@given(tree=TREES, keying=KEYINGS, hangs_up=st.none() | st.integers(1, 6000))
@example(tree=tree(), keying=[(100, "1"), (13, "2")], hangs_up=None)
def test_by_agi_and_by_events_the_caller_hears_the_same_and_ends_in_the_same_place(
    tree: Tree, keying: list[tuple[int, str]], hangs_up: int | None
) -> None:
    """Keys at wild moments, each at a fraction of a second of its own: two things in one instant may go either way."""
    at, keys = 0.0, []
    for number, (pause, key) in enumerate(keying, 1):
        at += pause / 100
        keys.append((round(at, 2) + number * 0.0003, key))
    end = float("inf") if hangs_up is None else hangs_up / 100 + 0.007
    assert by_agi(tree, Caller(keys, end)) == by_events(tree, "en", Caller(keys, end))
