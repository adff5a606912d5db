"""A journal written by hand: `diary.at(3.2).says(Word.OFFER, agent="anna", floor=...)`."""

from __future__ import annotations

from collections.abc import Mapping

from callrouter.journal import NOW, Entry, FloorChange, Word

CALL = "c01hf7yat00aaaaaaaaaaaaaaaa"
START_MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC


class Diary:
    def __init__(self, call: str = CALL) -> None:
        self.call = call
        self.entries: list[Entry] = []
        self._now_ms = START_MS

    def at(self, seconds: float) -> Diary:
        self._now_ms = START_MS + round(seconds * 1000)
        return self

    def says(
        self, word: Word, agent: str = "", queue: str = "", floor: FloorChange | None = None, **data: object
    ) -> str:
        """Write an entry; gives its id back, which is the floor's version after it. `saw`: the version a choice saw."""
        id = f"{self._now_ms}-{sum(entry.at_ms == self._now_ms for entry in self.entries)}"
        call = "" if word in (Word.CONFIG, Word.SNAPSHOT, Word.WRAPUPEND) else self.call
        told = {"floor" if name == "saw" else name: str(value) for name, value in data.items()}
        self.entries.append(Entry(word, call, agent, queue, told, self._timed(floor or {}), id, self._now_ms))
        return id

    def _timed(self, floor: FloorChange) -> dict[str, Mapping[str, str] | None]:
        now = str(self._now_ms)
        return {
            thing: fields and {name: now if value == NOW else value for name, value in fields.items()}
            for thing, fields in floor.items()
        }


def an_agent(queues: str = "payers", **fields: str) -> dict[str, str]:
    ready = {"presence": "READY", "activity": "IDLE", "reachable": "1", "since": NOW, "idle_since": NOW}
    return {"name": "Somebody", "queues": queues, "presence_since": NOW, **ready, **fields}


def a_call_that_rings_twice(diary: Diary) -> Diary:
    """A payer presses 1 and 1, anna does not answer, boris does; the payer hangs up; the sound is ready."""
    anna, boris = an_agent(), an_agent()
    diary.at(-20).says(Word.CONFIG, floor={"queue:payers": {"name": "Payers"}, "agent:anna": anna})
    diary.at(-10).says(Word.CONFIG, floor={"agent:boris": boris, "agent:vera": an_agent("merchants")})
    diary.at(0).says(
        Word.ARRIVED, number="+74951234567", caller="+79161112233", tree="payments", version="abc", language="ru"
    )
    diary.says(Word.NODE, node="who_is_calling", by="")
    diary.at(4).says(Word.NODE, node="payer_problem", by="1")
    diary.at(7).says(Word.NODE, node="to_payers", by="1")
    waits = {"queue": "payers", "since": NOW, "offer": "", "caller": "+79161112233", "priority": "0"}
    joined = diary.says(Word.ENTERQUEUE, queue="payers", priority=0, floor={f"waiting:{diary.call}": waits})
    ringing = {"activity": "RESERVED", "since": NOW, "call": diary.call}
    offer = {f"waiting:{diary.call}": {"offer": "anna"}, "agent:anna": ringing}
    diary.says(Word.OFFER, agent="anna", queue="payers", floor=offer, saw=joined, ring_s=15)
    diary.at(7.1).says(Word.RINGING, agent="anna", queue="payers", floor={"agent:anna": {"activity": "RINGING"}})
    missed = {"activity": "IDLE", "presence": "NOT_READY", "reason": "missed", "presence_since": NOW, "call": ""}
    back = {"agent:anna": missed, f"waiting:{diary.call}": {"offer": ""}}
    diary.at(22).says(Word.RINGNOANSWER, agent="anna", queue="payers", floor=back, ring_ms=15000, why="missed")
    paused = diary.says(Word.PAUSE, agent="anna", reason="missed", by="callrouter")
    offer = {f"waiting:{diary.call}": {"offer": "boris"}, "agent:boris": ringing}
    diary.says(Word.OFFER, agent="boris", queue="payers", floor=offer, saw=paused, ring_s=15)
    diary.at(22.2).says(Word.RINGING, agent="boris", queue="payers", floor={"agent:boris": {"activity": "RINGING"}})
    talks = {"agent:boris": {"activity": "TALKING", "since": NOW}, f"waiting:{diary.call}": None}
    recording = f"{diary.call}-r7"
    diary.at(25).says(
        Word.CONNECT, agent="boris", queue="payers", floor=talks, waited_ms=18000, ring_ms=2800, recording=recording
    )
    wraps = {"agent:boris": {"activity": "WRAP_UP", "since": NOW, "call": ""}}
    diary.at(99).says(Word.COMPLETECALLER, agent="boris", queue="payers", floor=wraps, waited_ms=18000, talked_ms=74000)
    diary.says(Word.ENDED, how="completed", in_tree_ms=7000, waited_ms=18000, talked_ms=74000)
    diary.at(100).says(
        Word.RECORDING, agent="boris", queue="payers", recording=recording, file="2023/11/15/x.flac", seconds="73.980"
    )
    return diary
