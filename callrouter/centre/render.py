"""Asterisk's configuration from the templates in asterisk/templates. Rule: no value can break out of its line.

`render` writes whole files into the run folder and nothing else; what goes into them is gathered in `switchboard`.
"""

from __future__ import annotations

import os
import re
import resource
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from callrouter.centre.layout import Layout
from callrouter.centre.modules import BENCH, OPTIONAL, REQUIRED
from callrouter.centre.programs import AsteriskFolders
from callrouter.config import Sip
from callrouter.errors import SetupError

TEMPLATES = Path(__file__).parents[2] / "asterisk" / "templates"
_BREAKS_A_LINE = re.compile(r"""[\x00-\x1f\x7f;"'\\]""")
_BREAKS_AN_ARGUMENT = re.compile(r"[$\[\]{}(),|&^`%]")


@dataclass(frozen=True, slots=True)
class TrunkRegistration:
    """We register with a carrier."""

    server: str
    port: int
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrunkFacts:
    """A trunk as PJSIP wants it."""

    name: str
    addresses: tuple[str, ...] = ()
    contact: str | None = None
    """Where our calls through it go."""
    caller_id: str | None = None
    registration: TrunkRegistration | None = None

    @property
    def endpoint(self) -> str:
        return trunk_endpoint(self.name)


@dataclass(frozen=True, slots=True)
class FallbackFacts:
    """What a caller meets when no worker takes the call."""

    language: str
    prompt: Path
    goodbye: Path
    message_prompt: Path
    messages: Path
    message: bool = True
    dial: str | None = None
    """Built by us from our own names, like `PJSIP/a1b2c3`; never from anything a caller sent."""
    caller_id: str | None = None
    ring_s: int = 30


@dataclass(frozen=True, slots=True)
class MusicClass:
    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Switchboard:
    """Everything that the templates need."""

    sip: Sip
    http_port: int
    ami_port: int
    ari_password: str = field(repr=False)
    ami_password: str = field(repr=False)
    fallback: FallbackFacts
    music: tuple[MusicClass, ...]
    trunks: tuple[TrunkFacts, ...] = ()
    ari_user: str = "callrouter"
    ami_user: str = "callrouter"
    bench: bool = False
    """Also load Asterisk's own queues, to compare with."""
    extra_dialplan: str = ""
    """For tests: dialplan of the program's own, put in as it is."""


def trunk_endpoint(name: str) -> str:
    """The PJSIP endpoint of a trunk; agents' endpoints begin with `a` and hexadecimal digits, so they never meet."""
    return f"trunk-{name}"


def value(given: object) -> str:
    """A template's value; refused if it could end its line, begin a comment or open a quote."""
    text = str(given)
    if _BREAKS_A_LINE.search(text) or text != text.strip() or text.startswith(">"):
        shown = "a value" if len(text) > 40 else repr(text)
        raise SetupError(f"{shown} cannot stand in an Asterisk configuration: leave out quotes, ; \\ and line breaks")
    return text


def argument(given: object) -> str:
    """A value within a dialplan line, where more characters mean something."""
    text = value(given)
    if _BREAKS_AN_ARGUMENT.search(text):
        raise SetupError(f"{text!r} cannot stand in Asterisk's dialplan: leave out $ [ ] {{ }} ( ) , | & ^ %")
    return text


def host(given: object) -> str:
    """An address before a port: IPv6 in brackets."""
    text = value(given)
    return f"[{text}]" if ":" in text else text


def whole(given: object) -> int:
    """A number, and nothing that only looks like one."""
    if not isinstance(given, int) or isinstance(given, bool):
        raise SetupError(f"{given!r} is not a whole number")
    return given


def render(board: Switchboard, layout: Layout, folders: AsteriskFolders) -> None:
    """Write every file of Asterisk's configuration, readable by this user only; each one whole or not at all."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # These are no web pages; `value` and `argument` guard every place.
        autoescape=False,
    )
    environment.filters.update(value=value, argument=argument, host=host, int=whole)
    facts = _facts(board, layout, folders)
    rendered = {name: environment.get_template(name).render(facts) for name in environment.list_templates(["j2"])}
    for name, text in rendered.items():
        _write_private(layout.asterisk_etc / name.removesuffix(".j2"), text)


def _facts(board: Switchboard, layout: Layout, folders: AsteriskFolders) -> dict[str, Any]:
    given = {name: getattr(board, name) for name in Switchboard.__dataclass_fields__}
    return {
        **given,
        "folders": _folders(layout, folders),
        "max_files": max_files(),
        "required": REQUIRED,
        "optional": (*OPTIONAL, *(BENCH if board.bench else ())),
    }


def _folders(layout: Layout, folders: AsteriskFolders) -> dict[str, Path]:
    own = {name: layout.asterisk / name for name in ("etc", "var", "db", "agi", "spool", "log", "cache")}
    own["key_parent"] = layout.asterisk  # Asterisk adds "keys" itself
    return {**own, "run": layout.sockets, "modules": folders.modules, "data": folders.data}


def max_files() -> int:
    """As many file descriptors as this machine lets us have, up to what 7000 calls need."""

    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65_536)


def _write_private(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    beside.replace(file)
