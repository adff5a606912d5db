"""How long each waiting caller will still wait: the line served in turn by those who are at work, some hundred times.

Each time the agents' present calls end by chance (given how long they have lasted), and the callers take their turns:
each gets the able agent who is free first, keeps them for a call's length by chance, or has given up before. Of the
moments at which a caller is answered the middle one and the ninth in ten are told. So the answer knows who is at work,
what they are able to do, how long they have been talking and who stands before; it does not know who will come, log in
or go to lunch. How right it was is measured afterwards (acd/foresight.py).

Rule: `scene` reads the floor, quickly; `expected` works on numbers alone, so that another thread may do it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from callrouter.acd.choose import turn_order
from callrouter.acd.experience import Handling, Times
from callrouter.acd.floor import Floor
from callrouter.acd.skills import Needs, lacks, stages, together
from callrouter.acd.things import Activity, Agent, Presence, Waiting, read_waiting

MOST_TIMES, LEAST_TIMES = 200, 20
"""So often the line is served. A long one needs fewer: its length evens chance out."""
WORK = 4_000_000
"""Agents times callers times repetitions, at most: some ten milliseconds."""
FEW_LONGER = 5
"""Fewer known talks than these that lasted longer than one under way do not say how long it will last."""

Indexes = npt.NDArray[np.intp]
Known = Callable[[Iterable[str]], Handling | None]


@dataclass(frozen=True, slots=True)
class Expected:
    """A waiting caller's outlook. `position` counts from 1: callers before, who need an agent that this one needs."""

    position: int
    p50_ms: int | None = None
    p90_ms: int | None = None
    """None: nobody knows."""


@dataclass(frozen=True, slots=True)
class Busy:
    """An agent who is at work, and what must pass before the next call: the rest of it, by chance."""

    kind: Activity
    for_ms: int
    """So long already; in wrap-up: so long still, 0 if nobody knows."""
    handling: Handling


@dataclass(frozen=True, slots=True)
class Stander:
    """A waiting caller: from which time on which agents (by index) are able, and the handling of such calls."""

    call: str
    position: int
    able: tuple[tuple[int, Indexes], ...]
    """The time is in milliseconds from now."""
    handling: Handling | None
    is_thought: bool = False
    """Nobody: how long somebody would wait who came now."""


@dataclass(frozen=True, slots=True)
class Scene:
    agents: tuple[Busy | None, ...]
    """None: free."""
    line: tuple[Stander, ...]
    """Those who wait, the first in turn first."""


def scene(floor: Floor, now_ms: int, known: Known, newcomers: Iterable[str] = ()) -> Scene:
    """What there is to be known at this moment; of `newcomers`, queues, what somebody would meet who joined now without
    needs of their own: the result has them as `?<queue>`. Callers whose phone rings at an agent's are served already;
    of several agents whose phones ring for one of them one will talk, and the others are as good as free."""
    ready = (agent for agent in floor.agents.values() if agent.presence is Presence.READY and not agent.barred)
    at_work = [agent for agent in ready if agent.reachable]
    waiting = [call for call in turn_order(floor) if not call.offers]
    able = _Able(floor, at_work)
    line = [_stander(call, able, now_ms, known) for call in waiting]
    line += [_newcomer(queue, able, now_ms, known) for queue in newcomers]
    rings_with = {agent for call in floor.waiting.values() for agent in call.offers[1:]}
    busy = (None if agent.id in rings_with else _busy(agent, now_ms, known) for agent in at_work)
    return Scene(tuple(busy), _positions(line, len(at_work)))


def expected(scene: Scene, chance: np.random.Generator) -> dict[str, Expected]:
    """The outlook of every waiting call."""
    times = _times(scene)
    free = np.zeros((len(scene.agents), times))
    for number, busy in enumerate(scene.agents):
        if busy is not None:
            free[number] = _rest(busy, chance, times)
    found: dict[str, Expected] = {}
    done = 0
    for one in scene.line:
        done += _size(one) * times
        answered = _serve(one, free, chance) if done <= 2 * WORK else None
        if answered is None:
            found[one.call] = Expected(one.position)
        else:
            p50, p90 = np.quantile(answered, (0.5, 0.9))
            found[one.call] = Expected(one.position, round(p50), round(p90))
    return found


def work(scene: Scene) -> int:
    """How much there is to do for `expected`: agents times callers times repetitions."""
    return sum(map(_size, scene.line)) * _times(scene)


