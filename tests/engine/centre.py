"""A whole centre in memory for tests of the engine: workers, agents, callers, and the books that must be right."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from callrouter.acd.floor import Activity, Floor, Presence
from callrouter.acd.presence import Refusal, Wish, presence_change, wish_entry
from callrouter.calls.call import Call, Phase, decode
from callrouter.calls.outlook import Waits
from callrouter.calls.step import CallingBack
from callrouter.config import AgentPart, CallbackRules, Config, InVain, Limits, Missed, NumberRoute, Queue, Vain, WrapUp
from callrouter.directory import Reach
from callrouter.engine.arrivals import Confirmations
from callrouter.engine.ports import Commit, Owner, Written
from callrouter.engine.worker import Plan, Worker
from callrouter.journal import Entry, Word
from callrouter.prompts.briefing import briefings
from callrouter.telephony import Command, LegId, MakeBridge, PhoneId, Play, Ring, RingOutside, StartRecording
from callrouter.tree.load import load_tree
from callrouter.tree.model import Prompt
from tests.engine.books import Books
from tests.engine.exchange import Done, Exchange, ExchangeLine
from tests.engine.virtual_time import LoopClock
from tests.engine.way_to_line import Tried, WayToLine, Wrote
from tests.fakes.aside import FakeLookups, FakeMessages
from tests.fakes.line import FakeLine

TREE = """
schema: 1
languages: [ru, en]
start: who
nodes:
  who:
    type: menu
    prompt: {ru: "Кто вы?", en: "Who are you?"}
    options: {"1": payers, "2": merchants, "3": bye, "4": call_back, "5": call_back_merchants}
    tries: 2
    invalid: {then: payers}
    no_input: {then: payers}
  payers: {type: queue, queue: payers}
  call_back:
    type: callback
    queue: payers
    prompt: {ru: "Перезвоним?", en: "Call back?"}
    other: {ru: "Номер", en: "Number"}
    invalid: {then: bye}
    no_input: {then: bye}
    next: bye
  call_back_merchants:
    type: callback
    queue: merchants
    prompt: {ru: "Перезвоним?", en: "Call back?"}
    other: {ru: "Номер", en: "Number"}
    invalid: {then: bye}
    no_input: {then: bye}
    next: bye
  merchants: {type: queue, queue: merchants}
  bye: {type: hangup, prompt: {ru: "До свидания", en: "Goodbye"}}
