"""What the commands show on a terminal: the list of calls, the story of a call, the live floor.

Rule: text from outside is never markup and never a control sequence; numbers can be masked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from callrouter.journal import Entry
from callrouter.reporting.explain import Story
from callrouter.reporting.floor import CONDITIONS, AgentView, CallView, FloorView, QueueView
from callrouter.reporting.record import CallRecord
from callrouter.reporting.told import masked, masked_numbers, told

COLUMNS = ("when", "call", "caller", "path", "queue", "waited", "agent", "talked", "end", "hung up", "recording")
WIDE_ONLY = ("path", "hung up", "recording")
RIGHT = ("for", "left", "calls", "in vain")
NARROW = 110
"""Below this width the list of calls leaves out what `explain` tells anyway."""
STYLES = {
    "free": "green",
    "ringing": "yellow",
    "talking": "cyan",
    "wrap-up": "magenta",
    "resting": "yellow",
    "not ready": "yellow",
    "unreachable": "red",
    "out": "dim",
    "waiting": "yellow",
}


def plain(text: str) -> str:
    """Text from outside, safe to print: what cannot be seen or would steer the terminal is written as its code."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def short(call: str) -> str:
    """The end of a call's id: enough to find it again with `explain`."""
    return call[-8:]


def _caller(number: str, mask: bool) -> Text:
    return Text(plain(masked(number) if mask else number) or "hidden")


def _clock(ms: int, zone: tzinfo, form: str = "%H:%M:%S") -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).strftime(form)


