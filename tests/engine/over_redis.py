"""Random days over a real Redis with one, two and three workers, and with rushes in which offers come by the dozen.

By hand, for a long proof (its last line is what happened, as JSON):

    python -m tests.engine.over_redis --offers 1000000 --processes 2
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from callrouter.acd.floor import Presence
from callrouter.acd.invariants import Invariant
from callrouter.journal import Entry, Word
from tests.engine.centre import AGENTS, ALL_PHONES, CROWD, QUEUES, Centre
from tests.engine.redis_world import RedisLoop, SharedRedis, Traffic
from tests.engine.test_invariants import TOLD, Day, moments
from tests.fakes.line import FakeLine
from tests.store.private_redis import PrivateRedis, private_redis

STEPS = 25
DAYS = 40
"""On one server and with one seed. The first few of a seed are the quietest."""
PAUSES_S = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.02, 0.06)
PEOPLE = {"call": 100, "answer": 100, "decline": 20, "caller goes": 10, "agent goes": 90, "comes back": 20, "says": 3}
TRAPS = {"kill": 1, "start": 4, "cut": 1, "twice": 1, "late": 2, "in time": 5}

rushes, lengths = st.integers(0, 2**32), st.integers(100, 1500)


class DayOverRedis(Day):
    """`server` is set by whoever runs it; `told` counts what happened."""

    server: ClassVar[PrivateRedis]
    told: ClassVar[Counter[str]] = Counter()
    strategy: ClassVar[str] = "longest_idle"
    blind: ClassVar = True

    def new_loop(self) -> asyncio.AbstractEventLoop:
        self.traffic = Traffic()
        return RedisLoop(self.traffic)

    def new_centre(self) -> Centre:
        self.redis = SharedRedis(self.server, self.traffic)
        line = cast(FakeLine, self.redis)  # it has all of it that a Centre uses
        changes: dict[str, dict[str, object]] = {"payers": {"wrap_up_s": 0}, "merchants": {"strategy": self.strategy}}
        queues = {name: queue.model_copy(update=changes[name]) for name, queue in QUEUES.items()}
        return Centre(line, agents=AGENTS | CROWD, queues=queues)

    def after(self, moment: float) -> None:
        with self.at_once_told():
            super().after(moment)
            if not self.redis.down:
                wrongs = self.centre.books.agree_with(self.redis._floor, set(self.redis._calls))
                assert not wrongs, wrongs

    @contextmanager
    def at_once_told(self) -> Iterator[None]:
        """Hypothesis plays a day that went wrong again, and it may not go wrong again: what was seen is told now."""
        try:
            yield
        except AssertionError:
            traceback.print_exc()
            for entry in self._worth_reading():
                print(entry.id, entry.word, entry.call[-4:], entry.agent, dict(entry.data), file=sys.stderr)
            raise

    def breaches(self) -> int:
        """Redis is told the time with the question here, so an offer that lay in a stopped server's socket looks older
        than it is, and is called overdue though its phone has rung for less than ring_s."""
        if not super().breaches():
            return 0
        short = {
            (entry.call, entry.agent)
            for entry in self.redis.journal
            if entry.word is Word.RINGCANCELED and int(entry.data["ring_ms"]) < 1000 * QUEUES["payers"].ring_s
        }
        found = [entry for entry in self.redis.journal if entry.word is Word.BREACH]
        return sum(
            entry.data["invariant"] != Invariant.OFFER_ENDS or (entry.call, entry.agent) not in short for entry in found
        )

    def _worth_reading(self) -> list[Entry]:
        """The last of the journal, and all about calls in which the engine itself saw something wrong."""
        journal = self.redis.journal
        broken = {entry.call for entry in journal if entry.word is Word.BREACH}
        return [entry for entry in journal[:-60] if entry.call in broken] + journal[-60:]

    # --- what a Redis suffers ----------------------------------------------------------------------------------------

    @rule(moment=moments)
    def redis_stops_answering(self, moment: float) -> None:
        self.redis.stop_answering()
        self.troubled = True
        self.settles()
        self.after(moment)

    @rule(moment=moments)
    def every_connection_is_cut(self, moment: float) -> None:
        self.redis.cut()
        self.settles()
        self.after(moment)

    # --- many at once ------------------------------------------------------------------------------------------------

    @rule(chance=rushes, length=lengths)
    def there_is_a_calm_rush(self, chance: int, length: int) -> None:
        self._rush(chance, length, PEOPLE)

    @rule(chance=rushes, length=lengths)
    def there_is_a_rush(self, chance: int, length: int) -> None:
        self._rush(chance, length, PEOPLE | TRAPS)

    @rule(chance=rushes, length=lengths)
    def there_is_a_rush_while_much_goes_wrong(self, chance: int, length: int) -> None:
        self._rush(chance, length, PEOPLE | {name: 5 * weight for name, weight in TRAPS.items()})

    @rule(really=st.integers(0, 9))
    def it_is_quiet_for_a_while(self, really: int) -> None:
        """A quiet minute costs as much as a hundred offers."""
        if really == 9:
            self.be_quiet()

    def _rush(self, chance: int, length: int, deeds: dict[str, int]) -> None:
        dice = random.Random(chance)
        if self.redis.down or not self.centre.workers:
            return
        self.run(self._come_all())
        for deed in dice.choices(list(deeds), list(deeds.values()), k=length):
            self._do_one(deed, dice)
            self.run(self.centre.pass_time(dice.choice(PAUSES_S) if dice.random() < 0.98 else 2.0))
            if dice.random() < 0.02:
                self.after(0.0)
        self.after(0.0)

    async def _come_all(self) -> None:
        for agent in CROWD:
            self.centre.exchange.register(ALL_PHONES[agent])
            await self._says(agent, Presence.READY)

    async def _says(self, agent: str, presence: Presence) -> None:
        await self.centre.say(agent, presence)

    def _do_one(self, deed: str, dice: random.Random) -> None:
        exchange = self.centre.exchange
        match deed:
            case "call":
                if len(self.callers) < 40:
                    self.run(self._dial_and_press(dice.choice("12"), 0.02))
            case "answer" | "decline":
                ringing = [leg for leg in self.agents_legs if not exchange.legs[leg].up]
                if ringing and deed == "answer":
                    self.run(self._do(lambda: exchange.pick_up(dice.choice(ringing))))
                elif ringing:
                    self.run(self._do(lambda: exchange.hang_up(dice.choice(ringing), dice.choice((17, 19, 20, 21)))))
            case "caller goes" | "agent goes":
                legs = self.callers if deed == "caller goes" else [x for x in self.agents_legs if exchange.legs[x].up]
                if legs:
                    self.run(self._do(lambda: exchange.hang_up(dice.choice(legs))))
            case "comes back" | "says":
                presence = Presence.READY if deed == "comes back" else dice.choice(list(Presence))
                if not self.redis.down:
                    self.run(self._says(dice.choice(list(self.agents)), presence))
            case _:
                self._trap(deed, self.one_of(dice.randrange(6)))

    def _trap(self, deed: str, name: str) -> None:
        running = self.centre.workers.get(name)
        match deed:
            case "kill":
                if len(self.centre.workers) > 1 and running is not None:
                    self.run(self._do(lambda: self.centre.kill(name)))
            case "start":
                if running is None and not self.redis.down:
                    self.run(self.centre.start(name))
            case "cut":
                self.redis.cut()
            case "twice" | "late":
                if running is not None:
                    running.switch.repeats |= deed == "twice"
                    running.switch.holds_back |= deed == "late"
                    self.troubled = True
            case _:
                self.run(self._all_is_well())
                self.troubled = False
        self.settles()

    @property
    def agents(self) -> tuple[str, ...]:
        return (*AGENTS, *CROWD)

    def teardown(self) -> None:
        with self.at_once_told():
            super().teardown()
        for name, word in TOLD.items():
            self.told[name] += self.centre.books.counts[word] if word is not Word.BREACH else 0  # or we were not here
        self.told["days"] += 1

    def close(self) -> None:
        self.redis.down = False
        self.run(self.redis.close())
        super().close()


def days(workers: int, strategy: str, server: PrivateRedis, count: int, chance: int) -> Counter[str]:
    """Play so many days; raises with the first thing that is wrong."""
    names = tuple(f"w{number + 1}" for number in range(workers))
    told: Counter[str] = Counter()
    today = type(
        f"DayOf{workers}", (DayOverRedis,), {"workers": names, "server": server, "told": told, "strategy": strategy}
    )
    profile = settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        phases=(Phase.generate,),
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with silence():
        run_state_machine_as_test(seed(chance)(today), settings=profile)
    return told


@contextmanager
def silence() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.reset_defaults()


def many(offers: int, chance: int) -> Counter[str]:
    """In this process, until so many offers were made."""
    told: Counter[str] = Counter()
    while told["offers"] < offers:
        for workers, strategy in ((1, "longest_idle"), (2, "ring_all"), (3, "longest_idle"), (3, "ring_all")):
            chance += 1
            with private_redis() as server:
                told += days(workers, strategy, server, DAYS, chance)
            print(json.dumps({"seed": chance, **told}), file=sys.stderr, flush=True)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offers", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    began = time.monotonic()
    told = many(wanted.offers, wanted.seed) if wanted.processes == 1 else _beside_each_other(wanted)
    print(json.dumps({**told, "seconds": round(time.monotonic() - began)}))


def _beside_each_other(wanted: Any) -> Counter[str]:
    share = ["--offers", str(-(-wanted.offers // wanted.processes))]
    command = [sys.executable, "-m", "tests.engine.over_redis", *share]
    seeds = (wanted.seed + number * 1_000_000 for number in range(wanted.processes))
    running = [subprocess.Popen([*command, "--seed", str(seed)], stdout=subprocess.PIPE) for seed in seeds]
    told: Counter[str] = Counter()
    for process in running:
        said, _ = process.communicate()
        if process.returncode:
            raise SystemExit(process.returncode)
        told += Counter(json.loads(said.splitlines()[-1]))
    del told["seconds"]
    return told


if __name__ == "__main__":
    main()
