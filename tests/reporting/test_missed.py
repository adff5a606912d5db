"""Who is still to be called."""

from __future__ import annotations

from callrouter.journal import Entry, Word
from callrouter.reporting.missed import CALLBACK, MESSAGE, missed

ANNA, BORIS = "+79160000001", "+79160000002"


def call(id: str, at_ms: int, caller: str, *words: tuple[Word, str, dict[str, str]]) -> list[Entry]:
    """A call from its arrival on, an entry a millisecond."""
    said = ((Word.ARRIVED, "", {"caller": caller}), (Word.NODE, "", {"node": "refund"}), *words)
    return [
        Entry(word, call=id, queue=queue, data=data, at_ms=at_ms + n, id=f"{at_ms + n}-0")
        for n, (word, queue, data) in enumerate(said)
    ]


def joins(queue: str = "desk") -> tuple[Word, str, dict[str, str]]:
    return Word.ENTERQUEUE, queue, {}


def ends(how: str) -> tuple[Word, str, dict[str, str]]:
    return Word.ENDED, "", {"how": how}


TALKS: tuple[Word, str, dict[str, str]] = (Word.CONNECT, "desk", {})
MESSAGE_LEFT = (Word.MESSAGE, "", {"group": "desk", "file": "messages/desk/m.wav"})


def test_who_hung_up_while_waiting_is_in_the_list_with_what_it_was_about() -> None:
    (one,) = missed(call("c1", 1000, ANNA, joins(), ends("abandoned")))
    assert (one.ring, one.why, one.queue, one.node, one.times) == (ANNA, "hung up while waiting", "desk", "refund", 1)


def test_who_was_talked_to_since_is_not_whatever_went_before() -> None:
    before = [*call("c1", 1000, ANNA, joins(), ends("abandoned")), *call("c2", 2000, ANNA, MESSAGE_LEFT)]
    assert len(missed(before)) == 1
    assert missed([*before, *call("c3", 3000, "79160000001", joins(), TALKS)]) == ()


def test_who_hung_up_after_having_been_talked_to_is_in_the_list_again() -> None:
    talked = call("c1", 1000, ANNA, joins(), TALKS, ends("completed"))
    (one,) = missed([*talked, *call("c2", 2000, ANNA, joins(), ends("timed_out"))])
    assert (one.call, one.times, one.why) == ("c2", 1, "waited too long")


def test_a_transfer_that_connected_is_a_conversation_and_one_that_did_not_is_none() -> None:
    busy, connected = ((Word.TRANSFER, "", {"outcome": outcome}) for outcome in ("busy", "connected"))
    assert missed(call("c1", 1000, ANNA, connected, ends("abandoned"))) == ()
    assert len(missed(call("c1", 1000, ANNA, busy, MESSAGE_LEFT))) == 1


def test_tries_are_counted_and_the_newest_reason_is_told() -> None:
    entries = [
        *call("c1", 1000, ANNA, joins(), ends("abandoned")),
        *call("c2", 2000, BORIS, joins(), ends("abandoned")),
        *call("c3", 3000, ANNA, joins(), MESSAGE_LEFT, ends("left_message")),
    ]
    boris, anna = missed(reversed(entries))
    assert (boris.caller, boris.times) == (BORIS, 1)
    assert (anna.times, anna.why, anna.messages) == (2, MESSAGE, ("messages/desk/m.wav",))


def test_a_message_left_after_the_line_stays_though_the_call_ended_like_an_abandoned_one() -> None:
    (one,) = missed(call("c1", 1000, ANNA, joins(), MESSAGE_LEFT, ends("abandoned")))
    assert (one.why, one.times, one.messages) == (MESSAGE, 1, ("messages/desk/m.wav",))


def test_a_callback_is_to_the_number_that_was_given_and_talking_to_it_settles_it() -> None:
    asked = (Word.CALLBACK, "desk", {"number": "74950001122"})
    entries = call("c1", 1000, ANNA, asked, ends("tree"))
    (one,) = missed(entries)
    assert (one.ring, one.caller, one.why, one.queue) == ("74950001122", ANNA, CALLBACK, "desk")
    assert missed([*entries, *call("c2", 2000, "+74950001122", joins(), TALKS)]) == ()


def test_hidden_numbers_are_told_apart_by_their_calls_and_nobody_settles_them() -> None:
    entries = [*call("c1", 1000, "", MESSAGE_LEFT), *call("c2", 2000, "", MESSAGE_LEFT)]
    talked = call("c3", 3000, "", joins(), TALKS)
    assert [one.call for one in missed([*entries, *talked])] == ["c1", "c2"]


def test_who_left_in_the_tree_is_missed_only_if_everybody_is_and_who_got_an_answer_there_never() -> None:
    entries = [*call("c1", 1000, ANNA, ends("left_tree")), *call("c2", 2000, BORIS, ends("tree"))]
    assert missed(entries) == ()
    (one,) = missed(entries, everybody=True)
    assert (one.caller, one.why) == (ANNA, "hung up before any line")


def test_a_message_that_could_not_be_kept_is_still_somebody_to_call() -> None:
    (one,) = missed(call("c1", 1000, ANNA, (Word.MESSAGE, "", {"group": "desk", "problem": "disk full"})))
    assert (one.why, one.messages) == (MESSAGE, ())
