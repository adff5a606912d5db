"""What only a real Asterisk can show: recordings with sound in them, phones that stay, a switch that dies."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from callrouter.asterisk.phones import Phone, provision
from callrouter.asterisk.recorder import raw_files
from callrouter.asterisk.requests import Requests
from callrouter.asterisk.switch import AsteriskSwitch
from callrouter.audio import RATE, Samples, tone_shares
from callrouter.errors import CommandRefused, SwitchDown
from callrouter.telephony import (
    Answer,
    BridgeId,
    CallId,
    InterceptHold,
    Join,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegId,
    MakeBridge,
    PhoneId,
    PhoneReachable,
    Play,
    PlaybackEnded,
    PlaybackId,
    RecordingFailed,
    RecordingId,
    Ring,
    StartMusic,
    StartRecording,
    StopMusic,
    StopRecording,
)
from tests.asterisk.private_asterisk import PrivateAsterisk
from tests.contract.switch_worlds import TONES, Person, RealPerson, RealWorld

pytestmark = pytest.mark.live
STEP = RATE // 50


@pytest.fixture(scope="module")
def asterisk() -> Iterator[PrivateAsterisk]:
    private = PrivateAsterisk()
    yield private
    private.remove()


@pytest.fixture
async def world(asterisk: PrivateAsterisk, tmp_path: Path) -> AsyncIterator[RealWorld]:
    real = RealWorld(asterisk, tmp_path)
    yield real
    await real.close()


async def talk(world: RealWorld, call: CallId) -> tuple[LegId, LegId, RealPerson, RealPerson]:
    """A caller and anna in a bridge; worker w1 has it."""
    switch, heard = await world.worker()
    caller = await world.caller(shown_name='Иван "O\'Neil" <sip:evil>')
    leg = (await heard.next(LegArrived)).leg
    anna = await world.phone("anna")
    agent = LegId(f"{call}-anna")
    await switch.perform(call, Ring(agent, call, PhoneId("anna"), "+79161112233", 'Иван "O\'Neil" <sip:evil>', 10))
    await anna.pick_up()
    await heard.next(LegAnswered, leg=agent)
    bridge = BridgeId(f"{call}-b")
    for command in (Answer(leg), MakeBridge(bridge), Join(bridge, (leg, agent)), InterceptHold(agent)):
        await switch.perform(call, command)
    return leg, agent, as_real(caller), as_real(anna)


def as_real(person: Person) -> RealPerson:
    assert isinstance(person, RealPerson)
    return person


def mute(person: RealPerson, muted: bool) -> None:
    person.party.legs[-1].port.voice.muted = muted


def heard_in(file: Path, hz: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each 20 ms of a recorded side, whether this tone is in it."""
    sound: Samples = np.frombuffer(file.read_bytes(), np.int16)
    shares: np.ndarray[tuple[int], np.dtype[np.bool_]] = tone_shares(sound, [hz], STEP / RATE)[:, 0] > 0.5
    return shares


async def test_both_sides_of_a_talk_are_recorded_in_step(world: RealWorld, asterisk: PrivateAsterisk) -> None:
    call, recording = CallId("c-rec"), RecordingId("c-rec-1")
    leg, agent, caller, anna = await talk(world, call)
    switch, heard = world.at("w1")
    mute(anna, True)
    await asyncio.sleep(0.3)
    await switch.perform(call, StartRecording(leg, recording))
    await asyncio.sleep(1.0)
    mute(anna, False)
    mute(caller, True)
    await asyncio.sleep(1.0)
    mute(caller, False)
    await asyncio.sleep(0.5)
    await anna.hold()
    await heard.next(LegHeld, leg=agent)
    await switch.perform(call, StartMusic(leg, "default"))
    await asyncio.sleep(1.0)
    await switch.perform(call, StopMusic(leg))
    await anna.resume()
    await switch.perform(call, StopRecording(leg, recording))
    said, was_told = raw_files(asterisk.recordings, recording)
    await settled(switch)
    assert said.stat().st_size == was_told.stat().st_size
    assert said.stat().st_size / 2 / RATE == pytest.approx(3.5, abs=0.3), "neither silence nor hold is cut out"
    callers, agents = heard_in(said, TONES["caller"]), heard_in(was_told, TONES["anna"])
    falls_silent = int(np.argmin(callers[10:])) + 10
    begins_to_speak = int(np.argmax(agents))
    assert falls_silent == pytest.approx(50, abs=8)
    assert begins_to_speak == pytest.approx(falls_silent, abs=5), "within 100 ms of each other, as it was"
    assert not heard_in(said, TONES["anna"]).any()
    assert not heard_in(was_told, TONES["caller"]).any()
    assert not any(isinstance(event, RecordingFailed) for event in heard.all)


async def settled(switch: AsteriskSwitch) -> None:
    async with asyncio.timeout(5):
        while switch.recorder.at_work:
            await asyncio.sleep(0.01)


