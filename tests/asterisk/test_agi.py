"""pyst2's AGI made safe: each trap of pyst2 0.5.1 that would hurt a caller, against the far end of a real socket."""

from __future__ import annotations

import threading

import pytest
from asterisk.agi import AGIAppError, AGIError, AGIHangup, AGIInvalidCommand, AGIUnknownError, AGIUsageError
from hypothesis import given
from hypothesis import strategies as st

from callrouter.asterisk import agi as agi_module
from callrouter.asterisk.agi import Agi, NotPlayed
from tests.asterisk.fake_agi import connection, talking

OK = "200 result=0"


def test_the_greeting_is_read_in_any_thread_and_broken_letters_lose_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    found: list[str] = []

    def greet() -> None:
        with connection() as end:
            end.say("agi_callerid: 7916", b"agi_calleridname: \xff\xd0\x90nna: x", "")
            found.extend(Agi(end.near).env.values())

    thread = threading.Thread(target=greet)
    thread.start()
    thread.join()
    assert found == ["7916", "\ufffdАnna: x"]
    assert capfd.readouterr() == ("", ""), "callers' data is not printed"


def test_who_connects_and_goes_is_no_call() -> None:
    with connection() as end:
        end.end()
        with pytest.raises(AGIHangup):
            Agi(end.near)


def test_who_connects_and_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi_module, "GREETING_S", 0.05)
    with connection() as end, pytest.raises(AGIHangup):
        Agi(end.near)


def test_an_endless_greeting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi_module, "MOST_LINES", 5)
    monkeypatch.setattr(agi_module, "LONGEST_LINE", 100)
    with connection() as end:
        end.say(*(f"agi_arg_{n}: x" for n in range(agi_module.MOST_LINES + 1)))
        with pytest.raises(AGIUnknownError):
            Agi(end.near)
    with connection() as end:
        end.far.sendall(b"a" * (agi_module.LONGEST_LINE + 1))
        with pytest.raises(AGIHangup):
            Agi(end.near)


def test_a_value_cannot_leave_its_quotes() -> None:
    with talking("200 result=1") as (agi, end):
        agi.set_variable("NAME", 'a "b" \\ c')
        assert end.heard() == ['SET VARIABLE "NAME" "a \\"b\\" \\\\ c"']


@pytest.mark.parametrize("evil", ['x"\nHANGUP', "x\rHANGUP", "x\0"])
def test_a_line_break_in_a_value_is_refused_and_nothing_is_sent(evil: str) -> None:
    with talking(OK) as (agi, end):
        with pytest.raises(ValueError, match="one line"):
            agi.set_variable("NAME", evil)
        with pytest.raises(ValueError, match="one line"):
            agi.stream_file(evil)
        with pytest.raises(ValueError, match="one line"):
            agi.set_callerid(evil)  # pyst2 does not even quote this one
        assert end.heard() == []


@given(value=st.text(max_size=40), name=st.text(max_size=10))
def test_whatever_is_set_is_one_line_that_reads_back(value: str, name: str) -> None:
    with talking("200 result=1") as (agi, end):
        try:
            agi.set_variable(name, value)
        except ValueError:
            assert set("\r\n\0") & set(value + name)
            return
        said = end.far.recv(4096).decode()
        assert said.count("\n") == 1
        assert arguments(said.rstrip("\n")) == ["SET", "VARIABLE", name, value.encode(errors="replace").decode()]


def arguments(line: str) -> list[str]:
    """As parse_args in Asterisk's res_agi.c reads a command."""
    found, word, quoted, taken, started = [], "", False, iter(line), False
    for sign in taken:
        if sign == '"':
            quoted, started = not quoted, True
        elif sign == "\\":
            word, started = word + next(taken, ""), True
        elif sign in " \t" and not quoted:
            if started:
                found.append(word)
            word, started = "", False
        else:
            word, started = word + sign, True
    return [*found, word] if started else found


def test_a_folder_with_a_blank_in_its_name_can_be_played_from() -> None:
    with talking("200 result=49 endpos=160") as (agi, end):
        assert agi.stream_file("/home/Ann Lee/p", "12#") == "1"
        assert end.heard() == ['STREAM FILE "/home/Ann Lee/p" "12#" 0']


def test_a_sound_that_cannot_be_opened_is_told_from_one_that_was_heard() -> None:
    with talking("200 result=0 endpos=0", "200 result=0 endpos=8000") as (agi, _):
        with pytest.raises(NotPlayed, match="cannot play /nowhere"):
            agi.stream_file("/nowhere")
        assert agi.stream_file("/there") == ""


def test_a_hangup_line_between_command_and_answer_does_not_shift_the_answers() -> None:
    with talking("HANGUP", "200 result=1 (first)", "200 result=1 (second)") as (agi, _):
        assert agi.get_variable("A") == "first"
        assert agi.has_hung_up
        assert agi.get_variable("B") == "second", "the dead channel's variables can still be read"
        with pytest.raises(AGIHangup):
            agi.stream_file("hello")


@pytest.mark.parametrize(
    "answer",
    ["511 Command Not Permitted on a dead channel or intercept routine", "200 result=-1 (hangup)", "200 result=-1"],
)
def test_every_way_of_saying_that_the_caller_has_gone_is_understood(answer: str) -> None:
    with talking(answer) as (agi, _), pytest.raises(AGIAppError):
        agi.wait_for_digit(1000)


def test_the_end_of_the_connection_is_a_hangup_also_in_the_middle_of_an_answer() -> None:
    with talking() as (agi, _), pytest.raises(AGIHangup):
        agi.noop()
    half = ("520-Invalid command syntax.  Proper usage follows:", "Usage: NOOP")
    with talking(*half) as (agi, _), pytest.raises(AGIHangup):  # pyst2 would read for ever
        agi.noop()


def test_usage_is_read_to_its_end_in_both_its_forms() -> None:
    long = ("520-Invalid command syntax.  Proper usage follows:", "Usage: X", "does x520 End of proper usage.")
    short = "520 Invalid command syntax.  Proper usage not available."
    with talking(*long, short, OK, "510 Invalid or unknown command") as (agi, _):
        for _ in range(2):
            with pytest.raises(AGIUsageError):
                agi.noop()
        agi.noop()
        with pytest.raises(AGIInvalidCommand):
            agi.noop()


def test_trying_is_not_yet_the_answer_and_nonsense_is_an_error() -> None:
    with talking("100 result=0 Trying...", "200 result=1 (x)", "what?") as (agi, _):
        assert agi.get_variable("A") == "x"
        with pytest.raises(AGIUnknownError):
            agi.noop()


def test_values_are_read_as_they_are() -> None:
    for value in ("name=x", "Анна", "hangup", "a b"):
        with talking(f"200 result=1 ({value})") as (agi, _):
            assert agi.get_variable("A") == value


def test_an_asterisk_that_answers_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi_module, "ANSWER_S", 0.05)
    with connection() as end:
        end.greet()
        agi = Agi(end.near)
        with pytest.raises(AGIError):
            agi.wait_for_digit(10)


@given(lines=st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_whatever_crash_or_hang_it(lines: list[bytes]) -> None:
    with talking(*lines) as (agi, _):
        for _ in range(3):
            try:
                agi.get_variable("A")
            except AGIError:
                continue
