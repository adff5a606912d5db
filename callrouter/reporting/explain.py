"""The story of one call in plain words: its way through the tree, the wait, each offer, and why not somebody else.

The journal keeps only which version of the floor a choice saw; the reasons come from replaying the choice on that
floor (`reasons`), so they are the ones that decided, and keeping them costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from callrouter.reporting.record import Asked, CallRecord, Offer, Refusal, Result, Sound, Talk, Visit

Reasons = Callable[[str, str, str], Sequence[tuple[str, str]] | None]
"""(what the choice saw, or a floor's version; call; queue) → each agent and why they were chosen or not; None
if that floor is forgotten."""

KEYS = frozenset("0123456789*#ABCD")
FORGOTTEN = "the journal no longer holds the floor of that moment, so the reasons cannot be told"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, and remarks that belong to it."""

    at_ms: int
    text: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    lines: tuple[Line, ...]


def story(record: CallRecord, reasons: Reasons) -> Story:
    """The whole story, in the order of time."""
    parts = [
        *_way_through_tree(record),
        *(_refusal(refusal) for refusal in record.refusals),
        *(line for visit in record.visits for line in _stay(visit, record, reasons)),
        *(line for offer in record.offers for line in _offer(offer, record, reasons)),
        *(line for talk in record.talks for line in _talk(talk, record)),
        *(line for asked in record.asked_back for line in _callback(asked)),
        *_incidents(record),
        *_end(record),
        *(_sound(sound) for sound in record.sounds),
    ]
    in_order = sorted(parts, key=lambda line: line.at_ms)
    return Story(_title(record), tuple(dict.fromkeys(in_order)))  # what leads out of a line is told once: see there


def _title(record: CallRecord) -> str:
    caller = record.caller or "a hidden number"
    tree = f", tree {record.tree} (version {record.version}), language {record.language}" if record.tree else ""
    return f"Call {record.call} from {caller} to {record.number or 'an unknown number'}{tree}"


def _way_through_tree(record: CallRecord) -> Iterator[Line]:
    if record.whole:
        yield Line(record.arrived_ms, "the caller arrives")
    else:
        yield Line(record.arrived_ms, "the journal no longer holds the beginning of this call")
    out = [*_out_of_lines(record)]
    for step in record.path:
        by = KEY if step.by and set(step.by) <= KEYS else step.by
        yield from (line for why, line in out if (line.at_ms, why) == (step.at_ms, by))
        yield Line(step.at_ms, _by(step.by) + f"comes to {step.node}")


def _out_of_lines(record: CallRecord) -> Iterator[tuple[str, Line]]:
    """What led from a line back into the tree, all in one instant: told before that step, which came by this word."""
    for refusal in record.refusals:
        if refusal.to == "tree":
            yield refusal.why, _refusal(refusal)
    for visit in record.visits:
        if line := _leaving(visit):
            yield {"timed out": "timed_out", "left by key": KEY}.get(visit.how, visit.why), line


def _by(by: str) -> str:
    """What brought the caller there. `by` is a key, `silence`, `invalid`, the name of a branch, or nothing."""
    special = {
        "rang_back": "rings back in time: ",
        "": "",
        "silence": "presses nothing: ",
        "invalid": "presses a key that is not offered: ",
    }
    pressed = f"presses {by}: " if set(by) <= KEYS else f"{by}: "
    return special.get(by, pressed)


def _stay(visit: Visit, record: CallRecord, reasons: Reasons) -> Iterator[Line]:
    """Into the line and, if nobody came, out of it. An offer within the stay tells the reasons itself."""
    end = visit.left_ms or record.ended_ms or float("inf")
    offered = any(offer.queue == visit.queue and visit.at_ms <= offer.at_ms <= end for offer in record.offers)
    remarks = () if offered else _all_reasons(visit.version, record.call, visit.queue, reasons)
    yield Line(visit.at_ms, f"joins the queue {visit.queue}{_place(visit)}", remarks)
    if visit.expected_at_ms:
        waits = f"{_seconds(visit.p50_ms)}, in nine of ten cases within {_seconds(visit.p90_ms)}"
        yield Line(visit.expected_at_ms, f"is expected to wait for {waits}")
    if visit.last_ring_ms:
        yield Line(visit.last_ring_ms, f"has waited the longest that {visit.queue} allows: no other phone rings now")
    if line := _leaving(visit):
        yield line


def _leaving(visit: Visit) -> Line | None:
    """Out of the line, and not to an agent."""
    words = {
        "timed out": f"has waited the longest that {visit.queue} allows and {_then(visit.to)}",
        "left by key": f"leaves the queue {visit.queue} by the key that the tree gave for it",
        "sent away": f"has to leave the queue {visit.queue}, {SHUT.get(visit.why, SHUT['closed'])}, and "
        f"{_then(visit.to)}",
    }
    return Line(visit.left_ms, words[visit.how]) if visit.how in words else None


KEY = "a key"
SHUT = {
    "emergency": "because its emergency switch is on",
    "closed": "because it is closed",
    "nobody": "because nobody is there",
    "full": "because it is full",
    "long_wait": "because the wait would be long",
}


def _refusal(refusal: Refusal) -> Line:
    why = SHUT.get(refusal.why, "because it is closed")
    return Line(refusal.at_ms, f"is not taken into the queue {refusal.queue}, {why}, and {_then(refusal.to)}")


def _then(to: str) -> str:
    ways = {"hangup": "is let go with an apology", "tree": "goes on in the tree"}
    return ways.get(to, f"goes on to the queue {to}")


def _place(visit: Visit) -> str:
    if not visit.since_ms:
        return ""
    waited = _seconds(visit.at_ms - visit.since_ms)
    if visit.back:
        return f" and has the place back of the call {visit.back}, whose line dropped: {waited} waited so far"
    return f" with the place kept: {waited} waited so far"


def _all_reasons(version: str, call: str, queue: str, reasons: Reasons) -> tuple[str, ...]:
    found = reasons(version, call, queue)
    if found is None:
        return (FORGOTTEN,)
    return tuple(f"{agent}: {why}" for agent, why in found) or ("no agents are configured",)


def _offer(offer: Offer, record: CallRecord, reasons: Reasons) -> Iterator[Line]:
    found = reasons(offer.version, record.call, offer.queue)
    if found is None:
        yield Line(offer.at_ms, f"is offered to {offer.agent}", (FORGOTTEN,))
    else:
        why = next((f" ({why})" for agent, why in found if agent == offer.agent), "")
        together = [one.agent for one in record.offers if one.version == offer.version]  # by one look at the floor
        passed = tuple(_passed_over(agent, why) for agent, why in found if agent not in together)
        yield Line(offer.at_ms, f"is offered to {offer.agent}{why}", passed if offer.agent == together[0] else ())
    if offer.rang_ms:
        yield Line(offer.rang_ms, f"{offer.agent}'s phone rings")
    if offer.answered_ms:
        yield Line(offer.answered_ms, f"{offer.agent} answers and is told who is coming")
    if offer.result not in (Result.OPEN, Result.ACCEPTED):
        yield Line(offer.ended_ms, _in_vain(offer))


def _passed_over(agent: str, why: str) -> str:
    """The replay may name an agent whom another call was taking in that very moment: the store had said no."""
    raced = ", but was being reserved for another call in that moment" if why.startswith("chosen") else ""
    return f"not {agent}: {why}{raced}"


def _in_vain(offer: Offer) -> str:
    if offer.answered_ms:
        return _not_taken(offer)
    rang = f" after {_seconds(offer.ended_ms - (offer.rang_ms or offer.at_ms))}"
    if offer.result is Result.DECLINED:
        return f"{offer.agent} declines{rang}"
    if offer.result is Result.BUSY:
        return f"{offer.agent}'s phone is busy{rang}"
    if offer.result is Result.UNREACHABLE:
        return f"{offer.agent}'s phone cannot be reached"
    if offer.answered_by:
        return f"{offer.agent}'s phone stops{rang}: {offer.answered_by} was faster"
    if offer.result is Result.TAKEN_BACK:
        return f"the offer to {offer.agent} is taken back{rang}"
    return f"{offer.agent} does not answer{rang}"


def _not_taken(offer: Offer) -> str:
    """Picked up, and yet nobody talks."""
    heard = _seconds(offer.ended_ms - offer.answered_ms)
    if offer.result is Result.DECLINED:
        return f"{offer.agent} does not want the call, after {heard}"
    if offer.result is Result.TAKEN_BACK:
        return f"the offer to {offer.agent} is taken back, after {heard}"
    return f"{offer.agent} presses no key within {heard}: nobody seems to be there"


def _talk(talk: Talk, record: CallRecord) -> Iterator[Line]:
    recorded = "" if talk.recording else ", not recorded"
    briefed = any(
        offer.answered_ms and offer.agent == talk.agent and offer.ended_ms == talk.at_ms for offer in record.offers
    )
    does = "takes the call" if briefed else "answers"
    yield Line(talk.at_ms, f"{talk.agent} {does}; the caller had waited {_seconds(talk.waited_ms)}{recorded}")
    if talk.ended_ms:
        yield Line(talk.ended_ms, f"the {talk.ended_by} hangs up after {_seconds(talk.ended_ms - talk.at_ms)} of talk")


def _callback(asked: Asked) -> Iterator[Line]:
    """The wish, and each thing that became of it."""
    to = f" on {asked.number}" if asked.number else ""
    by_hand = (f"callrouter cannot make it ({asked.by_hand}): people must",) if asked.by_hand else ()
    yield Line(asked.at_ms, f"asks to be called back{to} by {asked.queue}", by_hand)
    for number, one in enumerate(asked.tries):
        rest = f"; its turn may come again in {_seconds(one.until_ms - one.at_ms)}" if one.until_ms else ""
        rung = sum(1 for before in asked.tries[: number + 1] if before.outcome == "dialled")
        waits = f", {one.agent} waits for it" if one.agent else ""
        by = f" by {one.by}" if one.by else ""
        told = TRIES.get(one.outcome, one.outcome.replace("_", " "))
        yield Line(one.at_ms, told.format(rung=rung, waits=waits, by=by) + rest)


TRIES = {
    "turned_away": "the queue took nobody when the callback was its turn",
    "open": "the callback keeps the place in the line",
    "closed": "people are not rung at this hour: the place is kept",
    "rung_enough_today": "this number has been rung often enough today: the place is kept",
    "rung_elsewhere": "another queue calls this number at this moment: the place is kept",
    "hurried": "it is made without a pause",
    "now_wanted": "it is wanted without a pause{by}",
    "cancel_wanted": "it is to be cancelled{by}",
    "dialled": "the phone outside is rung, ring {rung}{waits}",
    "answered": "the phone outside is answered",
    "confirmed": "a person pressed the key there",
    "not_confirmed": "no key is pressed there: nobody, or a machine",
    "busy": "the phone outside is busy",
    "no_answer": "the phone outside is not answered",
    "rejected": "the phone outside rejects the call",
    "unknown": "the number does not exist",
    "hung_up": "the phone outside is hung up before an agent came",
    "timed_out": "nobody could take the call in time: the place is kept",
    "fallback": "we could not carry the call on: the place is kept",
    "unreachable": "the phone outside cannot be reached through the trunk",
    "agent_left": "the agent did not wait: the phone outside stops ringing",
    "lost": "its worker or Asterisk died while the phone outside rang or held the line",
    "connected": "the callback has come about",
    "failed": "the callback is given up",
    "expired": "the callback has expired",
    "cancelled": "the callback is cancelled{by}",
    "served": "the callback is void: its caller was helped in the call{by}",
    "asked_again": "the callback is void: it was asked for again in the call{by}",
}
"""The journal's outcome → the story's words."""


def _incidents(record: CallRecord) -> Iterator[Line]:
    for at_ms, worker in record.adopted:
        yield Line(at_ms, f"its worker had died: {worker} carries on")
    for at_ms, what in record.changed:
        yield Line(at_ms, f"is given another place in the line: {what}")
    for at_ms, what in record.repaired:
        yield Line(at_ms, f"callrouter finds a mistake of its own and puts it right: {what}")
    if record.fallback:
        yield Line(record.fallback_ms, f"is handed to the fallback: {record.fallback}")


def _end(record: CallRecord) -> Iterator[Line]:
    if not record.how:
        return
    times = f"in the tree {_seconds(record.in_tree_ms)}, waited {_seconds(record.waited_ms)}"
    talked = f", talked {_seconds(record.talked_ms)}" if record.talks else ""
    how = {
        "left_tree": "the caller hangs up in the tree",
        "abandoned": "the caller gives up waiting",
        "timed_out": "nobody could take the call in time",
        "turned_away": "the queue took nobody",
        "completed": "the call is over",
        "fallback": "the fallback has the call",
        "lost": "the call was lost: Asterisk went down, or callrouter could not carry it on",
        "callback_failed": "nobody was reached for the callback",
        "callback_expired": "nobody could be called back in time",
        "callback_cancelled": "the call is over",
        "callback_served": "the call is over",
        "callback_asked_again": "the call is over",
        "unreadable": "the call could not be carried on by this version",
    }.get(record.how, f"the tree ends the call ({record.how})")
    yield Line(record.ended_ms, f"{how}: {times}{talked}")


def _sound(sound: Sound) -> Line:
    if sound.problem:
        return Line(sound.at_ms, f"the recording is not there: {sound.problem}")
    remarks = (sound.remarks,) if sound.remarks else ()
    return Line(sound.at_ms, f"the recording is ready: {sound.file} ({_seconds(sound.seconds * 1000)})", remarks)


def _seconds(ms: float) -> str:
    """0.4 s, 12.0 s, 3 min 05 s."""
    if ms < 60_000:
        return f"{max(0.0, ms) / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds:02} s"
