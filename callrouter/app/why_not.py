"""Why an agent's phone does not ring: now, or at each moment when a call looked for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callrouter.acd.floor import Floor
from callrouter.acd.why import Reason, why_not
from callrouter.app.history import history_of
from callrouter.engine.ports import Line
from callrouter.journal import Entry, read_saw
from callrouter.reporting.calls import fold
from callrouter.reporting.replay import things_at


@dataclass(frozen=True, slots=True)
class Moment:
    """A look at the floor, and what came of it for one agent."""

    at_ms: int
    what: str
    """now · joins <queue> · offered to <agent>"""
    reasons: tuple[Reason, ...]
    """Empty when the journal holds that floor no more."""


async def why_not_now(line: Line, agent: str) -> Moment:
    """For each call that waits at this moment."""
    snapshot = await line.snapshot()
    now_ms = await line.now_ms()
    return Moment(now_ms, "now", tuple(why_not(Floor(snapshot.things, snapshot.version), agent, None, now_ms)))


async def why_not_for(line: Line, agent: str, call: str) -> list[Moment] | None:
    """For one call, at each of its moments and, if it still waits, now; None if there is no such call."""
    found = await history_of(line, call)
    if found is None:
        return None
    wanted, history = found
    record = fold(history)[wanted]
    looks = [(visit.at_ms, f"joins {visit.queue}", visit.version) for visit in record.visits]
    looks += [(offer.at_ms, f"offered to {offer.agent}", offer.version) for offer in record.offers]
    moments = [Moment(at_ms, what, _then(history, agent, wanted, seen)) for at_ms, what, seen in sorted(looks)]
    snapshot = await line.snapshot()
    floor, now_ms = Floor(snapshot.things, snapshot.version), await line.now_ms()
    if wanted in floor.waiting:
        moments.append(Moment(now_ms, "now", tuple(why_not(floor, agent, wanted, now_ms))))
    return moments


def _then(history: Sequence[Entry], agent: str, call: str, seen: str) -> tuple[Reason, ...]:
    saw = read_saw(seen)
    things = things_at(history, saw.version)
    if things is None:
        return ()
    on_their_way = saw.on_their_way
    return tuple(why_not(Floor(things), agent, call, saw.now_ms, on_their_way.keys(), on_their_way.values()))
