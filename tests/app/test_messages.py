"""Messages that callers left: filed whole with all that is known, also when the worker that took them has died."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callrouter.app.tree_needs import MessageKeeper
from callrouter.asterisk.requests import Request
from callrouter.calls.call import Call, Message
from callrouter.config import Config
from callrouter.engine.ports import Commit, Owner
from callrouter.errors import LegGone
from callrouter.journal import Entry, Word
from callrouter.telephony import CallId, LegId, RecordingId
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine

CALL = CallId("c" + "0" * 26)
NAME = RecordingId(f"{CALL}-m-on_duty-3")


def two_seconds() -> bytes:
    kept = io.BytesIO()
    soundfile.write(kept, np.zeros(16_000, np.int16), 8_000, format="WAV")
    return kept.getvalue()


class Stored:
    """Asterisk's stored recordings, and nothing else of it."""

    def __init__(self, recordings: dict[str, bytes]) -> None:
        self.recordings = recordings

    async def send(self, request: Request) -> bytes:
        match request.method, request.path:
            case "GET", ("recordings", "stored"):
                return json.dumps([{"name": name, "format": "wav"} for name in self.recordings]).encode()
            case "GET", ("recordings", "stored", name, "file") if name in self.recordings:
                return self.recordings[name]
            case "DELETE", ("recordings", "stored", name) if name in self.recordings:
                del self.recordings[name]
                return b""
            case _:
                raise LegGone("404")


class ASite:
    def __init__(self, folder: Path) -> None:
        self.recordings, self.config = folder, Config()


def keeper(folder: Path, stored: Stored) -> MessageKeeper:
    return MessageKeeper(ASite(folder), stored)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callrouter.app.tree_needs.RETRY_S", (0.0,))
    monkeypatch.setattr("callrouter.asterisk.stored.NOT_YET_S", (0.0, 0.0))


def a_call() -> Call:
    return Call(
        CALL, LegId("l"), "100", "+7916", "", "ru", "shop", "v1", 1, path=("who", "note"), answers={"pin": "***"}
    )


async def test_a_message_is_filed_for_its_group_and_asterisks_copy_goes(tmp_path: Path) -> None:
    stored = Stored({NAME: two_seconds()})
    entry = await keeper(tmp_path, stored).keep(a_call(), Message("on_duty", NAME, 1_772_000_000_000))
    file = tmp_path / entry.data["file"]
    assert entry.data["file"].startswith("messages/on_duty/2026/02/25/")
    assert entry.data["seconds"] == "2.000"
    told = json.loads(file.with_suffix(".json").read_text())
    assert (told["caller"], told["path"], told["answers"]) == ("+7916", ["who", "note"], {"pin": "***"})
    assert stored.recordings == {}
    assert [each for each in tmp_path.rglob("*") if each.name.startswith(".")] == []


async def test_nothing_recorded_is_told(tmp_path: Path) -> None:
    entry = await keeper(tmp_path, Stored({})).keep(a_call(), Message("on_duty", NAME, 1))
    assert entry.data["problem"] == "nothing was recorded"


async def test_what_cannot_be_filed_stays_with_asterisk(tmp_path: Path) -> None:
    stored = Stored({NAME: b"no sound"})
    entry = await keeper(tmp_path, stored).keep(a_call(), Message("on_duty", NAME, 1))
    assert entry.data["problem"].startswith("still with Asterisk")
    assert NAME in stored.recordings


async def journalled(line: FakeLine) -> None:
    entries = (
        Entry(Word.ARRIVED, call=CALL, data={"caller": "+7916", "number": "100", "tree": "shop"}),
        Entry(Word.ANSWER, call=CALL, data={"variable": "order", "value": "12"}),
        Entry(Word.NODE, call=CALL, data={"node": "note", "by": ""}),
    )
    await line.commit(Commit(entries))


async def test_what_a_dead_worker_left_is_filed_once_from_what_the_journal_knows(tmp_path: Path) -> None:
    clock = HandClock()
    line, stored = FakeLine(clock), Stored({NAME: two_seconds(), "somebody-elses": b"x"})
    await journalled(line)
    await keeper(tmp_path, stored).keep_leftovers(line)
    assert NAME in stored.recordings, "its own worker may still be at it"
    clock.advance(121)
    for _ in range(2):
        await keeper(tmp_path, stored).keep_leftovers(line)
    (entry,) = [entry for entry in line.journal if entry.word is Word.MESSAGE]
    told = json.loads((tmp_path / entry.data["file"]).with_suffix(".json").read_text())
    assert (told["group"], told["caller"], told["answers"]) == ("on_duty", "+7916", {"order": "12"})
    assert list(stored.recordings) == ["somebody-elses"]


async def test_a_message_of_a_living_call_is_left_alone(tmp_path: Path) -> None:
    clock = HandClock()
    line, stored = FakeLine(clock), Stored({NAME: two_seconds()})
    arrived = Entry(Word.ARRIVED, call=CALL)
    await line.commit(Commit((arrived,), call=CALL, owner=Owner("w1/1"), before=Owner(""), state=b"{}"))
    clock.advance(500)
    await keeper(tmp_path, stored).keep_leftovers(line)
    assert NAME in stored.recordings
