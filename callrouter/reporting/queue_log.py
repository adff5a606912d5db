"""Journal entries as lines of Asterisk's queue_log, so that reporting tools made for app_queue go on working.

    epoch|call|queue|agent|event|data1|data2 ...      NONE where there is nothing; times are whole seconds

Events and their data are app_queue's (Asterisk 22, apps/app_queue.c; Asterisk documentation, "Queue Logs"). What they
need beside the entry is folded from the entries before it (`Lines`): who stood in which line, since when, at which
place.
Rule: as in app_queue each stay in a queue has a wait of its own; the caller's one clock is for our own reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from callrouter.journal import Entry, Word

Turn = Callable[[int, int], int]
"""(waiting since, priority) → a number; the lower, the earlier in the line (acd/turn.py)."""
NONE = "NONE"


@dataclass(slots=True)
class Standing:
    """A place in a line, as the floor has it."""

    queue: str
    since_ms: int
    priority: int


@dataclass(slots=True)
class Stay:
    """A stay in one queue that has not ended."""

    queue: str
    began_s: int
    place: int
    legs: dict[str, str] = field(default_factory=dict)
    """The phones that ring for it: agent → leg."""


@dataclass(slots=True)
class Talk:
    began_s: int
    held_s: int
    place: int


@dataclass(slots=True)
class Member:
    """An agent as a member of queues: none while logged out."""

    queues: tuple[str, ...]
    presence: str

    @property
    def of(self) -> tuple[str, ...]:
        return self.queues if self.presence not in ("", "LOGGED_OUT") else ()


@dataclass(slots=True)
class Memory:
    """What later lines need of earlier entries; kept beside the file (store/queue_log_file.py)."""

    begun: bool = False
    standing: dict[str, Standing] = field(default_factory=dict)
    stays: dict[str, Stay] = field(default_factory=dict)
    talks: dict[str, Talk] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    callbacks: dict[str, str] = field(default_factory=dict)
    """Call → the number under which somebody wants to be called back."""


class Lines:
    """Folds entries, each once and in order, and tells their lines."""

    def __init__(self, turn: Turn, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self._turn = turn

    def forget(self) -> None:
        """Entries were lost: what was open before is not known any more, and QUEUESTART says so."""
        self.memory = Memory()

    def of(self, entry: Entry) -> list[str]:
        """The lines of the next entry: often none, for an agent in several queues more than one."""
        told: list[str] = []
        if not self.memory.begun:
            self.memory.begun = True
            told.append(_note(entry, NONE, NONE, "QUEUESTART"))
        elif entry.word is Word.CONFIG:
            told.append(_note(entry, NONE, NONE, "CONFIGRELOAD"))
        tell = _TOLD.get(entry.word)
        if tell is None:
            return [*told, *self._moved(entry)]
        if entry.word is Word.ENTERQUEUE:  # a place is known once it is taken, and for as long as it is not left
            return [*told, *self._moved(entry), *tell(self, entry)]
        return [*told, *tell(self, entry), *self._moved(entry)]

    def _moved(self, entry: Entry) -> Iterator[str]:
        """Take over what has changed on the floor; who became or ceased to be a member of a queue."""
        memory = self.memory
        if entry.word is Word.SNAPSHOT:
            gone = [f"agent:{agent}" for agent in memory.members if f"agent:{agent}" not in entry.floor]
            memory.standing.clear()
            yield from (line for thing in gone for line in self._member(entry, thing.partition(":")[2], None))
        for thing, fields in entry.floor.items():
            kind, _, name = thing.partition(":")
            if kind == "waiting":
                self._stand(name, fields)
            elif kind == "agent":
                yield from self._member(entry, name, fields)

    def _stand(self, call: str, fields: Mapping[str, str] | None) -> None:
        if fields is None:
            self.memory.standing.pop(call, None)
            return
        was = self.memory.standing.get(call) or Standing("", 0, 0)
        self.memory.standing[call] = Standing(
            fields.get("queue", was.queue),
            int(fields.get("since") or was.since_ms),
            int(fields.get("priority") or was.priority),
        )

    def _member(self, entry: Entry, agent: str, fields: Mapping[str, str] | None) -> Iterator[str]:
        was = self.memory.members.get(agent) or Member((), "")
        now = Member((), "") if fields is None else _member(was, fields)
        if fields is None:
            self.memory.members.pop(agent, None)
        else:
            self.memory.members[agent] = now
        yield from (_note(entry, queue, agent, "REMOVEMEMBER") for queue in was.of if queue not in now.of)
        paused = "PAUSED" if now.presence == "NOT_READY" else ""
        yield from (_note(entry, queue, agent, "ADDMEMBER", paused) for queue in now.of if queue not in was.of)

    def entered(self, entry: Entry) -> Iterator[str]:
        place = self._place(entry.call)
        self.memory.stays[entry.call] = Stay(entry.queue, _second(entry), place)
        yield _line(entry, entry.queue, NONE, "ENTERQUEUE", "", entry.data.get("caller", ""), place)

    def offered(self, entry: Entry) -> Iterator[str]:
        if stay := self.memory.stays.get(entry.call):
            stay.legs[entry.agent] = entry.data.get("leg", "")
        yield from ()

    def asked_back(self, entry: Entry) -> Iterator[str]:
        self.memory.callbacks[entry.call] = entry.data.get("number", "")
        yield from ()

    def connected(self, entry: Entry) -> Iterator[str]:
        """Who is called back has left the queue long ago: as with a callback made by a dialplan, they enter it anew."""
        number = self.memory.callbacks.pop(entry.call, None)
        if entry.data.get("callback") and entry.call not in self.memory.stays:
            self.memory.stays[entry.call] = Stay(entry.queue, _second(entry), 1)
            yield _line(entry, entry.queue, NONE, "ENTERQUEUE", "", number or "", 1)
        stay = self._left(entry)
        held, leg = _second(entry) - stay.began_s, stay.legs.get(entry.agent, "")
        self.memory.talks[entry.call] = Talk(_second(entry), held, stay.place)
        yield _line(entry, entry.queue, entry.agent, "CONNECT", held, leg, _ms(entry, "ring_ms") // 1000)

    def completed(self, entry: Entry) -> Iterator[str]:
        """With somebody of the directory a call was in no queue."""
        talk = self.memory.talks.pop(entry.call, None)
        if not entry.queue:
            return
        if talk is None:
            talk = Talk(_second(entry) - _ms(entry, "talked_ms") // 1000, _ms(entry, "waited_ms") // 1000, 1)
        talked = _second(entry) - talk.began_s
        yield _line(entry, entry.queue, entry.agent, entry.word.value, talk.held_s, talked, talk.place)

    def left(self, entry: Entry) -> Iterator[str]:
        """ABANDON, EXITWITHTIMEOUT, EXITEMPTY: place, place at first, wait."""
        yield self._out(entry, entry.word.value)

    def left_by_key(self, entry: Entry) -> Iterator[str]:
        yield self._out(entry, "EXITWITHKEY", entry.data.get("key", ""))

    def sent_away(self, entry: Entry) -> Iterator[str]:
        """app_queue knows no hours; who is put out of the line because nobody is there has this event."""
        yield self._out(entry, "EXITEMPTY")

    def over(self, entry: Entry) -> Iterator[str]:
        """A stay that nothing has ended: we could not carry on, and the caller was put out of the line."""
        if entry.call in self.memory.stays:
            yield self._out(entry, "EXITEMPTY")
        for known in (self.memory.talks, self.memory.standing, self.memory.callbacks):
            known.pop(entry.call, None)

    def rang_in_vain(self, entry: Entry) -> Iterator[str]:
        if stay := self.memory.stays.get(entry.call):
            stay.legs.pop(entry.agent, None)
        yield _line(entry, entry.queue, entry.agent, entry.word.value, _ms(entry, "ring_ms"))

    def paused(self, entry: Entry) -> Iterator[str]:
        """For all queues at once, as app_queue tells it; who is not a member yet becomes one (`_moved`)."""
        member = self.memory.members.get(entry.agent)
        reason = entry.data.get("reason", "")
        if member is not None and member.of:
            yield _note(entry, NONE, entry.agent, f"{entry.word.value}ALL")
            yield from (_note(entry, queue, entry.agent, entry.word.value, reason) for queue in member.of)

    def _out(self, entry: Entry, event: str, *first: object) -> str:
        place = self._place(entry.call)
        stay = self._left(entry)
        return _line(entry, stay.queue, NONE, event, *first, place, stay.place, _second(entry) - stay.began_s)

    def _left(self, entry: Entry) -> Stay:
        """The stay that ends; of one whose beginning was lost what the entry itself knows."""
        began = _second(entry) - _ms(entry, "waited_ms") // 1000
        return self.memory.stays.pop(entry.call, None) or Stay(entry.queue, began, self._place(entry.call))

    def _place(self, call: str) -> int:
        """Where the call stands in its line, the first being 1."""
        standing = self.memory.standing
        own = standing.get(call)
        if own is None:
            return 1
        mine = (self._turn(own.since_ms, own.priority), call)
        others = ((self._turn(one.since_ms, one.priority), name) for name, one in _of(standing, own.queue))
        return 1 + sum(other < mine for other in others)


_TOLD: Mapping[Word, Callable[[Lines, Entry], Iterator[str]]] = {
    Word.ENTERQUEUE: Lines.entered,
    Word.CALLBACK: Lines.asked_back,
    Word.OFFER: Lines.offered,
    Word.CONNECT: Lines.connected,
    Word.COMPLETEAGENT: Lines.completed,
    Word.COMPLETECALLER: Lines.completed,
    Word.ABANDON: Lines.left,
    Word.EXITWITHTIMEOUT: Lines.left,
    Word.EXITEMPTY: Lines.left,
    Word.EXITCLOSED: Lines.sent_away,
    Word.EXITWITHKEY: Lines.left_by_key,
    Word.ENDED: Lines.over,
    Word.RINGNOANSWER: Lines.rang_in_vain,
    Word.RINGCANCELED: Lines.rang_in_vain,
    Word.PAUSE: Lines.paused,
    Word.UNPAUSE: Lines.paused,
}


def _of(standing: Mapping[str, Standing], queue: str) -> Iterable[tuple[str, Standing]]:
    return ((call, one) for call, one in standing.items() if one.queue == queue)


def _member(was: Member, fields: Mapping[str, str]) -> Member:
    queues = tuple(queue for queue in fields["queues"].split(",") if queue) if "queues" in fields else was.queues
    return Member(queues, fields.get("presence", was.presence))


def _line(entry: Entry, queue: str, agent: str, event: str, *data: object) -> str:
    words = (_second(entry), entry.call or NONE, queue, agent or NONE, event, *data)
    return "|".join(_field(word) for word in words)


def _note(entry: Entry, queue: str, agent: str, event: str, data: str = "") -> str:
    """A line about no call, whatever call has brought it about."""
    return "|".join(_field(word) for word in (_second(entry), NONE, queue, agent, event, data))


def _field(word: object) -> str:
    """Nothing in a field may end it or the line."""
    return "".join("_" if char == "|" or not char.isprintable() else char for char in str(word))


def _second(entry: Entry) -> int:
    return entry.at_ms // 1000


def _ms(entry: Entry, name: str) -> int:
    return int(entry.data.get(name) or 0)
