"""One worker's ears and hands against an ARI that misbehaves; what a good one does is in the contract suite."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from callrouter.asterisk.ami import AmiAccess
from callrouter.asterisk.events import DISALLOWED
from callrouter.asterisk.switch import AsteriskSwitch
from callrouter.errors import CallrouterError, CommandRefused, LegGone, SwitchDown
from callrouter.telephony import (
    WENT_DOWN,
    Adopt,
    Answer,
    BridgeId,
    CallId,
    DigitPressed,
    HangUp,
    Join,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegId,
    PhoneId,
    PhoneReachable,
    Play,
    PlaybackEnded,
    PlaybackId,
    RecordingFailed,
    RecordingId,
    Ring,
    StartRecording,
    StopPlayback,
)
from tests.asterisk.fake_ari import Asked, FakeAri, json_answer
from tests.contract.switch_worlds import Heard

CALL, LEG, AGENT = CallId("c01"), LegId("callrouter-1.1"), LegId("c01-a1")


@pytest.fixture
async def ari() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    fake.answers(living)
    await fake.start()
    yield fake
    await fake.stop()


class Worker:
    def __init__(self, ari: FakeAri, folder: Path) -> None:
        self.ari = ari
        self.heard = Heard()
        self.replaced = asyncio.Event()
        self.connections = 0
        self.switch = AsteriskSwitch(
            "w1",
            ari.access,
            AmiAccess("127.0.0.1", 9, "callrouter", "x"),
            folder,
            on_replaced=self.replaced.set,
            on_connected=self._connected,
            deadline_s=0.5,
            audit_s=0.1,
        )
        self.switch.listen(self.heard.take)
        self.running = asyncio.create_task(self.switch.run())

    def _connected(self) -> None:
        self.connections += 1

    async def event(self, kind: str, leg: LegId = LEG, **fields: object) -> None:
        channel = {"id": leg, "name": f"PJSIP/x-{leg}", "state": "Up", "caller": {"name": "", "number": "7916"}}
        await self.ari.send("callrouter-w1", type=kind, channel=channel, **fields)

    async def caller(self) -> None:
        await self.event("StasisStart", args=["in", "84951234567"])
        await self.heard.next(LegArrived, leg=LEG)

    async def agent(self) -> None:
        await self.switch.perform(CALL, Ring(AGENT, CALL, PhoneId("anna"), "7916", "", 10))
        await self.event("StasisStart", AGENT, args=["ring", "c01"])
        await self.heard.next(LegAnswered, leg=AGENT)

    async def up(self) -> None:
        async with asyncio.timeout(3):
            await self.switch.up.wait()


@pytest.fixture
async def worker(ari: FakeAri, tmp_path: Path) -> AsyncIterator[Worker]:
    one = Worker(ari, tmp_path)
    await one.up()
    yield one
    one.running.cancel()
    await asyncio.gather(one.running, return_exceptions=True)
    await one.switch.close()


def answering(ari: FakeAri, **answers: tuple[int, object]) -> None:
    """Answers for requests whose line contains the words (joined by _ in the keyword)."""

    async def answer(asked: Asked) -> web.Response | None:
        for words, (status, value) in answers.items():
            if all(word in asked.line for word in words.split("_")):
                return json_answer(value, status)
        return await living(asked)

    ari.answers(answer)


async def living(asked: Asked) -> web.Response | None:
    """Everybody whom these tests know is there."""
    return json_answer([{"id": LEG}, {"id": AGENT}]) if asked.line == "GET channels" else None


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.001)


async def test_the_filter_is_a_list_of_what_is_unwanted_and_is_set_after_every_connection(worker: Worker) -> None:
    def filters() -> list[Asked]:
        return [asked for asked in worker.ari.asked if asked.line == "PUT applications/callrouter-w1/eventFilter"]

    assert json.loads(filters()[0].body) == {"disallowed": [{"type": kind} for kind in DISALLOWED]}
    await worker.ari.drop()
    await until(lambda: worker.connections == 2)
    await worker.up()
    assert len(filters()) == 2


@pytest.mark.parametrize(("booted", "cause"), [("2026-01-01T09:00:00.000+0000", WENT_DOWN), ("", 0)])
async def test_legs_that_an_asterisk_took_with_it_are_told_from_those_that_hung_up_unheard(
    worker: Worker, booted: str, cause: int
) -> None:
    await worker.caller()
    worker.ari.booted = booted or worker.ari.booted
    answering(worker.ari, GET_channels=(200, []))
    await worker.ari.drop()
    await until(lambda: worker.heard.all[-1:] == [LegHungUp(LEG, cause)])


async def test_a_call_on_offer_is_claimed_for_this_worker_only_if_it_is_admitted(worker: Worker) -> None:
    answers = iter((False, True))
    worker.switch.set_admission(lambda: next(answers))
    await worker.event("CallBroadcast", LegId("callrouter-1.7"))
    await worker.event("CallBroadcast", LegId("callrouter-1.8"))
    await until(lambda: worker.ari.lines("POST events/claim"))
    claims = [asked.query for asked in worker.ari.asked if asked.line == "POST events/claim"]
    assert claims == [{"channelId": "callrouter-1.8", "application": "callrouter-w1"}]


@pytest.mark.parametrize("status", [404, 409, 500])
async def test_a_claim_that_another_worker_won_or_that_failed_is_no_event(worker: Worker, status: int) -> None:
    answering(worker.ari, claim=(status, {"message": "no"}))
    await worker.event("CallBroadcast")
    await until(lambda: worker.ari.lines("POST events/claim"))
    await worker.caller()
    assert [type(event) for event in worker.heard.all] == [LegArrived]


async def test_a_slow_claim_delays_no_other_event(worker: Worker) -> None:
    async def slow(asked: Asked) -> web.Response | None:
        if "claim" in asked.line:
            await asyncio.sleep(0.4)
        return await living(asked)

    worker.ari.answers(slow)
    await worker.event("CallBroadcast", LegId("callrouter-1.9"))
    started = asyncio.get_running_loop().time()
    await worker.caller()
    assert asyncio.get_running_loop().time() - started < 0.2


async def test_once_replaced_it_says_so_acts_no_more_and_never_takes_the_name_back(worker: Worker) -> None:
    await worker.caller()
    await worker.ari.send("callrouter-w1", type="ApplicationReplaced", application="callrouter-w1")
    async with asyncio.timeout(2):
        await worker.replaced.wait()
        await worker.running
    with pytest.raises(SwitchDown, match="another process"):
        await worker.switch.perform(CALL, HangUp(LEG))
    assert worker.connections == 1
    assert worker.ari.lines("DELETE channels") == []


async def test_legs_that_vanished_while_nobody_listened_are_told_after_the_reconnection(worker: Worker) -> None:
    await worker.caller()
    await worker.agent()
    answering(worker.ari, GET_channels=(200, [{"id": AGENT}]))
    await worker.ari.drop()
    assert (await worker.heard.next(LegHungUp)).leg == LEG
    await worker.up()
    assert worker.switch.legs == 1


async def test_an_answer_that_was_missed_is_told_after_the_reconnection(worker: Worker) -> None:
    await worker.switch.perform(CALL, Ring(AGENT, CALL, PhoneId("anna"), "7916", "", 10))
    there = {"id": AGENT, "name": "PJSIP/anna-1", "state": "Up", "dialplan": {"app_name": "Stasis"}}
    answering(worker.ari, GET_channels=(200, [there]))
    await worker.ari.drop()
    assert (await worker.heard.next(LegAnswered)).leg == AGENT


async def test_the_end_of_a_prompt_that_was_missed_is_told_after_the_reconnection(worker: Worker) -> None:
    await worker.caller()
    await worker.switch.perform(CALL, Play(LEG, PlaybackId("p1"), ("/a",)))
    answering(worker.ari, GET_channels=(200, [{"id": LEG}]), GET_playbacks=(404, {}))
    await worker.ari.drop()
    assert (await worker.heard.next(PlaybackEnded)).playback == "p1"


async def test_a_leg_that_went_without_a_word_is_found_by_the_audit(worker: Worker) -> None:
    answering(worker.ari, GET_channels=(200, [{"id": LEG}, {"id": AGENT}]))
    await worker.caller()
    await worker.agent()
    answering(worker.ari, GET_channels=(200, [{"id": AGENT}]))
    assert (await worker.heard.next(LegHungUp)).leg == LEG
    await until(lambda: worker.ari.asked[-1].line == "GET channels")
    assert worker.heard.count(LegHungUp, AGENT) == 0


@pytest.mark.parametrize("nonsense", [{"a": 1}, [{"id": 7}], "text"])
async def test_an_answer_that_cannot_be_read_stops_neither_audits_nor_reconnections(
    worker: Worker, nonsense: object
) -> None:
    await worker.caller()
    answering(worker.ari, GET_channels=(200, nonsense))
    await until(lambda: worker.ari.lines("GET channels")[3:])
    await worker.ari.drop()
    await until(lambda: not worker.switch.up.is_set())
    answering(worker.ari, GET_channels=(200, []))
    await worker.heard.next(LegHungUp, leg=LEG)
    await worker.up()


async def test_a_caller_who_hangs_up_while_being_adopted_is_told_as_hung_up(worker: Worker) -> None:
    answering(worker.ari, GET_channels=(200, [{"id": LEG}]))
    await worker.switch.perform(CALL, Adopt(LEG))
    await worker.event("StasisEnd")
    answering(worker.ari, GET_channels=(200, []))
    await worker.heard.next(LegHungUp, leg=LEG)


async def test_a_phone_that_is_being_rung_is_not_taken_for_gone(worker: Worker) -> None:
    rung = asyncio.Event()

    made = False

    async def slow_to_make(asked: Asked) -> web.Response | None:
        nonlocal made
        if asked.line == f"POST channels/{AGENT}":
            rung.set()
            await asyncio.sleep(0.3)
            made = True
        return json_answer([{"id": AGENT}] if made else []) if asked.line == "GET channels" else None

    worker.ari.answers(slow_to_make)
    ringing = asyncio.create_task(worker.switch.perform(CALL, Ring(AGENT, CALL, PhoneId("anna"), "", "", 10)))
    await rung.wait()
    await worker.ari.drop()
    await until(lambda: worker.connections == 2)
    await ringing
    assert worker.heard.count(LegHungUp, AGENT) == 0


async def test_a_leg_taken_by_another_worker_is_forgotten_without_a_word(worker: Worker) -> None:
    await worker.caller()
    held = [{"name": "callrouter-w2", "channel_ids": [LEG]}]
    answering(worker.ari, **{f"GET_{LEG}": (200, {"id": LEG}), "GET_applications": (200, held)})
    await worker.event("StasisEnd")
    await until(lambda: worker.switch.legs == 0)
    assert worker.heard.count(LegHungUp, LEG) == 0


async def test_a_leg_that_left_without_a_word_and_is_nowhere_has_hung_up(worker: Worker) -> None:
    await worker.caller()
    await worker.event("StasisEnd")
    await worker.heard.next(LegHungUp, leg=LEG)


async def test_a_listener_that_fails_over_one_event_still_hears_the_next(worker: Worker) -> None:
    def fail(event: object) -> None:
        worker.heard.take(event)  # type: ignore[arg-type]
        if isinstance(event, LegArrived):
            raise ZeroDivisionError

    worker.switch.listen(fail)
    await worker.event("StasisStart", args=["in", "1"])
    await worker.event("ChannelDtmfReceived", digit="5")
    await worker.heard.next(DigitPressed)


async def test_a_prompt_is_stopped_before_the_join_that_it_would_block(worker: Worker) -> None:
    await worker.caller()
    await worker.switch.perform(CALL, Play(LEG, PlaybackId("p1"), ("/a",)))
    await worker.switch.perform(CALL, Join(BridgeId("b1"), (LEG,)))
    assert worker.ari.lines("POST bridges", "DELETE") == ["DELETE playbacks/p1", "POST bridges/b1/addChannel"]


async def test_a_refused_ring_leaves_nothing_behind(worker: Worker) -> None:
    answering(worker.ari, **{f"POST_{AGENT}": (400, {"message": "Endpoint not valid"})})
    with pytest.raises(CommandRefused):
        await worker.switch.perform(CALL, Ring(AGENT, CALL, PhoneId("anna"), "", "", 10))
    assert worker.switch.legs == 0
    assert worker.heard.all == []


async def test_nobody_is_rung_while_no_events_come(worker: Worker) -> None:
    worker.ari.refuse_sockets = True
    await worker.ari.drop()
    await until(lambda: not worker.switch.up.is_set())
    with pytest.raises(SwitchDown):
        await worker.switch.perform(CALL, Ring(AGENT, CALL, PhoneId("anna"), "", "", 10))
    assert worker.ari.lines("POST channels") == []


async def test_a_slow_command_of_one_call_delays_no_other_call(worker: Worker) -> None:
    async def slow(asked: Asked) -> None:
        if "/slow/" in asked.line:
            await asyncio.sleep(0.4)

    worker.ari.answers(slow)
    blocked = asyncio.create_task(worker.switch.perform(CALL, Answer(LegId("slow"))))
    await asyncio.sleep(0.01)
    await asyncio.gather(*(worker.switch.perform(CallId(f"c{n}"), Answer(LegId(f"l{n}"))) for n in range(30)))
    assert not blocked.done()
    await blocked


async def test_adopting_a_leg_that_has_left_says_so_twice_over(worker: Worker) -> None:
    answering(worker.ari, move=(404, {"message": "Channel not found"}))
    with pytest.raises(LegGone):
        await worker.switch.perform(CALL, Adopt(LEG))
    await worker.heard.next(LegHungUp, leg=LEG)


async def test_a_leg_that_was_told_as_hung_up_takes_no_command_even_if_asterisk_still_would(worker: Worker) -> None:
    await worker.caller()
    await worker.event("ChannelHangupRequest", cause=16)
    await worker.event("StasisEnd")
    await worker.heard.next(LegHungUp, leg=LEG)
    for command in (Answer(LEG), Join(BridgeId("b1"), (AGENT, LEG)), HangUp(LEG)):
        with pytest.raises(LegGone):
            await worker.switch.perform(CALL, command)
    assert worker.ari.lines("POST channels", "POST bridges", "DELETE") == []


async def test_stopping_a_prompt_that_is_over_is_no_trouble(worker: Worker) -> None:
    answering(worker.ari, playbacks=(404, {"message": "Playback not found"}))
    await worker.switch.perform(CALL, StopPlayback(LEG, PlaybackId("p1")))


async def test_without_a_manager_a_call_is_not_held_up_by_its_recording(worker: Worker, tmp_path: Path) -> None:
    await worker.caller()
    started = asyncio.get_running_loop().time()
    await worker.switch.perform(CALL, StartRecording(LEG, RecordingId("c01-r1")))
    await worker.switch.perform(CALL, Answer(LEG))
    assert asyncio.get_running_loop().time() - started < 0.2
    assert not any(isinstance(event, RecordingFailed) for event in worker.heard.all)


async def test_each_leg_is_forgotten_when_it_has_gone(worker: Worker) -> None:
    for number in range(200):
        leg = LegId(f"callrouter-1.{number}")
        await worker.event("StasisStart", leg, args=["in", "1"])
        await worker.event("ChannelHangupRequest", leg, cause=16)
        await worker.event("StasisEnd", leg)
    await worker.heard.next(LegHungUp, leg=LegId("callrouter-1.199"))
    assert worker.switch.legs == 0


async def test_phones_are_watched_over_a_socket_of_their_own(worker: Worker) -> None:
    await until(lambda: "phones-w1" in worker.ari.sockets)
    filters = [asked.body for asked in worker.ari.asked if asked.line == "PUT applications/phones-w1/eventFilter"]
    assert json.loads(filters[0])["allowed"] == [{"type": "ApplicationReplaced"}, {"type": "EndpointStateChange"}]
    sources = [asked.query for asked in worker.ari.asked if "subscription" in asked.line]
    assert sources == [{"eventSource": "endpoint:PJSIP"}]
    await until(lambda: worker.ari.lines("GET endpoints"))
    for state in ("online", "online", "offline"):
        endpoint = {"technology": "PJSIP", "resource": "anna", "state": state}
        await worker.ari.send("phones-w1", type="EndpointStateChange", endpoint=endpoint)
    await worker.heard.next(PhoneReachable, phone="anna", reachable=False)
    assert worker.heard.all == [PhoneReachable(PhoneId("anna"), True), PhoneReachable(PhoneId("anna"), False)]


async def test_running_without_a_listener_is_refused(ari: FakeAri, tmp_path: Path) -> None:
    switch = AsteriskSwitch("w2", ari.access, AmiAccess("127.0.0.1", 9, "x", "x"), tmp_path)
    with pytest.raises(CallrouterError, match="listen"):
        await switch.run()
    await switch.close()


@pytest.mark.parametrize("name", ["", "W1", "w 1", "w1&app=callrouter-w2", "w/1"])
async def test_a_worker_needs_a_plain_name(ari: FakeAri, tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandRefused):
        AsteriskSwitch(name, ari.access, AmiAccess("127.0.0.1", 9, "x", "x"), tmp_path)
