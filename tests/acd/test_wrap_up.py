"""What an agent's wish for a wrap-up comes to, and what follows an offer in vain."""

from __future__ import annotations

import pytest

from callrouter.acd import activity
from callrouter.acd.floor import Agent
from callrouter.acd.wrap_up import ask, rule_of
from callrouter.config import AgentPart, Missed, Queue, Vain, WrapUp
from callrouter.journal import Word
from tests.acd.floors import agent, floor_of

OPTIONAL = WrapUp(mode="optional", seconds=20, longest_s=50, asked_within_s=15)
LAST = {"last_call": "c1", "last_queue": "payers"}


def anna(**fields: str) -> Agent:
    return floor_of(agent("anna", **fields)).agents["anna"]


def test_asked_for_while_talking_it_is_remembered_for_the_end_of_that_talk() -> None:
    asked = ask(anna(activity="TALKING", call="c1", **LAST), OPTIONAL, 0, "phone")
    assert asked is not None
    assert asked.floor == {"agent:anna": {"wrap_asked": "1"}}
    assert asked.as_seen == {"activity": "TALKING", "call": "c1"}
    assert (asked.entry.word, asked.entry.call, asked.entry.data["what"]) == (Word.WRAPUP, "c1", "asked")


def test_asked_for_soon_after_a_talk_it_begins() -> None:
    asked = ask(anna(idle_since="1000", **LAST), OPTIONAL, 16_000, "phone")
    assert asked is not None
    fields = asked.floor["agent:anna"] or {}
    assert (fields["activity"], fields["wrap_until"], fields["wrap_most"]) == ("WRAP_UP", "36000", "66000")
    assert asked.as_seen == {"activity": "IDLE", "idle_since": "1000"}


def test_asked_for_too_late_or_after_nothing_there_is_none() -> None:
    assert ask(anna(idle_since="1000", **LAST), OPTIONAL, 16_001, "phone") is None
    assert ask(anna(idle_since="1000"), OPTIONAL, 1_000, "phone") is None


@pytest.mark.parametrize("doing", ["IDLE", "TALKING"])
def test_where_there_is_no_wrap_up_none_can_be_asked_for(doing: str) -> None:
    assert ask(anna(activity=doing, **LAST), WrapUp(mode="none"), 0, "phone") is None


def test_each_wish_makes_it_longer_up_to_the_bound() -> None:
    fields = {"activity": "WRAP_UP", "wrap_most": "50000"}
    longer = ask(anna(**fields, wrap_until="35000"), OPTIONAL, 20_000, "phone")
    assert longer is not None
    assert longer.floor == {"agent:anna": {"wrap_until": "50000"}}
    assert ask(anna(**fields, wrap_until="50000"), OPTIONAL, 20_000, "phone") is None


@pytest.mark.parametrize("doing", ["RESERVED", "RINGING", "RESTING"])
def test_while_a_phone_rings_or_somebody_rests_there_is_nothing_to_write_up(doing: str) -> None:
    assert ask(anna(activity=doing, **LAST), OPTIONAL, 0, "phone") is None


def test_the_agents_own_rule_goes_before_the_queues() -> None:
    queue = Queue(name="Payers", wrap_up=WrapUp(seconds=30))
    own = AgentPart(name="Anna", queues=("payers",), wrap_up=OPTIONAL)
    assert rule_of(queue, own) is OPTIONAL
    assert rule_of(queue, AgentPart(name="Anna", queues=("payers",))).seconds == 30
    assert rule_of(None, None).mode == "none"


@pytest.mark.parametrize(
    ("mode", "asked", "after"),
    [
        ("none", True, "IDLE"),
        ("optional", False, "IDLE"),
        ("optional", True, "WRAP_UP"),
        ("timed", False, "WRAP_UP"),
        ("strict", False, "WRAP_UP"),
    ],
)
def test_each_mode_has_its_own_end_of_a_talk(mode: str, asked: bool, after: str) -> None:
    rule = WrapUp.model_validate({"mode": mode})
    assert activity.after_talk(rule, asked, 0, 0)["activity"] == after


def test_the_rest_after_offers_in_vain_grows_to_its_longest() -> None:
    rule = Vain(rest_s=5, factor=3, longest_s=60)
    rests = [int(activity.missed(count, rule, 0, "busy")["wrap_until"]) for count in (1, 2, 3, 4, 1000)]
    assert rests == [5_000, 15_000, 45_000, 60_000, 60_000]


def test_offers_in_vain_are_counted_in_a_row_of_one_kind() -> None:
    assert activity.vain_count("busy", 2, "busy") == 3
    assert activity.vain_count("missed", 2, "busy") == 1


def test_a_limit_of_none_only_rests_and_a_limit_sets_not_ready() -> None:
    assert "presence" not in activity.missed(50, Vain(), 0, "declined")
    paused = activity.missed(1, Missed(), 0, "missed")
    assert (paused["activity"], paused["presence"], paused["reason"]) == ("IDLE", "NOT_READY", "missed")


def test_with_ring_all_a_ring_that_nobody_answers_rests_shortly_and_counts_for_nothing() -> None:
    rules = Queue(name="Q", strategy="ring_all")
    rested = activity.in_vain(rules, "missed", 7, "missed", 1_000, picked_up=False)
    assert (rested["activity"], rested["wrap_until"], rested["rest"]) == ("RESTING", "6000", "missed")
    assert not {"presence", "missed", "missed_why"} & rested.keys()


def test_with_ring_all_who_was_asked_in_particular_falls_under_the_usual_rules() -> None:
    rules = Queue(name="Q", strategy="ring_all")
    assert activity.in_vain(rules, "missed", 0, "", 0, picked_up=True)["presence"] == "NOT_READY"
    assert activity.in_vain(rules, "declined", 1, "declined", 0, picked_up=False)["missed"] == "2"
    one = Queue(name="Q", strategy="longest_idle")
    assert activity.in_vain(one, "missed", 0, "", 0, picked_up=False)["presence"] == "NOT_READY"
