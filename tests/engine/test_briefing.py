"""Between the agent's answer and the bridge, on whole workers: keys, silence, deaths, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from callrouter.acd.floor import Activity
from callrouter.calls.call import Phase
from callrouter.config import Briefing
from callrouter.engine.monitor import LEASE_S, PULSE_S
from callrouter.engine.ports import Commit
from callrouter.engine.session import RingUntold
from callrouter.errors import CommandRefused, SwitchDown
from callrouter.journal import Entry, Word
from callrouter.telephony import Command, LegId, Play, StartRecording
from tests.engine.centre import MOMENT_S, PHONES, QUEUES, Centre
from tests.engine.test_session import crash

BRIEFED = QUEUES["payers"].model_copy(update={"briefing": Briefing(say=True, accept="key", key_s=5)})
WITHIN_S = LEASE_S + PULSE_S + MOMENT_S


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    centre = Centre(queues={**QUEUES, "payers": BRIEFED})
    yield centre
    centre.check_books()


async def briefed(centre: Centre) -> tuple[LegId, LegId]:
    """A caller waits, and Anna, who has picked up, hears who it is."""
    caller = await centre.caller("1")
    leg = await centre.answers("anna")
    assert centre.call_of(caller).phase is Phase.BRIEFING
    assert centre.exchange.legs[leg].playing is not None
    return caller, leg


async def presses(centre: Centre, leg: LegId, key: str) -> None:
    centre.exchange.press(leg, key)
    await centre.pass_time(MOMENT_S)


async def test_the_agent_hears_the_words_and_the_caller_music_until_the_key(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller, leg = await briefed(centre)
    assert centre.exchange.legs[caller].music
    assert not centre.hear_each_other(caller, leg)
    assert centre.done(StartRecording) == []
    await presses(centre, leg, "1")
    assert centre.hear_each_other(caller, leg)
    assert centre.activity("anna") is Activity.TALKING
    await centre.hangs_up(caller)
    assert len(running.talks_ended) == 1


async def test_silence_after_the_words_brings_the_next_agent(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna", "boris")
    caller, leg = await briefed(centre)
    centre.exchange.hear_out(leg)
    await centre.pass_time(5 + MOMENT_S)
    assert leg not in centre.exchange.legs
    assert centre.rings("boris")
    assert centre.call_of(caller).phase is Phase.OFFERING


async def test_nobody_is_offered_a_second_time_while_an_agent_is_briefed(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    await briefed(centre)
    await centre.ready("boris")
    await centre.pass_time(3)
    assert len(centre.entries(Word.OFFER)) == 1


async def test_the_next_worker_tells_the_agent_again_and_the_key_then_counts(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna")
    caller, leg = await briefed(centre)
    said = len(centre.done(Play))
    centre.kill("w1")
    await centre.pass_time(WITHIN_S)
    assert centre.owner_of(caller).startswith("w2/")
    assert centre.exchange.legs[leg].worker == "w2"
    assert len(centre.done(Play)) == said + 1
    assert centre.exchange.legs[caller].music
    await presses(centre, leg, "1")
    assert centre.hear_each_other(caller, leg)


async def test_an_agent_who_hung_up_while_nobody_carried_the_call_frees_the_caller_for_the_next(
    centre: Centre,
) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna", "boris")
    caller, leg = await briefed(centre)
    centre.kill("w1")
    await centre.hangs_up(leg)
    await centre.pass_time(WITHIN_S)
    assert centre.rings("boris")
    assert centre.call_of(caller).phase is Phase.OFFERING


async def test_a_caller_who_hung_up_while_nobody_carried_the_call_leaves_no_agent_behind(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna")
    caller, _ = await briefed(centre)
    centre.kill("w1")
    await centre.hangs_up(caller)
    await centre.pass_time(WITHIN_S)
    assert centre.exchange.legs == {}
    assert centre.activity("anna") is Activity.IDLE
    assert centre.words.count(Word.ENDED) == 1


@pytest.mark.parametrize("trouble", [CommandRefused("no such sound"), SwitchDown("no answer")])
async def test_words_that_cannot_be_played_cost_nobody_the_call(centre: Centre, trouble: CommandRefused) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    kind: type[Command] = Play
    running.switch.faults.append((kind, trouble))
    leg = await centre.answers("anna")
    await centre.pass_time(1)
    await presses(centre, leg, "1")
    assert centre.hear_each_other(caller, leg)
    assert centre.exchange.fallback == []


async def test_a_phone_that_was_not_told_to_ring_and_yet_was_answered_keeps_the_call(centre: Centre) -> None:
    """The switch's answer to the ring got lost, the ring did not: the agent has picked up before it is taken back."""
    running = await centre.start()
    await centre.ready("anna")
    caller, leg = await briefed(centre)
    session = next(iter(running.worker.registry))
    session.post(RingUntold(leg))
    await centre.pass_time(MOMENT_S)
    assert centre.call_of(caller).phase is Phase.BRIEFING


async def test_a_briefing_of_an_agent_whom_another_call_holds_is_taken_back_at_once(centre: Centre) -> None:
    """As a mistake somewhere would bring it about: the watch sees it and ends the briefing before its time."""
    await centre.start()
    await centre.ready("anna")
    caller, leg = await briefed(centre)
    other = await centre.caller("1")
    held = {"agent:anna": {"call": str(centre.call_of(other).id)}}
    await centre.line.commit(Commit((Entry(Word.CONFIG),), held))
    await centre.pass_time(1)
    assert [entry.data["repair"] for entry in centre.entries(Word.BREACH)] == ["the offer is taken back"]
    assert [entry.agent for entry in centre.entries(Word.RINGCANCELED)] == ["anna"]
    assert leg not in centre.exchange.legs
    assert centre.rings("anna")
    assert centre.call_of(caller).phase in (Phase.WAITING, Phase.OFFERING)


async def test_a_briefing_that_the_store_could_not_write_down_is_written_afterwards(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    centre.line.down = True
    leg = centre.exchange.answer(PHONES["anna"])
    await centre.pass_time(MOMENT_S)
    await presses(centre, leg, "1")
    assert centre.hear_each_other(caller, leg)
    centre.line.down = False
    await centre.pass_time(3)
    assert centre.activity("anna") is Activity.TALKING
    assert Word.BRIEFED in centre.words


async def test_whoever_is_let_go_when_a_session_crashes_is_free_again(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller, _ = await briefed(centre)
    crash(next(iter(running.worker.registry)))
    await centre.pass_time(1)
    assert centre.exchange.fallback == [caller]
    assert centre.exchange.legs == {}
    assert centre.activity("anna") is Activity.IDLE
