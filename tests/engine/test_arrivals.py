"""Who calls us and what becomes of it: a number without a tree, an agent's feature code, hostile text."""

from __future__ import annotations

import pytest

from callrouter.acd.floor import Activity, Presence
from callrouter.journal import Word
from callrouter.telephony import Answer, HandToFallback, LegArrived, LegId, Play
from tests.engine.centre import PHONES, Centre
from tests.engine.exchange import Leg

CONFIRMED_S = 0.2


async def dials(centre: Centre, agent: str, code: str) -> LegId:
    leg = centre.exchange.dial_code(PHONES[agent], code)
    await centre.pass_time(CONFIRMED_S)
    return leg


async def test_a_number_without_a_tree_goes_to_the_fallback_unanswered(centre: Centre) -> None:
    await centre.start()
    caller = await centre.caller(number="999")
    assert centre.done() == [HandToFallback(caller)]
    assert centre.words == [Word.ARRIVED, Word.FALLBACK, Word.ENDED]
    assert centre.entries(Word.FALLBACK)[0].data["reason"] == "no tree for the number 999"
    centre.check_books()


async def test_a_number_is_found_with_or_without_its_plus(centre: Centre) -> None:
    await centre.start()
    await centre.caller(number="+100")
    assert len(centre.calls) == 1


async def test_what_a_caller_claims_to_be_called_is_only_data(centre: Centre) -> None:
    await centre.start()
    leg = LegId("caller-x")
    centre.exchange.legs[leg] = Leg(leg, "w1")
    centre.exchange.tell(leg, LegArrived(leg, "in", "100", "+7'; DROP\r\nTABLE 12x34", "Eve\r\nX: \x1b[31m" + "e" * 99))
    await centre.pass_time(0.2)
    call = centre.call_of(leg)
    assert call.caller == "+71234"
    assert call.caller_name.isprintable()
    assert len(call.caller_name) <= 64


async def test_a_caller_announced_twice_is_one_call(centre: Centre) -> None:
    await centre.start()
    caller = centre.exchange.call_in()
    centre.exchange.tell(caller, LegArrived(caller, "in", "100", "", ""))
    await centre.pass_time(0.2)
    assert len(centre.calls) == len(centre.done(Answer)) == 1


async def test_who_says_ready_by_phone_hears_so_and_is_rung_only_when_the_phone_is_on_the_hook(centre: Centre) -> None:
    await centre.start()
    centre.exchange.register(PHONES["anna"])
    await centre.caller("1")
    leg = await dials(centre, "anna", "*11")
    assert [play.files for play in centre.done(Play) if isinstance(play, Play)][-1] == ("/ru/ready",)
    assert centre.floor.agents["anna"].presence is Presence.READY
    assert not centre.rings("anna")
    centre.exchange.hear_out(leg)
    await centre.until(lambda: centre.rings("anna"), within_s=0.2)
    assert leg not in centre.exchange.legs


async def test_who_lays_down_before_the_confirmation_ends_is_free_at_once(centre: Centre) -> None:
    await centre.start()
    centre.exchange.register(PHONES["anna"])
    leg = await dials(centre, "anna", "*11")
    await centre.hangs_up(leg)
    assert centre.activity("anna") is Activity.IDLE


@pytest.mark.parametrize(
    ("code", "presence", "reason", "said"),
    [
        ("*12", Presence.NOT_READY, "", "not_ready"),
        ("*122", Presence.NOT_READY, "lunch", "not_ready"),
        ("*13", Presence.LOGGED_OUT, "", "logged_out"),
        ("*129", Presence.READY, "", "unknown"),
        ("*99", Presence.READY, "", "unknown"),
    ],
)
async def test_a_code_changes_what_it_says_and_an_unknown_one_nothing(
    centre: Centre, code: str, presence: Presence, reason: str, said: str
) -> None:
    await centre.start()
    await centre.ready("anna")
    leg = await dials(centre, "anna", code)
    anna = centre.floor.agents["anna"]
    assert (anna.presence, anna.reason) == (presence, reason)
    assert [play.files for play in centre.done(Play) if isinstance(play, Play)] == [(f"/ru/{said}",)]
    centre.exchange.hear_out(leg)
    await centre.pass_time(CONFIRMED_S)
    assert centre.exchange.legs == {}


async def test_a_confirmation_whose_end_is_never_told_ends_all_the_same(centre: Centre) -> None:
    await centre.start()
    centre.exchange.register(PHONES["anna"])
    await dials(centre, "anna", "*11")
    await centre.pass_time(16)
    assert centre.exchange.legs == {}
    assert centre.activity("anna") is Activity.IDLE


async def test_a_code_that_could_not_be_written_says_so_and_changes_nothing(centre: Centre) -> None:
    await centre.start()
    centre.line.down = True
    leg = await dials(centre, "anna", "*11")
    assert [play.files for play in centre.done(Play) if isinstance(play, Play)] == [("/ru/unknown",)]
    centre.exchange.hear_out(leg)
    await centre.pass_time(CONFIRMED_S)
    assert centre.exchange.legs == {}
    centre.line.down = False
    assert centre.floor.agents["anna"].presence is Presence.LOGGED_OUT


async def test_a_code_dialled_in_the_instant_of_an_offer_does_not_tear_it_apart(centre: Centre) -> None:
    """The replica still says idle when the store has the agent reserved."""
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna")
    caller = centre.exchange.call_in()
    await centre.pass_time(0.1)
    for after_ms in range(8):
        centre.exchange.press(caller, "1")
        await centre.pass_time(after_ms / 2000)
        code = centre.exchange.dial_code(PHONES["anna"], "*11")
        await centre.pass_time(0.3)
        centre.check_books()
        assert not centre.call_of(caller).offers or centre.activity("anna") in (Activity.RESERVED, Activity.RINGING)
        await centre.hangs_up(caller)
        if code in centre.exchange.legs:
            await centre.hangs_up(code)
        await centre.pass_time(20)
        caller = centre.exchange.call_in()
        await centre.pass_time(0.1)


async def test_an_unknown_phone_changes_nobody(centre: Centre) -> None:
    await centre.start()
    leg = centre.exchange.dial_code(PHONES["anna"].replace("anna", "nobody"), "*11")  # type: ignore[arg-type]
    await centre.pass_time(CONFIRMED_S)
    assert centre.entries(Word.UNPAUSE) == []
    assert [play.files for play in centre.done(Play) if isinstance(play, Play)] == [("/ru/unknown",)]
    await centre.hangs_up(leg)
