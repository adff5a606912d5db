"""Parties on a real Asterisk: every state of a call, sound both ways, keys, hold, prompts, music."""

from __future__ import annotations

import asyncio

import pytest

from callrouter.parties.digest import Credentials
from callrouter.parties.leg import State, What
from callrouter.parties.party import Habit, Party
from callrouter.parties.phone import PhoneError
from callrouter.parties.search import MusicSearch, PromptSearch
from callrouter.parties.stage import Stage
from callrouter.parties.wire import Wire
from tests.parties.bare_asterisk import Bare

pytestmark = pytest.mark.live


def now() -> float:
    return asyncio.get_running_loop().time()


async def registered(stage: Stage, name: str, habit: Habit | None = None) -> Party:
    party = await stage.agent(name, name, habit)
    await party.phone.register()
    return party


async def happens(party: Party, what: What, after: float, patience: float = 3.0) -> float:
    found = await party.wait_for(what, after - 0.001, patience)
    assert found is not None, f"{party.name}: {[(one.what, one.detail) for one in party.log]}"
    return found.at


async def both_hear(one: Party, other: Party, seconds: float = 0.8) -> None:
    await asyncio.sleep(0.2)
    start = now()
    await asyncio.sleep(seconds)
    tones = {one.name: one.hz, other.name: other.hz}
    assert one.hears(tones, start, now()) == {one.name: 0.0, other.name: 1.0}
    assert other.hears(tones, start, now()) == {one.name: 1.0, other.name: 0.0}


async def test_two_parties_talk_and_the_agent_is_cut_off_when_the_caller_hangs_up(stage: Stage) -> None:
    anna = await registered(stage, "anna", Habit(answers_after_s=0.2))
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("103")
    rang = await happens(anna, What.RINGS, start)
    answered = await happens(caller, What.ANSWERED, start)
    assert rang - start < 0.5
    assert 0.2 <= answered - rang < 0.5
    await both_hear(caller, anna)
    left = now()
    caller.hang_up()
    assert await happens(anna, What.ENDED, left) - left < 0.5
    await stage.take_back(caller)
    await stage.take_back(anna, "anna")


async def test_hold_gives_music_and_resume_gives_the_voice_back(stage: Stage) -> None:
    anna = await registered(stage, "anna", Habit(answers_after_s=0.0))
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("103")
    await happens(caller, What.ANSWERED, start)
    await asyncio.sleep(0.3)
    await anna.hold()
    held = now() + 0.1
    await asyncio.sleep(1.3)
    assert MusicSearch(caller.ears, stage.melodies, held).look() is not None
    assert caller.hears({"anna": anna.hz}, held, now()) == {"anna": 0.0}
    assert len(caller.ears.arrivals(held, now())) == pytest.approx((now() - held) * 50, abs=4), "music and nothing else"
    await anna.resume()
    await both_hear(caller, anna)
    anna.hang_up()
    await happens(caller, What.ENDED, start)
    await stage.take_back(caller)
    await stage.take_back(anna, "anna")


async def test_an_agent_who_speaks_ulaw_only_is_heard(stage: Stage) -> None:
    boris = await registered(stage, "boris", Habit(answers_after_s=0.0))
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("107")
    await happens(caller, What.ANSWERED, start)
    await both_hear(caller, boris)
    caller.hang_up()
    await stage.take_back(caller)
    await stage.take_back(boris, "boris")


async def test_an_outside_party_is_reached_through_the_trunk(stage: Stage) -> None:
    shop = stage.outsider("shop", "+79995556677", Habit(answers_after_s=0.1))
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("105")
    await happens(caller, What.ANSWERED, start)
    await both_hear(caller, shop)
    shop.hang_up()
    await happens(caller, What.ENDED, start)
    await stage.take_back(caller)
    await stage.take_back(shop)


async def test_keys_pressed_during_a_prompt_are_understood_in_order(stage: Stage, bare: Bare) -> None:
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("101")
    await happens(caller, What.ANSWERED, start)
    await asyncio.sleep(0.5)
    keys = await caller.press("42")
    assert [sent.key for sent in keys] == ["4", "2"]
    await asyncio.sleep(1.3)
    found = PromptSearch(caller.ears, bare.prompts["second"], start).look()
    assert found is not None
    assert 0.0 < found.at - keys[-1].at < 0.3, "the prompt begins as soon as the last key has ended"
    assert PromptSearch(caller.ears, bare.prompts["third"], keys[-1].at).look() is None
    caller.hang_up()
    await stage.take_back(caller)


async def test_who_hangs_up_while_it_rings_is_gone_from_the_agents_phone(stage: Stage) -> None:
    anna = await registered(stage, "anna")
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("103")
    await happens(anna, What.RINGS, start)
    await happens(caller, What.RINGBACK, start)
    caller.hang_up()
    await happens(anna, What.ENDED, start, 1.0)
    await happens(caller, What.ENDED, start, 1.0)
    assert caller.legs[-1].state is State.ENDED
    await stage.take_back(caller)
    await stage.take_back(anna, "anna")


