import asyncio
import socket

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from callrouter.acd.invariants import Invariant
from callrouter.journal import Entry, Word
from callrouter.metrics.live import Look, text
from callrouter.metrics.server import serve
from callrouter.metrics.tally import Tally
from callrouter.reporting.floor import view
from tests.reporting.diary import Diary, a_call_that_rings_twice, an_agent

HEALTH = {"memory_used": "7", "memory_bound": "9", "journal_entries": "3", "trims": "0", "version": "5500-0"}
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(page: bytes) -> Samples:
    """What Prometheus would read; fails if it could not."""
    return {
        (sample.name.removeprefix("callrouter_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def counted(*entries: Entry) -> Samples:
    tally = Tally([20])
    tally.count(entries)
    return samples(text(tally, Look(0)))


def labels(**named: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(named.items()))


def test_a_call_is_counted_as_it_went() -> None:
    found = counted(*a_call_that_rings_twice(Diary()).entries)
    payers = {"queue": "payers"}
    assert found[("calls_arrived_total", labels(tree="payments"))] == 1
    assert found[("queue_entered_total", labels(**payers))] == 1
    assert found[("queue_left_total", labels(how="answered", **payers))] == 1
    assert found[("offers_total", labels(result="missed", **payers))] == 1
    assert found[("offers_total", labels(result="accepted", **payers))] == 1
    assert found[("talk_seconds_total", labels(**payers))] == 74
    assert found[("wait_seconds_sum", labels(how="answered", **payers))] == 18
    assert found[("calls_ended_total", labels(how="completed"))] == 1
    assert found[("recordings_total", labels(result="ready"))] == 1


def test_breaches_are_counted_from_nought_by_invariant() -> None:
    found = counted(Entry(Word.BREACH, "c", "anna", data={"invariant": "offer_ends", "what": "", "repair": ""}))
    assert found[("breaches_total", labels(invariant="offer_ends"))] == 1
    assert {found[("breaches_total", labels(invariant=name))] for name in Invariant if name != "offer_ends"} == {0}


def test_the_service_level_can_be_read_from_the_waits() -> None:
    waits = (3_000, 20_000, 20_001)
    found = counted(*(Entry(Word.CONNECT, "c", "anna", "payers", {"waited_ms": str(ms)}) for ms in waits))
    about = {"how": "answered", "queue": "payers"}
    assert found[("wait_seconds_bucket", labels(le="20.0", **about))] == 2
    assert found[("wait_seconds_count", labels(**about))] == 3


@pytest.mark.parametrize(
    ("entry", "how"),
    [
        (Entry(Word.ABANDON, "c", "", "q"), "abandoned"),
        (Entry(Word.EXITWITHKEY, "c", "", "q"), "went_back"),
        (Entry(Word.EXITWITHTIMEOUT, "c", "", "q", {"to": "hangup"}), "timed_out"),
        (Entry(Word.EXITWITHTIMEOUT, "c", "", "q", {"to": "tree"}), "went_back"),
        (Entry(Word.EXITWITHTIMEOUT, "c", "", "q", {"to": "another"}), "moved_on"),
        (Entry(Word.EXITEMPTY, "c", "", "q", {"to": "hangup"}), "sent_away"),
        (Entry(Word.EXITCLOSED, "c", "", "q", {"to": "another", "why": "closed"}), "moved_on"),
    ],
)
def test_every_way_out_of_a_queue_is_counted(entry: Entry, how: str) -> None:
    assert counted(entry)[("queue_left_total", labels(queue="q", how=how))] == 1


def test_who_was_refused_is_counted_by_why_and_who_came_back_beside_who_joined() -> None:
    found = counted(
        Entry(Word.FULL, "c", "", "q", {"to": "tree"}),
        Entry(Word.JOINEMPTY, "d", "", "q", {"to": "hangup"}),
        Entry(Word.JOINCLOSED, "e", "", "q", {"to": "hangup", "why": "emergency"}),
        Entry(Word.ENTERQUEUE, "f", "", "q", {"back": "a"}),
    )
    whys = [found[("queue_refused_total", labels(queue="q", why=why))] for why in ("full", "nobody", "emergency")]
    assert whys == [1, 1, 1]
    assert found[("queue_rang_back_total", labels(queue="q"))] == 1
    assert found[("queue_entered_total", labels(queue="q"))] == 1


def test_callers_cannot_make_labels() -> None:
    evil = 'x"} 1\nevil 2'
    found = counted(
        Entry(Word.ENDED, "c", data={"how": evil}),
        Entry(Word.ARRIVED, "c", data={"tree": "payments", "caller": evil, "number": evil}),
        Entry(Word.FALLBACK, "c", data={"reason": evil}),
    )
    assert found[("calls_ended_total", labels(how="tree"))] == 1
    assert "evil" not in str(found)


def test_the_floor_and_the_health_are_told_as_they_are() -> None:
    things = {
        "queue:payers": {"name": "P"},
        "agent:anna": an_agent(since="1", idle_since="1"),
        "waiting:c1": {"queue": "payers", "since": "4000"},
    }
    look = Look(11, HEALTH, view(things, 10_000), calls=2, workers=1, position="2000-3", gaps=1)
    found = samples(text(Tally([20]), look))
    assert found[("waiting", labels(queue="payers"))] == 1
    assert found[("longest_wait_seconds", labels(queue="payers"))] == 6
    assert found[("queue_agents", labels(queue="payers", condition="free"))] == 1
    for name, value in {
        "store_up": 1,
        "history_up": 1,
        "store_used_bytes": 7,
        "calls": 2,
        "workers": 1,
        "history_behind_seconds": 3.5,
        "history_gaps": 1,
        "recordings_free_bytes": 11,
    }.items():
        assert found[(name, ())] == value, name


def test_parts_that_do_not_answer_are_told_as_down_and_hide_nothing_else() -> None:
    found = samples(text(Tally([20]), Look(11)))
    assert (found[("store_up", ())], found[("history_up", ())], found[("recordings_free_bytes", ())]) == (0, 0, 11)
    assert ("waiting", ()) not in found


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def test_the_page_is_served_on_this_computer_only_and_nothing_else_is(port: int) -> None:
    async def page() -> bytes:
        return text(Tally([20]), Look(11))

    work = asyncio.create_task(serve(port, page))
    try:
        async with aiohttp.ClientSession() as client:
            found = await _asked(client, f"http://127.0.0.1:{port}/metrics")
            assert samples(found)[("recordings_free_bytes", ())] == 11
            async with client.get(f"http://127.0.0.1:{port}/") as answer:
                assert answer.status == 404
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.get(f"http://127.0.0.2:{port}/metrics")
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _asked(client: aiohttp.ClientSession, url: str) -> bytes:
    for _ in range(200):
        try:
            async with client.get(url) as answer:
                assert answer.headers["Content-Type"].startswith("text/plain")
                return await answer.read()
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.01)
    raise AssertionError("nobody answers")


async def test_a_port_that_is_taken_is_asked_for_again(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callrouter.metrics.server.RETRY_S", 0.01)

    async def page() -> bytes:
        return b""

    with socket.create_server(("127.0.0.1", port)):
        work = asyncio.create_task(serve(port, page))
        await asyncio.sleep(0.05)
        assert not work.done()
    try:
        async with aiohttp.ClientSession() as client:
            assert await _asked(client, f"http://127.0.0.1:{port}/metrics") == b""
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
