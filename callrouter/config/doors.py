"""The doors of a queue's line: when nobody is there to serve it, and when it is served at all."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from callrouter.config.words import Part, TimeZone
from callrouter.hours import Country, Day, DayHours, Days, Windows

Emptiness = Literal["nobody_logged_in", "nobody_ready", "nobody_reachable"]
"""Each holds also when the one before it does. Agents who talk are READY: a line behind busy agents is not empty."""


class Empty(Part):
    """What happens to a line that nobody is there to serve. (app_queue: joinempty, leavewhenempty.)"""

    refuse_when: Emptiness | None = Field(default=None, description="nobody joins the line while this is so")
    leave_when: Emptiness | None = Field(default=None, description="who waits leaves it when this is so for `grace_s`")
    grace_s: float = Field(default=60, ge=0, le=3600, description="so long the queue may be left alone, as at lunch")


class QueueHours(Part):
    """When the queue is served. Outside nobody joins its line."""

    open: dict[Days, Windows] = Field(min_length=1, description='mon-fri: "09:00-18:00"')
    days: dict[Day, DayHours] = Field(default={}, description='exceptional days: "2026-12-31": "09:00-15:00"')
    holidays: Country | None = Field(default=None, description="closed on public holidays of this country")
    zone: TimeZone | None = Field(default=None, description="time zone; without it: centre.timezone")
    last_join_m: int = Field(default=0, ge=0, le=720, description="nobody joins in the last so many minutes")
    at_closing: Literal["serve", "leave"] = Field(
        default="serve", description="who waits when it closes is served all the same, or leaves the line"
    )
