"""FastAGI's server: many calls at once, no more than allowed, nobody left behind when it ends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from asterisk.agi import AGIHangup

from callrouter.asterisk.agi import Agi
from callrouter.asterisk.agi_server import AgiServer
from callrouter.errors import SetupError


@contextmanager
def serving(serve: Callable[[Agi], None], at_once: int = 100) -> Iterator[AgiServer]:
    server = AgiServer(serve, host="127.0.0.1", port=0, at_once=at_once)
    server.start()
    try:
        yield server
    finally:
        server.stop(0)


def call(server: AgiServer) -> socket.socket:
    connection = socket.create_connection(server.address, timeout=5)
    connection.sendall(b"agi_network_script: x\n\n")
    return connection


def until(question: Callable[[], bool]) -> None:
    for _ in range(500):
        if question():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass within 5 s")


def refuses(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_calls_are_served_at_the_same_time_each_in_a_thread_of_its_own() -> None:
    together = threading.Barrier(51, timeout=10)

    def serve(agi: Agi) -> None:
        together.wait()
        agi.noop()

    with serving(serve) as server:
        callers = [call(server) for _ in range(50)]
        together.wait()  # passes only if all fifty are there at once
        for caller in callers:
            assert caller.recv(100) == b"NOOP\n"
            caller.sendall(b"200 result=0\n")
            assert caller.recv(100) == b""
            caller.close()
        until(lambda: server.calls == 0)


def test_one_too_many_is_let_go_at_once_and_the_others_stay() -> None:
    go_on = threading.Event()

    def serve(_: Agi) -> None:
        go_on.wait(5)

    with serving(serve, at_once=2) as server:
        first, second = call(server), call(server)
        until(lambda: server.calls == 2)
        with socket.create_connection(server.address, timeout=5) as third:
            assert third.recv(100) == b"", "the dialplan goes on to its fallback"
        assert server.calls == 2
        go_on.set()
        for caller in (first, second):
            assert caller.recv(100) == b""
            caller.close()
        until(lambda: server.calls == 0)
        with call(server) as fourth:  # there is room again
            assert fourth.recv(100) == b""


def test_probes_and_noise_harm_nobody() -> None:
    served: list[str] = []
    with serving(lambda agi: served.append(agi.env["agi_network_script"])) as server:
        socket.create_connection(server.address).close()
        with socket.create_connection(server.address) as noise:
            noise.sendall(b"GET / HTTP/1.1\r\n\xff\xfe\0")
        with call(server) as caller:
            assert caller.recv(100) == b""
        until(lambda: server.calls == 0)
    assert served[-1] == "x"


def test_a_call_that_breaks_does_not_break_the_next() -> None:
    def serve(_: Agi) -> None:
        raise ZeroDivisionError

    with serving(serve) as server:
        for _ in range(3):
            with call(server) as caller:
                assert caller.recv(100) == b""


def test_the_end_waits_for_calls_under_way_and_lets_nobody_new_in() -> None:
    ended: list[str] = []

    def serve(agi: Agi) -> None:
        agi.noop()
        ended.append("in order")

    with serving(serve) as server:
        caller = call(server)
        assert caller.recv(100) == b"NOOP\n"
        ending = threading.Thread(target=server.stop, args=(5.0,))
        ending.start()
        until(lambda: refuses(caller.getpeername()))
        caller.sendall(b"200 result=0\n")
        ending.join(5)
        assert ended == ["in order"]
        caller.close()


def test_who_does_not_end_in_time_is_cut_off() -> None:
    cut: list[bool] = []

    def serve(agi: Agi) -> None:
        try:
            agi.wait_for_digit(60_000)
        except AGIHangup:
            cut.append(True)

    with serving(serve) as server, call(server) as caller:
        assert caller.recv(100) == b"WAIT FOR DIGIT 60000\n"
        server.stop(0.05)
        assert cut == [True]
        assert server.calls == 0


def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    with serving(lambda _: None) as server, pytest.raises(SetupError, match="choose another with --host and --port"):
        AgiServer(lambda _: None, host="127.0.0.1", port=server.address[1], at_once=1)
