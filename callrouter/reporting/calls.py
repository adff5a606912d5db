"""The list of calls: journal entries folded into one record a call, whatever happened to it and in what order.

Entries about nothing that is known (their beginning was trimmed) still give a record, marked as not whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from callrouter.journal import Entry, Word
from callrouter.reporting.record import Asked, CallRecord, Offer, Refusal, Result, Sound, Step, Talk, Try, Visit

WHY = {"missed": Result.MISSED, "declined": Result.DECLINED, "busy": Result.BUSY, "unreachable": Result.UNREACHABLE}


def journal_order(id: str) -> tuple[int, int]:
    """Entry ids are `<ms>-<number>`: as text, 10-2 and 9-10 would stand the wrong way round."""
    ms, _, number = id.partition("-")
    return int(ms or 0), int(number or 0)


def fold(entries: Iterable[Entry]) -> dict[str, CallRecord]:
    """Every call that these entries tell of, by id, in the order in which they arrived."""
    records: dict[str, CallRecord] = {}
    for entry in sorted(entries, key=lambda entry: journal_order(entry.id)):
        if entry.call:
            records[entry.call] = add(records.get(entry.call), entry)
    return dict(sorted(records.items(), key=lambda item: (item[1].arrived_ms, item[0])))


def add(record: CallRecord | None, entry: Entry) -> CallRecord:
    """The record after one more entry."""
    if record is None:
        record = CallRecord(entry.call, entry.at_ms, whole=entry.word is Word.ARRIVED)
    note = _NOTES.get(entry.word)
    return note(record, entry) if note else record


def _arrived(record: CallRecord, entry: Entry) -> CallRecord:
    data = entry.data
    return replace(
        record,
        arrived_ms=entry.at_ms,
        number=data.get("number", ""),
        caller=data.get("caller", ""),
        language=data.get("language", ""),
        tree=data.get("tree", ""),
        version=data.get("version", ""),
    )


def _node(record: CallRecord, entry: Entry) -> CallRecord:
    step = Step(entry.at_ms, entry.data.get("node", ""), entry.data.get("by", ""))
    return replace(record, path=(*record.path, step))


def _joined(record: CallRecord, entry: Entry) -> CallRecord:
    data = entry.data
    visit = Visit(entry.at_ms, entry.queue, entry.id, since_ms=_ms(entry, "since"), back=data.get("back", ""))
    return replace(record, visits=(*record.visits, visit))


def _refused(record: CallRecord, entry: Entry) -> CallRecord:
    refusal = Refusal(entry.at_ms, entry.queue, why_refused(entry), entry.data.get("to", ""))
    return replace(record, refusals=(*record.refusals, refusal))


def why_refused(entry: Entry) -> str:
    """In the words of acd/doors.py."""
    return {Word.FULL: "full", Word.JOINEMPTY: "nobody"}.get(entry.word) or entry.data.get("why", "closed")


def _expected(record: CallRecord, entry: Entry) -> CallRecord:
    if not record.visits:
        return record
    p50, p90 = _ms(entry, "p50_ms"), _ms(entry, "p90_ms")
    last = replace(record.visits[-1], expected_at_ms=entry.at_ms, p50_ms=p50, p90_ms=p90)
    return replace(record, visits=(*record.visits[:-1], last))


def _left(record: CallRecord, entry: Entry, how: str, to: str = "") -> CallRecord:
    """The end of the newest visit; a visit whose beginning was trimmed begins where it ends."""
    if record.asked_back and record.asked_back[-1].tries and (not record.visits or record.visits[-1].left_ms):
        return replace(record, waited_ms=_ms(entry, "waited_ms"))  # of somebody called back: the stay was over before
    visits = record.visits or (Visit(entry.at_ms, entry.queue, entry.id),)
    waited = _ms(entry, "waited_ms")
    last = replace(visits[-1], left_ms=entry.at_ms, how=how, to=to, waited_ms=waited)
    return replace(record, visits=(*visits[:-1], last), waited_ms=waited)


def _abandoned(record: CallRecord, entry: Entry) -> CallRecord:
    return _left(record, entry, "abandoned")


def _timed_out(record: CallRecord, entry: Entry) -> CallRecord:
    return _left(record, entry, "timed out", entry.data.get("to", ""))


def _sent_away(record: CallRecord, entry: Entry) -> CallRecord:
    record = _left(record, entry, "sent away", entry.data.get("to", ""))
    if not record.visits:  # somebody called back, of whose stay nothing is left
        return record
    why = "nobody" if entry.word is Word.EXITEMPTY else entry.data.get("why", "closed")
    return replace(record, visits=(*record.visits[:-1], replace(record.visits[-1], why=why)))


def _left_by_key(record: CallRecord, entry: Entry) -> CallRecord:
    return _left(record, entry, "left by key")


def _asked_back(record: CallRecord, entry: Entry) -> CallRecord:
    data = entry.data
    asked = Asked(entry.at_ms, entry.queue, data.get("number", ""), data.get("by_hand", ""))
    return replace(record, asked_back=(*record.asked_back, asked))


def _tried_back(record: CallRecord, entry: Entry) -> CallRecord:
    asked = record.asked_back[-1] if record.asked_back else Asked(entry.at_ms, entry.queue)
    data = entry.data
    one = Try(entry.at_ms, data.get("outcome", ""), _ms(entry, "until_ms"), entry.agent, data.get("by", ""))
    return replace(record, asked_back=(*record.asked_back[:-1], replace(asked, tries=(*asked.tries, one))))


def _offered(record: CallRecord, entry: Entry) -> CallRecord:
    offer = Offer(entry.at_ms, entry.agent, entry.queue, entry.data.get("floor", ""))
    return replace(record, offers=(*record.offers, offer))


def _rings(record: CallRecord, entry: Entry) -> CallRecord:
    return _offer_becomes(record, entry, lambda offer: replace(offer, rang_ms=entry.at_ms))


def _briefed(record: CallRecord, entry: Entry) -> CallRecord:
    return _offer_becomes(record, entry, lambda offer: replace(offer, answered_ms=entry.at_ms))


def _not_answered(record: CallRecord, entry: Entry) -> CallRecord:
    result = WHY.get(entry.data.get("why", ""), Result.MISSED)
    return _offer_becomes(record, entry, lambda offer: replace(offer, ended_ms=entry.at_ms, result=result))


def _taken_back(record: CallRecord, entry: Entry) -> CallRecord:
    back, faster = Result.TAKEN_BACK, entry.data.get("answered_by", "")
    return _offer_becomes(
        record, entry, lambda offer: replace(offer, ended_ms=entry.at_ms, result=back, answered_by=faster)
    )


def _rings_for_the_last_time(record: CallRecord, entry: Entry) -> CallRecord:
    if not record.visits:
        return record
    last = replace(record.visits[-1], last_ring_ms=entry.at_ms)
    return replace(record, visits=(*record.visits[:-1], last))


def _offer_becomes(record: CallRecord, entry: Entry, change: Callable[[Offer], Offer]) -> CallRecord:
    """The open offer to this agent changes; without one (trimmed) nothing does."""
    offers = list(record.offers)
    for place in reversed(range(len(offers))):
        if offers[place].agent == entry.agent and offers[place].result is Result.OPEN:
            offers[place] = change(offers[place])
            break
    return replace(record, offers=tuple(offers))


def _connected(record: CallRecord, entry: Entry) -> CallRecord:
    accepted = Result.ACCEPTED
    record = _offer_becomes(record, entry, lambda offer: replace(offer, ended_ms=entry.at_ms, result=accepted))
    record = _left(record, entry, "connected")
    talk = Talk(entry.at_ms, entry.agent, entry.queue, _ms(entry, "waited_ms"), entry.data.get("recording", ""))
    return replace(record, talks=(*record.talks, talk))


def _put_through(record: CallRecord, entry: Entry) -> CallRecord:
    """Somebody of the directory is talked to like an agent."""
    if entry.data.get("outcome") != "connected":
        return record
    talk = Talk(entry.at_ms, entry.data.get("target", ""), "", 0, entry.data.get("recording", ""))
    return replace(record, talks=(*record.talks, talk))


def _talked(record: CallRecord, entry: Entry) -> CallRecord:
    talks = record.talks or (Talk(entry.at_ms - _ms(entry, "talked_ms"), entry.agent, entry.queue, 0),)
    who = "caller" if entry.word is Word.COMPLETECALLER else "agent"
    last = replace(talks[-1], ended_ms=entry.at_ms, ended_by=who)
    return replace(record, talks=(*talks[:-1], last), talked_ms=_ms(entry, "talked_ms"))


def _recorded(record: CallRecord, entry: Entry) -> CallRecord:
    """A recording is told of again when a later try succeeds, and may be told of twice: the newest word counts."""
    data = entry.data
    file, problem = data.get("file", ""), data.get("problem", "")
    sound = Sound(
        entry.at_ms,
        data.get("recording") or (record.talks[-1].recording if record.talks else ""),
        file=file,
        seconds=float(data.get("seconds") or 0),
        sha256=data.get("sha256", ""),
        problem="" if file else problem,
        remarks=problem if file else "",
    )
    others = tuple(other for other in record.sounds if other.recording != sound.recording)
    return replace(record, sounds=(*others, sound))


def _adopted(record: CallRecord, entry: Entry) -> CallRecord:
    return replace(record, adopted=(*record.adopted, (entry.at_ms, entry.data.get("owner", ""))))


def _changed(record: CallRecord, entry: Entry) -> CallRecord:
    what = ", ".join(f"{name} {value or 'none'}" for name, value in entry.data.items() if name != "by")
    return replace(record, changed=(*record.changed, (entry.at_ms, f"{what} (by {entry.data.get('by', '')})")))


def _repaired(record: CallRecord, entry: Entry) -> CallRecord:
    what, repair = entry.data.get("what", ""), entry.data.get("repair", "")
    return replace(record, repaired=(*record.repaired, (entry.at_ms, f"{what}; {repair}" if repair else what)))


def _fell_back(record: CallRecord, entry: Entry) -> CallRecord:
    return replace(record, fallback=entry.data.get("reason", ""), fallback_ms=entry.at_ms)


def _ended(record: CallRecord, entry: Entry) -> CallRecord:
    """A visit that nothing else has ended (the call could not be carried on) ends here too."""
    if record.visits and not record.visits[-1].left_ms:
        record = _left(record, entry, "lost")
    return replace(
        record,
        how=entry.data.get("how", "ended"),
        ended_ms=entry.at_ms,
        in_tree_ms=_ms(entry, "in_tree_ms"),
        waited_ms=_ms(entry, "waited_ms"),
        talked_ms=_ms(entry, "talked_ms"),
    )


def _ms(entry: Entry, name: str) -> int:
    return int(entry.data.get(name) or 0)


_NOTES: dict[Word, Callable[[CallRecord, Entry], CallRecord]] = {
    Word.ARRIVED: _arrived,
    Word.NODE: _node,
    Word.ENTERQUEUE: _joined,
    Word.EXPECTED: _expected,
    Word.ABANDON: _abandoned,
    Word.EXITWITHTIMEOUT: _timed_out,
    Word.EXITWITHKEY: _left_by_key,
    Word.EXITEMPTY: _sent_away,
    Word.EXITCLOSED: _sent_away,
    Word.JOINEMPTY: _refused,
    Word.FULL: _refused,
    Word.JOINCLOSED: _refused,
    Word.CALLBACK: _asked_back,
    Word.CALLBACKTRY: _tried_back,
    Word.OFFER: _offered,
    Word.RINGING: _rings,
    Word.BRIEFED: _briefed,
    Word.RINGNOANSWER: _not_answered,
    Word.RINGCANCELED: _taken_back,
    Word.LASTRING: _rings_for_the_last_time,
    Word.CONNECT: _connected,
    Word.TRANSFER: _put_through,
    Word.COMPLETEAGENT: _talked,
    Word.COMPLETECALLER: _talked,
    Word.RECORDING: _recorded,
    Word.ADOPTED: _adopted,
    Word.CHANGED: _changed,
    Word.REPAIRED: _repaired,
    Word.BREACH: _repaired,
    Word.FALLBACK: _fell_back,
    Word.ENDED: _ended,
}
