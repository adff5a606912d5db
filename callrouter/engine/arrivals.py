"""A phone calls us: a caller from a trunk gets a session, an agent's phone gets its feature code done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace

import structlog

from callrouter.acd import activity
from callrouter.acd.floor import Activity, Agent, Floor, Presence
from callrouter.acd.presence import Wish, feature_code, presence_fields, wish_entry
from callrouter.calls.call import Call
from callrouter.calls.in_tree import arrived, clean_number
from callrouter.calls.step import Moment, Step
from callrouter.config import NumberRoute
from callrouter.engine.ports import Check, Commit, Owner, Written
from callrouter.engine.registry import new_call_id
from callrouter.engine.session import World
from callrouter.engine.trees import Trees
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


@dataclass(frozen=True, slots=True)
class Confirmations:
    """What an agent hears after a feature code."""

    ready: Prompt
    not_ready: Prompt
    logged_out: Prompt
    unknown: Prompt
    language: str
    files: Callable[[Prompt, str], tuple[str, ...]]

    def of(self, wish: Wish | None) -> tuple[str, ...]:
        by_presence = {
            Presence.READY: self.ready,
            Presence.NOT_READY: self.not_ready,
            Presence.LOGGED_OUT: self.logged_out,
        }
        return self.files(by_presence[wish.presence] if wish else self.unknown, self.language)


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
        confirmations: Confirmations,
    ) -> None:
        self._world = world
        self._floor = floor
        self._trees = trees
        self._begin = begin
        self._numbers = numbers
        self._language = language
        self._reasons = reasons
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
            self._spawn(self._perform(new_call_id(now_ms), HandToFallback(leg.leg)), f"fallback {leg.leg}")

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

    def _route(self, number: str) -> NumberRoute | None:
        return self._numbers.get(number.lstrip("+"))

    async def _do_code(self, leg: LegArrived, call: CallId) -> None:
        """Change the presence, say so, hang up. Until then the phone is busy: who is ready is offered nothing yet."""
        agent = next((agent for agent in self._floor.agents.values() if agent.phone == leg.phone), None)
        wish = feature_code(leg.number, self._reasons) if agent else None
        over = self._codes[leg.leg] = asyncio.Event()
        if agent is not None and wish is not None and not await self._change(agent, wish):
            wish = None
        try:
            await self._perform(call, Answer(leg.leg))
            await self._perform(call, Play(leg.leg, PlaybackId(f"{call}-p1"), self._confirmations.of(wish)))
            await asyncio.wait_for(over.wait(), LONGEST_CONFIRMATION_S)
        except TimeoutError:
            log.info("confirmation_not_ended", leg=leg.leg)
        finally:
            del self._codes[leg.leg]
        await self._perform(call, HangUp(leg.leg))
        if agent is not None and wish is not None and wish.presence is Presence.READY:
            await self._free(agent.id)

    async def _change(self, agent: Agent, wish: Wish) -> bool:
        """Who says ready has done with the last call, and is free once the phone is back on the hook.

        Unless the store has given the agent a call meanwhile: then only what was said is written.
        """
        thing, said = f"agent:{agent.id}", (wish_entry(agent.id, wish, by="phone"),)
        commit = Commit(said, {thing: presence_fields(wish)})
        try:
            if wish.presence is Presence.READY and agent.activity in (Activity.IDLE, Activity.WRAP_UP):
                rest = activity.wrapping_up(self._world.clock.now_ms() + int(LONGEST_CONFIRMATION_S * 1000))
                as_seen = (Check(thing, "activity", agent.activity),)
                resting = Commit(said, {thing: {**presence_fields(wish), **rest}}, as_seen)
                if isinstance(await self._world.line.commit(resting), Written):
                    return True
            await self._world.line.commit(commit)
        except StoreDown as error:
            log.warning("presence_not_changed", agent=agent.id, why=str(error))
            return False
        return True

    async def _free(self, agent: str) -> None:
        thing = f"agent:{agent}"
        commit = Commit(
            (Entry(Word.WRAPUPEND, agent=agent),),
            {thing: activity.idle()},
            (Check(thing, "activity", Activity.WRAP_UP),),
        )
        try:
            await self._world.line.commit(commit)
        except StoreDown as error:
            log.warning("agent_free_later", agent=agent, why=str(error))  # the wrap-up's own timer does it

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
