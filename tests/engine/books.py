"""What the journal says of offers and ends, read as it grows, and what in it must never be.

An independent reading: it knows nothing of the engine's own watch, and takes each entry alone for what it says.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from callrouter.acd.choose import pairings
from callrouter.acd.floor import Activity, Floor
from callrouter.journal import Entry, Word
from callrouter.reporting.calls import journal_order

COEXIST_MS = 100
LATE_MS = 2_000
HELD = frozenset({Activity.RESERVED, Activity.RINGING, Activity.BRIEFING})
OVER = frozenset({Word.CONNECT, Word.RINGNOANSWER, Word.RINGCANCELED})


class Books:
    """`wrongs` grows with the journal. `quiet_since_ms`: since when nothing is done to workers, store or exchange."""

    def __init__(self) -> None:
        self.wrongs: list[str] = []
        self.counts: Counter[Word] = Counter()
        self.floor = Floor()
        self.quiet_since_ms = 1 << 62
        self.open: set[str] = set()
        self.over: set[str] = set()
        self.late: set[str] = set()
        """Calls with writings that may stand or not."""
        self.ours: set[str] = set()
        self.written: set[str] = set()
        """Ids in states that stand."""
        self.seen = 0
        """So much of the diary has been read."""
        self._offers: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        """Call → agent → when offered, and until when at most."""
        self._agents: dict[str, str] = {}
        self._together: dict[str, int] = {}
        """Call → since when the choice has had somebody for it."""
        self._last = (0, 0)

    def read(self, journal: list[Entry]) -> None:
        news = []
        for entry in reversed(journal):
            if journal_order(entry.id) <= self._last:
                break
            news.append(entry)
        for entry in reversed(news):
            self._last = journal_order(entry.id)
            self._read_one(entry)

    def _read_one(self, entry: Entry) -> None:
        self.counts[entry.word] += 1
        if entry.word is Word.SNAPSHOT:
            self.floor.replace({thing: fields or {} for thing, fields in entry.floor.items()}, entry.id)
        else:
            self.floor.apply(entry.floor, entry.id)
        match entry.word:
            case Word.ARRIVED:
                self.open.add(entry.call)
            case Word.ENDED:
                self._end(entry.call)
            case Word.OFFER:
                self._offer(entry)
            case Word.BRIEFED:  # the ring is over in time; how long the words take is another matter
                self._offers[entry.call][entry.agent] = (entry.at_ms, 1 << 62)
            case word if word in OVER:
                self._over(entry)
        self._look(entry.at_ms)

    def _end(self, call: str) -> None:
        if call in self.over:
            self.wrongs.append(f"{call} ended twice")
        self.open.discard(call)
        self.over.add(call)
        if self._offers.get(call):
            self.wrongs.append(f"{call} ended while {', '.join(self._offers[call])} rang for it")
        self._together.pop(call, None)

    def _offer(self, entry: Entry) -> None:
        call, agent = entry.call, entry.agent
        if agent in self._agents:
            self.wrongs.append(f"{agent} was offered {call} beside {self._agents[agent]}")
        rings_all = self.floor.queues.raw.get(entry.queue, {}).get("strategy") == "ring_all"
        if self._offers[call] and not rings_all:
            self.wrongs.append(f"{call} was offered to {agent} beside {', '.join(self._offers[call])}")
        self._agents[agent] = call
        until_ms = entry.at_ms + int(entry.data["ring_s"]) * 1000 + LATE_MS
        self._offers[call][agent] = (entry.at_ms, until_ms)

    def _over(self, entry: Entry) -> None:
        offered = self._offers[entry.call].pop(entry.agent, None)
        if offered is None:
            self.wrongs.append(f"{entry.word} of {entry.agent} for {entry.call}, which was not offered")
        elif entry.at_ms > offered[1] and self.quiet_since_ms < offered[0]:
            self.wrongs.append(f"{entry.agent} was held for {entry.call} {entry.at_ms - offered[1]} ms too long")
        self._agents.pop(entry.agent, None)
        if not self._offers[entry.call]:
            del self._offers[entry.call]

    def _look(self, at_ms: int) -> None:
        """Whom the choice has somebody for; and for how long it has had, once nothing disturbs."""
        now = {call for call, _ in pairings(self.floor, now_ms=at_ms)}
        for call, since_ms in list(self._together.items()):
            if max(since_ms, self.quiet_since_ms) + COEXIST_MS < at_ms:
                self.wrongs.append(f"{call} waited {at_ms - since_ms} ms beside somebody idle")
            if call not in now:
                del self._together[call]
        for call in now:
            self._together.setdefault(call, at_ms)

    def agree_with(self, things: dict[str, dict[str, str]], calls: set[str]) -> list[str]:
        """The floor folded from the journal is the one that the store holds, and nobody is held by an offer unknown."""
        found = [] if self.floor.things() == things else ["the floor of the journal is not that of the store"]
        held = {name for name, fields in self.floor.agents.raw.items() if fields.get("activity") in HELD}
        found += [f"{name} is in an offer of which the journal does not know" for name in held ^ self._agents.keys()]
        return found + [f"{call} is offered but not alive" for call in self._offers.keys() - calls]
