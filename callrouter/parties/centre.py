"""What parties and stories need to know of the centre they call. The app joins it to a running one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from callrouter.audio import Samples
from callrouter.journal import Entry


@dataclass(frozen=True, slots=True)
class Account:
    """An agent's phone: the name and password with which it registers."""

    user: str
    password: str


class Centre(Protocol):
    """A running centre. Names of prompts are `tree.node`, as in the story."""

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones and trunks reach it: address and port."""
        ...

    @property
    def trunk(self) -> tuple[str, int]:
        """The address from which callers from outside come, and the port where it sends calls to outside (0: none)."""
        ...

    @property
    def codes(self) -> Mapping[str, str]:
        """What an agent dials to become `ready`, `not ready`, `logged out`: those words → a feature code."""
        ...

    def agent(self, name: str) -> Account:
        """An agent's account. KeyError if there is no such agent."""
        ...

    def queues_of(self, agent: str) -> frozenset[str]:
        """The queues an agent serves."""
        ...

    def prompt(self, name: str, language: str) -> Samples:
        """What a caller hears at a node. KeyError if there is no such prompt."""
        ...

    def music(self) -> Sequence[Samples]:
        """The pieces that waiting callers may hear."""
        ...

    async def call_of(self, number: str, since: float) -> str | None:
        """The newest call from this number that arrived after a time (seconds since 1970)."""
        ...

    async def journal(self, call: str) -> Sequence[Entry]:
        """Everything journalled about a call so far, oldest first."""
        ...

    async def recording(self, call: str) -> Path | None:
        """The finished recording of a call, if it is finished."""
        ...

    async def fault(self, thing: str, act: str) -> None:
        """Break something: `worker w1`, `killed`. ValueError says what can be, if the thing is unknown."""
        ...
