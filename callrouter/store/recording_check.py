"""Whether finished recordings are still what they were when they were made: `callrouter recordings verify`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from callrouter.recordings.facts import read_sidecar
from callrouter.recordings.name import EXTENSIONS
from callrouter.store.recording_job import checksum, sidecar_of


def verify(file: Path) -> str:
    """Empty when the file is whole and unchanged, else what is wrong."""
    if not file.is_file():
        return "the sound file is gone, its sidecar is there" if sidecar_of(file).exists() else "there is no such file"
    try:
        recording = read_sidecar(sidecar_of(file).read_bytes())
    except FileNotFoundError:
        return "there is no sidecar: nobody can say whether it is whole"
    except ValueError as reason:
        return str(reason)
    if checksum(file) != recording.sha256:
        return "it was changed after it was made: its checksum is another one"
    return ""


def check_all(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every recording below the folder with its verdict, oldest day first; unfinished files are passed by."""
    endings = tuple(f".{extension}" for extension in EXTENSIONS.values())
    named = {path.with_name(path.name.removesuffix(".json")) for path in folder.glob("[0-9]*/*/*/*")}
    for file in sorted(path for path in named if path.suffix in endings):
        yield file, verify(file)
