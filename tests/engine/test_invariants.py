"""Random days at a centre: whatever people, workers, store and exchange do, the books are right at every step and
nobody is forgotten once it is quiet.

CALLROUTER_LONG_RUN=<number of days> makes it long, `-s` then tells how much happened; CALLROUTER_SHRINK=1 looks for
the shortest day on which it goes wrong (minutes).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any, ClassVar

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from callrouter.acd.floor import Activity, Floor, Presence
from callrouter.config import Briefing, MaxCalls, WrapUp
from callrouter.journal import Word
from callrouter.telephony import LegHeld, LegId, LegUnheld
from tests.engine.centre import AGENTS, PHONES, QUEUES, Centre
from tests.engine.virtual_time import VirtualLoop

DAYS = int(os.environ.get("CALLROUTER_LONG_RUN", "60"))
STEPS = 60
PAUSES = (Activity.WRAP_UP, Activity.RESTING)
SETTLE_S = 12.0
"""A lease, an adoption, kept writings, what is put right at the second look."""
QUIET_S = 60.0
"""Leases, repairs, tidying, kept writings: by then everything must have been put right."""

MERCHANTS = QUEUES["merchants"].model_copy(update={"strategy": "ring_all"})
"""Merchants ring everybody, payers one agent after another; anna and boris have both."""
BRIEFING = Briefing(say=True, accept="key", key_s=5)
agents = st.sampled_from(sorted(AGENTS))
names = st.integers(0, 5)
"""Which worker, of however many there are."""
TROUBLES = [
    "store down",
    "answers lost",
    "store slow",
    "store very slow",
    "store too slow",  # for its lease: who lives is taken for dead
    "events late",
    "events twice",
    "exchange away",
]
moments = st.sampled_from([0.0, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.02, 0.06, 0.3, 1.0, 4.0, 11.0])
TOLD = {
    "calls": Word.ARRIVED,
    "offers": Word.OFFER,
    "briefings": Word.BRIEFED,
    "connects": Word.CONNECT,
    "adopted": Word.ADOPTED,
    "fallback": Word.FALLBACK,
    "repaired": Word.REPAIRED,
    "breaches": Word.BREACH,
}
tally = dict.fromkeys(("days", "faster", *TOLD), 0)


class Day(RuleBasedStateMachine):
    """Every rule does one thing and lets a random moment pass, so that the next falls into the middle of it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=self.new_loop)
        self.troubled = False
        self.centre = self.run(self._open())

    workers: ClassVar = ("w1", "w2")
    blind: ClassVar = False
    """Rules are chosen without a look at what they could do: where no two runs are quite alike."""

    def new_loop(self) -> asyncio.AbstractEventLoop:
        return VirtualLoop()

    def new_centre(self) -> Centre:
        return Centre(queues={**QUEUES, "merchants": MERCHANTS})

    async def _open(self) -> Centre:
        centre = self.new_centre()
        for name in self.workers:
            await centre.start(name)
        await centre.ready(*AGENTS)
        return centre

    def one_of(self, number: int) -> str:
        return self.workers[number % len(self.workers)]

    def settles(self) -> None:
        """Whatever was done to workers, store and exchange: when everything must be as it should, if ever."""
        now_ms = self.run(self._now_ms())
        undone = self.troubled or not self.centre.workers
        self.centre.books.quiet_since_ms = 1 << 62 if undone else now_ms + round(SETTLE_S * 1000)

    async def _now_ms(self) -> int:
        return int(self.centre.clock.now_ms())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def after(self, moment: float) -> None:
        self.run(self.centre.pass_time(moment))
        self.centre.check_books()
        assert self.breaches() == 0

    @property
    def callers(self) -> list[LegId]:
        return [leg.id for leg in self.centre.exchange.legs.values() if leg.phone is None]

    @property
    def agents_legs(self) -> list[LegId]:
        return [leg.id for leg in self.centre.exchange.legs.values() if leg.phone is not None]

    @property
    def briefed(self) -> list[LegId]:
        """Agents who have picked up and hear who is coming."""
        return [leg for leg in self.agents_legs if self.centre.exchange.legs[leg].playing is not None]

    @property
    def ringing(self) -> list[str]:
        return [agent for agent in AGENTS if self.centre.rings(agent)]

    # --- people ------------------------------------------------------------------------------------------------------

    @rule(moment=moments)
    def a_caller_dials(self, moment: float) -> None:
        self.run(self._do(lambda: self.centre.exchange.call_in()))
        self.after(moment)

    @rule(queue=st.sampled_from("112"), pause=st.sampled_from([0.004, 0.05, 0.3]), moment=moments)
    def a_caller_dials_and_goes_to_a_queue(self, queue: str, pause: float, moment: float) -> None:
        self.run(self._dial_and_press(queue, pause))
        self.after(moment)

    async def _dial_and_press(self, queue: str, pause: float) -> None:
        caller = self.centre.exchange.call_in()
        await self.centre.pass_time(pause)
        if caller in self.centre.exchange.legs:
            self.centre.exchange.press(caller, queue)

    @rule(queue=st.sampled_from("12"), pause=st.sampled_from([0.02, 0.05, 0.3]), moment=moments)
    def a_caller_comes_to_a_queue_and_is_answered(self, queue: str, pause: float, moment: float) -> None:
        self.run(self._dial_and_press(queue, 0.05))
        self.run(self.centre.pass_time(pause))
        if self.ringing:
            self.an_agent_answers(0, 0.05)
        if self.briefed:
            self.an_agent_who_is_told_hears_it_to_the_end_or_presses(0, "1", False, 0.0)
        self.after(moment)

    @precondition(lambda self: self.blind or self.callers)
    @rule(number=st.integers(0, 99), digit=st.sampled_from("1122379"), moment=moments)
    def a_caller_presses(self, number: int, digit: str, moment: float) -> None:
        if not self.callers:
            return
        caller = self.callers[number % len(self.callers)]
        self.run(self._do(lambda: self.centre.exchange.press(caller, digit)))
        self.after(moment)

    @precondition(lambda self: self.blind or self.callers)
    @rule(number=st.integers(0, 99), moment=moments)
    def a_prompt_ends(self, number: int, moment: float) -> None:
        if not self.callers:
            return
        caller = self.callers[number % len(self.callers)]
        if self.centre.exchange.legs[caller].playing is not None:
            self.run(self._do(lambda: self.centre.exchange.hear_out(caller)))
        self.after(moment)

    @precondition(lambda self: self.blind or self.callers)
    @rule(number=st.integers(0, 99), moment=moments)
    def a_caller_hangs_up(self, number: int, moment: float) -> None:
        if not self.callers:
            return
        caller = self.callers[number % len(self.callers)]
        self.run(self._do(lambda: self.centre.exchange.hang_up(caller)))
        self.after(moment)

    @precondition(lambda self: self.blind or self.ringing)
    @rule(number=st.integers(0, 9), moment=moments)
    def an_agent_answers(self, number: int, moment: float) -> None:
        if not self.ringing:
            return
        agent = self.ringing[number % len(self.ringing)]
        self.run(self._do(lambda: self.centre.exchange.answer(PHONES[agent])))
        self.after(moment)

    @precondition(lambda self: self.blind or self.ringing)
    @rule(number=st.integers(0, 9), cause=st.sampled_from([17, 19, 20, 21]), moment=moments)
    def an_agent_declines(self, number: int, cause: int, moment: float) -> None:
        if not self.ringing:
            return
        agent = self.ringing[number % len(self.ringing)]
        self.run(self._do(lambda: self.centre.exchange.hang_up(self.centre.exchange.ringing(PHONES[agent])[0], cause)))
        self.after(moment)

    @precondition(lambda self: self.blind or self.briefed)
    @rule(number=st.integers(0, 9), key=st.sampled_from("1117"), heard=st.booleans(), moment=moments)
    def an_agent_who_is_told_hears_it_to_the_end_or_presses(
        self, number: int, key: str, heard: bool, moment: float
    ) -> None:
        if not self.briefed:
            return
        leg, exchange = self.briefed[number % len(self.briefed)], self.centre.exchange
        self.run(self._do(lambda: exchange.hear_out(leg) if heard else exchange.press(leg, key)))
        self.after(moment)

    @precondition(lambda self: self.blind or self.agents_legs)
    @rule(number=st.integers(0, 99), moment=moments)
    def an_agent_hangs_up(self, number: int, moment: float) -> None:
        if not self.agents_legs:
            return
        leg = self.agents_legs[number % len(self.agents_legs)]
        self.run(self._do(lambda: self.centre.exchange.hang_up(leg)))
        self.after(moment)

    @precondition(lambda self: self.blind or self.agents_legs)
    @rule(number=st.integers(0, 99), moment=moments)
    def an_agent_holds_and_comes_back(self, number: int, moment: float) -> None:
        if not self.agents_legs:
            return
        leg = self.agents_legs[number % len(self.agents_legs)]
        if self.centre.exchange.legs[leg].up:
            for event in (LegHeld(leg), LegUnheld(leg)):
                self.run(self._do(lambda event=event: self.centre.exchange.tell(leg, event)))
        self.after(moment)

    @precondition(lambda self: self.blind or not self.centre.line.down)
    @rule(agent=agents, moment=moments)
    def an_agent_comes_to_the_phone(self, agent: str, moment: float) -> None:
        if self.centre.line.down:
            return
        self.run(self.centre.ready(agent))
        self.after(moment)

    @precondition(lambda self: self.blind or not self.centre.line.down)
    @rule(agent=agents, presence=st.sampled_from(Presence), goes=st.booleans(), moment=moments)
    def an_agent_says_something_or_the_phone_goes(
        self, agent: str, presence: Presence, goes: bool, moment: float
    ) -> None:
        if self.centre.line.down:
            return
        if goes:
            self.run(self._do(lambda: self.centre.exchange.register(PHONES[agent], reachable=False)))
        else:
            self.run(self.centre.says(agent, presence))
        self.after(moment)

    # --- machines ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.blind or self.centre.workers)
    @rule(number=names, moment=moments)
    def a_worker_is_killed(self, number: int, moment: float) -> None:
        name = self.one_of(number)
        if name in self.centre.workers:
            self.run(self._do(lambda: self.centre.kill(name)))
        self.settles()
        self.after(moment)

    @precondition(lambda self: self.blind or not self.centre.line.down)
    @rule(number=names, in_order=st.booleans(), moment=moments)
    def a_worker_starts_again(self, number: int, in_order: bool, moment: float) -> None:
        if self.centre.line.down:
            return
        name = self.one_of(number)
        if name in self.centre.workers and in_order:
            self.run(self.centre.stop(name))
        if name not in self.centre.workers:
            self.run(self.centre.start(name))
        self.settles()
        self.after(moment)

    @rule(kind=st.sampled_from(TROUBLES), number=names, moment=moments)
    def trouble_begins(self, kind: str, number: int, moment: float) -> None:
        running = self.centre.workers.get(self.one_of(number))
        if kind == "store down":
            self.run(self._do(lambda: setattr(self.centre.line, "down", True)))
        elif running is not None:
            running.line.loses_answers |= kind == "answers lost"
            running.line.slow_s = {"store slow": 0.004, "store very slow": 0.7, "store too slow": 1.3}.get(
                kind, running.line.slow_s
            )
            running.switch.holds_back |= kind == "events late"
            running.switch.repeats |= kind == "events twice"
            running.switch.down |= kind == "exchange away"
        self.troubled = True
        self.settles()
        self.after(moment)

    @rule(moment=moments)
    def trouble_ends(self, moment: float) -> None:
        self.run(self._all_is_well())
        self.troubled = False
        self.settles()
        self.after(moment)

    async def _all_is_well(self) -> None:
        self.centre.line.down = False
        for running in self.centre.workers.values():
            running.line.loses_answers, running.line.slow_s = False, 0.0
            running.switch.repeats = False
            running.switch.let_through()
            if running.switch.down:
                running.switch.down = False
                await running.worker.connected()

    @rule(really=st.just(1))
    def it_is_quiet_for_a_while(self, really: int) -> None:
        self.be_quiet()

    def be_quiet(self) -> None:
        """All is well again, nobody does anything: after a minute everybody must have what is due to them."""
        self.run(self._quiet())
        self.troubled = False
        self.settles()
        self.centre.check_books()
        assert self.breaches() == 0

    async def _quiet(self) -> None:
        centre = self.centre
        await self._all_is_well()
        if not centre.workers:
            await centre.start("w1")
        await centre.pass_time(QUIET_S)
        await centre.until(lambda: centre.quarrels() == [] and self._idle_agents_are_free(), within_s=15)

    def _idle_agents_are_free(self) -> bool:
        """Nobody is held without a live call; a rest or a wrap-up ends by itself."""
        floor = self.centre.floor
        held = [agent for agent in floor.agents.values() if agent.activity is not Activity.IDLE]
        return all(agent.call in self.centre.calls or agent.activity in PAUSES for agent in held)

    async def _do(self, deed: Any) -> None:
        deed()

    def teardown(self) -> None:
        try:
            self.run(self._quiet())
            self.run(self._everybody_goes_home())
            self.centre.check_books()
            assert self.breaches() == 0
            tally["days"] += 1
            tally["faster"] += sum("answered_by" in entry.data for entry in self.centre.entries(Word.RINGCANCELED))
            for name, word in TOLD.items():
                tally[name] += self.centre.books.counts[word]
        finally:
            self.close()

    def breaches(self) -> int:
        """What the engine itself saw go wrong."""
        return int(self.centre.books.counts[Word.BREACH])

    def close(self) -> None:
        self.runner.close()

    async def _everybody_goes_home(self) -> None:
        """At the end of the day nothing is left: not a call, not a leg, not a bridge."""
        centre = self.centre
        for caller in self.callers:
            centre.exchange.hang_up(caller)
        await centre.pass_time(QUIET_S)
        assert centre.calls == {}
        assert centre.exchange.legs == {}
        assert centre.floor.waiting == {}
        now_ms = centre.clock.now_ms()
        held = [agent for agent in centre.floor.agents.values() if agent.activity is not Activity.IDLE]
        assert all(agent.activity is Activity.RESTING and agent.rest_until > now_ms for agent in held)


