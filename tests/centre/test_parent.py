"""The parent with real child processes: it restarts whichever dies, and nothing else; it leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from callrouter.centre.parent import Backoff, Child, ChildNews, NotReady, Parent
from callrouter.errors import SetupError

QUICK = Backoff(first_s=0.01, most_s=0.05, stable_s=60)
SLEEPS = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def python(program: str) -> Callable[[], tuple[str, ...]]:
    return lambda: (sys.executable, "-c", program)


def a_parent(folder: Path, *children: Child) -> tuple[Parent, list[ChildNews]]:
    news: list[ChildNews] = []
    return Parent(children, folder, tell=news.append, backoff=QUICK, dice=random.Random(1)), news


def words(news: list[ChildNews], child: str) -> list[str]:
    return [one.what for one in news if one.child == child]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """A zombie waiting for whoever adopted it counts as dead."""
    try:
        return " Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except FileNotFoundError:
        return False


async def test_a_killed_child_is_restarted_and_its_neighbour_does_not_notice(tmp_path: Path) -> None:
    parent, news = a_parent(tmp_path, Child("one", python(SLEEPS)), Child("two", python(SLEEPS)))
    await parent.start()
    first, neighbour = parent.pid("one"), parent.pid("two")
    assert first
    os.kill(first, signal.SIGKILL)
    await until(lambda: words(news, "one").count("ready") == 2)
    assert parent.pid("one") not in (None, first)
    assert parent.pid("two") == neighbour
    assert ChildNews("one", "died", "signal SIGKILL") in news
    await parent.stop()


async def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    parent, news = a_parent(tmp_path, *(Child(name, python(SLEEPS)) for name in ("redis", "asterisk", "w1")))
    await parent.start()
    await parent.stop()
    assert [one.child for one in news if one.what == "stopped"] == ["w1", "asterisk", "redis"]
    assert all(parent.pid(name) is None for name in ("redis", "asterisk", "w1"))


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    async def is_up() -> None:
        if not (tmp_path / "one.log").read_text():
            raise NotReady("silent")

    parent, news = a_parent(tmp_path, Child("one", python(STUBBORN), ready=is_up, stop_s=0.1))
    await parent.start()
    await parent.stop()
    assert words(news, "one")[-2:] == ["killed", "stopped"]


async def test_the_next_child_starts_only_when_the_one_before_is_ready(tmp_path: Path) -> None:
    asked = 0

    async def on_the_third_time() -> None:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise NotReady("still loading")

    parent, news = a_parent(
        tmp_path, Child("one", python(SLEEPS), ready=on_the_third_time), Child("two", python(SLEEPS))
    )
    await parent.start()
    assert [(one.child, one.what) for one in news] == [
        ("one", "started"),
        ("one", "ready"),
        ("two", "started"),
        ("two", "ready"),
    ]
    await parent.stop()


async def test_a_child_that_ends_at_once_stops_the_start_with_its_last_words(tmp_path: Path) -> None:
    async def never() -> None:
        raise NotReady("no answer")

    fails = python("import sys; print('port is taken'); sys.exit(3)")
    parent, news = a_parent(tmp_path, Child("one", python(SLEEPS)), Child("two", fails, ready=never))
    with pytest.raises(SetupError, match=r"two ended at once \(exit code 3\)\n  port is taken"):
        await parent.start()
    assert words(news, "one")[-1] == "stopped"


async def test_a_child_that_never_gets_ready_is_ended_and_the_error_says_why(tmp_path: Path) -> None:
    async def never() -> None:
        raise NotReady("loading its data")

    parent, _ = a_parent(tmp_path, Child("one", python(SLEEPS), ready=never, ready_s=0.3))
    with pytest.raises(SetupError, match=r"not ready after 0\.3 s: loading its data"):
        await parent.start()
    assert parent.pid("one") is None


async def test_a_restart_that_fails_is_tried_again_until_it_works(tmp_path: Path) -> None:
    obstacles = iter([None, SetupError("port taken"), SetupError("port taken"), None])

    def prepare() -> None:
        if (error := next(obstacles)) is not None:
            raise error

    parent, news = a_parent(tmp_path, Child("one", python(SLEEPS), prepare=prepare))
    await parent.start()
    pid = parent.pid("one")
    assert pid
    os.kill(pid, signal.SIGKILL)
    await until(lambda: words(news, "one").count("ready") == 2)
    assert words(news, "one").count("failed") == 2
    await parent.stop()


A_PARENT = """
import asyncio, sys
from pathlib import Path
from callrouter.centre.parent import Child, Parent
async def main():
    parent = Parent([Child("one", lambda: (sys.executable, "-c", sys.argv[2]))], Path(sys.argv[1]))
    await parent.start()
    print(parent.pid("one"), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
SLOW_TO_END = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), exit())); time.sleep(60)"


