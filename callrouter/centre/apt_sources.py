"""Which Debian mirror: the one in the machine's own apt sources (either format of sources.list(5)), or the user's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from callrouter.errors import SetupError

_ONE_LINE = re.compile(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)")


@dataclass(frozen=True, slots=True)
class Source:
    """One address in the machine's own apt sources, and a suite asked of it."""

    uri: str
    suite: str


def sources_in_list(text: str) -> Iterator[Source]:
    """The one-line format of sources.list(5)."""
    for line in text.splitlines():
        if found := _ONE_LINE.match(line.split("#", 1)[0]):
            yield Source(found["uri"], found["suite"])


def sources_in_deb822(text: str) -> Iterator[Source]:
    """The deb822 format of sources.list(5): paragraphs of fields, continued by indented lines."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = _fields(paragraph)
        if fields.get("enabled", "yes").strip().lower() in ("no", "false", "0"):
            continue
        if "deb" in fields.get("types", "").split():
            uris, suites = fields.get("uris", "").split(), fields.get("suites", "").split()
            yield from (Source(uri, suite) for uri in uris for suite in suites)


def _fields(paragraph: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line[:1].isspace() and name:
            found[name] += " " + line.strip()
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            found[name] = value.strip()
    return found


def machine_sources(etc_apt: Path = Path("/etc/apt")) -> list[Source]:
    """All addresses this machine's apt knows, in its order."""
    lists = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]
    found = [source for file in lists if file.exists() for source in sources_in_list(_read(file))]
    for file in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        found += sources_in_deb822(_read(file))
    return found


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def debian_mirror(sources: Iterable[Source]) -> str | None:
    """The first source that is a Debian archive (not its security archive, not another distribution's)."""
    for source in sources:
        path = source.uri.rstrip("/").lower()
        if re.search(r"/debian(/\d{8}t\d{6}z)?$", path) and "security" not in source.suite and "-security" not in path:
            return source.uri
    return None


def chosen_mirror() -> str:
    """From CALLROUTER_DEBIAN_MIRROR, else from the machine's own apt sources."""
    if asked := os.environ.get("CALLROUTER_DEBIAN_MIRROR", ""):
        return asked
    found = debian_mirror(machine_sources())
    if found is None:
        raise SetupError(
            "this machine's apt sources name no Debian mirror: set CALLROUTER_DEBIAN_MIRROR to one near you"
            " (any address that you could write in a Debian sources.list)"
        )
    return found
