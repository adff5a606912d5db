"""The queue_log file: every line once, whatever dies and however the file is rotated.

    note where the file ends ─▶ append, fsync ─▶ note the entry told last, what later lines need, and the new end

The notes are one small file, written beside and renamed. After a death between two steps the file is longer than noted,
and what is too much goes before the same entries are told again. Moved away or emptied (logrotate's default, and
`copytruncate`): the file at the path is looked at before every append, so nothing needs to be told to us.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec
import structlog

from callrouter.reporting.queue_log import Memory

log = structlog.get_logger("queue_log")

RIGHTS = 0o640
"""Callers' numbers are in it: for this user, and the group for which the folder may be set up."""


class Kept(msgspec.Struct, frozen=True):
    """What is known of the file."""

    version: str = ""
    """The newest journal entry that is told in it; empty before the first."""
    inode: int = 0
    size: int = 0
    memory: msgspec.Raw = msgspec.Raw(b"{}")
    """What the lines after it need. As written: the fold's own value goes on changing."""


class Busy(Exception):
    """Another process writes this file."""


class QueueLogFile:
    """Holds the file open. Every method may raise OSError (disk full, no such folder): ask again later."""

    def __init__(self, file: Path, notes: Path) -> None:
        self._file, self._notes = file, notes
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, RIGHTS)
        try:
            self._lock = _lock(notes.with_suffix(".lock"))
        except (OSError, Busy):
            os.close(self._descriptor)
            raise
        self.kept = read_notes(notes)
        try:
            self._take_back()
        except OSError:
            self.close()
            raise

    def append(self, text: bytes, version: str, memory: Memory) -> None:
        """All of it, with what is to be known of it, or nothing."""
        self._follow_rotation()
        inode, size = self._end()
        if (inode, size) != (self.kept.inode, self.kept.size):
            self._keep(msgspec.structs.replace(self.kept, inode=inode, size=size))
        try:
            _write(self._descriptor, text)
            self._keep(Kept(version, inode, size + len(text), msgspec.Raw(msgspec.json.encode(memory))))
        except OSError:
            os.ftruncate(self._descriptor, size)
            raise

    def begin(self, version: str) -> None:
        """Nothing up to this entry is to be told."""
        self._keep(msgspec.structs.replace(self.kept, version=version))

    def memory(self) -> Memory:
        return msgspec.json.decode(self.kept.memory, type=Memory)

    def close(self) -> None:
        os.close(self._descriptor)
        os.close(self._lock)

    def _take_back(self) -> None:
        """What was appended and not noted, in the file or where it has been moved since."""
        for file in (self._file, *sorted(self._file.parent.glob(f"{self._file.name}?*"))):
            found = file.stat()
            if found.st_ino == self.kept.inode and found.st_size > self.kept.size:
                log.info("queue_log_taken_back", file=str(file), bytes=found.st_size - self.kept.size)
                os.truncate(file, self.kept.size)

    def _follow_rotation(self) -> None:
        try:
            there = self._file.stat().st_ino
        except FileNotFoundError:
            there = 0
        if there != os.fstat(self._descriptor).st_ino:
            fresh = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, RIGHTS)
            os.close(self._descriptor)
            self._descriptor = fresh

    def _end(self) -> tuple[int, int]:
        found = os.fstat(self._descriptor)
        return found.st_ino, found.st_size

    def _keep(self, kept: Kept) -> None:
        beside = self._notes.with_name(f".{self._notes.name}.new")
        with beside.open("wb") as stream:
            stream.write(msgspec.json.encode(kept))
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(self._notes)
        self.kept = kept


def _write(descriptor: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(descriptor, left) :]
    if text:
        os.fsync(descriptor)


def read_notes(notes: Path) -> Kept:
    """Also while somebody writes: the file is replaced whole."""
    try:
        return msgspec.json.decode(notes.read_bytes(), type=Kept)
    except FileNotFoundError:
        return Kept()
    except msgspec.DecodeError as error:
        log.error("queue_log_notes_unreadable", file=str(notes), why=str(error))
        return Kept()


def _lock(file: Path) -> int:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Busy(f"another process writes this queue_log ({file})") from error
    return descriptor
