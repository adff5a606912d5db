"""The figures of a call centre, each formula once, pure: Counts in, a ratio out, None where there is nothing to divide.

The names are those of the trade; where the trade has several formulas for one name, the variant is part of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callrouter.reporting.counts import Bounds, Counts


class Variant(StrEnum):
    """Which service level. Each has the answers within the limit above the line, but for `asterisk_sl2`."""

    OFFERED = "offered"
    ALL_ARRIVALS = "all_arrivals"
    FLOW_OUTS = "flow_outs"
    ANSWERED = "answered"
    ASTERISK_SL2 = "asterisk_sl2"


FORMULAS = {
    Variant.OFFERED: "answered in time / (answered + abandoned, without short abandons)",
    Variant.ALL_ARRIVALS: "answered in time / every wait that is over, however it ended",
    Variant.FLOW_OUTS: "answered in time / (answered + abandoned, without short abandons, + timed out + moved on "
    "+ sent away + back in the tree)",
    Variant.ANSWERED: "answered in time / answered",
    Variant.ASTERISK_SL2: "(answered in time + abandoned in time) / (answered + abandoned)",
}


def service_level(counts: Counts, variant: Variant = Variant.OFFERED) -> float | None:
    """The share of callers whose wait was kept short.

    OFFERED       the usual one: Genesys Cloud, "Configure the service level calculation", without short abandons
    ALL_ARRIVALS  what queueing models speak of: served within t, over all arrivals (Garnett, Mandelbaum, Reiman,
                  "Designing a Call Center with Impatient Customers", 2002). Who moved on is judged where they arrived.
    FLOW_OUTS     the same Genesys page with flow-outs counted against the queue that they left
    ANSWERED      app_queue's ServicelevelPerf (Asterisk, apps/app_queue.c); also called completed calls only
    ASTERISK_SL2  app_queue's ServicelevelPerf2
    """
    offered = offered_to(counts)
    above, below = {
        Variant.OFFERED: (counts.answered_within, offered),
        Variant.ALL_ARRIVALS: (counts.answered_within, counts.entered - counts.moved_on - counts.waiting),
        Variant.FLOW_OUTS: (counts.answered_within, offered + flow_outs(counts)),
        Variant.ANSWERED: (counts.answered_within, counts.answered),
        Variant.ASTERISK_SL2: (
            counts.answered_within + counts.abandoned_within,
            counts.answered + counts.abandoned,
        ),
    }[variant]
    return _ratio(above, below)


def flow_outs(counts: Counts) -> int:
    """Who left the queue and neither was answered nor gave up: a rule moved them, or they chose another way."""
    return counts.timed_out + counts.moved_on + counts.sent_away + counts.went_back


def offered_to(counts: Counts) -> int:
    """Callers for whom somebody had to answer: without short abandons, and without those who moved on or went back."""
    return counts.answered + counts.abandoned - counts.abandoned_short


def asa_s(counts: Counts) -> float | None:
    """Average speed of answer: seconds waited by those who were answered, ringing included, / answered.

    Who gave up is not in it (Contact Center Pipeline, "Metrics"; AT&T Call Management System).
    """
    return _seconds(counts.answered_wait_ms, counts.answered)


def aht_s(counts: Counts) -> float | None:
    """Average handle time: (talk + hold + work afterwards) / handled (Genesys Cloud, "Metric definitions").

    Hold is part of the talk here: the caller is still the agent's. All of it is booked where the talk began.
    """
    return _seconds(counts.handled_talk_ms + counts.handled_wrap_ms, counts.handled)


def talk_s(counts: Counts) -> float | None:
    """Average talk, hold included."""
    return _seconds(counts.handled_talk_ms, counts.handled)


def acw_s(counts: Counts) -> float | None:
    """After-call work: the whole of it / handled (Amazon Connect, "Historical metrics": after contact work time)."""
    return _seconds(counts.handled_wrap_ms, counts.handled)


def abandonment(counts: Counts) -> float | None:
    """Who gave up / offered, both without short abandons. Who was moved on, timed out, was sent away or
    refused by a rule, or went back has not given up."""
    gave_up = counts.abandoned - counts.abandoned_short
    return _ratio(gave_up, counts.answered + gave_up)


def occupancy(counts: Counts) -> float | None:
    """(talking + ringing + wrap-up) / (that + free): how much of the time in which an agent was there for callers was
    used. Not ready, without a phone and resting after a missed offer are neither (Amazon Connect, "Occupancy", which
    however leaves ringing out)."""
    busy = counts.talking_ms + counts.ringing_ms + counts.wrapping_ms
    return _ratio(busy, busy + counts.free_ms)


def transfer_rate(counts: Counts) -> float | None:
    """Conversations that an agent handed on / handled (Genesys Cloud, "Metric definitions"). Until agents can, 0."""
    return _ratio(counts.transferred, counts.handled)


def rna(counts: Counts) -> float | None:
    """Ring no answer: offers that rang in vain by the agent's fault / offers that were not taken back.

    A caller who hangs up meanwhile, and a phone that cannot be reached, are not the agent's fault (queue_log's
    RINGNOANSWER against RINGCANCELED; Amazon Connect, "Agent non-response without customer abandons").
    """
    return _ratio(counts.missed + counts.declined + counts.busy, counts.offers - counts.taken_back - counts.unreachable)


def callback_success(counts: Counts) -> float | None:
    """Callbacks that came to a talk / those that were tried (Amazon Connect, "Historical metrics": callback contacts
    handled and callback attempts; here counted by wish, not by ring)."""
    return _ratio(counts.callbacks_reached, counts.callbacks_dialled)


def callback_first(counts: Counts) -> float | None:
    """First-attempt success: reached with the first ring / tried."""
    return _ratio(counts.callbacks_first, counts.callbacks_dialled)


def callback_rings(counts: Counts) -> float | None:
    """Rings of phones outside / callbacks tried."""
    return _ratio(counts.callback_rings, counts.callbacks_dialled)


def callback_s(counts: Counts) -> float | None:
    """Time to callback: seconds from the wish to the talk, pauses and nights included, of those reached."""
    return _seconds(counts.callback_wait_ms, counts.callbacks_reached)


def longest_wait_s(counts: Counts) -> float:
    """The longest wait that is over, however it ended: averages hide it."""
    return counts.longest_wait_ms / 1000


def expected_error(counts: Counts) -> float | None:
    """How wrong expected waits were: the sum of what they missed by / the sum of what was expected (weighted absolute
    percentage error: Hyndman, Koehler, "Another look at measures of forecast accuracy", 2006). 0.3 is 30 %."""
    return _ratio(counts.foretold_wrong_ms, counts.foretold_ms)


def expected_within_p90(counts: Counts) -> float | None:
    """Waits that were over by the time that nine of ten are; 0.9 would be right."""
    return _ratio(counts.foretold_within_p90, counts.foretold)


def hang_up_rate(counts: Counts) -> float | None:
    """Of the visits to a node, those in which the caller hung up there."""
    return _ratio(counts.hung_up, counts.visits)


def trouble_rate(counts: Counts) -> float | None:
    """Of the visits to a node, those that ended in silence or a key that is not offered."""
    return _ratio(counts.silences + counts.wrong_keys, counts.visits)


def node_s(counts: Counts) -> float | None:
    """Average time at a node."""
    return _seconds(counts.node_ms, counts.visits)


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of some counts; shares are 0 to 1."""

    service_level: float | None
    asa_s: float | None
    longest_wait_s: float
    abandonment: float | None
    aht_s: float | None
    talk_s: float | None
    acw_s: float | None
    occupancy: float | None
    transfer_rate: float | None
    rna: float | None
    callback_success: float | None
    callback_first: float | None
    callback_rings: float | None
    callback_s: float | None
    expected_error: float | None
    expected_within_p90: float | None


