"""The port `Lookups` over aiohttp: one deadline for all of it, a breaker and a bounded number of questions per host.

No redirects are followed (they would lead elsewhere), no cookies kept, no proxy taken from the environment, answers
read up to a bound. Neither addresses nor answers are logged: they hold callers' numbers and more.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping

import aiohttp
import structlog
from yarl import URL

from callrouter.errors import SetupError
from callrouter.lookups.breaker import Breaker
from callrouter.lookups.kept import Kept
from callrouter.lookups.request import HttpRequest, request_for
from callrouter.tree.answers import values_from
from callrouter.tree.model import Lookup, Value
from callrouter.tree.walk import LookedUp

log = structlog.get_logger()

LONGEST_ANSWER = 256 * 1024
AT_ONCE_PER_HOST = 20
"""Others wait for their turn, within their own deadline."""


class HttpLookups:
    """`secret` gives the configured secret of a name (SetupError if it cannot)."""

    def __init__(self, secret: Callable[[str], str], now: Callable[[], float] = time.monotonic) -> None:
        self._secret, self._now = secret, now
        self._http: aiohttp.ClientSession | None = None
        self._breakers: dict[str, Breaker] = {}
        self._kept = Kept(now)

    async def look_up(self, lookup: Lookup, values: Mapping[str, Value], secrets: Mapping[str, str]) -> LookedUp:
        try:
            request = request_for(lookup, {**values, **secrets}, self._secret)
        except (ValueError, SetupError) as error:
            return LookedUp(failure=str(error))
        key = f"{request.key} {sorted(lookup.answers().items())}"
        kept = self._kept.get(key) if lookup.cache_s else None
        if kept is not None:
            return LookedUp(kept)
        host = URL(request.url, encoded=True).authority
        breaker = self._breakers.setdefault(host, Breaker(self._now))
        if not breaker.may_try():
            return LookedUp(failure="left alone after failures in a row")
        answer = await self._tried(lookup, request, breaker, host)
        if lookup.cache_s and not answer.failure:
            self._kept.put(key, answer.values, lookup.cache_s)
        return answer

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _tried(self, lookup: Lookup, request: HttpRequest, breaker: Breaker, host: str) -> LookedUp:
        try:
            async with asyncio.timeout(lookup.timeout_s):
                status, text = await self._exchange(request)
        except asyncio.CancelledError:
            breaker.gave_up()
            raise
        except TimeoutError:
            failure = f"no answer within {lookup.timeout_s:g} s"
        except aiohttp.ClientError as error:
            failure = f"not reached: {type(error).__name__}"
        except ValueError:
            failure = f"the answer is longer than {LONGEST_ANSWER // 1024} KB"
        else:
            if status >= 500:
                failure = f"status {status}"
            else:
                breaker.succeeded()
                return _read(lookup, status, text)
        breaker.failed()
        log.warning("lookup_failed", host=host, why=failure, in_a_row=breaker.failures)
        return LookedUp(failure=failure)

    async def _exchange(self, request: HttpRequest) -> tuple[int, bytes]:
        async with self._session().request(
            request.method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
        ) as reply:
            text = await reply.content.read(LONGEST_ANSWER + 1)
            while not reply.content.at_eof() and len(text) <= LONGEST_ANSWER:
                text += await reply.content.read(LONGEST_ANSWER + 1 - len(text))
            if len(text) > LONGEST_ANSWER:
                raise ValueError("too long")
            return reply.status, text

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=AT_ONCE_PER_HOST),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._http


def _read(lookup: Lookup, status: int, text: bytes) -> LookedUp:
    if not 200 <= status < 300:
        return LookedUp(failure=f"status {status}")
    wanted = lookup.answers()
    if not wanted:
        return LookedUp()
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return LookedUp(failure="the answer is no JSON")
    values = values_from(answer, wanted)
    return LookedUp(failure=values) if isinstance(values, str) else LookedUp(values)
