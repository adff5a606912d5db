from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from callrouter.acd import activity
from callrouter.acd.floor import Presence
from callrouter.acd.presence import Wish, presence_fields
from callrouter.config import Vain
from callrouter.journal import Entry, FloorChange, Word
from callrouter.reporting.stretches import Stretch, tell
from tests.reporting.diary import START_MS, Diary, a_call_that_rings_twice


def an_entry(n: int, floor: FloorChange, word: Word = Word.CONFIG, **about: str) -> Entry:
    return Entry(word, floor=floor, id=f"{START_MS + n * 1000}-0", at_ms=START_MS + n * 1000, **about)  # type: ignore[arg-type]


def kinds(stretches: tuple[Stretch, ...], agent: str) -> list[tuple[str, float]]:
    return [(one.kind, (one.ends_ms - one.begins_ms) / 1000) for one in stretches if one.agent == agent]


def test_what_an_agent_did_during_a_call_is_told_in_stretches() -> None:
    told = tell({}, a_call_that_rings_twice(Diary()).entries)
    assert kinds(told.over, "anna") == [("free", 27.0), ("ringing", 0.1), ("ringing", 14.9)]
    assert told.lasting["anna"].kind == "not ready"
    assert told.lasting["anna"].reason == "missed"
    assert kinds(told.over, "boris") == [("free", 32.0), ("ringing", 0.2), ("ringing", 2.8), ("talking", 74.0)]
    wraps = told.lasting["boris"]
    assert (wraps.kind, wraps.call, wraps.queue) == ("wrap-up", Diary().call, "payers")


def test_rest_after_a_missed_offer_is_not_wrap_up() -> None:
    anna = "agent:anna"
    ready = {"presence": "READY", "reachable": "1", **activity.idle()}
    told = tell(
        {},
        [
            an_entry(0, {anna: ready}),
            an_entry(1, {anna: activity.reserved("c1", "l")}, Word.OFFER, call="c1", queue="payers", agent="anna"),
            an_entry(9, {anna: activity.missed(1, Vain(), 0, "missed")}, Word.RINGNOANSWER, call="c1", queue="payers"),
            an_entry(12, {anna: activity.idle()}, Word.WRAPUPEND),
        ],
    )
    assert kinds(told.over, "anna") == [("free", 1.0), ("ringing", 8.0), ("resting", 3.0)]


def test_a_wrap_up_asked_for_after_the_talk_belongs_to_its_call() -> None:
    anna = "agent:anna"
    told = tell(
        {},
        [
            an_entry(0, {anna: {"presence": "READY", "reachable": "1", **activity.talking("c1", "payers")}}, call="c1"),
            an_entry(5, {anna: activity.idle()}, Word.COMPLETEAGENT, call="c1", queue="payers"),
            an_entry(7, {anna: activity.wrapping_up(0)}, Word.WRAPUP, call="c1", queue="payers"),
            an_entry(9, {anna: activity.idle()}, Word.WRAPUPEND),
        ],
    )
    assert kinds(told.over, "anna") == [("talking", 5.0), ("free", 2.0), ("wrap-up", 2.0)]
    assert (told.over[-1].call, told.over[-1].queue) == ("c1", "payers")


def test_a_trainee_without_a_mentor_rests_and_is_not_free() -> None:
    tina = "agent:tina"
    told = tell(
        {},
        [
            an_entry(0, {tina: {"presence": "READY", "reachable": "1", **activity.idle()}}),
            an_entry(3, {tina: {"barred": "mentor"}}, Word.BARRED),
            an_entry(8, {tina: {"barred": ""}}, Word.BARRED),
            an_entry(9, {tina: None}),
        ],
    )
    assert kinds(told.over, "tina") == [("free", 3.0), ("resting", 5.0), ("free", 1.0)]


def test_a_pause_during_wrap_up_is_a_stretch_of_its_own_of_the_same_call() -> None:
    boris = "agent:boris"
    told = tell(
        {},
        [
            an_entry(0, {boris: {"presence": "READY", "reachable": "1", **activity.reserved("c1", "l")}}, call="c1"),
            an_entry(1, {boris: activity.talking()}, Word.CONNECT, call="c1", queue="payers"),
            an_entry(5, {boris: activity.wrapping_up(0)}, Word.COMPLETEAGENT, call="c1", queue="payers"),
            an_entry(8, {boris: presence_fields(Wish(Presence.NOT_READY, "lunch"))}, Word.PAUSE),
            an_entry(9, {boris: activity.idle()}, Word.WRAPUPEND),
        ],
    )
    assert [(one.kind, one.call, one.reason) for one in told.over[-2:]] == [
        ("wrap-up", "c1", ""),
        ("wrap-up", "c1", "lunch"),
    ]
    assert (told.lasting["boris"].kind, told.lasting["boris"].call) == ("not ready", "")


def test_who_is_not_in_a_snapshot_is_gone_and_who_is_taken_away_too() -> None:
    ready = {"presence": "READY", "reachable": "1"}
    told = tell({}, [an_entry(0, {f"agent:{name}": ready for name in ("anna", "boris", "vera")})])
    told = tell(told.lasting, [an_entry(2, {"agent:vera": None})])
    assert kinds(told.over, "vera") == [("free", 2.0)]
    told = tell(told.lasting, [an_entry(4, {"agent:anna": ready}, Word.SNAPSHOT)])
    assert kinds(told.over, "boris") == [("free", 4.0)]
    assert set(told.lasting) == {"anna"}
    assert told.lasting["anna"].begins_ms == START_MS


CHANGE = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "presence": st.sampled_from(["READY", "NOT_READY", "LOGGED_OUT"]),
            "activity": st.sampled_from(["IDLE", "RESERVED", "RINGING", "TALKING", "WRAP_UP"]),
            "reachable": st.sampled_from(["1", ""]),
            "call": st.sampled_from(["", "c1"]),
            "missed": st.just("1"),
        },
    ),
)


@given(st.lists(st.tuples(st.integers(0, 3), CHANGE), max_size=20), st.integers(0, 20))
def test_an_agents_time_has_no_hole_and_no_overlap_and_pages_make_no_difference(
    changes: list[tuple[int, dict[str, str] | None]], page: int
) -> None:
    now, entries = 0, []
    for n, (later, change) in enumerate(changes):
        now += later
        entries.append(Entry(Word.CONFIG, floor={"agent:a": change}, id=f"{now}-{n}", at_ms=now))
    told = tell({}, entries)
    first = tell({}, entries[:page])
    second = tell(first.lasting, entries[page:])
    assert ((*first.over, *second.over), second.lasting) == (told.over, told.lasting)
    every = [*told.over, *told.lasting.values()]
    gone = {entry.at_ms for entry in entries if entry.floor["agent:a"] is None}
    for one, another in pairwise(every):
        assert one.begins_ms < one.ends_ms
        assert one.ends_ms == another.begins_ms or one.ends_ms in gone