async def killed_parent(folder: Path, program: str) -> int:
    """The child of a parent that is no more."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", A_PARENT, str(folder), program), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    child = int(await parent.stdout.readline())
    assert is_alive(child)
    await asyncio.sleep(0.2)  # the child has set up its handler
    parent.kill()
    await parent.wait()
    return child


async def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    child = await killed_parent(tmp_path, SLEEPS)
    await until(lambda: not is_alive(child))


async def test_a_new_parent_waits_until_the_old_ones_children_have_ended(tmp_path: Path) -> None:
    old = await killed_parent(tmp_path, SLOW_TO_END)
    parent, news = a_parent(tmp_path, Child("one", python(SLEEPS)))
    assert is_alive(old)
    await parent.start()
    assert not is_alive(old)
    assert words(news, "one") == ["started", "ready"]
    await parent.stop()


async def test_a_child_of_old_that_does_not_end_is_named_with_what_to_do(tmp_path: Path) -> None:
    old = await killed_parent(tmp_path, STUBBORN)
    parent, _ = a_parent(tmp_path, Child("one", python(SLEEPS), ready_s=0.3))
    with pytest.raises(SetupError, match=f"still running: run `kill {old}`"):
        await parent.start()
    os.kill(old, signal.SIGKILL)


async def test_a_child_can_be_added_while_the_others_run(tmp_path: Path) -> None:
    parent, _ = a_parent(tmp_path, Child("w1", python(SLEEPS)))
    await parent.start()
    await parent.add(Child("w2", python(SLEEPS)))
    assert parent.pid("w2")
    with pytest.raises(ValueError, match="already a child named w1"):
        await parent.add(Child("w1", python(SLEEPS)))
    await parent.stop()


async def test_a_childs_words_go_to_its_log_which_is_bounded(tmp_path: Path) -> None:
    talks = python("import time\nfor n in range(1000): print(f'line {n}', flush=True)\ntime.sleep(60)")
    parent, _ = a_parent(tmp_path, Child("one", talks, environment={"PYTHONUNBUFFERED": "1"}))
    await parent.start()
    log = tmp_path / "one.log"
    await until(lambda: "line 999" in log.read_text())
    parent.trim_logs(bound=100)
    assert log.read_text() == ""
    assert (tmp_path / "one.log.1").read_text().endswith("line 999\n")
    assert len((tmp_path / "one.log.1").read_text()) == 100
    await parent.stop()


def test_waiting_doubles_up_to_a_bound_and_varies() -> None:
    backoff, dice = Backoff(first_s=0.5, most_s=30), random.Random(7)
    waits = [backoff.wait_s(failures, dice) for failures in range(12)]
    for failures, wait in enumerate(waits):
        longest = min(30, 0.5 * 2**failures)
        assert longest / 2 <= wait <= longest
    assert len(set(waits)) == len(waits)


async def test_a_stable_run_forgets_earlier_failures(tmp_path: Path) -> None:
    failures: list[int] = []
    now = 0.0

    class Watched(Backoff):
        def wait_s(self, failures_now: int, dice: random.Random) -> float:
            failures.append(failures_now)
            return 0.0

    parent = Parent([Child("one", python(SLEEPS))], tmp_path, backoff=Watched(stable_s=60), clock=lambda: now)
    await parent.start()
    for ran_s in (5, 5, 100):
        pid = parent.pid("one")
        assert pid
        await asyncio.sleep(0)  # the parent begins to watch it
        now += ran_s
        os.kill(pid, signal.SIGKILL)
        await until(lambda dead=pid: parent.pid("one") not in (None, dead))  # type: ignore[misc]
        await parent.wait_ready("one")
    assert failures == [0, 1, 0]
    await parent.stop()
