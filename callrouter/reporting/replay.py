"""The floor as it was at one version, rebuilt from the journal's own floor changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from callrouter.journal import Entry, Saw, Word, read_saw
from callrouter.reporting.calls import journal_order
from callrouter.reporting.explain import Reasons

Things = dict[str, dict[str, str]]
Choice = Callable[[Things, str, Saw], Sequence[tuple[str, str]]]
"""(things, call, what the choice saw) → each agent and why they are or are not the choice for this call."""


def things_at(entries: Iterable[Entry], version: str) -> Things | None:
    """Every thing on the floor right after the entry `version`.

    `entries` are oldest first and begin at or before the newest SNAPSHOT up to that version. None when they hold
    neither such a SNAPSHOT nor the first CONFIG: what they tell would be a part of the floor only.
    """
    end = journal_order(version)
    things: Things | None = None
    for entry in entries:
        if journal_order(entry.id) > end:
            break
        if entry.word is Word.SNAPSHOT or (things is None and _is_first_config(entry)):
            things = {}
        if things is not None:
            _apply(things, entry)
    return things


def _apply(things: Things, entry: Entry) -> None:
    for thing, fields in entry.floor.items():
        if fields is None:
            things.pop(thing, None)
        else:
            things.setdefault(thing, {}).update(fields)


def _is_first_config(entry: Entry) -> bool:
    """The configuration of an empty floor brings every agent whole; a later one only what has changed."""
    agents = [fields for thing, fields in entry.floor.items() if thing.startswith("agent:")]
    return entry.word is Word.CONFIG and bool(agents) and all(fields and "presence" in fields for fields in agents)


def reasons_from(history: Sequence[Entry], choice: Choice) -> Reasons:
    """The reasons at any version within the history, by replaying the choice on the floor of then."""

    def reasons(saw_text: str, call: str, _queue: str) -> Sequence[tuple[str, str]] | None:
        saw = read_saw(saw_text)
        things = things_at(history, saw.version)
        return None if things is None else choice(things, call, saw)

    return reasons
