"""What walks in the tree need from outside, joined from the adapters: lookups, messages, directory, lists, holidays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import soundfile
import structlog

from callrouter.app.site import Site
from callrouter.asterisk import stored
from callrouter.asterisk.requests import Requests
from callrouter.calls.call import Call, Message
from callrouter.config_files import load_directory, load_lists, resolve
from callrouter.directory import Directory, Reach
from callrouter.errors import CallrouterError, CommandRefused, SwitchDown
from callrouter.journal import Entry, Word
from callrouter.lookups.client import HttpLookups
from callrouter.store.messages import MessageFacts, file_message

log = structlog.get_logger()

RETRY_S = (1.0, 5.0, 30.0)


def lookups(site: Site) -> HttpLookups:
    secrets = site.config.secrets
    return HttpLookups(lambda name: resolve(secrets[name], f"secrets.{name}"))


def lists(site: Site, directory: Directory) -> Callable[[str], frozenset[str]]:
    """Number → the lists it is in: the configured ones, and merchants or departments."""
    configured, _ = load_lists(site.config)

    def lists_of(number: str) -> frozenset[str]:
        kind = directory.kind_of(number)
        return configured.get(number.lstrip("+"), frozenset()) | (frozenset({kind}) if kind else frozenset())

    return lists_of


def directory(site: Site) -> Directory:
    return load_directory(site.config)[0]


def reach(site: Site, found: Directory) -> Callable[[str, datetime], Reach | str]:
    return lambda target, now: found.reach(target, now, site.config.trunks)


class MessageKeeper:
    """The port `Messages`: from Asterisk's own recordings into ours."""

    def __init__(self, site: Site, requests: Requests) -> None:
        self._site, self._requests = site, requests

    async def keep(self, call: Call, message: Message) -> Entry:
        data = {"group": message.group, "recording": str(message.recording)}
        for pause_s in (0.0, *RETRY_S):
            await asyncio.sleep(pause_s)
            try:
                sound = await stored.take(self._requests, message.recording)
                filed = await asyncio.to_thread(file_message, self._site.recordings, sound, self._facts(call, message))
            except CommandRefused as nothing:
                return Entry(Word.MESSAGE, call=call.id, data={**data, "problem": str(nothing)})
            except (SwitchDown, OSError, soundfile.SoundFileError) as error:
                problem = str(error)
                log.warning("message_not_filed", call=call.id, why=problem)
                continue
            await self._forget(message)
            told = {**data, "file": filed.file, "seconds": f"{filed.seconds:.3f}"}
            return Entry(Word.MESSAGE, call=call.id, data=told)
        log.error("message_left_with_asterisk", call=call.id, recording=message.recording)
        return Entry(Word.MESSAGE, call=call.id, data={**data, "problem": f"still with Asterisk: {problem}"})

    async def _forget(self, message: Message) -> None:
        try:
            await stored.forget(self._requests, message.recording)
        except CallrouterError as error:
            log.warning("message_not_removed", recording=message.recording, why=str(error))

    def _facts(self, call: Call, message: Message) -> MessageFacts:
        began = datetime.fromtimestamp(message.since_ms / 1000, UTC).astimezone(self._site.config.centre.zone)
        return MessageFacts(
            recording=message.recording,
            call=call.id,
            group=message.group,
            at=began.isoformat(timespec="seconds"),
            caller=call.caller,
            number=call.number,
            tree=call.tree,
            path=call.path,
            answers=dict(call.answers),
            tags=call.tags,
        )
