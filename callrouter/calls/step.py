"""What one step of a call brings: the call after it, what to write, and then what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from callrouter.acd.expected import Expected
from callrouter.calls.call import Call, Message, Phase, held_by
from callrouter.calls.outlook import Waits
from callrouter.config import AgentPart, Queue
from callrouter.directory import Reach
from callrouter.journal import Entry, FloorChange, Word
from callrouter.telephony import CallId, Command, RecordingId
from callrouter.tree.facts import Facts
from callrouter.tree.model import Prompt, Tree
from callrouter.tree.walk import KeepSecret, LookUp


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to another program, under a name for its answer."""

    id: str
    what: LookUp


@dataclass(frozen=True, slots=True)
class FileMessage:
    """A message that the switch has recorded goes where its group finds it."""

    message: Message


Errand = KeepSecret | Ask | FileMessage
"""What the engine does beside commanding the switch, once the step is written."""


def nowhere(_target: str, _now: datetime) -> Reach | str:
    """Without a directory nobody is known."""
    return "unknown"


def nobody_knows(_call: CallId) -> Expected | None:
    """Without a look at the line no outlook."""
    return None


@dataclass(frozen=True, slots=True)
class CallingBack:
    """What calling people back needs: whom we may ring, and what is said then."""

    reach: Callable[[str, str], Reach | str]
    """A number and a trunk → how to ring it, or why not: unknown, own, forbidden."""
    rung_today: Callable[[str], int]
    """How often a number (Reach.id) was rung to call it back, in the last 24 hours."""
    is_rung: Callable[[str, CallId], bool]
    """Whether another call than this one calls that number back at this moment."""
    hold: Prompt
    confirm: Prompt
    ringing: Prompt
    """To the agent who waits for the phone outside."""
    not_reached: Prompt
    agents_language: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a call lives in: its tree, the queues, and how text becomes files of sound."""

    tree: Tree
    queues: Mapping[str, Queue]
    files: Callable[[Prompt, str], tuple[str, ...]]
    record: bool
    sorry: Prompt
    """Said before a caller whose wait is over is let go."""
    owner: str
    agents: Mapping[str, AgentPart] = field(default_factory=dict)
    language: str = "ru"
    """The centre's: of agents who have none of their own."""
    briefings: Mapping[str, Prompt] = field(default_factory=dict)
    """Queue → what its agents are told before they talk, without its values."""
    reach: Callable[[str, datetime], Reach | str] = nowhere
    """An entry of the directory (its id or a number of it) at this time → how to ring it, or why not: unknown,
    closed, forbidden."""
    outlook: Callable[[CallId], Expected | None] = nobody_knows
    """How long a waiting call will still wait, as far as that may be told."""
    waits: Waits | None = None
    """The words for that."""
    back: CallingBack | None = None
    """Without it callbacks are noted, for people to make."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step happens and in what setting."""

    now_ms: int
    setting: Setting
    facts: Facts
    """What a step in the tree may know of the world."""
    wrap_up_asked: bool = False
    """The agent of the talk has asked for a wrap-up after it."""


@dataclass(frozen=True, slots=True)
class Need:
    """A field on the floor that must have this value, else the whole step does not happen."""

    thing: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """The call after a step; entries and floor are written (if every need holds) before any command is sent."""

    call: Call
    commands: tuple[Command, ...] = ()
    entries: tuple[Entry, ...] = ()
    floor: FloorChange = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    errands: tuple[Errand, ...] = ()
    only_if: tuple[Need, ...] = ()
    """Where one of these does not hold, that thing alone stays as it is (see `of_ours`)."""


def of_ours(before: Call, step: Step) -> Step:
    """The step, changing an agent whom the call held before only if the floor still says so.

    Whoever put the floor right behind the call's back has freed the agent, who may be in another call by now."""
    changed = (Need(f"agent:{agent}", "leg", leg) for agent, leg in held_by(before))
    only_if = tuple(need for need in changed if need.thing in step.floor)
    return replace(step, only_if=only_if) if only_if else step


def then(step: Step, further: Step) -> Step:
    """One step made of two, the further one taken from where the first led."""
    return Step(
        further.call,
        (*step.commands, *further.commands),
        (*step.entries, *further.entries),
        {**step.floor, **further.floor},
        (*step.needs, *further.needs),
        (*step.errands, *further.errands),
        (*step.only_if, *further.only_if),
    )


def with_timer(call: Call, name: str, deadline_ms: int) -> Call:
    return replace(call, timers={**call.timers, name: deadline_ms})


def without_timers(call: Call, *names: str) -> Call:
    """The call without these timers; without any names: without all."""
    kept = {name: at for name, at in call.timers.items() if names and name not in names}
    return replace(call, timers=kept)


def next_id(call: Call, kind: str) -> tuple[Call, str]:
    """A new id that begins with the call's own: `<call>-<kind><n>`."""
    made = call.made + 1
    return replace(call, made=made), f"{call.id}-{kind}{made}"


def next_recording(call: Call) -> tuple[Call, RecordingId]:
    """The id of the next conversation's recording: `<call>-r<n>`, the first being 1."""
    call = replace(call, talks=call.talks + 1)
    return call, RecordingId(f"{call.id}-r{call.talks}")


def entry(word: Word, call: Call, **data: object) -> Entry:
    """A journal entry about this call. `agent` and `queue` go to their own columns."""
    agent = str(data.pop("agent", ""))
    queue = str(data.pop("queue", ""))
    return Entry(word, call=call.id, agent=agent, queue=queue, data={name: str(value) for name, value in data.items()})


def by_accident(taken: Step) -> Step:
    """The switch went down with the caller: nobody gave up, and nothing was completed."""
    told = (one for one in taken.entries if one.word is not Word.ABANDON)
    entries = tuple(replace(one, data={**one.data, "how": "lost"}) if one.word is Word.ENDED else one for one in told)
    return replace(taken, entries=entries)


def ended(call: Call, how: str, now_ms: int, talked_ms: int = 0) -> tuple[Call, Entry]:
    """The call at its end, and the one entry that every call ends with."""
    left_tree = call.left_tree_ms or now_ms
    waited = call.waited_ms
    if call.place is not None and call.talk is None:
        waited = now_ms - call.place.since_ms
    last = entry(
        Word.ENDED,
        call,
        how=how,
        in_tree_ms=left_tree - call.arrived_ms,
        waited_ms=waited,
        talked_ms=talked_ms,
    )
    return without_timers(replace(call, phase=Phase.ENDED)), last
