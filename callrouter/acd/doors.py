"""The doors of a queue's line: who may not join it now, and why those in it must go.

    emergency   its switch is on
    closed      outside its hours, or in the minutes before closing in which nobody joins any more
    nobody      nobody is there to serve it
    full        so many wait that one more makes no sense

Rule: nothing is remembered here. How long a queue has been left alone is the doorkeeper's to know (doorkeeper.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from callrouter.acd.attendance import Staff
from callrouter.config import Queue, QueueHours
from callrouter.hours import state_at
from callrouter.journal import Word


class Why(StrEnum):
    """The same words lead on in a tree's queue node."""

    EMERGENCY = "emergency"
    CLOSED = "closed"
    NOBODY = "nobody"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Times:
    """What a queue's hours say of one moment."""

    is_open: bool = True
    may_join: bool = True


ANY_TIME = Times()


def times(hours: QueueHours | None, now: datetime, holidays: Mapping[str, Collection[date]]) -> Times:
    """`now` is aware and in the centre's time zone. Who joins must find the queue open still `last_join_m` later."""
    if hours is None:
        return ANY_TIME
    now = now.astimezone(ZoneInfo(hours.zone)) if hours.zone else now
    off = holidays.get(hours.holidays or "", ())

    def is_open(at: datetime) -> bool:
        return state_at(at, hours.open, hours.days, off) == "open"

    if not is_open(now):
        return Times(is_open=False, may_join=False)
    # by way of UTC: on some nights a clock changes meanwhile
    later = (now.astimezone(UTC) + timedelta(minutes=hours.last_join_m)).astimezone(now.tzinfo)
    return Times(may_join=is_open(later))


def refuses(rules: Queue, staff: Staff, waiting: int, switches: Collection[str], at: Times) -> Why | None:
    """Why a caller may not join the line now. `switches` are those that are on."""
    if rules.switch is not None and rules.switch in switches:
        return Why.EMERGENCY
    if not at.may_join:
        return Why.CLOSED
    if is_left_alone(staff, rules.empty.refuse_when):
        return Why.NOBODY
    if rules.max_waiting is not None and waiting >= rules.max_waiting:
        return Why.FULL
    return None


def sends_away(rules: Queue, switches: Collection[str], at: Times) -> Why | None:
    """Why those who stand in the line must go, but for its being left alone, which has a grace."""
    if rules.switch is not None and rules.switch in switches:
        return Why.EMERGENCY
    if rules.hours is not None and rules.hours.at_closing == "leave" and not at.is_open:
        return Why.CLOSED
    return None


def is_left_alone(staff: Staff, when: str | None) -> bool:
    """`when` is one of the configuration's words; without one a queue is never left alone."""
    counts = {
        "nobody_logged_in": staff.logged_in,
        "nobody_ready": staff.ready,
        "nobody_reachable": staff.reachable,
    }
    return when is not None and not counts[when]


def has_rules(rules: Queue) -> bool:
    """Whether the doors of this queue are ever shut."""
    return bool(rules.switch or rules.hours or rules.empty.refuse_when or rules.empty.leave_when or rules.max_waiting)


HANGUP = "hangup"
"""What `overflow` says where there is no further queue."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A queue that does not take a caller, why, and which is tried next."""

    queue: str
    why: str
    to: str


def way_in(
    queue: str, refusing: Mapping[str, str], queues: Mapping[str, Queue], *, holds_place: bool = False
) -> tuple[str, tuple[Refused, ...]]:
    """The queue that takes a caller: this one or the first along its overflow whose doors are open, or hangup; and
    those that do not. Who holds a place finds no line full."""
    refused: list[Refused] = []
    while queue != HANGUP and (why := refusing.get(queue, "")) and queue in queues:
        if holds_place and why == Why.FULL:
            break
        to = queues[queue].overflow
        to = HANGUP if to == queue or any(to == one.queue for one in refused) else to
        refused.append(Refused(queue, why, to))
        queue = to
    return queue, tuple(refused)


Words = tuple[Word, Mapping[str, str]]
"""Of the journal, with what it says."""


def refusal_words(refused: Refused) -> Words:
    """`to` is the queue that is tried next, `tree` or `hangup`."""
    word = {Why.NOBODY.value: Word.JOINEMPTY, Why.FULL.value: Word.FULL}.get(refused.why, Word.JOINCLOSED)
    return word, {"to": refused.to, **({"why": refused.why} if word is Word.JOINCLOSED else {})}


def leaving_words(why: str, position: int) -> Words:
    """Of who stood in the line and must go."""
    if why == Why.NOBODY:
        return Word.EXITEMPTY, {"position": str(position)}
    return Word.EXITCLOSED, {"position": str(position), "why": why}
