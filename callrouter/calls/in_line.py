"""Into a queue's line and out of it again: everything about a waiting call but its offers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from callrouter.acd.doors import HANGUP, Refused, refusal_words, way_in
from callrouter.calls.call import Call, Phase, Place, place_of
from callrouter.calls.ring_back import take_place
from callrouter.calls.sound import silence, speak
from callrouter.calls.step import Moment, Step, ended, entry, next_id, with_timer, without_timers
from callrouter.journal import NOW, Entry, Word
from callrouter.telephony import HandToFallback, Play, PlaybackId
from callrouter.tree.facts import KeptPlace
from callrouter.tree.model import Prompt
from callrouter.tree.walk import JoinQueue

LEAVE_AFTER_MS = 20_000
"""The longest goodbye."""
MUSIC_AFTER_MS = 250
"""An agent who answers at once is there before music could begin; starting it costs two commands a call."""


def join(step: Step, wish: JoinQueue, moment: Moment) -> Step:
    """As the tree wants it, unless a rule of the queue is against it: then where its overflow leads."""
    since_ms = _left_since(step.call, wish.queue)
    back = _place_back(wish.queue, moment) if since_ms is None else None
    queue, refused = admitting(step.call, wish.queue, moment, holds_place=back is not None)
    step = replace(step, entries=(*step.entries, *refused))
    if queue == HANGUP:
        return goodbye(step, "turned_away", moment)
    since_ms = back.since_ms if back else since_ms
    told = {"back": back.call} if back else {}
    there = joined(step, queue, wish.priority, moment, since_ms=since_ms, prompts=wish.prompts, **told)
    call = there.call
    if call.place is None:
        return there
    place = replace(
        call.place,
        first=wish.queue,
        music=wish.music or "",
        announce=wish.announce,
        announce_every_s=wish.announce_every_s,
        exit_key=wish.exit_key or "",
        returns=wish.returns,
        branches=wish.branches,
        resumes=wish.resumes,
    )
    if wish.max_wait_s is not None:
        place = replace(place, leave_at_ms=moment.now_ms + int(wish.max_wait_s * 1000))
        call = with_timer(call, "wait", place.leave_at_ms)
    if wish.announce is not None:
        call = with_timer(call, "announce", moment.now_ms + int(wish.announce_every_s * 1000))
    there = _with_needs(replace(there, call=replace(call, place=place, left=None)), wish, moment)
    return take_place(there, back) if back else there


def _place_back(queue: str, moment: Moment) -> KeptPlace | None:
    return next((kept for kept in moment.facts.kept if queue in kept.queues), None)


def _left_since(call: Call, queue: str) -> int | None:
    """One clock for a call: since when it has waited, if it comes back to a line that it left for the tree."""
    left = call.left
    if left is None or (call.left_by_wish and queue not in (left.first, left.queue)):
        return None
    return left.since_ms


def admitting(call: Call, queue: str, moment: Moment, *, holds_place: bool = False) -> tuple[str, tuple[Entry, ...]]:
    """The queue that takes the caller, or hangup; and the words of those that do not."""
    to, refused = way_in(queue, moment.facts.refusing, moment.setting.queues, holds_place=holds_place)
    return to, tuple(refusal(call, one) for one in refused)


def refusal(call: Call, refused: Refused) -> Entry:
    word, data = refusal_words(refused)
    return entry(word, call, queue=refused.queue, **data, caller=call.caller)


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
    **told: object,
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
    data = {"queue": queue, "priority": priority, "caller": call.caller, **({"since": since_ms} if since_ms else {})}
    there = replace(
        step,
        call=call,
        entries=(*step.entries, entry(Word.ENTERQUEUE, call, **data, **told)),
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


def back_to_tree(call: Call, moment: Moment, *, wished: bool = False) -> Call:
    """Out of the line; what the caller hears goes on until the tree speaks. The place is remembered: in this line for
    who left by their own wish, for whom a rule sent away in any."""
    place = place_of(call)
    call = without_timers(call)
    waited = moment.now_ms - place.since_ms
    return replace(call, phase=Phase.IN_TREE, left=place, left_by_wish=wished, place=None, offers=(), waited_ms=waited)


def goodbye(step: Step, how: str, moment: Moment) -> Step:
    """Nothing can be done for this caller now: a polite word, then the end."""
    quiet = silence(step.call)
    call, playback = next_id(step.call, "p")
    call = replace(without_timers(call), phase=Phase.LEAVING, playback=PlaybackId(playback), music=False, leaves=how)
    call = with_timer(call, "leave", moment.now_ms + LEAVE_AFTER_MS)
    call = replace(call, left_tree_ms=call.left_tree_ms or moment.now_ms)
    files = moment.setting.files(moment.setting.sorry, call.language)
    play = Play(call.caller_leg, PlaybackId(playback), files)
    return replace(step, call=call, commands=(*step.commands, *quiet, play))


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