async def test_who_hangs_up_before_any_answer_is_gone_too(stage: Stage) -> None:
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("104")
    caller.hang_up()
    await happens(caller, What.ENDED, start, 2.0)
    assert caller.legs[-1].ended_by == "us"
    await stage.take_back(caller)


@pytest.mark.parametrize(("habit", "status"), [(Habit(rejects_with=486), "486"), (Habit(rejects_with=603), "603")])
async def test_who_rejects_is_not_rung_on(stage: Stage, habit: Habit, status: str) -> None:
    boris = await registered(stage, "boris", habit)
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("107")
    await happens(caller, What.REFUSED, start)
    assert boris.legs[-1].ended_by == "us"
    await stage.take_back(caller)
    await stage.take_back(boris, "boris")


async def test_a_refused_call_tells_its_status(stage: Stage) -> None:
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("108")
    refusal = await caller.wait_for(What.REFUSED, start - 0.001, 3.0)
    assert refusal is not None
    assert refusal.detail == "403"  # Asterisk's SIP answer for cause 21, call rejected
    await stage.take_back(caller)


async def test_a_second_call_finds_a_talking_phone_busy(stage: Stage) -> None:
    anna = await registered(stage, "anna", Habit(answers_after_s=0.0))
    first, second = (stage.outsider(name, number) for name, number in (("first", "+791601"), ("second", "+791602")))
    start = now()
    first.call("103")
    await happens(first, What.ANSWERED, start)
    second.call("103")
    await happens(second, What.REFUSED, start)
    assert [leg.state for leg in anna.legs] == [State.TALKING]
    first.hang_up()
    for party in (first, second):
        await stage.take_back(party)
    await stage.take_back(anna, "anna")


async def test_an_agent_dials_with_a_password(stage: Stage, bare: Bare) -> None:
    anna = await registered(stage, "anna")
    start = now()
    anna.call("*11")
    await happens(anna, What.ANSWERED, start)
    await asyncio.sleep(1.4)
    assert PromptSearch(anna.ears, bare.prompts["second"], start).look() is not None
    anna.hang_up()
    await stage.take_back(anna, "anna")


async def test_a_transfer_is_asked_for_and_reported(stage: Stage) -> None:
    anna = await registered(stage, "anna", Habit(answers_after_s=0.0))
    boris = await registered(stage, "boris", Habit(answers_after_s=0.0))
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("103")
    await happens(caller, What.ANSWERED, start)
    await asyncio.sleep(0.3)  # Asterisk takes the REFER before the two are bridged, and then does nothing
    assert await anna.refer(f"sip:107@{stage.centre.sip[0]}") == 202
    await happens(boris, What.RINGS, start)
    report = await anna.wait_for(What.TRANSFER, start, 3.0)
    assert report is not None
    assert report.detail.startswith("SIP/2.0 ")
    await both_hear(caller, boris)
    caller.hang_up()
    await stage.take_back(caller)
    await stage.take_back(anna, "anna")
    await stage.take_back(boris, "boris")


async def test_a_phone_that_unregistered_is_not_reached(stage: Stage) -> None:
    anna = await registered(stage, "anna", Habit(answers_after_s=0.0))
    await anna.phone.unregister()
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("103")
    await happens(caller, What.REFUSED, start)
    assert not anna.legs
    await stage.take_back(caller)
    await stage.take_back(anna, "anna")


async def test_a_wrong_password_is_refused_with_words(stage: Stage) -> None:
    wire = await Wire.open("127.0.0.1")
    party = Party("anna", wire, stage.media, stage.centre.sip, "anna", hz=1710, who=Credentials("anna", "wrong"))
    with pytest.raises(PhoneError, match=r"anna cannot register: 40[13] .*; check the account's name and password"):
        await party.phone.register()
    wire.close()


async def test_asterisk_finds_our_phones_alive(stage: Stage) -> None:
    """It asks every two seconds (qualify) and would take a silent phone off the register."""
    anna = await registered(stage, "anna", Habit(answers_after_s=0.0))
    await asyncio.sleep(2.6)
    caller = stage.outsider("caller", "+79160000001")
    start = now()
    caller.call("103")
    await happens(caller, What.ANSWERED, start)
    caller.hang_up()
    await stage.take_back(caller)
    await stage.take_back(anna, "anna")


async def test_forty_callers_are_heard_at_once_and_none_drifts(stage: Stage, bare: Bare) -> None:
    callers = [stage.outsider(f"caller{number}", f"+7916{number:07}") for number in range(40)]
    start = now()
    for caller in callers:
        caller.call("102")
    for caller in callers:
        await happens(caller, What.ANSWERED, start, 8.0)
    begun = now()
    await asyncio.sleep(2.0)
    end = now()
    for caller in callers:
        heard = caller.ears.arrivals(begun, end)
        assert len(heard) == pytest.approx((end - begun) * 50, abs=6)
    assert stage.media.late_steps < 10, "this machine is too busy for this test"
    for caller in callers:
        await stage.take_back(caller)
