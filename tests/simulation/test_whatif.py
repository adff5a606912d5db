"""A known day's journal once more: unchanged it is that day, with one agent fewer that day with one agent fewer."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest

from callrouter.config import WrapUp
from callrouter.journal import Entry, Word
from callrouter.reporting.record import Result
from callrouter.simulation.again import Setup, Who, as_recorded
from callrouter.simulation.durations import Exponential
from callrouter.simulation.intervals import estimate
from callrouter.simulation.learned import Learned, learned, too_little
from callrouter.simulation.outlook import ABANDONMENT, ASA, MEASURES, OCCUPANCY, SERVICE_LEVEL, Asked, told
from callrouter.simulation.patience import Curve
from callrouter.simulation.play import play
from callrouter.simulation.recorded import NotRecorded, Rang, Recorded, recorded
from callrouter.simulation.whatif import Compared, compare, worse_than
from tests.simulation.known_day import MIDNIGHT_MS, PERIOD, centre, days_of, journal_of, one_day

ASKED = Asked()
MISSING = "nina07"


@cache
def journal() -> tuple[Entry, ...]:
    return tuple(journal_of(one_day()))


@cache
def day() -> Recorded:
    return recorded(journal(), *PERIOD)


@cache
def taught() -> Learned:
    return learned(day())


@cache
def with_one_fewer(who: Who, count: int) -> Compared:
    return compare(day(), taught(), centre(), centre(without=MISSING), who, count, 5, ASKED)


def test_the_journal_tells_the_figures_that_were_played() -> None:
    truth, found = told(play(one_day()), ASKED), as_recorded(day(), ASKED)
    assert found.callers == truth.callers
    assert found.whole == pytest.approx(truth.whole, rel=0.001)
    for queue in ("payers", "merchants"):
        assert found.queues[queue][SERVICE_LEVEL] == truth.queues[queue][SERVICE_LEVEL]


def test_the_same_callers_in_an_unchanged_centre_have_that_day_again() -> None:
    """The service level within one point, the speed of answer within its interval: the issue's own words."""
    found, truth = with_one_fewer(Who.SAME, 6), told(play(one_day()), ASKED)
    level, asa = truth.whole[SERVICE_LEVEL], truth.whole[ASA]
    assert level is not None
    assert asa is not None
    assert found.before.whole[SERVICE_LEVEL].mean == pytest.approx(level, abs=0.001)
    assert found.before.whole[ASA].covers(asa)
    assert found.before.whole[OCCUPANCY].mean == pytest.approx(truth.whole[OCCUPANCY], abs=0.001)
    assert not found.doubt


def test_callers_like_them_in_an_unchanged_centre_have_a_day_like_that() -> None:
    found, truth = with_one_fewer(Who.ALIKE, 6), told(play(one_day()), ASKED)
    for name in MEASURES:
        value = truth.whole[name]
        assert value is not None
        assert found.before.whole[name].covers_day(value), name
    assert not found.doubt


def test_with_one_agent_fewer_it_is_that_day_played_with_one_agent_fewer() -> None:
    """The very same callers met one agent fewer; what the journal could not tell (how long those who were answered
    would have waited, how long those who gave up would have talked) is drawn, so the truth is one of many days."""
    found = with_one_fewer(Who.SAME, 6)
    [fewer] = days_of(1, seed=1, without=MISSING)
    truth = told(play(fewer), ASKED)
    for name in MEASURES:
        value = truth.whole[name]
        assert value is not None
        assert found.after.whole[name].covers_day(value), name
    assert found.after.whole[SERVICE_LEVEL].mean == pytest.approx(truth.whole[SERVICE_LEVEL], abs=0.01)
    assert found.change[SERVICE_LEVEL].high < 0
    assert found.change[OCCUPANCY].low > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_over_many_days_the_change_is_the_true_one() -> None:
    """Ten known days, each with one agent fewer: what their journals say of the change, and what it was."""
    errors: dict[str, list[float]] = {name: [] for name in MEASURES}
    for here, fewer in zip(days_of(10, seed=100), days_of(10, seed=100, without=MISSING), strict=True):
        lists = replace(here, callers=list(here.callers)), replace(fewer, callers=list(fewer.callers))
        known = recorded(journal_of(lists[0]), *PERIOD)
        found = compare(known, learned(known), centre(), centre(without=MISSING), Who.SAME, 10, 5, ASKED)
        truth = told(play(lists[1]), ASKED)
        for name in MEASURES:
            value = truth.whole[name]
            assert value is not None
            errors[name].append(found.after.whole[name].mean - value)
    for name, missed in errors.items():
        spread = estimate(missed)
        assert spread is not None
        assert spread.covers(0), (name, spread)


