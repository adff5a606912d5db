"""Who heard whom, judged: the promised voices all the time, and nobody else, not even oneself."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from callrouter.audio import Samples, tone
from callrouter.parties.ears import Ears
from callrouter.parties.listening import _judge
from callrouter.parties.party import Party
from callrouter.parties.scene import Scene
from callrouter.parties.story import Hears
from tests.parties.test_ears import Speaker


@dataclass
class Somebody:
    """A party that only hears."""

    hz: int
    ears: Ears = field(default_factory=Ears)
    hears = Party.hears


def judged(caller_hears: Samples, anna_hears: Samples) -> list[str]:
    parties = {"caller": Somebody(1710), "anna": Somebody(2450), "boris": Somebody(2990)}
    Speaker(parties["caller"].ears).say(caller_hears)
    Speaker(parties["anna"].ears).say(anna_hears)
    stage = SimpleNamespace(tones=SimpleNamespace(lent=(1710, 2450, 2990, 3310)))
    scene = cast(Scene, SimpleNamespace(party=parties.__getitem__, parties=parties, stage=stage))
    both = ("caller", "anna")
    return _judge(scene, Hears(both, both, 2.0, 5.0), [both, both[::-1]], 100.0, 102.0)[0]


CALLER, ANNA, BORIS, FAR = tone(1710, 2.0), tone(2450, 2.0), tone(2990, 2.0), tone(3310, 2.0)


def test_two_who_hear_each_other_and_nobody_else_are_well() -> None:
    assert judged(ANNA, CALLER) == []


@pytest.mark.parametrize(
    ("caller_hears", "anna_hears", "wrong"),
    [
        (CALLER * 0, CALLER, ["caller heard anna in 0% of the time"]),
        (ANNA, CALLER + BORIS, ["anna also heard boris (100%)"]),
        (ANNA + CALLER, CALLER, ["caller also heard caller (100%)"]),
        (ANNA + FAR, CALLER, ["caller also heard a stranger (3310 Hz) (100%)"]),
    ],
)
def test_what_is_wrong_is_said(caller_hears: Samples, anna_hears: Samples, wrong: list[str]) -> None:
    assert judged(caller_hears, anna_hears) == wrong


def test_half_a_conversation_is_not_enough() -> None:
    late = ANNA.copy()
    late[:8000] = 0
    assert judged(late, CALLER)[0].startswith("caller heard anna in 5")
