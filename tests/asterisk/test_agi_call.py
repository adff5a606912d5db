"""One call by AGI: which tree and language it gets, and what the dialplan reads afterwards. What comes in is data."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from callrouter.asterisk import agi_call
from callrouter.asterisk.agi_call import Desk, serve, tree_for, variables, wish_of
from callrouter.asterisk.agi_walk import Outcome, Result
from callrouter.config import NumberRoute
from callrouter.tree.walk import JoinQueue
from tests.asterisk.agi_caller import FACTS, files
from tests.asterisk.fake_agi import FarEnd, talking
from tests.tree.trees import SMALL, tree

SPOKEN = tree(SMALL.replace("[en]", "[en, ru]").replace("{en: ", "{ru: Да, en: "), "spoken.yaml")
DESK = Desk(
    {"small": tree(), "spoken": SPOKEN},
    (NumberRoute(number="+74951234567", tree="spoken", language="ru"), NumberRoute(number="101", tree="small")),
    "de",
    files,
    lambda call, caller, called: FACTS,
)


def chosen(**env: str) -> tuple[str, str]:
    found, language = tree_for(DESK, wish_of(env))
    return found.name if found else "", language


def test_a_tree_is_asked_for_by_name_or_by_the_number_that_was_dialled() -> None:
    assert chosen(agi_network_script="small") == ("small", "en")
    assert chosen(agi_network_script="small?x=1") == ("small", "en")
    assert chosen(agi_network_script="", agi_arg_1="+74951234567") == ("spoken", "ru")
    assert chosen(agi_network_script="", agi_arg_1="74951234567") == ("spoken", "ru"), "trunks differ in their plus"
    assert chosen(agi_network_script="", agi_dnid="101") == ("small", "en")
    assert chosen(agi_network_script="", agi_arg_1="999") == ("", "de")


def test_the_language_is_the_dialplans_then_the_numbers_then_the_first_that_the_tree_speaks() -> None:
    assert chosen(agi_network_script="spoken", agi_arg_1="+74951234567", agi_arg_2="en") == ("spoken", "en")
    assert chosen(agi_network_script="spoken", agi_arg_1="+74951234567", agi_arg_2="fr") == ("spoken", "ru")
    assert chosen(agi_network_script="spoken") == ("spoken", "en")


@given(script=st.text(), number=st.text(), language=st.text(), caller=st.text())
def test_whatever_is_asked_for_only_what_is_there_is_found(
    script: str, number: str, language: str, caller: str
) -> None:
    wish = wish_of({"agi_network_script": script, "agi_arg_1": number, "agi_arg_2": language, "agi_callerid": caller})
    found, spoken = tree_for(DESK, wish)
    assert found is None or (found in DESK.trees.values() and spoken in found.languages)
    assert set(wish.number + wish.caller) <= set("+0123456789")


def told(end: FarEnd) -> dict[str, str]:
    lines = [line.removeprefix("SET VARIABLE ") for line in end.heard() if line.startswith("SET VARIABLE")]
    pairs = (line.split(" ", 1) for line in lines)
    return {name.strip('"').removeprefix("CALLROUTER_"): value.strip('"') for name, value in pairs}


SET = ["200 result=1"] * 16


def test_the_dialplan_is_told_queue_priority_language_and_the_way() -> None:
    cut_by_2, heard, star, cut_by_1 = "50 endpos=1", "0 endpos=8000", "42", "49 endpos=1"
    way = "1"  # the answer to the way so far
    talk = ("0", way, way, way, cut_by_2, way, heard, star, way, cut_by_1, "0")
    answers = [f"200 result={each}" for each in talk]
    with talking(*answers, *SET) as (agi, end), capture_logs() as logs:
        serve(agi, DESK)
        said = told(end)
        assert list(said)[:3] == ["TREE", "VERSION", "PATH"], "the first of all, for those who hang up at once"
        assert said == {
            "TREE": "small",
            "VERSION": tree().version,
            "PATH": "top,more,top,shop",
            "NODE": "shop",
            "LANGUAGE": "en",
            "QUEUE": "shop",
            "PRIORITY": "4",
            **dict.fromkeys(("SKILLS", "PREFER", "MAX_WAIT", "MUSIC", "TARGET", "TAGS", "NOTICES", "REASON"), ""),
            "RESULT": "queue",
        }
    assert [(line["event"], line["result"], line["told"]) for line in logs] == [("agi_call", "queue", True)]


def test_the_result_is_told_last_so_that_half_an_answer_is_none() -> None:
    assert list(variables(Outcome(Result.ENDED, "en"), None))[-1] == "CALLROUTER_RESULT"


def test_what_the_queue_needs_is_told_in_words_a_dialplan_can_cut() -> None:
    join = JoinQueue(
        "shop", 4, require={"repairs": 3, "voice": 1}, prefer={"english": 2}, max_wait_s=90.0, music="calm"
    )
    outcome = Outcome(Result.QUEUE, "en", ("shop",), join, tags=("a", "b"), answers={"sum": 5, "paid": True})
    told = variables(outcome, tree())
    assert (told["CALLROUTER_SKILLS"], told["CALLROUTER_PREFER"]) == ("repairs:3,voice:1", "english:2")
    assert (told["CALLROUTER_MAX_WAIT"], told["CALLROUTER_MUSIC"], told["CALLROUTER_TAGS"]) == ("90", "calm", "a,b")
    assert (told["CALLROUTER_VAR_sum"], told["CALLROUTER_VAR_paid"]) == ("5", "1")


@given(value=st.text())
def test_an_answer_with_anything_in_it_is_one_line(value: str) -> None:
    told = variables(Outcome(Result.QUEUE, "en", answers={"name": value}), tree())["CALLROUTER_VAR_name"]
    assert told.isprintable()
    with talking("200 result=1") as (agi, end):
        agi.set_variable("NAME", told)
        assert end.far.recv(16_384).count(b"\n") == 1


def test_a_way_of_any_length_fits_into_a_line() -> None:
    long = variables(Outcome(Result.QUEUE, "en", ("a_long_name_of_a_node",) * 1000), tree())
    assert len(long["CALLROUTER_PATH"]) == agi_call.LONGEST_VALUE
    assert long["CALLROUTER_PATH"].endswith(",a_long_name_of_a_node")


def test_a_tree_that_is_not_there_sends_the_caller_to_the_dialplans_fallback_unanswered() -> None:
    with talking(*SET, agi_network_script="../../etc/passwd") as (agi, end):
        serve(agi, DESK)
        said = end.heard()
    assert said[-1] == 'SET VARIABLE "CALLROUTER_RESULT" "failed"'
    assert not any(line.startswith("ANSWER") for line in said)


def test_after_a_hangup_the_way_is_still_told() -> None:
    with talking("200 result=0", *SET[:3], "200 result=-1 endpos=99", "HANGUP", *SET) as (agi, end):
        serve(agi, DESK)
        answer = told(end)
    assert (answer["RESULT"], answer["PATH"]) == ("hung_up", "top")


def test_an_asterisk_that_is_gone_is_one_line_in_the_log_and_no_error() -> None:
    with talking("200 result=0") as (agi, _), capture_logs() as logs:
        serve(agi, DESK)
    assert [line["event"] for line in logs] == ["agi_answer_lost", "agi_call"]
    assert logs[-1]["told"] is False


def test_a_bug_in_us_is_logged_and_the_dialplan_goes_on() -> None:
    def broken(*_: object) -> tuple[str, ...]:
        raise ZeroDivisionError

    desk = replace(DESK, files=broken)
    with talking("200 result=0", *SET, *SET) as (agi, end), capture_logs() as logs:
        serve(agi, desk)
        assert told(end)["RESULT"] == "failed"
    assert logs[0]["event"] == "agi_call_crashed"
