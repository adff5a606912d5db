"""Asterisk's manager interface for the few actions ARI does not have, over pyst2's Manager with its traps closed.

pyst2 0.5.1 waits for ever for an answer, ignores ActionIDs, cannot connect twice and lets CR and LF through. So: one
thread sends one action at a time, a deadline breaks the connection, each connection is a new Manager, events are off.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from asterisk.manager import Manager, ManagerException

from callrouter.errors import CommandRefused, LegGone, SwitchDown

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AmiAccess:
    """Where AMI is and who we are to it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


class Link(Manager):  # type: ignore[misc]  # pyst2 has no types
    """One connection, from greeting to end; never used again."""

    raw: socket.socket | None = None

    def connect(self, host: str, port: int = 5038, timeout_s: float = 3.0) -> object:
        """As pyst2's, but connecting takes no longer than that, and the socket can be shut down from outside."""
        self.raw = socket.create_connection((host, port), timeout_s)
        self.raw.settimeout(None)
        self._sock = self.raw.makefile(mode="rwb", buffering=0)
        self._connected.set()
        self._running.set()
        self.message_thread.start()
        self.event_dispatch_thread.start()
        greeting = self._response_queue.get()
        if not greeting:
            raise ManagerException("no greeting")
        return greeting

    def break_off(self) -> None:
        """End it now, from any thread: whoever waits for an answer gets none."""
        self._connected.clear()
        self._running.clear()
        if self.raw is not None:
            with suppress(OSError):  # already closed by the other side
                self.raw.shutdown(socket.SHUT_RDWR)
            self.raw.close()
        self._message_queue.put(None)
        self._event_queue.put(None)
        self._response_queue.put(None)

    def __del__(self) -> None:
        """pyst2 logs off here, from whatever thread collects the garbage, and waits for the answer."""


@dataclass(slots=True)
class _Task:
    action: dict[str, str]
    answer: asyncio.Future[Mapping[str, str]]
    loop: asyncio.AbstractEventLoop
    expires: float

    def succeed(self, headers: Mapping[str, str]) -> None:
        self.loop.call_soon_threadsafe(lambda: None if self.answer.done() else self.answer.set_result(headers))

    def fail(self, error: Exception) -> None:
        self.loop.call_soon_threadsafe(lambda: None if self.answer.done() else self.answer.set_exception(error))


class Ami:
    """Actions one after another on a thread of its own, connecting when needed."""

    def __init__(
        self,
        access: AmiAccess,
        *,
        deadline_s: float = 3.0,
        retry_after_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access = access
        self._deadline_s = deadline_s
        self._retry_after_s = retry_after_s
        self._clock = clock
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._link: Link | None = None
        self._not_before = 0.0
        self._thread: threading.Thread | None = None

    async def action(self, name: str, **values: str) -> Mapping[str, str]:
        """The answer's headers. Raises LegGone (no such channel), CommandRefused, SwitchDown."""
        for key, value in values.items():
            if any(sign in value for sign in "\r\n\0"):
                raise CommandRefused(f"AMI {name}: a line break in {key} would be a second command")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ami", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        task = _Task({"Action": name, **values}, loop.create_future(), loop, self._clock() + self._deadline_s)
        self._tasks.put(task)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await task.answer
        except TimeoutError as error:
            # an answer that comes now would be taken for the next action's: this connection is of no more use
            self._break_link()
            raise SwitchDown(f"AMI did not answer {name} within {self._deadline_s:g} s") from error

    async def close(self) -> None:
        if self._thread is not None:
            self._tasks.put(None)
            self._break_link()
            await asyncio.to_thread(self._thread.join, 2.0)
            self._thread = None

    # --- on the thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if task.answer.cancelled() or self._clock() > task.expires:
                continue  # nobody waits for it any more
            try:
                task.succeed(self._send(task.action))
            except (CommandRefused, LegGone, SwitchDown) as error:
                task.fail(error)
        self._break_link()

    def _send(self, action: dict[str, str]) -> Mapping[str, str]:
        link = self._link or self._open()
        number = secrets.token_hex(8)
        try:
            answer = link.send_action({**action, "ActionID": number})
        except (ManagerException, OSError, ValueError) as error:
            self._break_link()
            raise SwitchDown(f"AMI connection lost during {action['Action']}: {error}") from error
        headers: dict[str, str] = dict(answer.headers)
        if headers.get("ActionID") != number:
            self._break_link()
            raise SwitchDown(f"AMI answered something else than {action['Action']}")
        return _good(action["Action"], headers)

    def _open(self) -> Link:
        if self._clock() < self._not_before:
            raise SwitchDown("AMI is down; it will be tried again in a moment")
        link = self._link = Link()
        try:
            link.connect(self._access.host, self._access.port, self._deadline_s)
            answer = link.send_action(
                {"Action": "Login", "Username": self._access.user, "Secret": self._access.password, "Events": "off"}
            )
        except (ManagerException, OSError, ValueError) as error:
            self._fail_for_a_while()
            raise SwitchDown(f"AMI cannot be reached at {self._access.host}:{self._access.port}: {error}") from error
        if answer.get_header("Response") != "Success":
            self._fail_for_a_while()
            raise SwitchDown(f"AMI does not let {self._access.user!r} in: {answer.get_header('Message')}")
        log.info("ami_up")
        return link

    def _fail_for_a_while(self) -> None:
        self._break_link()
        self._not_before = self._clock() + self._retry_after_s

    def _break_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.break_off()


def _good(name: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    if headers.get("Response") == "Error":
        message = headers.get("Message", "")
        if "no such channel" in message.lower() or "channel not found" in message.lower():
            raise LegGone(f"AMI {name}: {message}")
        raise CommandRefused(f"AMI refused {name}: {message}")
    return headers
