"""One worker: the parts of the engine joined to each other and to the ports. What the ports are made of, app.py knows.

start:  roster on the floor → replica caught up → switch connected → lease → calls of the dead → doors open
stop:   doors shut → lease ended (others take over at once) → sessions let go of, calls live on in the switch
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import structlog

from callrouter.calls.call import Call, Message
from callrouter.calls.events import place_changed
from callrouter.calls.outlook import Waits
from callrouter.calls.step import CallingBack, Setting, nowhere
from callrouter.config import Config
from callrouter.directory import Reach
from callrouter.engine.arrivals import Arrivals, Confirmations
from callrouter.engine.callbacks import Callbacks
from callrouter.engine.canaries import Canaries
from callrouter.engine.dispatcher import Dispatcher
from callrouter.engine.doors import Doors
from callrouter.engine.expectations import Expectations
from callrouter.engine.mentors import Mentors
from callrouter.engine.monitor import LEASE_S, Admission, Monitor
from callrouter.engine.ports import Clock, Commit, Line, Lookups, Messages, Owner, Switch
from callrouter.engine.recover import Recovery
from callrouter.engine.registry import Registry
from callrouter.engine.roster import Phones, bring_up_to_date, configured
from callrouter.engine.session import World
from callrouter.engine.surroundings import Holidays, Surroundings
from callrouter.engine.trees import Trees
from callrouter.engine.watch import Watch
from callrouter.engine.wrap_up import WrapUps
from callrouter.errors import CallrouterError, StoreDown
from callrouter.journal import Entry, FloorChange, Word
from callrouter.telephony import CallId, PhoneId
from callrouter.tree.model import Prompt, Tree

log = structlog.get_logger()

RETRY_S = 0.5
PLACES_S = 9.0
MOST_AT_ONCE = 500
"""Places that are forgotten with one writing."""
REMEMBERED = 20_000
"""So many of the newest entries tell a starting worker who called before."""


def _nothing_published(name: str, _document: bytes) -> Tree:
    raise CallrouterError(f"tree {name} cannot be read from the shelf here")


async def _nothing_to_prepare(_tree: Tree) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker works with, beside its ports."""

    config: Config
    trees: Mapping[str, Tree]
    """As they stand in the files."""
    phones: Mapping[str, PhoneId]
    """Agent → the switch's name of the phone."""
    confirmations: Confirmations
    sorry: Prompt
    files: Callable[[Prompt, str], tuple[str, ...]]
    recordings: Path
    """Where recordings land: its free space is watched."""
    version: str
    lookups: Lookups
    messages: Messages
    documents: Mapping[str, bytes] = field(default_factory=dict)
    """The trees of the files as they lie on the shelf."""
    read_tree: Callable[[str, bytes], Tree] = _nothing_published
    prepare_tree: Callable[[Tree], Awaitable[None]] = _nothing_to_prepare
    lists: Callable[[str], frozenset[str]] = lambda _: frozenset()
    """The named lists that a caller's number is in."""
    holidays: Callable[[int], Holidays] = lambda _: {}
    """The public holidays around a year."""
    briefings: Mapping[str, Prompt] = field(default_factory=dict)
    """Queue → what its agents are told before they talk."""
    reach: Callable[[str, datetime], Reach | str] = nowhere
    """An entry of the directory at a time → how to ring it, or why not."""
    waits: Waits | None = None
    """The words for how long callers will still wait; nothing: nobody is told."""
    back: CallingBack | None = None
    """Whom we may call back, and what is said then."""


