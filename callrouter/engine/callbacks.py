"""Open callbacks, as far as they concern others than their own call: wishes of people, and what makes them void.

A wish is a field on the floor (`callback:<queue>/<number>`, `wish`), so it reaches whichever worker owns the call; the
owner takes it off. Told again now and then, because an owner may have changed, or been busy with the call, meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

import structlog

from callrouter.acd.floor import Floor
from callrouter.calls.events import CallbackWished
from callrouter.config import Queue
from callrouter.engine.callers import Callers
from callrouter.engine.ports import Clock
from callrouter.journal import Entry, FloorChange, Word
from callrouter.telephony import CallId, same_number

log = structlog.get_logger()

KIND = "callback"
DAY_MS = 86_400_000
MOST_RINGS = 100_000


class Callbacks:
    """`tell(call, event)` says False for a call that is not ours; `callers` knows who is calling."""

    def __init__(
        self,
        floor: Floor,
        callers: Callers,
        clock: Clock,
        queues: Mapping[str, Queue],
        tell: Callable[[CallId, CallbackWished], bool],
        ours: Callable[[], Iterable[tuple[CallId, str]]],
    ) -> None:
        """`ours` are this worker's calls that nobody is on the line of, each with the key of its callback."""
        self._floor, self._callers, self._clock, self._queues, self._tell = floor, callers, clock, queues, tell
        self._ours = ours
        self._astray: set[tuple[CallId, str]] = set()
        """Calls whose callback was not theirs on the floor at the last look, and whose it was."""
        self._rung: deque[tuple[int, str]] = deque(maxlen=MOST_RINGS)
        self._keys: dict[CallId, str] = {}
        """Call → the callback it was last seen to have."""
        self._void: dict[CallId, str] = {}
        """Call → the other call in which its caller was served."""

    def rung_today(self, number: str) -> int:
        """How often this number was rung to call it back, in the last 24 hours."""
        since = self._clock.now_ms() - DAY_MS
        while self._rung and self._rung[0][0] < since:
            self._rung.popleft()
        return sum(1 for _, other in self._rung if other == number)

    def is_rung(self, number: str, but: CallId) -> bool:
        """Whether another callback than this call's rings there, or has somebody on its line."""
        others = (one for one in self._floor.others(KIND).values() if one.get("call") != but)
        return any(one.get("number") == number and one.get("state") in ("ringing", "reached") for one in others)

    def hear(self, entry: Entry) -> None:
        """Every entry of the journal, once."""
        if entry.word is Word.CALLBACKTRY and entry.data.get("outcome") == "dialled":
            self._rung.append((entry.at_ms, entry.data.get("number", "")))
        elif entry.word is Word.CONNECT and (number := self._callers.number_of(entry.call)):
            self._served(entry.call, number)

    def _served(self, call: str, number: str) -> None:
        for fields in self._floor.others(KIND).values():
            queue = self._queues.get(fields.get("queue", ""))
            wanted = queue is not None and queue.callback is not None and queue.callback.cancel_when_served
            if wanted and fields["call"] != call and same_number(fields.get("number", ""), number):
                self._void[CallId(fields["call"])] = call
                self._tell(CallId(fields["call"]), CallbackWished("served", call))

    def on_change(self, change: FloorChange) -> None:
        for thing in change:
            kind, _, key = thing.partition(":")
            if kind == KIND:
                self._look_at(key, self._floor.fields(thing))

    async def look(self) -> None:
        """All of them again."""
        there = self._floor.others(KIND)
        for key, fields in there.items():
            self._look_at(key, fields)
        open_still = {fields["call"] for fields in there.values()}
        self._void = {call: by for call, by in self._void.items() if call in open_still}
        for call, by in self._void.items():
            self._tell(call, CallbackWished("served", by))
        self._bring_back()

    def _bring_back(self) -> None:
        """Two had asked in the same moment, or the store has lost one: nobody would ring for it. The replica may lag
        behind, so only what is so twice in a row counts."""
        astray = {(call, self._floor.fields(f"{KIND}:{key}").get("call", "")) for call, key in self._ours()}
        astray = {(call, other) for call, other in astray if call != other}
        for call, other in astray & self._astray:
            self._tell(call, CallbackWished("again" if other else "missing", other))
        self._astray = astray

    def _look_at(self, key: str, fields: Mapping[str, str]) -> None:
        call = CallId(fields.get("call", ""))
        for other in [one for one, its in self._keys.items() if its == key and one != call]:
            del self._keys[other]
            if call:  # two asked in the same moment: the later one has the place on the floor
                self._tell(other, CallbackWished("again", call))
        if not call:
            return
        self._keys[call] = key
        if wish := fields.get("wish"):
            told = self._tell(call, CallbackWished(wish, fields.get("by", "")))
            log.info("callback_wish", call=call, wish=wish, ours=told)
