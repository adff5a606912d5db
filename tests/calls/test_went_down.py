"""The switch goes down with the caller: that is no abandon, and nothing was completed."""

from __future__ import annotations

import pytest

from callrouter.calls import events as e
from callrouter.calls.call import Phase
from callrouter.journal import Word
from tests.calls.scenes import in_phase

WITH_CALLER = (Phase.IN_TREE, Phase.CALLING_OUT, Phase.WAITING, Phase.OFFERING, Phase.TALKING, Phase.LEAVING)


@pytest.mark.parametrize("phase", WITH_CALLER)
def test_the_call_ends_as_lost_and_nobody_has_given_up(phase: Phase) -> None:
    scene = in_phase(phase).then(e.CallerHungUp(lost=True), after_ms=1_000)
    assert scene.call.phase is Phase.ENDED
    assert scene.entries[-1].word is Word.ENDED
    assert scene.entries[-1].data["how"] == "lost"
    assert Word.ABANDON not in scene.words


def test_what_was_talked_until_then_is_kept_and_the_agent_is_free_for_notes() -> None:
    scene = in_phase(Phase.TALKING).then(e.AgentHungUp(lost=True), after_ms=9_000)
    done, last = scene.entries[-2:]
    assert (done.word, done.data["talked_ms"]) == (Word.COMPLETEAGENT, "9000")
    assert last.data["how"] == "lost"
    assert scene.last is not None
    agent = scene.last.floor["agent:anna"]
    assert agent is not None
    assert agent["activity"] == "WRAP_UP"


def test_who_hangs_up_has_still_given_up() -> None:
    scene = in_phase(Phase.WAITING).then(e.CallerHungUp())
    assert scene.words[-2:] == [Word.ABANDON, Word.ENDED]
    assert scene.entries[-1].data["how"] == "abandoned"
