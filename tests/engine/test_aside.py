"""What the engine does for a call in its tree beside commanding the switch: in virtual time, with faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from callrouter.acd.floor import Presence
from callrouter.directory import Reach
from callrouter.engine.callers import Callers
from callrouter.errors import CommandRefused, SwitchDown
from callrouter.journal import Entry, Word
from callrouter.telephony import PhoneId, Play, RingOutside, StartMusic, TakeMessage
from callrouter.tree.load import load_tree
from callrouter.tree.walk import LookedUp
from tests.engine.centre import MOMENT_S, Centre
from tests.fakes.aside import FakeLookups

TREE = """
schema: 1
languages: [ru]
start: who
nodes:
  who:
    type: menu
    prompt: {ru: Кто}
    options: {"6": served, "1": crm, "2": pin, "3": outside, "4": note, "5": again}
    invalid: {then: bye}
    no_input: {then: bye}
  crm:
    type: lookup
    url: http://127.0.0.1/{caller}
    timeout_s: 3
    filler: {ru: Ищем}
    next: payers
    failed: bye
  pin:
    type: collect
    prompt: {ru: Код}
    into: pin
    secret: true
    length: 4
    invalid: {then: bye}
    no_input: {then: bye}
    next: check
  check: {type: lookup, url: "http://127.0.0.1/", body: {pin: "{pin}"}, ask_again: pin, next: bye, failed: bye}
  outside: {type: transfer, to: accounting, ring_s: 10, failed: bye}
  note: {type: message, prompt: {ru: Говорите}, group: duty, next: bye}
  again: {type: caller, branches: [{again_within_m: 60, unfinished: true, then: payers}], otherwise: bye}
  served: {type: queue, queue: payers, nobody: bye}
  payers: {type: queue, queue: payers}
  bye: {type: hangup, prompt: {ru: До свидания}}
