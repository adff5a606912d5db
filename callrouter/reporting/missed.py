"""The missed-call list: who wanted something and has not been talked to since. One row a number, the newest last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from callrouter.journal import Entry, Word
from callrouter.reporting.calls import journal_order

CALLBACK, MESSAGE = "wants a callback", "left a message"
UNHELPED = {
    "abandoned": "hung up while waiting",
    "timed_out": "waited too long",
    "turned_away": "found the queue empty, full or closed",
    "fallback": "reached only the fallback",
    "crashed": "was cut off",
    "lost": "was cut off",
    "callback_failed": "was called back in vain",
    "callback_expired": "could not be called back in time",
}
"""How a call ended → what that was to its caller."""
IN_TREE = {**UNHELPED, "left_tree": "hung up before any line"}
"""Who left in the tree may have had what they wanted, or a wrong number."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody to be called."""

    ring: str
    """The number to ring: the caller's, or the one they gave; empty if it is hidden."""
    at_ms: int
    """When they last tried."""
    call: str
    why: str
    caller: str = ""
    times: int = 1
    """Calls in which they were not helped."""
    queue: str = ""
    node: str = ""
    """The last node of the tree: what it was about."""
    messages: tuple[str, ...] = ()
    """Files below the recordings folder."""


@dataclass(frozen=True, slots=True)
class _Trying:
    """A call of which the end is not known yet, as far as it matters here."""

    caller: str = ""
    queue: str = ""
    node: str = ""
    ring: str = ""
    talked: bool = False
    ended: bool = False


def missed(entries: Iterable[Entry], *, everybody: bool = False) -> tuple[Missed, ...]:
    """By what these entries tell; a conversation through callrouter with the same number settles it.
    `everybody`: also who hung up in the tree."""
    unhelped = IN_TREE if everybody else UNHELPED
    calls: dict[str, _Trying] = {}
    found: dict[str, Missed] = {}
    for entry in sorted(entries, key=lambda entry: journal_order(entry.id)):
        if entry.call:
            calls[entry.call] = _after(calls.get(entry.call, _Trying()), entry)
            _note(found, calls[entry.call], entry, unhelped)
    return tuple(sorted(found.values(), key=lambda one: one.at_ms))


def _after(call: _Trying, entry: Entry) -> _Trying:
    match entry.word:
        case Word.ARRIVED:
            return replace(call, caller=entry.data.get("caller", ""))
        case Word.NODE if not call.queue:  # the node that led into the line tells more than those after it
            return replace(call, node=entry.data.get("node", ""))
        case Word.ENTERQUEUE | Word.JOINEMPTY | Word.FULL | Word.JOINCLOSED:
            return replace(call, queue=entry.queue)
        case Word.CALLBACK:
            return replace(call, ring=entry.data.get("number", ""), queue=call.queue or entry.queue)
        case Word.CONNECT:
            return replace(call, talked=True)
        case Word.TRANSFER if entry.data.get("outcome") == "connected":
            return replace(call, talked=True)
        case Word.ENDED:
            return replace(call, ended=True)
        case _:
            return call


def _note(found: dict[str, Missed], call: _Trying, entry: Entry, unhelped: Mapping[str, str]) -> None:
    if call.talked:
        if entry.word in (Word.CONNECT, Word.TRANSFER):
            _settle(found, call.caller)
        return
    why, file = "", ""
    match entry.word:
        case Word.ENDED:
            why = unhelped.get(entry.data.get("how", ""), "")
        case Word.CALLBACK if "since_ms" in entry.data:  # we call back: not yet a matter for people
            _settle(found, call.caller)
        case Word.CALLBACK:
            why = CALLBACK
        case Word.MESSAGE:  # without a file it could not be kept, and its caller does not know
            why, file = MESSAGE, entry.data.get("file", "")
    if why:
        _add(found, Missed(call.ring or call.caller, entry.at_ms, entry.call, why, call.caller), call, file)


def _add(found: dict[str, Missed], new: Missed, call: _Trying, file: str) -> None:
    key = _key(call.caller) or new.call
    before = found.pop(key, None)
    if before is not None:
        times = before.times + (before.call != new.call)
        ring = new.ring if call.ring or not before.ring else before.ring
        # the end of a call in which a callback was asked for takes nothing of that away
        why = before.why if before.call == new.call and new.why not in (CALLBACK, MESSAGE) else new.why
        new = replace(new, times=times, ring=ring, why=why, messages=before.messages)
    messages = (*new.messages, file) if file else new.messages
    found[key] = replace(new, queue=call.queue, node=call.node, messages=messages)


def _settle(found: dict[str, Missed], number: str) -> None:
    """They have been talked to, from the number they called from or the one they gave."""
    key = _key(number)
    for each in [each for each, one in found.items() if key and key in (each, _key(one.ring))]:
        del found[each]


def _key(number: str) -> str:
    return number.lstrip("+")