def _times(scene: Scene) -> int:
    return int(np.clip(WORK // (sum(map(_size, scene.line)) + 1), LEAST_TIMES, MOST_TIMES))


def _size(one: Stander) -> int:
    return len(one.able[-1][1])


def _serve(one: Stander, free: Times, chance: np.random.Generator) -> Times | None:
    """When this caller is answered, each time; whoever serves them is taken for as long as such calls take."""
    handling = one.handling
    if handling is None or not len(one.able[-1][1]):
        return None
    times = np.arange(free.shape[1])
    begins, who = np.full(len(times), np.inf), np.zeros(len(times), dtype=np.intp)
    for from_ms, able in one.able:
        if len(able):
            there = free[able]
            first = there.argmin(axis=0)
            at = np.maximum(there[first, times], from_ms)
            sooner = at < begins
            begins[sooner], who[sooner] = at[sooner], able[first][sooner]
    row = chance.integers(len(handling.talk), size=len(times))
    answered = begins + handling.ring[row]
    ends = answered + handling.talk[row] + handling.wrap_up[row]
    if one.is_thought:
        return answered
    if handling.gives_up:
        stays = chance.exponential(1 / handling.gives_up, len(times)) > answered
        free[who[stays], times[stays]] = ends[stays]
    else:
        free[who, times] = ends
    return answered


def _rest(busy: Busy, chance: np.random.Generator, times: int) -> Times:
    """How long this agent is still taken, each time."""
    handling = busy.handling
    row = chance.integers(len(handling.talk), size=times)
    if busy.kind is Activity.WRAP_UP:
        return np.full(times, float(busy.for_ms)) if busy.for_ms else handling.wrap_up[row]
    if busy.kind is not Activity.TALKING:
        return handling.ring[row] + handling.talk[row] + handling.wrap_up[row]
    longer = handling.talk[handling.talk > busy.for_ms]
    if len(longer) >= FEW_LONGER:
        talk = chance.choice(longer, times) - busy.for_ms
    else:
        talk = chance.exponential(handling.talk.mean(), times)
    return talk + handling.wrap_up[row]


def _busy(agent: Agent, now_ms: int, known: Known) -> Busy | None:
    handling = known(agent.queues)
    if agent.activity is Activity.IDLE or handling is None:
        return None
    if agent.activity in (Activity.WRAP_UP, Activity.RESTING):
        return Busy(Activity.WRAP_UP, max(0, agent.wrap_until - now_ms), handling)
    return Busy(agent.activity, max(0, now_ms - agent.since), handling)


def _stander(call: Waiting, able: _Able, now_ms: int, known: Known) -> Stander:
    return Stander(call.call, 0, able.stages(call, now_ms), known((call.queue,)))


def _newcomer(queue: str, able: _Able, now_ms: int, known: Known) -> Stander:
    """Behind everybody, whatever the priority of the queue: rather too long than too short."""
    call = read_waiting(f"?{queue}", {"queue": queue, "since": str(now_ms)})
    return replace(_stander(call, able, now_ms, known), is_thought=True)


class _Able:
    """Which agents are able to take which calls, each set of needs looked up once."""

    def __init__(self, floor: Floor, agents: Sequence[Agent]) -> None:
        self._floor, self._agents = floor, agents
        self._found: dict[tuple[str, Needs], Indexes] = {}

    def stages(self, call: Waiting, now_ms: int) -> tuple[tuple[int, Indexes], ...]:
        """From when on who is able; the first from now on."""
        rules = self._floor.rules(call.queue)
        all_stages = stages(together(rules.require, call.require), call.prefer, rules.relax)
        since = [(call.since + stage.after_ms - now_ms, stage.needs) for stage in all_stages]
        passed = max(number for number, (at_ms, _) in enumerate(since) if number == 0 or at_ms <= 0)
        return tuple((max(0, at_ms), self._of(call.queue, needs)) for at_ms, needs in since[passed:])

    def _of(self, queue: str, needs: Needs) -> Indexes:
        if (queue, needs) not in self._found:
            able = [
                number
                for number, agent in enumerate(self._agents)
                if queue in agent.queues and not lacks(agent.skills, needs)
            ]
            self._found[queue, needs] = np.array(able, dtype=np.intp)
        return self._found[queue, needs]


def _positions(line: Iterable[Stander], agents: int) -> tuple[Stander, ...]:
    """Each caller's place among those who need one of the same agents now."""
    waiting: dict[bytes, tuple[Indexes, int]] = {}
    """Each set of agents, and how many wait for it so far."""
    meets: dict[tuple[bytes, bytes], bool] = {}
    found = []
    for one in line:
        own = one.able[0][1]
        key = own.tobytes()
        place = 1
        for other, (theirs, count) in waiting.items():
            pair = (key, other)
            if pair not in meets:
                meets[pair] = key == other or _meet(own, theirs, agents)
            place += count if meets[pair] else 0
        found.append(replace(one, position=place))
        if one.is_thought:
            continue
        waiting[key] = (own, waiting[key][1] + 1 if key in waiting else 1)
    return tuple(found)


def _meet(one: Indexes, other: Indexes, agents: int) -> bool:
    there = np.zeros(agents, dtype=bool)
    there[one] = True
    return bool(there[other].any())
