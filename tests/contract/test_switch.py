"""What the engine may rely on, of the switch in memory and of a real Asterisk with real SIP and sound alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from callrouter.engine.ports import Switch
from callrouter.errors import CommandRefused, LegGone
from callrouter.telephony import (
    Adopt,
    Answer,
    BridgeId,
    CallId,
    Command,
    DigitPressed,
    HandToFallback,
    HangUp,
    InterceptHold,
    Join,
    LegAdopted,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegId,
    LegRinging,
    LegUnheld,
    MakeBridge,
    PhoneId,
    PhoneReachable,
    Play,
    PlaybackEnded,
    PlaybackId,
    Ring,
    StartMusic,
    StopMusic,
    StopPlayback,
    Unbridge,
)
from tests.asterisk.private_asterisk import PrivateAsterisk
from tests.contract.switch_worlds import FakeWorld, Heard, Person, RealWorld, World

pytestmark = pytest.mark.contract
NUMBER = iter(range(1, 10_000))


@pytest.fixture(scope="module")
def asterisk() -> Iterator[PrivateAsterisk]:
    private = PrivateAsterisk()
    yield private
    private.remove()


@pytest.fixture(params=["memory", "asterisk"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "memory":
        yield FakeWorld()
        return
    real = RealWorld(request.getfixturevalue("asterisk"), tmp_path)
    yield real
    await real.close()


@dataclass
class Call:
    """A caller who has arrived at a worker."""

    world: World
    switch: Switch
    heard: Heard
    caller: Person
    leg: LegId
    id: CallId

    async def do(self, *commands: Command) -> None:
        for command in commands:
            await self.switch.perform(self.id, command)

    async def rings(self, name: str, timeout_s: int = 10) -> tuple[Person, LegId]:
        """A registered phone that has begun to ring."""
        phone = await self.world.phone(name)
        await self.heard.next(PhoneReachable, phone=name, reachable=True)
        leg = LegId(f"{self.id}-{name}")
        await self.do(Ring(leg, self.id, PhoneId(name), "+79161112233", "Иван", timeout_s))
        await self.heard.next(LegRinging, leg=leg)
        return phone, leg

    async def talks(self, name: str = "anna") -> tuple[Person, LegId, BridgeId]:
        """Caller and agent in a bridge of their own."""
        phone, leg = await self.rings(name)
        await phone.pick_up()
        await self.heard.next(LegAnswered, leg=leg)
        bridge = BridgeId(f"{self.id}-b")
        await self.do(Answer(self.leg), MakeBridge(bridge), Join(bridge, (self.leg, leg)))
        return phone, leg, bridge


async def arrives(world: World, worker: str = "w1", shown_name: str = "") -> Call:
    switch, heard = await world.worker(worker)
    caller = await world.caller(shown_name=shown_name)
    arrived = await heard.next(LegArrived)
    return Call(world, switch, heard, caller, arrived.leg, CallId(f"c{next(NUMBER):026d}"))


def play(call: Call, name: str = "p1", file: str = "") -> Play:
    return Play(call.leg, PlaybackId(f"{call.id}-{name}"), (file or call.world.prompt,))


async def test_a_caller_arrives_with_both_numbers_and_the_name_as_sent(world: World) -> None:
    _, heard = await world.worker()
    await world.caller("84951234567", "Иван, <sip:x> ${SHELL(id)} O'Neil")
    arrived = await heard.next(LegArrived)
    assert (arrived.kind, arrived.number, arrived.phone) == ("in", "84951234567", None)
    assert arrived.caller_number == "79161112233"
    assert arrived.caller_name == "Иван, <sip:x> ${SHELL(id)} O'Neil"


async def test_a_caller_whom_no_worker_admits_meets_the_fallback(world: World) -> None:
    switch, heard = await world.worker()
    switch.set_admission(lambda: False)
    caller = await world.caller()
    assert await caller.meets_fallback()
    assert not any(isinstance(event, LegArrived) for event in heard.all)


async def test_one_worker_gets_the_caller_and_the_other_hears_nothing(world: World) -> None:
    _, first = await world.worker("w1")
    _, second = await world.worker("w2")
    await world.caller()
    done, waiting = await asyncio.wait(
        [asyncio.create_task(heard.next(LegArrived)) for heard in (first, second)], return_when="FIRST_COMPLETED"
    )
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(done) == 1
    arrived = [event for event in (*first.all, *second.all) if isinstance(event, LegArrived)]
    assert len(arrived) == 1


async def test_a_prompt_played_to_its_end_says_so(world: World) -> None:
    call = await arrives(world)
    await call.do(Answer(call.leg), play(call))
    await world.prompts_end()
    ended = await call.heard.next(PlaybackEnded)
    assert (ended.leg, ended.playback, ended.failed) == (call.leg, f"{call.id}-p1", False)


async def test_a_key_during_the_prompt_comes_at_once_and_the_prompt_can_be_stopped(world: World) -> None:
    call = await arrives(world)
    await call.do(Answer(call.leg), play(call))
    await call.caller.press("5")
    assert (await call.heard.next(DigitPressed)).digit == "5"
    assert call.heard.count(PlaybackEnded, call.leg) == 0
    await call.do(StopPlayback(call.leg, PlaybackId(f"{call.id}-p1")))
    assert not (await call.heard.next(PlaybackEnded, playback=f"{call.id}-p1")).failed
    await call.do(StopPlayback(call.leg, PlaybackId(f"{call.id}-p1")))
    await call.switch.held()  # whatever Asterisk had to say of it has been said by now
    assert call.heard.count(PlaybackEnded, call.leg) == 1
    assert call.heard.count(DigitPressed, call.leg) == 1


async def test_music_plays_and_stops_and_a_prompt_may_follow_it(world: World) -> None:
    call = await arrives(world)
    await call.do(Answer(call.leg), StartMusic(call.leg, "default"), StopMusic(call.leg), StopMusic(call.leg))
    await call.do(StartMusic(call.leg, "default"), play(call))
    await world.prompts_end()
    assert not (await call.heard.next(PlaybackEnded)).failed


async def test_caller_and_agent_hear_each_other_and_nobody_else(world: World) -> None:
    call = await arrives(world)
    agent, _, _ = await call.talks()
    assert await call.caller.hears("anna")
    assert await agent.hears("caller")


async def test_joining_does_not_wait_for_a_prompt_that_plays(world: World) -> None:
    call = await arrives(world)
    await call.do(Answer(call.leg), play(call))
    started = asyncio.get_running_loop().time()
    bridge = BridgeId(f"{call.id}-b")
    await call.do(MakeBridge(bridge), Join(bridge, (call.leg,)))
    assert asyncio.get_running_loop().time() - started < 0.5
    await call.heard.next(PlaybackEnded, leg=call.leg)


async def test_taking_the_bridge_away_leaves_both_alive_and_alone(world: World) -> None:
    call = await arrives(world)
    _, leg, bridge = await call.talks()
    await call.do(Unbridge(bridge), Unbridge(bridge))
    held = {one.leg: one.bridged for one in await call.switch.held()}
    assert held[call.leg] is False
    assert held[leg] is False


@pytest.mark.parametrize(("status", "cause"), [(486, 17), (603, 21)])
async def test_a_phone_that_refuses_hangs_up_with_its_cause(world: World, status: int, cause: int) -> None:
    call = await arrives(world)
    phone, leg = await call.rings("anna")
    await phone.refuse(status)
    assert (await call.heard.next(LegHungUp, leg=leg)).cause == cause


async def test_a_phone_that_is_not_there_hangs_up_as_absent(world: World) -> None:
    call = await arrives(world)
    leg = LegId(f"{call.id}-nobody")
    await call.do(Ring(leg, call.id, PhoneId("nobody"), "", "", 5))
    assert (await call.heard.next(LegHungUp, leg=leg)).cause == 20


async def test_a_ringing_phone_can_be_let_go_because_another_answered(world: World) -> None:
    call = await arrives(world)
    _, leg = await call.rings("anna")
    await call.do(HangUp(leg, "answered_elsewhere"))
    assert (await call.heard.next(LegHungUp, leg=leg)).cause == 26
    assert call.heard.count(LegHungUp, leg) == 1


@pytest.mark.parametrize("state", ["before the answer", "in a prompt", "in music", "while a phone rings", "in talk"])
async def test_a_caller_may_hang_up_at_any_instant_and_it_is_told_once(world: World, state: str) -> None:
    call = await arrives(world)
    match state:
        case "before the answer":
            await call.do(StartMusic(call.leg, "default"))  # heard as early sound, and a phone may give up from then on
        case "in a prompt":
            await call.do(Answer(call.leg), play(call))
        case "in music":
            await call.do(Answer(call.leg), StartMusic(call.leg, "default"))
        case "while a phone rings":
            await call.do(Answer(call.leg))
            await call.rings("anna")
        case "in talk":
            await call.talks()
    await call.caller.hang_up()
    ended = await call.heard.next(LegHungUp, leg=call.leg)
    assert ended.cause in (16, 127)  # 127: Asterisk has no better word for a caller who gave up before the answer
    with pytest.raises(LegGone):
        await call.do(StartMusic(call.leg, "default"))
    assert call.heard.count(LegHungUp, call.leg) == 1


async def test_an_agent_who_hangs_up_leaves_the_caller_alive(world: World) -> None:
    call = await arrives(world)
    agent, leg, _ = await call.talks()
    await agent.hang_up()
    assert (await call.heard.next(LegHungUp, leg=leg)).cause == 16
    await call.do(StartMusic(call.leg, "default"))
    assert call.heard.count(LegHungUp, call.leg) == 0


@pytest.mark.parametrize(("reason", "cause"), [("normal", 16), ("busy", 17), ("congestion", 34)])
async def test_hanging_up_ends_the_leg_with_our_reason(world: World, reason: str, cause: int) -> None:
    call = await arrives(world)
    await call.do(HangUp(call.leg, reason))
    assert (await call.heard.next(LegHungUp, leg=call.leg)).cause == cause


async def test_an_unknown_reason_to_hang_up_is_refused(world: World) -> None:
    call = await arrives(world)
    with pytest.raises(CommandRefused):
        await call.do(HangUp(call.leg, "because"))


async def test_every_command_for_a_leg_that_has_left_says_so(world: World) -> None:
    call = await arrives(world)
    await call.do(Answer(call.leg))
    await call.caller.hang_up()
    await call.heard.next(LegHungUp, leg=call.leg)
    bridge = BridgeId(f"{call.id}-b")
    await call.do(MakeBridge(bridge), StopPlayback(call.leg, PlaybackId("none")), Unbridge(BridgeId("none")))
    gone: tuple[Command, ...] = (
        Answer(call.leg),
        play(call),
        StartMusic(call.leg, "default"),
        StopMusic(call.leg),
        InterceptHold(call.leg),
        HangUp(call.leg),
        HandToFallback(call.leg),
        Join(bridge, (call.leg,)),
        Join(BridgeId("none"), (call.leg,)),
        Adopt(call.leg),
    )
    for command in gone:
        with pytest.raises(LegGone):
            await call.do(command)


async def test_a_caller_given_to_the_fallback_is_no_longer_ours(world: World) -> None:
    call = await arrives(world)
    await call.do(HandToFallback(call.leg))
    await call.heard.next(LegHungUp, leg=call.leg)
    assert await call.caller.meets_fallback()
    assert call.leg not in {one.leg for one in await call.switch.held()}


async def test_the_hold_button_is_an_event_and_the_sound_stays_ours(world: World) -> None:
    call = await arrives(world)
    agent, leg, _ = await call.talks()
    await call.do(InterceptHold(leg))
    await agent.hold()
    await call.heard.next(LegHeld, leg=leg)
    await agent.resume()
    await call.heard.next(LegUnheld, leg=leg)
    assert await call.caller.hears("anna")
    assert call.heard.count(LegHeld, leg) == call.heard.count(LegUnheld, leg) == 1


async def test_phones_are_reachable_while_they_are_registered(world: World) -> None:
    switch, heard = await world.worker()
    phone = await world.phone("boris")
    await heard.next(PhoneReachable, phone="boris", reachable=True)
    assert PhoneId("boris") in await switch.reachable_phones()
    await phone.go_away()
    await heard.next(PhoneReachable, phone="boris", reachable=False)
    assert PhoneId("boris") not in await switch.reachable_phones()


async def test_an_agent_dials_a_feature_code(world: World) -> None:
    _, heard = await world.worker()
    phone = await world.phone("anna")
    await phone.dial("*121")
    arrived = await heard.next(LegArrived)
    assert (arrived.kind, arrived.phone, arrived.number) == ("agent", "anna", "*121")


async def test_held_tells_every_leg_its_worker_and_whether_it_talks(world: World) -> None:
    call = await arrives(world)
    _, leg, _ = await call.talks()
    held = {one.leg: (one.worker, one.bridged) for one in await call.switch.held()}
    assert held == {call.leg: ("w1", True), leg: ("w1", True)}
    await call.do(HangUp(leg), HangUp(call.leg))
    await call.heard.next(LegHungUp, leg=leg)
    await call.heard.next(LegHungUp, leg=call.leg)
    assert await call.switch.held() == ()


async def test_another_worker_adopts_a_talk_and_hears_of_it_from_then_on(world: World) -> None:
    call = await arrives(world)
    agent, leg, _ = await call.talks()
    await world.kill("w1")
    heir, heard = await world.worker("w2")
    for one in (call.leg, leg):
        await heir.perform(call.id, Adopt(one))
        await heard.next(LegAdopted, leg=one)
    assert {one.worker for one in await heir.held()} == {"w2"}
    assert await call.caller.hears("anna")
    await agent.hang_up()
    assert (await heard.next(LegHungUp, leg=leg)).cause == 16
    await heir.perform(call.id, StartMusic(call.leg, "default"))
    await call.caller.press("7")
    assert (await heard.next(DigitPressed)).leg == call.leg


async def test_a_worker_that_comes_back_under_its_name_adopts_its_own_calls(world: World) -> None:
    call = await arrives(world)
    _, leg, _ = await call.talks()
    await world.kill("w1")
    again, heard = await world.worker("w1")
    for one in (call.leg, leg):
        await again.perform(call.id, Adopt(one))
        await heard.next(LegAdopted, leg=one)
    assert await call.caller.hears("anna")
    await call.caller.hang_up()
    await heard.next(LegHungUp, leg=call.leg)
    assert heard.count(LegHungUp, leg) == 0


async def test_a_phone_that_rang_for_another_dead_worker_is_let_go(world: World) -> None:
    call = await arrives(world)
    _, leg = await call.rings("anna")
    await world.kill("w1")
    heir, heard = await world.worker("w2")
    await heir.perform(call.id, Adopt(leg))
    assert (await heard.next(LegHungUp, leg=leg)).cause == 19


async def test_a_phone_that_rings_for_our_own_earlier_self_is_adopted_and_can_answer(world: World) -> None:
    call = await arrives(world)
    phone, leg = await call.rings("anna")
    await world.kill("w1")
    again, heard = await world.worker("w1")
    await again.perform(call.id, Adopt(leg))
    await heard.next(LegAdopted, leg=leg)
    await phone.pick_up()
    await heard.next(LegAnswered, leg=leg)


async def test_a_caller_in_a_prompt_is_adopted_at_once_when_the_prompt_is_stopped_first(world: World) -> None:
    call = await arrives(world)
    await call.do(Answer(call.leg), play(call))
    await world.kill("w1")
    heir, heard = await world.worker("w2")
    await heir.perform(call.id, StopPlayback(call.leg, PlaybackId(f"{call.id}-p1")))
    await heir.perform(call.id, Adopt(call.leg))
    await heard.next(LegAdopted, patience_s=0.5, leg=call.leg)
    await heir.perform(call.id, play(call, "p2"))
    await world.prompts_end()
    await heard.next(PlaybackEnded, playback=f"{call.id}-p2")