async def test_a_recording_ends_with_its_leg_and_its_stop_may_come_late(
    world: RealWorld, asterisk: PrivateAsterisk
) -> None:
    call, recording = CallId("c-end"), RecordingId("c-end-1")
    leg, _, caller, _ = await talk(world, call)
    switch, heard = world.at("w1")
    await switch.perform(call, StartRecording(leg, recording))
    await asyncio.sleep(0.5)
    await caller.hang_up()
    await heard.next(LegHungUp, leg=leg)
    await switch.perform(call, StopRecording(leg, recording))
    await settled(switch)
    assert raw_files(asterisk.recordings, recording)[0].stat().st_size > RATE // 4
    assert not any(isinstance(event, RecordingFailed) for event in heard.all)


async def test_a_leg_that_is_not_there_cannot_be_recorded_and_that_is_told(world: RealWorld) -> None:
    switch, heard = await world.worker()
    await switch.perform(CallId("c-no"), StartRecording(LegId("callrouter-1.999"), RecordingId("c-no-1")))
    assert "No such channel" in (await heard.next(RecordingFailed)).reason


async def test_the_agents_phone_shows_the_caller_and_hostile_text_does_no_harm(world: RealWorld) -> None:
    _, _, _, anna = await talk(world, CallId("c-show"))
    shown = anna.party.legs[-1].dialog.remote
    assert "+79161112233" in shown
    assert "evil" in shown
    assert shown.count("<") == 1


async def test_a_prompt_that_is_not_there_ends_as_failed(world: RealWorld) -> None:
    switch, heard = await world.worker()
    await world.caller()
    leg = (await heard.next(LegArrived)).leg
    await switch.perform(CallId("c-p"), Play(leg, PlaybackId("c-p-1"), ("/nonexistent/prompt",)))
    assert (await heard.next(PlaybackEnded)).failed


@pytest.fixture
async def requests(asterisk: PrivateAsterisk) -> AsyncIterator[Requests]:
    pool = Requests(asterisk.ari)
    yield pool
    await pool.close()


def phone(name: str, password: str = "secret-word", shown: str = "Имя (1)") -> Phone:
    return Phone(PhoneId(name), password, shown)


async def test_phones_are_written_once_changed_when_they_change_and_removed(requests: Requests) -> None:
    wanted = [phone("anna"), phone("boris", shown=""), phone("vera", "p%<>&;' \"x")]
    await provision(requests, [])
    assert set((await provision(requests, wanted)).written) == {"anna", "boris", "vera"}
    assert (await provision(requests, wanted)).kept == 3
    changed = await provision(requests, [wanted[0], phone("boris", "another", "")])
    assert (changed.written, changed.removed, changed.kept) == (("boris",), ("vera",), 1)


async def test_trunks_and_other_peoples_endpoints_are_never_removed(
    requests: Requests, asterisk: PrivateAsterisk
) -> None:
    await provision(requests, [])
    assert "trunk-test" in asterisk.console("pjsip show endpoints")


@pytest.mark.parametrize("bad", [phone("a b"), phone("a/b"), phone("a", ""), phone("a", "x\r\ny")])
async def test_a_phone_that_would_break_the_configuration_is_refused(requests: Requests, bad: Phone) -> None:
    with pytest.raises(CommandRefused):
        await provision(requests, [bad])


async def test_a_registered_phone_stays_so_when_phones_are_provisioned_again(
    world: RealWorld, asterisk: PrivateAsterisk
) -> None:
    switch, heard = await world.worker()
    anna = await world.phone("anna")
    await heard.next(PhoneReachable, phone="anna", reachable=True)
    pool = Requests(asterisk.ari)
    await provision(pool, [phone("anna", shown="Новое имя")])
    await provision(pool, [phone("anna", shown="Новое имя"), phone("boris")])
    await pool.close()
    assert PhoneId("anna") in await switch.reachable_phones()
    await anna.go_away()
    await heard.next(PhoneReachable, phone="anna", reachable=False)


async def test_when_asterisk_dies_its_legs_have_hung_up_and_calls_come_again_afterwards(tmp_path: Path) -> None:
    asterisk = PrivateAsterisk()
    world = RealWorld(asterisk, tmp_path)
    try:
        switch, heard = await world.worker()
        await world.caller()
        leg = (await heard.next(LegArrived)).leg
        asterisk.stop(signal.SIGKILL)
        with pytest.raises(SwitchDown):
            await switch.perform(CallId("c-x"), Answer(leg))
        await asyncio.to_thread(asterisk.start)
        await heard.next(LegHungUp, leg=leg)
        await world.caller()
        await heard.next(LegArrived)
    finally:
        await world.close()
        asterisk.remove()


async def test_a_second_process_of_the_same_name_silences_the_first(world: RealWorld) -> None:
    first, heard = await world.worker("w1")
    second, heard_too = await world.worker("w1", replaces=True)
    await world.caller()
    leg = (await heard_too.next(LegArrived)).leg
    with pytest.raises(SwitchDown, match="another process"):
        await first.perform(CallId("c-y"), Answer(leg))
    await second.perform(CallId("c-y"), Answer(leg))
    assert not any(isinstance(event, LegArrived) for event in heard.all)