def figures(counts: Counts, variant: Variant = Variant.OFFERED) -> Figures:
    return Figures(
        service_level(counts, variant),
        asa_s(counts),
        longest_wait_s(counts),
        abandonment(counts),
        aht_s(counts),
        talk_s(counts),
        acw_s(counts),
        occupancy(counts),
        transfer_rate(counts),
        rna(counts),
        callback_success(counts),
        callback_first(counts),
        callback_rings(counts),
        callback_s(counts),
        expected_error(counts),
        expected_within_p90(counts),
    )


def words(variant: Variant, bounds: Bounds) -> str:
    """Which service level this is, to be said wherever one is shown."""
    level = f"service level {variant.value}, within {_limits(bounds)}: {FORMULAS[variant]}"
    return f"{level}; short abandon: under {bounds.short_ms / 1000:g} s"


def _limits(bounds: Bounds) -> str:
    """One for all, or each with its queues."""
    of: dict[int, list[str]] = {}
    for queue, promise in bounds.promises.items():
        of.setdefault(promise.within_ms, []).append(queue)
    if len(of) <= 1:
        return f"{next(iter(of), bounds.within_ms) / 1000:g} s"
    return ", ".join(f"{ms / 1000:g} s in {' and '.join(of[ms])}" for ms in sorted(of))


def _ratio(above: int, below: int) -> float | None:
    return above / below if below > 0 else None


def _seconds(ms: int, count: int) -> float | None:
    return ms / count / 1000 if count > 0 else None
