"""Somebody of the directory is rung through a trunk for a caller in the tree, and they talk, or the tree goes on.

IN_TREE ──▶ CALLING_OUT ──answered──▶ TALKING
   ▲             │ busy, no answer, closed, unknown, forbidden
   └─────────────┘
"""

from __future__ import annotations

from dataclasses import replace

from callrouter.calls.call import Call, Phase, Talk, Target
from callrouter.calls.sound import music, silence
from callrouter.calls.step import Moment, Step, entry, next_id, next_recording, with_timer, without_timers
from callrouter.journal import Word
from callrouter.telephony import (
    BridgeId,
    InterceptHold,
    Join,
    LegId,
    MakeBridge,
    RingOutside,
    StartRecording,
)
from callrouter.tree import walk as tree_walk

RING_GRACE_MS = 3_000
CAUSES = {17: "busy", 18: "no_answer", 19: "no_answer", 21: "rejected", 1: "unknown", 34: "busy"}
"""Q.850 → why nobody was reached."""


def ring(step: Step, wish: tree_walk.PutThrough, moment: Moment) -> Step | str:
    """Ring; or why that cannot be."""
    reach = moment.setting.reach(wish.target, moment.facts.now)
    if isinstance(reach, str):
        return reach
    call, leg = next_id(step.call, "t")
    target = Target(reach.id, LegId(leg), moment.now_ms, wish.record)
    call = replace(call, phase=Phase.CALLING_OUT, target=target)
    call = with_timer(call, "ring", moment.now_ms + wish.ring_s * 1000 + RING_GRACE_MS)
    out = RingOutside(target.leg, call.id, reach.number, reach.trunk, reach.caller_number, wish.ring_s)
    note = entry(Word.TRANSFER, call, target=target.id, outcome="ringing")
    rung = replace(step, call=call, commands=(*step.commands, out), entries=(*step.entries, note))
    return music(rung, wish.music)


def not_reached(call: Call, target: str, why: str) -> Step:
    """Back in the tree."""
    back = replace(without_timers(call, "ring"), phase=Phase.IN_TREE, target=None)
    return Step(back, entries=(entry(Word.TRANSFER, back, target=target[:64], outcome=why),))


def connected(call: Call, moment: Moment) -> Step:
    """Caller and target into one bridge, recorded like a conversation with an agent."""
    target = call.target
    assert target is not None
    quiet = silence(call)
    call, bridge = next_id(call, "b")
    call, recording = next_recording(call)
    kept = recording if moment.setting.record and target.record else None
    talk = Talk("", target.leg, BridgeId(bridge), kept, "", moment.now_ms, target.id)
    left = call.left_tree_ms or moment.now_ms
    call = replace(without_timers(call), phase=Phase.TALKING, target=None, talk=talk, left_tree_ms=left)
    call = replace(call, music=False, playback=None)
    record = (StartRecording(call.caller_leg, kept),) if kept else ()
    together = (
        MakeBridge(talk.bridge),
        InterceptHold(talk.leg),
        *record,
        Join(talk.bridge, (call.caller_leg, talk.leg)),
    )
    note = entry(Word.TRANSFER, call, target=target.id, outcome="connected", recording=kept or "")
    return Step(call, commands=(*quiet, *together), entries=(note,))
