"""Tones: distinct, no harmonics, lent and taken back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from callrouter.audio import alaw_decode, alaw_encode, tone, tone_shares
from callrouter.parties.tones import COUNT, Tones


def all_tones() -> list[int]:
    tones = Tones()
    return [tones.lend() for _ in range(COUNT)]


def test_no_two_tones_are_near_one_another_or_meet_a_harmonic() -> None:
    every = sorted(all_tones())
    assert len(every) > 100
    assert min(later - earlier for earlier, later in pairwise(every)) >= 20
    harmonics = {times * hz for hz in every for times in (2, 3)}
    assert not harmonics & set(every)
    assert every[-1] < 3400, "the telephone ends at 3400 Hz"


def test_those_who_come_one_after_the_other_are_far_apart() -> None:
    assert min(abs(later - earlier) for earlier, later in pairwise(all_tones())) >= 100


def test_every_tone_is_told_from_all_others_in_one_window() -> None:
    every = all_tones()
    for hz in every[::7]:
        shares = tone_shares(alaw_decode(alaw_encode(tone(hz, 0.1))), every)[0]
        heard = [other for other, share in zip(every, shares, strict=True) if share > 0.08]
        assert heard == [hz]


def test_a_tone_that_was_given_back_is_lent_again_and_they_end() -> None:
    tones = Tones()
    every = [tones.lend() for _ in range(COUNT)]
    with pytest.raises(RuntimeError, match=f"all {COUNT} tones"):
        tones.lend()
    tones.give_back(every[3])
    assert every[3] not in tones.lent
    assert tones.lend() == every[3]
