"""A journal entry as other programs are told it: webhooks, the event stream, `callrouter events --json`.

Rule: of callers only what the listener may see; of our own workings nothing that may change tomorrow (the floor).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from callrouter.journal import Entry, Word

_LONG_NUMBER = re.compile(r"\+?[0-9]{5,}")
_OWN = frozenset({(Word.OFFER, "floor")})
"""References for ourselves: what a choice saw."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody wants to hear of; whatever is empty excludes nothing."""

    words: frozenset[str] = frozenset()
    call: str = ""
    agent: str = ""
    queue: str = ""

    def has(self, entry: Entry) -> bool:
        """Snapshots tell nothing new to anybody."""
        return (
            entry.word is not Word.SNAPSHOT
            and (not self.words or entry.word in self.words)
            and (not self.call or is_named(entry.call, self.call))
            and (not self.agent or entry.agent == self.agent)
            and (not self.queue or entry.queue == self.queue)
        )


def is_named(call: str, wanted: str) -> bool:
    """A call by its id, or the unmistakable beginning or end of it."""
    return call == wanted or (len(wanted) >= 4 and (call.startswith(wanted) or call.endswith(wanted)))


def told(entry: Entry, *, whole_numbers: bool) -> dict[str, object]:
    """`id` is unique and grows in the order in which things happened (by journal_order, not as text)."""
    data = {name: text for name, text in entry.data.items() if (entry.word, name) not in _OWN}
    if not whole_numbers:
        data = {name: _masked_in(entry.word, name, text) for name, text in data.items()}
    return {
        "id": entry.id,
        "at": datetime.fromtimestamp(entry.at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "event": entry.word.value,
        "call": entry.call,
        "agent": entry.agent,
        "queue": entry.queue,
        "data": data,
    }


def masked(number: str) -> str:
    """A number with all but its last four digits hidden; a short one is hidden whole."""
    return "•" * max(3, len(number) - 4) + (number[-4:] if len(number) > 6 else "") if number else ""


def masked_numbers(text: str) -> str:
    """The same for every number that stands in a text."""
    return _LONG_NUMBER.sub(lambda found: masked(found[0]), text)


def _masked_in(word: Word, name: str, text: str) -> str:
    """What may be a caller's number. What a caller dialled is ours."""
    if name == "caller" or (name == "number" and word is not Word.ARRIVED):
        return masked(text)
    return masked_numbers(text) if (word, name) in _MAY_HOLD else text


_MAY_HOLD = frozenset({(Word.ANSWER, "value"), (Word.TRANSFER, "target")})
"""What callers have typed, and whom the tree has rung."""
