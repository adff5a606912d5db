"""What the doctor says of those who follow the journal: the history, the queue_log, webhooks. It only reads."""

from __future__ import annotations

import os
from pathlib import Path

from callrouter.app.books import open_history
from callrouter.app.site import Site
from callrouter.centre.findings import Finding
from callrouter.centre.layout import Layout
from callrouter.config import Config, Webhook
from callrouter.config_files import resolve
from callrouter.engine.ports import Line
from callrouter.errors import HistoryDown, SetupError, StoreDown
from callrouter.reporting.calls import journal_order
from callrouter.store.history import database
from callrouter.store.queue_log_file import read_notes
from callrouter.webhooks.hook import shelf_name
from callrouter.webhooks.request import key_of

LATE_S = 300
ASK_THE_CLERK = "is the clerk running? `callrouter run` starts it; its log is run/log/clerk.log"


async def journal_findings(config: Config, run_folder: Path) -> list[Finding]:
    """Each compared with the journal, if there is one to be read."""
    site = Site(config, Layout(run_folder))
    try:
        line = site.open_line()
    except SetupError:
        return []  # the password of Redis: that is told already
    try:
        newest = await _newest(line)
        findings = [await _history(site, newest)]
        if config.history.queue_log:
            findings.append(_queue_log(config.history.queue_log, site.layout.queue_log_notes, newest))
        for name, hook in config.webhooks.items():
            findings.append(await _webhook(name, hook, line, newest))
        return findings
    finally:
        await line.close()


async def _newest(line: Line) -> str | None:
    """The journal's last entry; None if it cannot be read."""
    try:
        return (await line.health())["version"]
    except StoreDown:
        return None


async def _history(site: Site, newest: str | None) -> Finding:
    if site.config.history.url is None and not site.layout.history.exists():
        return Finding("history", "ok", "not begun yet: the clerk makes it")
    try:
        history = open_history(site)
    except SetupError as error:
        return Finding("history", "problem", str(error))
    try:
        if not await database.is_up_to_date(history.engine):
            advice = "the clerk changes them when it starts"
            return Finding("history", "warning", "its tables are not of this version", advice)
        gaps = await history.gaps()
        found = compared("history", await history.position(), newest)
    except HistoryDown as error:
        return Finding("history", "problem", str(error), "look at history.url, and whether its disk is full")
    finally:
        await history.close()
    if gaps and found.state == "ok":
        return Finding("history", "warning", f"{found.found}; {gaps} times entries were lost before they came into it")
    return found


def _queue_log(file: Path, notes: Path, newest: str | None) -> Finding:
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        return Finding("queue_log", "problem", f"{file} cannot be written", "let callrouter's user write there")
    return compared("queue_log", read_notes(notes).version, newest)


async def _webhook(name: str, hook: Webhook, line: Line, newest: str | None) -> Finding:
    part = f"webhook {name}"
    try:
        if hook.secret:
            key_of(resolve(hook.secret, f"webhooks.{name}.secret"))
        position = await line.shelved(shelf_name(name))
    except SetupError as error:
        return Finding(part, "problem", str(error))
    except StoreDown:
        position = None
    return compared(part, position.decode() if position is not None else "", newest)


def compared(part: str, position: str, newest: str | None) -> Finding:
    """How far something is behind the journal."""
    if newest is None:
        return Finding(part, "ok", "no centre is running with whose journal it could be compared")
    if not newest:
        return Finding(part, "ok", "the journal is empty")
    if not position:
        return Finding(part, "warning", "nothing has come there yet", ASK_THE_CLERK)
    behind_s = max(0, journal_order(newest)[0] - journal_order(position)[0]) / 1000
    late = behind_s > LATE_S
    said = f"{behind_s:.0f} s behind the journal" if behind_s >= 1 else "has all that the journal has"
    return Finding(part, "warning" if late else "ok", said, ASK_THE_CLERK if late else "")
