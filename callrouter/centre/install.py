"""`python -m callrouter.centre.install`: puts whatever programs and sounds this machine lacks into the cache folder.

Idempotent and interruptible: a tree appears whole or not at all, and a broken download goes on where it stopped.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callrouter.centre import debian, programs, sounds
from callrouter.centre.layout import cache_folder
from callrouter.centre.needs import FREE_DISK_MB, NEEDS, SOUND_PACKAGES, Need, show
from callrouter.errors import SetupError

LAYOUT_VERSION = 1
"""Raise it when the tree is arranged in another way: older trees are then made anew."""
VOICES = {"en": "en_US_f_Allison", "ru": "ru_RU_f_IvrvoiceRU"}
CORE_SOUNDS = ("beep", "goodbye", "vm-goodbye", "vm-intro")
"""Prompts of Asterisk's own that the fallback speaks."""
_started = time.monotonic()


def main() -> int:
    try:
        install(_say)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; what is done is kept, repeat the command to go on", file=sys.stderr)
        return 130
    return 0


def install(say: debian.Say) -> None:
    """Bring everything that is missing; quick when nothing is."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    if is_complete():
        return
    with _alone(say):
        if not is_complete():
            _make_tree(wanted_packages(), say)
    programs.command.cache_clear()
    programs.asterisk_folders.cache_clear()
    for need in NEEDS:
        _tell(need, say)


def is_complete() -> bool:
    """Every program can be started from somewhere, and the sounds are there."""
    wanted = set(SOUND_PACKAGES)
    return wanted <= _stamped_packages() and all(_there(need) for need in NEEDS)


def _there(need: Need) -> bool:
    """Cheap: a stamped tree has been tried; only the machine's own programs are asked again."""
    return set(need.packages) <= _stamped_packages() or programs.find(need) is not None


def music_folder() -> Path:
    """The shipped music on hold, in both laws."""
    return programs.tree() / "moh"


def core_sound(name: str, language: str) -> Path:
    """A prompt of Asterisk's own, without suffix."""
    return programs.tree() / "sounds" / (language if language in VOICES else "en") / name


def core_sounds(language: str) -> Path:
    """The folder of all sounds that Asterisk ships for a language of VOICES, as WAV: digits/4 and the like below it."""
    return programs.tree_root() / "usr/share/asterisk/sounds" / VOICES[language]


def _stamp() -> Path:
    return programs.tree() / "stamp.json"


def _stamped_packages() -> set[str]:
    """What the tree was made from; nothing if it was arranged by another version of callrouter."""
    if not _stamp().exists():
        return set()
    stamp = json.loads(_stamp().read_text(encoding="utf-8"))
    return set(stamp["packages"]) if stamp.get("layout") == LAYOUT_VERSION else set()


def wanted_packages() -> list[str]:
    """Sounds always; a program only if the machine has no suitable one of its own. What an older tree had, stays."""
    missing = [package for need in NEEDS if programs.find_own(need) is None for package in need.packages]
    return sorted({*SOUND_PACKAGES, *missing})


def _make_tree(packages: list[str], say: debian.Say) -> None:
    _demand_disk()
    work = cache_folder() / f"{programs.tree().name}.work"
    apt = debian.PrivateApt(work / "apt", programs.DEBIAN_SUITE, programs.machine().debian)
    apt.prepare()
    files = apt.fetch(packages, say)
    new = work / "new"
    shutil.rmtree(new, ignore_errors=True)
    say(f"unpacking {len(files)} packages")
    debian.unpack(files, new / "root")
    say("converting music and prompts to the two telephone laws")
    _arrange_sounds(new)
    _demand_start(packages, new / "root")
    versions = dict(sorted(debian.name_and_version(file) for file in files))
    stamp = {"layout": LAYOUT_VERSION, "suite": programs.DEBIAN_SUITE, "packages": versions}
    (new / "stamp.json").write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    _put_in_place(new)
    shutil.rmtree(work)


def _arrange_sounds(new: Path) -> None:
    """Links that the packages' scripts would have made, and both laws of what we play."""
    shipped = new / "root/usr/share/asterisk/sounds"
    for language, voice in VOICES.items():
        link = shipped / language
        link.unlink(missing_ok=True)
        link.symlink_to(voice)
        for name in CORE_SOUNDS:
            stem = new / "sounds" / language / name
            stem.parent.mkdir(parents=True, exist_ok=True)
            sounds.write_both_laws(sounds.read_for_phone(shipped / voice / f"{name}.wav"), stem)
    sounds.convert_folder(new / "root/usr/share/asterisk/moh", new / "moh")


def _demand_start(packages: list[str], root: Path) -> None:
    """A tree is only good if its programs start on this machine."""
    for need in NEEDS:
        if not set(need.packages) <= set(packages):
            continue
        prefix = programs.tree_command(need.binaries[0], need.folder, root=root)
        version = programs.version_of(need, prefix)
        if version is None or version < need.minimum:
            found = show(version) if version else "one that does not start here"
            raise SetupError(
                f"the mirror's {need.name} is {found}, but {show(need.minimum)} is needed: use another suite"
            )


def _put_in_place(new: Path) -> None:
    old = programs.tree().with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    if programs.tree().exists():
        programs.tree().rename(old)
    new.rename(programs.tree())
    shutil.rmtree(old, ignore_errors=True)


def _demand_disk() -> None:
    free = shutil.disk_usage(cache_folder()).free // 1_000_000
    if free < FREE_DISK_MB:
        raise SetupError(
            f"{cache_folder()} has {free} MB free, {FREE_DISK_MB} are needed: make room or set XDG_CACHE_HOME"
        )


@contextmanager
def _alone(say: debian.Say) -> Iterator[None]:
    """Two set-ups at once would undo each other's work."""
    with (cache_folder() / "install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tell(need: Need, say: debian.Say) -> None:
    program = programs.find(need)
    if program is None:
        raise SetupError(f"{need.name} is still missing: remove {programs.tree()} and repeat")
    whose = "the machine's own" if program.origin == "machine" else "private"
    say(f"{need.name} {show(program.version)} ({whose})")


def _say(text: str) -> None:
    print(f"set-up {time.monotonic() - _started:5.1f}s  {text}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
