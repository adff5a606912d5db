"""What an ARI command costs over HTTP and over the websocket, what one blocked command does to others, and how old an
event is when we hear it: `python bench/ari.py [--json]`. Starts an Asterisk of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from callrouter.asterisk.connection import EventSocket
from callrouter.asterisk.phones import Phone, provision
from callrouter.asterisk.requests import Request, Requests
from callrouter.centre.sounds import write_both_laws
from callrouter.telephony import PhoneId
from tests.asterisk.private_asterisk import PrivateAsterisk

PING = Request("GET", ("asterisk", "ping"))
Send = Callable[[Request], Awaitable[object]]


class WebsocketPool:
    """The transport that was weighed against HTTP: REST over websockets, one request at a time on each."""

    def __init__(self, asterisk: PrivateAsterisk, http: aiohttp.ClientSession, most: int = 64) -> None:
        self._url = f"{asterisk.ari.url}/ari/events?app=bench-command-"
        self._http = http
        self._idle: list[aiohttp.ClientWebSocketResponse] = []
        self._room = asyncio.Semaphore(most)
        self.opened = 0

    async def send(self, request: Request) -> object:
        async with self._room:
            socket = self._idle.pop() if self._idle else await self._open()
            message = {"type": "RESTRequest", "request_id": "1", "method": request.method, "uri": request.address}
            await socket.send_str(json.dumps(message))
            while (answer := json.loads((await socket.receive()).data))["type"] != "RESTResponse":
                pass  # events of an application that nobody uses
            self._idle.append(socket)
        assert answer["status_code"] < 300, answer
        return answer

    async def _open(self) -> aiohttp.ClientWebSocketResponse:
        self.opened += 1
        return await self._http.ws_connect(f"{self._url}{self.opened}")


def asterisk_cpu_s(asterisk: PrivateAsterisk) -> float:
    fields = Path(f"/proc/{asterisk.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def cost(send: Send, asterisk: PrivateAsterisk, at_once: int, count: int = 6000) -> dict[str, float]:
    """Requests a second, CPU of both sides for each, and how long one takes."""
    await asyncio.gather(*(send(PING) for _ in range(at_once)))
    took: list[float] = []

    async def many() -> None:
        for _ in range(count // at_once):
            started = time.perf_counter()
            await send(PING)
            took.append(time.perf_counter() - started)

    ours, theirs, started = time.process_time(), asterisk_cpu_s(asterisk), time.perf_counter()
    await asyncio.gather(*(many() for _ in range(at_once)))
    passed = time.perf_counter() - started
    return {
        "a second": round(len(took) / passed),
        "our CPU us": round(1e6 * (time.process_time() - ours) / len(took), 1),
        "Asterisk CPU us": round(1e6 * (asterisk_cpu_s(asterisk) - theirs) / len(took), 1),
        "p50 ms": round(1e3 * statistics.median(took), 3),
        "p99 ms": round(1e3 * float(np.quantile(took, 0.99)), 3),
    }


async def blocked(asterisk: PrivateAsterisk, requests: Requests) -> dict[str, float]:
    """A join waits for a two-second prompt; how long does an unrelated ping take meanwhile on the same websocket, and
    over HTTP?"""
    prompt = asterisk.folder / "prompt"
    write_both_laws(np.zeros(16000, np.int16), prompt)
    application = "bench-blocked"
    socket = await requests.http.ws_connect(f"{asterisk.ari.url}/ari/events?app={application}")
    leg = {"endpoint": "Local/2@bench-echo/n", "app": application, "formats": "alaw"}
    await requests.send(Request("POST", ("channels", "bench-leg"), leg))
    while json.loads((await socket.receive()).data)["type"] != "StasisStart":
        pass
    await requests.send(Request("POST", ("bridges", "bench-bridge"), {"type": "mixing"}))
    await requests.send(Request("POST", ("channels", "bench-leg", "play"), {"media": f"sound:{prompt}"}))
    join = Request("POST", ("bridges", "bench-bridge", "addChannel"), {"channel": "bench-leg"})
    for number, request in enumerate((join, PING)):
        message = {"type": "RESTRequest", "request_id": str(number), "method": request.method, "uri": request.address}
        await socket.send_str(json.dumps(message))
    started = time.perf_counter()
    await requests.send(PING)
    over_http = time.perf_counter() - started
    while json.loads((await socket.receive()).data).get("request_id") != "1":
        pass
    return {"same websocket ms": round(1e3 * (time.perf_counter() - started), 1), "HTTP ms": round(1e3 * over_http, 2)}


async def event_age(asterisk: PrivateAsterisk, requests: Requests, count: int = 2000) -> dict[str, float]:
    """From asking for an event to hearing it, which includes the request; and how many can be heard in a second."""
    heard: asyncio.Queue[float] = asyncio.Queue()
    socket = EventSocket(
        asterisk.ari,
        "bench-events",
        requests.http,
        on_message=lambda _: heard.put_nowait(time.perf_counter()),
        prepare=lambda: asyncio.sleep(0),
    )
    running = asyncio.create_task(socket.run())
    await socket.up.wait()
    ask = Request("POST", ("events", "user", "Bench"), {"application": "bench-events"})
    ages = []
    for _ in range(count):
        started = time.perf_counter()
        await requests.send(ask)
        ages.append(await heard.get() - started)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return {"p50 ms": round(1e3 * statistics.median(ages), 3), "p99 ms": round(1e3 * float(np.quantile(ages, 0.99)), 3)}


async def provisioning(requests: Requests) -> dict[str, float]:
    """A thousand phones: for the first time, and when nothing has changed."""
    phones = [Phone(PhoneId(f"bench{number}"), "a-password", "A name") for number in range(1000)]
    took = {}
    for what in ("1000 new phones s", "1000 unchanged s"):
        started = time.perf_counter()
        await provision(requests, phones)
        took[what] = round(time.perf_counter() - started, 2)
    return took


async def measure() -> dict[str, dict[str, float]]:
    asterisk = PrivateAsterisk(extra_dialplan="[bench-echo]\nexten => 2,1,Answer()\n same => n,Wait(30)")
    requests = Requests(asterisk.ari, deadline_s=30)
    pool = WebsocketPool(asterisk, requests.http)
    results: dict[str, dict[str, float]] = {}
    try:
        for at_once in (1, 8, 32):
            results[f"HTTP, {at_once} at once"] = await cost(requests.send, asterisk, at_once)
            results[f"websocket pool, {at_once} at once"] = await cost(pool.send, asterisk, at_once)
        results["a ping behind a blocked join"] = await blocked(asterisk, requests)
        results["asking for an event and hearing it"] = await event_age(asterisk, requests)
        results["provisioning"] = await provisioning(requests)
    finally:
        await requests.close()
        asterisk.remove()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures for programs")
    as_json = parser.parse_args().json
    results = asyncio.run(measure())
    if as_json:
        print(json.dumps(results, indent=1))
    else:
        for what, figures in results.items():
            print(f"{what:40}", "  ".join(f"{name} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
