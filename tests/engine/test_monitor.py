"""The pulse: admission shuts and opens, what cannot be is repaired once it was seen twice, the floor is journalled."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from callrouter.acd import activity
from callrouter.acd.floor import Activity
from callrouter.config import Limits, Sip
from callrouter.engine.monitor import ADMISSION_S, PULSE_S, REPAIR_S, SNAPSHOT_S, TIDY_S
from callrouter.engine.ports import Commit
from callrouter.journal import Entry, FloorChange, Word
from tests.engine.centre import Centre

GHOST = "c0000000000000000000000000x"


async def change_floor(centre: Centre, floor: FloorChange) -> None:
    """As a mistake somewhere would."""
    await centre.line.commit(Commit((Entry(Word.CONFIG),), floor))


@pytest.mark.parametrize(
    "held", [activity.reserved(GHOST, f"{GHOST}-a1"), {**activity.reserved(GHOST, "x"), "activity": Activity.TALKING}]
)
async def test_an_agent_held_by_a_call_that_does_not_exist_is_freed_at_the_second_look(
    centre: Centre, held: Mapping[str, str]
) -> None:
    await centre.start()
    await centre.ready("anna")
    await change_floor(centre, {"agent:anna": held})
    await centre.pass_time(REPAIR_S - 1)
    assert centre.activity("anna") is held["activity"]
    await centre.pass_time(REPAIR_S + 1)
    assert centre.activity("anna") is Activity.IDLE
    assert [(entry.agent, entry.data["what"]) for entry in centre.entries(Word.REPAIRED)] == [
        ("anna", f"{held['activity']} without a call")
    ]
    await centre.caller("1")
    assert centre.rings("anna")


async def test_a_waiting_call_that_does_not_exist_is_taken_out_of_the_line_at_the_second_look(centre: Centre) -> None:
    await centre.start()
    ghost = {"queue": "payers", "priority": "9", "since": "1", "offer": "", "owner": "w9/x", "caller": ""}
    await change_floor(centre, {f"waiting:{GHOST}": ghost})
    await centre.pass_time(REPAIR_S - 1)
    assert GHOST in centre.floor.waiting
    await centre.pass_time(REPAIR_S + 1)
    assert GHOST not in centre.floor.waiting
    assert [entry.data["what"] for entry in centre.entries(Word.REPAIRED)] == ["waiting without a call"]


async def test_what_is_in_order_is_never_repaired(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.ready("anna", "boris")
    await centre.talking("anna")
    await centre.caller("1")
    await centre.caller("1")
    await centre.pass_time(50)
    assert centre.entries(Word.REPAIRED) == []


async def test_a_wrong_that_changes_between_two_looks_is_left_alone(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    for number in range(6):
        await change_floor(centre, {"agent:anna": activity.reserved(f"{GHOST}{number}", "x")})
        await centre.pass_time(REPAIR_S)
    assert centre.entries(Word.REPAIRED) == []
    await change_floor(centre, {"agent:anna": activity.idle()})


async def test_the_doors_shut_with_the_store_and_open_with_it(centre: Centre) -> None:
    running = await centre.start()
    centre.line.down = True
    await centre.pass_time(PULSE_S + 0.1)
    assert not running.switch.takes_calls()
    lost = centre.exchange.call_in()
    assert centre.exchange.fallback == [lost]
    centre.line.down = False
    await centre.pass_time(PULSE_S + 0.1)
    assert running.switch.takes_calls()
    caller = await centre.caller("1")
    assert centre.call_of(caller)


async def test_a_worker_that_is_full_leaves_callers_to_the_next_and_takes_them_again(centre: Centre) -> None:
    centre = Centre(limits=Limits(calls=2, free_disk_mb=1, free_files=10))
    await centre.start("w1")
    await centre.start("w2")
    callers = [await centre.caller() for _ in range(5)]
    owners = [centre.owner_of(caller)[:2] for caller in callers[:4]]
    assert owners == ["w1", "w1", "w2", "w2"]
    assert centre.exchange.fallback == callers[4:]
    await centre.hangs_up(callers[0])
    assert centre.owner_of(await centre.caller()).startswith("w1/")
    centre.check_books()


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(calls=9, free_disk_mb=10**9, free_files=10), "MB"),
        (Limits(calls=9, free_disk_mb=1, free_files=10**7), "file descriptors"),
    ],
)
async def test_no_caller_is_taken_without_disk_or_files(
    limits: Limits, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    centre = Centre(limits=limits)
    running = await centre.start()
    assert not running.switch.takes_calls()
    assert word in capsys.readouterr().out


async def test_the_sound_ports_are_shared_among_the_living_workers(centre: Centre) -> None:
    centre = Centre(sip=Sip(rtp_first=16000, rtp_last=16015))
    await centre.start("w1")
    assert centre.workers["w1"].worker.admission.may_enter(3)
    assert not centre.workers["w1"].worker.admission.may_enter(4)
    await centre.start("w2")
    await centre.pass_time(ADMISSION_S + PULSE_S)
    assert centre.workers["w1"].worker.admission.may_enter(1)
    assert not centre.workers["w1"].worker.admission.may_enter(2)


async def test_one_of_the_workers_journals_the_whole_floor_now_and_then(centre: Centre) -> None:
    await centre.start("w1")
    await centre.start("w2")
    await centre.pass_time(3 * SNAPSHOT_S)
    assert 3 <= len(centre.entries(Word.SNAPSHOT)) <= 4


async def test_a_chore_that_breaks_is_told_and_done_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = await centre.start()
    looks: list[int] = []

    def broken(workers: int) -> None:
        looks.append(workers)
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr(running.worker.admission, "look", broken)
    await centre.pass_time(3 * ADMISSION_S)
    assert len(looks) == 3
    assert "chore_crashed" in capsys.readouterr().out
    assert await centre.line.living() == {running.worker.owner}


async def test_a_store_that_is_nearly_full_raises_the_alarm_once_for_all_workers(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    await centre.start("w1")
    await centre.start("w2")

    async def nearly_full() -> Mapping[str, str]:
        return {"memory_used": "81", "memory_bound": "100"}

    monkeypatch.setattr(centre.line, "health", nearly_full)
    with capture_logs() as told:
        await centre.pass_time(TIDY_S * 2)
    alarms = [one for one in told if one["event"] == "store_nearly_full"]
    assert 1 <= len(alarms) <= 3
    assert (alarms[0]["log_level"], alarms[0]["used"]) == ("error", "81")


async def test_a_roster_that_the_store_has_lost_is_brought_back_with_the_phones_that_answer(centre: Centre) -> None:
    await centre.start()
    await centre.ready("anna")
    await change_floor(centre, dict.fromkeys(centre.floor.things()))
    await centre.pass_time(TIDY_S * 2)
    anna = centre.floor.agents["anna"]
    assert (anna.reachable, anna.presence) == (True, "LOGGED_OUT")
    assert set(centre.floor.queues) == {"payers", "merchants"}
    assert not centre.floor.agents["boris"].reachable
