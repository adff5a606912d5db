"""Passwords of one centre, made at random at its first start and kept in its run folder, readable by its owner only.

Rule: they are never logged; their values print as dots.
"""

from __future__ import annotations

import fcntl
import os
import secrets as random_secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from callrouter.errors import SetupError


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """What an agent types into a phone."""

    endpoint: str
    """Also the SIP user name. Random, so that it can be neither guessed nor mixed up with a number."""
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """All of one centre's passwords."""

    ari_password: str = field(repr=False)
    ami_password: str = field(repr=False)
    phones: dict[str, PhoneAccount]
    """Agent's name → account. Accounts of agents no longer in the configuration are kept, should they come back."""


def load_or_make(file: Path, agents: Iterable[str]) -> Secrets:
    """The secrets in `file`; what is missing there (all of it, or a new agent's) is made and saved first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file):
        found = _read(file)
        wanted = _complete(found, agents)
        if wanted != found:
            _write(file, wanted)
    phones = {name: PhoneAccount(**account) for name, account in wanted["phones"].items()}
    return Secrets(wanted["ari_password"], wanted["ami_password"], phones)


def _complete(found: dict[str, Any], agents: Iterable[str]) -> dict[str, Any]:
    phones = dict(found.get("phones", {}))
    for name in agents:
        if name not in phones:
            phones[name] = {"endpoint": f"a{random_secrets.token_hex(6)}", "password": random_secrets.token_urlsafe(18)}
    return {
        "ari_password": found.get("ari_password") or random_secrets.token_urlsafe(24),
        "ami_password": found.get("ami_password") or random_secrets.token_urlsafe(24),
        "phones": phones,
    }


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    if file.stat().st_mode & 0o077:
        raise SetupError(f"{file} can be read by other users: run `chmod 600 {file}`")
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not isinstance(found.get("phones", {}), dict):
        raise SetupError(f"{file} is damaged: restore it, or delete it and give the agents their new passwords")
    return found


def _write(file: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, and never for an instant readable by others."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write("# Made by callrouter at the first start. Keep it to yourself.\n")
        yaml.safe_dump(content, stream, allow_unicode=True, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Two processes that start together must not each make a set."""
    with file.with_name(f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
