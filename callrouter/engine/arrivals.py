"""A phone calls us: a caller from a trunk gets a session, an agent's phone gets its feature code done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace

import structlog

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Agent, Floor, Presence
from callrouter.acd.presence import WRAP_UP_CODE, Refusal, Wish, feature_code, presence_fields, refusal, wish_entry
from callrouter.acd.wrap_up import ask, rule_of
from callrouter.calls.call import Call
from callrouter.calls.in_tree import arrived, clean_number, turned_away
from callrouter.calls.step import Moment, Step
from callrouter.config import AgentPart, MaxCalls, NumberRoute, Queue
from callrouter.engine.ports import Check, Commit, Owner, Written
from callrouter.engine.registry import new_call_id
from callrouter.engine.session import World
from callrouter.engine.trees import Trees
from callrouter.engine.wrap_up import as_commit
from callrouter.errors import CallrouterError, StoreDown
from callrouter.journal import Entry, Word
from callrouter.telephony import (
    Answer,
    CallId,
    Command,
    HandToFallback,
    HangUp,
    LegArrived,
    LegHungUp,
    LegId,
    Play,
    PlaybackEnded,
    PlaybackId,
    SwitchEvent,
)
from callrouter.tree.model import Prompt

log = structlog.get_logger()

LONGEST_CONFIRMATION_S = 15.0
BETWEEN_CALLS = (Activity.IDLE, Activity.WRAP_UP, Activity.RESTING)


@dataclass(frozen=True, slots=True)
class Confirmations:
    """What an agent hears after a feature code."""

    ready: Prompt
    not_ready: Prompt
    logged_out: Prompt
    wrap_up: Prompt
    unknown: Prompt
    refused: Mapping[Refusal, Prompt]
    language: str
    files: Callable[[Prompt, str], tuple[str, ...]]

    def of(self, done: Presence | Refusal | None) -> Prompt:
        if isinstance(done, Refusal):
            return self.refused[done]
        by_presence = {
            Presence.READY: self.ready,
            Presence.NOT_READY: self.not_ready,
            Presence.LOGGED_OUT: self.logged_out,
        }
        return by_presence[done] if done else self.unknown


class Arrivals:
    """`begin(call, first step, before)` starts a session."""

    def __init__(
        self,
        world: World,
        floor: Floor,
        trees: Trees,
        *,
        begin: Callable[[Call, Step, Owner], object],
        numbers: Mapping[str, NumberRoute],
        language: str,
        reasons: Mapping[str, str],
        queues: Mapping[str, Queue],
        agents: Mapping[str, AgentPart],
        confirmations: Confirmations,
    ) -> None:
        self._world = world
        self._floor = floor
        self._trees = trees
        self._begin = begin
        self._numbers = numbers
        self._language = language
        self._reasons = reasons
        self._queues = queues
        self._agents = agents
        self._confirmations = confirmations
        self._codes: dict[LegId, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def on_arrival(self, leg: LegArrived) -> None:
        now_ms = self._world.clock.now_ms()
        if leg.kind == "agent":
            self._spawn(self._do_code(leg, new_call_id(now_ms)), f"feature code {leg.leg}")
        elif (route := self._route(leg.number)) is not None:
            self._take_caller(leg, route, now_ms)
        else:
            log.warning("number_without_tree", number=leg.number)
            self._spawn(self._turn_away(leg, new_call_id(now_ms), now_ms), f"fallback {leg.leg}")

    def on_other_leg(self, event: SwitchEvent) -> None:
        """An event about a leg that is in no call: perhaps a phone hearing its confirmation."""
        if isinstance(event, PlaybackEnded | LegHungUp) and (over := self._codes.get(event.leg)) is not None:
            over.set()

    def _take_caller(self, leg: LegArrived, route: NumberRoute, now_ms: int) -> None:
        call = new_call_id(now_ms)
        facts = self._world.facts(call, clean_number(leg.caller_number), leg.number, {})
        tree = self._trees.pick(route.tree, leg.caller_number or call)
        moment = Moment(now_ms, self._world.setting(route.tree, tree.version), facts)
        step = arrived(call, leg, route.tree, route.language or self._language, moment)
        answered = replace(step, commands=(Answer(leg.leg), *step.commands))
        self._begin(step.call, answered, Owner(""))

    async def _turn_away(self, leg: LegArrived, call: CallId, now_ms: int) -> None:
        await self._perform(call, HandToFallback(leg.leg))
        try:
            await self._world.line.commit(Commit(turned_away(call, leg, self._language, now_ms)))
        except StoreDown as error:
            log.warning("turned_away_untold", call=call, why=str(error))

    def _route(self, number: str) -> NumberRoute | None:
        return self._numbers.get(number.lstrip("+"))

    async def _do_code(self, leg: LegArrived, call: CallId) -> None:
        """Do what the code says, say what came of it, hang up. Until then the phone is busy: who is ready is offered
        nothing yet."""
        agent = next((agent for agent in self._floor.agents.values() if agent.phone == leg.phone), None)
        over = self._codes[leg.leg] = asyncio.Event()
        said, done = self._confirmations.unknown, None
        if agent is not None and leg.number == WRAP_UP_CODE:
            said = await self._wrap_up(agent)
        elif agent is not None and (wish := feature_code(leg.number, self._reasons)) is not None:
            done = await self._change(agent, wish)
            said = self._confirmations.of(done)
        try:
            await self._perform(call, Answer(leg.leg))
            files = self._confirmations.files(said, self._confirmations.language)
            await self._perform(call, Play(leg.leg, PlaybackId(f"{call}-p1"), files))
            await asyncio.wait_for(over.wait(), LONGEST_CONFIRMATION_S)
        except TimeoutError:
            log.info("confirmation_not_ended", leg=leg.leg)
        finally:
            del self._codes[leg.leg]
        await self._perform(call, HangUp(leg.leg))
        if agent is not None and done is Presence.READY:
            await self._free(agent)

    async def _change(self, agent: Agent, wish: Wish) -> Presence | Refusal | None:
        """Who says ready has done with the last call, and is free once the phone is back on the hook.

        Unless a rule stands against it, or the store has given the agent a call meanwhile: then only what was said is
        written, or not even that if it is so already, or the shift is over.
        """
        part = self._agents.get(agent.id)
        refused = refusal(agent, wish, part.max_calls if part else MaxCalls(), self._world.clock.now_ms())
        if refused is Refusal.SHIFT or (refused and agent.presence is wish.presence):
            return refused
        thing, said = f"agent:{agent.id}", (wish_entry(agent.id, wish, by="phone"),)
        commit = Commit(said, {thing: presence_fields(wish)})
        try:
            if wish.presence is Presence.READY and not refused and agent.activity in BETWEEN_CALLS:
                rest = activity.resting(self._world.clock.now_ms() + int(LONGEST_CONFIRMATION_S * 1000), "phone")
                as_seen = (Check(thing, "activity", agent.activity),)
                resting = Commit(said, {thing: {**presence_fields(wish), **rest}}, as_seen)
                if isinstance(await self._world.line.commit(resting), Written):
                    return wish.presence
            await self._world.line.commit(commit)
        except StoreDown as error:
            log.warning("presence_not_changed", agent=agent.id, why=str(error))
            return None
        return refused or wish.presence

    async def _wrap_up(self, agent: Agent) -> Prompt:
        rule = rule_of(self._queues.get(agent.last_queue), self._agents.get(agent.id))
        asked = ask(agent, rule, self._world.clock.now_ms(), by="phone")
        try:
            if asked is not None and isinstance(await self._world.line.commit(as_commit(asked)), Written):
                return self._confirmations.wrap_up
        except StoreDown as error:
            log.warning("wrap_up_not_changed", agent=agent.id, why=str(error))
        return self._confirmations.of(Refusal.NO_WRAP_UP)

    async def _free(self, agent: Agent) -> None:
        """The phone is on the hook again: the rest that began with the code is over."""
        thing = f"agent:{agent.id}"
        commit = Commit(
            (Entry(Word.RESTEND, agent=agent.id, data={"why": "phone"}),),
            {thing: activity.idle()},
            (Check(thing, "activity", Activity.RESTING), Check(thing, "rest", "phone")),
        )
        try:
            await self._world.line.commit(commit)
        except StoreDown as error:
            log.warning("agent_free_later", agent=agent.id, why=str(error))  # the rest's own timer does it

    async def _perform(self, call: CallId, command: Command) -> None:
        try:
            await self._world.switch.perform(call, command)
        except CallrouterError as error:
            log.info("command_failed", call=call, command=type(command).__name__, why=str(error))

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
