"""A PostgreSQL of our own for tests, in a temporary folder, on a unix socket; as another user if we are root, which
PostgreSQL refuses to be."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OTHER_USER = "nobody"


def programs() -> Path | None:
    """Where PostgreSQL's programs are: Debian keeps them out of the path."""
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


@contextmanager
def private_postgres() -> Iterator[str]:
    """Its url."""
    found = programs()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="history-"))
    user = OTHER_USER if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)

    def run(program: str, *words: str) -> None:
        command = (str(found.with_name(program)), "-D", str(folder / "data"), *words)
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, timeout=50)

    try:
        run("initdb", "--username=callrouter", "--auth=trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "--wait", "--silent", f"--options={options}", f"--log={folder}/log", "start")
        try:
            yield f"postgresql://callrouter@/postgres?host={folder}"
        finally:
            run("pg_ctl", "--wait", "--silent", "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder)
