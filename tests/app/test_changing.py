"""A waiting call gets another priority or other skills, and the choice follows at once."""

from __future__ import annotations

import pytest

from callrouter.app.changing import change
from callrouter.calls.call import Phase
from callrouter.errors import SetupError
from callrouter.journal import Word
from callrouter.reporting.calls import fold
from callrouter.reporting.explain import story
from tests.engine.centre import MOMENT_S, Centre


async def a_line() -> tuple[Centre, str, str]:
    """Two callers wait, nobody is there."""
    centre = Centre()
    await centre.start()
    first, second = await centre.caller("1"), await centre.caller("1")
    return centre, centre.call_of(first).id, centre.call_of(second).id


async def test_a_call_of_higher_priority_is_offered_first() -> None:
    centre, _, second = await a_line()
    assert await change(centre.line, second[-6:], {"priority": "3"}, by="test") == second
    await centre.ready("anna")
    (offer,) = centre.entries(Word.OFFER)
    assert offer.call == second


async def test_the_new_priority_goes_with_the_call_into_another_queue() -> None:
    centre = Centre()
    await centre.start()
    leg = await centre.caller("2")
    await change(centre.line, centre.call_of(leg).id, {"priority": "7"}, by="test")
    await centre.pass_time(31)
    place = centre.call_of(leg).place
    assert place is not None
    assert (place.queue, place.priority) == ("payers", 7)
    assert centre.floor.waiting[centre.call_of(leg).id].priority == 7
    centre.check_books()


async def test_skills_that_nobody_has_any_more_need_not_be_waited_for() -> None:
    centre, first, _ = await a_line()
    await change(centre.line, first, {"require": "refund:2"}, by="test")
    await centre.ready("anna")
    assert centre.entries(Word.OFFER)[0].call != first
    await change(centre.line, first, {"require": ""}, by="test")
    await centre.ready("boris")
    await centre.pass_time(MOMENT_S)
    assert centre.entries(Word.OFFER)[-1].call == first


async def test_the_journal_tells_who_changed_it() -> None:
    centre, first, _ = await a_line()
    await change(centre.line, first, {"priority": "3"}, by="olga")
    told = story(fold(centre.line.journal)[first], lambda *_: ())
    assert "is given another place in the line: priority 3 (by olga)" in [line.text for line in told.lines]


async def test_a_call_that_does_not_wait_cannot_be_changed() -> None:
    centre, first, _ = await a_line()
    with pytest.raises(SetupError, match="no call nonesuch waits"):
        await change(centre.line, "nonesuch", {"priority": "1"}, by="test")
    await centre.ready("anna")
    await centre.answers("anna")
    assert centre.calls[first].phase is Phase.TALKING
    with pytest.raises(SetupError, match="no call"):
        await change(centre.line, first, {"priority": "1"}, by="test")