"""
OUTSIDE = PhoneId("74950000001")


def reach(target: str, _now: datetime) -> Reach | str:
    return Reach(target, OUTSIDE, "carrier", "+74951234567")


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    centre = Centre()
    trees = {"test": load_tree(TREE, "test.yaml")}
    centre._plan = replace(centre._plan, trees=trees, lookups=FakeLookups(), reach=reach)
    yield centre
    centre.check_books()


def lookups(centre: Centre) -> FakeLookups:
    assert isinstance(centre._plan.lookups, FakeLookups)
    return centre._plan.lookups


def questions() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("lookup")]


async def test_a_caller_who_must_wait_for_an_answer_hears_the_filler_then_music_then_goes_on(centre: Centre) -> None:
    await centre.start()
    lookups(centre).takes_s, lookups(centre).answer = 2.5, LookedUp()
    caller = await centre.caller("1")
    await centre.pass_time(0.5)
    filler = centre.done(Play)[-1]
    assert isinstance(filler, Play)
    assert filler.files == ("/ru/test.crm.filler",)
    centre.exchange.hear_out(caller)
    await centre.pass_time(0.1)
    assert centre.exchange.legs[caller].music
    await centre.pass_time(3)
    assert centre.floor.waiting
    assert [entry.data["outcome"] for entry in centre.entries(Word.LOOKUP)] == ["answered"]
    centre.check_books()


async def test_other_callers_are_served_while_one_waits_for_an_answer(centre: Centre) -> None:
    await centre.start()
    lookups(centre).takes_s = 2.9
    await centre.caller("1")
    other = await centre.caller()
    centre.exchange.press(other, "4")
    await asyncio.sleep(0.05)
    assert centre.call_of(other).walk is not None
    assert centre.call_of(other).path[-1] == "note"


async def test_a_caller_who_hangs_up_leaves_no_question_behind(centre: Centre) -> None:
    await centre.start()
    lookups(centre).takes_s = 2.9
    caller = await centre.caller("1")
    assert len(questions()) == 1
    await centre.hangs_up(caller)
    assert questions() == []


async def test_an_answer_that_never_comes_does_not_hold_the_caller(centre: Centre) -> None:
    await centre.start()
    lookups(centre).takes_s = 10_000
    caller = await centre.caller("1")
    await centre.until(lambda: centre.call_of(caller).path[-1] == "bye", within_s=5)


async def test_a_secret_goes_to_the_lookup_and_to_no_store(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller("2")
    centre.exchange.press(caller, "7319")
    await centre.pass_time(MOMENT_S)
    assert lookups(centre).asked == [({}, {"pin": "7319"})]
    assert "7319" not in repr(centre.line.journal) + repr(centre.line._calls) + repr(centre.line._floor)


async def test_a_secret_that_died_with_its_worker_is_asked_for_again(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    lookups(centre).takes_s = 30
    caller = await centre.caller("2")
    centre.exchange.press(caller, "7319")
    await centre.pass_time(MOMENT_S)
    centre.kill(centre.owner_of(caller).partition("/")[0])
    await centre.until(lambda: centre.call_of(caller).path[-1] == "pin" and len(centre.workers) == 1, within_s=10)
    assert [entry.data["by"] for entry in centre.entries(Word.NODE)][-1] == "lost"


async def test_somebody_outside_is_rung_and_joined_and_let_go(centre: Centre) -> None:
    await centre.start()
    centre.exchange.register(OUTSIDE)
    caller = await centre.caller("3")
    assert centre.done(StartMusic)
    leg = centre.exchange.answer(OUTSIDE)
    await centre.pass_time(MOMENT_S)
    assert centre.hear_each_other(caller, leg)
    await centre.hangs_up(caller)
    assert leg not in centre.exchange.legs
    assert [entry.data["outcome"] for entry in centre.entries(Word.TRANSFER)] == ["ringing", "connected"]
    centre.check_books()


@pytest.mark.parametrize("error", [CommandRefused("no such trunk"), SwitchDown("deaf")])
async def test_a_switch_that_cannot_ring_outside_leads_the_caller_back_to_the_tree(
    centre: Centre, error: CommandRefused | SwitchDown
) -> None:
    running = await centre.start()
    running.switch.faults.append((RingOutside, error))
    caller = await centre.caller("3")
    await centre.until(lambda: centre.call_of(caller).path[-1] == "bye", within_s=5)
    centre.check_books()


async def test_a_worker_that_dies_while_somebody_outside_is_rung_rings_nobody_for_ever(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    centre.exchange.register(OUTSIDE)
    caller = await centre.caller("3")
    old = centre.exchange.ringing(OUTSIDE)[0]
    centre.kill(centre.owner_of(caller).partition("/")[0])
    await centre.until(lambda: old not in centre.exchange.legs and bool(centre.exchange.ringing(OUTSIDE)), within_s=10)
    leg = centre.exchange.answer(OUTSIDE)
    await centre.pass_time(MOMENT_S)
    assert centre.hear_each_other(caller, leg)
    centre.check_books()


async def test_a_message_is_kept_and_journalled_once(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller("4")
    centre.exchange.hear_out(caller)
    await centre.pass_time(MOMENT_S)
    assert centre.done(TakeMessage)
    centre.exchange.end_message(caller)
    await centre.pass_time(MOMENT_S)
    assert [entry.data["group"] for entry in centre.entries(Word.MESSAGE)] == ["duty"]
    assert centre.call_of(caller).path[-1] == "bye"


async def test_a_switch_that_cannot_record_does_not_hold_the_caller(centre: Centre) -> None:
    running = await centre.start()
    running.switch.faults.append((TakeMessage, CommandRefused("disk full")))
    caller = await centre.caller("4")
    centre.exchange.hear_out(caller)
    await centre.until(lambda: centre.call_of(caller).path[-1] == "bye", within_s=3)


async def test_a_caller_who_was_not_helped_is_known_when_calling_again(centre: Centre) -> None:
    await centre.start()
    lookups(centre).answer = LookedUp()
    first = await centre.caller("1")
    await centre.hangs_up(first)
    again = await centre.caller("5")
    assert centre.call_of(again).path[-1] == "payers"


async def test_a_line_is_joined_only_while_somebody_who_serves_it_is_logged_in(centre: Centre) -> None:
    await centre.start()
    before = await centre.caller("6")
    assert centre.call_of(before).path[-1] == "bye"
    await centre.says("anna", Presence.NOT_READY)
    during = await centre.caller("6")
    assert centre.call_of(during).path[-1] == "served"
    await centre.says("anna", Presence.LOGGED_OUT)
    after = await centre.caller("6")
    assert centre.call_of(after).path[-1] == "bye"


async def test_a_tree_that_begins_with_a_lookup_asks_at_once(centre: Centre) -> None:
    text = TREE.replace("start: who", "start: crm").replace("failed: bye\n  pin:", "failed: who\n  pin:", 1)
    centre._plan = replace(centre._plan, trees={"test": load_tree(text, "test.yaml")})
    lookups(centre).answer = LookedUp()
    await centre.start()
    await centre.caller()
    assert centre.floor.waiting
    assert lookups(centre).asked == [({"caller": "+79161112233"}, {})]


def test_callers_are_remembered_by_number_and_how_their_call_ended() -> None:
    callers = Callers()
    for call, how, at in (("c1", "completed", 1_000), ("c2", "abandoned", 2_000)):
        callers.hear(Entry(Word.ARRIVED, call=call, data={"caller": "+7916"}, at_ms=at - 500))
        assert callers.last_call("+7916") is None or call == "c2"
        callers.hear(Entry(Word.ENDED, call=call, data={"how": how}, at_ms=at))
        callers.hear(Entry(Word.CONNECT, call=call, agent="anna"))
    assert callers.last_agent("7916") == ""
    callers.hear(Entry(Word.ARRIVED, call="c3", data={"caller": "7916"}))
    callers.hear(Entry(Word.CONNECT, call="c3", agent="anna"))
    assert callers.last_agent("+7916") == "anna"
    last = callers.last_call("7916")
    assert last is not None
    assert (last.at_ms, last.unfinished) == (2_000, True)
    assert callers.last_call("") is None


def test_who_waits_to_be_called_back_has_called_before_and_was_not_helped() -> None:
    callers = Callers()
    callers.hear(Entry(Word.ARRIVED, call="c1", data={"caller": "+7916"}))
    callers.hear(Entry(Word.CALLBACKTRY, call="c1", data={"outcome": "open"}, at_ms=2_000))
    last = callers.last_call("7916")
    assert last is not None
    assert last.unfinished
    callers.hear(Entry(Word.ENDED, call="c1", data={"how": "completed"}, at_ms=9_000))
    assert callers.last_call("7916") != last
