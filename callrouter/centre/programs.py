"""Which program to run for a need: the machine's own where it is suitable, else the one in the private Debian tree.

Programs of the private tree run through the tree's own loader and libraries, so the machine's older ones do not matter.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from callrouter.centre.layout import cache_folder
from callrouter.centre.needs import ASTERISK, ESPEAK, NEEDS, Need, Version, show
from callrouter.errors import SetupError

DEBIAN_SUITE = os.environ.get("CALLROUTER_DEBIAN_SUITE", "forky")
"""The first Debian suite with a suitable Asterisk."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What Debian calls this kind of computer."""

    debian: str
    triplet: str
    loader: str


MACHINES = {
    "x86_64": Machine("amd64", "x86_64-linux-gnu", "usr/lib64/ld-linux-x86-64.so.2"),
    "aarch64": Machine("arm64", "aarch64-linux-gnu", "usr/lib/ld-linux-aarch64.so.1"),
}


@dataclass(frozen=True, slots=True)
class Program:
    """A suitable program and how to start it: append the arguments to `command`."""

    command: tuple[str, ...]
    version: Version
    origin: Literal["machine", "private"]


@dataclass(frozen=True, slots=True)
class AsteriskFolders:
    """Where an Asterisk keeps its modules and its read-only data."""

    modules: Path
    data: Path


def machine() -> Machine:
    """This kind of computer; a clear refusal on others."""
    kind = platform.machine()
    if kind not in MACHINES:
        raise SetupError(f"this computer is a {kind}; callrouter's private Asterisk runs on {' and '.join(MACHINES)}")
    return MACHINES[kind]


def tree() -> Path:
    """The private Debian tree; complete if it exists."""
    return cache_folder() / f"debian-{DEBIAN_SUITE}-{machine().debian}"


def tree_root() -> Path:
    return tree() / "root"


def tree_command(binary: str, folder: str, *, root: Path | None = None) -> tuple[str, ...]:
    """The prefix that starts a program of the private tree."""
    root = root or tree_root()
    kind = machine()
    libraries = root / "usr/lib" / kind.triplet
    path = f"{libraries}:{libraries / 'pulseaudio'}"
    prefix = (str(root / kind.loader), "--library-path", path, str(root / folder / binary))
    # espeak-ng has its data's place compiled in.
    return (*prefix, f"--path={libraries}") if binary == ESPEAK.name else prefix


def find(need: Need) -> Program | None:
    """The program for a need, or None when there is no suitable one yet."""
    return find_own(need) or _in_tree(need)


@lru_cache
def command(name: str) -> tuple[str, ...]:
    """How to start `asterisk`, `redis-server` or `espeak-ng`; append the arguments."""
    need = next(need for need in NEEDS if need.name == name)
    program = find(need)
    if program is None:
        wanted = f"{name} >= {show(need.minimum)}"
        raise SetupError(f"{wanted} is not there: run `make setup` (or install it: apt-get install {need.packages[0]})")
    return program.command


@lru_cache
def asterisk_folders() -> AsteriskFolders:
    """Modules and data of the Asterisk that `command("asterisk")` starts."""
    prefix = command(ASTERISK.name)
    if prefix[-1].startswith(str(tree_root())):
        return AsteriskFolders(
            tree_root() / "usr/lib" / machine().triplet / "asterisk/modules", tree_root() / "usr/share/asterisk"
        )
    found = _own_folders()
    if found is None:
        raise SetupError(
            "the machine's own Asterisk has no modules folder that we know: set CALLROUTER_OWN_ASTERISK=no"
        )
    return found


def version_of(need: Need, prefix: tuple[str, ...]) -> Version | None:
    """What the program says its version is; None if it does not start or says something else."""
    # espeak-ng answers from its compiled-in folder when told another one.
    prefix = tuple(part for part in prefix if not part.startswith("--path="))
    try:
        said = subprocess.run((*prefix, need.version_flag), capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(need.version_pattern, said.stdout + said.stderr)
    return tuple(int(part) for part in found[1].split(".")) if found else None


def search_path() -> str:
    """Where this machine's programs are; an ordinary user's PATH lacks Asterisk's folder."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def find_own(need: Need) -> Program | None:
    """The machine's own program, if it is suitable."""
    for binary in need.binaries:
        path = shutil.which(binary, path=search_path())
        version = version_of(need, (path,)) if path else None
        if path and version and version >= need.minimum and _usable(need):
            return Program((path,), version, "machine")
    return None


def _usable(need: Need) -> bool:
    """An Asterisk without the modules we ask for is none for us."""
    if need is not ASTERISK:
        return True
    return os.environ.get("CALLROUTER_OWN_ASTERISK", "yes") != "no" and _own_folders() is not None


def _own_folders() -> AsteriskFolders | None:
    modules = (Path("/usr/lib") / machine().triplet, Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/local/lib"))
    data = (Path("/usr/share/asterisk"), Path("/usr/local/share/asterisk"), Path("/var/lib/asterisk"))
    complete = [
        folder / "asterisk/modules"
        for folder in modules
        if (folder / "asterisk/modules/app_stasis_broadcast.so").exists()
        and (folder / "asterisk/modules/chan_pjsip.so").exists()
    ]
    described = [folder for folder in data if (folder / "documentation").is_dir()]
    return AsteriskFolders(complete[0], described[0]) if complete and described else None


def _in_tree(need: Need) -> Program | None:
    binary = need.binaries[0]
    if not (tree_root() / need.folder / binary).exists():
        return None
    prefix = tree_command(binary, need.folder)
    version = version_of(need, prefix)
    return Program(prefix, version, "private") if version and version >= need.minimum else None
