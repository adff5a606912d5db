"""Packages of a Debian suite unpacked into a folder, without root and without touching the machine's own packages.

A private apt (own state and empty status file: apt.conf(5)) resolves and fetches; dpkg-deb unpacks. No scripts are run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from callrouter.centre.apt_sources import chosen_mirror
from callrouter.errors import SetupError

Say = Callable[[str], None]
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)


def chosen_keyring() -> Path:
    """The keys that Debian's archive is signed with."""
    asked = os.environ.get("CALLROUTER_DEBIAN_KEYRING", "")
    for keyring in (Path(asked),) if asked else KEYRINGS:
        if keyring.is_file():
            return keyring
    raise SetupError("Debian's archive keys are not on this machine: run `apt-get install debian-archive-keyring`")


def demand_tools() -> None:
    """The tools we use from the machine itself."""
    missing = [tool for tool in ("apt-get", "apt-config", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise SetupError(
            f"{', '.join(missing)} not found: this is no Debian or Ubuntu. Install asterisk >= 22.10.1,"
            " redis-server >= 7 and espeak-ng in your system's own way, then repeat"
        )


def _both(mirror: Callable[[], str], keyring: Callable[[], Path]) -> tuple[str, Path]:
    """Ubuntu lacks both: say so at once, not one after the other."""
    try:
        found = mirror()
    except SetupError as no_mirror:
        try:
            keyring()
        except SetupError as no_keyring:
            raise SetupError(f"{no_mirror}. Also: {no_keyring}") from no_mirror
        raise
    return found, keyring()


class PrivateApt:
    """An apt of our own below one folder; keeps partly fetched files so that the next try goes on from there."""

    def __init__(self, folder: Path, suite: str, architecture: str) -> None:
        self.folder = folder
        self._suite = suite
        self._architecture = architecture

    @property
    def archives(self) -> Path:
        return self.folder / "cache/archives"

    def prepare(self) -> None:
        """Write its configuration and its one source."""
        demand_tools()
        mirror, keyring = _both(chosen_mirror, chosen_keyring)
        for name in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "etc/trusted.gpg.d"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").write_text("")
        (self.folder / "apt.conf").write_text(self._configuration())
        (self.folder / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror} {self._suite} main\n")

    def _configuration(self) -> str:
        # The machine's own proxy, certificates and mirror peculiarities, but none of its hooks.
        inherited = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        kept = [line for line in inherited.splitlines() if line.startswith(("Acquire::", "Dir::Bin::"))]
        ours = {
            "Dir": self.folder,
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc": self.folder / "etc",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::netrc": "/etc/apt/auth.conf",
            "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
            "APT::Architecture": self._architecture,
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            # As root apt would fetch as its own user, who may not enter our folder.
            "APT::Sandbox::User": "root",
        }
        if os.environ.get("CALLROUTER_DEBIAN_CHECK_DATES", "yes") == "no":
            ours["Acquire::Check-Valid-Until"] = "false"
        return "\n".join([*kept, *(f'{key} "{value}";' for key, value in ours.items())]) + "\n"

    def fetch(self, packages: Sequence[str], say: Say) -> list[Path]:
        """Fetch the packages and all they depend on; tells how far it is every few seconds."""
        say("asking the Debian mirror what it has")
        self._run("update")
        # What an interrupted try has fetched is used, unless the mirror has newer packages by now.
        self._run("autoclean")
        files, size = self._plan(packages)
        say(f"fetching {len(files)} packages, {size / 1e6:.0f} MB")
        with self._progress(size, say):
            self._run("-y", "--download-only", "install", *packages)
        return [self.archives / name for name in files]

    def _plan(self, packages: Sequence[str]) -> tuple[list[str], int]:
        lines = self._run("-y", "--print-uris", "install", *packages).splitlines()
        # 'address' name size hash
        found = [line.rsplit(" ", 3) for line in lines if line.startswith("'")]
        present = {file.name for file in self.archives.glob("*.deb")}
        wanted = [name for _, name, _, _ in found] or sorted(present)
        return sorted({*wanted, *present}), sum(int(size) for _, _, size, _ in found)

    def _run(self, *arguments: str) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        done = subprocess.run(["apt-get", *arguments], capture_output=True, text=True, check=False, env=environment)
        # `update` ends with 0 even when it could not reach the mirror, and then works with nothing.
        if done.returncode or re.search(r"^(E:|W: Failed to fetch|W: Some index files failed)", done.stderr, re.M):
            raise SetupError(what_apt_means(done.stderr))
        return done.stdout

    def _fetched_bytes(self) -> int:
        total = 0
        for file in self.archives.rglob("*.deb*"):
            with suppress(FileNotFoundError):  # apt moves a file as soon as it is complete
                total += file.stat().st_size
        return total

    @contextmanager
    def _progress(self, size: int, say: Say) -> Iterator[None]:
        finished = threading.Event()
        before = self._fetched_bytes()

        def tell() -> None:
            while not finished.wait(3):
                say(f"  {(self._fetched_bytes() - before) / 1e6:.0f} of {size / 1e6:.0f} MB")

        watcher = threading.Thread(target=tell, name="progress", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            finished.set()
            watcher.join()


def what_apt_means(stderr: str) -> str:
    """Its errors, with what to do about them."""
    errors = [line for line in stderr.splitlines() if line.startswith(("E:", "W: Failed"))]
    said = "\n  ".join(errors[:5]) or stderr.strip()[-500:]
    if "is expired" in stderr:
        return (
            f"the mirror is a frozen copy; if you trust it, set CALLROUTER_DEBIAN_CHECK_DATES=no and repeat\n  {said}"
        )
    if "Unable to locate package" in stderr or "no installation candidate" in stderr:
        return f"the mirror's suite has no such package: set CALLROUTER_DEBIAN_SUITE to one that has\n  {said}"
    if "NO_PUBKEY" in stderr or "not signed" in stderr:
        return (
            f"this machine's Debian keys are too old: `apt-get install --only-upgrade debian-archive-keyring`\n  {said}"
        )
    return f"apt could not fetch (network? proxy? disk?); what it has so far is kept, so just repeat\n  {said}"


def unpack(packages: Sequence[Path], root: Path) -> None:
    """Unpack packages into a folder, two at a time."""
    root.mkdir(parents=True, exist_ok=True)

    def one(package: Path) -> None:
        done = subprocess.run(["dpkg-deb", "-x", package, root], capture_output=True, text=True, check=False)
        if done.returncode:
            package.unlink(missing_ok=True)
            raise SetupError(
                f"{package.name} is damaged and was removed: repeat to fetch it again ({done.stderr.strip()})"
            )

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(one, packages))


def name_and_version(package: Path) -> tuple[str, str]:
    """From a file name as apt writes it: `redis-server_5%3a8.0.6-3_amd64.deb`."""
    name, version, _ = package.name.split("_")
    return name, version.replace("%3a", ":").replace("%2b", "+").replace("%7e", "~")
