"""A call that lives on without its caller: somebody wants to be called back, and keeps the place in the line.

    asked for in the tree ──▶ the caller leaves ──▶ CALLBACK ──▶ ... its turn: turn.py, calling_back.py
                                                    ▲   │  │
                                   window opens,    └───┘  └──▶ ENDED: expired, cancelled, served by another call,
                                   pause is over                       all attempts in vain

Rule: while it may be called, `waiting:<call>` stands on the floor with its old `since`, needs and priority, so that
it is chosen like everybody else; in a pause, or at night, it does not, and comes back with the same place.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from callrouter.calls import events as e
from callrouter.calls.call import NOBODY, Call, Callback, Phase, Place, callback_of
from callrouter.calls.in_line import waiting_fields
from callrouter.calls.step import Moment, Step, ended, entry, then, with_timer, without_timers
from callrouter.config import CallbackRules
from callrouter.hours import next_open
from callrouter.journal import Entry, FloorChange, Word

COUNTED = frozenset({"busy", "no_answer", "rejected", "unknown", "hung_up", "not_confirmed"})
"""What costs an attempt: the phone outside rang, or will never ring. The network's trouble and ours does not."""
NOT_THEIR_FAULT = frozenset({"timed_out", "turned_away", "fallback", "lost"})
"""How the wait of somebody whom we had called may end without their hanging up."""
ENDINGS = {"cancel": "cancelled", "served": "served", "again": "asked_again"}
"""A wish → how the callback ends; the call's ENDED says `callback_<that>`."""


# --- asked for -------------------------------------------------------------------------------------------------------


def ask(step: Step, number: str, queue: str, moment: Moment) -> Step:
    """Note it. It begins when the caller leaves; if we cannot make the call, people find it in `callrouter missed`."""
    call, back = step.call, moment.setting.back
    rules = rules_of(queue, moment)
    reach = back.reach(number, rules.trunk) if back and rules else "not configured"
    if queue in moment.facts.callbacks_full:
        reach = "too many are open"
    if isinstance(reach, str):
        noted = entry(Word.CALLBACK, call, queue=queue, number=number, by_hand=reach)
        return replace(step, entries=(*step.entries, noted))
    place = _kept(call, queue, moment, rules)
    wish = Callback(number, f"{queue}/{reach.id}", moment.now_ms, place)
    noted = entry(Word.CALLBACK, call, queue=queue, number=number, since_ms=place.since_ms)
    on_floor = {"call": call.id, "queue": queue, "number": reach.id, "asked": str(moment.now_ms), "attempts": "0"}
    floor = {**step.floor, **off_floor(call), thing_of(wish): {**on_floor, "state": "asked", "wish": "", "by": ""}}
    return replace(step, call=replace(call, callback=wish), entries=(*step.entries, noted), floor=floor)


def _kept(call: Call, queue: str, moment: Moment, rules: CallbackRules | None) -> Place:
    """The place that was left in a line, with all it had, or a new one at its end."""
    before = call.left or Place(queue, 0, moment.now_ms, 0)
    leave_at = moment.now_ms + round((rules.expires_h if rules else 0) * 3_600_000)
    kept = Place(queue, before.priority, before.since_ms, leave_at)
    if before.queue != queue:
        return kept
    return replace(kept, music=before.music, require=before.require, prefer=before.prefer, sticky=before.sticky)


def rules_of(queue: str, moment: Moment) -> CallbackRules | None:
    return moment.setting.queues[queue].callback if queue in moment.setting.queues else None


def thing_of(back: Callback) -> str:
    return f"callback:{back.key}"


def off_floor(call: Call) -> FloorChange:
    """What a callback that is over leaves on the floor: nothing."""
    return {thing_of(call.callback): None} if call.callback else {}


# --- lives on, or is over --------------------------------------------------------------------------------------------


def after(taken: Step, moment: Moment) -> Step:
    """What a step means for an open callback: a talk settles it, and whoever leaves without one will be called."""
    call = taken.call
    if call.callback is None:
        return taken
    if call.phase is Phase.TALKING:
        note = entry(Word.CALLBACKTRY, call, queue=call.callback.place.queue, outcome="connected")
        settled = replace(call, callback=None)
        entries = tuple(_of_callback(one) for one in taken.entries) if call.callback.reached else taken.entries
        return replace(taken, call=settled, entries=(*entries, note), floor={**taken.floor, **off_floor(call)})
    return lives_on(taken, moment) if call.phase is Phase.ENDED and call.caller_leg else taken


def _of_callback(one: Entry) -> Entry:
    """It ends no stay in a queue: that was over when the caller left."""
    return replace(one, data={**one.data, "callback": "1"}) if one.word is Word.CONNECT else one


def lives_on(taken: Step, moment: Moment) -> Step:
    """The caller has left: no end, and no abandon of somebody whom we had called."""
    call, back = taken.call, callback_of(taken.call)
    not_so = {Word.ENDED, Word.ABANDON} if back.reached else {Word.ENDED}
    entries = tuple(one for one in taken.entries if one.word not in not_so)
    alone = replace(call, caller_leg=NOBODY, walk=None, place=None, offers=(), target=None, lookup="")
    alone = replace(alone, playback=None, music=False, left=None)
    left = replace(taken, call=alone, entries=entries)
    how = next((one.data["how"] for one in taken.entries if one.word is Word.ENDED), "")
    outcome = how if how in NOT_THEIR_FAULT else "hung_up"
    return failed(left, outcome, moment) if back.reached else stand(left, "open", moment)