class Worker:
    """`name` is the worker's own (`w1`), `owner` that and a random word."""

    def __init__(
        self,
        name: str,
        owner: Owner,
        line: Line,
        switch: Switch,
        clock: Clock,
        plan: Plan,
        talk_ended: Callable[[Call], None],
    ) -> None:
        self._line, self._switch, self._plan, self.owner, self._clock = line, switch, plan, owner, clock
        self._settings: dict[tuple[str, str], Setting] = {}
        self.dispatcher = Dispatcher(
            line,
            lambda call, event: self.registry.propose(call, event),
            self._changed,
            self._heard,
            clock=clock,
            begins=lambda: self._watch.begin_anew(),
        )
        floor = self.dispatcher.floor
        self.expectations = Expectations(line, owner, floor, clock, plan.config.queues)
        self._doors = Doors(
            floor,
            clock,
            plan.config.queues,
            lambda call, event: self.registry.tell(call, event),
            zone=plan.config.centre.zone,
            holidays=plan.holidays,
            is_current=self.dispatcher.caught_up.is_set,
        )
        self._surroundings = Surroundings(
            clock,
            floor,
            self._doors.refusing,
            self.expectations.long_waits,
            zone=plan.config.centre.zone,
            switches=plan.config.switches,
            lists=plan.lists,
            holidays=plan.holidays,
            queues=plan.config.queues,
        )
        self._callbacks = Callbacks(
            floor,
            self._surroundings.callers,
            clock,
            plan.config.queues,
            lambda call, event: self.registry.tell(call, event),
            lambda: self.registry.callbacks(),
        )
        self.trees = Trees(
            plan.trees,
            line,
            floor,
            read=plan.read_tree,
            prepare=plan.prepare_tree,
            documents=plan.documents,
        )
        self._back = (
            replace(plan.back, rung_today=self._callbacks.rung_today, is_rung=self._callbacks.is_rung)
            if plan.back
            else None
        )
        self._canaries = Canaries(line, self.trees)
        world = World(
            line,
            switch,
            clock,
            owner,
            self.setting,
            talk_ended,
            self._surroundings.facts,
            plan.lookups,
            self._message_left,
            lambda agent: agent in floor.agents and floor.agents[agent].wrap_asked,
        )
        self.phones = Phones(line, floor)
        self._wrap_ups = WrapUps(line, floor, clock)
        self._mentors = Mentors(line, floor)
        self._arrivals = Arrivals(
            world,
            floor,
            self.trees,
            begin=lambda call, first, before: self.registry.start(call, first, before),
            numbers={route.number.lstrip("+"): route for route in plan.config.numbers},
            language=plan.config.centre.language,
            reasons=plan.config.not_ready_reasons,
            queues=plan.config.queues,
            agents=plan.config.agents,
            confirmations=plan.confirmations,
        )
        self.registry = Registry(
            world,
            on_arrival=self._arrivals.on_arrival,
            on_phone=self.phones.on_phone,
            on_other_leg=self._arrivals.on_other_leg,
            settled=self.dispatcher.settled,
        )
        self.recovery = Recovery(world, self.registry, name, self.trees.bring, self.dispatcher.look_soon)
        self.admission = Admission(plan.config, plan.recordings)
        self._watch = Watch(
            line,
            owner,
            clock,
            self.dispatcher,
            self.registry,
            self.recovery,
            {name: queue.ring_s for name, queue in plan.config.queues.items()},
        )
        chores = (
            self._canaries.judge,
            self.keep_roster,
            self._watch.find_lost,
            self._callbacks.look,
            self.forget_places,
        )
        self._monitor = Monitor(line, owner, floor, self.recovery, self.admission, chores)
        self._tasks: list[asyncio.Task[None]] = []
        switch.listen(self.registry.on_event)
        switch.set_admission(lambda: self.admission.may_enter(self.registry.in_use))

    async def prepare(self) -> None:
        """Everything before the switch may talk to us. Waits for the store as long as it takes."""
        while True:
            try:
                await self._bring_roster()
                note = Entry(Word.STARTED, data={"worker": self.owner, "version": self._plan.version})
                await self._line.commit(Commit((note,)))
                for entry in reversed(await self._line.entries_back(limit=REMEMBERED)):
                    self._heard(entry)
                break
            except StoreDown as down:
                log.warning("waiting_for_store", why=str(down))
                await asyncio.sleep(RETRY_S)
        self._tasks.append(asyncio.create_task(self.dispatcher.run(), name="dispatcher"))
        await self.dispatcher.caught_up.wait()

    async def _bring_roster(self) -> None:
        await bring_up_to_date(self._line, self._wanted())
        await self.trees.put_out()

    def _wanted(self) -> dict[str, dict[str, str]]:
        return configured(self._plan.config.agents, self._plan.config.queues, self._plan.phones)

    async def keep_roster(self) -> None:
        """A store that came back empty knows no agents: they, the queues and which phones answer are brought again."""
        if any(not self.dispatcher.floor.fields(thing) for thing in self._wanted()):
            log.error("roster_lost")
            await self._bring_roster()
            self.phones.set_all(await self._switch.reachable_phones())

    async def forget_places(self) -> None:
        """Places whose callers have not rung back in time; one worker sees to it."""
        now_ms = self._clock.now_ms()
        over = list(islice(self.dispatcher.floor.kept.over(now_ms), MOST_AT_ONCE))
        if over and await self._line.try_lock("places", self.owner, PLACES_S):
            note = Entry(Word.PLACEGONE, data={"calls": ",".join(over)})
            await self._line.commit(Commit((note,), {f"kept:{call}": None for call in over}))

    async def connected(self) -> None:
        """The switch answers (again): which phones are there, and who hung up while nobody listened."""
        self.phones.set_all(await self._switch.reachable_phones())
        await self.recovery.agree_with_switch()

    async def open(self) -> None:
        """Take over what the dead left, then take new callers. The lease says from here on that this worker lives."""
        await self._line.renew_lease(self.owner, LEASE_S)
        taken = await self.recovery.adopt_dead(await self._line.living())
        if taken:
            log.warning("calls_taken_over", count=taken)
            await self.recovery.agree_with_switch()
        self._tasks.append(asyncio.create_task(self._monitor.run(), name="monitor"))
        self._tasks.append(asyncio.create_task(self.expectations.run(), name="expectations"))

    async def close(self) -> None:
        """Stop without ending any call."""
        self.admission.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._doors.close()
        parts = (self._watch, self._arrivals, self.registry, self._wrap_ups, self._mentors, self.phones, self.trees)
        for part in parts:
            await part.close()
        try:
            await self._line.end_lease(self.owner)
        except StoreDown as down:
            log.warning("lease_not_ended", why=str(down))

    def _message_left(self, call: Call, message: Message) -> None:
        task = asyncio.create_task(self._keep_message(call, message), name=f"message {message.recording}")
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _keep_message(self, call: Call, message: Message) -> None:
        entry = await self._plan.messages.keep(call, message)
        while True:
            try:
                await self._line.commit(Commit((entry,)), operation=message.recording)
            except StoreDown as down:
                log.warning("message_not_journalled", why=str(down))
                await asyncio.sleep(RETRY_S)
            else:
                return

    def _heard(self, entry: Entry) -> None:
        self._callbacks.hear(entry)
        self._surroundings.callers.hear(entry)
        self.expectations.hear(entry)
        self._canaries.hear(entry)
        self._watch.hear(entry)
        if entry.word is Word.CHANGED:
            self.registry.tell(CallId(entry.call), place_changed(entry.data))

    def _changed(self, change: FloorChange) -> None:
        self._wrap_ups.on_change(change)
        self._mentors.on_change(change)
        self.phones.on_change(change)
        self._surroundings.on_change(change)
        self._callbacks.on_change(change)
        self.trees.on_change(change)
        self._watch.on_change(change)
        self._doors.on_change(change)

    def setting(self, tree: str, version: str) -> Setting:
        """What a call of this version of a tree lives in."""
        found = self.trees.of(tree, version)
        key = (tree, found.version)
        if key not in self._settings:
            self._settings[key] = Setting(
                tree=found,
                queues=self._plan.config.queues,
                files=self._plan.files,
                record=self._plan.config.recordings.enabled,
                sorry=self._plan.sorry,
                owner=self.owner,
                agents=self._plan.config.agents,
                language=self._plan.config.centre.language,
                briefings=self._plan.briefings,
                reach=self._plan.reach,
                outlook=self.expectations.of,
                waits=self._plan.waits,
                back=self._back,
            )
        return self._settings[key]
