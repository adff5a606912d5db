"""Everything callrouter needs from the system, in one list: installing and `callrouter doctor` both read it."""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """A program: why, how new, how it is found on this machine, and which Debian packages bring it."""

    name: str
    why: str
    minimum: Version
    packages: tuple[str, ...]
    binaries: tuple[str, ...]
    """Names under which it may already be on this machine; the first is also its name in the package."""
    version_flag: str
    version_pattern: str
    folder: str = "usr/bin"
    """Where the package puts it."""


ASTERISK = Need(
    name="asterisk",
    why="speaks SIP and moves the sound; 22.10.1 has security fixes and StasisBroadcast",
    minimum=(22, 10, 1),
    packages=("asterisk",),
    binaries=("asterisk",),
    version_flag="-V",
    version_pattern=r"Asterisk (?:certified[/-])?(\d+(?:\.\d+)*)",
    folder="usr/sbin",
)
REDIS = Need(
    name="redis-server",
    why="remembers who waits, who is free and which worker owns which call; 7.0 has everything our scripts use",
    minimum=(7, 0),
    packages=("redis-server",),
    binaries=("redis-server", "valkey-server"),
    version_flag="--version",
    version_pattern=r"v=(\d+(?:\.\d+)*)",
)
ESPEAK = Need(
    name="espeak-ng",
    why="speaks prompts that are given as text",
    minimum=(1, 50),
    packages=("espeak-ng",),
    binaries=("espeak-ng",),
    version_flag="--version",
    version_pattern=r"text-to-speech: (\d+(?:\.\d+)*)",
)
NEEDS = (ASTERISK, REDIS, ESPEAK)

SOUND_PACKAGES = ("asterisk-core-sounds-en-wav", "asterisk-core-sounds-ru-wav", "asterisk-moh-opsound-wav")
"""Prompts (digits, beep, goodbye) in both languages, and music on hold under a free licence."""

PYTHON_MINIMUM: Version = (3, 11)
FREE_DISK_MB = 1500
"""About 140 MB of packages, 400 MB unpacked, and room to work."""


def show(version: Version) -> str:
    return ".".join(str(part) for part in version)