class DayOfRules(Day):
    """Boris has had enough with three calls in an hour, Clara is Anna's trainee, codes are dialled all the time, and
    whoever picks up is told who is coming and takes the call by a key."""

    async def _open(self) -> Centre:
        rules: dict[str, dict[str, object]] = {
            "boris": {"max_calls": MaxCalls(hour=3)},
            "clara": {"mentors": ("anna",)},
        }
        modes = {"payers": WrapUp(mode="optional", seconds=5), "merchants": WrapUp(mode="strict", seconds=3)}
        queues = {**QUEUES, "merchants": MERCHANTS}
        centre = Centre(
            agents={name: agent.model_copy(update=rules.get(name, {})) for name, agent in AGENTS.items()},
            queues={
                name: queue.model_copy(update={"wrap_up": modes[name], "briefing": BRIEFING})
                for name, queue in queues.items()
            },
        )
        await centre.start("w1")
        await centre.start("w2")
        await centre.ready(*AGENTS)
        return centre

    @precondition(lambda self: self.centre.workers)
    @rule(agent=agents, code=st.sampled_from(["*11", "*11", "*12", "*13", "*14", "*14"]), moment=moments)
    def an_agent_dials_a_code(self, agent: str, code: str, moment: float) -> None:
        self.run(self._dial_code(agent, code, moment))
        self.after(moment)

    async def _dial_code(self, agent: str, code: str, moment: float) -> None:
        leg = self.centre.exchange.dial_code(PHONES[agent], code)
        await self.centre.pass_time(moment)
        if leg in self.centre.exchange.legs:
            self.centre.exchange.hang_up(leg)

    async def _quiet(self) -> None:
        await super()._quiet()
        floor = self.centre.floor
        assert (floor.agents["clara"].barred == "") is floor.agents["anna"].is_at_work

    def teardown(self) -> None:
        super().teardown()
        self._nobody_had_too_many_calls()
        self._no_trainee_was_offered_a_call_while_barred()

    def _nobody_had_too_many_calls(self) -> None:
        answered = [entry.at_ms for entry in self.centre.entries(Word.CONNECT) if entry.agent == "boris"]
        for at_ms in answered:
            assert sum(at_ms <= other < at_ms + 3_600_000 for other in answered) <= 3

    def _no_trainee_was_offered_a_call_while_barred(self) -> None:
        floor = Floor()
        for entry in self.centre.entries():
            if entry.word is Word.OFFER and entry.agent == "clara":
                assert floor.agents["clara"].barred == ""
            floor.apply(entry.floor, entry.id)


@pytest.mark.parametrize("day", [Day, DayOfRules])
def test_whatever_happens_the_books_are_right_and_nobody_is_forgotten(day: type[Day]) -> None:
    tally.update(dict.fromkeys(tally, 0))
    profile = settings(
        max_examples=DAYS,
        stateful_step_count=STEPS,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if "CALLROUTER_SHRINK" in os.environ else (Phase.generate,),
        derandomize=DAYS <= 60,
        suppress_health_check=list(HealthCheck),
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        run_state_machine_as_test(day, settings=profile)
    finally:
        structlog.reset_defaults()
    print(tally)
    assert tally["offers"] > tally["connects"] > 0
    assert tally["faster"] > 0 or day is not Day  # few of the others' agents are free together
    assert (tally["briefings"] > 0) is (day is DayOfRules)
