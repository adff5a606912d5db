"""A day out of the journal: who called when and how it went, how phones were answered, who worked when.

Rule: what callers and agents did by themselves is taken over; what the choice and the queues' rules made of it is not,
for that is what may be changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from callrouter.acd.activity import LIMIT
from callrouter.journal import Entry, Word
from callrouter.reporting.calls import fold
from callrouter.reporting.facts import Outcome, Stay, facts
from callrouter.reporting.record import CallRecord, Refusal, Result
from callrouter.reporting.replay import Things, things_at
from callrouter.reporting.stretches import Stretch, tell

LEAD_MS = 3_600_000
"""The hour before is played too, so that the day does not begin with an empty line and rested agents."""
SAID = frozenset(
    {"presence", "reason", "presence_since", "idle_since", "missed", "missed_why", "calls", "talk_ms", "on"}
)
PHONE = frozenset({"reachable"})
BY_THEMSELVES = {
    Word.PAUSE: SAID,
    Word.UNPAUSE: SAID,
    Word.AGENTLOGOFF: SAID,
    Word.SWITCH: SAID,
    Word.REACHABLE: PHONE,
    Word.UNREACHABLE: PHONE,
}
"""The fields that follow from the word alone; what it did to a wrap-up or a rest is found anew."""
NEEDS = ("require", "prefer")
ASKED = ("asked", "begun")
"""An agent's own wish for a wrap-up; that one was made longer is not taken over."""

Fields = Mapping[str, str]
Away = Mapping[tuple[str, str], int | None]
"""(call, agent) → how long somebody was away who had been set NOT_READY for not answering it, if they came back."""


@dataclass(frozen=True, slots=True)
class Rang:
    """An offer of the day."""

    agent: str
    after_ms: int
    """Until it was picked up, or over."""
    result: Result
    paused: bool
    """The agent was set NOT_READY for it."""
    away_ms: int | None
    """And was back after so long; None: not by themselves."""
    briefed_ms: int = 0
    """From picking up until the call was taken, or was not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A caller of the day, from joining the first queue, or finding it shut."""

    call: str
    queue: str
    at_ms: int
    waited_ms: int
    outcome: Outcome
    """Of the last stay."""
    last_queue: str
    agent: str
    talked_ms: int
    priority: int
    needs: Fields
    offers: tuple[Rang, ...]
    wrap_up_asked: bool = False
    """By the agent, after the talk."""


@dataclass(frozen=True, slots=True)
class Recorded:
    from_ms: int
    to_ms: int
    callers: Sequence[Seen]
    stays: Sequence[Stay]
    """Those that began within the day, for its own figures."""
    stretches: Sequence[Stretch]
    floor: Things
    """As it was when the lead began."""
    changes: Sequence[Entry]
    """What agents did by themselves, and the switches that were turned."""


class NotRecorded(ValueError):
    """The journal does not hold this day; the message says what is missing."""


def recorded(entries: Sequence[Entry], from_ms: int, to_ms: int) -> Recorded:
    """The day between these moments, from a journal that begins before it and goes on until its calls are over."""
    begins = _known_from(entries, from_ms)
    floor = things_at(entries, f"{begins}-{len(entries)}")
    within = [entry for entry in entries if begins <= entry.at_ms]
    away, back = _times_away(within)
    waiting = _waiting_fields(within)
    from_ms, to_ms = max(from_ms, begins), min(to_ms, entries[-1].at_ms)
    records = [record for record in fold(within).values() if record.whole and (record.visits or _shut(record))]
    asked = {entry.call for entry in within if entry.word is Word.WRAPUP and entry.data.get("what") in ASKED}
    seen = [
        replace(_seen(record, waiting.get(record.call, {}), away), wrap_up_asked=record.call in asked)
        for record in records
    ]
    told = tell({}, entries)
    return Recorded(
        from_ms,
        to_ms,
        callers=sorted((one for one in seen if one.at_ms < to_ms), key=lambda one: (one.at_ms, one.call)),
        stays=[stay for record in records for stay in facts(record).stays if from_ms <= _came(record)[1] < to_ms],
        stretches=[*told.over, *(replace(last, ends_ms=to_ms) for last in told.lasting.values())],
        floor=floor or {},
        changes=tuple(_by_themselves(within, back)),
    )


