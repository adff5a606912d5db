"""`callrouter callbacks`: who waits to be called back, and what people may do about it."""

from __future__ import annotations

from dataclasses import dataclass

from callrouter.engine.callbacks import KIND
from callrouter.engine.ports import Check, Commit, Line, Refused
from callrouter.errors import SetupError
from callrouter.journal import Entry, Word


@dataclass(frozen=True, slots=True)
class OpenCallback:
    key: str
    """`<queue>/<number with country code>`."""
    call: str
    queue: str
    number: str
    state: str
    """asked (the caller is still on the line) · waiting · resting · ringing · reached"""
    asked_ms: int
    attempts: int


async def open_callbacks(line: Line) -> list[OpenCallback]:
    """The oldest wish first."""
    found = []
    for thing, fields in (await line.snapshot()).things.items():
        kind, _, key = thing.partition(":")
        if kind == KIND:
            queue, number, state = (fields.get(name, "") for name in ("queue", "number", "state"))
            asked, attempts = int(fields.get("asked") or 0), int(fields.get("attempts") or 0)
            found.append(OpenCallback(key, fields.get("call", ""), queue, number, state, asked, attempts))
    return sorted(found, key=lambda one: (one.asked_ms, one.key))


async def wish(line: Line, wanted: str, what: str, by: str) -> OpenCallback:
    """Tell the owner of a callback: `cancel` or `now`. It is heeded when nobody is on its line."""
    one = _found(await open_callbacks(line), wanted)
    thing = f"{KIND}:{one.key}"
    note = Entry(Word.CALLBACKTRY, call=one.call, queue=one.queue, data={"outcome": f"{what}_wanted", "by": by})
    answer = await line.commit(Commit((note,), {thing: {"wish": what, "by": by}}, (Check(thing, "call", one.call),)))
    if isinstance(answer, Refused):
        raise SetupError("that callback has just come to its end")
    return one


def _found(callbacks: list[OpenCallback], wanted: str) -> OpenCallback:
    """By the call's id or its beginning or end, or by the number."""
    number = wanted.lstrip("+")
    by_number = [one for one in callbacks if one.number == number]
    by_call = [one for one in callbacks if len(wanted) >= 4 and one.call and one.call.startswith(wanted)]
    by_end = [one for one in callbacks if len(wanted) >= 4 and one.call.endswith(wanted)]
    found = by_number or by_call or by_end
    if len(found) > 1:
        raise SetupError(f"{len(found)} callbacks fit `{wanted[:40]}`: give the call's whole id")
    if not found:
        raise SetupError(f"there is no open callback `{wanted[:40]}`; `callrouter callbacks` lists them")
    return found[0]