def test_patience_is_learned_by_queue() -> None:
    payers, merchants = taught().patience["payers"], taught().patience["merchants"]
    assert isinstance(payers, Curve)
    assert payers.share_of(20) == pytest.approx(1 - math.exp(-20 / 150), abs=0.03)
    assert merchants != payers


def offers(*told: tuple[str, int, Result, int | None]) -> Recorded:
    """The known day with one caller, who had these offers."""
    rang = tuple(Rang(agent, ms, result, away is not None, away) for agent, ms, result, away in told)
    return replace(day(), callers=[replace(day().callers[0], offers=rang)])


def test_an_offer_that_was_taken_back_ends_like_one_that_rang_longer() -> None:
    """Otherwise phones that nobody answers seem rarer than they are: callers give up before they stop."""
    known = offers(("anna", 3_000, Result.ACCEPTED, None), ("anna", 15_000, Result.MISSED, 45_000),
                   ("anna", 5_000, Result.TAKEN_BACK, None))  # fmt: skip
    assert [ring.answered for ring in learned(known, Exponential(60)).rings["anna"]] == [False, False, True]


def test_somebody_who_was_not_set_not_ready_may_be_in_another_course_of_the_day_and_comes_back_as_usual() -> None:
    known = offers(("anna", 15_000, Result.MISSED, 45_000), ("boris", 15_000, Result.MISSED, None))
    rings = learned(known, Exponential(60)).rings
    assert (rings["anna"][0].away_ms, rings["boris"][0].away_ms) == (45_000, 45_000)


def test_an_hour_of_calls_is_too_little_to_judge_by() -> None:
    hour = recorded(journal(), MIDNIGHT_MS + 8 * 3_600_000, MIDNIGHT_MS + 8 * 3_600_000 + 600_000)
    assert too_little(hour, learned(hour)) == ["only 70 callers joined a queue that day; 100 are needed"]


def test_without_anybody_who_gave_up_patience_must_be_given() -> None:
    calm = replace(day(), callers=[one for one in day().callers if one.talked_ms])
    wrong = too_little(calm, learned(calm))
    assert [text.partition(":")[0] for text in wrong] == [
        "only 0 callers gave up that day, 20 are needed to know the patience in the queue merchants",
        "only 0 callers gave up that day, 20 are needed to know the patience in the queue payers",
    ]
    assert too_little(calm, learned(calm, Exponential(120))) == []


def test_a_day_that_something_else_ruled_is_not_judged_by() -> None:
    rules = {name: queue.model_copy(update={"wrap_up": WrapUp(seconds=90)}) for name, queue in centre().rules.items()}
    other = Setup(centre().floor, rules, {})
    found = compare(day(), taught(), other, other, Who.SAME, 2, 5, ASKED)
    assert "were queues and agents configured then as they are now" in found.doubt


def test_an_agent_who_works_like_another_is_there_at_the_same_hours() -> None:
    floor = {**centre().floor, "agent:zoe": centre().floor["agent:olga1"]}
    after = Setup(floor, centre().rules, {"zoe": "olga1"})
    found = compare(day(), taught(), centre(), after, Who.SAME, 3, 5, ASKED)
    assert found.change[SERVICE_LEVEL].mean > 0
    assert found.change[OCCUPANCY].mean < 0


def test_a_bound_is_broken_by_the_mean_after_the_change() -> None:
    found = with_one_fewer(Who.SAME, 6).after
    level, asa = found.whole[SERVICE_LEVEL].mean, found.whole[ASA].mean
    assert worse_than(found, {SERVICE_LEVEL: level - 0.01, ASA: asa + 1, ABANDONMENT: 1.0}) == []
    assert worse_than(found, {SERVICE_LEVEL: level + 0.01, ASA: asa - 1}) == [SERVICE_LEVEL, ASA]


def test_a_journal_that_begins_after_the_day_is_refused() -> None:
    later = [entry for entry in journal() if entry.at_ms > MIDNIGHT_MS + 10 * 3_600_000]
    with pytest.raises(NotRecorded, match="neither a SNAPSHOT nor the first CONFIG"):
        recorded(later, *PERIOD)
    whole = Entry(Word.SNAPSHOT, floor=centre().floor, id=later[0].id, at_ms=later[0].at_ms)
    with pytest.raises(NotRecorded, match="no longer holds the beginning"):
        recorded([whole, *later], *PERIOD)
    with pytest.raises(NotRecorded, match="empty"):
        recorded([], *PERIOD)
