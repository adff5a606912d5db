"""A centre's history, and reports from it. Apart from site.py, because the database's library takes long to load."""

from __future__ import annotations

from callrouter.app.site import Site
from callrouter.config import Config
from callrouter.config_files import resolve
from callrouter.errors import SetupError
from callrouter.reporting.counts import Bounds, Promise
from callrouter.reporting.figures import Variant
from callrouter.reporting.report import By, Period, Report, report
from callrouter.store.history import database
from callrouter.store.history.history import History
from callrouter.store.history.material import material


def open_history(site: Site) -> History:
    """Connected when first asked; close it when done."""
    part = site.config.history
    password = resolve(part.password, "history.password") if part.password else None
    return History(database.open_history(database.place(part.url, site.layout.history, password)))


def usual_bounds(config: Config, within_s: float | None = None, short_s: float | None = None) -> Bounds:
    """As the configuration has it, but for what is given: a limit for all queues, or each queue's own."""
    usual = config.reports
    short_ms = round((usual.short_abandon_s if short_s is None else short_s) * 1000)
    limit_s = usual.within_s if within_s is None else within_s
    if limit_s is not None:
        return Bounds(round(limit_s * 1000), short_ms)
    levels = {name: queue.service_level for name, queue in config.queues.items()}
    promises = {name: Promise(level.percent, round(level.within_s * 1000)) for name, level in levels.items()}
    return Bounds(short_ms=short_ms, promises=promises)


async def make_report(site: Site, by: By, period: Period, variant: Variant, bounds: Bounds) -> tuple[Report, int]:
    """The report, and how often the journal had lost entries before they came into the history."""
    if site.config.history.url is None and not site.layout.history.exists():
        raise SetupError(f"There is no history yet at {site.layout.history}: `callrouter run` begins one.")
    history = open_history(site)
    try:
        found = await database.reading(
            history.engine, lambda connection: report(by, period, material(connection, period), variant, bounds)
        )
        return found, await history.gaps()
    finally:
        await history.close()
