"""HTTP as ARI speaks it: whole answers from whatever pieces they come in, connections used again, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from callrouter.asterisk.http import Answer, HttpLost, HttpPool, Reading

GOOD = b"HTTP/1.1 200 OK\r\nServer: Asterisk\r\ncontent-length: 5\r\n\r\nhello"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (GOOD, Answer(200, b"hello")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, b"")),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", Answer(404, b"{}")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n",
            Answer(200, b"hello0123456789"),
        ),
    ],
)
def test_an_answer_is_whole_when_its_last_byte_has_come(sent: bytes, answer: Answer) -> None:
    reading = Reading()
    for length in range(len(sent)):
        assert reading.read(sent[:length]) is None
    assert reading.read(sent) == answer


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    sent = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"
    reading = Reading()
    assert reading.read(sent) is None
    assert reading.at_end(sent) == Answer(200, b"all of it")


@pytest.mark.parametrize("sent", [b"SSH-2.0-OpenSSH\r\n\r\n", b"x" * 70_000])
def test_what_is_not_http_is_said_to_be_none(sent: bytes) -> None:
    with pytest.raises(ValueError, match="it"):
        Reading().read(sent)


class Server:
    """Says what it is told to, to whoever asks; counts connections and questions."""

    def __init__(self) -> None:
        self.connections = 0
        self.questions: list[bytes] = []
        self.says: Callable[[int], bytes] = lambda _: GOOD
        """After so many questions on this connection; nothing: it hangs up."""

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/below/"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        asked = 0
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked += 1
                self.questions.append(head)
                if not (said := self.says(asked)):
                    break
                writer.write(said)
        except asyncio.IncompleteReadError:
            pass
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    yield server
    await server.stop()


async def pool_of(server: Server, connections: int = 4) -> HttpPool:
    return HttpPool(await server.start(), "Basic abc", connections=connections)


async def test_a_connection_is_used_again(server: Server) -> None:
    pool = await pool_of(server)
    for _ in range(3):
        assert await pool.ask("GET", "ari/x?y=1", None) == Answer(200, b"hello")
    pool.close()
    assert server.connections == 1
    assert server.questions[0].startswith(b"GET /below/ari/x?y=1 HTTP/1.1\r\n")
    assert b"Authorization: Basic abc\r\n" in server.questions[0]


async def test_so_many_at_once_and_not_more(server: Server) -> None:
    pool = await pool_of(server, connections=2)
    await asyncio.gather(*(pool.ask("GET", "x", None) for _ in range(20)))
    pool.close()
    assert server.connections == 2
    assert len(server.questions) == 20


async def test_a_connection_that_the_server_ends_is_not_used_again(server: Server) -> None:
    pool = await pool_of(server)
    server.says = lambda _: GOOD.replace(b"Server: Asterisk", b"Connection: close")
    for _ in range(2):
        assert (await pool.ask("POST", "x", None)).body == b"hello"
    pool.close()
    assert server.connections == 2


@pytest.mark.parametrize(("method", "sent"), [("DELETE", 3), ("POST", 2)])
async def test_when_an_idle_connection_is_closed_under_a_question_only_what_may_be_said_twice_is(
    server: Server, method: str, sent: int
) -> None:
    pool = await pool_of(server)
    await pool.ask("GET", "x", None)
    server.says = lambda asked: b"" if asked == 2 else GOOD
    try:
        answer = await pool.ask(method, "x", None)
    except HttpLost:
        answer = None
    pool.close()
    assert (answer is not None) == (method == "DELETE")
    assert len(server.questions) == sent


async def test_a_connection_that_was_given_up_in_the_middle_of_an_answer_is_not_used_again(server: Server) -> None:
    pool = await pool_of(server)
    await pool.ask("GET", "x", None)
    server.says = lambda _: GOOD[:-2]
    asking = asyncio.create_task(pool.ask("DELETE", "x", None))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asking), 0.05)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    server.says = lambda _: GOOD
    assert (await pool.ask("GET", "x", None)).body == b"hello"
    pool.close()
    assert server.connections == 2
    assert len(server.questions) == 3


async def test_nobody_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="onnect"):
        await HttpPool("http://127.0.0.1:9", "", connections=1).ask("GET", "x", None)
