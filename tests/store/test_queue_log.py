"""The queue_log file on a real disk: every line once, whatever dies, however it is rotated."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from callrouter.acd.turn import turn
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, Word
from callrouter.reporting.queue_log import Memory
from callrouter.store import queue_log_file
from callrouter.store.queue_log import QueueLog
from callrouter.store.queue_log_file import Busy, QueueLogFile
from tests.fakes.line import FakeLine


class Died(BaseException):
    """What kill -9 does, where a test can watch."""


class Place:
    """A folder, a journal, and who keeps the file."""

    def __init__(self, folder: Path) -> None:
        self.file, self.notes = folder / "queue_log", folder / "queue_log.notes"
        self.line = FakeLine()
        self.count = 0

    def opened(self, page: int = 1_000) -> QueueLog:
        return QueueLog(self.line, self.file, self.notes, lambda since, priority: turn(since, priority, 0), page=page)

    async def happen(self, count: int = 1) -> None:
        for _ in range(count):
            self.count += 1
            entry = Entry(Word.RINGNOANSWER, f"call-{self.count}", "anna", "payers", {"ring_ms": "1000"})
            await self.line.commit(Commit(entries=(entry,)))

    async def catch_up(self) -> None:
        log = self.opened()
        while await log.take_page():
            pass
        log.close()

    def calls(self, *files: Path) -> list[int]:
        text = "".join(file.read_text() for file in files or (self.file,) if file.exists())
        return [int(line.split("|")[1].removeprefix("call-")) for line in text.splitlines() if "QUEUESTART" not in line]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_every_entry_is_told_once_over_many_lives(place: Place) -> None:
    for _ in range(3):
        await place.happen(4)
        await place.catch_up()
    assert place.calls() == list(range(1, 13))
    assert place.file.read_text().count("QUEUESTART") == 1
    assert place.file.stat().st_mode & 0o007 == 0


def dies_after(monkeypatch: pytest.MonkeyPatch, function: Callable[..., object], bytes_written: int) -> None:
    """The process is killed when so much of the text has come to the disk."""

    def write(descriptor: int, text: bytes) -> None:
        os.write(descriptor, text[:bytes_written])
        raise Died

    monkeypatch.setattr(queue_log_file, "_write", write)


@pytest.mark.parametrize("written", [0, 1, 30, 10_000])
@pytest.mark.parametrize("rotated", ["not", "moved", "emptied before", "moved before"])
async def test_a_death_in_the_middle_of_an_append_neither_loses_nor_doubles(
    place: Place, monkeypatch: pytest.MonkeyPatch, written: int, rotated: str
) -> None:
    old = place.file.with_name("queue_log.1")
    await place.happen(3)
    await place.catch_up()
    if rotated == "emptied before":
        shutil.copy(place.file, old)
        os.truncate(place.file, 0)
    if rotated == "moved before":
        place.file.rename(old)
    await place.happen(3)
    with monkeypatch.context() as patch:
        dies_after(patch, queue_log_file._write, written)
        dying = place.opened()
        with suppress(Died):
            await dying.take_page()
        dying.close()  # as the kernel does
    if rotated == "moved":
        place.file.rename(old)
    await place.catch_up()
    assert place.calls(old, place.file) == [1, 2, 3, 4, 5, 6]


async def test_a_death_after_the_append_before_the_note_does_not_double(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.happen(3)
    await place.catch_up()
    await place.happen(3)
    dying = place.opened()
    assert await dying._begin()
    with monkeypatch.context() as patch:
        patch.setattr(QueueLogFile, "_keep", lambda *_: (_ for _ in ()).throw(Died()))
        with suppress(Died):
            await dying.take_page()
    dying.close()
    assert place.calls() == [1, 2, 3, 4, 5, 6], "it came to the disk"
    await place.catch_up()
    assert place.calls() == [1, 2, 3, 4, 5, 6]


async def test_a_full_disk_leaves_no_half_line_and_what_it_missed_comes_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.happen(2)
    log = place.opened()
    await log.take_page()
    before = place.file.read_bytes()
    await place.happen(2)
    with monkeypatch.context() as patch:

        def full(descriptor: int, text: bytes) -> None:
            os.write(descriptor, text[:20])
            raise OSError(28, "No space left on device")

        patch.setattr(queue_log_file, "_write", full)
        with pytest.raises(OSError, match="No space"):
            await log.take_page()
    assert place.file.read_bytes() == before
    log.close()
    await place.catch_up()
    assert place.calls() == [1, 2, 3, 4]


@pytest.mark.parametrize("copytruncate", [True, False])
async def test_logrotate_needs_no_word_to_us(place: Place, copytruncate: bool) -> None:
    old = place.file.with_name("queue_log.1")
    log = place.opened()
    await place.happen(2)
    await log.take_page()
    if copytruncate:
        shutil.copy(place.file, old)
        os.truncate(place.file, 0)
    else:
        place.file.rename(old)
    await place.happen(2)
    await log.take_page()
    log.close()
    assert (place.calls(old), place.calls()) == ([1, 2], [3, 4])


async def test_what_was_in_the_file_before_us_stays(place: Place) -> None:
    place.file.write_text("1700000000|call-0|payers|NONE|ABANDON|1|1|7\n")
    await place.happen(1)
    await place.catch_up()
    assert place.calls() == [0, 1]


async def test_lost_entries_are_told_by_a_queuestart(place: Place) -> None:
    await place.happen(2)
    await place.catch_up()
    await place.happen(3)
    place.line.journal = place.line.journal[-1:]
    await place.catch_up()
    assert place.calls() == [1, 2, 5]
    assert place.file.read_text().count("QUEUESTART") == 2


async def test_a_new_file_begins_where_the_whole_floor_is_known(place: Place) -> None:
    await place.happen(2)
    await place.line.write_snapshot_entry()
    await place.happen(1)
    await place.catch_up()
    assert place.calls() == [3]


async def test_only_one_process_writes_a_file(place: Place) -> None:
    log = place.opened()
    await place.happen(1)
    await log.take_page()
    with pytest.raises(Busy, match="another process"):
        QueueLogFile(place.file, place.notes)
    log.close()


async def test_notes_that_cannot_be_read_are_begun_anew(place: Place) -> None:
    place.notes.write_text("half a no")
    await place.happen(1)
    await place.catch_up()
    assert place.calls() == [1]


async def test_a_folder_that_is_not_there_yet_is_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callrouter.store.queue_log.RETRY_S", 0)
    place.file = place.file.parent / "later" / "queue_log"
    await place.happen(1)
    log = place.opened()
    work = asyncio.create_task(log.run(lambda: 0))
    for _ in range(5):
        await asyncio.sleep(0)
    assert log.position is None
    place.file.parent.mkdir()
    for _ in range(50):
        await asyncio.sleep(0)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert place.calls() == [1]


def test_the_fold_is_noted_as_it_was_when_the_lines_were_written(place: Place) -> None:
    memory = Memory(begun=True)
    file = QueueLogFile(place.file, place.notes)
    file.append(b"x\n", "1-0", memory)
    memory.begun = False
    place.file.write_text("")  # emptied: the end is noted anew before the next append
    file.append(b"", "1-0", Memory(begun=True))
    assert file.memory().begun
    file.close()
