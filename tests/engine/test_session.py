"""One call when the world misbehaves: the store is away, the switch refuses, the call is taken from us, we break."""

from __future__ import annotations

import pytest

from callrouter.acd.floor import Activity, Presence
from callrouter.calls.call import Phase
from callrouter.engine import session
from callrouter.engine.ports import Commit, Owner
from callrouter.errors import CommandRefused, LegGone, SwitchDown
from callrouter.journal import Entry, Word
from callrouter.telephony import (
    Adopt,
    Answer,
    Command,
    HandToFallback,
    HangUp,
    InterceptHold,
    Join,
    LegHungUp,
    MakeBridge,
    Play,
    Ring,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlayback,
    StopRecording,
    Unbridge,
)
from tests.engine.centre import PHONES, Centre

# --- the store is away -----------------------------------------------------------------------------------------------


async def test_a_caller_who_arrives_while_the_store_is_away_goes_to_the_fallback_at_once(centre: Centre) -> None:
    await centre.start()
    caller = centre.exchange.call_in()
    centre.line.down = True
    await centre.pass_time(0.1)
    assert centre.exchange.fallback == [caller]
    assert centre.done(Answer) == []
    centre.line.down = False
    await centre.pass_time(2)
    assert centre.words == [Word.ARRIVED, Word.FALLBACK, Word.ENDED]
    assert centre.calls == {}


async def test_an_arrival_whose_answer_from_the_store_was_lost_ends_in_the_books_too(centre: Centre) -> None:
    running = await centre.start()
    running.line.loses_answers = True
    caller = centre.exchange.call_in()
    await centre.pass_time(0.1)
    assert centre.exchange.fallback == [caller]
    running.line.loses_answers = False
    await centre.pass_time(2)
    assert centre.words == [Word.ARRIVED, Word.FALLBACK, Word.ENDED]
    assert centre.calls == {}


