"""A go-between on a unix socket that can lose an answer: the request arrives, its reply does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class CuttingProxy:
    """Counts connections; while `cuts` is above zero, that many requests holding `needle` lose their answer."""

    def __init__(self, target: Path, needle: bytes) -> None:
        self.connections = 0
        self.cuts = 0
        self._target = target
        self._needle = needle

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.connections += 1
        server, to_server = await asyncio.open_unix_connection(str(self._target))
        try:
            while asked := await client.read(1 << 20):
                to_server.write(asked)
                answer = await server.read(1 << 20)
                if self.cuts and self._needle in asked:
                    self.cuts -= 1
                    break
                to_client.write(answer)
        finally:
            to_server.close()
            to_client.close()


@asynccontextmanager
async def cutting_proxy(target: Path, needle: bytes) -> AsyncIterator[tuple[CuttingProxy, Path]]:
    proxy = CuttingProxy(target, needle)
    path = target.with_name("proxy.sock")
    server = await asyncio.start_unix_server(proxy.serve, str(path))
    try:
        yield proxy, path
    finally:
        server.close()
        path.unlink(missing_ok=True)
