"""Tells a rehearsal to people: line by line while it happens, and a table at the end."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from callrouter.parties.verdict import Begins, CallFacts, Ends, Latency, Report, StoryResult, Told

_STYLES = {"ok": "green", "MISS": "bold red", "----": "dim"}
_WIDTH = 28


def narrator(console: Console) -> Report:
    """Prints what happens as it happens. Every line says which story it belongs to: several are played at once."""

    def tell(event: Begins | Told | Ends) -> None:
        match event:
            case Begins(story):
                console.print(Text(f"▶ {story}", style="bold"))
            case Told(story, verdict):
                line = Text(f"{_short(story):{_WIDTH}} ", style="dim")
                line.append(f"{verdict.outcome:4}", style=_STYLES[verdict.outcome])
                line.append(f" {verdict.at_s:6.2f}s  {verdict.said}", style="" if verdict.outcome != "----" else "dim")
                line.append(f"   {verdict.instead}" if verdict.instead else "", style="dim")
                console.print(line)
            case Ends(result):
                word = "as told" if result.went_as_told else "NOT as told"
                style = "bold green" if result.went_as_told else "bold red"
                console.print(Text(f"■ {result.story}: {word}, {result.took_s:.1f} s", style=style))

    return tell


def _short(story: str) -> str:
    return story if len(story) <= _WIDTH else story[: _WIDTH - 1] + "…"


def table(results: Sequence[StoryResult]) -> Table:
    """One row a call; two things share a column where that keeps it readable on a narrow terminal."""
    made = Table(title="The calls", show_lines=True)
    for column in ("story\ncall", "path", "queue\nwaited", "agent\ntalked", "who heard whom\nrecording", ""):
        made.add_column(column, overflow="fold")
    for result in results:
        for call in result.calls or (CallFacts(""),):
            made.add_row(*_row(result, call))
    return made


def _row(result: StoryResult, call: CallFacts) -> list[Text]:
    word = Text("ok", "green") if result.went_as_told else Text("MISS", "bold red")
    waited, talked = (call.waited_s, call.talked_s) if call.queue or call.agent else (None, None)
    pairs = [
        (Path(result.file).stem or result.story, call.call),
        ("\n".join(call.path), ""),
        (call.queue, _seconds(waited)),
        (call.agent, _seconds(talked)),
        (_who_heard_whom(call), call.recording),
    ]
    return [*(Text(f"{first}\n{second}".strip("\n")) for first, second in pairs), word]


def _seconds(value: float | None) -> str:
    return f"{value:.1f} s" if value else ""


def _who_heard_whom(call: CallFacts) -> str:
    both = [(one, other) for one, other in call.heard if (other, one) in call.heard and one < other]
    one_way = [(one, other) for one, other in call.heard if (other, one) not in call.heard]
    told = [f"{one} ↔ {other}" for one, other in both]
    return ", ".join(told + [f"{one} ← {other}" for one, other in one_way])


def summary(results: Sequence[StoryResult]) -> str:
    """How many went as told, and the times that were measured on the way."""
    good = sum(result.went_as_told for result in results)
    lines = [f"{good} of {len(results)} stories went as told"]
    measured = [latency for result in results for latency in result.latencies]
    lines += [_measured("last key → the agent's INVITE", [one for one in measured if one.since == "key"])]
    lines += [_measured("hang-up → the next INVITE", [one for one in measured if one.since == "bye"])]
    return "\n".join(line for line in lines if line)


def _measured(what: str, latencies: Sequence[Latency]) -> str:
    if not latencies:
        return ""
    times = [one.seconds * 1000 for one in latencies]
    return f"{what}: median {statistics.median(times):.1f} ms, longest {max(times):.1f} ms ({len(times)} measured)"
