"""How commits and journal entries look on their way to Redis and back.

Rule: any text survives. Callers write their own names, so control characters and half a surrogate are data.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callrouter.engine.ports import Check, Commit
from callrouter.errors import CallrouterError
from callrouter.journal import Entry, FloorChange, Word

Fields = Mapping[bytes, bytes]

_texts = msgspec.json.Decoder(dict[str, str])
_floors = msgspec.json.Decoder(dict[str, dict[str, str] | None])
_things = msgspec.json.Decoder(dict[str, str])


def clean(text: str) -> str:
    """The text as UTF-8 can carry it: a lone surrogate (from a mangled SIP header) becomes `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def clean_fields(fields: Mapping[str, str]) -> dict[str, str]:
    return {clean(name): clean(value) for name, value in fields.items()}


def require_whole(commit: Commit) -> None:
    """A commit that contradicts itself is a mistake in our own code: say so at once, in every store alike."""
    if commit.call is None and (commit.owner or commit.before is not None or commit.state is not None or commit.ends):
        raise ValueError("a commit with owner, before, state or ends must name its call")
    if commit.call is not None and not commit.owner:
        raise ValueError(f"a commit on call {commit.call} must name its owner")
    if commit.floor and not commit.entries:
        raise ValueError("a floor change is stored with the first entry: give the commit one")


def encode_commit(commit: Commit) -> bytes:
    """The commit for commit.lua, all but the states; `false` stands for a thing taken away."""
    wanted = commit.owner if commit.before is None else commit.before
    return msgspec.msgpack.encode(
        {
            "call": clean(commit.call or ""),
            "wanted": clean(wanted or ""),
            "owner": clean(commit.owner or ""),
            "knows_state": commit.found is not None,
            "keeps_state": commit.state is None,
            "ends": commit.ends,
            "checks": [_check(check) for check in commit.checks],
            "only_if": [_check(check) for check in commit.only_if],
            "changes": [
                (clean(thing), False if fields is None else clean_fields(fields))
                for thing, fields in commit.floor.items()
            ],
            "entries": [_entry_fields(entry) for entry in commit.entries],
        }
    )


def _check(check: Check) -> tuple[str, str, str]:
    return clean(check.thing), clean(check.field), clean(check.value)


def decode_entry(entry_id: bytes, fields: Fields) -> Entry:
    """An entry of the stream; its id begins with the milliseconds at which it was written."""
    floor = fields.get(b"floor")
    data = fields.get(b"data")
    text_id = entry_id.decode()
    return Entry(
        word=_word(fields.get(b"word", b"").decode(), text_id),
        call=fields.get(b"call", b"").decode(),
        agent=fields.get(b"agent", b"").decode(),
        queue=fields.get(b"queue", b"").decode(),
        data=_texts.decode(data) if data else {},
        floor=_floor(floor) if floor else {},
        id=text_id,
        at_ms=int(text_id.partition("-")[0]),
    )


def decode_things(raw: Fields) -> dict[str, dict[str, str]]:
    return {thing.decode(): _things.decode(fields) for thing, fields in raw.items()}


def _floor(text: bytes) -> FloorChange:
    return _floors.decode(text)


def _word(text: str, entry_id: str) -> Word:
    try:
        return Word(text)
    except ValueError as error:
        raise CallrouterError(
            f"the journal's entry {entry_id} has the word {text!r}, unknown to this version: "
            "run the same version of callrouter everywhere"
        ) from error


def _entry_fields(entry: Entry) -> list[str]:
    """Names and values in turn, as XADD wants them; what is empty is left out."""
    data = msgspec.json.encode(clean_fields(entry.data)).decode() if entry.data else ""
    pairs = (("call", entry.call), ("agent", entry.agent), ("queue", entry.queue), ("data", data))
    return ["word", entry.word.value, *(part for name, value in pairs if value for part in (name, clean(value)))]
