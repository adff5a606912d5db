"""What walks in the tree need from outside, joined from the adapters: lookups, messages, directory, lists, holidays."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import soundfile
import structlog

from callrouter.app.history import entries_of
from callrouter.app.site import Site
from callrouter.asterisk import stored
from callrouter.asterisk.requests import Requests
from callrouter.calls.call import Call, Message
from callrouter.calls.step import CallingBack
from callrouter.config_files import load_directory, load_lists, resolve
from callrouter.directory import Directory, Reach, reach_number
from callrouter.engine.ports import Commit, Line, Owner
from callrouter.engine.registry import ALPHABET
from callrouter.errors import CallrouterError, CommandRefused, SwitchDown
from callrouter.journal import Entry, Word
from callrouter.lookups.client import HttpLookups
from callrouter.prompts import system
from callrouter.store.messages import MessageFacts, file_message
from callrouter.telephony import CallId

log = structlog.get_logger()

RETRY_S = (1.0, 5.0, 30.0)
LEFTOVERS_S = 300.0
BEING_FILED_MS = 120_000
"""So long after a call's last entry another worker may still be at it."""
LEFTOVER = re.compile(rf"(c[{ALPHABET}]{{26}})-m-([a-z][a-z0-9_-]{{0,39}})-[0-9]+")
"""What a message's recording is called: call, group, number."""


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


def calling_back(site: Site) -> CallingBack:
    """We ring nobody's number that is our own: the call would come back to us."""
    config = site.config
    shown = [trunk.out.caller_id for trunk in config.trunks.values() if trunk.out is not None]
    own = {number.lstrip("+") for number in (*(route.number for route in config.numbers), *shown)}
    return CallingBack(
        reach=lambda number, trunk: reach_number(number, trunk, config.trunks, own),
        rung_today=lambda _: 0,
        is_rung=lambda _number, _call: False,
        hold=system.CALLBACK_HOLD,
        confirm=system.CALLBACK_CONFIRM,
        ringing=system.CALLBACK_RINGING,
        not_reached=system.CALLBACK_NOT_REACHED,
        agents_language=config.centre.language,
    )


class MessageKeeper:
    """The port `Messages`: from Asterisk's own recordings into ours."""

    def __init__(self, site: Site, requests: Requests) -> None:
        self._site, self._requests = site, requests

    async def keep(self, call: Call, message: Message) -> Entry:
        began = datetime.fromtimestamp(message.since_ms / 1000, UTC)
        facts = MessageFacts(
            recording=message.recording,
            call=call.id,
            group=message.group,
            at=began.astimezone(self._site.config.centre.zone).isoformat(timespec="seconds"),
            caller=call.caller,
            number=call.number,
            tree=call.tree,
            path=call.path,
            answers=dict(call.answers),
            tags=call.tags,
        )
        return await self._filed(facts)

    async def tend(self, line: Line, owner: Owner) -> None:
        """For as long as the worker lives; one worker at a time does it."""
        while True:
            try:
                if await line.try_lock("messages", owner, LEFTOVERS_S * 0.9):
                    await self.keep_leftovers(line)
            except CallrouterError as error:
                log.warning("leftover_messages_wait", why=str(error))
            await asyncio.sleep(LEFTOVERS_S)

    async def keep_leftovers(self, line: Line) -> None:
        """What a worker that died had no time to file; told from the name and from what the journal still knows."""
        living = {stored.call for stored in await line.calls()}
        for name in await stored.names(self._requests):
            found = LEFTOVER.fullmatch(name)
            if found is None or found[1] in living:
                continue
            entries = await entries_of(line, CallId(found[1]))
            if entries and entries[-1].at_ms > await line.now_ms() - BEING_FILED_MS:
                continue
            log.warning("message_left_over", recording=name)
            entry = await self._filed(self._from_journal(name, found[1], found[2], entries))
            await line.commit(Commit((entry,)), operation=name)

    def _from_journal(self, name: str, call: str, group: str, entries: Sequence[Entry]) -> MessageFacts:
        arrived = next((entry.data for entry in entries if entry.word is Word.ARRIVED), {})
        took_ms = next((entry.at_ms for entry in reversed(entries) if entry.word is Word.NODE), 0)
        answers = {one.data["variable"]: one.data["value"] for one in entries if one.word is Word.ANSWER}
        tags = next((one.data["tags"] for one in reversed(entries) if one.word is Word.TAGS), "")
        began = datetime.fromtimestamp(took_ms / 1000, UTC) if took_ms else datetime.now(UTC)
        return MessageFacts(
            recording=name,
            call=call,
            group=group,
            at=began.astimezone(self._site.config.centre.zone).isoformat(timespec="seconds"),
            caller=arrived.get("caller", ""),
            number=arrived.get("number", ""),
            tree=arrived.get("tree", ""),
            path=tuple(entry.data["node"] for entry in entries if entry.word is Word.NODE),
            answers=answers,
            tags=tuple(filter(None, tags.split(","))),
        )

    async def _filed(self, facts: MessageFacts) -> Entry:
        """From Asterisk onto our disk, tried several times; what cannot be filed stays with Asterisk."""
        data, problem = {"group": facts.group, "recording": facts.recording}, ""
        for pause_s in (0.0, *RETRY_S):
            await asyncio.sleep(pause_s)
            try:
                sound = await stored.take(self._requests, facts.recording)
                filed = await asyncio.to_thread(file_message, self._site.recordings, sound, facts)
            except CommandRefused as nothing:
                return Entry(Word.MESSAGE, call=facts.call, data={**data, "problem": str(nothing)})
            except (SwitchDown, OSError, soundfile.SoundFileError) as error:
                problem = str(error)
                log.warning("message_not_filed", call=facts.call, why=problem)
                continue
            await self._forget(facts.recording)
            told = {**data, "file": filed.file, "seconds": f"{filed.seconds:.3f}"}
            return Entry(Word.MESSAGE, call=facts.call, data=told)
        log.error("message_left_with_asterisk", call=facts.call, recording=facts.recording)
        return Entry(Word.MESSAGE, call=facts.call, data={**data, "problem": f"still with Asterisk: {problem}"})

    async def _forget(self, recording: str) -> None:
        try:
            await stored.forget(self._requests, recording)
        except CallrouterError as error:
            log.warning("message_not_removed", recording=recording, why=str(error))
