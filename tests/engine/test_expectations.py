"""Expected waits in a whole centre: learned from its calls, journalled, told only once they have proved right."""

from __future__ import annotations

from callrouter.calls.call import Phase
from callrouter.config import Announce, Queue, WrapUp
from callrouter.journal import Word
from callrouter.telephony import CallId, LegId, Play
from tests.engine.centre import QUEUES, Centre

TOLD = Queue(
    name="Payers",
    max_wait_s=3600,
    wrap_up=WrapUp(seconds=5),
    announce=Announce(position=True, expected_wait=True, first_s=10),
)


async def a_centre() -> Centre:
    centre = Centre(queues={**QUEUES, "payers": TOLD})
    await centre.start()
    await centre.ready("anna")
    return centre


async def talks(centre: Centre, caller: LegId, seconds: float) -> None:
    await centre.until(lambda: centre.rings("anna"), 10)
    await centre.answers("anna")
    await centre.pass_time(seconds)
    await centre.hangs_up(caller)
    await centre.pass_time(1)


async def busy_times(centre: Centre, count: int) -> list[LegId]:
    """So many callers, of whom there is always one who talks and two who wait."""
    callers = [await centre.caller("1") for _ in range(3)]
    for number in range(count):
        await talks(centre, callers.pop(0), 40 + number * 17 % 40)
        callers.append(await centre.caller("1"))
    return callers


def heard_by(centre: Centre, leg: LegId) -> list[str]:
    played = (command for command in centre.done(Play) if isinstance(command, Play) and command.leg == leg)
    return [file for command in played for file in command.files]


def call_of(centre: Centre, leg: LegId) -> CallId:
    return centre.call_of(leg).id


async def test_what_is_expected_is_journalled_once_for_each_waiting_call_and_stands_on_the_floor() -> None:
    centre = await a_centre()
    await busy_times(centre, 33)
    await centre.pass_time(3)
    noted = [entry.call for entry in centre.entries(Word.EXPECTED)]
    assert noted
    assert len(noted) == len(set(noted))
    last = centre.entries(Word.EXPECTED)[-1]
    assert 30_000 < int(last.data["p50_ms"]) <= int(last.data["p90_ms"]) < 240_000
    assert last.queue == "payers"
    waiting = centre.floor.fields(f"waiting:{last.call}")
    assert int(waiting["expected"]) == last.at_ms + int(last.data["p50_ms"])
    centre.check_books()


async def test_a_caller_is_told_the_position_at_once_and_the_time_when_it_has_proved_right() -> None:
    centre = await a_centre()
    early = await centre.caller("1")
    await centre.answers("anna")
    second = await centre.caller("1")
    await centre.pass_time(12)
    assert heard_by(centre, second)[-1] == "/ru/next_in_line"
    await centre.hangs_up(early)
    await talks(centre, second, 60)
    await busy_times(centre, 60)
    worker = centre.workers["w1"].worker
    right = worker.expectations.foresight.of("payers")
    assert right is not None
    assert right.count >= 20
    last = await centre.caller("1")
    await centre.pass_time(12)
    position, time = heard_by(centre, last)[-2:]
    assert position == "/ru/callers_before"
    assert time in ("/ru/about", "/ru/between")


async def test_a_wait_is_long_for_who_comes_now_when_it_is_longer_than_the_queue_wants() -> None:
    queue = TOLD.model_copy(update={"long_wait_s": 90})
    centre = Centre(queues={**QUEUES, "payers": queue})
    await centre.start()
    await centre.ready("anna")
    await busy_times(centre, 60)
    expectations = centre.workers["w1"].worker.expectations
    await centre.pass_time(2)
    assert expectations.long_waits() == {"payers"}
    for call in list(centre.calls.values()):
        await centre.hangs_up(call.caller_leg)
    await centre.pass_time(2)
    assert expectations.long_waits() == frozenset()


async def test_another_worker_knows_what_was_learned_before_it_came() -> None:
    centre = await a_centre()
    await busy_times(centre, 33)
    second = await centre.start("w2")
    waiting = [call for call in centre.calls.values() if call.phase is Phase.WAITING]
    await centre.pass_time(2)
    assert waiting
    assert all(second.worker.expectations._now[call.id].p50_ms for call in waiting)


async def test_a_call_that_left_the_line_while_it_was_looked_at_does_not_come_back() -> None:
    centre = await a_centre()
    legs = await busy_times(centre, 33)
    expectations = centre.workers["w1"].worker.expectations
    call = call_of(centre, legs[-1])
    await centre.pass_time(2)
    one = expectations._now[call]
    expectations._noted.discard(call)
    centre.line._floor.pop(f"waiting:{call}")  # the store is ahead of the replica
    await expectations._note([(call, one)])
    assert not centre.line._floor.get(f"waiting:{call}")
