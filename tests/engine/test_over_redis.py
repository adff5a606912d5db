"""The same random days over a real Redis: everyone computes, the owner acts, Redis arbitrates, nothing is violated.

CALLROUTER_LONG_RUN=<offers> with `-m long` makes it long; for hours see tests/engine/over_redis.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.engine.over_redis import days, many
from tests.store.private_redis import PrivateRedis, private_redis


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateRedis]:
    with private_redis() as running:
        yield running


@pytest.mark.contract
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("workers", "strategy"), [(1, "longest_idle"), (2, "ring_all"), (3, "longest_idle")])
def test_over_redis_the_books_are_right_and_nobody_is_forgotten(
    workers: int, strategy: str, server: PrivateRedis
) -> None:
    told = days(workers, strategy, server, 5, chance=1)
    assert told["offers"] > told["connects"] > 0
    assert told["breaches"] == 0


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.skipif("CALLROUTER_LONG_RUN" not in os.environ, reason="runs by name: CALLROUTER_LONG_RUN=<offers>")
def test_many_offers_over_redis_without_one_violation() -> None:
    told = many(int(os.environ["CALLROUTER_LONG_RUN"]), chance=0)
    print(dict(told))
    assert told["breaches"] == 0
