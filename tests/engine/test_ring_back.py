"""Callers whose line drops while they wait have their place back when they ring again in time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from callrouter.calls.call import Place
from callrouter.journal import Word
from callrouter.telephony import LegId
from tests.engine.centre import MOMENT_S, QUEUES, Centre

NUMBER = "+79160000001"
OTHER = "+79160000002"


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    kept = {name: queue.model_copy(update={"ring_back_s": 300, "max_wait_s": 3600}) for name, queue in QUEUES.items()}
    centre = Centre(queues=kept)
    await centre.start()
    yield centre
    centre.check_books()
    for name in list(centre.workers):
        await centre.stop(name)


async def rings(centre: Centre, number: str, digits: str = "1") -> LegId:
    leg = centre.exchange.call_in(caller=number)
    await centre.pass_time(MOMENT_S)
    centre.exchange.press(leg, digits)
    await centre.pass_time(MOMENT_S)
    return leg


def place(centre: Centre, leg: LegId) -> Place:
    found = centre.call_of(leg).place
    assert found is not None
    return found


async def test_who_rings_back_in_time_is_served_before_who_came_in_between(centre: Centre) -> None:
    dropped = await rings(centre, NUMBER)
    since, call = place(centre, dropped).since_ms, centre.call_of(dropped).id
    await centre.pass_time(20)
    await centre.hangs_up(dropped)
    between = await rings(centre, OTHER)
    again = await rings(centre, NUMBER)
    assert place(centre, again).since_ms == since
    assert place(centre, between).since_ms > since
    await centre.ready("anna")
    offers = centre.entries(Word.OFFER)
    assert [entry.call for entry in offers] == [centre.call_of(again).id]
    joined = centre.entries(Word.ENTERQUEUE)[-1].data
    assert (joined["back"], joined["since"]) == (call, str(since))
    assert centre.floor.kept.raw == {}


async def test_a_place_is_given_once_even_to_two_who_press_in_the_same_instant(centre: Centre) -> None:
    dropped = await rings(centre, NUMBER)
    since = place(centre, dropped).since_ms
    await centre.hangs_up(dropped)
    await centre.start("w2")
    one = centre.exchange.call_in(caller=NUMBER)
    await centre.pass_time(MOMENT_S)
    centre.workers["w1"].worker.admission.close()
    two = centre.exchange.call_in(caller=NUMBER)
    await centre.pass_time(MOMENT_S)
    for way in centre.workers.values():
        way.line.slow_s = 0.05
    centre.exchange.press(one, "1")
    centre.exchange.press(two, "1")
    await centre.pass_time(1)
    assert centre.owner_of(one) != centre.owner_of(two)
    sinces = sorted(place(centre, leg).since_ms for leg in (one, two))
    assert sinces[0] == since < sinces[1]
    assert [bool(entry.data.get("back")) for entry in centre.entries(Word.ENTERQUEUE)].count(True) == 1
    on_floor = sorted(waiting.since for waiting in centre.floor.waiting.values())
    assert on_floor[0] == since < on_floor[1]


async def test_another_number_has_none_of_it_and_another_queue_neither(centre: Centre) -> None:
    dropped = await rings(centre, NUMBER)
    since = place(centre, dropped).since_ms
    await centre.hangs_up(dropped)
    for number, digit in ((OTHER, "1"), ("", "1"), (NUMBER, "2")):
        assert place(centre, await rings(centre, number, digit)).since_ms > since
    assert len(centre.floor.kept.raw) == 1


async def test_after_the_time_is_up_the_place_is_gone_and_forgotten(centre: Centre) -> None:
    dropped = await rings(centre, NUMBER)
    since, call = place(centre, dropped).since_ms, centre.call_of(dropped).id
    await centre.hangs_up(dropped)
    await centre.pass_time(301)
    assert place(centre, await rings(centre, NUMBER)).since_ms > since
    await centre.pass_time(15)
    assert centre.floor.kept.raw == {}
    assert [entry.data["calls"] for entry in centre.entries(Word.PLACEGONE)] == [call]


async def test_a_place_outlives_the_worker(centre: Centre) -> None:
    dropped = await rings(centre, NUMBER)
    since = place(centre, dropped).since_ms
    await centre.hangs_up(dropped)
    centre.kill("w1")
    await centre.start("w9")
    assert place(centre, await rings(centre, NUMBER)).since_ms == since


async def test_who_drops_while_a_phone_rings_keeps_the_place_too(centre: Centre) -> None:
    await centre.ready("anna")
    dropped = await rings(centre, NUMBER)
    since = place(centre, dropped).since_ms
    assert centre.rings("anna")
    await centre.hangs_up(dropped)
    again = await rings(centre, NUMBER)
    assert place(centre, again).since_ms == since
