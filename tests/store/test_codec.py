"""Entries on their way back from Redis."""

from __future__ import annotations

import pytest

from callrouter.errors import CallrouterError
from callrouter.journal import Entry, Word
from callrouter.store.codec import clean, decode_entry
from callrouter.store.keys import Keys


def test_an_entry_with_nothing_but_its_word_is_an_entry() -> None:
    entry = decode_entry(b"1700000000123-4", {b"word": b"ENDED"})
    assert entry == Entry(Word.ENDED, id="1700000000123-4", at_ms=1_700_000_000_123)


def test_a_word_of_another_version_is_named_and_says_what_to_do() -> None:
    with pytest.raises(CallrouterError, match=r"1-0 has the word 'TELEPORTED'.*same version"):
        decode_entry(b"1-0", {b"word": b"TELEPORTED"})


@pytest.mark.parametrize(("text", "kept"), [("Анна", "Анна"), ("a\x00", "a\x00"), ("\ud83d!", "?!"), ("", "")])
def test_text_that_utf8_can_not_carry_is_marked(text: str, kept: str) -> None:
    assert clean(text) == kept


def test_all_keys_of_a_centre_share_one_slot() -> None:
    keys = Keys("north")
    named = [
        keys.journal,
        keys.floor,
        keys.owners,
        keys.states,
        keys.leases,
        keys.trimmed,
        keys.did("1"),
        keys.lock("x"),
    ]
    assert {key.partition(":")[0] for key in named} == {"{north}"}
    assert len(set(named)) == len(named)
