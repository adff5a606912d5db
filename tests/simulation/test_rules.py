"""Rules of queues and agents in a played day: doors, limits, mentors, wrap-ups, briefings, offers in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from callrouter.acd.floor import Presence
from callrouter.acd.presence import Wish
from callrouter.app.simulating import floor_of
from callrouter.config import AgentPart, Briefing, Config, Empty, InVain, MaxCalls, Queue, QueueHours, Vain, WrapUp
from callrouter.journal import Entry, Word
from callrouter.prompts.briefing import briefings
from callrouter.simulation.day import Caller, Day, Result, Ring
from callrouter.simulation.outlook import Asked, told
from callrouter.simulation.play import play
from callrouter.simulation.staging import came_or_went
from tests.simulation.test_play import LINE, Scripted, at, ends, journal, replace_rules

SPILL = Queue(name="Spill", wrap_up=WrapUp(mode="none"), max_wait_s=600)


def a_day(*callers: Caller, agents: dict[str, AgentPart] | None = None, changes: Sequence[Entry] = (),
          rings: dict[tuple[str, int], Ring] | None = None, **rules: object) -> Day:  # fmt: skip
    """`line` has these rules and overflows into `spill`; unless others are given, Anna serves both and is ready."""
    queues = {"line": replace_rules(LINE, overflow="spill", **rules), "spill": SPILL}
    agents = agents or {"anna": AgentPart(name="Anna", queues=("line", "spill"))}
    free = {"presence": "READY", "reachable": "1"}
    floor = {thing: {**fields, **(free if thing.startswith("agent:") else {})}
             for thing, fields in floor_of(agents, queues).items()}  # fmt: skip
    since = {"since": "0", "idle_since": "0", "presence_since": "0"}
    floor = {thing: {**fields, **(since if thing.startswith("agent:") else {})} for thing, fields in floor.items()}
    return Day(floor, queues, callers, Scripted(rings or {}), changes, agents=agents)


def part(*queues: str, **rules: object) -> AgentPart:
    return AgentPart.model_validate({"name": "Somebody", "queues": queues or ("line", "spill"), **rules})


def says(agent: str, presence: Presence, second: float, by: str = "agent") -> Entry:
    entry = came_or_went(agent, Wish(presence), round(second * 1000))
    return replace(entry, data={**entry.data, "by": by})


def turned(on: str, second: float) -> Entry:
    data = {"switch": "evacuation", "on": on}
    return Entry(Word.SWITCH, data=data, floor={"switch:evacuation": {"on": on}}, at_ms=round(second * 1000))


def words(day: Day, *wanted: Word) -> list[tuple[str, str, float]]:
    return [(one.word, one.agent or one.queue, one.at_ms / 1000) for one in journal(day) if one.word in wanted]


# --- doors -----------------------------------------------------------------------------------------------------------


def test_who_finds_the_line_full_goes_on_to_the_next_queue_and_is_not_among_this_ones_callers() -> None:
    found = play(a_day(at(0), at(1), at(2), max_waiting=1))
    assert [(one.result, one.queue) for one in found.done if one.caller.at_ms == 2000] == [
        (Result.REFUSED, "line"),
        (Result.ANSWERED, "spill"),
    ]
    counted = told(found, Asked())
    assert (counted.callers, counted.turned_away) == (3, 0)


def test_whom_no_queue_takes_is_turned_away() -> None:
    day = a_day(at(0), at(1), at(2, patience_s=1), max_waiting=1)
    rules = {"line": day.rules["line"].model_copy(update={"overflow": "hangup"}), "spill": SPILL}
    found = play(replace(day, rules=rules))
    assert [one.result for one in found.done if one.caller.at_ms == 2000] == [Result.REFUSED, Result.TURNED_AWAY]
    assert (told(found, Asked()).callers, told(found, Asked()).turned_away) == (3, 1)


def test_two_queues_that_overflow_into_each_other_and_are_shut_turn_the_caller_away() -> None:
    day = a_day(at(0), at(1), at(2), at(3), max_waiting=1)
    both = SPILL.model_copy(update={"max_waiting": 1, "overflow": "line"})
    found = play(replace(day, rules={**day.rules, "spill": both}))
    last = [(one.result, one.queue) for one in found.done if one.caller.at_ms == 3000]
    assert last == [(Result.REFUSED, "line"), (Result.REFUSED, "spill"), (Result.TURNED_AWAY, "line")]


def test_at_closing_those_who_wait_move_on_or_are_served() -> None:
    """The day begins at midnight: it closes at 00:01."""
    closes = {"mon-sun": "00:00-00:01"}
    for at_closing, wanted in (("leave", [(Result.MOVED_ON, 59), (Result.ANSWERED, 69)]),
                               ("serve", [(Result.ANSWERED, 69)])):  # fmt: skip
        day = a_day(at(0), at(1), at(61), hours=QueueHours(open=closes, at_closing=at_closing))  # type: ignore[arg-type]
        found = [(one.result, one.waited_ms / 1000) for one in play(day).done if one.caller.at_ms == 1000]
        assert found == wanted
        assert (Word.JOINCLOSED, "line", 61) in words(day, Word.JOINCLOSED)


def test_a_line_left_alone_is_left_when_the_grace_is_over_and_nobody_joins_it_meanwhile() -> None:
    empty = Empty(refuse_when="nobody_ready", leave_when="nobody_ready", grace_s=20)
    agents = {"anna": part("line"), "boris": part("spill")}
    gone = [says("anna", Presence.NOT_READY, 5)]
    day = a_day(at(0), at(1), at(10), agents=agents, changes=gone, empty=empty)
    assert words(day, Word.EXITEMPTY, Word.JOINEMPTY) == [(Word.JOINEMPTY, "line", 10), (Word.EXITEMPTY, "line", 25)]
    back = [*gone, says("anna", Presence.READY, 24)]
    assert words(a_day(at(0), at(1), agents=agents, changes=back, empty=empty), Word.EXITEMPTY) == []


def test_a_switch_sends_all_but_the_one_whose_phone_rings_away() -> None:
    switched = [turned("1", 3), turned("", 60)]
    rings = {("anna", 0): Ring(10_000)}
    day = a_day(at(0), at(1), at(30), at(90, 5), changes=switched, rings=rings, switch="evacuation")
    assert words(day, Word.EXITCLOSED, Word.JOINCLOSED, Word.CONNECT)[:3] == [
        (Word.EXITCLOSED, "line", 3),
        (Word.CONNECT, "anna", 10),
        (Word.JOINCLOSED, "line", 30),
    ]
    assert (Word.ENTERQUEUE, "line", 90) in words(day, Word.ENTERQUEUE)
    nowhere = {"line": day.rules["line"].model_copy(update={"overflow": "hangup"}), "spill": SPILL}
    found = play(replace(day, rules=nowhere))
    assert [one.result for one in found.done] == [Result.SENT_AWAY, Result.REFUSED, Result.TURNED_AWAY,
                                                  Result.ANSWERED, Result.ABANDONED]  # fmt: skip
    assert (told(found, Asked()).callers, told(found, Asked()).turned_away) == (4, 2)


# --- agents ----------------------------------------------------------------------------------------------------------


def test_the_last_call_of_the_shift_makes_the_agent_not_ready_until_the_next_log_in() -> None:
    agents = {"anna": part(max_calls=MaxCalls(shift=2))}
    calls = [at(second, 30) for second in (0, 100, 200, 400)]
    again = [says("anna", Presence.READY, 210, by="phone"), says("anna", Presence.LOGGED_OUT, 300),
             says("anna", Presence.READY, 310)]  # fmt: skip
    day = a_day(*calls, agents=agents, changes=again)
    assert [result for result, _, _ in ends(play(day))] == ["answered", "answered", "abandoned", "answered"]
    assert [one.data["reason"] for one in journal(day) if one.word is Word.PAUSE] == ["limit"]


def test_after_the_hours_calls_the_agent_rests_until_the_hour_allows() -> None:
    day = a_day(at(0), at(100), at(3500), agents={"anna": part(max_calls=MaxCalls(hour=2))})
    assert [waited for _, waited, _ in ends(play(day))] == [0, 0, 100]
    assert words(day, Word.RESTEND)[0] == (Word.RESTEND, "anna", 3600)


def test_a_trainee_is_offered_calls_while_a_mentor_is_at_work() -> None:
    agents = {"vera": part("line", mentors=("olga",)), "olga": part("spill")}
    changes = [says("olga", Presence.LOGGED_OUT, 10), says("olga", Presence.READY, 100)]
    day = a_day(at(0), at(80), agents=agents, changes=changes)
    assert [(waited, agent) for _, waited, agent in ends(play(day))] == [(0, "vera"), (20, "vera")]
    assert words(day, Word.BARRED) == [(Word.BARRED, "vera", 10), (Word.BARRED, "vera", 100)]
    assert play(replace(day, to_ms=200_000)).spent["vera"]["resting"] == 30_000


@pytest.mark.parametrize(
    ("rule", "asked", "seconds"),
    [
        (WrapUp(mode="none"), True, 0),
        (WrapUp(mode="optional", seconds=7), False, 0),
        (WrapUp(mode="optional", seconds=7), True, 7),
        (WrapUp(mode="timed", seconds=7), False, 7),
    ],
)
def test_an_agents_own_wrap_up_goes_before_the_queues(rule: WrapUp, asked: bool, seconds: int) -> None:
    day = a_day(replace(at(0), wrap_up_asked=asked), agents={"anna": part(wrap_up=rule)})
    assert play(day).spent["anna"].get("wrap-up", 0) == seconds * 1000


def test_ready_by_the_phone_ends_a_wrap_up_but_not_a_strict_one_and_no_talk() -> None:
    ready = [says("anna", Presence.READY, 30, by="phone"), says("anna", Presence.READY, 62, by="phone")]
    for rule, over in ((WrapUp(mode="timed", seconds=10), 62), (WrapUp(mode="strict", seconds=10), 70)):
        agents = {"anna": part(wrap_up=rule)}
        assert words(a_day(at(0), agents=agents, changes=ready), Word.COMPLETECALLER, Word.WRAPUPEND) == [
            (Word.COMPLETECALLER, "anna", 60),
            (Word.WRAPUPEND, "anna", over),
        ]


def test_the_briefing_is_part_of_the_wait_and_the_ring_is_not_longer_for_it() -> None:
    rings = {("anna", 0): Ring(14_000, briefed_ms=5_000)}
    day = a_day(at(0), rings=rings, briefing=Briefing(say=True))
    assert ends(play(day)) == [(Result.ANSWERED, 19, "anna")]
    (connect,) = [one for one in journal(day) if one.word is Word.CONNECT]
    assert (connect.data["ring_ms"], connect.data["briefed_ms"]) == ("14000", "5000")
    assert ends(play(a_day(at(0), rings=rings))) == [(Result.ANSWERED, 14, "anna")]


def test_who_gives_up_during_the_briefing_sets_the_agent_free() -> None:
    rings = {("anna", 0): Ring(1_000, briefed_ms=9_000)}
    day = a_day(at(0, patience_s=5), at(8), rings=rings, briefing=Briefing(accept="key"))
    assert words(day, Word.BRIEFED, Word.RINGCANCELED, Word.CONNECT) == [
        (Word.BRIEFED, "anna", 1),
        (Word.RINGCANCELED, "anna", 5),
        (Word.BRIEFED, "anna", 9),
        (Word.CONNECT, "anna", 18),
    ]


def test_a_simulated_queue_briefs_where_a_real_one_does() -> None:
    ways = (Briefing(), Briefing(say=True), Briefing(accept="key"), Briefing(say={"en": "Hello"}), Briefing(say={}),
            Briefing(say={}, accept="key"))  # fmt: skip
    queues = {f"q{n}": Queue(name="Q", briefing=way) for n, way in enumerate(ways)}
    assert {name for name, queue in queues.items() if queue.briefing.precedes_talk} == set(
        briefings(Config(queues=queues))
    )


def test_each_reason_for_an_offer_in_vain_has_its_own_growing_rest() -> None:
    rule = InVain(declined=Vain(rest_s=4, factor=3, longest_s=60), unreachable=Vain(limit=1))
    refused = Ring(1_000, answered=False, why="declined")
    day = a_day(at(0), rings={("anna", 0): refused, ("anna", 1): refused}, in_vain=rule)
    assert words(day, Word.RINGNOANSWER, Word.RESTEND) == [
        (Word.RINGNOANSWER, "anna", 1),
        (Word.RESTEND, "anna", 5),
        (Word.RINGNOANSWER, "anna", 6),
        (Word.RESTEND, "anna", 18),
    ]
    silent = Ring(10**8, answered=False, away_ms=30_000, why="unreachable")
    day = a_day(at(0), rings={("anna", 0): silent}, in_vain=rule, silent_s=5)
    assert words(day, Word.RINGING, Word.RINGNOANSWER, Word.PAUSE, Word.UNPAUSE)[:3] == [
        (Word.RINGNOANSWER, "anna", 5),
        (Word.PAUSE, "anna", 5),
        (Word.UNPAUSE, "anna", 35),
    ]
