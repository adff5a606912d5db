"""What the doctor looks at on this machine: programs, libraries, folders, disk, limits, ports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from callrouter.centre import install, programs
from callrouter.centre.findings import Finding
from callrouter.centre.layout import Layout
from callrouter.centre.lock import running_parent
from callrouter.centre.needs import PYTHON_MINIMUM, Need, show
from callrouter.centre.ports import port_problems, wanted_ports
from callrouter.centre.render import max_files
from callrouter.config import Config
from callrouter.errors import SetupError

_FILES_PER_CALL = 10
"""Measured: about nine file descriptors in Asterisk for two phones in a call, a little more while it is recorded."""
_PORTS_PER_CALL = 4
"""Sound and its reports, for two phones."""


def python() -> Finding:
    version = tuple(sys.version_info[:3])
    if version < PYTHON_MINIMUM:
        return Finding(
            "python", "problem", show(version), f"use Python >= {show(PYTHON_MINIMUM)}: see CALLROUTER_PYTHON"
        )
    return Finding("python", "ok", f"{show(version)} ({sys.executable})")


def libraries() -> Finding:
    """Against the versions that the package itself asks for."""
    wrong = []
    for wanted in metadata.requires("callrouter") or []:
        requirement, _, condition = wanted.partition(";")
        name, _, version = requirement.strip().partition("==")
        if "extra ==" in condition or ("python_version" in condition and sys.version_info < (3, 13)):
            continue
        try:
            have = metadata.version(name.partition("[")[0])
        except metadata.PackageNotFoundError:
            have = "missing"
        if have != version:
            wrong.append(f"{name} {have} (wanted {version})")
    if wrong:
        return Finding("libraries", "problem", ", ".join(wrong), "make setup")
    return Finding("libraries", "ok", "every pinned version is there")


def program(need: Need) -> Finding:
    try:
        program = programs.find(need)
    except SetupError as error:
        return Finding(need.name, "problem", str(error))
    if program is None:
        wanted = f"{need.name} >= {show(need.minimum)}"
        return Finding(need.name, "problem", f"{wanted} not found; it {need.why}", "make setup")
    whose = "the machine's own" if program.origin == "machine" else f"private, in {programs.tree()}"
    return Finding(need.name, "ok", f"{show(program.version)} ({whose})")


def sounds() -> Finding:
    found = len(list(install.music_folder().glob("*.alaw"))) if install.music_folder().is_dir() else 0
    if not found or not install.core_sound("beep", "en").with_suffix(".alaw").exists():
        return Finding("sounds", "problem", f"prompts and music are not in {programs.tree()}", "make setup")
    return Finding("sounds", "ok", f"{found} pieces of music on hold")


def run_folder(layout: Layout) -> Finding:
    if not layout.root.exists():
        return Finding("run folder", "ok", f"{layout.root} will be made at the first start")
    if layout.root.stat().st_uid != os.getuid():
        do = f"start as its owner, or choose another run folder ({layout.root} is of user {layout.root.stat().st_uid})"
        return Finding("run folder", "problem", f"{layout.root} belongs to another user", do)
    if layout.secrets.exists() and layout.secrets.stat().st_mode & 0o077:
        return Finding("run folder", "problem", "the passwords can be read by others", f"chmod 600 {layout.secrets}")
    return Finding("run folder", "ok", f"{layout.root}, passwords for its owner only")


def disk(config: Config, layout: Layout) -> Iterator[Finding]:
    for name, folder in (("run folder", layout.root), ("recordings", config.recordings.folder.absolute())):
        standing = _nearest(folder)
        free_mb = shutil.disk_usage(standing).free // 1_000_000
        if not os.access(standing, os.W_OK):
            yield Finding(
                "disk", "problem", f"{standing} cannot be written ({name})", f"let this user write {standing}"
            )
        elif free_mb < config.limits.free_disk_mb:
            do = f"make room: below limits.free_disk_mb ({config.limits.free_disk_mb} MB) callers go to the fallback"
            yield Finding("disk", "problem", f"{free_mb} MB free for {name}", do)
        else:
            yield Finding("disk", "ok", f"{free_mb} MB free for {name} ({folder})")


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def limits(config: Config) -> Iterator[Finding]:
    calls = config.limits.calls * config.centre.workers
    files = max_files() // _FILES_PER_CALL
    if files < calls:
        do = f"raise the limit (ulimit -Hn {calls * _FILES_PER_CALL}; systemd: LimitNOFILE=), or lower limits.calls"
        yield Finding("open files", "warning", f"{max_files()} files are enough for about {files} of {calls} calls", do)
    else:
        yield Finding("open files", "ok", f"{max_files()}, for {calls} calls")
    if config.asterisk.attached:
        return
    sip = config.sip
    ports = (sip.rtp_last - sip.rtp_first + 1) // _PORTS_PER_CALL
    lent = _first_lent_port()
    if ports < calls:
        do = "widen sip.rtp_first to sip.rtp_last, or lower limits.calls"
        yield Finding("sound ports", "warning", f"enough for about {ports} of {calls} calls", do)
    elif sip.rtp_last >= lent:
        do = f"stay below {lent}, from where this system lends ports to any program"
        yield Finding("sound ports", "warning", f"{sip.rtp_first} to {sip.rtp_last} can be taken by others", do)
    else:
        yield Finding("sound ports", "ok", f"{sip.rtp_first} to {sip.rtp_last}, for about {ports} calls")


def _first_lent_port() -> int:
    file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    return int(file.read_text().split()[0]) if file.exists() else 32768


def ports(config: Config, layout: Layout) -> Finding:
    if pid := running_parent(layout):
        return Finding("ports", "ok", f"in use by this centre, which is running (process {pid})")
    if problems := port_problems(wanted_ports(config)):
        return Finding("ports", "problem", "; ".join(problems), "see who listens there: ss -lntup")
    sip = config.sip
    http, ami = config.asterisk.http_port, config.asterisk.ami_port
    return Finding("ports", "ok", f"free: SIP {sip.bind}:{sip.port}, ARI {http}, AMI {ami}")
