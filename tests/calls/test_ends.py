"""Every call that came ends once, as far as the journal was followed."""

from __future__ import annotations

from callrouter.acd.invariants import Invariant
from callrouter.calls.ends import REMEMBERED, Ends
from callrouter.journal import Entry, Word


def heard(*said: tuple[Word, str]) -> Ends:
    ends = Ends()
    for word, call in said:
        assert ends.hear(Entry(word, call)) is None
    return ends


def test_a_call_that_ends_again_is_told() -> None:
    ends = heard((Word.ARRIVED, "c1"), (Word.ENDED, "c1"), (Word.RECORDING, "c1"), (Word.ENDED, "c2"))
    breach = ends.hear(Entry(Word.ENDED, "c1"))
    assert breach is not None
    assert (breach.invariant, breach.call) == (Invariant.ENDS_ONCE, "c1")


def test_a_call_is_lost_if_neither_the_store_has_it_nor_an_end_was_heard() -> None:
    ends = heard(*((Word.ARRIVED, f"c{number}") for number in range(4)))
    before = ends.open
    ends.hear(Entry(Word.ENDED, "c1"))
    ends.hear(Entry(Word.ARRIVED, "c9"))
    assert [breach.call for breach in ends.lost(before, {"c2"})] == ["c0", "c3"]


def test_after_a_gap_nobody_is_missed() -> None:
    ends = heard((Word.ARRIVED, "c1"))
    before = ends.open
    ends.begin_anew()
    assert ends.lost(before, ()) == []


def test_memory_is_bounded() -> None:
    ends = heard(*((Word.ENDED, f"c{number}") for number in range(REMEMBERED + 5)))
    assert ends.hear(Entry(Word.ENDED, "c0")) is None
    assert ends.hear(Entry(Word.ENDED, f"c{REMEMBERED}")) is not None
