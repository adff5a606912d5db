"""A journal in a file: an entry a line, as JSON. What a day of a centre was, to be kept or played again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from callrouter.errors import SetupError
from callrouter.journal import Entry

_decoder = msgspec.json.Decoder(Entry)
_encoder = msgspec.json.Encoder()


class JournalWriter:
    """Writes entries as they are told."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, entry: Entry) -> None:
        self._stream.write(_encoder.encode(entry) + b"\n")


@contextmanager
def writing(path: Path) -> Iterator[JournalWriter]:
    """The file is there only when all of it is: half a day would be played as a quiet one."""
    half = path.with_name(f".{path.name}.half")
    try:
        with half.open("wb") as stream:
            yield JournalWriter(stream)
        half.replace(path)
    except OSError as error:
        raise SetupError(f"{path}: the journal cannot be written ({error.strerror}); choose another place") from error
    finally:
        half.unlink(missing_ok=True)


def write_journal(path: Path, entries: Iterable[Entry]) -> None:
    with writing(path) as journal:
        for entry in entries:
            journal.write(entry)


def read_journal(path: Path) -> list[Entry]:
    """In the order in which it was written. SetupError names the line that is no entry."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SetupError(f"{path}: the journal cannot be read ({error.strerror})") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(_decoder.decode(line))
        except msgspec.DecodeError as error:
            raise SetupError(f"{path}:{number}: this is no journal entry ({error}); is the file whole?") from error
    return found