async def test_the_tree_goes_on_without_the_store(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller()
    centre.line.down = True
    centre.exchange.press(caller, "1")
    await centre.pass_time(1)
    assert centre.exchange.legs[caller].music
    centre.line.down = False
    await centre.pass_time(1)
    assert centre.call_of(caller).phase is Phase.WAITING
    await centre.ready("anna")
    assert centre.rings("anna")


async def test_no_phone_rings_while_the_store_is_away_and_the_next_one_does_when_it_is_back(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller("1")
    centre.line.down = True
    centre.exchange.register(PHONES["anna"])
    await centre.pass_time(2)
    centre.line.down = False
    await centre.says("anna", Presence.READY)
    await centre.until(lambda: centre.rings("anna"), within_s=1)
    assert len(centre.done(Ring)) == 1
    assert centre.call_of(caller).phase is Phase.OFFERING


async def test_an_offer_that_cannot_be_written_does_not_ring(centre: Centre) -> None:
    running = await centre.start()
    await centre.caller("1")
    running.line.loses_answers = True
    await centre.ready("anna")
    assert centre.done(Ring) == []


async def test_an_offer_that_stands_though_its_answer_was_lost_is_found_out(centre: Centre) -> None:
    """The store reserved the agent, we never heard of it: neither may stay reserved, and the call must be offered."""
    running = await centre.start()
    await centre.caller("1")
    running.line.loses_answers = True
    await centre.ready("anna")
    running.line.loses_answers = False
    await centre.until(lambda: centre.rings("anna"), within_s=15)
    assert centre.quarrels() == []


async def test_a_caller_who_leaves_while_waiting_and_the_store_is_away_ends_once(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller("1")
    centre.line.down = True
    await centre.hangs_up(caller)
    await centre.pass_time(10)
    centre.line.down = False
    await centre.pass_time(2)
    assert centre.words == [Word.ARRIVED, Word.ENTERQUEUE, Word.ABANDON, Word.ENDED]
    await centre.ready("anna")
    assert not centre.rings("anna")


async def test_a_conversation_survives_the_store_and_its_end_is_written_once(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller, leg = await centre.talking("anna")
    centre.line.down = True
    await centre.pass_time(20)
    assert centre.hear_each_other(caller, leg)
    await centre.hangs_up(caller)
    assert centre.exchange.legs == {}
    assert Word.ENDED not in centre.words
    running.line.loses_answers = True
    centre.line.down = False
    await centre.pass_time(3)
    running.line.loses_answers = False
    await centre.pass_time(3)
    assert centre.words.count(Word.ENDED) == centre.words.count(Word.COMPLETECALLER) == 1
    await centre.pass_time(5)
    assert centre.activity("anna") is Activity.IDLE


async def test_an_agent_who_answers_while_the_store_is_away_talks(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    centre.line.down = True
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)
    centre.line.down = False
    await centre.pass_time(1)
    assert centre.activity("anna") is Activity.TALKING
    assert centre.call_of(caller).phase is Phase.TALKING


# --- the call is not ours any more -----------------------------------------------------------------------------------


async def test_a_session_whose_call_was_taken_says_not_a_word_to_the_switch(centre: Centre) -> None:
    running = await centre.start()
    caller = await centre.caller("1")
    call = centre.call_of(caller)
    other = Owner("w9/x")
    taken = Commit((Entry(Word.ADOPTED, call=call.id),), call=call.id, owner=other, before=running.worker.owner)
    await centre.line.commit(taken)
    before = len(centre.done())
    await centre.ready("anna")
    centre.exchange.tell(caller, LegHungUp(caller))
    await centre.pass_time(1)
    assert centre.done()[before:] == []
    assert len(running.worker.registry) == 0
    assert centre.owner_of(caller) == other


async def test_kept_writings_of_a_call_that_was_taken_meanwhile_are_dropped(centre: Centre) -> None:
    running = await centre.start()
    caller = await centre.caller("1")
    call = centre.call_of(caller)
    running.line.slow_s = 0.2
    centre.exchange.tell(caller, LegHungUp(caller))
    taken = Commit((Entry(Word.ADOPTED, call=call.id),), call=call.id, owner=Owner("w9/x"), before=running.worker.owner)
    await centre.line.commit(taken)
    await centre.pass_time(3)
    assert Word.ENDED not in centre.words
    assert centre.owner_of(caller) == "w9/x"


# --- we break --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["", "1"])
async def test_a_session_that_crashes_gives_its_caller_to_the_fallback(centre: Centre, digits: str) -> None:
    running = await centre.start()
    caller = await centre.caller(digits)
    crash(next(iter(running.worker.registry)))
    await centre.pass_time(0.5)
    assert centre.exchange.fallback == [caller]
    assert centre.words[-2:] == [Word.FALLBACK, Word.ENDED]
    assert centre.floor.waiting == {}
    assert centre.calls == {}
    assert len(running.worker.registry) == 0


async def test_a_session_that_crashes_while_a_phone_rings_stops_it_and_frees_the_agent(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    crash(next(iter(running.worker.registry)))
    await centre.pass_time(0.5)
    assert centre.exchange.legs == {}
    assert centre.exchange.fallback == [caller]
    assert centre.activity("anna") is Activity.IDLE


async def test_a_session_that_crashes_while_two_talk_ends_the_recording_before_the_fallback(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller, _ = await centre.talking("anna")
    crash(next(iter(running.worker.registry)))
    await centre.pass_time(0.5)
    kinds = [type(command) for command in centre.done()]
    assert kinds.index(StopRecording) < kinds.index(HandToFallback)
    assert centre.exchange.bridges == set()
    assert centre.exchange.legs == {}
    assert centre.exchange.fallback == [caller]
    assert len(running.talks_ended) == 1


async def test_a_crash_harms_no_neighbour(centre: Centre) -> None:
    running = await centre.start()
    first, second = await centre.caller("1"), await centre.caller("1")
    crash(next(each for each in running.worker.registry if each.call.caller_leg == first))
    await centre.ready("anna")
    leg = await centre.answers("anna")
    assert centre.hear_each_other(second, leg)


async def test_a_crash_while_the_store_is_away_still_brings_the_caller_to_the_fallback(centre: Centre) -> None:
    running = await centre.start()
    caller = await centre.caller("1")
    centre.line.down = True
    crash(next(iter(running.worker.registry)))
    await centre.pass_time(0.5)
    assert centre.exchange.fallback == [caller]
    centre.line.down = False
    await centre.pass_time(2)
    assert centre.words[-2:] == [Word.FALLBACK, Word.ENDED]


def crash(broken: session.Session) -> None:
    """A mistake of ours: an event that no code can read."""
    broken.post(None)  # type: ignore[arg-type]
    broken._name = _break  # type: ignore[method-assign]


def _break(event: object) -> None:
    raise ZeroDivisionError(f"broken on purpose by {event!r}")


# --- the switch misbehaves -------------------------------------------------------------------------------------------

ON_THE_WAY: list[type[Command]] = [Answer, Play, StopPlayback, StartMusic]
IN_TALK: list[type[Command]] = [StopMusic, InterceptHold, StartRecording, Join]
AT_THE_END: list[type[Command]] = [HangUp, StopRecording, Unbridge]


@pytest.mark.parametrize("kind", [*ON_THE_WAY, Ring, *IN_TALK, *AT_THE_END])
async def test_a_leg_that_is_gone_when_a_command_comes_never_leaves_a_call_behind(
    centre: Centre, kind: type[Command]
) -> None:
    """Whatever the leg, its word comes late: here the caller's hang-up, a second later."""
    running = await centre.start()
    running.switch.faults.append((kind, LegGone("the test says so")))
    await centre.ready("anna")
    await a_call_whose_caller_leaves(centre)
    assert running.switch.faults == []
    assert centre.words.count(Word.ENDED) == 1
    assert centre.calls == {}
    assert centre.quarrels() == []


@pytest.mark.parametrize("kind", [StopPlayback, StopMusic, StartMusic, InterceptHold, StartRecording, *AT_THE_END])
async def test_a_refused_side_matter_does_not_end_the_call(centre: Centre, kind: type[Command]) -> None:
    running = await centre.start()
    running.switch.faults.append((kind, CommandRefused("the test says so")))
    await centre.ready("anna")
    await a_call_whose_caller_leaves(centre)
    assert running.switch.faults == []
    assert centre.exchange.fallback == []
    assert centre.entries(Word.ENDED)[0].data["how"] == "completed"
    assert len(running.talks_ended) == 1


@pytest.mark.parametrize("kind", [Answer, Play, MakeBridge, Join])
async def test_a_caller_who_cannot_be_served_as_the_switch_refuses_goes_to_the_fallback(
    centre: Centre, kind: type[Command]
) -> None:
    running = await centre.start()
    running.switch.faults.append((kind, CommandRefused("the test says so")))
    await centre.ready("anna")
    caller = await centre.caller()
    if kind in (MakeBridge, Join):
        centre.exchange.press(caller, "1")
        await centre.pass_time(1)
        await centre.answers("anna")
    await centre.pass_time(1)
    assert centre.exchange.fallback == [caller]
    assert centre.exchange.legs == {}
    assert centre.words[-2:] == [Word.FALLBACK, Word.ENDED]
    assert centre.activity("anna") is Activity.IDLE


async def a_call_whose_caller_leaves(centre: Centre) -> None:
    caller = await centre.caller("1")
    await centre.pass_time(1)
    if centre.rings("anna"):
        await centre.answers("anna")
    await centre.pass_time(2)
    if caller in centre.exchange.legs:
        await centre.hangs_up(caller)
    await centre.pass_time(12)
    for leg in list(centre.exchange.legs):  # what a lost HangUp left: the agent lays the phone down
        await centre.hangs_up(leg)


async def test_a_refused_ring_counts_as_unreachable_and_the_next_agent_is_rung(centre: Centre) -> None:
    running = await centre.start()
    running.switch.faults.append((Ring, CommandRefused("no such phone")))
    await centre.ready("anna", "boris")
    await centre.caller("1")
    assert centre.entries(Word.RINGNOANSWER)[0].data["why"] == "unreachable"
    assert centre.rings("boris")


async def test_a_ring_that_the_switch_could_not_be_told_of_is_taken_back_without_blame(centre: Centre) -> None:
    running = await centre.start()
    running.switch.faults.append((Ring, SwitchDown("no answer")))
    await centre.ready("anna")
    caller = await centre.caller("1")
    await centre.until(lambda: centre.rings("anna"), within_s=3)
    assert centre.floor.agents["anna"].missed == 0
    assert Word.RINGNOANSWER not in centre.words
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)


async def test_a_switch_that_is_away_for_long_makes_no_agent_not_ready(centre: Centre) -> None:
    running = await centre.start()
    caller = await centre.caller("1")
    running.switch.down = True
    await centre.says("anna", Presence.READY)
    await centre.line.commit(Commit((Entry(Word.REACHABLE, agent="anna"),), {"agent:anna": {"reachable": "1"}}))
    await centre.pass_time(30)
    assert centre.floor.agents["anna"].presence is Presence.READY
    assert len(centre.entries(Word.OFFER)) < 40
    running.switch.down = False
    centre.exchange.register(PHONES["anna"])
    await centre.until(lambda: centre.rings("anna"), within_s=3)
    leg = await centre.answers("anna")
    assert centre.hear_each_other(caller, leg)


async def test_whom_the_switch_could_not_join_is_joined_when_it_answers_again(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    running.switch.faults += [(MakeBridge, SwitchDown("no answer")), (Join, SwitchDown("no answer"))]
    leg = await centre.answers("anna")
    assert not centre.hear_each_other(caller, leg)
    await running.worker.connected()
    await centre.pass_time(0.5)
    assert centre.hear_each_other(caller, leg)


async def test_who_hung_up_while_the_switch_was_away_is_noticed_when_it_is_back(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller, leg = await centre.talking("anna")
    running.switch.down = True
    centre.exchange.hang_up(caller)
    await centre.pass_time(3)
    running.switch.down = False
    await running.worker.connected()
    await centre.pass_time(0.5)
    assert leg not in centre.exchange.legs
    assert centre.words.count(Word.ENDED) == 1


async def test_an_event_that_comes_twice_counts_once(centre: Centre) -> None:
    running = await centre.start()
    running.switch.repeats = True
    await centre.ready("anna")
    caller, _ = await centre.talking("anna")
    await centre.hangs_up(caller)
    once = [Word.ARRIVED, Word.ENTERQUEUE, Word.OFFER, Word.CONNECT, Word.COMPLETECALLER, Word.ENDED]
    assert [word for word in centre.words if word is not Word.RINGING] == once


async def test_an_answer_that_comes_after_the_ring_was_given_up_is_hung_up(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    caller = await centre.caller("1")
    running.switch.holds_back = True
    centre.exchange.answer(PHONES["anna"])
    await centre.pass_time(13)
    running.switch.let_through()
    await centre.pass_time(0.5)
    assert centre.call_of(caller).phase is Phase.WAITING
    assert list(centre.exchange.legs) == [caller]


async def test_a_wait_that_ends_in_the_very_instant_a_ring_ends_is_still_over(centre: Centre) -> None:
    """The wait's timer fires while a phone rings; it must be set again when the phone falls silent."""
    await centre.start()
    caller = await centre.caller("1")
    leave_at = centre.call_of(caller).timers["wait"]
    await centre.pass_time((leave_at - centre.clock.now_ms()) / 1000 - 1)
    await centre.ready("anna")
    assert centre.rings("anna")
    centre.clock.shift_ms -= 5_000  # the wall clock is set back: the deadline lies ahead again
    await centre.pass_time(1)
    await centre.hangs_up(centre.exchange.ringing(PHONES["anna"])[0], 19)
    await centre.says("anna", Presence.NOT_READY)
    await centre.pass_time(10)
    assert Word.EXITWITHTIMEOUT in centre.words


async def test_adopting_is_never_asked_of_a_call_that_was_not_taken_over(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    await centre.talking("anna")
    assert centre.done(Adopt) == []


@pytest.mark.parametrize("kind", [Answer, StartMusic])
async def test_what_the_switch_was_not_told_is_told_again(centre: Centre, kind: type[Command]) -> None:
    running = await centre.start()
    running.switch.faults += [(kind, SwitchDown("no answer")), (kind, SwitchDown("no answer"))]
    caller = await centre.caller("1")
    await centre.pass_time(3)
    assert centre.exchange.legs[caller].up
    assert centre.exchange.legs[caller].music


async def test_music_that_is_no_longer_wanted_is_not_asked_for_again(centre: Centre) -> None:
    running = await centre.start()
    await centre.ready("anna")
    running.switch.faults.append((StartMusic, SwitchDown("no answer")))
    caller = await centre.caller("1")
    leg = await centre.answers("anna")
    await centre.pass_time(3)
    assert centre.hear_each_other(caller, leg)
    assert not centre.exchange.legs[caller].music


async def test_a_prompt_that_the_switch_was_not_told_to_play_counts_as_ended(centre: Centre) -> None:
    """Else the tree would wait for its end for ever."""
    running = await centre.start()
    running.switch.faults.append((Play, SwitchDown("no answer")))
    caller = await centre.caller()
    await centre.pass_time(1)
    assert "tree" in centre.call_of(caller).timers
    await centre.pass_time(10)
    assert centre.exchange.legs[caller].playing is not None
