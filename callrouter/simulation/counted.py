"""What was played, counted as reports count what happened: the figures are those of reporting/figures.py."""

from __future__ import annotations

from collections.abc import Iterable

from callrouter.reporting.counts import Bounds, Counts, Sum, of_stay, of_time
from callrouter.reporting.facts import Outcome, Stay
from callrouter.simulation.day import Done, Played, Result

_OUTCOME = {
    Result.ANSWERED: Outcome.ANSWERED,
    Result.ABANDONED: Outcome.ABANDONED,
    Result.TIMED_OUT: Outcome.TIMED_OUT,
    Result.MOVED_ON: Outcome.MOVED_ON,
    Result.WENT_BACK: Outcome.WENT_BACK,
    Result.SENT_AWAY: Outcome.SENT_AWAY,
    Result.REFUSED: Outcome.REFUSED,
}


def counted(played: Played, bounds: Bounds, queue: str = "") -> Counts:
    """Everybody who came into a queue (or into this one), and all agents' time, which belongs to no single queue."""
    stays = [stay(done) for done in played.done if done.result in _OUTCOME and queue in ("", done.queue)]
    times = [] if queue else [of_time(kind, ms) for spent in played.spent.values() for kind, ms in spent.items()]
    return together([*(of_stay(one, bounds) for one in stays), *times])


def never_let_in(played: Played) -> int:
    """Callers whom no queue took, or who found all lines taken."""
    return sum(done.result is Result.TURNED_AWAY for done in played.done)


def stay(done: Done) -> Stay:
    """As the facts of a recorded call have it."""
    joined = done.caller.at_ms
    return Stay(
        call=done.caller.key,
        n=0,
        queue=done.queue,
        joined_ms=joined,
        left_ms=joined + done.waited_ms,
        outcome=_OUTCOME[done.result],
        agent=done.agent,
        waited_ms=done.waited_ms,
    )


def together(parts: Iterable[Counts]) -> Counts:
    whole = Sum()
    for part in parts:
        whole.add(part)
    return whole.counts()
