"""What each agent did, as stretches of time without a break: who was here, who was free, who talked, and since when.

Made from the floor changes that journal entries carry, which are the very values the choice was made from. A stretch
ends when presence, its reason, activity, reachability or being barred changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from callrouter.journal import Entry, Word
from callrouter.reporting.floor import condition

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stretch:
    agent: str
    since: str
    """The entry that began it: with the agent, its name."""
    begins_ms: int
    ends_ms: int = 0
    """0 while it lasts."""
    presence: str = "LOGGED_OUT"
    reason: str = ""
    activity: str = "IDLE"
    reachable: bool = False
    call: str = ""
    """The call that rings, is talked about, or is written up."""
    queue: str = ""
    barred: bool = False
    """A rule kept the agent, though READY, from calls: a trainee without a mentor."""

    @property
    def kind(self) -> str:
        """free · ringing · talking · wrap-up · resting · not ready · unreachable · out.

        Resting is a rule's pause: after an offer in vain, after the hour's last call, without a mentor. Earlier
        versions wrote the first of these as a wrap-up after no conversation.
        """
        reachable = "1" if self.reachable else ""
        barred = "1" if self.barred else ""
        fields = {"activity": self.activity, "presence": self.presence, "reachable": reachable, "barred": barred}
        found = condition(fields)
        return "resting" if found == "wrap-up" and not self.call else found


@dataclass(frozen=True, slots=True)
class Told:
    """What entries have told: stretches that are over, and those that last."""

    over: tuple[Stretch, ...]
    lasting: Mapping[str, Stretch]


def tell(lasting: Mapping[str, Stretch], entries: Iterable[Entry]) -> Told:
    """After these entries, from the stretches that lasted before them. One that took no time is left out."""
    now, over = dict(lasting), []
    for entry in entries:
        for agent, fields in _agents(entry, now):
            before = now.pop(agent, None)
            after = _next(before, agent, fields, entry) if fields is not None else None
            if before is not None and after is not before and before.begins_ms < entry.at_ms:
                over.append(replace(before, ends_ms=entry.at_ms))
            if after is not None:
                now[agent] = after
    return Told(tuple(over), now)


def _agents(entry: Entry, now: Mapping[str, Stretch]) -> Iterator[tuple[str, Fields | None]]:
    """The agents an entry tells of; None for one who is gone. A SNAPSHOT tells of everybody there is."""
    told = {thing.partition(":")[2]: fields for thing, fields in entry.floor.items() if thing.startswith("agent:")}
    yield from told.items()
    if entry.word is Word.SNAPSHOT:
        yield from ((agent, None) for agent in now.keys() - told.keys())


def _next(before: Stretch | None, agent: str, fields: Fields, entry: Entry) -> Stretch:
    """The same stretch if nothing has changed that would end it."""
    was = before or Stretch(agent, entry.id, entry.at_ms)
    after = replace(
        was,
        presence=fields.get("presence", was.presence),
        reason=fields.get("reason", was.reason),
        activity=fields.get("activity", was.activity),
        reachable=fields["reachable"] == "1" if "reachable" in fields else was.reachable,
        barred=bool(fields["barred"]) if "barred" in fields else was.barred,
    )
    after = _about(was, after, fields, entry)
    if before is not None and after == before:
        return before
    return replace(after, since=entry.id, begins_ms=entry.at_ms, ends_ms=0)


def _about(was: Stretch, after: Stretch, fields: Fields, entry: Entry) -> Stretch:
    """Which call it is about. A wrap-up belongs to the conversation before it, though the floor has let go of that."""
    if after.activity == "IDLE":
        return replace(after, call="", queue="")
    if after.activity == "WRAP_UP" and entry.word is Word.WRAPUP and was.activity == "IDLE":
        return replace(after, call=entry.call, queue=entry.queue)
    if after.activity == "RESTING":
        return replace(after, call="", queue="")
    if after.activity == "WRAP_UP":
        kept = was.activity in ("TALKING", "WRAP_UP")
        return after if kept else replace(after, call="", queue="")
    call = fields.get("call", was.call)
    queue = entry.queue if entry.call == call and entry.queue else was.queue if call == was.call else ""
    return replace(after, call=call, queue=queue)
