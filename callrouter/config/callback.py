"""How a queue calls people back who asked for it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from callrouter.config.words import Name, Part, Seconds
from callrouter.hours import Days, Windows


class CallbackRules(Part):
    """Callers of this queue may be called back, with the place in the line they had."""

    trunk: Name = Field(description="through which they are rung; its `out` says which numbers may be dialled")
    first: Literal["agent", "customer"] = Field(
        default="agent", description="agent: a free agent answers, then the phone outside is rung; customer: rung first"
    )
    attempts: int = Field(default=3, ge=1, le=20, description="busy, no answer or hung up so many times ends it")
    retry_s: Seconds = Field(default=900, description="pause between two attempts; the place is kept")
    windows: dict[Days, Windows] = Field(
        default={"mon-sun": "09:00-21:00"},
        min_length=1,
        description="when people may be rung, in centre.timezone; outside it the place is kept until the next opening",
    )
    ring_s: int = Field(default=30, ge=5, le=120, description="how long the phone outside rings")
    expires_h: float = Field(default=24, gt=0, le=720, description="then it ends unserved, and `missed` lists it")
    confirm: bool = Field(
        default=False, description="customer first: they press 1 to be connected, so that no answering machine is"
    )
    max_open: int = Field(default=200, ge=1, le=10_000, description="beyond so many the tree offers no more")
    per_day: int = Field(default=5, ge=1, le=50, description="one number is rung at most so often in 24 hours")
    cancel_when_served: bool = Field(
        default=True, description="who calls again and talks with an agent is not called back any more"
    )
