"""When callers call: at one rate, at one for each interval, or as recorded; each with luck of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter

import numpy as np

from callrouter.simulation.day import NO_NEEDS, Caller
from callrouter.simulation.durations import NEVER, Duration, Fixed

NOTHING = Fixed(0.0)
AT_A_TIME = 4096
"""Callers drawn together: drawing them one by one costs ten times as much."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many callers a second between two moments, by a Poisson process."""

    from_ms: int
    to_ms: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Stream:
    """Callers of one kind: the same queue and needs, talks and patience by the same laws."""

    queue: str
    rates: Sequence[Rate] = ()
    """One after another in time."""
    times: Sequence[int] = ()
    """Or the very moments, recorded."""
    talk: Duration = NOTHING
    patience: Duration = NEVER
    priority: int = 0
    needs: Mapping[str, str] = field(default_factory=lambda: NO_NEEDS)
    wrap_up_asked: float = 0.0
    """The share of them after whom the agent asks for a wrap-up."""


def callers(streams: Sequence[Stream], chance: np.random.Generator) -> Iterator[Caller]:
    """All of them, in the order in which they call. Each stream has a generator of its own, so that one more stream
    changes nothing about the others."""
    found = [_callers(stream, own) for stream, own in zip(streams, chance.spawn(len(streams)), strict=True)]
    return found[0] if len(found) == 1 else merge(*found, key=attrgetter("at_ms"))


def _callers(stream: Stream, chance: np.random.Generator) -> Iterator[Caller]:
    when, luck = chance.spawn(2)
    for times in _times(stream, when):
        for at_ms, (patience, talk, ring) in zip(times, luck.random((len(times), 3)).tolist(), strict=True):
            seconds = stream.patience.at(patience)
            endless = seconds > 1e9
            yield Caller(
                at_ms,
                stream.queue,
                None if endless else round(seconds * 1000),
                round(stream.talk.at(talk) * 1000),
                talk,
                ring,
                stream.priority,
                stream.needs,
                wrap_up_asked=(talk + ring) % 1 < stream.wrap_up_asked,
            )


def _times(stream: Stream, chance: np.random.Generator) -> Iterator[list[int]]:
    if stream.times:
        yield sorted(stream.times)
    for rate in stream.rates:
        yield from _poisson(rate, chance)


def _poisson(rate: Rate, chance: np.random.Generator) -> Iterator[list[int]]:
    at = float(rate.from_ms)
    while rate.per_s > 0 and at < rate.to_ms:
        times = at + np.cumsum(chance.exponential(1000 / rate.per_s, AT_A_TIME))
        at = float(times[-1])
        yield np.rint(times[times < rate.to_ms]).astype(np.int64).tolist()
