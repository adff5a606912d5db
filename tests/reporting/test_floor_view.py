import pytest

from callrouter.journal import Word
from callrouter.reporting.calls import fold
from callrouter.reporting.floor import CONDITIONS, FloorView, condition, view
from tests.reporting.diary import START_MS, Diary

NOW_MS = START_MS + 60_000


def ago(seconds: float) -> str:
    return str(round(NOW_MS - seconds * 1000))


def an_agent(activity: str = "IDLE", presence: str = "READY", **more: str) -> dict[str, str]:
    times = {"since": ago(5), "idle_since": ago(50), "presence_since": ago(500)}
    return {"activity": activity, "presence": presence, "reachable": "1", "queues": "payers,vip", **times, **more}


def the_floor(**more: dict[str, str]) -> dict[str, dict[str, str]]:
    return {
        "queue:payers": {"name": "Плательщики"},
        "queue:vip": {"name": "VIP"},
        "agent:anna": an_agent(),
        "agent:boris": an_agent("TALKING", call="c9"),
        "agent:vera": an_agent(presence="NOT_READY", reason="lunch", queues="vip"),
        "waiting:c2": {"queue": "payers", "since": ago(40), "offer": "", "caller": "+7916"},
        "waiting:c1": {"queue": "payers", "since": ago(12), "offer": "anna", "caller": ""},
        **more,
    }


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (an_agent(), "free"),
        (an_agent(reachable=""), "unreachable"),
        (an_agent("RESERVED"), "ringing"),
        (an_agent("RINGING", reachable=""), "ringing"),
        (an_agent("TALKING", presence="LOGGED_OUT"), "talking"),
        (an_agent("WRAP_UP", presence="NOT_READY"), "wrap-up"),
        (an_agent(presence="NOT_READY"), "not ready"),
        (an_agent(presence="LOGGED_OUT"), "out"),
        ({}, "out"),
    ],
)
def test_what_the_system_sees_goes_before_what_the_agent_says(agent: dict[str, str], expected: str) -> None:
    assert condition(agent) == expected
    assert expected in CONDITIONS


def test_queues_count_their_waiting_callers_and_their_agents_by_condition() -> None:
    payers, vip = view(the_floor(), NOW_MS).queues
    assert (payers.id, payers.name, payers.waiting, payers.longest_wait_ms) == ("payers", "Плательщики", 2, 40_000)
    assert payers.agents == {"free": 1, "talking": 1}
    assert (vip.waiting, vip.longest_wait_ms) == (0, 0)
    assert vip.agents == {"free": 1, "talking": 1, "not ready": 1}


def test_agents_stand_by_condition_with_the_time_that_matters() -> None:
    agents = view(the_floor(), NOW_MS).agents
    assert [(agent.id, agent.condition, agent.for_ms) for agent in agents] == [
        ("anna", "free", 50_000),
        ("boris", "talking", 5_000),
        ("vera", "not ready", 500_000),
    ]
    assert agents[2].reason == "lunch"


def test_calls_that_wait_ring_and_talk_are_shown_longest_first() -> None:
    calls = view(the_floor(), NOW_MS).calls
    assert [(call.call, call.state, call.agent, call.for_ms) for call in calls] == [
        ("c2", "waiting", "", 40_000),
        ("c1", "ringing", "anna", 12_000),
        ("c9", "talking", "boris", 5_000),
    ]


def test_with_their_records_calls_in_the_tree_are_seen_and_conversations_have_a_caller() -> None:
    talking, in_tree, over = Diary("c9"), Diary("c10"), Diary("c11")
    talking.says(Word.ARRIVED, caller="+7495")
    talking.at(20).says(Word.ENTERQUEUE, queue="vip")
    talking.at(50).says(Word.CONNECT, queue="vip", agent="boris")
    in_tree.at(57).says(Word.ARRIVED, caller="+7812")
    over.says(Word.ENDED, how="left_tree")
    living = fold([*talking.entries, *in_tree.entries, *over.entries]).values()
    calls = {call.call: call for call in view(the_floor(), NOW_MS, living).calls}
    assert set(calls) == {"c1", "c2", "c9", "c10"}
    assert (calls["c9"].caller, calls["c9"].queue, calls["c9"].for_ms) == ("+7495", "vip", 10_000)
    assert (calls["c10"].state, calls["c10"].for_ms) == ("in tree", 3_000)


def test_an_empty_floor_and_a_clock_a_little_behind_are_no_trouble() -> None:
    assert view({}, NOW_MS) == FloorView((), (), (), NOW_MS)
    (call,) = view({"waiting:c1": {"queue": "payers", "since": ago(-1)}}, NOW_MS).calls
    assert call.for_ms == 0


def test_who_rests_is_told_with_why_and_for_how_much_longer() -> None:
    resting = an_agent(activity="RESTING", rest="declined", wrap_until=str(NOW_MS + 7_000), missed="2", calls="4")
    (anna,) = view({"agent:anna": resting}, NOW_MS).agents
    assert (anna.condition, anna.reason, anna.left_ms, anna.missed, anna.calls) == ("resting", "declined", 7_000, 2, 4)


def test_a_trainee_without_a_mentor_rests_and_nobody_knows_for_how_long() -> None:
    (tina,) = view({"agent:tina": an_agent(barred="mentor")}, NOW_MS).agents
    assert (tina.condition, tina.reason, tina.left_ms) == ("resting", "mentor", 0)


def test_who_says_to_be_away_is_away_however_long_the_rest_would_last() -> None:
    rest = {"activity": "RESTING", "rest": "limit", "wrap_until": str(NOW_MS + 60_000)}
    told = [
        view({"agent:anna": an_agent(**rest | away)}, NOW_MS).agents[0]
        for away in ({"presence": "LOGGED_OUT"}, {"presence": "NOT_READY", "reason": "lunch"}, {"reachable": ""})
    ]
    assert [(one.condition, one.reason, one.left_ms) for one in told] == [
        ("out", "", 0),
        ("not ready", "lunch", 0),
        ("unreachable", "", 0),
    ]
