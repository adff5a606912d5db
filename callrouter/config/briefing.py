"""Before the bridge: what an agent sees, hears and does before talking to a caller of a queue."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from callrouter.config.words import Language, Part, says

SHOWN = ("queue", "name", "number")
"""What `display` may hold."""
SAID = ("queue", "path", "waited", "caller", "key")
"""What `say` may hold: the queue's name, the labels of the nodes passed, seconds, the caller's number, the key."""
SHIPPED_IN = ("ru", "en")
"""The languages of our own words."""
_IN_BRACES = re.compile(r"\{([^{}]*)\}")


def _can_be_shown(text: str) -> str:
    unknown = [name for name in _IN_BRACES.findall(text) if name not in SHOWN]
    if unknown:
        raise ValueError(f"nothing shows {{{unknown[0][:40]}}}; there are {', '.join(f'{{{one}}}' for one in SHOWN)}")
    return text


class Briefing(Part):
    """Each of these may be had without the others."""

    display: Annotated[str, AfterValidator(_can_be_shown)] = Field(
        default="{queue}: {name}", max_length=80, description="the caller's name as the agent's phone shows it"
    )
    say: bool | dict[Language, Annotated[str, Field(min_length=1, max_length=500)]] = Field(
        default=False, description="true, or words of your own: said to the agent alone while the caller still waits"
    )
    accept: Literal["answer", "key"] = Field(
        default="answer", description="key: whoever picks up must press `key` to get the call"
    )
    key: Annotated[str, Field(pattern=r"^[0-9*#]$", json_schema_extra=says('one key in quotes: "1", "*" or "#"'))] = "1"
    key_s: float = Field(
        default=8, ge=2, le=60, description="so long after the words; then the next agent's phone rings"
    )
    auto_answer: bool = Field(
        default=False, description="asks the agent's phone to pick up by itself (Call-Info: answer-after=0)"
    )

    @property
    def precedes_talk(self) -> bool:
        """The agent is told something, or presses a key, before the caller is put through."""
        return bool(self.say) or (self.accept == "key" and not isinstance(self.say, dict))
