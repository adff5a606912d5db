"""The figures beside the live floor: the last half hour and today, from the history, by the formulas of reports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from callrouter.app.books import open_history, usual_bounds
from callrouter.app.site import Site
from callrouter.errors import HistoryDown
from callrouter.reporting.figures import Variant, offered_to, words
from callrouter.reporting.floor import FloorView, Served
from callrouter.reporting.intervals import HALF_HOUR_MS, midnight_ms
from callrouter.reporting.report import By, Material, Period, Report, report
from callrouter.store.history import database
from callrouter.store.history.material import material

FRESH_S = 5.0
"""Figures of half an hour do not change faster than anybody reads them."""


class Figures:
    """Remembers what it has computed last, for a few seconds."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._history = open_history(site)
        self._bounds = usual_bounds(site.config)
        self._variant = Variant(site.config.reports.service_level)
        self._found: tuple[Served, ...] = ()
        self._until = 0.0

    async def beside(self, floor: FloorView) -> FloorView:
        """The floor with its figures; without them, and with a word about it, where there is no history."""
        if self._site.config.history.url is None and not self._site.layout.history.exists():
            return replace(floor, notes=(*floor.notes, "no figures: there is no history yet; the clerk begins one"))
        now = asyncio.get_running_loop().time()
        if now >= self._until:
            try:
                self._found = await self._made(floor.now_ms)
            except HistoryDown as error:
                return replace(floor, notes=(*floor.notes, f"no figures: {error}"))
            self._until = now + FRESH_S
        return replace(floor, served=self._found, service_level=words(self._variant, self._bounds))

    async def close(self) -> None:
        await self._history.close()

    async def _made(self, now_ms: int) -> tuple[Served, ...]:
        zone = self._site.config.centre.zone
        today = midnight_ms(datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date(), zone)
        spans = (("30 min", now_ms - HALF_HOUR_MS), ("today", today))
        return tuple([served for span, since in spans for served in await self._span(span, since, now_ms)])

    async def _span(self, span: str, since_ms: int, now_ms: int) -> list[Served]:
        period = Period(since_ms, now_ms + 1, self._site.config.centre.zone, now_ms)
        found = await database.reading(
            self._history.engine,
            lambda connection: report(
                By.QUEUE, period, Material(stays=material(connection, period).stays), self._variant, self._bounds
            ),
        )
        return list(_served(span, since_ms, found))


def _served(span: str, since_ms: int, found: Report) -> Iterator[Served]:
    for row in found.rows:
        yield Served(
            row.key,
            span,
            since_ms,
            offered_to(row.counts),
            row.counts.answered,
            row.counts.abandoned - row.counts.abandoned_short,
            row.figures.service_level,
            row.promise.percent if row.promise else None,
            row.kept,
            row.figures.asa_s,
            row.figures.longest_wait_s,
        )