"""
REST = Vain(rest_s=3, longest_s=10)
SHORT = InVain(missed=Missed(limit=2, rest_s=3), declined=REST, busy=REST, unreachable=REST)
ALL_DAY = {"mon-sun": "00:00-24:00"}
QUEUES = {
    "payers": Queue(
        name="Payers",
        ring_s=10,
        max_wait_s=60,
        wrap_up=WrapUp(seconds=5),
        in_vain=SHORT,
        callback=CallbackRules(trunk="carrier", windows=ALL_DAY, retry_s=60),
    ),
    "merchants": Queue(
        name="Merchants",
        ring_s=10,
        max_wait_s=30,
        overflow="payers",
        wrap_up=WrapUp(mode="none"),
        record=False,
        in_vain=SHORT,
        callback=CallbackRules(trunk="carrier", windows=ALL_DAY, retry_s=60, first="customer"),
    ),
}
AGENTS = {
    "anna": AgentPart(name="Anna", queues=("payers", "merchants")),
    "boris": AgentPart(name="Boris", queues=("payers", "merchants")),
    "clara": AgentPart(name="Clara", queues=("merchants",)),
}
CROWD = {f"agent{number}": AgentPart(name=f"Agent {number}", queues=("payers", "merchants")) for number in range(9)}
"""More of them, for tests in which many calls come at once."""
PHONES = {name: PhoneId(f"phone-{name}") for name in AGENTS}
ALL_PHONES = PHONES | {name: PhoneId(f"phone-{name}") for name in CROWD}
WAITING = (Phase.WAITING, Phase.OFFERING, Phase.BRIEFING, Phase.CALLBACK)
"""In these a call stands in the line."""
MOMENT_S = 0.4
"""Longer than everything that follows at once from something, news and music included."""


def _files(prompt: Prompt, language: str) -> tuple[str, ...]:
    return (f"/{language}/{prompt.key}",)


def _says(key: str) -> Prompt:
    return Prompt(key, {"ru": key, "en": key}, {})


def the_plan(**changes: object) -> Plan:
    config = Config(
        limits=Limits(calls=100, free_disk_mb=1, free_files=10),
        numbers=(NumberRoute(number="100", tree="test"),),
        queues=QUEUES,
        agents=AGENTS,
    ).model_copy(update=changes)
    return Plan(
        config=config,
        trees={"test": load_tree(TREE, "test.yaml")},
        phones=ALL_PHONES,
        confirmations=Confirmations(
            ready=_says("ready"),
            not_ready=_says("not_ready"),
            logged_out=_says("logged_out"),
            wrap_up=_says("wrap_up"),
            unknown=_says("unknown"),
            refused={refusal: _says(refusal.name.lower()) for refusal in Refusal},
            language="ru",
            files=_files,
        ),
        sorry=_says("sorry"),
        files=_files,
        recordings=Path(__file__).parent,
        version="test",
        lookups=FakeLookups(),
        messages=FakeMessages(),
        waits=Waits(*(_says(part.name) for part in fields(Waits))),
        briefings=briefings(config),
        back=CallingBack(
            reach=lambda number, trunk: Reach(number.lstrip("+"), number, trunk, "+7495"),
            rung_today=lambda _: 0,
            is_rung=lambda _number, _call: False,
            hold=_says("hold"),
            confirm=_says("confirm"),
            ringing=_says("ringing"),
            not_reached=_says("not_reached"),
            agents_language="ru",
        ),
    )


@dataclass
class Running:
    """A worker and its ways to the world."""

    worker: Worker
    line: WayToLine
    switch: ExchangeLine
    talks_ended: list[Call]


class Centre:
    def __init__(self, line: FakeLine | None = None, **plan_changes: object) -> None:
        self.clock = LoopClock()
        self.line = line or FakeLine(self.clock)
        self.diary: list[object] = []
        self.exchange = Exchange(self.diary)
        self.workers: dict[str, Running] = {}
        self._plan = the_plan(**plan_changes)
        self._instances = itertools.count(1)
        self._operations: set[str] = set()
        self.books = Books()

    # --- workers -----------------------------------------------------------------------------------------------------

    def new_worker(self, name: str = "w1") -> Running:
        """A worker that has not begun yet."""
        line, switch = WayToLine(self.line.open(), self.diary, self._operations), ExchangeLine(self.exchange, name)
        talks_ended: list[Call] = []
        owner = Owner(f"{name}/{next(self._instances)}")
        worker = Worker(name, owner, line, switch, self.clock, self._plan, talks_ended.append)
        return Running(worker, line, switch, talks_ended)

    async def start(self, name: str = "w1") -> Running:
        running = self.new_worker(name)
        await running.worker.prepare()
        await running.worker.connected()
        await running.worker.open()
        self.workers[name] = running
        await self.pass_time(MOMENT_S)
        return running

    def kill(self, name: str) -> None:
        """As kill -9 does: from this instant nothing of it is heard any more."""
        running = self.workers.pop(name)
        running.line.dead = running.switch.dead = True
        worker = running.worker
        for _, timer in worker._wrap_ups._timers.values():
            timer.cancel()
        for handle in (worker._watch._looks, worker._watch._rings):
            if handle is not None:
                handle.cancel()
        parts = (
            worker,
            worker.registry,
            worker._arrivals,
            worker.phones,
            worker._wrap_ups,
            worker._mentors,
            worker._watch,
        )
        for task in [task for part in parts for task in part._tasks]:
            task.cancel()

    async def stop(self, name: str) -> None:
        running = self.workers.pop(name)
        await running.worker.close()
        running.line.dead = running.switch.dead = True

    # --- people ------------------------------------------------------------------------------------------------------

    async def ready(self, *agents: str) -> None:
        """These agents are at their phones and say that they are ready, one after another."""
        for agent in agents:
            self.exchange.register(ALL_PHONES[agent])
            await self.says(agent, Presence.READY)

    async def says(self, agent: str, presence: Presence) -> None:
        await self.say(agent, presence)
        await self.pass_time(MOMENT_S)

    async def say(self, agent: str, presence: Presence) -> None:
        wish = Wish(presence)
        await self.line.commit(Commit((wish_entry(agent, wish, by="test"),), presence_change(agent, wish)))

    async def caller(self, digits: str = "", number: str = "100") -> LegId:
        """A caller dials in and presses keys when the menu is there."""
        leg = self.exchange.call_in(number)
        await self.pass_time(MOMENT_S)
        if digits:
            self.exchange.press(leg, digits)
            await self.pass_time(MOMENT_S)
        return leg

    async def talking(self, agent: str = "anna") -> tuple[LegId, LegId]:
        """A caller and an agent who talk."""
        caller = await self.caller("1")
        leg = await self.answers(agent)
        assert self.hear_each_other(caller, leg)
        return caller, leg

    async def answers(self, agent: str) -> LegId:
        leg = self.exchange.answer(ALL_PHONES[agent])
        await self.pass_time(MOMENT_S)
        return leg

    async def hangs_up(self, leg: LegId, cause: int = 16) -> None:
        self.exchange.hang_up(leg, cause)
        await self.pass_time(MOMENT_S)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, claim: Callable[[], bool], within_s: float) -> None:
        """Wait until the claim holds; it must by then."""
        for _ in range(round(within_s / 0.05)):
            if claim():
                return
            await asyncio.sleep(0.05)
        assert claim(), self.quarrels()

    # --- what can be seen --------------------------------------------------------------------------------------------

    def rings(self, agent: str) -> bool:
        return bool(self.exchange.ringing(ALL_PHONES[agent]))

    def hear_each_other(self, one: LegId, other: LegId) -> bool:
        bridges = {leg.bridge for name, leg in self.exchange.legs.items() if name in (one, other)}
        return len(bridges) == 1 and bridges <= self.exchange.bridges

    @property
    def floor(self) -> Floor:
        """As the store has it."""
        return Floor(self.line._floor, "")

    def activity(self, agent: str) -> Activity:
        return self.floor.agents[agent].activity

    @property
    def calls(self) -> dict[str, Call]:
        """Every call that has not ended, as the store has it."""
        return {call: decode(state) for call, (_, state) in self.line._calls.items()}

    def call_of(self, caller: LegId) -> Call:
        return next(call for call in self.calls.values() if call.caller_leg == caller)

    def owner_of(self, caller: LegId) -> str:
        return self.line._calls[self.call_of(caller).id][0]

    def entries(self, *words: Word) -> list[Entry]:
        return [entry for entry in self.line.journal if not words or entry.word in words]

    @property
    def words(self) -> list[Word]:
        """Everything that happened to calls after the tree, and their arrival."""
        return [entry.word for entry in self.line.journal if entry.call and entry.word is not Word.NODE]

    def done(self, kind: type[Command] | None = None) -> list[Command]:
        """Everything that was commanded."""
        commands = [entry.command for entry in self.diary if isinstance(entry, Done)]
        return [command for command in commands if kind is None or isinstance(command, kind)]

    # --- what must be so ---------------------------------------------------------------------------------------------

    def check_books(self) -> None:
        """True at every instant, whatever has happened."""
        wrongs = [*self.exchange.wrongs, *self._double_offers(), *self._wrong_ends(), *self._wrong_holds()]
        wrongs += self._done_before_written()
        assert not wrongs, "\n".join(wrongs)

    def _double_offers(self) -> Iterator[str]:
        busy = Counter(
            part.agent for call in self.calls.values() for part in (*call.offers, call.talk) if part and part.agent
        )
        yield from (f"{agent} is in {count} calls" for agent, count in busy.items() if count > 1)

    def _wrong_ends(self) -> Iterator[str]:
        books = self.books
        books.read(self.line.journal)
        yield from books.wrongs
        living = set(self.line._calls)
        yield from (f"{call} is neither alive nor ended" for call in books.open - living)
        yield from (f"{call} is both alive and ended" for call in living & books.over)

    def _wrong_holds(self) -> Iterator[str]:
        """Agents and waiting calls are held by calls that know of it, and calls hold whom they believe to hold."""
        calls, floor = self.calls, self.floor
        for each in calls.values():
            offered = [(offer, "BRIEFING" if offer.answered_ms else "RESERVED RINGING") for offer in each.offers]
            for held, wanted in (*offered, (each.talk, "TALKING")):
                if held and held.agent and floor.agents[held.agent].activity not in wanted.split():
                    yield f"{each.id} believes to hold {held.agent}, who is {floor.agents[held.agent].activity}"
        for agent in floor.agents.values():
            if agent.activity in (Activity.RESERVED, Activity.RINGING, Activity.BRIEFING, Activity.TALKING):
                call = calls.get(agent.call)
                parts = () if not call else (call.talk,) if agent.activity is Activity.TALKING else call.offers
                waits = call.callback.agent if call and call.callback else None
                if not any(part and part.agent == agent.id for part in (*parts, waits)):
                    yield f"{agent.id} is {agent.activity} with {agent.call or 'nobody'}, which does not know"
        for waiting in floor.waiting.values():
            call = calls.get(waiting.call)
            if call is None or call.phase not in WAITING:
                yield f"{waiting.call} waits but is {call.phase if call else 'gone'}"
            elif tuple(offer.agent for offer in call.offers) != waiting.offers:
                yield f"{waiting.call} is offered to {waiting.offers or 'nobody'}, but the call thinks otherwise"

    def _done_before_written(self) -> Iterator[str]:
        """State before side effects, while the store is there: what a command makes is in a state written before."""
        books = self.books
        news, books.seen = self.diary[books.seen :], len(self.diary)
        for entry in news:
            if isinstance(entry, Tried):
                books.late.add(str(entry.commit.call))
            elif isinstance(entry, Wrote) and isinstance(entry.answer, Written) and entry.commit.state:
                call = decode(entry.commit.state)
                books.ours.add(call.id)
                books.written |= _ids(call)
            elif isinstance(entry, Done) and entry.call in books.ours - books.late:
                made = _made(entry.command)
                if made is not None and made not in books.written:
                    yield f"{made} was made before it was written"

    def quarrels(self) -> list[str]:
        """What must be so whenever nothing has happened for a while: nobody is forgotten."""
        return [*self._idle_beside_waiting(), *self._forgotten_legs()]

    def _idle_beside_waiting(self) -> Iterator[str]:
        floor = self.floor
        for waiting in floor.waiting.values():
            able = [agent.id for agent in floor.agents.values() if agent.is_free and waiting.queue in agent.queues]
            if able and waiting.is_open:
                yield f"{waiting.call} waits beside the idle {able}"

    def _forgotten_legs(self) -> Iterator[str]:
        known = {leg for call in self.calls.values() for leg in call.legs}
        living = {running.worker.owner for running in self.workers.values()}
        yield from (f"{leg} is in no call" for leg in self.exchange.legs.keys() - known)
        for call, (owner, _) in self.line._calls.items():
            if owner not in living:
                yield f"{call} belongs to {owner}, who is dead"
            for leg in self.calls[call].legs:
                if leg in self.exchange.legs and self.exchange.legs[leg].worker != owner.partition("/")[0]:
                    yield f"{leg} reports to {self.exchange.legs[leg].worker}, but {owner} has the call"
        for each in self.calls.values():
            if not each.caller_leg:
                continue  # a callback: nobody is on its line
            if each.caller_leg not in self.exchange.legs:
                yield f"{each.id} lives without its caller"
            elif each.talk is not None and not self.hear_each_other(each.caller_leg, each.talk.leg):
                yield f"the two in {each.id} do not hear each other"
            elif each.phase is Phase.WAITING and not self.exchange.legs[each.caller_leg].music:
                yield f"{each.id} waits in silence"


def _ids(call: Call) -> set[str]:
    """The ids of all that this state knows to be made."""
    offers = [part for offer in call.offers for part in (offer.leg, offer.playback)]
    back = call.callback.leg if call.callback else None
    parts = [call.playback, back, call.target and call.target.leg, *offers, call.talk and call.talk.bridge]
    return {part for part in (*parts, call.talk and call.talk.recording) if part}


def _made(command: Command) -> str | None:
    """The id of what a call's command makes."""
    match command:
        case Ring(leg=leg) | RingOutside(leg=leg):
            return leg
        case MakeBridge(bridge=bridge):
            return bridge
        case StartRecording(recording=recording):
            return recording
        case Play(playback=playback):
            return playback
        case _:
            return None
