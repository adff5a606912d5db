"""Who may join a line, who must leave it, and who is there: pure."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.acd import activity
from callrouter.acd.attendance import Attendance, Staff
from callrouter.acd.doors import ANY_TIME, Times, Why, is_left_alone, refuses, sends_away, times
from callrouter.acd.floor import Floor
from callrouter.acd.kept import KeptPlaces
from callrouter.config import Empty, Queue, QueueHours

MOSCOW = ZoneInfo("Europe/Moscow")
HOURS = QueueHours(open={"mon-fri": "09:00-18:00"}, holidays="ru", last_join_m=15)
EVERYBODY = Staff(2, 2, 2)


def at(hours: QueueHours, text: str, zone: ZoneInfo = MOSCOW) -> Times:
    return times(hours, datetime.fromisoformat(text).replace(tzinfo=zone), {"ru": frozenset({date(2026, 6, 12)})})


def why(
    staff: Staff = EVERYBODY, waiting: int = 0, on: str = "", when: Times = ANY_TIME, **rules: object
) -> Why | None:
    return refuses(Queue(name="Q", **rules), staff, waiting, {on}, when)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "is_open", "may_join"),
    [
        ("2026-06-01T08:59", False, False),
        ("2026-06-01T09:00", True, True),
        ("2026-06-01T17:44", True, True),
        ("2026-06-01T17:45", True, False),
        ("2026-06-01T17:59", True, False),
        ("2026-06-01T18:00", False, False),
        ("2026-06-06T12:00", False, False),
        ("2026-06-12T12:00", False, False),
    ],
)
def test_hours_say_who_is_served_and_who_may_still_join(moment: str, is_open: bool, may_join: bool) -> None:
    assert at(HOURS, moment) == Times(is_open, may_join)


def test_the_last_minutes_are_counted_in_the_queue_s_own_zone_and_over_a_change_of_clocks() -> None:
    berlin = QueueHours(open={"sun": "01:00-04:00"}, zone="Europe/Berlin", last_join_m=60)
    # 2026-03-29: 02:00 is 03:00, so at 01:59 one hour later it is 03:59
    assert at(berlin, "2026-03-29T01:59", ZoneInfo("Europe/Berlin")) == Times(True, True)
    assert at(berlin, "2026-03-29T03:00", ZoneInfo("Europe/Berlin")) == Times(True, False)


def test_the_doors_are_open_by_default_to_anybody_at_any_time() -> None:
    assert why(Staff(), 10_000) is None
    assert sends_away(Queue(name="Q"), {"evacuation"}, Times(False, False)) is None


def test_an_emergency_goes_before_hours_and_hours_before_staff_and_staff_before_a_full_line() -> None:
    rules = {"switch": "fire", "hours": HOURS, "empty": Empty(refuse_when="nobody_ready"), "max_waiting": 1}
    shut = Times(False, False)
    assert why(Staff(), 1, "fire", shut, **rules) is Why.EMERGENCY
    assert why(Staff(), 1, "", shut, **rules) is Why.CLOSED
    assert why(Staff(1, 0, 0), 1, "", ANY_TIME, **rules) is Why.NOBODY
    assert why(EVERYBODY, 1, "", ANY_TIME, **rules) is Why.FULL
    assert why(EVERYBODY, 0, "", ANY_TIME, **rules) is None


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_each_emptiness_holds_also_when_the_one_before_it_does(a: int, b: int, c: int) -> None:
    reachable, ready, logged_in = sorted((a, b, c))
    staff = Staff(logged_in, ready, reachable)
    states = [is_left_alone(staff, when) for when in ("nobody_logged_in", "nobody_ready", "nobody_reachable")]
    assert states == sorted(states)
    assert not is_left_alone(staff, None)


def test_closing_sends_away_only_where_the_queue_says_so() -> None:
    closed = Times(False, False)
    leave = Queue(name="Q", hours=HOURS.model_copy(update={"at_closing": "leave"}))
    assert sends_away(Queue(name="Q", hours=HOURS), (), closed) is None
    assert sends_away(leave, (), closed) is Why.CLOSED
    assert sends_away(leave, (), Times(True, False)) is None


CHANGES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["agent:a", "agent:b", "agent:c"]),
            st.one_of(
                st.none(),
                st.dictionaries(st.just("presence"), st.sampled_from(["READY", "NOT_READY", "LOGGED_OUT"]), min_size=1),
                st.dictionaries(st.just("reachable"), st.sampled_from(["1", ""]), min_size=1),
                st.dictionaries(st.just("queues"), st.sampled_from(["x", "x,y", "y"]), min_size=1),
                st.just({"activity": "TALKING"}),
            ),
        ),
        st.tuples(
            st.sampled_from(["waiting:1", "waiting:2"]),
            st.one_of(st.none(), st.dictionaries(st.just("queue"), st.sampled_from(["x", "y"]), min_size=1)),
        ),
    ),
    max_size=30,
)


@given(CHANGES)
def test_what_is_counted_along_the_way_is_what_counting_anew_gives(
    changes: list[tuple[str, dict[str, str] | None]],
) -> None:
    floor = Floor()
    for number, (thing, fields) in enumerate(changes):
        floor.apply({thing: fields}, f"{number}-0")
    for queue in ("x", "y"):
        mine = [agent for agent in floor.agents.values() if queue in agent.queues]
        ready = [agent for agent in mine if agent.presence == "READY"]
        here = [agent for agent in mine if agent.presence != "LOGGED_OUT"]
        reachable = [agent for agent in ready if agent.reachable]
        assert floor.attendance.staff(queue) == Staff(len(here), len(ready), len(reachable))
        assert set(floor.attendance.line(queue)) == {one.call for one in floor.waiting.values() if one.queue == queue}
    again = Floor(floor.things())
    assert all(again.attendance.staff(queue) == floor.attendance.staff(queue) for queue in ("x", "y"))


def test_a_trainee_without_a_mentor_is_there_and_not_ready() -> None:
    floor = Floor({"agent:tina": {"queues": "x", "presence": "READY", "reachable": "1"}})
    assert floor.attendance.staff("x") == Staff(1, 1, 1)
    floor.apply({"agent:tina": {"barred": "mentor"}}, "2-0")
    assert floor.attendance.staff("x") == Staff(1, 0, 0)
    floor.apply({"agent:tina": {"barred": ""}}, "3-0")
    assert floor.attendance.staff("x") == Staff(1, 1, 1)


def test_who_rests_because_the_hour_has_had_its_calls_is_there_and_not_ready_and_a_short_rest_changes_nothing() -> None:
    floor = Floor({"agent:anna": {"queues": "x", "presence": "READY", "reachable": "1"}})
    floor.apply({"agent:anna": activity.resting(9_000, "missed")}, "2-0")
    assert floor.attendance.staff("x") == Staff(1, 1, 1)
    floor.apply({"agent:anna": activity.freed(9_000, 1_000)}, "3-0")
    assert floor.attendance.staff("x") == Staff(1, 0, 0)
    floor.apply({"agent:anna": activity.idle()}, "4-0")
    assert floor.attendance.staff("x") == Staff(1, 1, 1)


def test_who_waits_to_be_called_back_does_not_fill_the_line() -> None:
    attendance = Attendance()
    attendance.call_changed("c1", {"queue": "x", "callback": "1"})
    attendance.call_changed("c2", {"queue": "x"})
    assert list(attendance.line("x")) == ["c2"]


def test_kept_places_are_found_by_number_oldest_first_until_their_time_is_up() -> None:
    kept = KeptPlaces()
    kept.change("c1", {"caller": "7916", "queues": "x,y", "since": "20", "until": "100"})
    kept.change("c2", {"caller": "7916", "queues": "x", "since": "10", "until": "50"})
    assert [(one.call, one.queues) for one in kept.of("+7916", 40)] == [("c2", ("x",)), ("c1", ("x", "y"))]
    assert [one.call for one in kept.of("7916", 50)] == ["c1"]
    assert list(kept.over(50)) == ["c2"]
    kept.change("c1", None)
    kept.change("c2", None)
    assert (kept.of("7916", 0), kept.of("", 0)) == ((), ())
