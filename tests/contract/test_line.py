"""What every line does, in memory and in Redis alike."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callrouter.acd.floor import Floor
from callrouter.engine.ports import Check, Commit, Line, Owner, Refused, StoredCall, Written
from callrouter.errors import JournalGap
from callrouter.journal import NOW, Entry, FloorChange, Word
from callrouter.store.redis_line import RedisLine
from callrouter.telephony import CallId
from tests.fakes.clock import HandClock
from tests.fakes.line import FakeLine
from tests.store.private_redis import PrivateRedis, private_redis

pytestmark = pytest.mark.contract

AnyLine = FakeLine | RedisLine
CALL = CallId("c1")
HEALTH = ("memory_used", "memory_bound", "trims", "last_trim_ms", "last_trim_removed")
ANNA, BORIS = Owner("w1/aaaa"), Owner("w2/bbbb")
ODD = ("", "Анна Петрова", 'say "hi"\\', "a\x00b\x1b[31m\r\nEvent: x", "\x7f\u2028", "😀", "$later", "1", "null")


@dataclass(frozen=True)
class Kind:
    """Which line is under test, and how its time passes."""

    name: str
    server: PrivateRedis | None
    clock: HandClock

    @asynccontextmanager
    async def opened(self, journal_max: int = 200_000, centre: str = "") -> AsyncIterator[AnyLine]:
        """An empty line."""
        line: AnyLine = FakeLine(self.clock, journal_max)
        if self.server is not None:
            line = RedisLine(self.server.place, centre=centre or uuid.uuid4().hex, journal_max=journal_max)
        try:
            yield line
        finally:
            await line.close()

    async def pass_time(self, seconds: float) -> None:
        if self.server is None:
            self.clock.advance(seconds)
        else:
            await asyncio.sleep(seconds)


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateRedis]:
    with private_redis() as running:
        yield running


@pytest.fixture(params=["memory", "redis"])
def kind(request: pytest.FixtureRequest, server: PrivateRedis) -> Kind:
    return Kind(request.param, server if request.param == "redis" else None, HandClock())


@pytest.fixture
async def line(kind: Kind) -> AsyncIterator[AnyLine]:
    async with kind.opened() as opened:
        yield opened


def changing(floor: FloorChange, *checks: Check) -> Commit:
    return Commit(entries=(Entry(Word.CONFIG),), floor=floor, checks=checks)


def created(call: CallId = CALL, owner: Owner = ANNA, state: bytes = b"one") -> Commit:
    return Commit(entries=(Entry(Word.ARRIVED, call=call),), call=call, owner=owner, before=Owner(""), state=state)


async def things(line: Line) -> dict[str, dict[str, str]]:
    return {thing: dict(fields) for thing, fields in (await line.snapshot()).things.items()}


async def written(line: AnyLine, commit: Commit) -> str:
    answer = await line.commit(commit)
    assert isinstance(answer, Written), answer
    return answer.version


async def followed(line: Line, after: str, count: int) -> list[Entry]:
    async with aclosing(line.follow(after)) as entries:  # type: ignore[type-var]
        return [await anext(entries) for _ in range(count)]


async def test_an_empty_line_has_no_version_no_things_no_calls_and_no_entries(line: AnyLine) -> None:
    snapshot = await line.snapshot()
    assert (snapshot.version, snapshot.things) == ("", {})
    assert list(await line.calls()) == []
    assert list(await line.entries()) == []
    assert list(await line.entries_back()) == []
    assert await line.living() == frozenset()


async def test_a_commit_writes_entries_floor_and_state_together(line: AnyLine) -> None:
    entry = Entry(Word.ENTERQUEUE, call=CALL, agent="anna", queue="payers", data={"position": "1"})
    floor = {"waiting:c1": {"queue": "payers", "caller": ""}}
    answer = await line.commit(
        Commit((entry, Entry(Word.NODE)), floor, call=CALL, owner=ANNA, before=Owner(""), state=b"\x00\xff")
    )
    first, second = await line.entries()
    assert answer == Written(second.id)
    assert (first.word, first.call, first.agent, first.queue) == (Word.ENTERQUEUE, CALL, "anna", "payers")
    assert (first.data, first.floor, second.floor) == ({"position": "1"}, floor, {})
    snapshot = await line.snapshot()
    assert (snapshot.version, snapshot.things) == (second.id, floor)
    assert list(await line.calls()) == [StoredCall(CALL, ANNA, b"\x00\xff")]


async def test_a_failing_check_writes_nothing_at_all(line: AnyLine) -> None:
    version = await written(line, changing({"agent:anna": {"activity": "RINGING"}}))
    await line.commit(created())
    version = (await line.snapshot()).version
    answer = await line.commit(
        Commit(
            entries=(Entry(Word.OFFER),),
            floor={"agent:anna": {"activity": "RESERVED"}, "waiting:c1": {"offer": "anna"}},
            checks=(Check("agent:boris", "activity", ""), Check("agent:anna", "activity", "IDLE")),
            call=CALL,
            owner=ANNA,
            state=b"two",
        )
    )
    assert answer == Refused("agent:anna.activity")
    assert (await line.snapshot()).version == version
    assert await things(line) == {"agent:anna": {"activity": "RINGING"}}
    assert list(await line.calls()) == [StoredCall(CALL, ANNA, b"one")]


async def test_a_thing_whose_condition_does_not_hold_stays_as_it_is_and_all_else_is_written(line: AnyLine) -> None:
    await line.commit(changing({"agent:anna": {"leg": "theirs"}, "agent:boris": {"leg": "ours"}, "waiting:c0": {}}))
    answer = await line.commit(
        replace(
            created(),
            floor={
                "agent:anna": {"leg": "", "since": NOW},
                "agent:boris": {"leg": ""},
                "agent:clara": {"leg": ""},
                "waiting:c0": None,
                "waiting:c1": {},
            },
            only_if=(
                Check("agent:anna", "leg", "ours"),
                Check("agent:boris", "leg", "ours"),
                Check("agent:clara", "leg", "ours"),
                Check("waiting:c0", "queue", "payers"),
            ),
        )
    )
    _, entry = await line.entries()
    assert answer == Written(entry.id)
    assert entry.floor == {"agent:boris": {"leg": ""}, "waiting:c1": {}}
    assert await things(line) == {
        "agent:anna": {"leg": "theirs"},
        "agent:boris": {"leg": ""},
        "waiting:c0": {},
        "waiting:c1": {},
    }
    assert list(await line.calls()) == [StoredCall(CALL, ANNA, b"one")]


async def test_a_commit_of_which_no_change_is_left_is_written_without_one(line: AnyLine) -> None:
    await line.commit(replace(created(), floor={"agent:anna": {}}, only_if=(Check("agent:anna", "leg", "ours"),)))
    (entry,) = await line.entries()
    assert (entry.floor, await things(line)) == ({}, {})
    assert len(await line.calls()) == 1


async def test_a_check_for_nothing_holds_for_an_empty_field_no_field_and_no_thing(line: AnyLine) -> None:
    await line.commit(changing({"agent:anna": {"call": ""}}))
    for thing, name in (("agent:anna", "call"), ("agent:anna", "leg"), ("agent:nobody", "call")):
        assert isinstance(await line.commit(changing({}, Check(thing, name, ""))), Written)
    assert await line.commit(changing({}, Check("agent:nobody", "call", "c1"))) == Refused("agent:nobody.call")


async def test_a_commit_without_entries_moves_no_version(line: AnyLine) -> None:
    await line.commit(created())
    version = (await line.snapshot()).version
    assert await line.commit(Commit(call=CALL, owner=ANNA, state=b"two")) == Written("")
    assert (await line.snapshot()).version == version
    assert list(await line.calls()) == [StoredCall(CALL, ANNA, b"two")]


async def test_only_the_owner_writes_a_call(line: AnyLine) -> None:
    await line.commit(created())
    assert await line.commit(Commit((Entry(Word.NODE),), call=CALL, owner=BORIS, state=b"x")) == Refused("owner")
    assert await line.commit(Commit(call=CallId("other"), owner=ANNA, state=b"x")) == Refused("owner")
    assert list(await line.calls()) == [StoredCall(CALL, ANNA, b"one")]


async def test_a_call_is_created_once(line: AnyLine) -> None:
    answers = await asyncio.gather(*(line.commit(created(owner=owner)) for owner in (ANNA, BORIS, ANNA)))
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "Refused", "Written"]
    assert len(await line.entries()) == 1


async def test_of_two_that_adopt_a_call_at_once_one_wins_and_the_dead_one_is_fenced_off(line: AnyLine) -> None:
    dead = Owner("w0/dead")
    await line.commit(created(owner=dead))
    adopt = [Commit((Entry(Word.ADOPTED),), call=CALL, owner=owner, before=dead) for owner in (ANNA, BORIS)]
    answers = await asyncio.gather(*(line.commit(commit) for commit in adopt))
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "Written"]
    winner = ANNA if isinstance(answers[0], Written) else BORIS
    assert list(await line.calls()) == [StoredCall(CALL, winner, b"one")]
    assert await line.commit(Commit(call=CALL, owner=dead, state=b"late")) == Refused("owner")


async def test_a_call_is_adopted_only_as_it_was_found(line: AnyLine) -> None:
    """Who was taken for dead may have written a last time."""
    await line.commit(created(state=b"\x00\xff" * 200))
    adopt = Commit((Entry(Word.ADOPTED),), call=CALL, owner=BORIS, before=ANNA, found=b"older", state=b"older")
    assert await line.commit(adopt) == Refused("state")
    assert len(await line.entries()) == 1
    assert isinstance(await line.commit(replace(adopt, found=b"\x00\xff" * 200, state=b"two")), Written)
    assert list(await line.calls()) == [StoredCall(CALL, BORIS, b"two")]
    assert await line.commit(replace(adopt, found=b"two")) == Refused("owner")


async def test_an_ended_call_is_gone_and_can_not_be_written_again(line: AnyLine) -> None:
    await line.commit(created())
    await written(line, Commit((Entry(Word.ENDED, call=CALL),), call=CALL, owner=ANNA, ends=True))
    assert list(await line.calls()) == []
    assert await line.commit(Commit(call=CALL, owner=ANNA, state=b"late")) == Refused("owner")
    assert isinstance(await line.commit(replace(created(), state=None)), Written)
    assert list(await line.calls()) == [StoredCall(CALL, ANNA, b"")]


async def test_a_thing_taken_away_comes_back_without_its_old_fields(line: AnyLine) -> None:
    await line.commit(changing({"agent:anna": {"name": "Anna", "leg": "l1"}, "queue:q": {}}))
    await line.commit(changing({"agent:anna": {"leg": "l2"}}))
    assert await things(line) == {"agent:anna": {"name": "Anna", "leg": "l2"}, "queue:q": {}}
    await line.commit(changing({"agent:anna": None, "agent:nobody": None}))
    await line.commit(changing({"agent:anna": {"leg": "l3"}}))
    assert await things(line) == {"agent:anna": {"leg": "l3"}, "queue:q": {}}


async def test_now_is_the_same_in_the_floor_in_the_entry_and_on_its_stamp(line: AnyLine) -> None:
    before = await line.now_ms()
    await line.commit(changing({"agent:anna": {"since": NOW, "name": "now"}, "agent:boris": {"since": NOW}}))
    (entry,) = await line.entries()
    stored = await things(line)
    assert entry.floor == stored
    assert stored["agent:anna"] == {"since": str(entry.at_ms), "name": "now"}
    assert stored["agent:boris"]["since"] == str(entry.at_ms)
    assert before <= entry.at_ms <= await line.now_ms()


async def test_an_operation_told_twice_is_done_once_and_answered_alike(line: AnyLine) -> None:
    first = await line.commit(created(), operation="op1")
    assert await line.commit(created(), operation="op1") == first
    refused = await line.commit(created(), operation="op2")
    assert refused == Refused("owner")
    await line.commit(Commit(call=CALL, owner=ANNA, ends=True))
    assert await line.commit(created(), operation="op2") == refused
    assert len(await line.entries()) == 1


async def test_of_fifty_offers_for_one_agent_one_is_written(line: AnyLine) -> None:
    await line.commit(changing({"agent:anna": {"activity": "IDLE"}}))
    offers = (
        changing({"agent:anna": {"activity": "RESERVED", "call": f"c{n}"}}, Check("agent:anna", "activity", "IDLE"))
        for n in range(50)
    )
    answers = await asyncio.gather(*(line.commit(offer) for offer in offers))
    assert [type(answer) for answer in answers].count(Written) == 1
    assert len(await line.entries()) == 2


async def test_a_follower_gets_what_was_written_before_and_while_it_waits_in_order(line: AnyLine) -> None:
    start = await written(line, changing({}))
    await line.commit(Commit((Entry(Word.NODE, call="a"), Entry(Word.NODE, call="b"))))
    waiting = asyncio.create_task(followed(line, start, 12))
    for n in range(10):
        await line.commit(Commit((Entry(Word.NODE, call=str(n)),)))
    entries = await waiting
    assert [entry.call for entry in entries] == ["a", "b", *map(str, range(10))]
    assert entries == list(await line.entries(after=start))


async def test_a_follower_of_an_untouched_line_waits_for_the_first_entry(line: AnyLine) -> None:
    waiting = asyncio.create_task(followed(line, "", 1))
    await asyncio.sleep(0)
    version = await written(line, changing({"queue:q": {}}))
    assert [entry.id for entry in await waiting] == [version]


async def test_a_follower_whose_entries_were_trimmed_is_told_of_the_gap(kind: Kind) -> None:
    async with kind.opened(journal_max=100) as line:
        old = await written(line, changing({}))
        following = aclosing(line.follow(old))  # type: ignore[type-var]
        async with following as entries:
            await line.commit(changing({}))
            await anext(entries)
            for _ in range(600):
                await line.commit(changing({}))
            with pytest.raises(JournalGap):
                [await anext(entries) for _ in range(601)]
        for lost in (old, "", "99999999999999-0"):
            with pytest.raises(JournalGap, match="snapshot"):
                await followed(line, lost, 1)
        kept = await line.entries()
        assert 100 <= len(kept) < 300
        assert len(await followed(line, kept[0].id, 5)) == 5


async def test_entries_are_read_from_either_end_between_bounds(line: AnyLine) -> None:
    ids = [await written(line, changing({})) for _ in range(6)]
    assert [entry.id for entry in await line.entries(limit=2)] == ids[:2]
    assert [entry.id for entry in await line.entries(after=ids[1], before=ids[4])] == ids[2:4]
    assert [entry.id for entry in await line.entries_back(limit=2)] == [ids[5], ids[4]]
    assert [entry.id for entry in await line.entries_back(before=ids[2])] == [ids[1], ids[0]]


async def test_a_lease_lives_until_it_runs_out_or_is_ended(line: AnyLine, kind: Kind) -> None:
    await line.renew_lease(ANNA, 0.05)
    await line.renew_lease(BORIS, 30)
    assert await line.living() == {ANNA, BORIS}
    await kind.pass_time(0.08)
    assert await line.living() == {BORIS}
    await line.renew_lease(ANNA, 30)
    await line.end_lease(BORIS)
    assert await line.living() == {ANNA}


async def test_a_lock_is_held_by_one_until_it_runs_out(line: AnyLine, kind: Kind) -> None:
    assert await line.try_lock("sweep", ANNA, 0.05)
    assert not await line.try_lock("sweep", ANNA, 0.05)
    assert not await line.try_lock("sweep", BORIS, 30)
    assert await line.try_lock("snapshot", BORIS, 30)
    await kind.pass_time(0.08)
    assert await line.try_lock("sweep", BORIS, 30)
    assert not await line.try_lock("sweep", ANNA, 30)


async def test_a_snapshot_entry_holds_the_whole_floor(line: AnyLine) -> None:
    await line.commit(changing({"agent:anna": {"name": "Анна", "call": ""}, "queue:q": {}, "agent:x": {"a": "b"}}))
    await line.commit(changing({"agent:x": None}))
    version = await line.write_snapshot_entry()
    await line.commit(changing({"queue:q": {"name": "Q"}}))
    snapshot, after = list(await line.entries())[-2:]
    assert (snapshot.word, snapshot.id) == (Word.SNAPSHOT, version)
    rebuilt = Floor()
    for entry in (snapshot, after):
        rebuilt.apply(entry.floor, entry.id)
    assert rebuilt.things() == await things(line)
    assert rebuilt.version == (await line.snapshot()).version


async def test_what_is_older_than_a_version_goes_but_its_floor_can_still_be_rebuilt(line: AnyLine) -> None:
    await line.commit(changing({"agent:anna": {"name": "Анна"}}))
    await line.write_snapshot_entry()
    for n in range(600):  # further back than one reading
        await line.commit(changing({"agent:anna": {"n": str(n)}}))
    snapshot = await line.write_snapshot_entry()
    kept = await written(line, changing({"agent:boris": {"name": "Борис"}}))
    newest = await line.write_snapshot_entry()
    assert await line.trim_before(kept) == 602
    assert [entry.id for entry in await line.entries()] == [snapshot, kept, newest]
    assert await line.trim_before(kept) == 0
    assert await things(line) == {"agent:anna": {"name": "Анна", "n": "599"}, "agent:boris": {"name": "Борис"}}
    assert [entry.id for entry in await followed(line, snapshot, 2)] == [kept, newest]


async def test_without_a_snapshot_before_it_nothing_is_trimmed(line: AnyLine) -> None:
    versions = [await written(line, changing({"agent:anna": {"n": str(n)}})) for n in range(3)]
    snapshot = await line.write_snapshot_entry()
    assert [await line.trim_before(version) for version in ("", "1-0", *versions, snapshot)] == [0] * 6
    assert len(await line.entries()) == 4


async def test_odd_text_comes_back_as_it_was_written(line: AnyLine) -> None:
    odd = {text: text for text in ODD}
    await line.commit(
        Commit(
            (Entry(Word.ARRIVED, call="c\n1", agent="Ан\x00на", data=odd),), {f"waiting:{text}": odd for text in odd}
        )
    )
    (entry,) = await line.entries()
    assert (entry.call, entry.agent, entry.data) == ("c\n1", "Ан\x00на", odd)
    assert entry.floor == await things(line) == {f"waiting:{text}": odd for text in odd}
    for text in odd:
        assert isinstance(await line.commit(changing({}, Check(f"waiting:{text}", text, text))), Written)


async def test_half_a_surrogate_is_replaced_instead_of_losing_the_caller(line: AnyLine) -> None:
    await line.commit(Commit((Entry(Word.ARRIVED, data={"caller": "x\ud83dy"}),), {"waiting:c": {"caller": "\udcff"}}))
    (entry,) = await line.entries()
    assert entry.data == {"caller": "x?y"}
    assert await things(line) == {"waiting:c": {"caller": "?"}}


async def test_big_states_and_many_entries_in_one_commit_are_kept(line: AnyLine) -> None:
    state = bytes(range(256)) * 8_000
    commit = created(state=state)
    many = Commit(tuple(Entry(Word.NODE, call=str(n)) for n in range(300)), call=CALL, owner=ANNA)
    assert isinstance(await line.commit(commit), Written)
    assert isinstance(await line.commit(many), Written)
    assert list(await line.calls()) == [StoredCall(CALL, ANNA, state)]
    assert [entry.call for entry in await line.entries(limit=1000)][1:] == [str(n) for n in range(300)]


@pytest.mark.parametrize(
    "commit",
    [
        Commit(floor={"agent:anna": {}}),
        Commit(owner=ANNA),
        Commit(state=b"x"),
        Commit(ends=True),
        Commit(before=Owner("")),
        Commit(call=CALL, state=b"x"),
    ],
    ids=["floor without entry", "owner", "state", "end", "adoption", "nobody's call"],
)
async def test_a_commit_that_contradicts_itself_is_a_mistake_of_ours(line: AnyLine, commit: Commit) -> None:
    with pytest.raises(ValueError, match=r"commit|floor change"):
        await line.commit(commit)
    assert list(await line.entries()) == []


async def test_health_tells_memory_journal_and_version(line: AnyLine) -> None:
    version = await written(line, changing({}))
    health = await line.health()
    assert (health["journal_entries"], health["version"], health["trims"]) == ("1", version, "0")
    assert health["memory_used"].isdigit()
    assert health["memory_bound"].isdigit()
    assert set(health) == {*HEALTH, "version", "journal_entries"}


NAMES = st.sampled_from(["agent:anna", "agent:boris", "queue:q", "waiting:c1", 'waiting:ц"\\\n'])
TEXTS = st.one_of(st.sampled_from([NOW, *ODD]), st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
FIELDS = st.fixed_dictionaries(
    {}, optional={"name": TEXTS, "": TEXTS, "1": TEXTS, "since": st.sampled_from([NOW, "", "7"])}
)
CHANGES = st.dictionaries(NAMES, st.one_of(st.none(), FIELDS), max_size=3)
CHECKS = st.lists(st.builds(Check, NAMES, st.just("name"), st.sampled_from(["", "Анна Петрова"])), max_size=1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commits=st.lists(st.tuples(CHANGES, CHECKS, CHECKS, st.booleans()), min_size=1, max_size=12))
async def test_a_replica_folded_from_the_journal_is_the_floor(
    kind: Kind, commits: list[tuple[FloorChange, list[Check], list[Check], bool]]
) -> None:
    async with kind.opened() as line:
        replica, counts = Floor(), itertools.count()
        for change, checks, only_if, with_snapshot in commits:
            if isinstance(await line.commit(replace(changing(change, *checks), only_if=tuple(only_if))), Written):
                next(counts)
            if with_snapshot:
                await line.write_snapshot_entry()
                next(counts)
        for entry in await followed(line, "", next(counts)):
            _fold(replica, entry)
        snapshot = await line.snapshot()
        assert (replica.things(), replica.version) == (snapshot.things, snapshot.version)


def _fold(replica: Floor, entry: Entry) -> None:
    if entry.word is Word.SNAPSHOT:
        replica.replace({thing: fields or {} for thing, fields in entry.floor.items()}, entry.id)
    else:
        replica.apply(entry.floor, entry.id)


async def test_documents_are_kept_under_their_names_until_taken_away(line: AnyLine) -> None:
    assert await line.shelved("tree/payments/a1") is None
    await line.shelve("tree/payments/b2", "два".encode())
    await line.shelve("tree/payments/a1", b"\x00\xff")
    assert await line.shelf() == ["tree/payments/a1", "tree/payments/b2"]
    assert await line.shelved("tree/payments/a1") == b"\x00\xff"
    await line.shelve("tree/payments/a1", b"new")
    assert await line.shelved("tree/payments/a1") == b"new"
    await line.unshelve("tree/payments/a1")
    await line.unshelve("never there")
    assert await line.shelf() == ["tree/payments/b2"]
