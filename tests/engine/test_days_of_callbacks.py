"""Random days of callbacks: workers die, the store goes away, phones outside are not answered."""

from __future__ import annotations

import logging
from collections import Counter

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from callrouter.app.callbacks import open_callbacks, wish
from callrouter.journal import Word
from callrouter.telephony import LegId, PhoneId
from tests.engine.test_invariants import QUIET_S, Day, moments

CUSTOMERS = ("+79161110001", "+79161110002", "+79161110003")
outcomes: Counter[str] = Counter()


class DayOfCallbacks(Day):
    @rule(
        number=st.sampled_from(CUSTOMERS), key=st.sampled_from("45"), pause=st.sampled_from([0.02, 0.3]), moment=moments
    )
    def a_caller_wants_to_be_called_back(self, number: str, key: str, pause: float, moment: float) -> None:
        self.run(self._ask(number, key, pause))
        self.after(moment)

    async def _ask(self, number: str, key: str, pause: float) -> None:
        exchange = self.centre.exchange
        exchange.reachable.add(PhoneId(number))
        caller = exchange.call_in(caller=number)
        for digit in (key, "1"):
            await self.centre.pass_time(pause)
            if caller in exchange.legs:
                exchange.press(caller, digit)
        await self.centre.pass_time(pause)
        if caller in exchange.legs:
            exchange.hang_up(caller)

    @property
    def outside(self) -> list[LegId]:
        return [leg.id for leg in self.centre.exchange.legs.values() if leg.phone in CUSTOMERS]

    @precondition(lambda self: self.outside)
    @rule(number=st.integers(0, 99), cause=st.sampled_from([0, 0, 17, 19, 38]), moment=moments)
    def a_phone_outside_is_answered_or_not(self, number: int, cause: int, moment: float) -> None:
        if not self.outside:
            return
        leg, exchange = self.outside[number % len(self.outside)], self.centre.exchange
        phone = exchange.legs[leg].phone
        if cause or exchange.legs[leg].up or phone is None:
            self.run(self._do(lambda: exchange.hang_up(leg, cause or 16)))
        else:
            self.run(self._answer(phone))
        self.after(moment)

    async def _answer(self, phone: PhoneId) -> None:
        """And hears that they are to hold the line."""
        leg = self.centre.exchange.answer(phone)
        await self.centre.pass_time(0.1)
        if leg in self.centre.exchange.legs and self.centre.exchange.legs[leg].playing:
            self.centre.exchange.hear_out(leg)

    @rule(pause=st.sampled_from([0.02, 0.05, 0.3]), cause=st.sampled_from([0, 0, 17, 19]), moment=moments)
    def whoever_is_rung_answers(self, pause: float, cause: int, moment: float) -> None:
        """A phone outside that rings, or an agent and then the phone outside, or not."""
        self.run(self._ask(CUSTOMERS[0], "4", 0.3))
        if self.outside:
            self.a_phone_outside_is_answered_or_not(0, cause, pause)
        if self.ringing:
            self.an_agent_answers(0, pause)
        if self.outside:
            self.a_phone_outside_is_answered_or_not(0, cause, pause)
        self.after(moment)

    async def _everybody_goes_home(self) -> None:
        """Nobody wants to be called back any more."""
        for _ in range(20):
            left = await open_callbacks(self.centre.line)
            if not left:
                break
            for one in left:
                await wish(self.centre.line, one.call, "cancel", "test")
            for leg in self.outside:
                self.centre.exchange.hang_up(leg)
            await self.centre.pass_time(QUIET_S)
        assert not self.centre.floor.others("callback")
        await super()._everybody_goes_home()
        outcomes.update(entry.data["outcome"] for entry in self.centre.entries(Word.CALLBACKTRY))


def test_whatever_happens_no_callback_is_lost_and_nobody_is_rung_twice_at_once() -> None:
    outcomes.clear()
    profile = settings(
        max_examples=60,
        stateful_step_count=60,
        deadline=None,
        phases=(Phase.generate,),
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        run_state_machine_as_test(DayOfCallbacks, settings=profile)
    finally:
        structlog.reset_defaults()
    print(outcomes)
    assert min(outcomes[one] for one in ("dialled", "answered", "connected", "busy", "lost", "cancelled")) > 0
