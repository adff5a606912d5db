"""Other programs and kept messages, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from callrouter.calls.call import Call, Message
from callrouter.journal import Entry, Word
from callrouter.tree.model import Lookup, Value
from callrouter.tree.walk import LookedUp


@dataclass
class FakeLookups:
    """Answers what the test says, after a while."""

    answer: LookedUp = field(default_factory=lambda: LookedUp(failure="the test gives no answer"))
    takes_s: float = 0
    asked: list[tuple[dict[str, Value], dict[str, str]]] = field(default_factory=list)

    async def look_up(self, lookup: Lookup, values: Mapping[str, Value], secrets: Mapping[str, str]) -> LookedUp:
        self.asked.append((dict(values), dict(secrets)))
        await asyncio.sleep(self.takes_s)
        return self.answer


@dataclass
class FakeMessages:
    kept: list[Message] = field(default_factory=list)

    async def keep(self, call: Call, message: Message) -> Entry:
        self.kept.append(message)
        return Entry(Word.MESSAGE, call=call.id, data={"group": message.group, "file": f"{message.recording}.wav"})