def failed(step: Step, outcome: str, moment: Moment) -> Step:
    """Nobody was reached: a pause, or, after the last attempt, the end. The place is kept."""
    back = callback_of(step.call)
    rules = rules_of(back.place.queue, moment)
    attempts = back.attempts + (outcome in COUNTED)
    pause_ms = round(rules.retry_s * 1000) if rules else 0
    back = replace(back, attempts=attempts, again_ms=moment.now_ms + pause_ms, leg=NOBODY, agent=None, reached=False)
    call = replace(step.call, callback=back, caller_leg=NOBODY, place=None)
    if rules is not None and attempts < rules.attempts:
        return stand(replace(step, call=call), outcome, moment)
    note = entry(Word.CALLBACKTRY, call, queue=back.place.queue, outcome=outcome, attempt=attempts)
    return then(replace(step, call=call, entries=(*step.entries, note)), over(call, "failed", moment))


def stand(step: Step, outcome: str, moment: Moment) -> Step:
    """Into the line, or out of it until people may be called again. `outcome` is journalled."""
    call, back = step.call, callback_of(step.call)
    rules = rules_of(back.place.queue, moment)
    if rules is None:
        return then(step, over(call, "failed", moment))
    until = waits_until(back, rules, moment)
    call = replace(without_timers(call), phase=Phase.CALLBACK)
    call = with_timer(call, "expire", back.asked_ms + round(rules.expires_h * 3_600_000))
    told = {"until_ms": until} if until > moment.now_ms else {}
    note = entry(Word.CALLBACKTRY, call, queue=back.place.queue, outcome=outcome, attempt=back.attempts, **told)
    _, _, number = back.key.partition("/")
    state = {"call": call.id, "queue": back.place.queue, "number": number, "asked": str(back.asked_ms)}
    state |= {"attempts": str(back.attempts), "wish": "", "by": ""}
    if told:
        call = with_timer(replace(call, place=None), "callback", until)
        change: FloorChange = {f"waiting:{call.id}": None, thing_of(back): {**state, "state": "resting"}}
    else:
        call = replace(call, place=back.place)
        change = {f"waiting:{call.id}": stands(call, back.place, moment), thing_of(back): {**state, "state": "waiting"}}
    return replace(step, call=call, entries=(*step.entries, note), floor={**step.floor, **change})


def stands(call: Call, place: Place, moment: Moment) -> dict[str, str]:
    """The place on the floor, with what the tree had wished for."""
    needs = {"require": place.require, "prefer": place.prefer, "sticky": place.sticky}
    wished = {name: value for name, value in needs.items() if value}
    return waiting_fields(call, place, place.since_ms, moment) | wished | {"callback": "1"}


def waits_until(back: Callback, rules: CallbackRules, moment: Moment) -> int:
    """The first moment not before `again_ms` at which people may be rung; now, if that is past."""
    earliest = max(back.again_ms, moment.now_ms)
    there = datetime.fromtimestamp(earliest / 1000, UTC).astimezone(moment.facts.now.tzinfo)
    opens = next_open(there, rules.windows)
    return earliest if opens == there else round(opens.timestamp() * 1000)


def over(call: Call, how: str, moment: Moment, **told: object) -> Step:
    """The end of a callback whose caller is not on the line."""
    back = callback_of(call)
    note = entry(Word.CALLBACKTRY, call, queue=back.place.queue, outcome=how, attempt=back.attempts, **told)
    gone, last = ended(replace(call, callback=None, place=None), f"callback_{how}", moment.now_ms)
    floor: FloorChange = {f"waiting:{call.id}": None, thing_of(back): None}
    if how == ENDINGS["again"]:  # what stands there now is the other call's
        floor = {f"waiting:{call.id}": None}
    return Step(gone, entries=(note, last), floor=floor)


# --- while it is open ------------------------------------------------------------------------------------------------


def come_back(call: Call, _event: e.CallbackTimeUp, moment: Moment) -> Step:
    return stand(Step(call), "open", moment)


def expire(call: Call, _event: e.CallbackExpired, moment: Moment) -> Step:
    return over(call, "expired", moment)


def heed(call: Call, event: e.CallbackWished, moment: Moment) -> Step:
    """Somebody cancels it or wants it made without a pause; or it has become void."""
    if event.what == "now":
        back = replace(callback_of(call), again_ms=0)
        return stand(Step(replace(call, callback=back)), "hurried", moment)
    if event.what == "missing":  # the store had lost it
        return stand(Step(call), "open", moment)
    return over(call, ENDINGS[event.what], moment, by=event.by) if event.what in ENDINGS else Step(call)


def stands_again(call: Call, moment: Moment) -> Call:
    """Back from an offer that came to nothing: still in the line."""
    rules = rules_of(callback_of(call).place.queue, moment)
    expires = callback_of(call).asked_ms + round((rules.expires_h if rules else 0) * 3_600_000)
    return with_timer(replace(without_timers(call), phase=Phase.CALLBACK, offers=()), "expire", expires)
