"""Counters from journal entries, in Prometheus's terms: they only grow, and begin anew with the process.

Labels are names from the configuration and from trees, never anything that a caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from callrouter.acd.invariants import Invariant
from callrouter.journal import Entry, Word
from callrouter.reporting.calls import why_refused

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is of no use to anybody here
WAITS_S = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1200.0)
HOWS = frozenset({"completed", "abandoned", "left_tree", "timed_out", "turned_away", "fallback", "unreadable",
                 "left_message", "lost", "callback_failed", "callback_expired", "callback_cancelled", "callback_served",
                 "callback_asked_again"})  # fmt: skip
"""Ways in which a call ends; a tree's own hang-up names are counted as `tree`."""


class Tally:
    """Every limit of a service level is a bucket of its own, so that it can be read from the waits."""

    def __init__(self, limits_s: Iterable[float]) -> None:
        self.registry = CollectorRegistry()
        make = self._counter
        self._arrived = make("calls_arrived", "Callers who came", "tree")
        self._ended = make("calls_ended", "Calls that are over, by how they ended", "how")
        self._entered = make("queue_entered", "Callers who joined a queue", "queue")
        self._left = make("queue_left", "Stays in a queue that are over, by how", "queue", "how")
        self._refused = make("queue_refused", "Callers whom a queue did not take, by why", "queue", "why")
        self._back = make("queue_rang_back", "Callers who dropped out of a queue and had the place back", "queue")
        self._offers = make("offers", "Offers to agents that are over, by result", "queue", "result")
        self._talks = make("conversations", "Conversations with agents that are over", "queue")
        self._talked = make("talk_seconds", "Their length", "queue")
        self._callbacks = make("callbacks", "Callbacks asked for, rung, connected, failed …", "queue", "outcome")
        self._recordings = make("recordings", "Recordings finished, or failed", "result")
        self._fallbacks = make("fallbacks", "Callers handed to the fallback")
        self._repaired = make("repaired", "States that could not be, put right")
        self._breaches = make("breaches", "Invariants that did not hold", "invariant")
        for invariant in Invariant:
            self._breaches.labels(invariant)  # 0 from the beginning, so that an alarm sees the first of them
        self._adopted = make("calls_adopted", "Calls taken over from a worker that died")
        self._waits = Histogram(
            "callrouter_wait_seconds",
            "How long callers waited, by what ended it",
            ["queue", "how"],
            registry=self.registry,
            buckets=sorted({*WAITS_S, *limits_s}),
        )

    def count(self, entries: Iterable[Entry]) -> None:
        """Each entry must come here once."""
        for entry in entries:
            if note := self._notes.get(entry.word):
                note(self, entry)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"callrouter_{name}", what, labels, registry=self.registry)

    def _waited(self, entry: Entry, how: str) -> None:
        self._left.labels(entry.queue, how).inc()
        self._waits.labels(entry.queue, how).observe(_ms(entry, "waited_ms") / 1000)

    def _connected(self, entry: Entry) -> None:
        if not entry.data.get("callback"):  # whoever was called back had left the queue
            self._waited(entry, "answered")
        self._offers.labels(entry.queue, "accepted").inc()

    def _over(self, entry: Entry) -> None:
        if entry.queue:
            self._talks.labels(entry.queue).inc()
            self._talked.labels(entry.queue).inc(_ms(entry, "talked_ms") / 1000)

    def _moved(self, entry: Entry, let_go: str) -> None:
        to = entry.data.get("to", "")
        self._waited(entry, {"hangup": let_go, "tree": "went_back"}.get(to, "moved_on"))

    def _joined(self, entry: Entry) -> None:
        self._entered.labels(entry.queue).inc()
        if entry.data.get("back"):
            self._back.labels(entry.queue).inc()

    def _turned_away(self, entry: Entry) -> None:
        self._refused.labels(entry.queue, why_refused(entry)).inc()

    def _broken(self, entry: Entry) -> None:
        self._breaches.labels(Invariant(entry.data["invariant"])).inc()

    def _call_over(self, entry: Entry) -> None:
        how = entry.data.get("how", "")
        self._ended.labels(how if how in HOWS else "tree").inc()

    _notes: Mapping[Word, Callable[[Tally, Entry], None]] = {
        Word.ARRIVED: lambda self, entry: self._arrived.labels(entry.data.get("tree", "")).inc(),
        Word.ENDED: _call_over,
        Word.ENTERQUEUE: _joined,
        Word.JOINEMPTY: _turned_away,
        Word.FULL: _turned_away,
        Word.JOINCLOSED: _turned_away,
        Word.CONNECT: _connected,
        Word.ABANDON: lambda self, entry: self._waited(entry, "abandoned"),
        Word.EXITWITHTIMEOUT: lambda self, entry: self._moved(entry, "timed_out"),
        Word.EXITEMPTY: lambda self, entry: self._moved(entry, "sent_away"),
        Word.EXITCLOSED: lambda self, entry: self._moved(entry, "sent_away"),
        Word.EXITWITHKEY: lambda self, entry: self._waited(entry, "went_back"),
        Word.RINGNOANSWER: lambda self, entry: self._offers.labels(entry.queue, entry.data.get("why", "missed")).inc(),
        Word.RINGCANCELED: lambda self, entry: self._offers.labels(entry.queue, "taken_back").inc(),
        Word.COMPLETEAGENT: _over,
        Word.COMPLETECALLER: _over,
        Word.RECORDING: lambda self, entry: self._recordings.labels(
            "ready" if entry.data.get("file") else "failed"
        ).inc(),
        Word.CALLBACK: lambda self, entry: self._callbacks.labels(
            entry.queue, "by_hand" if "since_ms" not in entry.data else "asked"
        ).inc(),
        Word.CALLBACKTRY: lambda self, entry: self._callbacks.labels(entry.queue, entry.data.get("outcome", "")).inc(),
        Word.FALLBACK: lambda self, _entry: self._fallbacks.inc(),
        Word.REPAIRED: lambda self, _entry: self._repaired.inc(),
        Word.BREACH: _broken,
        Word.ADOPTED: lambda self, _entry: self._adopted.inc(),
    }


def _ms(entry: Entry, name: str) -> int:
    return int(entry.data.get(name) or 0)
