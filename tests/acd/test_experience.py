"""What the journal teaches about waiting, and how right was what was made of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from callrouter.acd.experience import ENOUGH, Experience
from callrouter.acd.foresight import Foresight, measured
from callrouter.journal import Entry, Word

IDLE: Mapping[str, str] = {"activity": "IDLE"}
WRAP_UP: Mapping[str, str] = {"activity": "WRAP_UP"}


def talk(experience: Experience, queue: str, at_ms: int, *, ring: int, talked: int, wrap_up: int) -> None:
    """Anna's phone rings, she talks, she writes her notes."""
    end = at_ms + talked
    data = {"ring_ms": str(ring), "waited_ms": "1000"}
    experience.hear(Entry(Word.CONNECT, agent="anna", queue=queue, data=data, at_ms=at_ms))
    after = {"agent:anna": WRAP_UP if wrap_up else IDLE}
    done = {"talked_ms": str(talked)}
    experience.hear(Entry(Word.COMPLETECALLER, agent="anna", queue=queue, data=done, floor=after, at_ms=end))
    if wrap_up:
        experience.hear(Entry(Word.WRAPUPEND, agent="anna", floor={"agent:anna": IDLE}, at_ms=end + wrap_up))


def test_a_conversation_is_its_ringing_its_talk_and_its_wrap_up() -> None:
    experience = Experience()
    for n in range(ENOUGH):
        talk(experience, "payers", n * 1000, ring=4_000, talked=90_000, wrap_up=0 if n % 2 else 12_000)
    found = experience.of(["payers"])
    assert found is not None
    assert set(found.ring) == {4_000}
    assert set(found.talk) == {90_000}
    assert set(found.wrap_up) == {0, 12_000}


def test_a_queue_that_has_had_few_conversations_borrows_from_all() -> None:
    experience = Experience()
    for n in range(ENOUGH - 1):
        talk(experience, "payers", n * 1000, ring=0, talked=60_000, wrap_up=0)
    assert experience.of(["merchants"]) is None
    talk(experience, "merchants", 10**6, ring=0, talked=300_000, wrap_up=0)
    found = experience.of(["merchants"])
    assert found is not None
    assert sorted(set(found.talk)) == [60_000, 300_000]


def test_callers_give_up_as_often_as_they_did_for_each_second_of_waiting() -> None:
    experience = Experience()
    for n in range(ENOUGH):
        talk(experience, "payers", n * 1000, ring=0, talked=60_000, wrap_up=0)
    for _ in range(3):
        experience.hear(Entry(Word.ABANDON, queue="payers", data={"waited_ms": "10000"}))
    found = experience.of(["payers"])
    assert found is not None
    assert found.gives_up == pytest.approx(3 / (ENOUGH * 1_000 + 30_000))


def test_a_conversation_whose_end_was_never_seen_teaches_nothing() -> None:
    experience = Experience()
    for _ in range(ENOUGH):
        experience.hear(Entry(Word.CONNECT, agent="anna", queue="payers", data={"ring_ms": "1", "waited_ms": "1"}))
        experience.hear(Entry(Word.REPAIRED, agent="anna", floor={"agent:anna": IDLE}))
    assert experience.of(["payers"]) is None


def told(foresight: Foresight, call: str, p50: int, p90: int, came: int, word: Word = Word.CONNECT) -> None:
    data = {"p50_ms": str(p50), "p90_ms": str(p90)}
    foresight.hear(Entry(Word.EXPECTED, call=call, queue="payers", data=data, at_ms=1000))
    foresight.hear(Entry(word, call=call, queue="payers", at_ms=1000 + came))


def test_what_was_told_is_held_against_what_came() -> None:
    foresight = Foresight()
    for n, came in enumerate((50_000, 100_000, 150_000, 400_000)):
        told(foresight, f"c{n}", 100_000, 300_000, came)
    found = foresight.of("payers")
    assert found is not None
    assert (found.count, found.error, found.within_p50, found.within_p90) == (4, 0.5, 0.5, 0.75)


def test_who_gives_up_counts_only_when_the_promise_was_broken_by_then() -> None:
    foresight = Foresight()
    told(foresight, "c1", 10_000, 30_000, 20_000, Word.ABANDON)
    told(foresight, "c2", 10_000, 30_000, 40_000, Word.ABANDON)
    told(foresight, "c3", 10_000, 30_000, 20_000, Word.EXITWITHKEY)
    found = foresight.of("payers")
    assert found is not None
    assert (found.count, found.within_p90) == (1, 0)


def test_nothing_is_told_before_it_was_tested_nor_after_it_was_wrong() -> None:
    foresight = Foresight()
    for n in range(19):
        told(foresight, f"c{n}", 60_000, 120_000, 60_000)
    assert not foresight.is_right("payers", 0.7)
    told(foresight, "c19", 60_000, 120_000, 60_000)
    assert foresight.is_right("payers", 0.7)
    for n in range(20, 30):
        told(foresight, f"c{n}", 60_000, 120_000, 300_000)
    assert not foresight.is_right("payers", 0.7)


def test_a_small_error_of_a_short_wait_is_small() -> None:
    foresight = Foresight()
    told(foresight, "c1", 3_000, 9_000, 9_000)
    found = foresight.of("payers")
    assert found is not None
    assert found.error == pytest.approx(0.2)


def test_of_nobody_nothing_is_known() -> None:
    assert measured(()) is None
