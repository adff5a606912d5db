"""What happens to callers and agents in a played day, by the same rules as live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from callrouter.acd.floor import Floor, Presence
from callrouter.acd.presence import Wish
from callrouter.app.history import choice
from callrouter.app.simulating import floor_of
from callrouter.config import AgentPart, InVain, Missed, Queue, Relax, WrapUp
from callrouter.journal import Entry, Word
from callrouter.reporting.calls import fold
from callrouter.reporting.explain import story
from callrouter.reporting.replay import reasons_from, things_at
from callrouter.simulation.day import Caller, Day, Done, Played, Result, Ring
from callrouter.simulation.play import play
from callrouter.simulation.staging import came_or_went
from tests.simulation.centres import queues, ready

LINE = Queue(name="Line", wrap_up=WrapUp(seconds=10), max_wait_s=300, ring_s=15)


@dataclass(frozen=True)
class Scripted:
    """Everybody talks for a minute; phones are answered at once, unless it is written otherwise."""

    rings: Mapping[tuple[str, int], Ring]

    def talk_ms(self, caller: Caller, queue: str, agent: str) -> int:
        return 60_000

    def ring(self, caller: Caller, queue: str, agent: str, time: int) -> Ring:
        return self.rings.get((agent, time), Ring())


def a_day(
    *callers: Caller,
    agents: Sequence[str] = ("anna",),
    rings: Mapping[tuple[str, int], Ring] | None = None,
    rules: Mapping[str, Queue] | None = None,
    changes: Sequence[Entry] = (),
    lines: int | None = None,
) -> Day:
    """Whoever is named first has been free the longest."""
    rules = rules or {"line": LINE}
    people = {f"agent:{name}": ready(",".join(rules), idle_since=str(place)) for place, name in enumerate(agents)}
    return Day({**queues(*rules), **people}, rules, callers, Scripted(rings or {}), changes, lines=lines)


def at(second: float, patience_s: float | None = None, queue: str = "line", priority: int = 0) -> Caller:
    patience_ms = None if patience_s is None else round(patience_s * 1000)
    return Caller(round(second * 1000), queue, patience_ms, priority=priority)


def ends(played: Played) -> list[tuple[Result, float, str]]:
    return [(done.result, done.waited_ms / 1000, done.agent) for done in sorted(played.done, key=when)]


def when(done: Done) -> tuple[int, int]:
    return done.caller.at_ms, done.waited_ms


def journal(day: Day) -> list[Entry]:
    entries: list[Entry] = []
    play(day, entries.append)
    return entries


def test_the_next_caller_waits_for_the_talk_and_the_notes() -> None:
    assert ends(play(a_day(at(0), at(10)))) == [(Result.ANSWERED, 0, "anna"), (Result.ANSWERED, 60, "anna")]


def test_the_agent_idle_longest_takes_the_call() -> None:
    found = play(a_day(at(0), at(100), agents=("boris", "anna")))
    assert [agent for _, _, agent in ends(found)] == ["boris", "anna"]


def test_whoever_has_no_patience_left_gives_up_and_the_next_one_moves_up() -> None:
    found = ends(play(a_day(at(0), at(1, patience_s=30), at(2))))
    assert found[1:] == [(Result.ABANDONED, 30, ""), (Result.ANSWERED, 68, "anna")]


def test_a_caller_with_priority_is_served_first() -> None:
    found = ends(play(a_day(at(0), at(1), at(2, priority=5))))
    assert [waited for _, waited, _ in found] == [0, 139, 68]


def test_after_the_longest_wait_another_queue_takes_over_with_the_wait_kept() -> None:
    rules = {"line": replace_rules(LINE, max_wait_s=20, overflow="other"), "other": replace_rules(LINE, priority=1)}
    found = play(a_day(at(0), at(1), at(2, queue="other"), rules=rules))
    second = [done for done in found.done if done.caller.at_ms == 1000]
    assert [(done.result, done.queue, done.waited_ms) for done in second] == [
        (Result.MOVED_ON, "line", 20_000),
        (Result.ANSWERED, "other", 69_000),
    ]


def test_after_the_longest_wait_of_the_last_queue_the_caller_is_let_go() -> None:
    rules = {"line": replace_rules(LINE, max_wait_s=20)}
    assert ends(play(a_day(at(0), at(1), rules=rules)))[1] == (Result.TIMED_OUT, 20, "")


def test_an_unanswered_phone_costs_the_caller_nothing_but_time_and_its_owner_is_set_not_ready() -> None:
    unanswered = Ring(10**8, answered=False, away_ms=300_000)
    entries = journal(a_day(at(0), agents=("anna", "boris"), rings={("anna", 0): unanswered}))
    told = [(entry.word, entry.agent, entry.at_ms) for entry in entries if entry.agent]
    assert told == [
        (Word.OFFER, "anna", 0),
        (Word.RINGING, "anna", 0),
        (Word.RINGNOANSWER, "anna", 15_000),
        (Word.PAUSE, "anna", 15_000),
        (Word.OFFER, "boris", 15_000),
        (Word.CONNECT, "boris", 15_000),
        (Word.COMPLETECALLER, "boris", 75_000),
        (Word.WRAPUPEND, "boris", 85_000),
        (Word.UNPAUSE, "anna", 315_000),
    ]


def test_an_agent_who_may_miss_more_than_one_rests_and_is_offered_again() -> None:
    rules = {"line": replace_rules(LINE, in_vain=InVain(missed=Missed(limit=2)))}
    rings = {("anna", 0): Ring(10**8, answered=False)}
    found = play(a_day(at(0), rules=rules, rings=rings))
    assert ends(found) == [(Result.ANSWERED, 20, "anna")]
    assert found.spent["anna"]["resting"] == 5_000


def test_a_caller_who_gives_up_while_a_phone_rings_gives_it_back() -> None:
    entries = journal(a_day(at(0, patience_s=5), at(6), rings={("anna", 0): Ring(10_000)}))
    told = [(entry.word, entry.at_ms) for entry in entries if entry.word in (Word.RINGCANCELED, Word.ABANDON)]
    assert told == [(Word.RINGCANCELED, 5_000), (Word.ABANDON, 5_000)]
    assert [entry.at_ms for entry in entries if entry.word is Word.CONNECT] == [16_000]


def test_the_longest_wait_lets_a_ringing_phone_end_first() -> None:
    rules = {"line": replace_rules(LINE, max_wait_s=5)}
    assert ends(play(a_day(at(0), rules=rules, rings={("anna", 0): Ring(8_000)}))) == [(Result.ANSWERED, 8, "anna")]
    missed = {("anna", 0): Ring(8_000, answered=False)}
    assert ends(play(a_day(at(0), rules=rules, rings=missed))) == [(Result.TIMED_OUT, 8, "")]


def test_agents_take_calls_while_they_are_there() -> None:
    changes = [
        came_or_went("anna", Wish(Presence.LOGGED_OUT), 1_000),
        came_or_went("anna", Wish(Presence.READY), 50_000),
    ]
    found = play(a_day(at(0), at(2), at(200), changes=[*changes, came_or_went("anna", Wish(Presence.READY), 90_000)]))
    assert [waited for _, waited, _ in ends(found)] == [0, 68, 0]


def test_when_all_lines_are_taken_further_callers_are_turned_away() -> None:
    found = ends(play(a_day(at(0), at(1), at(2), lines=2)))
    assert [result for result, _, _ in found] == [Result.ANSWERED, Result.ANSWERED, Result.TURNED_AWAY]


def test_the_same_day_gives_the_same_journal() -> None:
    day = a_day(*(at(second, patience_s=70) for second in range(0, 600, 7)), agents=("anna", "boris"))
    assert journal(day) == journal(day)


def test_every_call_ends_once_and_the_journal_tells_what_was_played() -> None:
    callers = [at(second, patience_s=20 + second % 90) for second in range(0, 3000, 11)]
    day = a_day(*callers, agents=("anna", "boris", "vera"), rings={("boris", 1): Ring(3_000, answered=False)})
    entries = journal(day)
    records = fold(entries)
    found = play(day)
    assert sorted(entry.call for entry in entries if entry.word is Word.ENDED) == sorted(records)
    waits = sorted((record.arrived_ms, record.waited_ms, record.agent) for record in records.values())
    assert waits == sorted((done.caller.at_ms, done.waited_ms, done.agent) for done in found.done)
    assert {"completed", "abandoned"} == {record.how for record in records.values()}


def test_the_floor_can_be_rebuilt_from_the_journal_at_any_moment() -> None:
    entries = journal(a_day(*(at(second) for second in range(0, 300, 40)), agents=("anna", "boris")))
    floor = Floor()
    for entry in entries:
        floor.apply(entry.floor, entry.id)
        assert things_at(entries, entry.id) == floor.things()


def test_the_choice_can_be_explained_from_the_journal_of_a_played_day() -> None:
    unanswered = {("anna", 0): Ring(10**8, answered=False, away_ms=None)}
    entries = journal(a_day(at(0), at(5), agents=("anna", "boris"), rings=unanswered))
    first = next(iter(fold(entries).values()))
    lines = story(first, reasons_from(entries, choice)).lines
    told = [text for line in lines for text in (line.text, *line.remarks)]
    chosen = "(chosen: idle longest among the able (0.0 s))"
    assert [text for text in told if "chosen" in text] == [
        f"is offered to {name} {chosen}" for name in ("anna", "boris")
    ]
    assert "not anna: not ready (missed) for 60.0 s" in told


def test_whoever_has_taken_the_fewest_calls_takes_the_next_where_that_is_the_rule() -> None:
    """By idle time alone anna and boris would take turns; boris comes to work later and catches up."""
    rules = {"line": replace_rules(LINE, wrap_up=WrapUp(mode="none"))}
    changes = [
        came_or_went("boris", Wish(Presence.LOGGED_OUT), 0),
        came_or_went("boris", Wish(Presence.READY), 200_000),
    ]
    day = a_day(*(at(second) for second in range(1, 600, 61)), agents=("anna", "boris"), rules=rules, changes=changes)
    fewest = {**day.floor, "queue:line": {**day.floor["queue:line"], "strategy": "fewest_calls"}}
    agents = [agent for _, _, agent in ends(play(replace(day, floor=fewest)))]
    assert agents == ["anna"] * 4 + ["boris"] * 4 + ["anna", "boris"]


def test_a_need_that_falls_with_time_is_looked_at_when_it_falls() -> None:
    rules = {"line": LINE.model_copy(update={"relax": (Relax(after_s=20, drop="all"),)})}
    caller = replace(at(0), needs={"require": "english:5"})
    day = a_day(caller, rules=rules)
    floor = {
        **floor_of({"anna": AgentPart(name="Anna", queues=("line",))}, rules),
        "agent:anna": day.floor["agent:anna"],
    }
    assert ends(play(replace(day, floor=floor))) == [(Result.ANSWERED, 20, "anna")]


def test_agents_time_adds_up() -> None:
    day = replace(a_day(at(0), at(30), agents=("anna", "boris")), from_ms=10_000, to_ms=200_000)
    spent = play(day).spent
    assert all(sum(kinds.values()) == 190_000 for kinds in spent.values())
    assert spent["anna"] == {"talking": 50_000, "wrap-up": 10_000, "free": 130_000}


def replace_rules(rules: Queue, **changed: object) -> Queue:
    return rules.model_copy(update=changed)


def everybody(*callers: Caller, rings: Mapping[tuple[str, int], Ring], **rules: object) -> Day:
    """A queue that rings anna, boris and vera at once."""
    queue = replace_rules(LINE, strategy="ring_all", **rules)
    day = a_day(*callers, agents=("anna", "boris", "vera"), rings=rings, rules={"line": queue})
    return replace(day, floor={**day.floor, "queue:line": {"name": "Line", "strategy": "ring_all"}})


def test_of_all_whose_phones_ring_the_first_who_answers_has_the_caller() -> None:
    rings = {("anna", 0): Ring(9_000), ("boris", 1): Ring(4_000), ("vera", 2): Ring(2_000, False, None)}
    entries = journal(everybody(at(0), rings=rings))
    told = [(entry.word, entry.agent, entry.at_ms) for entry in entries if entry.word is not Word.RINGING]
    assert [one for one in told if one[1]][:6] == [
        (Word.OFFER, "anna", 0),
        (Word.OFFER, "boris", 0),
        (Word.OFFER, "vera", 0),
        (Word.RINGNOANSWER, "vera", 2_000),
        (Word.RINGCANCELED, "anna", 4_000),
        (Word.CONNECT, "boris", 4_000),
    ]


def test_the_second_caller_rings_those_who_were_not_faster() -> None:
    rings = {(name, n): Ring(1_000 + 1_000 * n) for n, name in enumerate(("anna", "boris", "vera"))}
    found = ends(play(everybody(at(0), at(0.5), rings=rings)))
    assert found == [(Result.ANSWERED, 1, "anna"), (Result.ANSWERED, 0.5, "boris")]


def test_nobody_joins_the_last_ring_of_a_caller_whose_longest_wait_is_over() -> None:
    rings = dict.fromkeys((("anna", 0), ("vera", 1)), Ring(10**8, answered=False, away_ms=None))
    day = everybody(at(0), rings=rings, max_wait_s=5)
    back = [came_or_went("boris", Wish(Presence.LOGGED_OUT), 0), came_or_went("boris", Wish(Presence.READY), 8_000)]
    entries = journal(replace(day, changes=back))
    assert [entry.agent for entry in entries if entry.word is Word.OFFER] == ["anna", "vera"]
    assert [entry.at_ms for entry in entries if entry.word in (Word.LASTRING, Word.EXITWITHTIMEOUT)] == [5_000, 15_000]
    things = things_at(entries, entries[-1].id)
    assert things is not None
    assert things["agent:boris"]["activity"] == "IDLE"
