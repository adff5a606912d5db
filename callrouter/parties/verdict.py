"""What became of a story: a verdict for each line, and the facts for the table at the end. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["ok", "MISS", "----"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line: as told, missed, or not played because an earlier one was missed."""

    outcome: Outcome
    line: int
    said: str
    at_s: float
    """Since the story began."""
    instead: str = ""
    """What was there instead, or a remark."""

    def __str__(self) -> str:
        remark = f"   ({self.instead})" if self.instead else ""
        return f"{self.outcome:4} {self.at_s:7.2f}s  {self.said}{remark}"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the journal and the ears know about a caller's call."""

    caller: str
    call: str = ""
    path: tuple[str, ...] = ()
    queue: str = ""
    waited_s: float | None = None
    agent: str = ""
    talked_s: float | None = None
    recording: str = ""
    heard: tuple[tuple[str, str], ...] = ()
    """Who heard whom."""


@dataclass(frozen=True, slots=True)
class Latency:
    """A measured time: from the last key's first end packet, or from a BYE, to the agent's INVITE."""

    since: Literal["key", "bye"]
    agent: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StoryResult:
    """All about one story played once."""

    story: str
    file: str
    verdicts: tuple[Verdict, ...]
    took_s: float
    calls: tuple[CallFacts, ...] = ()
    latencies: tuple[Latency, ...] = field(default=())

    @property
    def went_as_told(self) -> bool:
        return all(verdict.outcome == "ok" for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"went_as_told": self.went_as_told, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Begins:
    """A story is about to be played."""

    story: str


@dataclass(frozen=True, slots=True)
class Told:
    """A line has its verdict."""

    story: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Ends:
    """A story is over."""

    result: StoryResult


Report = Callable[[Begins | Told | Ends], None]
