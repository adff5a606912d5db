"""A child left over from a parent that was killed: it is about to end, and until then nobody may take its place.

A process is known by its number and the moment it began (proc(5)), since numbers are given out again.
"""

from __future__ import annotations

from pathlib import Path


def note(file: Path, pid: int) -> None:
    """Remember that this process is our child."""
    if (began := _began(pid)) is not None:
        file.write_text(f"{pid} {began}", encoding="ascii")


def leftover(file: Path) -> int | None:
    """The process noted here if it still runs."""
    try:
        pid, began = file.read_text(encoding="ascii").split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if _began(int(pid)) == began else None


def _began(pid: int) -> str | None:
    """In clock ticks since the machine started; None when there is no such process or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]