def _known_from(entries: Sequence[Entry], from_ms: int) -> int:
    """From when on the whole floor is known, at most the lead before the day."""
    if not entries:
        raise NotRecorded("the journal is empty")
    for entry in entries:
        if entry.word is Word.SNAPSHOT and entry.at_ms > from_ms:
            raise NotRecorded("the journal no longer holds the beginning of that day")
        if things_at([entry], entry.id) is not None:
            return max(entry.at_ms, from_ms - LEAD_MS)
    raise NotRecorded("the journal holds neither a SNAPSHOT nor the first CONFIG: who was there is not known")


def _times_away(entries: Sequence[Entry]) -> tuple[Away, frozenset[str]]:
    """How long who was away after being set NOT_READY by us, and the ids of the entries that ended it."""
    paused: dict[str, Entry] = {}
    away: dict[tuple[str, str], int | None] = {}
    back = set()
    for entry in entries:
        if entry.word is Word.PAUSE and entry.data.get("reason") == LIMIT:
            continue
        if entry.word is Word.PAUSE and entry.data.get("by") == "callrouter":
            paused[entry.agent] = entry
            away[entry.call, entry.agent] = None
        elif entry.word in (Word.PAUSE, Word.AGENTLOGOFF):
            paused.pop(entry.agent, None)
        elif entry.word is Word.UNPAUSE and (pause := paused.pop(entry.agent, None)) is not None:
            away[pause.call, entry.agent] = entry.at_ms - pause.at_ms
            back.add(entry.id)
    return away, frozenset(back)


def _by_themselves(entries: Sequence[Entry], back: Collection[str]) -> Iterator[Entry]:
    """Presence, phones and switches, but for what followed from an unanswered offer, which may not happen again."""
    for entry in entries:
        said = BY_THEMSELVES.get(entry.word)
        if said is None or entry.data.get("by") == "callrouter" or entry.id in back:
            continue
        change = {
            thing: {name: value for name, value in fields.items() if name in said}
            for thing, fields in entry.floor.items()
            if fields is not None
        }
        if change:
            yield replace(entry, floor=change)


def _waiting_fields(entries: Sequence[Entry]) -> Mapping[str, Fields]:
    """Call → what stood on the floor of it when it first joined a line."""
    found: dict[str, Fields] = {}
    for entry in entries:
        if entry.word is Word.ENTERQUEUE and entry.call not in found:
            found[entry.call] = entry.floor.get(f"waiting:{entry.call}") or {}
    return found


def _shut(record: CallRecord) -> Refusal | None:
    """The queue that did not take the caller at first. Where the tree led on, it is as if it had asked no queue yet."""
    began = record.visits[0].at_ms if record.visits else record.ended_ms
    return next((one for one in record.refusals if one.to != "tree" and one.at_ms <= began), None)


def _came(record: CallRecord) -> tuple[str, int]:
    """Which queue the caller wanted, and when."""
    first = _shut(record) or record.visits[0]
    return first.queue, first.at_ms


def _seen(record: CallRecord, waiting: Fields, away: Away) -> Seen:
    (queue, at_ms), last = _came(record), facts(record).stays[-1]
    talk = next((talk for talk in record.talks if talk.queue), None)
    return Seen(
        call=record.call,
        queue=queue,
        at_ms=at_ms,
        waited_ms=last.waited_ms,
        outcome=last.outcome,
        last_queue=last.queue,
        agent=last.agent,
        talked_ms=talk.ended_ms - talk.at_ms if talk is not None and talk.ended_ms else 0,
        priority=int(waiting.get("priority") or 0),
        needs={name: waiting[name] for name in NEEDS if waiting.get(name)},
        offers=tuple(
            Rang(
                offer.agent,
                (offer.answered_ms or offer.ended_ms) - offer.at_ms,
                offer.result,
                who in away,
                away.get(who),
                offer.ended_ms - (offer.answered_ms or offer.ended_ms),
            )
            for offer in record.offers
            if offer.ended_ms and (who := (record.call, offer.agent))
        ),
    )
