"""One webhook: follows the journal at its own pace, an event at a time, in order, again until the other side has it.

Its backlog is the journal itself; how far it has come lies on the line's shelf, so that any machine's clerk can carry
it on (one at a time, by a lock). What is older than `skip_after_h` is skipped, and said. Rule: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import aiohttp
import structlog

from callrouter.config import Webhook
from callrouter.engine.ports import Line, Owner
from callrouter.engine.tail import newest, read_after
from callrouter.errors import CallrouterError
from callrouter.journal import Entry
from callrouter.reporting.told import Wanted
from callrouter.webhooks.request import body, headers, key_of

log = structlog.get_logger("webhooks")

TURN_S = 0.5
PAGE = 200
LOCK_S = 10.0
"""So long one clerk delivers before another may."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
ANSWER_READ = 4_096
"""Bytes of an answer that are read, so that the connection can be used again."""


def shelf_name(hook: str) -> str:
    return f"webhook/{hook}"


def wait_s(failures: int, dice: random.Random) -> float:
    """Doubled at each failure, with jitter: what comes back is not met by everybody at once."""
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 20)) * dice.uniform(0.5, 1))


class Hook:
    """Counts what became of its events; everything else is on the shelf."""

    def __init__(
        self,
        name: str,
        part: Webhook,
        secret: Callable[[], str | None],
        line: Line,
        owner: Owner,
        *,
        turn_s: float = TURN_S,
    ) -> None:
        self.name = name
        self.position: str | None = None
        """The newest entry that is done with, as far as this clerk knows."""
        self.delivered = self.failed = self.skipped = 0
        self._part, self._secret, self._line, self._owner, self._turn_s = part, secret, line, owner, turn_s
        self._wanted = Wanted(frozenset(part.events))
        self._failures = self._unsaid = 0
        self._ours_until = 0.0
        self._dice = random.Random()

    async def run(self) -> None:
        """Until cancelled."""
        limit = aiohttp.ClientTimeout(total=self._part.timeout_s)
        async with aiohttp.ClientSession(timeout=limit, trust_env=True) as client:
            while True:
                try:
                    wait = await self.turn(client)
                except CallrouterError as error:
                    log.warning("webhook_waits", hook=self.name, why=str(error) or repr(error))
                    wait = LONGEST_WAIT_S / 10
                await asyncio.sleep(wait)

    async def turn(self, client: aiohttp.ClientSession) -> float:
        """Deliver what there is; how long to wait before the next turn."""
        key = self._key()
        if not await self._is_ours():
            return self._turn_s
        position = self.position = await self._where()
        entries, whole = await read_after(self._line, position, PAGE)
        if not whole and entries:
            log.error("journal_lost_entries", hook=self.name, after=position, before=entries[0].id)
        for entry in await self._without_old(entries):
            if not self._wanted.has(entry):
                continue
            if asyncio.get_running_loop().time() > self._ours_until:
                return 0.0
            if not await self._deliver(client, entry, key):
                return wait_s(self._failures, self._dice)
            await self._done_with(entry)
        if entries:
            await self._done_with(entries[-1])
        return 0.0 if len(entries) >= PAGE else self._turn_s

    def _key(self) -> bytes | None:
        secret = self._secret()
        return None if secret is None else key_of(secret)

    async def _is_ours(self) -> bool:
        """For LOCK_S, and what one more request may take. Delivered twice is no harm, in another order it would be."""
        now = asyncio.get_running_loop().time()
        if now < self._ours_until:
            return True
        if not await self._line.try_lock(shelf_name(self.name), self._owner, LOCK_S + self._part.timeout_s):
            return False
        self._ours_until = now + LOCK_S
        return True

    async def _where(self) -> str:
        """As the shelf says; a new webhook begins with what happens from now on."""
        found = await self._line.shelved(shelf_name(self.name))
        if found is not None:
            return found.decode()
        position = await newest(self._line)
        await self._line.shelve(shelf_name(self.name), position.encode())
        return position

    async def _without_old(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        if not entries:
            return entries
        oldest_ms = await self._line.now_ms() - round(self._part.skip_after_h * 3_600_000)
        old = [entry for entry in entries if entry.at_ms < oldest_ms]
        if count := sum(map(self._wanted.has, old)):
            self.skipped += count
            self._unsaid += count
            log.error("webhook_skipped", hook=self.name, events=count, first=old[0].id, last=old[-1].id)
        if old:
            await self._done_with(old[-1])
        return entries[len(old) :]

    async def _deliver(self, client: aiohttp.ClientSession, entry: Entry, key: bytes | None) -> bool:
        sent = body(entry, whole_numbers=self._part.numbers == "whole", skipped=self._unsaid)
        now_s = await self._line.now_ms() // 1000
        why = await self._post(client, sent, dict(headers(entry, sent, key, now_s)))
        if why is None:
            if self._failures:
                log.info("webhook_delivers_again", hook=self.name, after_failures=self._failures)
            self._failures = self._unsaid = 0
            self.delivered += 1
            return True
        self._failures += 1
        self.failed += 1
        log.warning("webhook_failed", hook=self.name, entry=entry.id, failures=self._failures, why=why)
        return False

    async def _post(self, client: aiohttp.ClientSession, sent: bytes, said: dict[str, str]) -> str | None:
        """None if it was taken, else why not. A redirect is not followed: it could lead anywhere."""
        try:
            async with client.post(self._part.url, data=sent, headers=said, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_READ)
                return None if 200 <= answer.status < 300 else f"answered {answer.status}"
        except TimeoutError:
            return f"no answer in {self._part.timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return str(error) or type(error).__name__

    async def _done_with(self, entry: Entry) -> None:
        await self._line.shelve(shelf_name(self.name), entry.id.encode())
        self.position = entry.id
