"""FastAGI's server: a thread for each call, so many at once and no more, in a process of its own.

Threads, because AGI is one blocking command after another (300 calls at once cost a thread each and little else).
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import structlog
from asterisk.agi import AGIError

from callrouter.asterisk.agi import Agi
from callrouter.errors import SetupError

log = structlog.get_logger(__name__)

BACKLOG = 512
"""Connections that wait to be taken: a burst of calls comes with one connection each."""
KEEPALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))
"""An Asterisk that has died without a word is noticed after a minute."""


class AgiServer:
    """Listens from the beginning; serves between `start` and `stop`."""

    def __init__(self, serve: Callable[[Agi], None], *, host: str, port: int, at_once: int) -> None:
        self._serve, self._at_once = serve, at_once
        self._calls: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._socket = _listening(host, port)
        self._door = threading.Thread(target=self._let_in, name="agi door", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    @property
    def calls(self) -> int:
        """So many are being served."""
        with self._lock:
            return len(self._calls)

    def start(self) -> None:
        self._door.start()

    def stop(self, grace_s: float = 20.0) -> None:
        """No new calls; those under way may end by themselves for a while, then the dialplan's fallback takes them."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the door
        self._door.join()
        self._socket.close()
        deadline = time.monotonic() + grace_s
        for thread in self._threads():
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            left = list(self._calls.items())
            for _, connection in left:
                _shut(connection)
        if left:
            log.warning("agi_calls_cut", calls=len(left))
        for thread, _ in left:
            thread.join()

    def _threads(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._calls)

    def _let_in(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError as error:
                if self._stopping.is_set():
                    return
                log.error("agi_accept_failed", why=str(error))  # out of file descriptors: some will come back
                time.sleep(0.1)
                continue
            self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        thread = threading.Thread(target=self._run, args=(connection,), name="agi call", daemon=True)
        with self._lock:
            is_full = len(self._calls) >= self._at_once
            if not is_full:
                self._calls[thread] = connection
        if is_full:  # the dialplan goes on at once, to its fallback: better than a caller in silence
            log.warning("agi_full", at_once=self._at_once)
            connection.close()
            return
        try:
            thread.start()
        except RuntimeError as error:  # the system gives us no more threads
            log.error("agi_no_thread", why=str(error))
            self._forget(thread)
            connection.close()

    def _run(self, connection: socket.socket) -> None:
        try:
            _prepare(connection)
            agi = Agi(connection)
            try:
                self._serve(agi)
            finally:
                agi.close()
        except (AGIError, OSError) as error:
            log.info("agi_no_call", why=str(error))
        except Exception:
            log.exception("agi_thread_crashed")
        finally:
            connection.close()
            self._forget(threading.current_thread())

    def _forget(self, thread: threading.Thread) -> None:
        with self._lock:
            self._calls.pop(thread, None)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        words = f"nobody can be listened to on {host}:{port} ({error.strerror})"
        raise SetupError(f"{words}; choose another with --host and --port") from error


def _prepare(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:  # it has gone in this very moment
        log.debug("agi_gone_already", why=str(error))
