"""A busy hour: many callers at a steady rate, whichever agents are free. Judged: was one agent heard, alone?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from callrouter.parties.aftermath import facts, journal_to_end
from callrouter.parties.centre import Centre
from callrouter.parties.leg import What
from callrouter.parties.party import Habit, Party
from callrouter.parties.phone import PhoneError
from callrouter.parties.scene import Missed
from callrouter.parties.stage import Stage
from callrouter.parties.tones import COUNT
from callrouter.parties.verdict import Begins, CallFacts, Ends, Report, StoryResult, Told, Verdict

_PAUSE_S = 0.6
"""Between a menu's first words and the key of somebody who knows the way."""
_CONNECT_S = 5.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How busy it gets."""

    number: str
    """What they dial."""
    keys: Sequence[str]
    """What they press, one after the other, with a pause before each."""
    agents: Sequence[str]
    calls: int = 20
    rate: float = 2.0
    """New calls a second."""
    talk_s: float = 3.0
    patience_s: float = 60.0
    """The longest a caller waits for an agent."""


async def crowd(centre: Centre, plan: Plan, *, report: Report) -> list[StoryResult]:
    """Play the plan; a result for every call."""
    async with Stage(centre) as stage:
        agents = [await stage.agent(name, name, Habit(answers_after_s=0.5)) for name in plan.agents]
        try:
            for agent in agents:
                await agent.phone.register()
                await stage.dial_code(agent, "ready")
            return await _callers(stage, plan, {agent.name: agent for agent in agents}, report)
        finally:
            for name, agent in zip(plan.agents, agents, strict=True):
                await stage.take_back(agent, name)


async def _callers(stage: Stage, plan: Plan, agents: Mapping[str, Party], report: Report) -> list[StoryResult]:
    room = asyncio.Semaphore(COUNT - len(agents))
    calls = []
    async with asyncio.TaskGroup() as group:
        start = asyncio.get_running_loop().time()
        for number in range(plan.calls):
            await asyncio.sleep(max(start + number / plan.rate - asyncio.get_running_loop().time(), 0.0))
            await room.acquire()
            task = group.create_task(_one(stage, plan, agents, number, report), name=f"caller {number + 1}")
            task.add_done_callback(lambda _: room.release())
            calls.append(task)
    return [call.result() for call in calls]


async def _one(stage: Stage, plan: Plan, agents: Mapping[str, Party], number: int, report: Report) -> StoryResult:
    name = f"caller {number + 1}"
    caller = stage.outsider(name, f"+7900{number:07}")
    report(Begins(name))
    start = caller.now()
    said = f"{name} is served by one agent and hears nobody else"
    row = CallFacts(name)
    try:
        row = await _served(stage, plan, agents, caller)
        verdict = Verdict("ok", 1, said, caller.now() - start, f"{row.agent} after {row.waited_s or 0.0:.1f} s")
    except (Missed, PhoneError) as wrong:
        verdict = Verdict("MISS", 1, said, caller.now() - start, str(wrong))
    finally:
        await stage.take_back(caller)
    report(Told(name, verdict))
    result = StoryResult(name, "", (verdict,), caller.now() - start, (row,))
    report(Ends(result))
    return result


async def _served(stage: Stage, plan: Plan, agents: Mapping[str, Party], caller: Party) -> CallFacts:
    """Through the tree, the line and the talk; hangs up."""
    start, began = caller.now(), time.time() - 0.5
    caller.call(plan.number)
    if await caller.wait_for(What.ANSWERED, start - 0.001, _CONNECT_S) is None:
        raise Missed("the centre did not answer")
    for key in plan.keys:
        await asyncio.sleep(_PAUSE_S)
        await caller.press(key)
    waiting_since = caller.now()
    agent = await _heard_agent(stage, plan.patience_s, agents, caller)
    waited, talking_since = caller.now() - waiting_since, caller.now()
    await asyncio.sleep(plan.talk_s)
    wrong = await stage.listen(lambda: _strangers(stage, agent, caller, talking_since, caller.now()))
    await caller.hang_up_and_wait()
    if wrong:
        raise Missed(wrong)
    return await _row(stage, caller, agent, began, waited)


async def _row(stage: Stage, caller: Party, agent: Party, began: float, waited: float) -> CallFacts:
    """What the journal knows of the call, and what was seen here where it knows nothing."""
    heard = ((caller.name, agent.name), (agent.name, caller.name))
    call = await stage.centre.call_of(caller.phone.user, began)
    entries = await journal_to_end(stage.centre, call) if call is not None else ()
    row = facts(caller.name, call or "", entries, "", heard)
    return row if row.agent else replace(row, agent=agent.name, waited_s=waited)


async def _heard_agent(stage: Stage, patience_s: float, agents: Mapping[str, Party], caller: Party) -> Party:
    """The agent whose voice the caller hears, as soon as there is one."""
    deadline = caller.now() + patience_s
    while caller.is_busy and caller.now() < deadline:
        found = await stage.listen(lambda: _loudest(caller, agents))
        if found is not None:
            return found
        await asyncio.sleep(_POLL_S)
    raise Missed("nobody came" if caller.is_busy else "the centre ended the call")


def _loudest(caller: Party, agents: Mapping[str, Party]) -> Party | None:
    now = caller.now()
    voices = caller.hears({name: one.hz for name, one in agents.items()}, now - 0.35, now)
    name = max(voices, key=lambda one: voices[one])
    return agents[name] if voices[name] > 0.6 else None


def _strangers(stage: Stage, agent: Party, caller: Party, since: float, until: float) -> str:
    """What is wrong with who hears whom; nothing if all is well."""
    everybody = {str(hz): hz for hz in stage.tones.lent}
    for one, other in ((caller, agent), (agent, caller)):
        heard = one.hears(everybody, since, until)
        if heard[str(other.hz)] < 0.9:
            return f"{one.name} heard {other.name} in {heard[str(other.hz)]:.0%} of the time"
        others = [hz for hz, share in heard.items() if share > 0.05 and hz != str(other.hz)]
        if others:
            return f"{one.name} also heard {', '.join(others)} Hz"
    return ""
