"""AMI over pyst2: every trap of it met on purpose, against a manager that misbehaves as told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from callrouter.asterisk.ami import Ami, AmiAccess
from callrouter.errors import CommandRefused, LegGone, SwitchDown

Action = dict[str, str]
Answer = Callable[["FakeManager", Action, asyncio.StreamWriter], Awaitable[None]]


def reply(action: Action, response: str = "Success", **headers: str) -> bytes:
    lines = {"Response": response, "ActionID": action["ActionID"], **headers}
    return "".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n"


async def good(manager: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(action, Echo=action.get("Channel", "")))


class FakeManager:
    """Asterisk's side of the socket. `answer` decides what comes back to anything but a login."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.raw = b""
        self.connections = 0
        self.answer: Answer = good
        self.password = "secret"
        self.greets = True
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.greets:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while raw := await reader.readuntil(b"\r\n\r\n"):
                self.raw += raw
                action = dict(line.split(": ", 1) for line in raw.decode().strip().split("\r\n"))
                self.actions.append(action)
                if action["Action"] == "Login":
                    ok = action["Secret"] == self.password
                    writer.write(reply(action, "Success" if ok else "Error", Message="as told"))
                else:
                    await self.answer(self, action, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


@pytest.fixture
async def manager() -> AsyncIterator[FakeManager]:
    fake = FakeManager()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def ami(manager: FakeManager) -> AsyncIterator[Ami]:
    client = Ami(AmiAccess("127.0.0.1", manager.port, "callrouter", "secret"), deadline_s=0.3, retry_after_s=0.0)
    yield client
    await client.close()


async def test_an_action_brings_its_answer_and_events_are_switched_off(manager: FakeManager, ami: Ami) -> None:
    assert (await ami.action("Ping", Channel="c1"))["Echo"] == "c1"
    assert manager.actions[0]["Events"] == "off"


async def test_each_of_many_at_once_gets_its_own_answer(manager: FakeManager, ami: Ami) -> None:
    answers = await asyncio.gather(*(ami.action("Ping", Channel=f"c{n}") for n in range(50)))
    assert [answer["Echo"] for answer in answers] == [f"c{n}" for n in range(50)]
    assert manager.connections == 1


async def test_silence_ends_at_the_deadline_and_the_next_action_goes_over_a_new_connection(
    manager: FakeManager, ami: Ami
) -> None:
    async def silent(_: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
        manager.answer = good

    manager.answer = silent
    with pytest.raises(SwitchDown, match="did not answer Ping within"):
        await ami.action("Ping", Channel="lost")
    assert (await ami.action("Ping", Channel="next"))["Echo"] == "next"
    assert manager.connections == 2


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_ones(manager: FakeManager, ami: Ami) -> None:
    async def late(_: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
        manager.answer = good
        await asyncio.sleep(0.35)
        writer.write(reply(action, Echo="late"))

    manager.answer = late
    with pytest.raises(SwitchDown):
        await ami.action("Ping", Channel="lost")
    assert (await ami.action("Ping", Channel="next"))["Echo"] == "next"


async def test_another_actions_answer_is_not_believed(manager: FakeManager, ami: Ami) -> None:
    async def wrong(_: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
        writer.write(reply({**action, "ActionID": "somebody-elses"}))

    manager.answer = wrong
    with pytest.raises(SwitchDown, match="something else"):
        await ami.action("Ping")


async def test_a_connection_cut_in_the_middle_is_told_and_made_again(manager: FakeManager, ami: Ami) -> None:
    async def cut(_: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
        manager.answer = good
        writer.write(b"Response: Succ")
        writer.close()

    await ami.action("Ping")
    manager.answer = cut
    with pytest.raises(SwitchDown):
        await ami.action("Ping")
    await ami.action("Ping")


# the reader's thread dies of it, aloud: that is pyst2's, and the reason for the deadline
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_an_event_that_kills_pyst2s_reader_costs_one_action_only(manager: FakeManager, ami: Ami) -> None:
    async def event(_: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
        manager.answer = good
        writer.write(b"Event: Newchannel\r\nChanVariable: A=b\r\n\r\n" + reply(action))

    manager.answer = event
    with pytest.raises(SwitchDown):
        await ami.action("Ping")
    assert (await ami.action("Ping", Channel="next"))["Echo"] == "next"


async def test_a_manager_that_does_not_even_greet_is_given_up_at_the_deadline(manager: FakeManager, ami: Ami) -> None:
    manager.greets = False
    with pytest.raises(SwitchDown, match="did not answer"):
        await ami.action("Ping")
    manager.greets = True
    await ami.action("Ping")


async def test_nobody_there_is_told_at_once_and_found_again_later(manager: FakeManager, ami: Ami) -> None:
    await manager.stop()
    with pytest.raises(SwitchDown, match="cannot be reached"):
        await ami.action("Ping")
    await manager.start()
    await ami.action("Ping")


async def test_a_wrong_password_is_told_without_the_password(manager: FakeManager, ami: Ami) -> None:
    manager.password = "another"
    with pytest.raises(SwitchDown, match="does not let 'callrouter' in") as told:
        await ami.action("Ping")
    assert "secret" not in str(told.value)
    assert "secret" not in repr(AmiAccess("127.0.0.1", 1, "callrouter", "secret"))


@pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\r\nAction: Originate"])
async def test_line_breaks_in_a_value_never_reach_the_wire(manager: FakeManager, ami: Ami, sign: str) -> None:
    with pytest.raises(CommandRefused, match="line break"):
        await ami.action("MixMonitor", Channel=f"c1{sign}")
    await ami.action("Ping")
    assert b"MixMonitor" not in manager.raw


@pytest.mark.parametrize(("message", "error"), [("No such channel", LegGone), ("Permission denied", CommandRefused)])
async def test_a_refusal_is_gone_or_refused(
    manager: FakeManager, ami: Ami, message: str, error: type[Exception]
) -> None:
    async def refuse(_: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(action, "Error", Message=message))

    manager.answer = refuse
    with pytest.raises(error, match=message):
        await ami.action("MixMonitor")


def ours() -> set[threading.Thread]:
    """Every thread but those that asyncio keeps for to_thread."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}


async def test_no_thread_is_left_behind_however_often_the_connection_broke(manager: FakeManager, ami: Ami) -> None:
    async def cut(_: FakeManager, action: Action, writer: asyncio.StreamWriter) -> None:
        writer.close()

    before = ours()
    manager.answer = cut
    for _ in range(5):
        with pytest.raises(SwitchDown):
            await ami.action("Ping")
    await ami.close()
    for _ in range(100):
        if ours() <= before:
            break
        await asyncio.sleep(0.01)
    assert ours() <= before
