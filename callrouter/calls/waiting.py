"""What a caller hears and may do while standing in a line, also while an agent's phone rings for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from callrouter.acd.doors import HANGUP, leaving_words
from callrouter.calls import events as e
from callrouter.calls import offering
from callrouter.calls.call import Call, callback_of, place_of
from callrouter.calls.in_line import admitting, back_to_tree, goodbye, overflow, queue_entry
from callrouter.calls.in_tree import walked
from callrouter.calls.outlook import outlook_words
from callrouter.calls.ring_back import place_kept
from callrouter.calls.sound import music, speak
from callrouter.calls.step import (
    Moment,
    Step,
    ended,
    then,
    with_timer,
    without_timers,
)
from callrouter.journal import Word
from callrouter.telephony import (
    StopMusic,
)
from callrouter.tree.model import Prompt
from callrouter.tree.walk import QueueLeft

SOON_MS = 3_000
"""A word that comes while another is being said is tried again."""


def play_music(call: Call, _event: e.MusicDue | e.PromptEnded, moment: Moment) -> Step:
    place = place_of(call)
    return music(Step(without_timers(call, "music")), place.music or moment.setting.queues[place.queue].music)


def announce(call: Call, _event: e.AnnounceDue, moment: Moment) -> Step:
    """The tree's word now and then."""
    place = place_of(call)
    call = with_timer(call, "announce", moment.now_ms + int(place.announce_every_s * 1000))
    return _say(call, (place.announce,) if place.announce else (), moment)


def tell_outlook(call: Call, _event: e.OutlookDue, moment: Moment) -> Step:
    """How many are before the caller and how long it will probably take; nothing where nobody knows."""
    place = place_of(call)
    rules = moment.setting.queues[place.queue].announce
    call = with_timer(call, "outlook", moment.now_ms + int(rules.every_s * 1000))
    if call.playback is not None:
        return Step(with_timer(call, "outlook", moment.now_ms + SOON_MS))
    expected, words = moment.setting.outlook(call.id), moment.setting.waits
    if expected is None or words is None:
        return Step(call)
    said = outlook_words(expected, words, place.told, position=rules.position, expected_wait=rules.expected_wait)
    step = _say(call, said, moment)
    if rules.position and step.commands and (not place.told or expected.position < place.told):
        step = replace(step, call=replace(step.call, place=replace(place, told=expected.position)))
    return step


def _say(call: Call, prompts: tuple[Prompt, ...], moment: Moment) -> Step:
    """Not while something is still being said, and not in the way of an agent's ringing phone."""
    if not prompts or call.playback is not None or call.offers:
        return Step(call)
    quiet = (StopMusic(call.caller_leg),) if call.music else ()
    return speak(Step(replace(without_timers(call, "music"), music=False), quiet), prompts, moment)


def change_place(call: Call, event: e.PlaceChanged, _moment: Moment) -> Step:
    """What the floor has already, so that it is not lost on the way to another queue or through a pause."""
    given = {"priority": event.priority, "require": event.require, "prefer": event.prefer}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if call.place is not None:
        return Step(replace(call, place=replace(call.place, **changes)))
    wish = callback_of(call)
    return Step(replace(call, callback=replace(wish, place=replace(wish.place, **changes))))


def leave_by_key(call: Call, event: e.CallerPressed, moment: Moment) -> Step:
    """The tree may have given a key to leave the line; a phone that rings for the caller then stops."""
    place = place_of(call)
    if not place.exit_key or event.digit != place.exit_key:
        return Step(call)
    quiet = offering.let_stop(call, call.offers, moment)
    out = queue_entry(Word.EXITWITHKEY, call, key=event.digit, waited_ms=moment.now_ms - place.since_ms)
    back = back_to_tree(quiet.call, moment, wished=True)
    gone = Step(back, entries=(out,), floor={f"waiting:{call.id}": None})
    return then(then(quiet, gone), walked(back, QueueLeft("exit"), moment))


def move_on(call: Call, _event: e.WaitTimeUp, moment: Moment) -> Step:
    """The longest wait is over: another queue with the place kept, or a polite end."""
    place = place_of(call)
    return _go_on(call, Word.EXITWITHTIMEOUT, "timed_out", "tree" if place.returns else "", moment)


def leave_line(call: Call, event: e.LineClosed, moment: Moment) -> Step:
    """A rule of the queue sends its callers away. Word that comes late, of a line left already, means nothing."""
    place = place_of(call)
    if event.queue != place.queue:
        return Step(call)
    word, data = leaving_words(event.why, event.position)
    way = "tree" if event.why in place.branches else ""
    return _go_on(call, word, event.why, way, moment, **data)


def _go_on(call: Call, word: Word, how: str, way: str, moment: Moment, **data: object) -> Step:
    """Out of the line: into the tree, if that is the way, else along the overflow to a queue that takes callers."""
    place = place_of(call)
    waited = moment.now_ms - place.since_ms
    if way == "tree":
        back = back_to_tree(call, moment)
        out = queue_entry(word, call, waited_ms=waited, to="tree", **data)
        gone = Step(back, entries=(out,), floor={f"waiting:{call.id}": None})
        return then(gone, walked(back, QueueLeft(how), moment))
    to, refused = admitting(call, moment.setting.queues[place.queue].overflow, moment)
    out = queue_entry(word, call, waited_ms=waited, to=to, **data)
    if to != HANGUP:
        return overflow(Step(call, entries=(out, *refused)), to, moment)
    gone = Step(replace(call, place=None, waited_ms=waited), entries=(out, *refused))
    gone = replace(gone, floor={f"waiting:{call.id}": None})
    return goodbye(gone, "timed_out" if how == "timed_out" else "turned_away", moment)


def let_go(call: Call, _event: e.CallerHungUp, moment: Moment) -> Step:
    place = place_of(call)
    gone = queue_entry(Word.ABANDON, call, waited_ms=moment.now_ms - place.since_ms)
    over, last = ended(call, "abandoned", moment.now_ms)
    return Step(over, entries=(gone, last), floor={f"waiting:{call.id}": None, **place_kept(call, moment)})


def stand_on(call: Call, _event: e.Adopted, moment: Moment) -> Step:
    """Adopted while waiting: the place is kept, the music made sure of."""
    return Step(with_timer(replace(call, music=False, playback=None), "music", moment.now_ms))
