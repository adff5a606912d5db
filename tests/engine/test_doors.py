"""The doors of lines in a whole centre, in virtual time: who is sent away, when, where to, and nobody twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from callrouter.acd.floor import Presence
from callrouter.calls.call import Phase
from callrouter.config import Empty, Queue, QueueHours
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, Word
from tests.engine.centre import MOMENT_S, PHONES, QUEUES, Centre
from tests.engine.test_recover import WITHIN_S

PLAIN = QUEUES["payers"]
CLOSES = QueueHours(open={"mon-sun": "00:00-01:15"}, at_closing="leave")  # it is 01:13:20 in Moscow


def ruled(queue: Queue = PLAIN, **rules: object) -> Queue:
    return queue.model_copy(update={"max_wait_s": 3600, **rules})


def centre_with(**rules: object) -> Centre:
    """`merchants` overflows into `payers`, as ever; the rules are those of merchants."""
    queues = {"payers": ruled(), "merchants": ruled(QUEUES["merchants"], **rules)}
    return Centre(queues=queues, switches=("evacuation",))


async def turn(centre: Centre, on: str = "1") -> None:
    change = {"switch:evacuation": {"on": on}}
    await centre.line.commit(Commit((Entry(Word.SWITCH, data={"switch": "evacuation", "on": on}),), change))
    await centre.pass_time(MOMENT_S)


@pytest.fixture
async def centres() -> AsyncIterator[list[Centre]]:
    """Closed when the test is over, and their books looked at."""
    made: list[Centre] = []
    yield made
    for centre in made:
        centre.check_books()
        for name in list(centre.workers):
            await centre.stop(name)


async def test_a_queue_that_nobody_serves_is_left_once_the_grace_is_over(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(empty=Empty(leave_when="nobody_logged_in", grace_s=60)))
    await centre.start()
    await centre.says("clara", Presence.NOT_READY)
    callers = [await centre.caller("2") for _ in range(3)]
    since = [centre.call_of(caller).place.since_ms for caller in callers]  # type: ignore[union-attr]
    await centre.says("clara", Presence.LOGGED_OUT)
    await centre.pass_time(58)
    assert [centre.call_of(caller).place.queue for caller in callers] == ["merchants"] * 3  # type: ignore[union-attr]
    await centre.pass_time(3)
    places = [centre.call_of(caller).place for caller in callers]
    assert [(place.queue, place.since_ms) for place in places if place] == [("payers", at) for at in since]
    left = centre.entries(Word.EXITEMPTY)
    assert [(entry.queue, entry.data["to"]) for entry in left] == [("merchants", "payers")] * 3
    assert [entry.data["position"] for entry in left] == ["1", "2", "3"]


async def test_a_moment_without_anybody_sends_nobody_away(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(empty=Empty(leave_when="nobody_ready", grace_s=60)))
    await centre.start()
    await centre.caller("2")
    await centre.pass_time(50)
    await centre.says("clara", Presence.READY)
    await centre.says("clara", Presence.NOT_READY)
    await centre.pass_time(50)
    assert centre.entries(Word.EXITEMPTY) == []
    await centre.pass_time(11)
    assert len(centre.entries(Word.EXITEMPTY)) == 1


async def test_agents_who_talk_are_there(centres: list[Centre]) -> None:
    left_alone = Empty(refuse_when="nobody_reachable", leave_when="nobody_reachable", grace_s=0)
    centres.append(centre := centre_with(empty=left_alone))
    await centre.start()
    await centre.ready("clara")
    await centre.caller("2")
    await centre.answers("clara")
    await centre.caller("2")
    await centre.pass_time(30)
    assert not centre.entries(Word.EXITEMPTY, Word.JOINEMPTY)


async def test_a_caller_whose_phone_rings_is_let_be_answered(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(switch="evacuation"))
    await centre.start()
    await centre.ready("clara")
    ringing, waiting = await centre.caller("2"), await centre.caller("2")
    await turn(centre)
    assert centre.call_of(ringing).phase is Phase.OFFERING
    assert centre.call_of(waiting).place.queue == "payers"  # type: ignore[union-attr]
    await centre.answers("clara")
    assert centre.call_of(ringing).phase is Phase.TALKING


async def test_a_caller_whose_ring_was_in_vain_goes_as_soon_as_it_is_over(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(switch="evacuation"))
    await centre.start()
    await centre.ready("clara")
    caller = await centre.caller("2")
    await turn(centre)
    await centre.hangs_up(centre.exchange.ringing(PHONES["clara"])[0], 21)
    assert centre.call_of(caller).place.queue == "payers"  # type: ignore[union-attr]
    assert [entry.data["why"] for entry in centre.entries(Word.EXITCLOSED)] == ["emergency"]


async def test_at_closing_time_the_line_is_left_on_the_minute(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(hours=CLOSES, overflow="hangup"))
    await centre.start()
    caller = await centre.caller("2")
    await centre.pass_time(98)
    assert centre.call_of(caller).phase is Phase.WAITING
    await centre.pass_time(2)
    assert centre.call_of(caller).phase is Phase.LEAVING
    centre.exchange.hear_out(caller)
    await centre.pass_time(MOMENT_S)
    assert [entry.data["how"] for entry in centre.entries(Word.ENDED)] == ["turned_away"]
    too_late = await centre.caller("2")
    assert centre.call_of(too_late).phase is Phase.LEAVING
    assert [entry.data for entry in centre.entries(Word.JOINCLOSED)] == [
        {"to": "hangup", "why": "closed", "caller": "+79161112233"}
    ]


async def test_who_waits_at_closing_time_is_served_if_the_queue_says_so(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(hours=CLOSES.model_copy(update={"at_closing": "serve"})))
    await centre.start()
    caller = await centre.caller("2")
    await centre.pass_time(600)
    assert centre.call_of(caller).phase is Phase.WAITING
    await centre.ready("clara")
    assert centre.rings("clara")


async def test_a_full_line_takes_nobody_and_the_next_one_does(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(max_waiting=2))
    await centre.start()
    callers = [await centre.caller("2") for _ in range(3)]
    places = [centre.call_of(caller).place for caller in callers]
    assert [place.queue for place in places if place] == ["merchants", "merchants", "payers"]
    assert [(entry.queue, entry.data["to"]) for entry in centre.entries(Word.FULL)] == [("merchants", "payers")]
    await centre.hangs_up(callers[0])
    after = await centre.caller("2")
    assert centre.call_of(after).place.queue == "merchants"  # type: ignore[union-attr]


async def test_two_workers_send_a_long_line_away_once_and_serve_others_meanwhile(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(switch="evacuation"))
    await centre.start("w1")
    callers = [centre.exchange.call_in() for _ in range(60)]
    await centre.pass_time(MOMENT_S)
    centre.workers["w1"].worker.admission.close()
    await centre.start("w2")
    callers += [centre.exchange.call_in() for _ in range(60)]
    await centre.pass_time(MOMENT_S)
    for caller in callers:
        centre.exchange.press(caller, "2")
    await centre.pass_time(MOMENT_S)
    assert len(centre.floor.attendance.line("merchants")) == 120
    await turn(centre)
    await centre.until(lambda: len(centre.floor.attendance.line("payers")) == 120, 5)
    left = centre.entries(Word.EXITCLOSED)
    assert len(left) == len({entry.call for entry in left}) == 120
    batch = [entry.at_ms for entry in left]
    assert max(batch.count(at) for at in batch) <= 2 * 20  # each worker tells its calls a few at a time


async def test_a_line_whose_worker_dies_is_sent_away_by_the_next_one(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(switch="evacuation"))
    await centre.start("w1")
    await centre.start("w2")
    caller = await centre.caller("2")
    centre.kill("w1")
    await turn(centre)
    await centre.pass_time(WITHIN_S + 4)
    assert centre.owner_of(caller).startswith("w2/")
    assert centre.call_of(caller).place.queue == "payers"  # type: ignore[union-attr]
    assert len(centre.entries(Word.EXITCLOSED)) == 1


async def test_a_store_that_is_away_delays_nobody_who_must_go(centres: list[Centre]) -> None:
    centres.append(centre := centre_with(hours=CLOSES, overflow="hangup"))
    await centre.start()
    caller = await centre.caller("2")
    await centre.pass_time(95)
    centre.line.down = True
    await centre.pass_time(10)
    centre.line.down = False
    await centre.pass_time(5)
    assert centre.call_of(caller).phase is Phase.LEAVING
    assert len(centre.entries(Word.EXITCLOSED)) == 1
