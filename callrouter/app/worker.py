"""`callrouter worker`: one worker process on Asterisk and Redis. The parent starts it; systemd may do so as well."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial
from typing import Any

import structlog

from callrouter import __version__
from callrouter.app.site import Site, spoken
from callrouter.asterisk.phones import Phone, provision
from callrouter.asterisk.switch import AsteriskSwitch
from callrouter.calls.call import Call
from callrouter.engine.arrivals import Confirmations
from callrouter.engine.ports import Commit, Line, Owner
from callrouter.engine.worker import Plan, Worker
from callrouter.errors import CallrouterError, StoreDown, SwitchDown
from callrouter.journal import Entry, Word
from callrouter.prompts import system
from callrouter.prompts.library import PromptLibrary
from callrouter.recordings.facts import Recording, RecordingFacts
from callrouter.recordings.name import call_of
from callrouter.reporting.calls import fold
from callrouter.store.recording_files import RecordingFiles
from callrouter.store.recording_job import Failed
from callrouter.telephony import CallId, RecordingId

log = structlog.get_logger()

RETRY_S = 0.5
JOURNAL_PAGE = 5_000


class WallClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


async def run(site: Site, name: str) -> None:
    """Until SIGTERM or SIGINT, or until another process serves under our name."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    structlog.contextvars.bind_contextvars(worker=name)
    library = site.prompt_library()
    await library.prepare(spoken(site), site.languages)
    background = Background()
    line = site.open_line()
    files = recording_files(site, line)

    def reconnected() -> None:
        background(agree(site, switch, worker), "reconnected")

    switch = AsteriskSwitch(
        name, site.ari, site.ami, site.raw_recordings, on_replaced=stop.set, on_connected=reconnected
    )
    worker = Worker(
        name,
        Owner(f"{name}/{secrets.token_hex(4)}"),
        line,
        switch,
        WallClock(),
        plan(site, library),
        talk_ended=lambda call: background(finish_recording(files, call), f"recording {call.id}"),
    )
    try:
        await serve(site, worker, switch, files, line, background, stop)
    finally:
        log.info("worker_stopping")
        await worker.close()
        await background.close()
        await switch.close()
        await files.close()
        await line.close()


async def serve(
    site: Site,
    worker: Worker,
    switch: AsteriskSwitch,
    files: RecordingFiles,
    line: Line,
    background: Background,
    stop: asyncio.Event,
) -> None:
    """From the roster to the open doors, and then until told to stop."""
    await worker.prepare()
    await patiently("phones", partial(provision_phones, site, switch))
    background(switch.run(), "switch")
    await switch.up.wait()
    await patiently("open", worker.open)
    background(files.tend(partial(live_calls, line), partial(facts_of, line)), "recordings")
    log.info("worker_open", owner=worker.owner)
    await stop.wait()


async def agree(site: Site, switch: AsteriskSwitch, worker: Worker) -> None:
    """After every connection. An Asterisk that was killed may have lost the phones it was told of last."""
    await patiently("phones", partial(provision_phones, site, switch))
    await patiently("connected", worker.connected)


async def patiently(what: str, work: Callable[[], Awaitable[object]]) -> None:
    """Again and again while Asterisk or Redis does not answer yet."""
    while True:
        try:
            await work()
        except (SwitchDown, StoreDown) as down:
            log.warning("waiting", what=what, why=str(down))
            await asyncio.sleep(RETRY_S)
        else:
            return


async def provision_phones(site: Site, switch: AsteriskSwitch) -> None:
    """The agents' phones become known to Asterisk; registrations of those known before are kept."""
    accounts = site.secrets.phones
    phones = [
        Phone(site.phones[agent], accounts[agent].password, part.name) for agent, part in site.config.agents.items()
    ]
    await provision(switch.requests, phones, codecs=site.config.sip.codecs)


def plan(site: Site, library: PromptLibrary) -> Plan:
    return Plan(
        config=site.config,
        trees=site.trees,
        phones=site.phones,
        confirmations=Confirmations(
            ready=system.AGENT_READY,
            not_ready=system.AGENT_NOT_READY,
            logged_out=system.AGENT_LOGGED_OUT,
            unknown=system.UNKNOWN_CODE,
            language=site.config.centre.language,
            files=library.files,
        ),
        sorry=system.ALL_AGENTS_BUSY,
        files=library.files,
        recordings=site.recordings,
        version=__version__,
    )


# --- recordings ------------------------------------------------------------------------------------------------------


def recording_files(site: Site, line: Line) -> RecordingFiles:
    return RecordingFiles(
        site.raw_recordings,
        site.recordings,
        file_format=site.config.recordings.format,
        zone=site.config.centre.zone,
        report=partial(journal_recording, line),
    )


async def finish_recording(files: RecordingFiles, call: Call) -> None:
    assert call.talk is not None
    assert call.talk.recording is not None
    await files.finish(call.talk.recording, facts(call, call.talk.recording))


def facts(call: Call, recording: RecordingId) -> RecordingFacts:
    """What a finished call knows about its recording."""
    talk = call.talk
    assert talk is not None
    return RecordingFacts(
        recording=recording,
        call=call.id,
        started_ms=talk.since_ms,
        agent=talk.agent,
        queue=talk.queue,
        caller=call.caller,
        number=call.number,
        tree=call.tree,
        tree_version=call.version,
        path=call.path,
    )


async def journal_recording(line: Line, outcome: Recording | Failed) -> None:
    """The file's name and checksum, or why there is none, into the journal."""
    if isinstance(outcome, Failed):
        call, data = call_of(outcome.recording), {"problem": outcome.why}
        agent = queue = ""
    else:
        call, agent, queue = outcome.facts.call, outcome.facts.agent, outcome.facts.queue
        data = {
            "file": outcome.file,
            "sha256": outcome.sha256,
            "seconds": f"{outcome.seconds:.3f}",
            "format": outcome.format,
        }
        if outcome.problems:
            data["problem"] = "; ".join(outcome.problems)
    await line.commit(Commit((Entry(Word.RECORDING, call=call, agent=agent, queue=queue, data=data),)))


async def live_calls(line: Line) -> Collection[CallId]:
    return {stored.call for stored in await line.calls()}


async def facts_of(line: Line, recording: RecordingId) -> RecordingFacts | None:
    """What the journal still knows about a recording that was found after a crash."""
    call = call_of(recording)
    before = ""
    found: list[Entry] = []
    while page := await line.entries_back(before, JOURNAL_PAGE):
        found += [entry for entry in page if entry.call == call]
        if any(entry.word is Word.ARRIVED for entry in found):
            break
        before = page[-1].id
    record = fold(reversed(found)).get(call)
    if record is None or not record.talks:
        return None
    talk = record.talks[-1]
    return RecordingFacts(
        recording=recording,
        call=call,
        started_ms=talk.at_ms,
        agent=talk.agent,
        queue=record.queues[-1] if record.queues else "",
        caller=record.caller,
        number=record.number,
        tree=record.tree,
        tree_version=record.version,
        path=tuple(step.node for step in record.path),
    )


class Background:
    """Tasks that nobody waits for; a failure is logged, and none is left behind at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def __call__(self, work: Coroutine[Any, Any, object], name: str) -> None:
        task: asyncio.Task[object] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, CallrouterError):
            log.warning("background_failed", task=task.get_name(), why=str(error))
        else:
            log.error("background_crashed", task=task.get_name(), exc_info=error)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
