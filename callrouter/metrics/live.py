"""Gauges: the live floor and the health of the parts at the moment of asking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callrouter.metrics.tally import Tally
from callrouter.reporting.calls import journal_order
from callrouter.reporting.floor import CONDITIONS, FloorView


class HookLook(Protocol):
    """What a webhook tells of itself (webhooks/hook.py)."""

    name: str
    position: str | None
    delivered: int
    failed: int
    skipped: int


@dataclass(slots=True)
class Look:
    """What was seen; None where a part did not answer."""

    free_bytes: int
    health: Mapping[str, str] | None = None
    """As Line.health tells it."""
    floor: FloorView | None = None
    calls: int = 0
    workers: int = 0
    position: str | None = None
    """The history's: up to which journal entry it has been told."""
    gaps: int = 0
    queue_log: str | None = ""
    """The newest entry told in the queue_log; None while it cannot be written, empty if there is none."""
    hooks: Sequence[HookLook] = ()


def text(tally: Tally, look: Look) -> bytes:
    """Everything in Prometheus's text form."""
    now = CollectorRegistry()
    now.register(_Seen(look))
    return generate_latest(tally.registry) + generate_latest(now)


class _Seen(Collector):
    """prometheus-client asks an object with this method."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def collect(self) -> Iterable[Metric]:
        look = self._look
        yield _gauge("store_up", "1 if Redis answers", int(look.health is not None))
        yield _gauge("history_up", "1 if the history's database answers", int(look.position is not None))
        yield _gauge("recordings_free_bytes", "Free space where recordings land", look.free_bytes)
        if look.health is not None:
            yield from _store(look.health)
        if look.floor is not None:
            yield from _floor(look.floor)
            yield _gauge("calls", "Calls that live", look.calls)
            yield _gauge("workers", "Workers that are open for calls", look.workers)
        if look.position is not None:
            yield _gauge("history_gaps", "How often entries were lost before they came into the history", look.gaps)
        if look.position is not None and look.health is not None:
            behind = _behind_s(look.health["version"], look.position)
            yield _gauge("history_behind_seconds", "How far the history is behind the journal", behind)
        if look.queue_log != "":
            yield _gauge("queue_log_up", "1 if the queue_log can be written", int(look.queue_log is not None))
        yield from _hooks(look.hooks, look.health)
        if look.queue_log and look.health is not None:
            behind = _behind_s(look.health["version"], look.queue_log)
            yield _gauge("queue_log_behind_seconds", "How far the queue_log is behind the journal", behind)


def _hooks(hooks: Sequence[HookLook], health: Mapping[str, str] | None) -> Iterator[Metric]:
    """A webhook that another machine's clerk delivers is not told of here."""
    behind = GaugeMetricFamily(
        "callrouter_webhook_behind_seconds", "How far a webhook is behind the journal", labels=["hook"]
    )
    events = CounterMetricFamily(
        "callrouter_webhook_events",
        "Events of a webhook, by what became of them; `failed` are tries",
        labels=["hook", "result"],
    )
    for hook in hooks:
        if hook.position is not None and health is not None:
            behind.add_metric([hook.name], _behind_s(health["version"], hook.position))
        for result, count in (("delivered", hook.delivered), ("failed", hook.failed), ("skipped", hook.skipped)):
            events.add_metric([hook.name, result], count)
    if hooks:
        yield from (behind, events)


def _store(health: Mapping[str, str]) -> Iterator[Metric]:
    yield _gauge("store_used_bytes", "Memory that Redis uses", int(health["memory_used"]))
    yield _gauge("store_bound_bytes", "Memory that Redis may use; 0: no bound", int(health["memory_bound"]))
    yield _gauge("journal_entries", "Entries that the journal holds", int(health["journal_entries"]))
    yield _gauge("journal_trims", "How often the journal had to give way to a full Redis", int(health["trims"]))


def _floor(floor: FloorView) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("callrouter_waiting", "Callers who wait", labels=["queue"])
    longest = GaugeMetricFamily(
        "callrouter_longest_wait_seconds", "The longest of them waits so long", labels=["queue"]
    )
    agents = GaugeMetricFamily("callrouter_agents", "Agents, by what they do", labels=["condition"])
    of_queue = GaugeMetricFamily("callrouter_queue_agents", "A queue's agents", labels=["queue", "condition"])
    for queue in floor.queues:
        waiting.add_metric([queue.id], queue.waiting)
        longest.add_metric([queue.id], queue.longest_wait_ms / 1000)
        for condition in CONDITIONS:
            of_queue.add_metric([queue.id, condition], queue.agents.get(condition, 0))
    for condition in CONDITIONS:
        agents.add_metric([condition], sum(agent.condition == condition for agent in floor.agents))
    yield from (waiting, longest, agents, of_queue)


def _behind_s(newest: str, position: str) -> float:
    """Nothing if the history has the newest entry, else from the entry it has to that one."""
    return max(0, journal_order(newest)[0] - journal_order(position)[0]) / 1000 if position else 0.0


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"callrouter_{name}", what, value=value)
