"""`callrouter change CALL`: another priority or other skills for a call that waits, at once, in every worker."""

from __future__ import annotations

from collections.abc import Mapping

from callrouter.acd.floor import Floor
from callrouter.engine.ports import Check, Commit, Line, Refused
from callrouter.errors import SetupError
from callrouter.journal import Entry, Word


async def change(line: Line, call: str, changes: Mapping[str, str], by: str) -> str:
    """Set fields of a waiting call (priority, require, prefer); its whole id. SetupError if no such call waits."""
    snapshot = await line.snapshot()
    waiting = Floor(snapshot.things, snapshot.version).waiting
    found = [id for id in waiting if id == call or (len(call) >= 4 and (id.startswith(call) or id.endswith(call)))]
    if len(found) != 1:
        why = f"{len(found)} calls that wait are called {call}" if found else f"no call {call} waits"
        raise SetupError(f"{why}; `callrouter floor` shows who does")
    thing = f"waiting:{found[0]}"
    queue = waiting[found[0]].queue
    note = Entry(Word.CHANGED, call=found[0], queue=queue, data={"by": by, **changes})
    written = await line.commit(Commit((note,), {thing: dict(changes)}, (Check(thing, "queue", queue),)))
    if isinstance(written, Refused):
        raise SetupError(f"{found[0]} has just left the queue {queue}")
    return found[0]
