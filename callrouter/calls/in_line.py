"""Into a queue's line and out of it again: everything about a waiting call but its offers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from callrouter.calls.call import Call, Phase, Place, place_of
from callrouter.calls.sound import speak
from callrouter.calls.step import Moment, Step, ended, entry, with_timer, without_timers
from callrouter.journal import NOW, Entry, Word
from callrouter.telephony import HandToFallback
from callrouter.tree.model import Prompt
from callrouter.tree.walk import JoinQueue

MUSIC_AFTER_MS = 250
"""An agent who answers at once is there before music could begin; starting it costs two commands a call."""


def join(step: Step, wish: JoinQueue, moment: Moment) -> Step:
    """As the tree wants it."""
    there = joined(step, wish.queue, wish.priority, moment, prompts=wish.prompts)
    call = there.call
    if call.place is None:
        return there
    place = replace(
        call.place,
        music=wish.music or "",
        announce=wish.announce,
        announce_every_s=wish.announce_every_s,
        exit_key=wish.exit_key or "",
        returns=wish.returns,
    )
    if wish.max_wait_s is not None:
        place = replace(place, leave_at_ms=moment.now_ms + int(wish.max_wait_s * 1000))
        call = with_timer(call, "wait", place.leave_at_ms)
    if wish.announce is not None:
        call = with_timer(call, "announce", moment.now_ms + int(wish.announce_every_s * 1000))
    return _with_needs(replace(there, call=replace(call, place=place)), wish, moment)


def _with_needs(step: Step, wish: JoinQueue, moment: Moment) -> Step:
    """Which agents the caller needs stands on the floor beside the place."""
    needs = {
        "require": _levels(wish.require),
        "prefer": _levels(wish.prefer),
        "sticky": moment.facts.last_agent if wish.sticky_agent else "",
    }
    thing = f"waiting:{step.call.id}"
    fields = {**(step.floor.get(thing) or {}), **{name: value for name, value in needs.items() if value}}
    call = replace(
        step.call,
        place=replace(place_of(step.call), require=needs["require"], prefer=needs["prefer"], sticky=needs["sticky"]),
    )
    return replace(step, call=call, floor={**step.floor, thing: fields})


def _levels(skills: Mapping[str, int]) -> str:
    return ",".join(f"{skill}:{level}" for skill, level in skills.items())


def joined(
    step: Step,
    queue: str,
    priority: int,
    moment: Moment,
    *,
    since_ms: int | None = None,
    prompts: tuple[Prompt, ...] = (),
) -> Step:
    """Into a queue's line, with a word to begin with; `since_ms` keeps the time already waited elsewhere."""
    call = without_timers(step.call, "tree", "wait", "outlook")
    rules = moment.setting.queues.get(queue)
    if rules is None:
        return to_fallback(replace(step, call=call), f"queue {queue} is not configured", moment)
    leave_at = moment.now_ms + int(rules.max_wait_s * 1000)
    place = Place(queue, priority, since_ms or moment.now_ms, leave_at)
    call = replace(call, phase=Phase.WAITING, place=place, left_tree_ms=call.left_tree_ms or moment.now_ms)
    call = with_timer(call, "wait", leave_at)
    if rules.announce.position or rules.announce.expected_wait:
        call = with_timer(call, "outlook", moment.now_ms + int(rules.announce.first_s * 1000))
    if not call.music and not prompts:
        call = with_timer(call, "music", moment.now_ms + MUSIC_AFTER_MS)
    there = replace(
        step,
        call=call,
        entries=(*step.entries, entry(Word.ENTERQUEUE, call, queue=queue, priority=priority, caller=call.caller)),
        floor={**step.floor, f"waiting:{call.id}": waiting_fields(call, place, since_ms, moment)},
    )
    return speak(there, prompts, moment) if prompts else there


def waiting_fields(call: Call, place: Place, since_ms: int | None, moment: Moment) -> dict[str, str]:
    """What everybody may know of a waiting call: its place, and what the tree has learned for the agent."""
    return {
        "queue": place.queue,
        "priority": str(place.priority),
        "since": str(since_ms) if since_ms else NOW,
        "offer": "",
        "open": "",
        "owner": moment.setting.owner,
        "caller": call.caller,
        "path": " ".join(call.path[-50:]),
        **({"answers": json.dumps(call.answers, ensure_ascii=False)} if call.answers else {}),
        **({"tags": ",".join(call.tags)} if call.tags else {}),
    }


def overflow(step: Step, queue: str, moment: Moment) -> Step:
    """To another queue, with the time waited and what the tree wished for kept."""
    before = step.call.place
    assert before is not None
    there = joined(step, queue, before.priority, moment, since_ms=before.since_ms)
    place = there.call.place
    if place is None or there.call.phase is not Phase.WAITING:
        return there
    kept = replace(before, queue=queue, leave_at_ms=place.leave_at_ms)
    return replace(there, call=replace(there.call, place=kept))


def back_to_tree(call: Call, moment: Moment) -> Call:
    """Out of the line; what the caller hears goes on until the tree speaks."""
    assert call.place is not None
    waited = moment.now_ms - call.place.since_ms
    call = without_timers(call)
    return replace(call, phase=Phase.IN_TREE, left=call.place, place=None, offers=(), waited_ms=waited)


def to_fallback(step: Step, reason: str, moment: Moment) -> Step:
    """We cannot serve this caller: the dialplan's fallback speaks and rings the emergency phone."""
    call, last = ended(step.call, "fallback", moment.now_ms)
    return replace(
        step,
        call=call,
        entries=(*step.entries, entry(Word.FALLBACK, call, reason=reason), last),
        commands=(*step.commands, HandToFallback(call.caller_leg)),
    )


def queue_entry(word: Word, call: Call, **data: object) -> Entry:
    return entry(word, call, queue=place_of(call).queue, **data)
