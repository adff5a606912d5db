"""`callrouter switch NAME on|off`: emergency switches, which `hours` nodes obey from the next step on."""

from __future__ import annotations

from collections.abc import Mapping

from callrouter.app.site import Site
from callrouter.documents import close_to
from callrouter.engine.ports import Commit, Line
from callrouter.errors import SetupError
from callrouter.journal import NOW, Entry, Word


async def turn(site: Site, line: Line, name: str, on: bool, by: str) -> None:
    """Every worker knows a moment later. SetupError for a switch that `switches` does not name."""
    if name not in site.config.switches:
        known = close_to(name, list(site.config.switches)) if site.config.switches else "; name it in `switches`"
        raise SetupError(f"there is no switch `{name}`{known}")
    value = "1" if on else ""
    note = Entry(Word.SWITCH, data={"switch": name, "on": value, "by": by})
    await line.commit(Commit((note,), {f"switch:{name}": {"on": value, "since": NOW, "by": by}}))


async def state(site: Site, line: Line) -> Mapping[str, bool]:
    """Every switch, and whether it is on."""
    things = (await line.snapshot()).things
    return {name: things.get(f"switch:{name}", {}).get("on") == "1" for name in site.config.switches}
