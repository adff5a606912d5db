"""Every path that a running centre writes, and the cache that all centres of a user share.

Rule: no other file builds a path.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from callrouter.errors import SetupError

_LONGEST_SOCKET = 100
"""A unix socket's path has room for 107 bytes (unix(7)); Asterisk's and Redis's own names fit below this."""


def cache_folder() -> Path:
    """Programs and sounds that can be fetched again at any time."""
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative path here is to be ignored.
    base = Path(xdg) if xdg.startswith("/") else Path.home() / ".cache"
    return base / "callrouter"


@dataclass(frozen=True)
class Layout:
    """One centre's run folder. Nothing is made on disk before `prepare`."""

    run_folder: Path

    @cached_property
    def root(self) -> Path:
        return self.run_folder.absolute()

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.yaml"

    @property
    def live(self) -> Path:
        """The configuration and the trees that the running centre was started with."""
        return self.root / "live"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def lock(self) -> Path:
        """Held by the parent for as long as it runs."""
        return self.root / "centre.lock"

    @property
    def messages(self) -> Path:
        """Voice messages left when nobody could answer."""
        return self.root / "messages"

    @property
    def prompts(self) -> Path:
        """The fallback's words, spoken from the configuration's text."""
        return self.root / "prompts"

    @property
    def music(self) -> Path:
        """The user's own music, in both laws."""
        return self.root / "music"

    @property
    def asterisk(self) -> Path:
        return self.root / "asterisk"

    @property
    def asterisk_etc(self) -> Path:
        return self.asterisk / "etc"

    @property
    def asterisk_conf(self) -> Path:
        return self.asterisk_etc / "asterisk.conf"

    @property
    def asterisk_log(self) -> Path:
        return self.asterisk / "log"

    @property
    def asterisk_messages(self) -> Path:
        """Asterisk's own log of notices, warnings and errors."""
        return self.asterisk_log / "messages"

    @property
    def spool(self) -> Path:
        return self.asterisk / "spool"

    @property
    def monitor(self) -> Path:
        """Where MixMonitor writes the two sides of a conversation."""
        return self.spool / "monitor"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def history(self) -> Path:
        """Calls kept for reports (SQLite)."""
        return self.root / "history.sqlite3"

    @property
    def queue_log_notes(self) -> Path:
        """How far the queue_log has come."""
        return self.root / "queue_log.notes"

    @property
    def redis_conf(self) -> Path:
        return self.redis / "redis.conf"

    @property
    def redis_data(self) -> Path:
        return self.redis / "data"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @cached_property
    def sockets(self) -> Path:
        """Short enough for a socket: in the run folder, else a folder of our own beside the other temporary ones."""
        here = self.root / "sockets"
        if len(os.fsencode(here / "asterisk.ctl")) <= _LONGEST_SOCKET:
            return here
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"callrouter-{os.getuid()}-{name}"

    def prepare(self) -> None:
        """Make every folder. Whatever holds secrets, sockets or voices is for this user only.

        A run folder that was there before keeps its rights: it may hold other things too.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for private in (self.asterisk, self.redis, self.log, self.messages, self.prompts, self.music, self.sockets):
            private.mkdir(mode=0o700, exist_ok=True)
            _demand_own(private)
            private.chmod(0o700)
        for name in ("etc", "var", "db", "keys", "agi", "cache", "log", "spool/recording", "spool/monitor"):
            (self.asterisk / name).mkdir(parents=True, exist_ok=True)
        self.redis_data.mkdir(exist_ok=True)


def _demand_own(folder: Path) -> None:
    """A folder under /tmp may have been made by somebody else before us."""
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise SetupError(f"{folder} belongs to another user: remove it, or choose another run folder")
