"""`callrouter worker`: one worker process on Asterisk and Redis. The parent starts it; systemd may do so as well."""

from __future__ import annotations

import asyncio
import gc
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import structlog

from callrouter import __version__
from callrouter.acd.presence import Refusal
from callrouter.app import tree_needs
from callrouter.app.publishing import document_of, read_version
from callrouter.app.recordings import facts_of, finish_recording, live_calls, recording_files
from callrouter.app.site import Site, spoken
from callrouter.app.speaking import SpeakingSwitch
from callrouter.asterisk.phones import Phone, provision
from callrouter.asterisk.switch import AsteriskSwitch
from callrouter.calls import told
from callrouter.engine.arrivals import Confirmations
from callrouter.engine.ports import Line, Lookups, Messages, Owner
from callrouter.engine.worker import Plan, Worker
from callrouter.errors import CallrouterError, StoreDown, SwitchDown
from callrouter.prompts import system
from callrouter.prompts.briefing import briefings
from callrouter.prompts.library import PromptLibrary
from callrouter.public_holidays import EveryCountry
from callrouter.store.recording_files import RecordingFiles
from callrouter.telephony import CallId, LegId
from callrouter.tree.model import Prompt, Tree, prompts
from callrouter.tree.soon import soon

log = structlog.get_logger()

RETRY_S = 0.5


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
    asking = tree_needs.lookups(site)
    messages = tree_needs.MessageKeeper(site, switch.requests)
    speaking = SpeakingSwitch(
        switch,
        library,
        site.config.speech.wait_s,
        soon=lambda call: told_soon(worker, call),
        briefing=lambda call, leg: told_to_agent(worker, call, leg),
    )
    worker = Worker(
        name,
        Owner(f"{name}/{secrets.token_hex(4)}"),
        line,
        speaking,
        WallClock(),
        plan(site, library, asking, messages),
        talk_ended=lambda call: background(finish_recording(files, call), f"recording {call.id}"),
    )
    try:
        background(messages.tend(line, worker.owner), "messages")
        await serve(site, worker, switch, files, line, background, stop)
    finally:
        log.info("worker_stopping")
        await worker.close()
        await background.close()
        await speaking.close()
        await library.close()
        await asking.close()
        await switch.close()
        await files.close()
        await line.close()


def told_soon(worker: Worker, id: CallId) -> tuple[tuple[Prompt, ...], str]:
    """What a call in its tree may be told next, and in which language."""
    call = worker.registry.call(id)
    if call is None or call.walk is None:
        return (), ""
    variables = {"caller": call.caller, "called": call.number, **call.walk.variables}
    return soon(worker.trees.of(call.tree, call.version), call.walk, variables), call.language


def told_to_agent(worker: Worker, id: CallId, leg: LegId) -> Iterable[tuple[Prompt, str]]:
    """What the agent who is being rung may be told: how long the caller will have waited is not known yet."""
    call = worker.registry.call(id)
    offer = next((offer for offer in call.offers if offer.leg == leg), None) if call else None
    if call is None or offer is None:
        return ()
    setting = worker.setting(call.tree, call.version)
    moments = (offer.since_ms, (offer.since_ms + offer.until_ms) // 2, offer.until_ms)
    found = (told.words(call, offer.agent, setting, moment) for moment in moments)
    return [words for words in found if words is not None]


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
    background(listen(switch, stop), "switch")
    await switch.up.wait()
    await patiently("open", worker.open)
    background(files.tend(partial(live_calls, line), partial(facts_of, line)), "recordings")
    spare_the_lasting()
    log.info("worker_open", owner=worker.owner)
    await stop.wait()


def spare_the_lasting() -> None:
    """What is there when the doors open stays as long as the worker: the garbage collector need not look through it
    again and again between calls, and what calls leave behind it need not look for after every 700 objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def listen(switch: AsteriskSwitch, stop: asyncio.Event) -> None:
    """A worker that hears nothing any more must not stay: the parent starts another."""
    try:
        await switch.run()
    finally:
        stop.set()


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


def plan(site: Site, library: PromptLibrary, lookups: Lookups, messages: Messages) -> Plan:
    directory = tree_needs.directory(site)

    async def prepare(tree: Tree) -> None:
        await library.prepare(prompts(tree), tree.languages)

    return Plan(
        config=site.config,
        trees=site.trees,
        phones=site.phones,
        confirmations=Confirmations(
            ready=system.AGENT_READY,
            not_ready=system.AGENT_NOT_READY,
            logged_out=system.AGENT_LOGGED_OUT,
            wrap_up=system.AGENT_WRAP_UP,
            unknown=system.UNKNOWN_CODE,
            refused={
                Refusal.WRAP_UP: system.WRAP_UP_GOES_ON,
                Refusal.HOUR: system.HOUR_IS_FULL,
                Refusal.SHIFT: system.SHIFT_IS_FULL,
                Refusal.NO_WRAP_UP: system.NO_WRAP_UP,
            },
            language=site.config.centre.language,
            files=library.files,
        ),
        sorry=system.ALL_AGENTS_BUSY,
        waits=system.WAITS,
        files=library.files,
        recordings=site.recordings,
        version=__version__,
        lookups=lookups,
        messages=messages,
        lists=tree_needs.lists(site, directory),
        holidays=EveryCountry,
        briefings=briefings(site.config),
        reach=tree_needs.reach(site, directory),
        back=tree_needs.calling_back(site),
        documents=documents(site),
        read_tree=partial(read_version, site.config),
        prepare_tree=prepare,
    )


def documents(site: Site) -> dict[str, bytes]:
    """The trees of the files, as they are to lie on the shelf."""
    now_ms = WallClock().now_ms()
    return {
        name: document_of(site.config, site.config.trees / f"{name}.yaml", "file", now_ms)[1] for name in site.trees
    }


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
