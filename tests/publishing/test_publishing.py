"""Which version a caller gets, and when a canary must go."""

from __future__ import annotations

import pytest

from callrouter.journal import Entry, Word
from callrouter.publishing.canary import ENOUGH, Tallies, verdict
from callrouter.publishing.lineup import Lineup, chosen, from_fields, to_fields

CANARY = Lineup(live="old", canary="new", share=20.0, bound=10.0)


def callers(count: int) -> list[str]:
    return [f"+7916{number:07}" for number in range(count)]


def calls(version: str, count: int, how: str = "completed", wrong: int = 0) -> list[Entry]:
    entries = []
    for number in range(count):
        call = f"{version}-{how}-{number}"
        entries.append(Entry(Word.ARRIVED, call=call, data={"tree": "payments", "version": version}))
        if number < wrong:
            entries.append(Entry(Word.NODE, call=call, data={"node": "who", "by": "invalid"}))
        entries.append(Entry(Word.ENDED, call=call, data={"how": how}))
    return entries


def tallied(*entries: list[Entry]) -> Tallies:
    tallies = Tallies()
    for some in entries:
        tallies.add(some)
    return tallies


def test_a_caller_always_gets_the_same_version_of_a_canary() -> None:
    assert all(chosen(CANARY, caller) == chosen(CANARY, caller) for caller in callers(50))


def test_the_share_of_callers_who_get_the_canary_is_the_one_asked_for() -> None:
    share = sum(chosen(CANARY, caller) == "new" for caller in callers(5_000)) / 50
    assert share == pytest.approx(20.0, abs=2.0)


@pytest.mark.parametrize(("share", "got"), [(0.0, {"old"}), (100.0, {"new"})])
def test_none_and_all(share: float, got: set[str]) -> None:
    lineup = Lineup(live="old", canary="new", share=share)
    assert {chosen(lineup, caller) for caller in callers(200)} == got


def test_promoted_and_rolled_back() -> None:
    assert chosen(CANARY.promoted(), "x") == "new"
    assert chosen(CANARY.rolled_back(), "x") == "old"
    assert CANARY.rolled_back().versions == ("old",)


def test_a_line_up_survives_the_floor() -> None:
    fields = to_fields(CANARY, by="anna") | {"since": "5"}
    found = from_fields(fields)
    assert (found.live, found.canary, found.share, found.bound, found.by, found.since_ms) == (
        "old", "new", 20.0, 10.0, "anna", 5,
    )  # fmt: skip
    assert from_fields({}) == Lineup()


def test_what_the_workers_started_with_is_live_until_something_is_published() -> None:
    assert from_fields({"file": "f"}).live == "f"
    assert from_fields({"file": "f", "live": "x"}).live == "x"


def test_a_canary_whose_callers_press_wrong_keys_more_often_must_go() -> None:
    tallies = tallied(calls("old", 40, wrong=4), calls("new", 20, wrong=5))
    assert verdict(tallies, "payments", CANARY).startswith("invalid: 25 % of 20 calls against 10 % of 40")


def test_a_canary_within_the_bound_stays() -> None:
    tallies = tallied(calls("old", 40, wrong=4), calls("new", 20, wrong=4))
    assert verdict(tallies, "payments", CANARY) == ""


@pytest.mark.parametrize("how", ["left_tree", "fallback", "crashed"])
def test_callers_who_hang_up_in_the_tree_or_land_in_the_fallback_count_too(how: str) -> None:
    tallies = tallied(calls("old", 40), calls("new", 15), calls("new", 5, how))
    assert verdict(tallies, "payments", CANARY) != ""


def test_too_few_calls_are_no_reason() -> None:
    tallies = tallied(calls("old", 40), calls("new", ENOUGH - 1, "left_tree"))
    assert verdict(tallies, "payments", CANARY) == ""


def test_a_call_under_way_does_not_count_yet() -> None:
    tallies = tallied([Entry(Word.ARRIVED, call="c", data={"tree": "payments", "version": "new"})])
    assert tallies.of == {}