def duration(ms: float) -> str:
    """7 s as 0:07, an hour as 1:00:00."""
    minutes, seconds = divmod(int(ms // 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


# --- the list of calls ------------------------------------------------------------------------------------------------


def calls_table(
    records: Iterable[CallRecord], zone: tzinfo, now_ms: int, *, width: int = 140, mask: bool = False
) -> Table:
    """One line a call, oldest first."""
    wide = width >= NARROW
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in COLUMNS if wide else [name for name in COLUMNS if name not in WIDE_ONLY]:
        right = name in ("waited", "talked")
        table.add_column(
            name,
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=name in ("when", "call", "hung up"),
            min_width=12 if name == "caller" else None,
        )
    for record in records:
        cells = _call_cells(record, zone, now_ms, mask)
        table.add_row(*(cells[name] for name in COLUMNS if wide or name not in WIDE_ONLY))
    return table


def _call_cells(record: CallRecord, zone: tzinfo, now_ms: int, mask: bool) -> dict[str, Text]:
    return {
        "when": Text(_clock(record.arrived_ms, zone, "%d.%m %H:%M:%S")),
        "call": Text(short(record.call)),
        "caller": _caller(record.caller, mask),
        "path": Text(plain(" › ".join(step.node for step in record.path))),
        "queue": Text(plain(", ".join(dict.fromkeys(record.queues)))),
        "waited": Text(duration(record.waited_at(now_ms)) if record.visits else ""),
        "agent": Text(record.agent),
        "talked": Text(duration(record.talked_at(now_ms)) if record.talks else ""),
        "end": Text(plain(record.state)),
        "hung up": Text(record.hung_up),
        "recording": _recording(record),
    }


def _recording(record: CallRecord) -> Text:
    if not record.sounds:
        return Text("in work" if record.how and any(talk.recording for talk in record.talks) else "", "dim")
    newest = record.sounds[-1]
    if newest.problem:
        return Text(plain(newest.problem), "red")
    return Text(f"{duration(newest.seconds * 1000)}{' (partial)' if newest.remarks else ''}")


# --- the story of a call ----------------------------------------------------------------------------------------------


def story_view(story: Story, zone: tzinfo, *, mask: bool = False) -> RenderableType:
    """Each thing that happened on its line, with its time; remarks below it."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold")
    for line in story.lines:
        tenth = line.at_ms // 100 % 10
        table.add_row(f"{_clock(line.at_ms, zone)}.{tenth}", Text(_shown(line.text, mask)))
        for remark in line.remarks:
            table.add_row("", Text(f"· {_shown(remark, mask)}", "dim"))
    day = _clock(story.lines[0].at_ms, zone, "%d.%m.%Y, ") if story.lines else ""
    return Group(Text(day + _shown(story.title, mask), "bold"), table)


def _shown(text: str, mask: bool) -> str:
    return plain(masked_numbers(text) if mask else text)


# --- the journal ------------------------------------------------------------------------------------------------------


def event_line(entry: Entry, zone: tzinfo, *, mask: bool = False) -> Text:
    """When, what, which call, who, where, and what is to be said of it."""
    data = told(entry, whole_numbers=not mask)["data"]
    said = " ".join(f"{name}={text}" for name, text in data.items() if text) if isinstance(data, dict) else ""
    tenth = entry.at_ms // 100 % 10
    return Text.assemble(
        (f"{_clock(entry.at_ms, zone)}.{tenth}  ", "cyan"),
        (f"{entry.word.value:<15} ", "bold"),
        f"{short(entry.call):<8} ",
        plain(" ".join(filter(None, (entry.agent, entry.queue))) + "  "),
        (plain(said), "dim"),
    )


# --- the live floor ---------------------------------------------------------------------------------------------------


def floor_view(view: FloorView, zone: tzinfo, *, mask: bool = False) -> RenderableType:
    """The whole floor on one page: what waits, who works, which calls there are."""
    waiting = sum(queue.waiting for queue in view.queues)
    counts = ", ".join(
        f"{count} {name}"
        for name in CONDITIONS
        if (count := sum(agent.condition == name for agent in view.agents)) and name != "out"
    )
    head = (
        f"{_clock(view.now_ms, zone)}   {len(view.calls)} calls, {waiting} waiting   agents: {counts or 'nobody here'}"
    )
    notes = [Text(f"! {plain(note)}", "bold red") for note in view.notes]
    tables = [_queues(view.queues), *_served(view), _agents(view.agents), _calls(view.calls, mask)]
    return Group(Text(head, "bold"), *notes, *(part for table in tables for part in ("", table)))


def _served(view: FloorView) -> list[RenderableType]:
    """How callers have fared, queue by queue, and by which formula."""
    if not view.served:
        return []
    counted = ("offered", "answered", "abandoned", "SL", "ASA", "longest")
    table = _table("queue", "last", *counted, "promise", right=counted)
    for one in sorted(view.served, key=lambda served: served.queue):
        level = "–" if one.service_level is None else f"{one.service_level:.1%}"
        kept = {True: "kept", False: "broken", None: "–"}[one.kept]
        promise = "" if one.promised_percent is None else f"{one.promised_percent:g}% {kept}"
        table.add_row(
            Text(plain(one.queue)),
            Text(one.span),
            *(Text(str(count or "·")) for count in (one.offered, one.answered, one.abandoned)),
            Text(level),
            Text("–" if one.asa_s is None else duration(one.asa_s * 1000)),
            Text(duration(one.longest_wait_s * 1000)),
            Text(promise, "red" if one.kept is False else ""),
        )
    return [Group(table, Text(f"SL: {view.service_level}", "dim"))]


def _table(*columns: str, right: Iterable[str] = ()) -> Table:
    table = Table(box=None, header_style="bold underline", pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="ellipsis", no_wrap=True)
    return table


def _queues(queues: Iterable[QueueView]) -> Table:
    counted = [name for name in CONDITIONS if name != "out"]
    heads = {"unreachable": "no phone"}
    columns = ("waiting", "longest", *(heads.get(name, name) for name in counted))
    table = _table("queue", *columns, right=columns)
    for queue in queues:
        style = "yellow" if queue.waiting else ""
        table.add_row(
            Text(plain(queue.id)),
            Text(str(queue.waiting), style),
            Text(duration(queue.longest_wait_ms) if queue.waiting else "", style),
            *(Text(str(queue.agents.get(name, 0) or "·"), STYLES[name]) for name in counted),
        )
    return table


def _agents(agents: Iterable[AgentView]) -> Table:
    table = _table("agent", "name", "is", "for", "left", "call", "calls", "in vain", "queues", right=RIGHT)
    for agent in agents:
        reason = f" ({agent.reason})" if agent.reason else ""
        table.add_row(
            Text(agent.id),
            Text(plain(agent.name)),
            Text(agent.condition + plain(reason), STYLES[agent.condition]),
            Text(duration(agent.for_ms)),
            Text(duration(agent.left_ms) if agent.left_ms else ""),
            Text(short(agent.call)),
            Text(str(agent.calls)),
            Text(str(agent.missed) if agent.missed else "", "red"),
            Text(plain(", ".join(agent.queues))),
        )
    return table


def _calls(calls: Iterable[CallView], mask: bool) -> Table:
    table = _table("call", "caller", "is", "for", "queue", "agent", right=("for",))
    for call in calls:
        table.add_row(
            Text(short(call.call)),
            _caller(call.caller, mask) if call.caller else Text(""),
            Text(call.state, STYLES.get(call.state, "")),
            Text(duration(call.for_ms)),
            Text(plain(call.queue)),
            Text(call.agent),
        )
    return table
