"""The place of a caller whose line dropped while they waited: kept on the floor, given back when that number rings.

Rule: a place is given once. The store sees to that (`needs`); who comes second joins as a newcomer.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from callrouter.calls.call import Call, place_of
from callrouter.calls.step import Moment, Need, Step
from callrouter.journal import NOW, FloorChange, Word
from callrouter.tree.facts import KeptPlace

KEPT = "kept:"


def place_kept(call: Call, moment: Moment) -> FloorChange:
    """What stays on the floor of a caller who is gone. For a hidden number nothing does (it would be
    anybody's), nor for who will be called back and has the place there."""
    place = place_of(call)
    rules = moment.setting.queues.get(place.queue)
    if rules is None or not rules.ring_back_s or not call.caller or call.callback is not None:
        return {}
    fields = {
        "caller": call.caller.lstrip("+"),
        "queues": ",".join(dict.fromkeys((place.queue, place.first or place.queue))),
        "since": str(place.since_ms),
        "until": str(moment.now_ms + int(rules.ring_back_s * 1000)),
    }
    if place.resumes and call.walk is not None:
        walk = msgspec.json.encode(call.walk).decode()
        fields |= {"tree": call.tree, "language": call.language, "walk": walk}
    return {f"{KEPT}{call.id}": fields}


def take_place(step: Step, kept: KeptPlace) -> Step:
    """Only if nobody else has taken it meanwhile."""
    thing = f"{KEPT}{kept.call}"
    need = Need(thing, "caller", step.call.caller.lstrip("+"))
    return replace(step, floor={**step.floor, thing: None}, needs=(*step.needs, need))


def takes_place(step: Step) -> bool:
    return any(need.thing.startswith(KEPT) for need in step.needs)


def as_newcomer(step: Step, now_ms: int) -> Step:
    """The same step for one who comes too late for the place."""
    place = place_of(step.call)
    waiting = f"waiting:{step.call.id}"
    floor = {thing: fields for thing, fields in step.floor.items() if not thing.startswith(KEPT)}
    floor[waiting] = {**(floor[waiting] or {}), "since": NOW}
    entries = tuple(
        replace(entry, data={name: value for name, value in entry.data.items() if name not in ("since", "back")})
        if entry.word is Word.ENTERQUEUE
        else entry
        for entry in step.entries
    )
    needs = tuple(need for need in step.needs if not need.thing.startswith(KEPT))
    call = replace(step.call, place=replace(place, since_ms=now_ms))
    return replace(step, call=call, entries=entries, floor=floor, needs=needs)
