"""The floor folds changes; presence comes from feature codes."""

from __future__ import annotations

import pytest

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Floor, Presence
from callrouter.acd.presence import Wish, feature_code, presence_change, wish_entry
from callrouter.config import Missed
from callrouter.journal import Word
from tests.acd.floors import agent, floor_of, waiting

REASONS = {"1": "break", "2": "lunch"}


def test_changes_set_fields_and_take_things_away() -> None:
    floor = floor_of(agent("anna"), waiting("c1"))
    floor.apply({"agent:anna": {"activity": "TALKING", "call": "c1"}, "waiting:c1": None}, "2-0")
    assert floor.agents["anna"].activity is Activity.TALKING
    assert floor.agents["anna"].presence is Presence.READY
    assert not floor.waiting
    assert floor.version == "2-0"


def test_the_same_changes_give_the_same_floor_as_a_snapshot_of_it() -> None:
    floor = floor_of(agent("anna"), waiting("c1"))
    floor.apply({"agent:anna": activity.reserved("c1", "c1-a1") | {"since": "9", "offered": "9"}}, "2-0")
    copy = Floor(floor.things(), floor.version)
    assert copy.agents == floor.agents
    assert copy.waiting == floor.waiting


def test_a_thing_of_an_unknown_kind_is_kept_for_those_who_know_it() -> None:
    floor = floor_of({"merchant:shop": {"name": "Shop"}})
    assert floor.fields("merchant:shop") == {"name": "Shop"}


def test_a_reserved_agent_is_not_free_and_a_released_one_keeps_the_place() -> None:
    floor = floor_of(agent("anna", idle_since="5"))
    floor.apply({"agent:anna": activity.reserved("c1", "c1-a1") | {"since": "7", "offered": "7"}}, "2-0")
    reserved = floor.agents["anna"]
    floor.apply({"agent:anna": activity.released() | {"since": "8"}}, "3-0")
    released = floor.agents["anna"]
    assert (reserved.is_free, released.is_free) == (False, True)
    assert released.idle_since == 5


def test_too_many_missed_offers_set_an_agent_not_ready() -> None:
    assert activity.missed(1, Missed(limit=2), 1000, "missed")["activity"] == "RESTING"
    paused = activity.missed(2, Missed(limit=2), 1000, "missed")
    assert (paused["activity"], paused["presence"], paused["reason"]) == ("IDLE", "NOT_READY", "missed")


@pytest.mark.parametrize(
    ("digits", "wish"),
    [
        ("*11", Wish(Presence.READY)),
        ("*12", Wish(Presence.NOT_READY)),
        ("*122", Wish(Presence.NOT_READY, "lunch")),
        ("*13", Wish(Presence.LOGGED_OUT)),
        ("*129", None),
        ("*1", None),
        ("", None),
        ("*11; rm -rf", None),
    ],
)
def test_feature_codes(digits: str, wish: Wish | None) -> None:
    assert feature_code(digits, REASONS) == wish


def test_ready_forgets_missed_offers_and_begins_a_new_idle_time() -> None:
    change = presence_change("anna", Wish(Presence.READY))["agent:anna"]
    assert change is not None
    assert change["missed"] == "0"
    assert change["idle_since"] == "$now"
    assert wish_entry("anna", Wish(Presence.NOT_READY, "lunch"), "phone").word is Word.PAUSE
