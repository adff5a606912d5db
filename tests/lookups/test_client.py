"""Lookups against a real HTTP server on loopback that is quick, slow, dead, wrong or hostile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
import structlog
from aiohttp import web

from callrouter.errors import SetupError
from callrouter.lookups.breaker import FAILURES, OPEN_S, Breaker
from callrouter.lookups.client import LONGEST_ANSWER, HttpLookups
from callrouter.tree.model import Lookup
from tests.fakes.clock import HandClock

Answering = Callable[[web.Request], web.StreamResponse]


@dataclass
class Server:
    """Answers every request as the test says."""

    port: int = 0
    takes_s: float = 0
    status: int = 200
    body: bytes = b'{"a": {"b": 5}}'
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        await asyncio.sleep(self.takes_s)
        return web.Response(status=self.status, body=self.body, headers=self.headers)


async def started(server: Server) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    return runner


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    runner = await started(found)
    yield found
    await runner.cleanup()


def secret(name: str) -> str:
    if name != "crm":
        raise SetupError(f"secrets.{name}: the environment variable is not set")
    return "token"


@pytest_asyncio.fixture
async def lookups() -> AsyncIterator[HttpLookups]:
    found = HttpLookups(secret)
    yield found
    await found.close()


def a_lookup(port: int, **more: object) -> Lookup:
    wanted = {"type": "lookup", "url": f"http://127.0.0.1:{port}/c/{{caller}}?q={{what}}", "timeout_s": 0.5}
    wanted |= {"into": {"found": {"path": "a.b", "type": "number"}}, "next": "x", "failed": "y", **more}
    return Lookup.model_validate(wanted)


VALUES = {"caller": "+7916", "what": "a&b=c/../d"}


async def test_an_answer_fills_the_variables(server: Server, lookups: HttpLookups) -> None:
    answer = await lookups.look_up(a_lookup(server.port), VALUES, {})
    assert (answer.values, answer.failure) == ({"found": 5}, "")
    assert server.seen[0][:2] == ("GET", "/c/%2B7916?q=a%26b%3Dc%2F..%2Fd")


async def test_a_body_carries_values_as_they_are_and_secrets(server: Server, lookups: HttpLookups) -> None:
    body = {"pin": "{pin}", "say": "from {caller}", "n": 3}
    lookup = a_lookup(server.port, method="POST", body=body, headers={"Authorization": "Bearer {secret:crm}"})
    await lookups.look_up(lookup, VALUES, {"pin": "7319"})
    _, path, headers, sent = server.seen[0]
    assert sent == b'{"pin": "7319", "say": "from +7916", "n": 3}'
    assert headers["Authorization"] == "Bearer token"
    assert "7319" not in path


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"status": 404}, "status 404"),
        ({"status": 500}, "status 500"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "status 302"),
        ({"body": b"no json"}, "the answer is no JSON"),
        ({"body": b"[" * 100_000}, "the answer is no JSON"),
        ({"body": b"{}"}, "nothing of use at a.b"),
        ({"body": b"x" * (LONGEST_ANSWER + 1)}, "the answer is longer than 256 KB"),
        ({"takes_s": 5}, "no answer within 0.5 s"),
    ],
)
async def test_what_is_no_good_answer_is_a_failure(
    server: Server, lookups: HttpLookups, changes: dict[str, object], failure: str
) -> None:
    for name, value in changes.items():
        setattr(server, name, value)
    assert (await lookups.look_up(a_lookup(server.port), VALUES, {})).failure == failure


async def test_nobody_there_and_nothing_to_send_are_failures(lookups: HttpLookups) -> None:
    assert (await lookups.look_up(a_lookup(1), VALUES, {})).failure.startswith("not reached")
    assert (await lookups.look_up(a_lookup(1), {"what": "x"}, {})).failure == "caller has no value"
    unset = a_lookup(1, headers={"A": "{secret:other}"})
    assert "is not set" in (await lookups.look_up(unset, VALUES, {})).failure


async def test_a_slow_one_delays_nobody_else(server: Server, lookups: HttpLookups) -> None:
    """A hundred callers wait for a CRM that does not answer; those of another are served at once all the while."""
    slow = Server(takes_s=30)
    runner = await started(slow)
    loop = asyncio.get_running_loop()
    waiting = [asyncio.create_task(lookups.look_up(a_lookup(slow.port), VALUES, {})) for _ in range(100)]
    await asyncio.sleep(0.1)
    took = []
    for _ in range(20):
        began = loop.time()
        assert (await lookups.look_up(a_lookup(server.port), VALUES, {})).values == {"found": 5}
        took.append(loop.time() - began)
    assert max(took) < 0.2
    began = loop.time()
    answers = await asyncio.gather(*waiting)
    assert {answer.failure for answer in answers} == {"no answer within 0.5 s"}
    assert loop.time() - began < 0.8
    await runner.cleanup()


async def test_who_fails_again_and_again_is_left_alone_and_then_tried_by_one(server: Server) -> None:
    clock = HandClock()
    lookups = HttpLookups(secret, lambda: clock.now_ms() / 1000)
    server.status = 503
    lookup = a_lookup(server.port)
    for _ in range(FAILURES):
        assert (await lookups.look_up(lookup, VALUES, {})).failure == "status 503"
    assert (await lookups.look_up(lookup, VALUES, {})).failure == "left alone after failures in a row"
    assert len(server.seen) == FAILURES
    clock.advance(OPEN_S + 0.1)
    server.status = 200
    assert (await lookups.look_up(lookup, VALUES, {})).values == {"found": 5}
    assert (await lookups.look_up(lookup, VALUES, {})).values == {"found": 5}
    await lookups.close()


def test_only_one_tries_while_the_others_wait() -> None:
    now = 0.0
    breaker = Breaker(lambda: now)
    for _ in range(FAILURES):
        breaker.failed()
    now = OPEN_S + 1
    assert [breaker.may_try() for _ in range(3)] == [True, False, False]
    breaker.gave_up()
    assert breaker.may_try()
    breaker.failed()
    assert not breaker.may_try()


async def test_an_answer_is_kept_as_long_as_the_tree_says(server: Server) -> None:
    clock = HandClock()
    lookups = HttpLookups(secret, lambda: clock.now_ms() / 1000)
    kept = a_lookup(server.port, cache_s=10)
    for _ in range(3):
        assert (await lookups.look_up(kept, VALUES, {})).values == {"found": 5}
    assert len(server.seen) == 1
    other = a_lookup(server.port, cache_s=10, into={"all": {"path": "a.b", "type": "text"}})
    assert (await lookups.look_up(other, VALUES, {})).values == {"all": "5"}
    await lookups.look_up(kept, {**VALUES, "caller": "+7917"}, {})
    clock.advance(10.1)
    await lookups.look_up(kept, VALUES, {})
    assert len(server.seen) == 4
    await lookups.close()


async def test_the_log_knows_neither_the_address_nor_what_was_sent(server: Server, lookups: HttpLookups) -> None:
    server.status = 500
    with structlog.testing.capture_logs() as logged:
        await lookups.look_up(a_lookup(server.port, method="POST", body={"p": "{pin}"}), VALUES, {"pin": "7319"})
    assert logged[0]["event"] == "lookup_failed"
    assert "7319" not in str(logged)
    assert "7916" not in str(logged)
